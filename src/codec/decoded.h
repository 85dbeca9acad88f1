#ifndef PG_BASETAR_CODEC_DECODED_H
#define PG_BASETAR_CODEC_DECODED_H

#include "codec/codec.h"
#include "lib/stream.h"

/*
 * How *s is compressed is decided by its first bytes, whatever the file is called.
 * *s, which is replaced and owned by what replaces it, hands them out once more.
 *
 * ERROR_FORMAT: there are no bytes at all.  On failure *s is still to be freed by the caller.
 */
MUST_CHECK int decoded_look(
    struct source **s, const struct codec **codec, struct error *err);

/*
 * Put on top of *s, and own that, what decodes ${codec}; of "none" nothing.
 *
 * ERROR_UNSUPPORTED: compressed in a way that this program does not read; the hint says
 * how to get around that.  On failure *s is still to be freed by the caller.
 */
MUST_CHECK int decoded_by(
    struct source **s, const struct codec *codec, struct error *err);

/* Both.  *name is that of the compression, of the table in codec.h. */
MUST_CHECK int decoded_push(struct source **s, const char **name, struct error *err);

#endif
