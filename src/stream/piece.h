#ifndef PG_BASETAR_STREAM_PIECE_H
#define PG_BASETAR_STREAM_PIECE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/cancel.h"
#include "lib/error.h"

/*
 * One piece of a body on its way through the block pipeline: what a worker learns of it,
 * and what hears of it to the body later, in stream order.
 */

/* What a body's check has to say of one position.  The words are the body's own. */
struct piece_note {
	uint64_t offset; /* in the body */
	unsigned kind;
	uint64_t expected, found;
};

struct piece {
	const uint8_t *bytes; /* what was sent; valid during the call only */
	size_t len;
	uint64_t offset; /* in the body */
	/* of len, how many at the end the file did not have: sent as zeros */
	size_t missing;
	uint32_t crc32c;          /* of the bytes, if the body wanted it */
	struct piece_note *notes; /* of its check, in their order; NULL: there are none */
	size_t nnotes;
};

/* Where a piece was read from, for a check that wants to read some of it again. */
struct piece_source {
	uint8_t *bytes;  /* as read: the same as those of the piece */
	int fd;          /* borrowed */
	uint64_t offset; /* of the piece in the file */
	const struct cancel *cancel;
};

/* Add a note, which is told with the piece. */
MUST_CHECK int piece_note(
    struct piece *, const struct piece_note *note, struct error *err);

/*
 * Read ${len} bytes of the piece again, from ${at} of it on, and send these instead; what
 * the file does not have any more becomes zeros.
 */
MUST_CHECK int piece_reread(
    const struct piece_source *, size_t at, size_t len, struct error *err);

/* Wait so many milliseconds; ERROR_CANCELLED as soon as the source's cancel is raised. */
MUST_CHECK int piece_wait(const struct piece_source *, unsigned ms, struct error *err);

/* Release the notes. */
void piece_clear(struct piece *);

#endif
