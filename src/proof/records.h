#ifndef PG_BASETAR_PROOF_RECORDS_H
#define PG_BASETAR_PROOF_RECORDS_H

#include "lib/error.h"
#include "pg/catalogset.h"
#include "proof/files.h"
#include "proof/inplace.h"
#include "proof/pagesuspect.h"
#include "proof/replay.h"
#include "proof/wal.h"

/* The records of the WAL, given to all who are judged by them: borrowed. */
struct proof_records {
	struct proof_wal_sink sink; /* first */
	struct pagesuspect *pages;
	struct proof_files *files;
	struct proof_inplace *inplace;
	struct proof_replay *replay;
	struct catalogset *catalogs;
};

/* Of a proof_wal_sink: that of a proof_records. */
MUST_CHECK int proof_records_take(struct proof_wal_sink *, unsigned lineage,
    const struct walrecord *rec, bool is_begin, struct error *err);

#endif
