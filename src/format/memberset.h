#ifndef PG_BASETAR_FORMAT_MEMBERSET_H
#define PG_BASETAR_FORMAT_MEMBERSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/digest.h"
#include "lib/error.h"
#include "lib/finding.h"

/*
 * The members of a backup: what was seen of each, until the manifest, which comes last,
 * says what it should have been.
 *
 * Memory: 56 bytes a member, the name, 16 while they are sorted, and the digests but for CRC-32C:
 * 16 bytes and the digest each.  A million files with names of 30 bytes are 102 MB, 150 with
 * SHA-256 as well.
 */
struct memberset;

struct memberset_row {
	/* as PostgreSQL names it: "pg_tblspc/16400/PG_15_202209061/5/16401" */
	const char *path;
	uint64_t size;
	uint64_t offset;      /* of its header in its archive */
	uint64_t listed_size; /* that of the manifest, if is_listed */
	uint32_t number;      /* of those before it */
	uint32_t crc32c;      /* if has_crc32c */
	char type;            /* enum tar_type */
	uint8_t digest;       /* enum finding_digest: what the digest of its entry says */
	bool has_crc32c : 1;
	bool is_listed : 1;    /* the manifest has an entry for it */
	bool is_size_told : 1; /* a finding says that it is of a wrong size, */
	/* or, as soon as the manifest has come, what in it is damaged, */
	bool is_damage_told : 1;
	bool is_not_read : 1; /* or why the WAL in it was not read */
	bool is_moved : 1;    /* the archive has it under another name than PostgreSQL */
	struct memberset_digest {
		struct memberset_digest *next;
		enum digest_kind kind;
		uint8_t len;
		uint8_t bytes[];
	} * digests; /* the others */
};

MUST_CHECK int memberset_new(struct memberset **, struct error *err);
void memberset_free(struct memberset *);

/* One more, copied; *row is the set's, and stays where it is. */
MUST_CHECK int memberset_add(
    struct memberset *, const char *path, struct memberset_row **row, struct error *err);

/* Its digest of that kind; CRC-32C too. */
MUST_CHECK int memberset_add_digest(struct memberset *, struct memberset_row *row,
    enum digest_kind kind, const uint8_t *digest, size_t len, struct error *err);

/* How many there are. */
size_t memberset_count(const struct memberset *);

/*
 * The row of that name; NULL if absent.  Fast for names that come in the order in
 * which they were added, else O(log n), after sorting what was added since.  Of two of one
 * name the first.
 */
MUST_CHECK int memberset_find(
    struct memberset *, const char *path, struct memberset_row **row, struct error *err);

/* All rows, in the order of their names, then of their coming. */
MUST_CHECK int memberset_sorted(
    struct memberset *, struct memberset_row *const **rows, struct error *err);

#endif
