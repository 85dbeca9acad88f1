#ifndef PG_BASETAR_STREAM_RECORD_H
#define PG_BASETAR_STREAM_RECORD_H

#include "codec/codec.h"
#include "lib/stream.h"

/*
 * A filter that hands on records of ${size} bytes, one a write, whatever the writes it
 * gets: a tape drive makes a block of each, and of a pipe a reader gets what it expects.
 * finish fills the last record up with what readers of the stream, which ${codec} (borrowed) has
 * encoded, pass over: zeros, or with zstd and lz4 a skippable frame.  That one has a least
 * length; where less is to be filled up it takes one record more.  A stream of nothing has no
 * record.
 *
 * Puts itself on top of *sink, which it owns from then on; on failure *sink is as it was.
 */
MUST_CHECK int record_push(
    struct sink **sink, size_t size, const struct codec *codec, struct error *err);

#endif
