/* lz4 decoded, by liblz4. */
#include <lz4.h>
#include <lz4frame.h>
#include <string.h>
#include <xxhash.h>

#include "codec/frames.h"
#include "codec/lz4.h"
#include "lib/bytes.h"

/* What liblz4 asks for goes up to the end of the header of the block after. */
enum { BLOCK_HEADER = 4 };

/* Of the byte that describes a frame: the number of a dictionary follows. */
enum { HAS_DICTIONARY = 1 };

static int
unlz4_failed(size_t rc, struct error *err)
{
	const char *name = LZ4F_getErrorName(rc);

	if (strcmp(name, "ERROR_allocation_failed") == 0)
		return error_memory(err);
	return error_set(err, ERROR_FORMAT, 0, "%s", name);
}

static int
unlz4_open(void **decoder, struct error *err)
{
	LZ4F_dctx *z;
	size_t rc = LZ4F_createDecompressionContext(&z, LZ4F_VERSION);

	if (LZ4F_isError(rc))
		return unlz4_failed(rc, err);
	*decoder = z;
	return 0;
}

static void
unlz4_close(void *decoder)
{
	LZ4F_freeDecompressionContext(decoder);
}

/* Without its dictionary liblz4 would decode such a frame to other bytes. */
static int
unlz4_begin(void *decoder, const uint8_t head[FRAMES_HEAD], struct error *err)
{
	LZ4F_resetDecompressionContext(decoder);
	if ((head[4] & HAS_DICTIONARY) == 0)
		return 0;
	error_set(err, ERROR_STATE, 0, "lz4 data needs a dictionary");
	return error_hint(err, "Decompress it first, with \"lz4 -d -D DICTIONARY\".");
}

static int
unlz4_decode(void *decoder, const uint8_t *in, size_t *in_len, uint8_t *out,
    size_t *out_len, size_t *next, struct error *err)
{
	size_t rc = LZ4F_decompress(decoder, out, out_len, in, in_len, NULL);

	if (LZ4F_isError(rc))
		return unlz4_failed(rc, err);
	*next = rc > BLOCK_HEADER ? rc - BLOCK_HEADER : rc;
	return 0;
}

static const struct frames_format unlz4_format = {
	.name = "lz4",
	.magic = 0x184d2204,
	/* of lz4 before 1.0, and of Linux kernels */
	.old_magic = 0x184c2102,
	.old_mask = 0xffffffff,
	.open = unlz4_open,
	.close = unlz4_close,
	.begin = unlz4_begin,
	.decode = unlz4_decode,
};

int
unlz4_push(struct source **s, struct error *err)
{
	return frames_push(s, &unlz4_format, NULL, err);
}

int
unlz4_late(struct store *store, uint64_t len, struct source **out, uint64_t *raw,
    struct error *err)
{
	return frames_late(&unlz4_format, store, len, out, raw, err);
}

/* ---- frames as chunks ---- */

/* The frame format, 1.6: of the byte that describes a frame. */
enum {
	VERSION = 3 << 6,
	VERSION_1 = 1 << 6,
	HAS_BLOCK_CHECKSUM = 1 << 4,
	HAS_CONTENT_SIZE = 1 << 3,
	HAS_CHECKSUM = 1 << 2,
	RESERVED = 1 << 1,
	MAGIC = 4,
	HEADER = MAGIC + 2 + 8 + 1, /* with a length, and without a dictionary */
	CHECKSUM = 4
};
#define BLOCK_IS_RAW UINT32_C(0x80000000)

static uint64_t
content_size(const uint8_t *bytes)
{
	return get_u32le(bytes + MAGIC + 2) |
	    (uint64_t)get_u32le(bytes + MAGIC + 2 + 4) << 32;
}

static bool
is_chunk(const uint8_t *bytes)
{
	const unsigned wanted = VERSION_1 | HAS_CONTENT_SIZE | HAS_CHECKSUM;

	return get_u32le(bytes) == unlz4_format.magic &&
	    (bytes[MAGIC] & (wanted | VERSION | RESERVED | HAS_DICTIONARY)) == wanted &&
	    content_size(bytes) <= CHUNK_CONTENT_MOST;
}

/*
 * A skippable frame is no chunk: it may be a table of those before it.
 * Without a checksum it would depend on the way of decoding what is made of a changed byte; without
 * the length of the content, how much memory it takes.
 */
static enum chunk_found
unlz4_find(const uint8_t *bytes, size_t len, uint64_t offset, size_t *seen, size_t *size,
    bool *has_content)
{
	size_t at = HEADER;
	uint32_t block;

	(void)offset;
	(void)seen;
	*has_content = true;
	if (len < HEADER)
		return CHUNK_MORE;
	if (!is_chunk(bytes))
		return CHUNK_NONE;
	do {
		if (len < at + BLOCK_HEADER)
			return CHUNK_MORE;
		block = get_u32le(bytes + at);
		at += BLOCK_HEADER;
		if (block != 0)
			at += (block & ~BLOCK_IS_RAW) +
			    (bytes[MAGIC] & HAS_BLOCK_CHECKSUM ? CHECKSUM : 0);
	} while (block != 0 && at <= CHUNK_MOST);
	*size = at + CHECKSUM;
	return *size > CHUNK_MOST ? CHUNK_NONE : *size > len ? CHUNK_MORE : CHUNK_FOUND;
}

/* The whole frame at once, straight to where its content is wanted. */
static int
unlz4_decode_chunk(void *decoder, const uint8_t *bytes, size_t len, struct buf *out,
    struct codec_sum *sum, bool *is_sound, struct error *err)
{
	const size_t want = (size_t)content_size(bytes);
	LZ4F_decompressOptions_t options = { 0 };
	size_t in_len = len, out_len = want, rc;

	/* what was decoded stays where it is: the blocks that refer to it need no copy */
	options.stableDst = 1;
#if LZ4_VERSION_NUMBER >= 10904 /* libxxhash is faster: lz4.c */
	options.skipChecksums = (bytes[MAGIC] & HAS_BLOCK_CHECKSUM) == 0;
#endif

	*is_sound = false;
	if (buf_reserve(out, want, err))
		return -1;
	LZ4F_resetDecompressionContext(decoder);
	rc = LZ4F_decompress(decoder, out->data, &out_len, bytes, &in_len, &options);
	if (LZ4F_isError(rc))
		return strcmp(LZ4F_getErrorName(rc), "ERROR_allocation_failed") == 0 ?
		    error_memory(err) :
		    0;
	*is_sound = rc == 0 && in_len == len && out_len == want &&
	    XXH32(out->data, want, 0) == get_u32le(bytes + len - CHECKSUM);
	out->len = sum->len = out_len;
	return 0;
}

static int
unlz4_resume(struct source **s, const struct chunk_state *state, struct error *err)
{
	return frames_push(s, &unlz4_format, state, err);
}

const struct chunk_methods unlz4_chunks = {
	.find = unlz4_find,
	.open = unlz4_open,
	.close = unlz4_close,
	.decode = unlz4_decode_chunk,
	.add = frames_add,
	.resume = unlz4_resume,
};
