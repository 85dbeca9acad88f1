#ifndef PG_BASETAR_PROOF_WALGAP_H
#define PG_BASETAR_PROOF_WALGAP_H

#include <stdint.h>

#include "format/findings.h"
#include "format/memberset.h"
#include "lib/error.h"
#include "proof/missing.h"
#include "wal/lineages.h"
#include "wal/walhistory.h"

/* WAL segments that the backup needs and does not have: the essay is in walgap.c. */
struct walgap {
	/* borrowed */
	struct findings *findings;
	struct memberset *members;
	struct proof_missing *missing;
	uint32_t segment_size;
};

/*
 * The segments that are missing, from the one that ${lineage} lacks to the stop (0: not known),
 * which is on ${h}.
 */
MUST_CHECK int walgap_judge(const struct walgap *, const struct walhistory *h,
    const struct lineage *lineage, uint64_t stop, struct error *err);

/* No WAL at all: from the start, on that timeline, to the stop (0: not known). */
MUST_CHECK int walgap_all(const struct walgap *, uint64_t start, uint32_t timeline,
    uint64_t stop, struct error *err);

#endif
