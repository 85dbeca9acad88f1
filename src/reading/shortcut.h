#ifndef PG_BASETAR_READING_SHORTCUT_H
#define PG_BASETAR_READING_SHORTCUT_H

#include <stdbool.h>

#include "codec/codec.h"
#include "lib/stream.h"

/*
 * The way past what is in the middle of a compressed archive in a regular file: from somewhere in it
 * to its end, without decoding what is between.
 */
struct shortcut {
	struct store *store; /* borrowed */
	const struct codec *codec;
	uint64_t raw; /* what all of the archive decodes to; UINT64_MAX: not known */
};

/*
 * *out stands at the header of global/pg_control, from where all that follows was seen to be what
 * archives of pg_basetar have there: WAL, and with ${has_manifest} the manifest, to the end.  NULL:
 * there is no such way, and *why says why not.  -1: cancelled.
 */
MUST_CHECK int shortcut_to_control(struct shortcut *, bool has_manifest,
    struct source **out, struct error *why, struct error *err);

/* *is_found: all that there is at the end can be decoded, and is the end of an archive. */
MUST_CHECK int shortcut_to_end(
    struct shortcut *, bool *is_found, struct error *why, struct error *err);

#endif
