#ifndef PG_BASETAR_STREAM_RECORD_H
#define PG_BASETAR_STREAM_RECORD_H

#include "lib/stream.h"

/*
 * A filter that hands on records of ${size} bytes, one a write, whatever the writes it
 * gets: a tape drive makes a block of each, and of a pipe a reader gets what it expects.
 * finish fills the last record up with zeros, unless what filled it is in the stream already
 * (blockpipe.h, options.record).  A stream of nothing has no record.
 *
 * Puts itself on top of *sink, which it owns from then on; on failure *sink is as it was.
 */
MUST_CHECK int record_push(struct sink **sink, size_t size, struct error *err);

#endif
