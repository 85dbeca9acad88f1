#ifndef PG_BASETAR_SUPPORT_MEMSTREAM_H
#define PG_BASETAR_SUPPORT_MEMSTREAM_H

#include <stdbool.h>

#include "lib/buf.h"
#include "lib/stream.h"

/*
 * Ends of a stream that live in memory, for tests.  Both are plain structs of the
 * test's: made by _source() or _sink(), handed on as &x.source or &x.sink.
 */

/* Fails at no byte. */
#define MEMSTREAM_NEVER SIZE_MAX

/* The error both fail with: ERROR_IO, ENOSPC, "injected: No space left on device". */

struct memsource {
	struct source source;
	const uint8_t *bytes; /* borrowed */
	size_t len;
	size_t at;      /* read so far */
	size_t chunk;   /* at most that many bytes a read */
	size_t fail_at; /* a read that would begin here or later fails */
};

/* ${len} bytes, at most ${chunk} of them a read (0: as many as are asked for). */
struct memsource memstream_source(const void *bytes, size_t len, size_t chunk);

struct memstore {
	struct store store;
	const uint8_t *bytes;      /* borrowed */
	size_t fail_at;            /* a read that would go beyond it fails */
	enum error_kind fail_with; /* with that instead; ERROR_NONE: as the others do */
};

/* ${len} bytes that are read at any place. */
struct memstore memstream_store(const void *bytes, size_t len);

struct memsink {
	struct sink sink;
	struct buf held; /* the test's to read and to buf_free() */
	size_t fail_at;  /* byte that cannot be written; those before it are */
	bool is_finished;
};

/*
 * Keeps what is written.  sink_free() before sink_finish() empties it: unfinished, an
 * output never was.
 */
struct memsink memstream_sink(size_t fail_at);

#endif
