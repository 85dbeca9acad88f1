/* zstd decoded, by libzstd. */
#include <zstd.h>
#include <zstd_errors.h>

#include "codec/frames.h"
#include "codec/zstd.h"

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
	return frames_push(s, &unzstd_format, err);
}

int
unzstd_late(struct store *store, uint64_t len, struct source **out, uint64_t *raw,
    struct error *err)
{
	return frames_late(&unzstd_format, store, len, out, raw, err);
}
