#ifndef PG_BASETAR_PROOF_REPLAY_H
#define PG_BASETAR_PROOF_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/facts.h"
#include "format/findings.h"
#include "format/memberset.h"
#include "lib/error.h"
#include "proof/missing.h"
#include "proof/wal.h"
#include "wal/waldatabases.h"

/* More tablespaces than replay ever makes. */
#define PROOF_REPLAY_MOST 10000

enum proof_replay_kind { PROOF_REPLAY_MAKES, PROOF_REPLAY_DROPS };

/* A record of WAL whose replay makes or drops a tablespace. */
struct proof_replay_row {
	enum proof_replay_kind kind;
	unsigned lineage; /* whose record it is */
	uint64_t lsn, end_lsn;
	uint32_t space; /* the OID of a tablespace that is made or dropped, */
	/* and of one that is made; "": in place, a directory in pg_tblspc */
	char *location;
};

/*
 * Databases and tablespaces that replay makes or drops.
 *
 *	for each record of each lineage of WAL: proof_replay_record(), and for its blocks, if it
 *		watches them, proof_replay_block()
 *	proof_replay_sort()
 *	proof_replay_judge(), and what may be asked
 */
struct proof_replay {
	/* borrowed */
	const struct facts *facts;
	struct findings *findings;
	struct memberset *members;
	struct proof_missing *missing;
	const struct proof_wal *wal; /* says which records recovery reads */

	struct proof_replay_row *rows;
	size_t count;
	const struct proof_replay_row **by_space; /* sorted when all has come */
	uint64_t left_out;                        /* rows beyond PROOF_REPLAY_MOST */
	struct waldatabases *databases;           /* NULL: no record came */
};

MUST_CHECK int proof_replay_record(struct proof_replay *, unsigned lineage,
    const struct walrecord *rec, struct error *err);

/* Are its blocks wanted?  The record at ${lsn} is about a page of that database. */
bool proof_replay_watches(const struct proof_replay *);
void proof_replay_block(
    struct proof_replay *, uint32_t space, uint32_t database, uint64_t lsn);

/* All has come. */
MUST_CHECK int proof_replay_sort(struct proof_replay *, struct error *err);

/*
 * The WAL was judged: findings about databases that are lost, and warnings of what the host of
 * the copy must have.  ${has_manifest}: one came.
 */
MUST_CHECK int proof_replay_judge(
    struct proof_replay *, bool has_manifest, struct error *err);

/* Does replay read a record of ${kind} about that tablespace, between the two positions? */
bool proof_replay_has(const struct proof_replay *, enum proof_replay_kind kind,
    uint32_t space, uint64_t after, uint64_t before);

/* Does it drop the tablespace with that OID in decimal? */
bool proof_replay_drops(const struct proof_replay *, const char *oid);

/* The next record that makes a tablespace and is replayed, from *at on, first 0; or NULL. */
const struct proof_replay_row *proof_replay_next(const struct proof_replay *, size_t *at);

void proof_replay_free(struct proof_replay *);

#endif
