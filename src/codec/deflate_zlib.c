/* Blocks deflated by zlib. */
/* its next_in takes const bytes only so */
#define ZLIB_CONST
#include <stdlib.h>
#include <zlib.h>

#include "codec/deflate.h"

static int
deflate_zlib_open(void **state, int level, struct error *err)
{
	z_stream *z = calloc(1, sizeof(*z));

	if (z == NULL)
		return error_memory(err);
	/* -15: raw deflate with the largest window; 9: the most memory, 256 KiB */
	if (deflateInit2(z, level, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY) != Z_OK) {
		free(z);
		return error_memory(err);
	}
	*state = z;
	return 0;
}

static void
deflate_zlib_close(void *state)
{
	deflateEnd(state);
	free(state);
}

static int
deflate_zlib_run(
    void *state, const uint8_t *bytes, size_t len, struct buf *out, struct error *err)
{
	z_stream *z = state;
	/* 16: the flush's empty block and the bits before it */
	size_t room = deflateBound(z, (uLong)len) + 16;

	if (buf_reserve(out, room, err))
		return -1;
	deflateReset(z);
	z->next_in = bytes;
	z->avail_in = (uInt)len;
	z->next_out = out->data + out->len;
	z->avail_out = (uInt)room;
	/* Z_FULL_FLUSH, so that a decoder may begin after any block */
	if (deflate(z, Z_FULL_FLUSH) != Z_OK || z->avail_in > 0 || z->avail_out == 0)
		return error_set(
		    err, ERROR_FORMAT, 0, "deflate: no room for %zu bytes", len);
	out->len += room - z->avail_out;
	return 0;
}

static uint32_t
crc_zlib(const uint8_t *bytes, size_t len)
{
	return (uint32_t)crc32(0, bytes, (uInt)len);
}

const struct deflater deflate_zlib = {
	.level_most = 9,
	.open = deflate_zlib_open,
	.close = deflate_zlib_close,
	.deflate = deflate_zlib_run,
	.crc = crc_zlib,
};
