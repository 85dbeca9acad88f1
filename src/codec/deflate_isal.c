/* Blocks deflated by ISA-L. */
#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "codec/deflate.h"

/* The memory that a level works with: at most 340 kB. */
static const uint32_t level_bufs[] = { 0, ISAL_DEF_LVL1_DEFAULT, ISAL_DEF_LVL2_DEFAULT,
	ISAL_DEF_LVL3_DEFAULT };

enum { LEVELS = sizeof(level_bufs) / sizeof(level_bufs[0]) - 1 };

struct isal_deflater {
	struct isal_zstream z;
	uint32_t level;
	_Alignas(16) uint8_t level_buf[]; /* ISA-L has structs there */
};

static int
deflate_isal_open(void **state, int level, struct error *err)
{
	struct isal_deflater *d = calloc(1, sizeof(*d) + level_bufs[level]);

	if (d == NULL)
		return error_memory(err);
	d->level = (uint32_t)level;
	*state = d;
	return 0;
}

static void
begin_block(struct isal_deflater *d)
{
	isal_deflate_init(&d->z);
	d->z.level = d->level;
	d->z.level_buf = d->level_buf;
	d->z.level_buf_size = level_bufs[d->level];
	/* so that a decoder may begin after any block */
	d->z.flush = FULL_FLUSH;
	d->z.end_of_stream = 0;
}

/* ISA-L's interface for what is whole, isal_deflate_stateless(), does not end stored blocks so. */
static bool
is_flushed(const uint8_t *out, size_t len)
{
	return len >= 4 && memcmp(out + len - 4, "\0\0\xff\xff", 4) == 0;
}

static int
deflate_isal_run(
    void *state, const uint8_t *bytes, size_t len, struct buf *out, struct error *err)
{
	struct isal_deflater *d = state;
	/* ISA-L stores what it cannot make smaller; 64: the flush, and what little blocks cost */
	size_t room = compressBound((uLong)len) + 64;

	if (buf_reserve(out, room, err))
		return -1;
	begin_block(d);
	/* ISA-L does not write there */
	d->z.next_in = (uint8_t *)(uintptr_t)bytes;
	d->z.avail_in = (uint32_t)len;
	d->z.next_out = out->data + out->len;
	d->z.avail_out = (uint32_t)room;
	if (isal_deflate(&d->z) != COMP_OK || d->z.avail_in > 0 || d->z.avail_out == 0 ||
	    !is_flushed(out->data + out->len, room - d->z.avail_out))
		return error_set(
		    err, ERROR_FORMAT, 0, "isal_deflate: no room for %zu bytes", len);
	out->len += room - d->z.avail_out;
	return 0;
}

static uint32_t
crc_isal(const uint8_t *bytes, size_t len)
{
	return crc32_gzip_refl(0, bytes, len);
}

const struct deflater deflate_isal = {
	.level_most = LEVELS,
	.open = deflate_isal_open,
	.close = free,
	.deflate = deflate_isal_run,
	.crc = crc_isal,
};
