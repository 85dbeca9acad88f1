/* gzip: the member that the blocks of a stream become. */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "codec/deflate.h"
#include "codec/gunzip.h"
#include "codec/gunzipchunk.h"
#include "codec/gunziplate.h"
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
	const struct deflater *by;
	void *state;
};

int
gzip_encoder_new(struct encoder **out, int level, struct error *err)
{
	struct encoder *e = calloc(1, sizeof(*e));

	if (e == NULL)
		return error_memory(err);
	e->by = level <= deflate_isal.level_most ? &deflate_isal : &deflate_zlib;
	if (e->by->open(&e->state, level, err)) {
		free(e);
		return -1;
	}
	*out = e;
	return 0;
}

void
gzip_encoder_free(struct encoder *e)
{
	if (e == NULL)
		return;
	e->by->close(e->state);
	free(e);
}

int
gzip_encode(struct encoder *e, const uint8_t *bytes, size_t len, struct buf *out,
    struct codec_sum *sum, struct error *err)
{
	if (e->by->deflate(e->state, bytes, len, out, err))
		return -1;
	sum->crc = e->by->crc(bytes, len);
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
	.decode_late = gunziplate_open,
	.chunks = &gunzip_chunks,
};
