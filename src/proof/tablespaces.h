#ifndef PG_BASETAR_PROOF_TABLESPACES_H
#define PG_BASETAR_PROOF_TABLESPACES_H

#include <stdbool.h>
#include <stddef.h>

#include "format/archivepart.h"
#include "format/facts.h"
#include "format/findings.h"
#include "format/memberset.h"
#include "lib/error.h"
#include "lib/oidset.h"
#include "proof/inplace.h"
#include "proof/missing.h"
#include "proof/replay.h"
#include "proof/wal.h"

/*
 * Tablespaces: are those that tablespace_map and pg_basetar.info name in the archives, with their
 * links and their content, and no others?
 */
struct proof_tablespaces {
	/* borrowed */
	const struct facts *facts;
	struct findings *findings;
	struct memberset *members;
	struct proof_missing *missing;
	const struct proof_replay *replay;
	const struct proof_inplace *inplace;
	const struct proof_wal *wal;

	struct oidset archives; /* those whose archives came */
	size_t narchives;       /* so many */
	bool is_alone;          /* the archive that is read is not one of a set */
};

/* An archive begins. */
MUST_CHECK int proof_tablespaces_archive(
    struct proof_tablespaces *, const struct archivepart *part, struct error *err);

/* Links are those of tablespaces: what is wrong with this one; NULL: nothing. */
const char *proof_tablespaces_link_fault(
    const struct proof_tablespaces *, const char *name, const char *target);

/* After the WAL was judged. */
MUST_CHECK int proof_tablespaces_judge(struct proof_tablespaces *, struct error *err);

void proof_tablespaces_free(struct proof_tablespaces *);

#endif
