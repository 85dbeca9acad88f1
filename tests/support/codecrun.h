#ifndef PG_BASETAR_SUPPORT_CODECRUN_H
#define PG_BASETAR_SUPPORT_CODECRUN_H

#include "codec/codec.h"

/* Bytes through a codec, block by block, and back. */

/* What a block may hold: nothing but zeros; what looks like pages; what cannot be compressed. */
void codecrun_zeros(uint8_t *into, size_t len);
void codecrun_pages(uint8_t *into, size_t len);
void codecrun_noise(uint8_t *into, size_t len);

/* The codec of that name; skips the test where it was left out. */
const struct codec *codecrun_codec(const char *name);

/*
 * Encode ${raw} in ${count} blocks of these lengths, without head and tail, and append them to
 * ${out}.  edges[i], unless NULL: where block i ends.
 */
void codecrun_encode(const struct codec *, int level, const uint8_t *raw,
    const size_t *lens, size_t count, struct buf *out, size_t *edges);

/* Append what follows these frames, which are all that is in ${out}: struct codec_methods, table. */
void codecrun_table(const struct codec *, const size_t *lens, const size_t *edges,
    size_t count, size_t record, struct buf *out);

/*
 * Decode ${in} into ${out} as its beginning says, ${chunk} bytes of input (0: all that is asked
 * for) and ${step} bytes of output at a time; the byte ${fail_at} of input cannot be read.
 */
MUST_CHECK int codecrun_decode(const struct buf *in, size_t chunk, size_t step,
    size_t fail_at, struct buf *out, struct error *err);

/* The same by a pool of ${jobs} threads; 0: by the decoder of streams alone. */
MUST_CHECK int codecrun_decode_by(const struct buf *in, unsigned jobs, size_t chunk,
    size_t step, size_t fail_at, struct buf *out, struct error *err);

#endif
