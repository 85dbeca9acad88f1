#ifndef PG_BASETAR_CODEC_ZSTD_H
#define PG_BASETAR_CODEC_ZSTD_H

#include "codec/codec.h"

/* zstd (RFC 8878): a frame for each block of the stream.  Built without libzstd: no methods. */

extern const struct codec_methods zstd_methods;

/* codec/unzstd.c: put what decodes it on top of *s; see frames.h. */
MUST_CHECK int unzstd_push(struct source **s, struct error *err);

#endif
