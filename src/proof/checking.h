#ifndef PG_BASETAR_PROOF_CHECKING_H
#define PG_BASETAR_PROOF_CHECKING_H

#include "format/report.h"
#include "proof/checker.h"
#include "reading/reading.h"

/*
 * A checker for the backup that is read, whose findings and warnings are messages; ${dirfd} as
 * in reading_ops.begin.  It takes the digests that the user named, or a manifest that can be
 * read first.
 */
MUST_CHECK int checking_open(
    struct reading *, int dirfd, struct checker **checker, struct error *err);

/* The report says from now on that ${command} runs: report_begin(). */
MUST_CHECK int checking_report_begin(
    struct reading *, struct report *, const char *command, struct error *err);

/*
 * Write the report of the command ${command} that read a backup: what ${checker} (NULL: not
 * made yet) knows of it.  ${why} it failed, or NULL.  A report that fails is an error message.
 */
void checking_report(struct reading *, const struct checker *checker,
    struct report *report, const char *command, bool is_sound, const struct error *why);

#endif
