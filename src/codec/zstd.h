#ifndef PG_BASETAR_CODEC_ZSTD_H
#define PG_BASETAR_CODEC_ZSTD_H

#include "codec/chunk.h"

/* zstd (RFC 8878): a frame for each block of the stream.  Built without libzstd: no methods. */

extern const struct codec_methods zstd_methods;

/* codec/unzstd.c: put what decodes it on top of *s; see frames.h. */
MUST_CHECK int unzstd_push(struct source **s, struct error *err);
/* struct codec_methods, decode_late: by the table of frames. */
MUST_CHECK int unzstd_late(struct store *store, uint64_t len, struct source **out,
    uint64_t *raw, struct error *err);
extern const struct chunk_methods unzstd_chunks;

#endif
