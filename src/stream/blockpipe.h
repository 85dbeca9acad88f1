#ifndef PG_BASETAR_STREAM_BLOCKPIPE_H
#define PG_BASETAR_STREAM_BLOCKPIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/codec.h"
#include "lib/cancel.h"
#include "lib/error.h"
#include "lib/stream.h"
#include "stream/blockfile.h"
#include "stream/piece.h"

/*
 * The block pipeline: one planner writes down a stream of bytes as pieces, N workers
 * read, check and encode whole blocks of it, one writer hands the encoded blocks to a
 * sink in stream order.  Several streams may follow each other, each into a sink of its
 * own.  The essay at the top of blockpipe.c tells how the threads share the work; here
 * is what they promise.
 *
 *  - Memory is jobs * 2 + 2 blocks, whatever passes; a block that gets no body to end
 *    in may grow to BLOCKPIPE_LONGEST.  Where the codec has a table of them, each takes
 *    8 bytes until its stream ends: 8 MB for a terabyte.
 *  - Output is exactly the bytes planned, encoded, in the order planned.  Each stream
 *    is encoded alone, and written whole before the first byte of the next.
 *  - The error that comes first in stream order wins and is the one that
 *    blockpipe_close() reports; the planner's calls fail with ERROR_CANCELLED from its
 *    next block on, so that it unwinds without a word of its own.  Streams are in the
 *    order in which they were planned, so it comes first of all of them.
 *  - A block ends inside a body, where the planner says, or with its stream, never
 *    between members: a stream cut at a block does not look whole.  Nor does one that
 *    is not encoded and that a pipe cuts within a block: breaks.h.
 *
 * interrupt_install() comes before a pipe: its threads are woken with a signal.
 */
struct blockpipe;

/* Bytes of stream that a block aims at. */
#define BLOCKPIPE_BLOCK ((size_t)1024 * 1024)

/*
 * A block of that many bytes cannot wait for a body any longer.  Thousands of empty files take that
 * and more again for what is known of each.
 */
#define BLOCKPIPE_LONGEST ((size_t)2 * 1024 * 1024)

/* Ranges are split between two blocks at multiples of this: PostgreSQL's page. */
#define BLOCKPIPE_PAGE ((size_t)8192)

/*
 * The body of one member.  The planner makes it and gives it to the pipe with
 * blockpipe_body_begin().
 *
 *  piece	Pieces in stream order, one thread at a time.  An error here is an error
 *		of the stream at that position.  NULL: not told.
 *  end		After the last piece.  NULL: not told.
 *  free	After end, or instead of it.  Never NULL.
 *  check	A piece that was read from a file, before its digest is taken: on whatever
 *		thread read it, pieces of one body in any order and several at once.  It may
 *		add notes, read again (piece.h), and change what is sent; the piece's bytes
 *		are those of ${from}.  Of the body only what no one writes meanwhile may be
 *		touched.  An error is one of the stream at that position.  NULL: not checked.
 */
struct body {
	const struct body_ops *ops; /* the first member of each kind of body */
	const char *name;           /* for messages; lives as long as the body */
	bool wants_crc32c;
	uint64_t planned; /* bytes planned so far: the pipe's own */
};

struct body_ops {
	int (*piece)(struct body *, const struct piece *, struct error *);
	int (*end)(struct body *, struct error *);
	void (*free)(struct body *);
	int (*check)(const struct body *, struct piece *, const struct piece_source *from,
	    struct error *);
};

struct blockpipe_options {
	struct sink *sink;         /* of the first stream; borrowed, outlives the pipe */
	const struct codec *codec; /* borrowed */
	int level;
	unsigned jobs; /* worker threads, at least 1 */
	/* its streams are multiples of that, where the codec fills them up; 0: of nothing */
	size_t record;
	/* descriptors in flight at most; 0: what the limit allows */
	size_t files;
	/* borrowed, not NULL; raised: everything ends soon */
	struct cancel *cancel;
};

