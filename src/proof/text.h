#ifndef PG_BASETAR_PROOF_TEXT_H
#define PG_BASETAR_PROOF_TEXT_H

#include <stdbool.h>

#include "format/facts.h"
#include "format/findings.h"
#include "format/memberset.h"
#include "lib/buf.h"
#include "lib/error.h"
#include "proof/content.h"
#include "proof/inplace.h"
#include "proof/missing.h"
#include "proof/pagesuspect.h"
#include "proof/wal.h"

/*
 * Members that are kept whole, because others are judged by what they say: each is given to
 * the judge that reads it, and what is wrong with it is a finding.
 */
struct proof_text {
	/* borrowed */
	struct facts_reader *reader;
	struct findings *findings;
	struct proof_content *content;
	struct proof_missing *missing;
	struct proof_inplace *inplace;
	struct pagesuspect *pages;
	struct proof_wal *wal;

	bool has_bad_label; /* one came that cannot be read, */
	struct memberset_row *bad_label;
	struct error label_error; /* for this reason, which was not reported yet */
};

/* Is its text needed, unless it is longer than memberorder_text_most()? */
bool proof_text_wants(
    const struct proof_text *, enum memberorder_kind kind, const char *path);

/* It is, and it is longer. */
MUST_CHECK int proof_text_too_large(struct proof_text *, struct memberset_row *row,
    enum memberorder_kind kind, struct error *err);

/* All of it.  ERROR_UNSUPPORTED: nothing else of the backup would be understood. */
MUST_CHECK int proof_text_take(struct proof_text *, struct memberset_row *row,
    enum memberorder_kind kind, const struct buf *text, struct error *err);

/* The archive with the tree is over: should it have had a backup_label, and could that be read? */
MUST_CHECK int proof_text_judge_label(struct proof_text *, struct error *err);

#endif
