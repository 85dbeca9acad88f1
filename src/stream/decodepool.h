#ifndef PG_BASETAR_STREAM_DECODEPOOL_H
#define PG_BASETAR_STREAM_DECODEPOOL_H

#include "lib/cancel.h"
#include "lib/stream.h"

/*
 * Reads and decodes the source below in threads of its own, some blocks ahead: as many as are
 * asked for, where the stream was made of blocks that can be decoded alone (codec/chunk.h), else one.
 * What is read, and the errors, are the same.  The essay at the top of decodepool.c tells how.
 *
 * Memory: in each of ${jobs} + 4 blocks, at least 6, the content of one, 1 MiB, and what it is
 * compressed to; CHUNK_CONTENT_MOST and CHUNK_MOST at worst.
 *
 * interrupt_install() comes before: a thread is woken with a signal.
 */

/*
 * Put it on top of *s, and own that.  ${jobs}: threads that decode, at least 1.  ${cancel}, borrowed:
 * raised, reads fail with ERROR_CANCELLED.  *name is that of the compression, of the table in
 * codec/codec.h.  Errors are those of codec/decoded.h.  On failure *s is still to be freed by the
 * caller.  Who frees it before its end raises the cancel of the source below first: else free waits as
 * long as that one's read does.
 */
MUST_CHECK int decodepool_push(struct source **s, unsigned jobs,
    const struct cancel *cancel, const char **name, struct error *err);

/* The cancel is raised: wake all sides.  Any thread, again and again until it is freed. */
void decodepool_cut(struct source *);

#endif
