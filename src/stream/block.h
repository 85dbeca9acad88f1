#ifndef PG_BASETAR_STREAM_BLOCK_H
#define PG_BASETAR_STREAM_BLOCK_H

#include "stream/blockpipe.h"

/*
 * One block of the stream on its way: the room for its raw bytes, the parts they are
 * made of, and what becomes of them.  It passes through four hands and belongs to one
 * of them at a time (blockpipe.c): planned by the planner, read and encoded by a
 * worker, told and written by the writer.  Nothing here locks.
 */

enum part_kind {
	PART_BYTES, /* of a body, in place already */
	PART_RANGE, /* of a body, to be read from a file */
	PART_END    /* of a body */
};

struct part {
	enum part_kind kind;
	struct body *body;
	struct blockfile *file; /* held until it is read, then NULL */
	uint64_t file_offset;
	size_t at;          /* in raw */
	struct piece piece; /* what is told; bytes is set when it is */
};

struct block {
	uint8_t *raw;
	size_t raw_len, raw_cap;
	struct part *parts;
	size_t nparts, parts_cap;
	size_t nread, ntold; /* how many of the parts, from the first on */
	struct buf encoded;
	struct codec_sum sum;
	/* its stream ends with it, the next one goes there; NULL: no end */
	struct sink *next;
	struct error err; /* .kind: ERROR_NONE, or what is wrong with it */
};

MUST_CHECK int block_open(struct block *, struct error *err);

/* Also frees the bodies that end in it and were not told. */
void block_close(struct block *);

/* Empty it for reuse. */
void block_clear(struct block *);

/* Bytes that still fit below BLOCKPIPE_BLOCK. */
size_t block_room(const struct block *);

/*
 * Put ${len} bytes after the others.  Framing may go beyond BLOCKPIPE_BLOCK: the room
 * grows, and shrinks again when the block is emptied.
 */
MUST_CHECK int block_put(
    struct block *, const void *bytes, size_t len, struct error *err);

/* Put ${len} bytes of ${body} after the others: ${bytes}, or a range to be read. */
MUST_CHECK int block_put_bytes(
    struct block *, struct body *, const void *bytes, size_t len, struct error *err);
MUST_CHECK int block_put_range(struct block *, struct body *, struct blockfile *,
    uint64_t offset, size_t len, struct error *err);
MUST_CHECK int block_put_end(struct block *, struct body *, struct error *err);

/* Read, check and digest what is not read yet.  An error is kept in the block as well. */
int block_read(struct block *, const struct cancel *);

/* Encode the raw bytes; with the codec "none" there is nothing to do. */
int block_encode(struct block *, const struct codec *, struct encoder *);

/*
 * Tell the bodies' ops what is read and not told, in order; after an error of theirs no
 * more.  -1 when the block has an error, of theirs or from before: the first in order.
 */
MUST_CHECK int block_tell(struct block *);

#endif
