#ifndef PG_BASETAR_PROOF_MEMBERS_H
#define PG_BASETAR_PROOF_MEMBERS_H

#include <stdbool.h>

#include "format/facts.h"
#include "format/findings.h"
#include "format/memberset.h"
#include "lib/error.h"
#include "proof/missing.h"

/* The members, all of them, judged by their names: which must be there, and which must not. */
struct proof_members {
	/* borrowed */
	const struct facts *facts;
	struct findings *findings;
	struct memberset *members;
	struct proof_missing *missing;

	bool has_old_manifest;  /* one came before pg_control */
	bool is_manifest_whole; /* and so says which files there are */
	bool are_spaces_apart;  /* tablespaces have archives of their own */
};

/* What every backup has. */
MUST_CHECK int proof_members_complete(const struct proof_members *, struct error *err);

/* After the manifest and the WAL: of each member, whether it belongs where it is. */
MUST_CHECK int proof_members_judge(const struct proof_members *, struct error *err);

#endif
