#ifndef PG_BASETAR_PROOF_AGREE_H
#define PG_BASETAR_PROOF_AGREE_H

#include "format/facts.h"
#include "format/findings.h"
#include "lib/error.h"
#include "proof/content.h"
#include "proof/manifest.h"
#include "proof/wal.h"

/* Label, pg_control, manifest and pg_basetar.info describe one backup: do they agree? */
struct proof_agree {
	/* borrowed */
	const struct facts *facts;
	struct findings *findings;
	struct proof_content *content;
	const struct proof_manifest *manifest;
	const struct proof_wal *wal; /* after it was judged */
};

MUST_CHECK int proof_agree_judge(const struct proof_agree *, struct error *err);

#endif