/* Start the threads.  On failure *pipe is NULL. */
MUST_CHECK int blockpipe_open(
    struct blockpipe **pipe, const struct blockpipe_options *options, struct error *err);

/*
 * The planner's calls; one thread at a time makes them.
 *
 * bytes	${len} bytes that belong to no body: headers, padding, the end of the
 *		archive.  Never cut.
 * bytes_cut	The same, but the block ends ${at} bytes on.  To be called when
 *		blockpipe_is_overdue(), with bytes that do not look whole without the rest.
 * body_begin	what follows belongs to ${b}, which the pipe owns from here on.
 * body_bytes	${len} bytes of the body.
 * body_range	${len} bytes of the body, from ${offset} of the file on.  What the file
 *		does not have when it is read is sent as zeros.
 * body_end	the body is complete.
 *
 * Bytes given are copied.
 */
MUST_CHECK int blockpipe_bytes(
    struct blockpipe *, const void *bytes, size_t len, struct error *err);
bool blockpipe_is_overdue(const struct blockpipe *);
MUST_CHECK int blockpipe_bytes_cut(
    struct blockpipe *, const void *bytes, size_t len, size_t at, struct error *err);
void blockpipe_body_begin(struct blockpipe *, struct body *b);
MUST_CHECK int blockpipe_body_bytes(
    struct blockpipe *, const void *bytes, size_t len, struct error *err);
MUST_CHECK int blockpipe_body_range(struct blockpipe *, struct blockfile *,
    uint64_t offset, uint64_t len, struct error *err);
MUST_CHECK int blockpipe_body_end(struct blockpipe *, struct error *err);

/*
 * The stream ends here, with the codec's tail; what is planned from now on is the next
 * one and goes to ${sink}, which is borrowed and outlives the pipe.  Between two members
 * only.  No one waits: the workers go on with the next stream while the last blocks of
 * this one are written, and a barrier covers all streams.
 */
MUST_CHECK int blockpipe_switch(struct blockpipe *, struct sink *sink, struct error *err);

/*
 * An open file whose ranges are to be sent.  Takes ${fd}, on failure too.  Waits while
 * too many descriptors are in flight.  The planner gives it back with
 * blockfile_release(); it is closed when the last range has been read as well.
 */
MUST_CHECK int blockpipe_file(
    struct blockpipe *, int fd, struct blockfile **, struct error *err);

/* Wait until every range planned so far has been read. */
MUST_CHECK int blockpipe_barrier(struct blockpipe *, struct error *err);

/* Wait until every body ended so far has been told to its ops. */
MUST_CHECK int blockpipe_settle(struct blockpipe *, struct error *err);

/* Bytes planned so far, before encoding, of all streams: the planner's own count. */
uint64_t blockpipe_planned(const struct blockpipe *);

/* Bytes that have left for the sinks, before encoding; and those they became.  Any thread. */
uint64_t blockpipe_raw_written(const struct blockpipe *);
uint64_t blockpipe_written(const struct blockpipe *);

/* Is it over?  For a planner that waits for something else.  Any thread. */
bool blockpipe_has_failed(struct blockpipe *);

/*
 * The planner failed with ${why}: that is an error of the stream at this position.  Once the
 * pipe is closed there is no such position, and nothing is done.
 */
void blockpipe_fail(struct blockpipe *, const struct error *why);

/*
 * End the last stream: its last block, the codec's tail.  Waits for all threads.  0 when
 * every byte has reached its sink (none of which is finished yet); else -1 and the first
 * error in stream order.
 */
MUST_CHECK int blockpipe_close(struct blockpipe *, struct error *err);

/*
 * Join the threads and release everything.  A pipe that was not closed is cut off: its
 * cancel is raised and its threads are woken out of whatever system call they are in.
 * NULL is no pipe.
 */
void blockpipe_free(struct blockpipe *);

/*
 * Raise the cancel and send all away, woken out of whatever system call they are in.
 * Any thread; to be repeated until the planner has come back: a signal that arrives just
 * before a call is entered wakes no one.
 */
void blockpipe_cut(struct blockpipe *);

#endif
