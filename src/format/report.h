#ifndef PG_BASETAR_FORMAT_REPORT_H
#define PG_BASETAR_FORMAT_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "cli/progress.h"
#include "datadir/configset.h"
#include "datadir/tablespace.h"
#include "format/facts.h"
#include "format/pagetally.h"
#include "lib/error.h"

/*
 * The report of a run: a file that holds one JSON object, for programs.  pg_basetar-report(5) lists
 * its keys, which stay.  It appears under its name complete, and replaces an earlier one:  first
 * one that says that the run goes on, so that yesterday's is not taken for this run's, whatever
 * ends it; then the one of its end.
 *
 * From its opening to its end it listens to the messages.  All functions accept NULL as the report:
 * then nothing is done, and that is no error.
 */
struct report;

/* What a run came to.  The values are those of the exit status. */
enum report_verdict {
	REPORT_SOUND = 0,
	REPORT_FAILED = 1,
	REPORT_FINDINGS = 3,
	REPORT_RUNNING = -1 /* nothing yet */
};

/* ${why} the run failed, or NULL; ${is_sound}: nothing was found. */
static inline enum report_verdict
report_verdict(const struct error *why, bool is_sound)
{
	if (why)
		return REPORT_FAILED;
	return is_sound ? REPORT_SOUND : REPORT_FINDINGS;
}

/* Warnings that are kept, and findings; more are only counted. */
#define REPORT_ROWS 10000

/*
 * What is known of the run when it ends.  Strings and pointers are borrowed; what is NULL
 * or, where it says so, 0 is not known, and null in the report.
 */
struct report_facts {
	const char *command;
	const char *input;  /* as the user named it; NULL: standard input, or none */
	const char *output; /* NULL: standard output */
	const char *data_directory;

	struct facts backup;
	const char *server_version_text;
	int compression_level;
	const struct tablespaces *tablespaces;
	const struct configset *config;

	bool is_wal_proved, are_pages_checked;
	uint64_t wal_records; /* read so far */
	struct pagetally_sum pages;
	uint64_t benign_pages;           /* of verify: torn, and mended by the WAL */
	const struct progress *progress; /* its phases */
};

/*
 * Open the file ${path}, and listen.  ERROR_STATE, ERROR_IO: it could not be written at the
 * end, or a file that is no report would be lost; then *report is NULL, and the run is not
 * to begin.
 */
MUST_CHECK int report_open(
    struct report **, const char *path, bool no_sync, struct error *err);

/*
 * Refuse a report that lies below the directory ${st}, named "${what}" to the user; one
 * that is the output, ${path} (NULL: none) or what ${fd} is (-1: none).  One that was
 * refused is never written.
 */
MUST_CHECK int report_refuse_inside(
    struct report *, const struct stat *st, const char *what, struct error *err);
MUST_CHECK int report_refuse_output(
    struct report *, const char *path, int fd, struct error *err);

/*
 * The run begins, and the report may be where it is: put one there that says so, with what is known
 * in ${facts}.  At most once, by the one that opened it.
 */
MUST_CHECK int report_begin(
    struct report *, const struct report_facts *facts, struct error *err);

/*
 * Write the report: ${verdict}, with ${why} if it failed, else NULL.  Once, by the one that
 * opened it.  If that fails an earlier report is removed, so that no one takes it for this one;
 * a file that came to its name meanwhile and is no report stays, and is ERROR_STATE.
 */
MUST_CHECK int report_write(struct report *, enum report_verdict verdict,
    const struct error *why, const struct report_facts *facts, struct error *err);

/* By the one that opened it: removes what is left of a report that was not written. */
void report_free(struct report *);

#endif
