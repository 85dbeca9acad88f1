#ifndef PG_BASETAR_PROOF_WAL_H
#define PG_BASETAR_PROOF_WAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/facts.h"
#include "format/findings.h"
#include "format/memberset.h"
#include "lib/error.h"
#include "proof/content.h"
#include "proof/manifest.h"
#include "proof/missing.h"
#include "wal/lineages.h"
#include "wal/walhistory.h"
#include "wal/walpage.h"

_Static_assert(LINEAGES_MOST <= 64, "a bit for each lineage");

/* More timelines than a backup ever has. */
#define PROOF_WAL_TIMELINES 1000

/* A timeline history file. */
struct proof_wal_history {
	uint32_t timeline;
	struct walhistory history;
};

/*
 * Hears each record, with the lineage that read it (lineages.h); ${is_begin}: recovery reads this
 * checkpoint first.
 */
struct proof_wal_sink {
	int (*record)(struct proof_wal_sink *, unsigned lineage, const struct walrecord *,
	    bool is_begin, struct error *);
};

/*
 * Does the WAL lead from the start of the backup to its stop?
 *
 *	for each segment: proof_wal_begin(), and if it is read, proof_wal_bytes()
 *	for each history file: proof_wal_history()
 *	proof_wal_judge(); what stands below may be read after it
 *	proof_wal_judge_checkpoint()
 *
 * Memory: that of lineages.h.
 */
struct proof_wal {
	/* borrowed */
	const struct facts *facts;
	struct findings *findings;
	struct memberset *members;
	struct proof_content *content;
	struct proof_missing *missing;
	const struct proof_manifest *manifest;
	struct proof_wal_sink *sink;
	bool need_wal; /* that the WAL is not in the backup is a finding */

	struct lineages_sink lineages_sink;
	struct lineages *lineages; /* NULL: none could be read */
	struct walpage_expect expect;
	bool has_wal;         /* a segment came, */
	bool has_wal_archive; /* or pg_wal.tar, of which each should have one */
	struct proof_wal_history *histories;
	size_t nhistories;
	uint64_t checkpoint_lsn;      /* of the record that recovery reads first */
	uint64_t checkpoint_lineages; /* which have it, a bit 1 << lineage each; */
	uint64_t checkpoint_end;      /* and where it ends; 0: none did */
	uint64_t found_before;        /* findings, when it was judged */
	bool is_short;                /* it ends before the stop, which was reported */

	uint64_t start_lsn, stop_lsn; /* 0: not known */
	uint32_t start_timeline, stop_timeline;
	bool has_lineage; /* that recovery reads: */
	unsigned lineage;
	uint64_t records;
};

/* A segment.  *is_read: its bytes are wanted. */
MUST_CHECK int proof_wal_begin(
    struct proof_wal *, struct memberset_row *row, bool *is_read, struct error *err);
MUST_CHECK int proof_wal_bytes(
    struct proof_wal *, const uint8_t *bytes, size_t len, struct error *err);

/* The text of a timeline history file. */
MUST_CHECK int proof_wal_history(struct proof_wal *, struct memberset_row *row,
    const struct buf *text, struct error *err);

/* All has come, the manifest too. */
MUST_CHECK int proof_wal_judge(struct proof_wal *, struct error *err);

/*
 * After that, and what replay does: the checkpoint that recovery reads first, if all else is
 * sound.
 */
MUST_CHECK int proof_wal_judge_checkpoint(struct proof_wal *, struct error *err);

/*
 * After it was judged: would recovery read the record of lineage ${lineage} that ends at
 * ${end_lsn}?
 */
bool proof_wal_reads(const struct proof_wal *, unsigned lineage, uint64_t end_lsn);

void proof_wal_free(struct proof_wal *);

#endif
