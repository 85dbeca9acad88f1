#ifndef PG_BASETAR_SUPPORT_PIPERUN_H
#define PG_BASETAR_SUPPORT_PIPERUN_H

#include "support/gatesink.h"
#include "support/memstream.h"
#include "support/streamplan.h"

/*
 * A block pipeline under test: a plan, the pipe, and a sink in memory after a gate.
 * What cannot be made aborts the test program.
 */
struct piperun {
	struct blockpipe_options opt;
	struct cancel cancel;
	struct memsink memory;
	struct gatesink gate;
	struct sink *stuck; /* or a pipe that nobody reads; NULL */
	int reading_end;
	struct streamplan plan;
	struct error err;
	size_t fds; /* open before the first of the pipe */
};

/* The file that plans read from, of no whole number of pages. */
#define PIPERUN_FILE ((size_t)2500000)

/* Of a group of tests: make the directory and the file; remove them. */
int piperun_setup(void **state);
int piperun_teardown(void **state);

/* The directory. */
const char *piperun_root(void);

/* Write a file ${name} below the directory; its path, the caller's to free. */
char *piperun_put(const char *name, const void *bytes, size_t len);

/*
 * A pipe into memory; one whose sink fails at that byte; one whose gate is shut; and one
 * into a pipe(2) that nobody reads.
 */
struct piperun *piperun_new(const char *codec, unsigned jobs, size_t files);
struct piperun *piperun_new_failing(const char *codec, unsigned jobs, size_t fail_at);
struct piperun *piperun_new_shut(unsigned jobs);
struct piperun *piperun_new_stuck(const char *codec, unsigned jobs);

/* Free pipe and sink; NULL, or what is wrong (streamplan_wrong(), descriptors open). */
const char *piperun_end(struct piperun *, bool is_complete);

/* After piperun_end(). */
void piperun_free(struct piperun *);

#endif
