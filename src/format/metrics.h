#ifndef PG_BASETAR_FORMAT_METRICS_H
#define PG_BASETAR_FORMAT_METRICS_H

#include <sys/stat.h>

#include "format/report.h"

/*
 * The metrics of a run: a file for the textfile collector of Prometheus' node_exporter, which
 * pg_basetar(1) lists.  It appears under its name complete, and replaces nothing but an earlier one, from
 * which the time of the last success is taken if this run is not one.  ${path} NULL: none are wanted, and
 * that is no error.
 */

/* Before the run: may the file be written?  ERROR_STATE, ERROR_IO; then the run is not to begin. */
MUST_CHECK int metrics_check(const char *path, struct error *err);

/* Refuse a file that lies below the directory ${st}, named "${what}" to the user. */
MUST_CHECK int metrics_refuse_inside(
    const char *path, const struct stat *st, const char *what, struct error *err);

/*
 * The run ended so, with what is known in ${facts}: its command, its bytes and its phases.  The findings
 * are those that were said (message_findings()).
 */
MUST_CHECK int metrics_write(const char *path, enum report_verdict verdict,
    const struct error *why, const struct report_facts *facts, struct error *err);

#endif
