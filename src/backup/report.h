#ifndef PG_BASETAR_BACKUP_REPORT_H
#define PG_BASETAR_BACKUP_REPORT_H

#include <stdbool.h>

#include "format/report.h"
#include "lib/error.h"

struct accesscheck;
struct backup_cluster;
struct backup_config;
struct backup_files;
struct backup_pages;
struct backup_source_facts;
struct backup_stream;
struct backup_tablespaces;
struct backup_wal;
struct identity;
struct options;
struct output;

/* The parts of a backup that its report describes; borrowed. */
struct backup_report_parts {
	const struct options *opt;
	const struct backup_cluster *cluster;
	const struct backup_source_facts *source;
	const struct backup_tablespaces *tablespaces;
	const struct backup_config *config;
	const struct backup_stream *stream;
	const struct backup_wal *wal;
	const struct backup_pages *pages; /* NULL until there is something to check */
};

/* The report of a backup: what the parts have come to, in the words of format/report.h. */
struct backup_report {
	struct report *report; /* NULL: none is wanted */
	struct backup_report_parts of;
	struct report_facts facts;
};

/*
 * Opened before all else, so that it reports whatever fails from here on.  Refuses a report that is
 * the output as well, before opening the output could fail because that file exists.
 */
MUST_CHECK int backup_report_open(
    struct backup_report *, const struct options *, struct error *err);

/* With the output open: refuse a report among the files of --split. */
MUST_CHECK int backup_report_check(
    const struct backup_report *, const struct output *, struct error *err);

/*
 * The report says from now on that the backup runs: report_begin(), as the user that started us;
 * then ${identity} is that of the data directory's owner again.
 */
MUST_CHECK int backup_report_begin(
    struct backup_report *, struct identity *identity, struct error *err);

/* Note what the pipeline and the archive have counted, before they are closed. */
void backup_report_count(struct backup_report *, const struct backup_stream *);

/* Print how a complete backup ended, on a terminal or if --verbose asks for it. */
void backup_report_say(const struct backup_report *);

/* Say what was found wrong in the cluster; false: something was. */
bool backup_report_findings(const struct backup_pages *pages,
    const struct backup_files *files, const struct accesscheck *access);

/*
 * No thread is left.  ${why}: the error that the run ended with, or NULL.  A report that
 * cannot be written is said, and no error.
 */
void backup_report_write(struct backup_report *, bool is_sound, const struct error *why);

void backup_report_free(struct backup_report *);

#endif
