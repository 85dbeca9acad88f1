/* Chunks inflated by zlib. */
/* its next_in takes const bytes only so */
#define ZLIB_CONST
#include <stdlib.h>
#include <zlib.h>

#include "codec/deflate.h"

/* What a block of the pipeline has, but for few, and where the buffer begins to grow. */
enum { USUAL = (1024 + 64) * 1024 };

/* zlib.h, inflate(): what data_type says. */
enum { UNUSED_BITS = 63, IN_LAST_BLOCK = 64, AFTER_BLOCK = 128 };

static int
inflate_zlib_open(void **state, struct error *err)
{
	z_stream *z = calloc(1, sizeof(*z));

	if (z == NULL)
		return error_memory(err);
	if (inflateInit2(z, -15) != Z_OK) {
		free(z);
		return error_memory(err);
	}
	*state = z;
	return 0;
}

static void
inflate_zlib_close(void *state)
{
	inflateEnd(state);
	free(state);
}

static int
inflate_zlib_run(void *state, const uint8_t *bytes, size_t len, struct buf *out,
    bool *is_sound, struct error *err)
{
	z_stream *z = state;
	size_t room;
	int rc;

	inflateReset(z);
	z->next_in = bytes;
	z->avail_in = (uInt)len;
	do {
		if (buf_reserve(out, out->len < USUAL ? USUAL - out->len : USUAL, err))
			return -1;
		room = out->cap - 1 - out->len;
		z->next_out = out->data + out->len;
		z->avail_out = (uInt)room;
		rc = inflate(z, Z_SYNC_FLUSH);
		out->len += room - z->avail_out;
	} while (rc == Z_OK && z->avail_out == 0 && out->len < CHUNK_CONTENT_MOST);
	if (rc == Z_MEM_ERROR)
		return error_memory(err);
	*is_sound = (rc == Z_OK || rc == Z_BUF_ERROR) && z->avail_in == 0 &&
	    out->len <= CHUNK_CONTENT_MOST &&
	    (z->data_type & (UNUSED_BITS | IN_LAST_BLOCK | AFTER_BLOCK)) == AFTER_BLOCK;
	return 0;
}

static uint32_t
crc_zlib(const uint8_t *bytes, size_t len)
{
	return (uint32_t)crc32(0, bytes, (uInt)len);
}

const struct inflater inflate_zlib = {
	.open = inflate_zlib_open,
	.close = inflate_zlib_close,
	.inflate = inflate_zlib_run,
	.crc = crc_zlib,
};
