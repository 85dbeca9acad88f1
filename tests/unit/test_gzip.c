/* Blocks deflated each by itself are one gzip member, whatever is in them. */
/* zlib takes const bytes only so */
#define ZLIB_CONST
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "codec/gzip.h"
#include "support/codecrun.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { MOST = (1024 + 64) * 1024 }; /* the largest block that the pipeline makes */

static uint8_t raw[4 * MOST], again[4 * MOST];

/* ---- what is in a block ---- */

struct content {
	const char *name;
	void (*fill)(uint8_t *into, size_t len);
};

static struct content contents[] = {
	{ "zeros", codecrun_zeros },
	{ "pages", codecrun_pages },
	/* the worst that there is for the room of the output */
	{ "noise", codecrun_noise },
};

/* ---- one member ---- */

/* Encode raw[0..) in blocks of these lengths, between head and tail, into ${out}. */
static void
encode(int level, const size_t *lens, size_t count, struct buf *out)
{
	struct codec_sum whole = { 0 };
	struct error err = { 0 };
	uint8_t edge[CODEC_EDGE];
	struct encoder *e;
	size_t at = 0;

	assert_int_equal(gzip_methods.encoder_new(&e, level, &err), 0);
	assert_int_equal(buf_append(out, edge, gzip_methods.head(level, edge), &err), 0);
	for (size_t i = 0; i < count; i++) {
		struct codec_sum sum;

		assert_int_equal(
		    gzip_methods.encode(e, raw + at, lens[i], out, &sum, &err), 0);
		assert_int_equal(sum.len, lens[i]);
		gzip_methods.add(&whole, &sum);
		at += lens[i];
	}
	assert_int_equal(buf_append(out, edge, gzip_methods.tail(&whole, edge), &err), 0);
	gzip_methods.encoder_free(e);
}

/* How many bytes of ${in} inflate needs to give ${len} bytes; 0: it does not. */
static size_t
inflate_all(const uint8_t *in, size_t in_len, size_t len)
{
	z_stream z = { .next_in = in, .avail_in = (uInt)in_len };
	size_t used = 0;

	assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
	z.next_out = again;
	z.avail_out = sizeof(again);
	if (inflate(&z, Z_FINISH) == Z_STREAM_END && z.total_out == len &&
	    memcmp(raw, again, len) == 0)
		used = in_len - z.avail_in;
	inflateEnd(&z);
	return used;
}

static void
check_content(void **state)
{
	static const size_t lens[][4] = { { 0, 0, 0, 0 }, { 1, 0, 0, 0 }, { 0, 1, 2, 3 },
		{ 65535, 65536, 65537, 32768 }, { MOST, 1, MOST, 5 } };
	const struct content *content = *state;
	const struct codec *gzip = codec_by_name("gzip");

	for (size_t i = 0; i < COUNT(lens); i++) {
		size_t total = lens[i][0] + lens[i][1] + lens[i][2] + lens[i][3];

		content->fill(raw, total);
		for (int level = gzip->level_min; level <= gzip->level_max; level++) {
			struct buf out = { 0 };

			encode(level, lens[i], 4, &out);
			assert_int_equal(inflate_all(out.data, out.len, total), out.len);
			buf_free(&out);
		}
	}
}

/* Cut anywhere it is no whole member: there is no end of it inside. */
static void
a_cut_member_is_not_whole(void **state)
{
	static const size_t lens[] = { 300, 300, 0, 300 };
	struct buf out = { 0 };

	(void)state;
	codecrun_pages(raw, 900);
	encode(2, lens, 4, &out);
	for (size_t at = 0; at < out.len; at++)
		assert_int_equal(inflate_all(out.data, at, 900), 0);
	buf_free(&out);
}

/* What a block becomes does not depend on the blocks before it. */
static void
blocks_stand_alone(void **state)
{
	struct error err = { 0 };
	struct encoder *e;
	struct buf one = { 0 }, two = { 0 };
	struct codec_sum sum;

	(void)state;
	codecrun_pages(raw, 100000);
	assert_int_equal(gzip_encoder_new(&e, 6, &err), 0);
	assert_int_equal(gzip_encode(e, raw, 100000, &one, &sum, &err), 0);
	assert_int_equal(sum.crc, crc32(0, raw, 100000));
	assert_int_equal(gzip_encode(e, raw, 100000, &two, &sum, &err), 0);
	assert_int_equal(one.len, two.len);
	assert_memory_equal(one.data, two.data, one.len);
	gzip_encoder_free(e);
	gzip_encoder_free(NULL);
	buf_free(&one);
	buf_free(&two);
}

/* The length in the trailer is that of the stream modulo 2^32, its CRC is exact. */
static void
sums_beyond_4_gib(void **state)
{
	const struct codec_sum block = { (uint32_t)crc32(0, raw, 1 << 20), 1 << 20 };
	struct codec_sum whole = { 0 };
	uLong crc = 0;
	uint8_t tail[CODEC_EDGE];

	(void)state;
	for (size_t i = 0; i < 4097; i++) {
		gzip_add(&whole, &block);
		crc = crc32_combine(crc, block.crc, 1 << 20);
	}
	assert_int_equal(gzip_tail(&whole, tail), 10);
	assert_int_equal(whole.len, (uint64_t)4097 << 20);
	assert_int_equal(whole.crc, crc);
	assert_memory_equal(tail + 6, "\0\0\x10\0", 4);
}

static void
head_is_of_rfc_1952(void **state)
{
	uint8_t head[CODEC_EDGE];

	(void)state;
	assert_int_equal(gzip_head(1, head), 10);
	assert_memory_equal(head, "\x1f\x8b\x08\0\0\0\0\0\4\3", 10);
	gzip_head(2, head);
	assert_memory_equal(head, "\x1f\x8b\x08\0\0\0\0\0\0\3", 10);
	gzip_head(9, head);
	assert_memory_equal(head, "\x1f\x8b\x08\0\0\0\0\0\2\3", 10);
}

int
main(void)
{
	const struct CMUnitTest fixed[] = {
		cmocka_unit_test(a_cut_member_is_not_whole),
		cmocka_unit_test(blocks_stand_alone),
		cmocka_unit_test(sums_beyond_4_gib),
		cmocka_unit_test(head_is_of_rfc_1952),
	};
	struct CMUnitTest tests[COUNT(contents) + COUNT(fixed)];

	for (size_t i = 0; i < COUNT(contents); i++)
		tests[i] = (struct CMUnitTest){ .name = contents[i].name,
			.test_func = check_content,
			.initial_state = &contents[i] };
	memcpy(tests + COUNT(contents), fixed, sizeof(fixed));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
