/* zstd, by libzstd: each block of the stream is a frame, which knows its length and checksum. */
#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "codec/frametable.h"
#include "codec/zstd.h"

/*
 * A window of 1 MiB, which is a block.  From level 10 on zstd's own windows are larger, and so are
 * its tables for the few blocks that are longer than one: 81 MiB a worker at level 19, seen with
 * 1.5.4, where this has 17.
 */
enum { WINDOW_LOG = 20 };

struct encoder {
	ZSTD_CCtx *z;
};

static int
zstd_failed(size_t rc, struct error *err)
{
	if (ZSTD_getErrorCode(rc) == ZSTD_error_memory_allocation)
		return error_memory(err);
	return error_set(err, ERROR_STATE, 0, "zstd: %s", ZSTD_getErrorName(rc));
}

static void
zstd_encoder_free(struct encoder *e)
{
	if (e == NULL)
		return;
	ZSTD_freeCCtx(e->z);
	free(e);
}

static int
set_up(ZSTD_CCtx *z, int level, struct error *err)
{
	const struct {
		ZSTD_cParameter what;
		int value;
	} rows[] = {
		{ ZSTD_c_compressionLevel, level },
		{ ZSTD_c_windowLog, WINDOW_LOG },
		/* zstd leaves it out, and would take many changed bytes for sound */
		{ ZSTD_c_checksumFlag, 1 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t rc = ZSTD_CCtx_setParameter(z, rows[i].what, rows[i].value);

		if (ZSTD_isError(rc))
			return zstd_failed(rc, err);
	}
	return 0;
}

static int
zstd_encoder_new(struct encoder **out, int level, struct error *err)
{
	struct encoder *e = calloc(1, sizeof(*e));

	if (e)
		e->z = ZSTD_createCCtx();
	if (e == NULL || e->z == NULL) {
		free(e);
		return error_memory(err);
	}
	if (set_up(e->z, level, err)) {
		zstd_encoder_free(e);
		return -1;
	}
	*out = e;
	return 0;
}

static int
zstd_encode(struct encoder *e, const uint8_t *bytes, size_t len, struct buf *out,
    struct codec_sum *sum, struct error *err)
{
	size_t room = ZSTD_compressBound(len), rc;

	if (buf_reserve(out, room, err))
		return -1;
	rc = ZSTD_compress2(e->z, out->data + out->len, room, bytes, len);
	if (ZSTD_isError(rc))
		return zstd_failed(rc, err);
	out->len += rc;
	sum->len = len;
	return 0;
}

const struct codec_methods zstd_methods = {
	.encoder_new = zstd_encoder_new,
	.encoder_free = zstd_encoder_free,
	.encode = zstd_encode,
	.table = frametable_write,
	.decode = unzstd_push,
	.decode_late = unzstd_late,
	.chunks = &unzstd_chunks,
};
