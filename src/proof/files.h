#ifndef PG_BASETAR_PROOF_FILES_H
#define PG_BASETAR_PROOF_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/databaseset.h"
#include "format/facts.h"
#include "format/findings.h"
#include "format/memberset.h"
#include "format/slruset.h"
#include "lib/error.h"
#include "pg/catalogset.h"
#include "pg/checkpoint.h"
#include "pg/statefile.h"
#include "proof/content.h"
#include "proof/missing.h"
#include "wal/walsurvey.h"

/*
 * Files that say themselves whether they are whole, the segments of pg_xact and the like, and
 * what each database must have.
 *
 *	proof_files_open()
 *	for each file: proof_files_begin(), proof_files_bytes(), proof_files_end()
 *	for each record of the WAL: proof_files_record()
 *	proof_files_judge()
 */
struct proof_files {
	/* borrowed */
	const struct facts *facts;
	struct findings *findings;
	struct memberset *members;
	struct proof_content *content;
	struct proof_missing *missing;
	struct catalogset *catalogs; /* unless the backup is ours */

	/* the file that passes */
	struct memberset_row *row;
	struct statefile state; /* STATEFILE_NONE: another file */
	bool is_slru, is_all_zero;

	struct slruset *slru;
	struct databaseset *databases;
	struct walsurvey survey;
	bool has_begin; /* the checkpoint that recovery begins from: */
	struct checkpoint begin;
};

/* What is borrowed is there.  On failure too to be freed. */
MUST_CHECK int proof_files_open(struct proof_files *, struct error *err);
void proof_files_free(struct proof_files *);

void proof_files_begin(struct proof_files *, struct memberset_row *row);
void proof_files_bytes(struct proof_files *, const uint8_t *bytes, size_t len);
MUST_CHECK int proof_files_end(struct proof_files *, struct error *err);

/* ${is_begin}: it is the checkpoint that recovery begins from. */
MUST_CHECK int proof_files_record(
    struct proof_files *, const struct walrecord *rec, bool is_begin, struct error *err);

/* All have come, and the WAL was judged; ${has_wal}: its records have passed. */
MUST_CHECK int proof_files_judge(struct proof_files *, bool has_wal, struct error *err);

#endif
