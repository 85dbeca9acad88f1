#ifndef PG_BASETAR_READING_READING_REPORT_H
#define PG_BASETAR_READING_READING_REPORT_H

#include "check/checker.h"
#include "reading/reading.h"
#include "run/report.h"

/*
 * Write the report of the command ${command} that read a backup: what ${checker} (NULL: there
 * is none yet) knows of it.  ${why} it failed, or NULL.  A report that fails is told.
 */
void reading_report(struct reading *, const struct checker *checker, struct report *report,
    const char *command, bool is_sound, const struct error *why);

#endif
