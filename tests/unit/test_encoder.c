/* What is written in front of a frame and after it, whatever its library would do if it were let. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/bytes.h"
#include "support/codecrun.h"
#include "support/memstream.h"

enum { LARGE = (1024 + 64) * 1024 };

static uint8_t raw[LARGE];

static void
encode(const struct codec *codec, int level, size_t len, struct buf *out)
{
	buf_clear(out);
	codecrun_encode(codec, level, raw, &len, 1, out, NULL);
}

/* The low half of XXH64: RFC 8878, 3.1.1. */
static void
zstd_has_length_and_checksum(void **state)
{
	const struct codec *zstd = codecrun_codec("zstd");
	struct buf out = { 0 };

	(void)state;
	memcpy(raw, "abc", 3);
	for (int level = zstd->level_min; level <= zstd->level_max; level++) {
		encode(zstd, level, 3, &out);
		assert_int_equal(get_u32le(out.data), 0xfd2fb528);
		assert_int_equal(out.data[4], 0x24); /* one segment, a checksum */
		assert_int_equal(out.data[5], 3);
		assert_int_equal(get_u32le(out.data + out.len - 4), 0xad770999);
	}
	encode(zstd, zstd->level_default, 0, &out);
	assert_int_equal(out.data[5], 0);
	assert_int_equal(get_u32le(out.data + out.len - 4), 0x51d8e999);
	buf_free(&out);
}

/* 1 MiB at any level: what decodes it needs no more memory. */
static void
zstd_has_small_windows(void **state)
{
	const struct codec *zstd = codecrun_codec("zstd");
	struct buf out = { 0 };

	(void)state;
	codecrun_zeros(raw, LARGE);
	for (int level = zstd->level_default; level <= zstd->level_max; level += 4) {
		encode(zstd, level, LARGE, &out);
		assert_int_equal(out.data[4], 0x84); /* a length of 4 bytes, a checksum */
		assert_in_range(out.data[5], 0, (20 - 10) << 3);
		assert_int_equal(get_u32le(out.data + 6), LARGE);
	}
	buf_free(&out);
}

/* The frame format, 1.6: version 1, linked blocks, a length, a checksum of the content. */
enum { LZ4_FLAGS = 0x40 | 0x08 | 0x04 };

static void
lz4_has_length_and_checksum(void **state)
{
	const struct codec *lz4 = codecrun_codec("lz4");
	struct buf out = { 0 }, again = { 0 };
	struct error err = { 0 };

	(void)state;
	memcpy(raw, "abc", 3);
	for (int level = lz4->level_min; level <= lz4->level_max; level++) {
		encode(lz4, level, 3, &out);
		assert_int_equal(get_u32le(out.data), 0x184d2204);
		assert_int_equal(out.data[4], LZ4_FLAGS);
		assert_int_equal(get_u32le(out.data + 6), 3);
		assert_int_equal(get_u32le(out.data + 10), 0);
		assert_int_equal(get_u32le(out.data + out.len - 8), 0); /* the last */
		assert_int_equal(get_u32le(out.data + out.len - 4), 0x32d153ff);
		/* the checksum of the header is that of what it is now */
		assert_int_equal(
		    codecrun_decode(&out, 0, 512, MEMSTREAM_NEVER, &again, &err), 0);
		assert_int_equal(again.len, 3);
	}
	buf_free(&out);
	buf_free(&again);
}

/* liblz4 writes no length of no bytes: the checksum of the header is elsewhere then. */
static void
lz4_of_nothing(void **state)
{
	const struct codec *lz4 = codecrun_codec("lz4");
	struct buf out = { 0 }, again = { 0 };
	struct error err = { 0 };

	(void)state;
	encode(lz4, lz4->level_default, 0, &out);
	assert_int_equal(out.data[4] | 0x08, LZ4_FLAGS);
	assert_int_equal(get_u32le(out.data + out.len - 4), 0x02cc5d05);
	assert_int_equal(codecrun_decode(&out, 0, 512, MEMSTREAM_NEVER, &again, &err), 0);
	assert_int_equal(again.len, 0);
	buf_free(&out);
	buf_free(&again);
}

/* Blocks of 256 KiB, as pg_basebackup has them. */
static void
lz4_has_large_blocks(void **state)
{
	const struct codec *lz4 = codecrun_codec("lz4");
	struct buf out = { 0 };

	(void)state;
	codecrun_pages(raw, LARGE);
	encode(lz4, lz4->level_default, LARGE, &out);
	assert_int_equal(out.data[5], 0x50);
	assert_int_equal(get_u32le(out.data + 6), LARGE);
	buf_free(&out);
}

static void
of_none_is_freed(void **state)
{
	(void)state;
	for (const struct codec *c = codecs; c->name; c++)
		if (c->methods->encoder_free)
			c->methods->encoder_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zstd_has_length_and_checksum),
		cmocka_unit_test(zstd_has_small_windows),
		cmocka_unit_test(lz4_has_length_and_checksum),
		cmocka_unit_test(lz4_of_nothing),
		cmocka_unit_test(lz4_has_large_blocks),
		cmocka_unit_test(of_none_is_freed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
