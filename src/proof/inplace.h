#ifndef PG_BASETAR_PROOF_INPLACE_H
#define PG_BASETAR_PROOF_INPLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/facts.h"
#include "format/findings.h"
#include "format/memberorder.h"
#include "format/memberset.h"
#include "lib/error.h"
#include "lib/oidset.h"
#include "pg/catalogset.h"
#include "pg/setting.h"
#include "proof/manifest.h"
#include "proof/pagesuspect.h"
#include "proof/replay.h"
#include "proof/wal.h"

/*
 * Tablespaces that are directories in pg_tblspc, and those that are missing because
 * pg_basebackup leaves out such ones, or their archives are lost: the essay is in inplace.c.
 *
 *	for each member: proof_inplace_member()
 *	for each configuration file that it wants: proof_inplace_config()
 *	for each block of a record of the WAL, if it listens: proof_inplace_block()
 *	proof_inplace_judge()
 *
 * Memory: 32 bytes for each tablespace, 10000 at most.
 */
struct proof_inplace {
	/* borrowed */
	const struct facts *facts;
	struct findings *findings;
	struct memberset *members;
	struct oidset *archives; /* tablespaces that have an archive of their own */
	const struct proof_replay *replay;
	const struct proof_wal *wal;
	const struct proof_manifest *manifest;
	struct catalogset *catalogs; /* unless the backup is ours */

	struct setting of_conf, of_auto_conf; /* allow_in_place_tablespaces */
	bool has_conf;                        /* postgresql.conf came */
	struct oidset told;                   /* those that a finding says are missing */
	uint32_t *oids;                       /* of those that the backup holds */
	size_t noids;
	/* whose pages the WAL changes, by lineage and space, with the first record about it */
	struct proof_inplace_space {
		uint32_t space;
		unsigned lineage;
		uint64_t lsn, end_lsn;
	} * spaces;
	size_t nspaces, last; /* the one that was found last */
};

MUST_CHECK int proof_inplace_member(
    struct proof_inplace *, const struct memberset_row *row, struct error *err);

/*
 * A file of ${size} bytes: is it one whose settings count, and short enough to be read?  Then its
 * text is to be given to proof_inplace_config(), which passes over other files.
 */
bool proof_inplace_wants(
    struct proof_inplace *, enum memberorder_kind kind, const char *path, uint64_t size);
MUST_CHECK int proof_inplace_config(struct proof_inplace *, enum memberorder_kind kind,
    const char *path, const struct buf *text, struct error *err);

/* Are records about pages wanted?  By ${by} a page of that tablespace is changed. */
bool proof_inplace_listens(const struct proof_inplace *);
MUST_CHECK int proof_inplace_block(struct proof_inplace *, uint32_t space,
    const struct pagesuspect_mention *by, struct error *err);

/*
 * All has come: are archives that tablespace_map does not name those of tablespaces in place?
 * Not proved where lines of the map may have been lost.
 */
bool proof_inplace_is_proved(const struct proof_inplace *);

/* The WAL was judged. */
MUST_CHECK int proof_inplace_judge(struct proof_inplace *, struct error *err);

void proof_inplace_free(struct proof_inplace *);

#endif
