#ifndef PG_BASETAR_STREAM_READAHEAD_H
#define PG_BASETAR_STREAM_READAHEAD_H

#include "lib/cancel.h"
#include "lib/stream.h"

/*
 * Reads the source below in a thread of its own, some blocks ahead, so that decoding and what
 * is done with the bytes share two processors.  The essay at the top of readahead.c tells
 * how.  interrupt_install() comes before: its thread is woken with a signal.
 */

/*
 * Put it on top of *s, and own that.  ${cancel}, borrowed: raised, reads fail with
 * ERROR_CANCELLED.  On failure *s is what it was.  Who frees it before its end raises the
 * cancel of the source below first: else free waits as long as that one's read does.
 */
MUST_CHECK int readahead_push(
    struct source **s, const struct cancel *cancel, struct error *err);

/* The cancel is raised: wake both sides.  Any thread, again and again until it is freed. */
void readahead_cut(struct source *);

#endif
