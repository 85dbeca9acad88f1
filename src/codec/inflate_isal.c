/* Chunks inflated by ISA-L. */
#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>
#include <stdlib.h>

#include "codec/deflate.h"

/* What a block of the pipeline has, but for few, and where the buffer begins to grow. */
enum { USUAL = (1024 + 64) * 1024 };

/*
 * A final block with nothing in it, from a byte boundary on (gzip.c).  ISA-L does not tell whether it
 * stands at the end of a block.  If it does, these bytes end the stream with their last bit; from
 * anywhere else the first of them is no header, and they hold no other that is final.
 */
static uint8_t last_block[] = { 3, 0 };

static int
inflate_isal_open(void **state, struct error *err)
{
	*state = malloc(sizeof(struct inflate_state));
	return *state ? 0 : error_memory(err);
}

/* All the input that it has been given, or as much as may be; *rc is what ISA-L says. */
static int
inflate_isal_some(struct inflate_state *z, struct buf *out, int *rc, struct error *err)
{
	size_t room;

	do {
		if (buf_reserve(out, out->len < USUAL ? USUAL - out->len : USUAL, err))
			return -1;
		room = out->cap - 1 - out->len;
		z->next_out = out->data + out->len;
		z->avail_out = (uint32_t)room;
		*rc = isal_inflate(z);
		out->len += room - z->avail_out;
	} while (
	    *rc == ISAL_DECOMP_OK && z->avail_out == 0 && out->len < CHUNK_CONTENT_MOST);
	return 0;
}

static int
inflate_isal_run(void *state, const uint8_t *bytes, size_t len, struct buf *out,
    bool *is_sound, struct error *err)
{
	struct inflate_state *z = state;
	int rc;

	*is_sound = false;
	isal_inflate_init(z);
	/* ISA-L does not write there */
	z->next_in = (uint8_t *)(uintptr_t)bytes;
	z->avail_in = (uint32_t)len;
	if (inflate_isal_some(z, out, &rc, err))
		return -1;
	if (rc != ISAL_DECOMP_OK || z->avail_in > 0 || z->avail_out == 0 ||
	    z->block_state == ISAL_BLOCK_FINISH)
		return 0;
	len = out->len;
	z->next_in = last_block;
	z->avail_in = sizeof(last_block);
	if (inflate_isal_some(z, out, &rc, err))
		return -1;
	*is_sound = rc == ISAL_DECOMP_OK && z->block_state == ISAL_BLOCK_FINISH &&
	    z->avail_in == 0 && out->len == len && len <= CHUNK_CONTENT_MOST;
	return 0;
}

static uint32_t
crc_isal(const uint8_t *bytes, size_t len)
{
	return crc32_gzip_refl(0, bytes, len);
}

const struct inflater inflate_isal = {
	.open = inflate_isal_open,
	.close = free,
	.inflate = inflate_isal_run,
	.crc = crc_isal,
};
