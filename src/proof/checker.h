#ifndef PG_BASETAR_PROOF_CHECKER_H
#define PG_BASETAR_PROOF_CHECKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/archivepart.h"
#include "format/facts.h"
#include "format/findings.h"
#include "format/memberorder.h"
#include "lib/error.h"
#include "proof/pagesuspect.h"
#include "tar/header.h"

/*
 * Will a backup restore?  Found out while its archives are read, once and from their start, by
 * the caller; nothing is read here, and nothing written.
 *
 *	checker_new()
 *	for each archive:
 *		checker_archive()
 *		for each member: checker_member(), checker_bytes() for its body,
 *		    checker_member_end()
 *		checker_archive_end()
 *	checker_manifest(), for a manifest next to the archives
 *	checker_finish()
 *
 * What is wrong is a finding, and the check goes on.  An error is of memory, or says that
 * the check cannot be made.  What each finding means is explained in pg_basetar(1).
 *
 * Memory: that of memberset.h and pagesuspect.h, the manifest's longest line, and what the
 * WAL needs (lineages.h).
 */
struct checker;

struct checker_options {
	void (*finding)(const struct finding *);
	void (*benign)(const char *text); /* what looks damaged, and is not: a line */
	/* what whoever restores it must know: a line */
	void (*warning)(const char *text);
	/*
	 * The digests that the manifest has, a bit 1 << enum digest_kind each; 0: it comes
	 * last, and pg_basetar.info says it, or without that it may be CRC32C or SHA256.
	 */
	unsigned digests;
	bool need_wal; /* that the WAL is not in the backup is a finding */
};

MUST_CHECK int checker_new(
    struct checker **, const struct checker_options *options, struct error *err);
void checker_free(struct checker *);

/* An archive begins. */
MUST_CHECK int checker_archive(
    struct checker *, const struct archivepart *part, struct error *err);

/*
 * A member begins, whose header is at ${offset} of the archive.  The bytes of its body come
 * in pieces of any number of pages of 8192, the last may be shorter.
 */
MUST_CHECK int checker_member(
    struct checker *, const struct tar_entry *entry, uint64_t offset, struct error *err);
MUST_CHECK int checker_bytes(
    struct checker *, const uint8_t *bytes, size_t len, struct error *err);
MUST_CHECK int checker_member_end(struct checker *, struct error *err);

MUST_CHECK int checker_archive_end(struct checker *, struct error *err);

/*
 * Of the member that has begun: what it is, what PostgreSQL calls it, and what makes it one
 * that may not be unpacked; NULL: nothing does.  Valid until the next.
 */
enum memberorder_kind checker_member_kind(const struct checker *);
const char *checker_member_path(const struct checker *);
const char *checker_member_fault(const struct checker *);

/* Bytes of backup_manifest, where it is no member; ${len} 0: its end. */
MUST_CHECK int checker_manifest(
    struct checker *, const uint8_t *bytes, size_t len, struct error *err);

/* Something is wrong that only the reader of the archives sees. */
struct findings *checker_findings(struct checker *);

/* All has come: judge what depends on the whole. */
MUST_CHECK int checker_finish(struct checker *, struct error *err);

/* It could not be read to its end, ${why} says: what was found until then is reported. */
void checker_break_off(struct checker *, const struct error *why);

/* What is known of the backup.  Owned by the checker; NULL and 0 where nothing is. */
struct checker_facts {
	struct facts backup;  /* .wal: the archive holds it, and it was proved */
	uint64_t wal_records; /* of that */
	uint64_t findings;
	struct pagesuspect_sum pages;
};

/*
 * After checker_finish(): in *oid and *location the next tablespace that replay of the WAL makes,
 * from *at on, which is 0 at first.  False: there is no other.
 */
bool checker_next_location(
    const struct checker *, size_t *at, uint32_t *oid, const char **location);

/* What has come until now of what the backup says of itself. */
const struct facts *checker_backup(const struct checker *);

/* Complete after checker_finish(). */
struct checker_facts checker_facts(const struct checker *);

#endif
