#ifndef PG_BASETAR_CODEC_DEFLATE_H
#define PG_BASETAR_CODEC_DEFLATE_H

#include <stddef.h>
#include <stdint.h>

#include "codec/chunk.h"
#include "lib/buf.h"
#include "lib/error.h"

/*
 * Two libraries deflate for gzip.  zlib is always there and has all levels.  ISA-L is several times
 * as fast at the three levels that it has; a program that was built without it has without_isal.c,
 * with functions that are all NULL.
 */

struct deflater {
	int level_most; /* it has the levels from 1 to this; 0: it was left out */
	int (*open)(void **state, int level, struct error *);
	void (*close)(void *state);
	/*
	 * Append ${len} bytes as raw deflate (RFC 1951) that refers to nothing before them, flushed
	 * to a byte boundary by an empty stored block.
	 */
	int (*deflate)(void *state, const uint8_t *bytes, size_t len, struct buf *out,
	    struct error *);
	/* CRC-32 as gzip has it. */
	uint32_t (*crc)(const uint8_t *bytes, size_t len);
};

extern const struct deflater deflate_zlib, deflate_isal;

/* And back: what one call of deflater->deflate made, or another program that flushes. */
struct inflater {
	int (*open)(void **state, struct error *); /* NULL: it was left out */
	void (*close)(void *state);
	/*
	 * Append what ${len} bytes of raw deflate hold to ${out}, CHUNK_CONTENT_MOST bytes at most.
	 * *is_sound: it refers to nothing before it, the last of its bytes ends a block, to the bit, and
	 * the deflate stream goes on.  Else what was appended is of no use.
	 */
	int (*inflate)(void *state, const uint8_t *bytes, size_t len, struct buf *out,
	    bool *is_sound, struct error *);
	uint32_t (*crc)(const uint8_t *bytes, size_t len);
};

extern const struct inflater inflate_zlib, inflate_isal;

#endif
