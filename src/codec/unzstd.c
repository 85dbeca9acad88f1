/* zstd decoded, by libzstd. */
#include <zstd.h>
#include <zstd_errors.h>

#include "codec/frames.h"
#include "codec/zstd.h"
#include "lib/bytes.h"

/*
 * 128 MiB, what "zstd -d" takes without being asked and "pg_basebackup -Z zstd:long" writes.  A
 * frame says itself how much memory it needs, up to 2 GiB, and may come from anybody.
 */
enum { WINDOW_LOG_MOST = 27 };

/* What libzstd asks for goes up to the end of the header of the block after. */
enum { BLOCK_HEADER = 3 };

static int
unzstd_failed(size_t rc, struct error *err)
{
	switch (ZSTD_getErrorCode(rc)) {
	case ZSTD_error_memory_allocation:
		return error_memory(err);
	case ZSTD_error_dictionary_wrong:
		error_set(err, ERROR_STATE, 0, "zstd data needs a dictionary");
		return error_hint(
		    err, "Decompress it first, with \"zstd -d -D DICTIONARY\".");
	case ZSTD_error_frameParameter_windowTooLarge:
		error_set(err, ERROR_STATE, 0,
		    "zstd data needs more than 128 MiB of memory to be decoded");
		return error_hint(
		    err, "Decompress it first, with \"zstd -d --long=31\".");
	default:
		return error_set(err, ERROR_FORMAT, 0, "%s", ZSTD_getErrorName(rc));
	}
}

static int
unzstd_open(void **decoder, struct error *err)
{
	ZSTD_DCtx *z = ZSTD_createDCtx();
	size_t rc;

	if (z == NULL)
		return error_memory(err);
	rc = ZSTD_DCtx_setParameter(z, ZSTD_d_windowLogMax, WINDOW_LOG_MOST);
	if (ZSTD_isError(rc)) {
		ZSTD_freeDCtx(z);
		return unzstd_failed(rc, err);
	}
	*decoder = z;
	return 0;
}

static void
unzstd_close(void *decoder)
{
	ZSTD_freeDCtx(decoder);
}

static int
unzstd_begin(void *decoder, const uint8_t head[FRAMES_HEAD], struct error *err)
{
	size_t rc = ZSTD_DCtx_reset(decoder, ZSTD_reset_session_only);

	(void)head;
	return ZSTD_isError(rc) ? unzstd_failed(rc, err) : 0;
}

static int
unzstd_decode(void *decoder, const uint8_t *in, size_t *in_len, uint8_t *out,
    size_t *out_len, size_t *next, struct error *err)
{
	ZSTD_inBuffer from = { in, *in_len, 0 };
	ZSTD_outBuffer into = { out, *out_len, 0 };
	size_t rc = ZSTD_decompressStream(decoder, &into, &from);

	if (ZSTD_isError(rc))
		return unzstd_failed(rc, err);
	*in_len = from.pos;
	*out_len = into.pos;
	*next = rc > BLOCK_HEADER ? rc - BLOCK_HEADER : rc;
	return 0;
}

static const struct frames_format unzstd_format = {
	.name = "zstd",
	.magic = 0xfd2fb528,
	/* of zstd 0.2 to 0.7, from before August 2016: 0xfd2fb522 to 0xfd2fb527 */
	.old_magic = 0xfd2fb520,
	.old_mask = 0xfffffff8,
	.open = unzstd_open,
	.close = unzstd_close,
	.begin = unzstd_begin,
	.decode = unzstd_decode,
};

int
unzstd_push(struct source **s, struct error *err)
{
	return frames_push(s, &unzstd_format, NULL, err);
}

int
unzstd_late(struct store *store, uint64_t len, struct source **out, uint64_t *raw,
    struct error *err)
{
	return frames_late(&unzstd_format, store, len, out, raw, err);
}

/* ---- frames as chunks ---- */

/* RFC 8878, 3.1.1.1.1: of the byte that describes a frame. */
enum {
	LONGEST_HEADER = 14, /* without a dictionary */
	SINGLE_SEGMENT = 1 << 5,
	RESERVED = 1 << 3,
	HAS_CHECKSUM = 1 << 2,
	DICTIONARY_ID = 3,
	MAGIC = 4,
	CHECKSUM = 4,
	BLOCK_RLE = 1,
	BLOCK_RESERVED = 3
};

