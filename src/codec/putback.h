#ifndef PG_BASETAR_CODEC_PUTBACK_H
#define PG_BASETAR_CODEC_PUTBACK_H

#include "lib/buf.h"
#include "lib/stream.h"

/*
 * A source that hands out once more what was read from it, and then goes on.
 */

/*
 * Put it on top of *s, and own that.  ${bytes} are taken, and empty then.  ${why}: the error that the
 * source below failed with after them; NULL: it goes on.  On failure *s and ${bytes} are what they were.
 */
MUST_CHECK int putback_push(
    struct source **s, struct buf *bytes, const struct error *why, struct error *err);

#endif
