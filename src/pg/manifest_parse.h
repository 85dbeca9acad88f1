#ifndef PG_BASETAR_PG_MANIFEST_PARSE_H
#define PG_BASETAR_PG_MANIFEST_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/digest.h"
#include "lib/error.h"

/*
 * backup_manifest of PostgreSQL 13 to 19 ("Backup Manifest Format" in its manual), version 1
 * or 2, read while its bytes pass, in memory that does not grow with it:
 *
 *	{ "PostgreSQL-Backup-Manifest-Version": 2,
 *	"System-Identifier": 7576...,			version 2 only
 *	"Files": [
 *	{ "Path": "base/5/1259", "Size": 8192, "Last-Modified": "2026-11-26 08:00:00 GMT",
 *	  "Checksum-Algorithm": "CRC32C", "Checksum": "1a2b3c4d" },
 *	...],
 *	"WAL-Ranges": [
 *	{ "Timeline": 1, "Start-LSN": "0/2000028", "End-LSN": "0/2000100" }
 *	],
 *	"Manifest-Checksum": "..."}
 *
 * A path that is no UTF-8 comes as "Encoded-Path", in hexadecimal.  Without digests the two
 * last members of a file are not there.  The checksum is the SHA-256 of all lines before its
 * own.
 *
 * Nothing else is taken: no other key, none twice, none missing, no path that could lead out
 * of the data directory.  What is passed on comes before the checksum is known: it is worth
 * something only when manifest_parse_finish() said that it is sound.
 */
struct manifest_parse;

/* A line longer than this is no manifest's. */
#define MANIFEST_LINE ((size_t)1024 * 1024)

struct manifest_file {
	const char *path; /* relative; valid during the call */
	uint64_t size;
	enum digest_kind digest_kind;
	const uint8_t *digest; /* as many bytes as such a digest has */
};

/* What is called, in the order of the text; NULL: not wanted.  An error ends the parsing. */
struct manifest_sink {
	const struct manifest_sink_ops *ops; /* the first member of each kind of sink */
};

struct manifest_sink_ops {
	int (*version)(struct manifest_sink *, unsigned version, struct error *);
	int (*identifier)(
	    struct manifest_sink *, uint64_t system_identifier, struct error *);
	int (*file)(struct manifest_sink *, const struct manifest_file *, struct error *);
	/* ${end} is exclusive; the newest timeline comes first */
	int (*wal)(struct manifest_sink *, uint32_t timeline, uint64_t start,
	    uint64_t end, struct error *);
};

/* ${sink} is borrowed. */
MUST_CHECK int manifest_parse_new(
    struct manifest_parse **, struct manifest_sink *sink, struct error *err);

/*
 * The next ${len} bytes.  ERROR_FORMAT: no manifest; ERROR_UNSUPPORTED: of a version that is
 * not known here.  After a failure only free is legal.
 */
MUST_CHECK int manifest_parse_bytes(
    struct manifest_parse *, const uint8_t *bytes, size_t len, struct error *err);

enum { MANIFEST_CHECKSUM = 32 };

struct manifest_verdict {
	bool is_sound; /* the two are the same */
	uint8_t computed[MANIFEST_CHECKSUM], borne[MANIFEST_CHECKSUM];
};

/* No more bytes: ERROR_FORMAT if it is not whole.  What its checksum says is no error. */
MUST_CHECK int manifest_parse_finish(
    struct manifest_parse *, struct manifest_verdict *, struct error *err);

/* NULL is no parser. */
void manifest_parse_free(struct manifest_parse *);

#endif