/* 3.1.1.1.2 */
static uint64_t
window_size(uint8_t descriptor)
{
	const uint64_t base = UINT64_C(1) << (10 + (descriptor >> 3));

	return base + base / 8 * (descriptor & 7);
}

static uint64_t
content_size(const uint8_t *field, unsigned bytes)
{
	uint64_t size = 0;

	for (unsigned i = 0; i < bytes; i++)
		size |= (uint64_t)field[i] << 8 * i;
	return bytes == 2 ? size + 256 : size; /* 3.1.1.1.4 */
}

/*
 * The length of the header of a frame that is a chunk; 0: it is not one.  LONGEST_HEADER bytes are there.
 */
static size_t
frame_header(const uint8_t *bytes)
{
	const uint8_t how = bytes[MAGIC];
	const bool is_single = (how & SINGLE_SEGMENT) != 0;
	const unsigned flag = how >> 6;
	const unsigned field = flag == 0 ? is_single : 1U << flag;
	const size_t at = is_single ? MAGIC + 1 : MAGIC + 2;

	if (get_u32le(bytes) != unzstd_format.magic ||
	    (how & (RESERVED | DICTIONARY_ID)) != 0 || (how & HAS_CHECKSUM) == 0 ||
	    field == 0 || content_size(bytes + at, field) > CHUNK_CONTENT_MOST ||
	    (!is_single &&
		window_size(bytes[MAGIC + 1]) > UINT64_C(1) << WINDOW_LOG_MOST))
		return 0;
	return at + field;
}

/*
 * A skippable frame is no chunk: it may be a table of those before it.
 * Without a checksum it would depend on the way of decoding what is made of a changed byte; without
 * the length of the content, how much memory it takes.
 */
static enum chunk_found
unzstd_find(const uint8_t *bytes, size_t len, uint64_t offset, size_t *seen, size_t *size,
    bool *has_content)
{
	bool is_last = false;
	size_t at;

	(void)offset;
	(void)seen;
	*has_content = true;
	if (len < LONGEST_HEADER)
		return CHUNK_MORE;
	if ((at = frame_header(bytes)) == 0)
		return CHUNK_NONE;
	while (!is_last) {
		uint32_t block; /* 3.1.1.2 */

		if (len < at + BLOCK_HEADER)
			return CHUNK_MORE;
		block = (uint32_t)bytes[at] | (uint32_t)bytes[at + 1] << 8 |
		    (uint32_t)bytes[at + 2] << 16;
		if ((block >> 1 & 3) == BLOCK_RESERVED)
			return CHUNK_NONE;
		is_last = block & 1;
		at += BLOCK_HEADER + ((block >> 1 & 3) == BLOCK_RLE ? 1 : block >> 3);
	}
	*size = at + CHECKSUM;
	return *size > len ? CHUNK_MORE : CHUNK_FOUND;
}

/* The whole frame at once, straight to where its content is wanted. */
static int
unzstd_decode_chunk(void *decoder, const uint8_t *bytes, size_t len, struct buf *out,
    struct codec_sum *sum, bool *is_sound, struct error *err)
{
	const unsigned long long room = ZSTD_getFrameContentSize(bytes, len);
	size_t rc;

	*is_sound = false;
	if (room > CHUNK_CONTENT_MOST)
		return 0;
	if (buf_reserve(out, (size_t)room, err))
		return -1;
	rc = ZSTD_decompressDCtx(decoder, out->data, (size_t)room, bytes, len);
	if (ZSTD_isError(rc))
		return ZSTD_getErrorCode(rc) == ZSTD_error_memory_allocation ?
		    error_memory(err) :
		    0;
	*is_sound = true;
	out->len = sum->len = rc;
	return 0;
}

static int
unzstd_resume(struct source **s, const struct chunk_state *state, struct error *err)
{
	return frames_push(s, &unzstd_format, state, err);
}

const struct chunk_methods unzstd_chunks = {
	.find = unzstd_find,
	.open = unzstd_open,
	.close = unzstd_close,
	.decode = unzstd_decode_chunk,
	.add = frames_add,
	.resume = unzstd_resume,
};
