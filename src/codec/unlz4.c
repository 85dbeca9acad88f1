/* lz4 decoded, by liblz4. */
#include <lz4frame.h>
#include <string.h>

#include "codec/frames.h"
#include "codec/lz4.h"

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
	return frames_push(s, &unlz4_format, err);
}

int
unlz4_late(struct store *store, uint64_t len, struct source **out, uint64_t *raw,
    struct error *err)
{
	return frames_late(&unlz4_format, store, len, out, raw, err);
}
