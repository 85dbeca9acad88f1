#ifndef PG_BASETAR_PG_MANIFEST_WRITE_H
#define PG_BASETAR_PG_MANIFEST_WRITE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/digest.h"
#include "lib/error.h"
#include "pg/cluster.h"

/*
 * backup_manifest as the server of PostgreSQL 13 to 19 writes it, byte for byte
 * (src/backend/backup/backup_manifest.c, and "Backup Manifest Format" in the manual):
 * all files, then the stretches of WAL, then the SHA-256 of what stands before it.
 *
 * Its entries come one by one through a whole backup and are wanted at its end, so the
 * text is kept deflated: 20 bytes an entry with CRC-32C, 56 with SHA-256, of some 150
 * and 205.  One thread at a time; after a function failed, only manifest_free() is legal.
 */
struct manifest;

/*
 * As a server of ${version} writes it; that of one before 13 has the form of 13's.  Whether it
 * bears the system identifier is the release's.  On failure *m is NULL.
 */
MUST_CHECK int manifest_new(struct manifest **m, const struct pg_version *version,
    uint64_t system_identifier, struct error *err);

/*
 * A file: ${path} relative to the data directory, bytes of any kind; ${size} in bytes,
 * ${mtime} in seconds since 1970; ${digest} as digest_final() gave it, ignored for
 * DIGEST_NONE.
 */
MUST_CHECK int manifest_add_file(struct manifest *m, const char *path, uint64_t size,
    int64_t mtime, enum digest_kind kind, const uint8_t *digest, size_t len,
    struct error *err);

/*
 * A stretch of WAL that is needed, after all files: one for each timeline, the newest
 * first.  ${end} is exclusive.
 */
MUST_CHECK int manifest_add_wal(struct manifest *m, uint32_t timeline, uint64_t start,
    uint64_t end, struct error *err);

/* Nothing more comes: close the text with its checksum. */
MUST_CHECK int manifest_finish(struct manifest *m, struct error *err);

/* Bytes of text so far; after manifest_finish() what manifest_read() will yield. */
uint64_t manifest_size(const struct manifest *m);

/*
 * After manifest_finish(): the text from its start, in order, once.  Fewer than ${len}
 * bytes in *${got} are the last.
 */
MUST_CHECK int manifest_read(
    struct manifest *m, void *into, size_t len, size_t *got, struct error *err);

void manifest_free(struct manifest *m);

#endif
