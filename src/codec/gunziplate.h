#ifndef PG_BASETAR_CODEC_GUNZIPLATE_H
#define PG_BASETAR_CODEC_GUNZIPLATE_H

#include "lib/stream.h"

/*
 * The last part of a gzip member whose blocks were flushed, as ours are (gzip.c), decoded without
 * what comes before it.
 *
 * A full flush ends with an empty stored block, 00 00 ff ff from a byte boundary on, and the window
 * is empty after it (RFC 1951, 3.2.4; zlib.h, Z_FULL_FLUSH).  The same bytes may stand anywhere,
 * so they count only if what follows them is deflate data that refers to nothing before, and
 * leads to a trailer at the end.  The checksum of the whole, which is in the trailer, is not compared.
 *
 * struct codec_methods, decode_late.  *raw is UINT64_MAX: a trailer has it modulo 2^32 only.
 */
MUST_CHECK int gunziplate_open(struct store *store, uint64_t len, struct source **out,
    uint64_t *raw, struct error *err);

#endif
