#ifndef PG_BASETAR_LIB_DIGEST_H
#define PG_BASETAR_LIB_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

/*
 * The digests a manifest knows (src/common/checksum_helper.c of PostgreSQL 13 and
 * later).  SHA-2 comes from libcrypto.
 */
enum digest_kind {
	DIGEST_NONE,
	DIGEST_CRC32C,
	DIGEST_SHA224,
	DIGEST_SHA256,
	DIGEST_SHA384,
	DIGEST_SHA512
};

/* Bytes of the longest of them. */
#define DIGEST_MAX 64

/* The name as a manifest and --manifest-checksums spell it: "SHA256". */
const char *digest_name(enum digest_kind kind);

/* The kind of that name, upper or lower case; -1 if absent, *kind untouched. */
MUST_CHECK int digest_by_name(const char *name, enum digest_kind *kind);

struct digest;

/* A digest of no bytes so far.  On failure *d is NULL. */
MUST_CHECK int digest_new(struct digest **d, enum digest_kind kind, struct error *err);

/* ${len} more bytes.  A DIGEST_NONE takes them and forgets them. */
MUST_CHECK int digest_update(
    struct digest *d, const void *bytes, size_t len, struct error *err);

/*
 * The CRC-32C of all bytes is ${crc}: it was combined elsewhere.  Only for
 * DIGEST_CRC32C; takes the place of what was updated so far.
 */
void digest_set_crc32c(struct digest *d, uint32_t crc);

/*
 * The result in ${out}, its length in ${len}: 0 for DIGEST_NONE; the 4 bytes of a
 * CRC-32C in little-endian order, as a manifest prints them.  To be called once; of the
 * other functions only digest_free() is legal after it.
 */
MUST_CHECK int digest_final(
    struct digest *d, uint8_t out[DIGEST_MAX], size_t *len, struct error *err);

void digest_free(struct digest *d);

#endif
