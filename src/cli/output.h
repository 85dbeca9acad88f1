#ifndef PG_BASETAR_CLI_OUTPUT_H
#define PG_BASETAR_CLI_OUTPUT_H

#include <sys/stat.h>

#include "cli/ancestry.h"
#include "cli/options.h"
#include "lib/cancel.h"
#include "lib/stream.h"

/* Where the archive goes, or with --split the archives. */
struct output {
	struct sink **sinks; /* one, or a file each in the order in which they appear */
	size_t count;
	const char *name;      /* for messages, borrowed */
	struct ancestry above; /* of the files */
	int fd;                /* the sink's, where that may be a pipe; else -1 */
	struct outdir *dir;    /* of --split; NULL */
	struct rate *rate;     /* which all sinks share; NULL: no limit */
};

/*
 * Open what -o names: standard output or another descriptor that we were given (refused when it
 * is closed or a terminal), a device or fifo that exists, or a file that will appear when it is
 * complete; with --split a directory, which has no files yet.  What is written passes --max-rate
 * and --blocking-factor.  output_free() it, also after a failure.
 */
MUST_CHECK int output_open(
    struct output *, const struct options *, struct cancel *, struct error *err);

/* The descriptor that -o names, of standard output too; else *fd is -1. */
MUST_CHECK int output_descriptor(const struct options *, int *fd, struct error *err);

/* One more file ${name} in the directory of --split. */
MUST_CHECK int output_add(
    struct output *, const struct options *, const char *name, struct error *err);

/*
 * Refuse an output that lies below the directory ${st}, named "${what}" to the user: a
 * backup would hold itself.
 */
MUST_CHECK int output_refuse_inside(
    const struct output *, const struct stat *st, const char *what, struct error *err);

/*
 * Wait for ${ms} milliseconds.  Ends at once with ERROR_IO when no one reads the other end
 * of the output any more: while nothing is written, no write fails.
 */
MUST_CHECK int output_wait(const struct output *, int ms, struct error *err);

/* Nothing more will be written: make all of it durable, and visible. */
MUST_CHECK int output_finish(struct output *, struct error *err);

/* An output that was not finished is removed. */
void output_free(struct output *);

#endif
