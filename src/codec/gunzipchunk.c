/*
 * A flush ends with an empty stored block, 00 00 FF FF to the next byte boundary (RFC 1951, 3.2.4).
 * The same four bytes may stand anywhere in compressed data, once in 4 GiB of it, and a flush may
 * leave what came before to be referred to (Z_SYNC_FLUSH): so where they stand is a guess.  It was
 * right if what is between two of them decodes from an empty window, ends where a block does, and
 * the whole is not over.  Then zlib would be in the same state there, had it decoded all before.
 */
#include "codec/gunzipchunk.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "codec/deflate.h"
#include "codec/gunzip.h"

/* RFC 1952, 2.3: as gzip.c writes it, whatever the time, the level and the system. */
static const uint8_t head[] = { 0x1f, 0x8b, 8, 0 };

enum { HEAD = 10, FLUSH = 4 };

static enum chunk_found
gunzip_find(const uint8_t *bytes, size_t len, uint64_t offset, size_t *seen, size_t *size,
    bool *has_content)
{
	const uint8_t *at;

	*has_content = offset > 0;
	if (offset == 0) {
		*size = HEAD;
		return len < HEAD                          ? CHUNK_MORE :
		    memcmp(bytes, head, sizeof(head)) == 0 ? CHUNK_FOUND :
							     CHUNK_NONE;
	}
	if (*seen < FLUSH - 2)
		*seen = FLUSH - 2; /* there may be the third of the four bytes */
	while (*seen + 1 < len &&
	    (at = memchr(bytes + *seen, 0xff, len - *seen - 1)) != NULL) {
		*seen = (size_t)(at - bytes) + 1;
		if (at[1] == 0xff && at[-1] == 0 && at[-2] == 0) {
			*size = *seen + 1;
			return CHUNK_FOUND;
		}
	}
	if (len > 0 && *seen < len - 1)
		*seen = len - 1;
	return CHUNK_MORE;
}

/* ISA-L is twice as fast; what it does not take for sound is decoded again by zlib. */
static const struct inflater *
inflater(void)
{
	return inflate_isal.open ? &inflate_isal : &inflate_zlib;
}

static int
gunzip_open_chunks(void **decoder, struct error *err)
{
	return inflater()->open(decoder, err);
}

static void
gunzip_close_chunks(void *decoder)
{
	inflater()->close(decoder);
}

static int
gunzip_decode_chunk(void *decoder, const uint8_t *bytes, size_t len, struct buf *out,
    struct codec_sum *sum, bool *is_sound, struct error *err)
{
	if (inflater()->inflate(decoder, bytes, len, out, is_sound, err))
		return -1;
	sum->len = out->len;
	if (*is_sound)
		sum->crc = inflater()->crc(out->data, out->len);
	return 0;
}

static void
gunzip_add(struct chunk_state *state, size_t packed, const struct codec_sum *sum)
{
	(void)packed;
	state->sum.crc =
	    (uint32_t)crc32_combine(state->sum.crc, sum->crc, (z_off_t)sum->len);
	state->sum.len += sum->len;
}

const struct chunk_methods gunzip_chunks = {
	.is_guess = true,
	.find = gunzip_find,
	.open = gunzip_open_chunks,
	.close = gunzip_close_chunks,
	.decode = gunzip_decode_chunk,
	.add = gunzip_add,
	.resume = gunzip_resume,
};
