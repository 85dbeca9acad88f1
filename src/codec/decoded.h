#ifndef PG_BASETAR_CODEC_DECODED_H
#define PG_BASETAR_CODEC_DECODED_H

#include "lib/stream.h"

/*
 * Looks at the first bytes of *s, and puts on top of it, and owns it, what decodes them: as
 * they tell, whatever the file is called.  *name is that of the compression, "none" or
 * "gzip", static.
 *
 * ERROR_UNSUPPORTED: compressed in a way that this version does not read, which the hint
 * tells how to get around.  ERROR_FORMAT: there are no bytes at all.  On failure *s is still
 * to be freed by the caller.
 */
MUST_CHECK int decoded_push(struct source **s, const char **name, struct error *err);

#endif
