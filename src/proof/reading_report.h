#ifndef PG_BASETAR_PROOF_READING_REPORT_H
#define PG_BASETAR_PROOF_READING_REPORT_H

#include "format/report.h"
#include "proof/checker.h"
#include "reading/reading.h"

/*
 * Write the report of the command ${command} that read a backup: what ${checker} (NULL: there
 * is none yet) knows of it.  ${why} it failed, or NULL.  A report that fails is told.
 */
void reading_report(struct reading *, const struct checker *checker,
    struct report *report, const char *command, bool is_sound, const struct error *why);

#endif
