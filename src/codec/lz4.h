#ifndef PG_BASETAR_CODEC_LZ4_H
#define PG_BASETAR_CODEC_LZ4_H

#include "codec/chunk.h"

/* lz4, frame format 1.6: a frame for each block of the stream.  Built without liblz4: no methods. */

extern const struct codec_methods lz4_methods;

/* codec/unlz4.c: put what decodes it on top of *s; see frames.h. */
MUST_CHECK int unlz4_push(struct source **s, struct error *err);
/* struct codec_methods, decode_late: by the table of frames. */
MUST_CHECK int unlz4_late(struct store *store, uint64_t len, struct source **out,
    uint64_t *raw, struct error *err);
extern const struct chunk_methods unlz4_chunks;

#endif
