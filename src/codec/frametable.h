#ifndef PG_BASETAR_CODEC_FRAMETABLE_H
#define PG_BASETAR_CODEC_FRAMETABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/stream.h"

/*
 * The table of frames that ends a stream of zstd or lz4, so that a reader of a file finds any
 * frame without those before it.
 *
 * It is the table of zstd's seekable format (version 0.1.0,
 * contrib/seekable_format/zstd_seekable_compression_format.md of zstd): a skippable frame, which
 * decoders pass over,
 *
 *	magic number 0x184d2a5e, bytes that follow		4 + 4 bytes
 *	of each frame: its bytes, those it is decoded to	4 + 4, or with a checksum 4 + 4 + 4
 *	number of frames, flags, magic number 0x8f92eab1	4 + 1 + 4
 *
 * all little-endian, with the footer as the last 9 bytes of the stream.  Of the flags bit 7 says
 * that there are checksums; the others are 0.  For lz4 there is no such format; the same table
 * stands in a skippable frame of lz4, which has those of zstd.
 *
 * What fills up a record of a tape is a frame like others, which decodes to nothing, has a row,
 * and stands before the table.
 */
enum {
	FRAMETABLE_HEAD = 8,
	FRAMETABLE_ROW = 8,
	FRAMETABLE_ROW_CHECKSUM = 12,
	FRAMETABLE_FOOTER = 9,
	/* as many rows as zstd's own reader takes: of blocks of 1 MiB, 128 TiB */
	FRAMETABLE_MOST = 1 << 27
};

#define FRAMETABLE_SKIPPABLE_MAGIC UINT32_C(0x184d2a5e)

/* ---- one that is written ---- */

/* All zeros is an empty one. */
struct frametable {
	struct buf rows; /* as they are written */
	uint64_t packed; /* bytes of all frames */
	bool is_left_out;
};

/*
 * One more frame, of ${packed} bytes, decoded ${raw}.  Memory: 8 bytes.  There will be no table
 * where there is no memory for it, where a length does not fit in 32 bits and where there would be
 * more than FRAMETABLE_MOST rows.
 */
void frametable_add(struct frametable *, uint64_t packed, uint64_t raw);

/*
 * Write what follows the last frame, and count it in *len: with ${record} > 0 what fills up the
 * stream to a multiple of that; and the table.  After no frames nothing is written.
 */
MUST_CHECK int frametable_write(struct frametable *, size_t record, struct sink *sink,
    uint64_t *len, struct error *err);

/* Make it empty again. */
void frametable_clear(struct frametable *);
void frametable_free(struct frametable *);

/* ---- its end ---- */

struct frametable_footer {
	uint32_t count;
	size_t row; /* bytes of each */
};

/* Whether they are a footer; else *out is untouched. */
bool frametable_footer(
    const uint8_t bytes[FRAMETABLE_FOOTER], struct frametable_footer *out);

/* ---- one that is read after its frames ---- */

/*
 * Compares a table with the frames before it, in constant memory, by a CRC-32C of the rows that
 * the frames should have.  All zeros before the first frame.
 */
struct frametable_check {
	uint64_t count;
	uint32_t crc;
	bool has_large; /* a frame that no row can be about */

	/* of the skippable frame that passes */
	uint32_t magic;
	uint64_t len, at;
	size_t row;
	uint32_t its_crc;
	uint8_t last[FRAMETABLE_FOOTER];
};

/* A frame has passed. */
void frametable_check_frame(struct frametable_check *, uint64_t packed, uint64_t raw);

/*
 * A skippable frame passes: its head, then its bytes, in any pieces; then the verdict.  It is
 * meant to be a table if it ends with the magic number of one, or if it has the magic number that
 * tables have at the beginning, and the length that the frames before it ask for.  What is neither
 * is a frame that has passed, whatever is in it.
 *
 * FRAMETABLE_WRONG: it is meant to be one, and does not agree with the frames since the beginning
 * or the table before it.
 */
enum frametable_verdict { FRAMETABLE_NONE, FRAMETABLE_RIGHT, FRAMETABLE_WRONG };

void frametable_check_begin(struct frametable_check *, uint32_t magic, uint64_t len);
void frametable_check_bytes(struct frametable_check *, const uint8_t *bytes, size_t len);
enum frametable_verdict frametable_check_end(struct frametable_check *);

/* ---- one that is read before its frames ---- */

struct frametable_place {
	uint64_t offset; /* of a frame */
	uint64_t raw;    /* bytes that all frames are decoded to */
};

/*
 * Where the last frame begins that has ${len} bytes or more between its beginning and the table;
 * the first one, where there is less.  It is not far before that: a reader wants to decode
 * little.  The table is believed if its rows add up to where it begins, and then only where frames
 * begin: what is found there must be one.
 *
 * ERROR_UNSUPPORTED: there is no table, or not one to believe; the text says why.
 */
MUST_CHECK int frametable_find(
    struct store *store, uint64_t len, struct frametable_place *out, struct error *err);

#endif
