/* lz4, by liblz4: each block of the stream is a frame, which knows its length and checksum. */
#include <lz4frame.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "codec/frametable.h"
#include "codec/lz4.h"
#include "lib/bytes.h"

/*
 * A frame begins with 4 magic bytes, its descriptor (flags, the size of blocks, and the length of the
 * content where the flags say so), and a byte of the descriptor's checksum: lz4_Frame_format.md, "Frame
 * Descriptor".
 */
enum { MAGIC = 4, DESCRIPTOR = 2, CONTENT_SIZE = 8, CHECKSUM = 4 };
enum { HAS_CONTENT_CHECKSUM = 0x04, HAS_CONTENT_SIZE = 0x08 }; /* flags */

struct encoder {
	LZ4F_cctx *z;
	LZ4F_preferences_t preferences;
};

static int
lz4_failed(size_t rc, struct error *err)
{
	const char *name = LZ4F_getErrorName(rc);

	if (strcmp(name, "ERROR_allocation_failed") == 0)
		return error_memory(err);
	return error_set(err, ERROR_STATE, 0, "lz4: %s", name);
}

static void
lz4_encoder_free(struct encoder *e)
{
	if (e == NULL)
		return;
	LZ4F_freeCompressionContext(e->z);
	free(e);
}

static int
lz4_encoder_new(struct encoder **out, int level, struct error *err)
{
	struct encoder *e = calloc(1, sizeof(*e));
	size_t rc;

	if (e == NULL)
		return error_memory(err);
	e->preferences = (LZ4F_preferences_t){
		.frameInfo = {
		    /* as pg_basebackup has them: the blocks of a frame refer to those before */
		    .blockSizeID = LZ4F_max256KB,
		    .blockMode = LZ4F_blockLinked,
		    /* seal() adds it */
		    .contentChecksumFlag = LZ4F_noContentChecksum,
		},
		.compressionLevel = level,
		.autoFlush = 1,
	};
	rc = LZ4F_createCompressionContext(&e->z, LZ4F_VERSION);
	if (LZ4F_isError(rc)) {
		free(e);
		return lz4_failed(rc, err);
	}
	*out = e;
	return 0;
}

/* The frame of a block: its beginning, all of its content, and its end. */
static size_t
put_frame(struct encoder *e, const uint8_t *bytes, size_t len, uint8_t *out, size_t room)
{
	size_t used = LZ4F_compressBegin(e->z, out, room, &e->preferences), rc;

	if (LZ4F_isError(used))
		return used;
	rc = LZ4F_compressUpdate(e->z, out + used, room - used, bytes, len, NULL);
	if (LZ4F_isError(rc))
		return rc;
	used += rc;
	rc = LZ4F_compressEnd(e->z, out + used, room - used, NULL);
	return LZ4F_isError(rc) ? rc : used + rc;
}

/*
 * Add the checksum of the content to a frame of ${used} bytes, and say so in its descriptor: lz4(1)
 * would take many changed bytes for sound without it.  liblz4 can do so itself, but as distributions
 * build it that takes as long as compressing: its XXH32 is made of vector instructions that x86-64
 * lacks.  libxxhash keeps the compiler from that, and is three times as fast.
 */
static size_t
seal(uint8_t *frame, size_t used, const uint8_t *bytes, size_t len)
{
	uint8_t *descriptor = frame + MAGIC;
	size_t descriptor_len = DESCRIPTOR;

	if (descriptor[0] & HAS_CONTENT_SIZE) /* liblz4 leaves out that of no bytes */
		descriptor_len += CONTENT_SIZE;
	descriptor[0] |= HAS_CONTENT_CHECKSUM;
	descriptor[descriptor_len] = (uint8_t)(XXH32(descriptor, descriptor_len, 0) >> 8);
	put_u32le(frame + used, XXH32(bytes, len, 0));
	return used + CHECKSUM;
}

static int
lz4_encode(struct encoder *e, const uint8_t *bytes, size_t len, struct buf *out,
    struct codec_sum *sum, struct error *err)
{
	size_t room =
	    LZ4F_HEADER_SIZE_MAX + LZ4F_compressBound(len, &e->preferences) + CHECKSUM;
	size_t rc;

	if (buf_reserve(out, room, err))
		return -1;
	e->preferences.frameInfo.contentSize = len;
	rc = put_frame(e, bytes, len, out->data + out->len, room - CHECKSUM);
	if (LZ4F_isError(rc))
		return lz4_failed(rc, err);
	out->len += seal(out->data + out->len, rc, bytes, len);
	sum->len = len;
	return 0;
}

const struct codec_methods lz4_methods = {
	.encoder_new = lz4_encoder_new,
	.encoder_free = lz4_encoder_free,
	.encode = lz4_encode,
	.table = frametable_write,
	.decode = unlz4_push,
	.decode_late = unlz4_late,
	.chunks = &unlz4_chunks,
};
