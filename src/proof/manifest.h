#ifndef PG_BASETAR_PROOF_MANIFEST_H
#define PG_BASETAR_PROOF_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/facts.h"
#include "format/findings.h"
#include "format/memberset.h"
#include "lib/digest.h"
#include "lib/error.h"
#include "pg/manifest_parse.h"
#include "proof/content.h"
#include "proof/missing.h"

#define PROOF_MANIFEST_DIGESTS (DIGEST_SHA512 + 1)

/* More stretches of WAL than a backup ever has. */
#define PROOF_MANIFEST_RANGES 1000

/* A stretch of WAL that the manifest says is needed. */
struct proof_manifest_range {
	uint32_t timeline;
	uint64_t start, end;
};

/*
 * backup_manifest against the members that were seen, which all come before it: what it lists,
 * their sizes and digests.
 *
 *	proof_manifest_begin(), or proof_manifest_beside()
 *	for its bytes: proof_manifest_bytes(), with 0 of them at the end
 *	proof_manifest_judge()
 */
struct proof_manifest {
	struct manifest_sink sink; /* first */

	/* borrowed */
	const struct facts *facts;
	struct findings *findings;
	struct memberset *members;
	struct proof_content *content;
	struct proof_missing *missing;
	unsigned digests; /* as of checker_options */

	struct manifest_parse *parse; /* NULL if absent, or it was given up */
	bool has_come;                /* one did, */
	bool is_beside;               /* and it is not a member */
	bool is_whole;                /* and was understood to its end */
	unsigned version;
	uint64_t identifier;                 /* 0: it has none */
	struct proof_manifest_range *ranges; /* the newest timeline first */
	size_t nranges;
	uint64_t of_digest[PROOF_MANIFEST_DIGESTS]; /* entries */
	/* a file that has no digest; NULL: each has one */
	const char *without_digest;
	bool has_other_settings; /* MEMBERORDER_AUTO_CONF is not as it says, */
	bool is_told_to_follow;  /* and pg_basebackup -R did that */
	uint64_t not_compared;   /* digests of a kind that was not taken */
	enum digest_kind not_taken;
};

/*
 * Which digests of a member of that kind will be compared, a bit 1 << enum digest_kind each?
 * ${is_kept}: its text is kept, so that it is short.
 */
unsigned proof_manifest_digests(
    const struct proof_manifest *, enum memberorder_kind kind, bool is_kept);

/* A member, or a file with the archives; a second one is passed over. */
MUST_CHECK int proof_manifest_begin(struct proof_manifest *, struct error *err);
MUST_CHECK int proof_manifest_beside(struct proof_manifest *, struct error *err);
MUST_CHECK int proof_manifest_bytes(
    struct proof_manifest *, const uint8_t *bytes, size_t len, struct error *err);

/*
 * All has come.  ERROR_UNSUPPORTED: nothing is wrong so far, but the digests that it has were not
 * taken.
 */
MUST_CHECK int proof_manifest_judge(struct proof_manifest *, struct error *err);

/* The kind of digest that most of its files have. */
enum digest_kind proof_manifest_main_digest(const struct proof_manifest *);

void proof_manifest_free(struct proof_manifest *);

#endif
