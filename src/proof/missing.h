#ifndef PG_BASETAR_PROOF_MISSING_H
#define PG_BASETAR_PROOF_MISSING_H

#include <stdbool.h>

#include "format/findings.h"
#include "format/memberset.h"
#include "lib/buf.h"
#include "lib/error.h"

/*
 * Members that a backup needs and does not have.  Several judges may notice that one is missing:
 * the manifest lists it, the server does not start without it, another file asks for it.  Here
 * they meet, as one cause is one finding: the first of them reports it.
 *
 * Memory: that of memberset.h for 65536 names, and 1 MiB of names of WAL.
 */
struct proof_missing {
	struct findings *findings;
	struct memberset *told; /* names that were reported */
	struct buf wal;         /* WAL that the manifest lists, "PATH\n" each */
};

/* On failure too to be freed. */
MUST_CHECK int proof_missing_open(
    struct proof_missing *, struct findings *findings, struct error *err);
void proof_missing_free(struct proof_missing *);

/*
 * ${path} is missing: a finding, unless there was one.  ${why} NULL: the reason is the same
 * wherever that member is missing.
 */
MUST_CHECK int proof_missing_add(
    struct proof_missing *, const char *path, const char *why, struct error *err);

/*
 * The same of one that no judge has reported yet, without a search for it: there may be many, and each
 * search sorts what was added since the last.
 */
MUST_CHECK int proof_missing_tell(
    struct proof_missing *, const char *path, const char *why, struct error *err);

/* The manifest lists it.  WAL is reported by proof_missing_judge(). */
MUST_CHECK int proof_missing_listed(
    struct proof_missing *, const char *path, struct error *err);

/* After the WAL was judged, which says more of its segments: report the others. */
MUST_CHECK int proof_missing_judge(struct proof_missing *, struct error *err);

/*
 * The finding about another member says that this one is missing, too.  Not to be mixed with
 * searches, if there are many: each search sorts what was added.
 */
MUST_CHECK int proof_missing_note(
    struct proof_missing *, const char *path, struct error *err);

/* Has a finding said that ${path} is missing? */
MUST_CHECK int proof_missing_is_told(
    struct proof_missing *, const char *path, bool *is_told, struct error *err);

#endif
