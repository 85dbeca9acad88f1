#ifndef PG_BASETAR_PROOF_CONTENT_H
#define PG_BASETAR_PROOF_CONTENT_H

#include <stdbool.h>
#include <stddef.h>

#include "format/findings.h"
#include "format/memberset.h"
#include "lib/digest.h"
#include "lib/error.h"
#include "proof/missing.h"

/*
 * What is wrong with the content of members, each cause reported once: the essay is in content.c.
 * A member whose content is reported as damaged, or will be, has row->is_damage_told.
 *
 * Memory: 300 bytes and the text for each finding that waits, 1000 at most.
 */
struct proof_content {
	/* borrowed */
	struct findings *findings;
	struct memberset *members;
	struct proof_missing *missing;

	/* set by the manifest's judge: row->digest is what the manifest says, and that is sound */
	bool are_digests_sound;

	/* findings, until the manifest was heard */
	struct proof_content_waiting *first, *last;
	size_t count;
};

/* ${err} says what in the content of the member is damaged; an error of memory stays one. */
MUST_CHECK int proof_content_fault(struct proof_content *, struct memberset_row *row,
    enum findings_kind kind, struct error *err);

/* The manifest lists the digest ${expected} of it; both in hexadecimal digits. */
MUST_CHECK int proof_content_differs(struct proof_content *, struct memberset_row *row,
    enum digest_kind kind, const char *expected, const char *found, struct error *err);

/* What its digest says; of a manifest that is damaged itself it says nothing. */
enum finding_digest proof_content_digest(
    const struct proof_content *, const struct memberset_row *row);

/* Was something reported, or will be, for which the content of ${path} is not known? */
MUST_CHECK int proof_content_is_told(
    struct proof_content *, const char *path, bool *is_told, struct error *err);

/* The manifest was heard, or none will come: report faults; when all was judged, the rest. */
MUST_CHECK int proof_content_tell_faults(struct proof_content *, struct error *err);
MUST_CHECK int proof_content_tell_rest(struct proof_content *, struct error *err);

void proof_content_free(struct proof_content *);

#endif
