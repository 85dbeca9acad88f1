/* zlib's next_in takes const bytes only so */
#define ZLIB_CONST
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "codec/gunzip.h"
#include "codec/gzip.h"
#include "lib/bytes.h"

/*
 * One gzip member (RFC 1952) made of blocks that know nothing of each other: each is
 * raw deflate (RFC 1951) from an empty window, flushed to a byte boundary with an
 * empty stored block, so that their concatenation is one deflate stream.  An empty
 * final block and the trailer end it: CRC-32 of the whole, combined from those of the
 * blocks, and the length modulo 2^32.  Without that tail no reader takes the file for
 * whole, wherever it was cut.
 */

struct encoder {
	z_stream z;
};

int
gzip_encoder_new(struct encoder **out, int level, struct error *err)
{
	struct encoder *e = calloc(1, sizeof(*e));

	if (e == NULL)
		return error_memory(err);
	/* -15: raw deflate with the largest window; 9: the most memory, 256 KiB */
	if (deflateInit2(&e->z, level, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY) != Z_OK) {
		free(e);
		return error_memory(err);
	}
	*out = e;
	return 0;
}

void
gzip_encoder_free(struct encoder *e)
{
	if (e == NULL)
		return;
	deflateEnd(&e->z);
	free(e);
}

int
gzip_encode(struct encoder *e, const uint8_t *bytes, size_t len, struct buf *out,
    struct codec_sum *sum, struct error *err)
{
	/* 16: the flush's empty block and the bits before it */
	size_t room = deflateBound(&e->z, (uLong)len) + 16;

	if (buf_reserve(out, room, err))
		return -1;
	deflateReset(&e->z);
	e->z.next_in = bytes;
	e->z.avail_in = (uInt)len;
	e->z.next_out = out->data + out->len;
	e->z.avail_out = (uInt)room;
	/* Z_FULL_FLUSH, so that a decoder may begin after any block */
	if (deflate(&e->z, Z_FULL_FLUSH) != Z_OK || e->z.avail_in > 0 ||
	    e->z.avail_out == 0)
		return error_set(
		    err, ERROR_FORMAT, 0, "deflate: no room for %zu bytes", len);
	out->len += room - e->z.avail_out;
	sum->crc = (uint32_t)crc32(0, bytes, (uInt)len);
	sum->len = len;
	return 0;
}

size_t
gzip_head(int level, uint8_t out[CODEC_EDGE])
{
	/* magic, deflate, no name, no time (the tar has them), "fastest" or "best", Unix */
	const uint8_t head[10] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0,
		(uint8_t)(level == 1 ? 4 :
			level == 9   ? 2 :
				       0),
		3 };

	memcpy(out, head, sizeof(head));
	return sizeof(head);
}

size_t
gzip_tail(const struct codec_sum *sum, uint8_t out[CODEC_EDGE])
{
	out[0] = 3; /* final block, fixed codes, */
	out[1] = 0; /* nothing in it */
	put_u32le(out + 2, sum->crc);
	put_u32le(out + 6, (uint32_t)sum->len);
	return 10;
}

void
gzip_add(struct codec_sum *whole, const struct codec_sum *next)
{
	whole->crc = (uint32_t)crc32_combine(whole->crc, next->crc, (z_off_t)next->len);
	whole->len += next->len;
}

const struct codec_methods gzip_methods = {
	.encoder_new = gzip_encoder_new,
	.encoder_free = gzip_encoder_free,
	.encode = gzip_encode,
	.head = gzip_head,
	.tail = gzip_tail,
	.add = gzip_add,
	.decode = gunzip_push,
};
