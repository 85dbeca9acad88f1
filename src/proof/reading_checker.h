#ifndef PG_BASETAR_PROOF_READING_CHECKER_H
#define PG_BASETAR_PROOF_READING_CHECKER_H

#include "proof/checker.h"
#include "reading/reading.h"

/*
 * A checker for the backup that is read, whose findings and warnings are messages; ${dirfd} as
 * in reading_ops.begin.  It takes the digests that the user named, or a manifest that can be
 * read first.
 */
MUST_CHECK int reading_checker(
    struct reading *, int dirfd, struct checker **checker, struct error *err);

#endif
