#ifndef PG_BASETAR_BACKUP_REPORT_H
#define PG_BASETAR_BACKUP_REPORT_H

#include <stdbool.h>

#include "format/report.h"
#include "lib/error.h"

struct backup_cluster;
struct backup_config;
struct backup_pages;
struct backup_source_facts;
struct backup_stream;
struct backup_tablespaces;
struct backup_wal;
struct options;
struct output;
struct progress;

/* The report of a backup: what the parts have come to, in the words of format/report.h. */
struct backup_report {
	struct report *report; /* NULL: none is wanted */
	struct report_facts facts;
};

/*
 * It comes first: it tells of whatever fails from here on.  That it is not the output must be
 * known before that can fail because it exists.
 */
MUST_CHECK int backup_report_open(
    struct backup_report *, const struct options *, struct error *err);

/* With the output open: refuse a report among the files of --split. */
MUST_CHECK int backup_report_check(
    const struct backup_report *, const struct output *, struct error *err);

/* Note what the pipeline and the archive have counted, before they are closed. */
void backup_report_count(struct backup_report *, const struct backup_stream *);

/* The parts of a run that is over, well or not. */
struct backup_report_parts {
	const struct options *opt;
	const struct backup_cluster *cluster;
	const struct backup_source_facts *source;
	const struct backup_tablespaces *tablespaces;
	const struct backup_config *config;
	const struct backup_wal *wal;
	const struct backup_pages *pages; /* or NULL */
	const struct progress *progress;
};

/*
 * No thread is left.  ${why}: the error that the run ended with, or NULL.  A report that
 * cannot be written is said, and no error.
 */
void backup_report_write(struct backup_report *, const struct backup_report_parts *,
    bool is_sound, const struct error *why);

void backup_report_free(struct backup_report *);

#endif
