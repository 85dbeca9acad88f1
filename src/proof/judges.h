#ifndef PG_BASETAR_PROOF_JUDGES_H
#define PG_BASETAR_PROOF_JUDGES_H

#include <stdbool.h>

#include "format/facts.h"
#include "format/findings.h"
#include "format/memberset.h"
#include "lib/error.h"
#include "pg/catalogset.h"
#include "proof/access.h"
#include "proof/checker.h"
#include "proof/content.h"
#include "proof/files.h"
#include "proof/inplace.h"
#include "proof/manifest.h"
#include "proof/missing.h"
#include "proof/pagesuspect.h"
#include "proof/records.h"
#include "proof/replay.h"
#include "proof/tablespaces.h"
#include "proof/text.h"
#include "proof/wal.h"

/*
 * Those that judge a backup, each with what it has seen: the checker gives them what passes.  What
 * one needs of others it borrows; who asks whom goes in one direction:
 *
 *	text, records -> inplace -> replay -> wal -> manifest -> content -> missing -> findings
 */
struct judges {
	void (*benign)(const char *text);
	struct findings findings;
	struct facts_reader reader; /* filled by text, */
	const struct facts *facts;  /* and read by all */
	struct memberset *members;
	struct catalogset *catalogs; /* what they list, unless the backup is ours */
	bool has_old_manifest; /* before pg_control: of a cluster that was restored */

	struct proof_missing missing;
	struct proof_content content;
	struct proof_text text;
	struct proof_access access;
	struct proof_manifest manifest;
	struct proof_wal wal;
	struct proof_records records;
	struct pagesuspect *pages;
	struct proof_files files;
	struct proof_replay replay;
	struct proof_inplace inplace;
	struct proof_tablespaces tablespaces;
};

/* It stays where it is: they point to each other.  On failure too to be freed. */
MUST_CHECK int judges_open(
    struct judges *, const struct checker_options *options, struct error *err);

/* All has come: each is asked, in an order in which it knows what it needs. */
MUST_CHECK int judges_finish(struct judges *, struct error *err);

void judges_free(struct judges *);

#endif
