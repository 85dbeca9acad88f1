#ifndef PG_BASETAR_CODEC_GUNZIP_H
#define PG_BASETAR_CODEC_GUNZIP_H

#include "codec/chunk.h"
#include "lib/stream.h"

/*
 * Decodes gzip (RFC 1952), by zlib.  One member or several; after the last nothing but
 * zeros, with which a tape's record is filled.
 *
 * What is sound is handed out before what is not: in what pieces the source comes makes no
 * difference.  ERROR_FORMAT says at which byte of the compressed source: cut short, damaged data, a wrong
 * checksum or length of a member, something else after its end.
 */

/* Put it on top of *s, and own that.  On failure *s is what it was. */
MUST_CHECK int gunzip_push(struct source **s, struct error *err);

/* The same where ${state} says, in the first member: at the end of a flushed block. */
MUST_CHECK int gunzip_resume(
    struct source **s, const struct chunk_state *state, struct error *err);

#endif
