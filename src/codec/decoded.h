#ifndef PG_BASETAR_CODEC_DECODED_H
#define PG_BASETAR_CODEC_DECODED_H

#include "lib/stream.h"

/*
 * Looks at the first bytes of *s, and puts on top of it, and owns it, what decodes them: as
 * they tell, whatever the file is called.  *name is that of the compression, of the table in
 * codec.h.
 *
 * ERROR_UNSUPPORTED: compressed in a way that this program does not read; the hint says
 * how to get around that.  ERROR_FORMAT: there are no bytes at all.  On failure *s is still
 * to be freed by the caller.
 */
MUST_CHECK int decoded_push(struct source **s, const char **name, struct error *err);

#endif
