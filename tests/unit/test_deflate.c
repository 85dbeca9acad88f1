/* The libraries that deflate for gzip, and inflate: each alone, and each what the other made. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "codec/deflate.h"
#include "support/codecrun.h"
#include "support/rows.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct deflater *const deflaters[] = { &deflate_zlib, &deflate_isal };
static const struct inflater *const inflaters[] = { &inflate_zlib, &inflate_isal };

enum { BLOCK = 40000 }; /* more than deflate refers back */

static uint8_t raw[BLOCK];

/* ---- what is inflated ---- */

/* Raw deflate by hand: RFC 1951, 3.2.4 has stored blocks, 3.2.6 the fixed codes. */
struct chunk {
	const char *name;
	const char *bytes;
	size_t len;
	const char *content; /* NULL: it is not a sound chunk */
};

#define BYTES(text) text, sizeof(text) - 1
#define STORED_ABC \
	"\x00\x03\x00\xfc\xff" \
	"abc"
#define FLUSH "\x00\x00\x00\xff\xff"

static const struct chunk chunks[] = {
	{ "an empty stored block", BYTES(FLUSH), "" },
	{ "a stored block", BYTES(STORED_ABC), "abc" },
	{ "two of them", BYTES(STORED_ABC STORED_ABC), "abcabc" },
	{ "a block and a flush", BYTES(STORED_ABC FLUSH), "abc" },
	/* 010 and the codes of a, b, c, and of the end; then the header 000 of the flush */
	{ "fixed codes, and a flush", BYTES("\x4a\x4c\x4a\x06\x00\x00\x00\xff\xff"),
	    "abc" },
	{ "without its last byte",
	    BYTES("\x00\x03\x00\xfc\xff"
		  "ab"),
	    NULL },
	{ "a length that is cut", BYTES("\x00\x03\x00"), NULL },
	{ "a length without its complement",
	    BYTES("\x00\x03\x00\xfc\xfe"
		  "abc"),
	    NULL },
	{ "within a block of fixed codes", BYTES("\x4a\x4c"), NULL },
	{ "the last block",
	    BYTES("\x01\x03\x00\xfc\xff"
		  "abc"),
	    NULL },
	{ "an empty last block", BYTES(STORED_ABC "\x03\x00"), NULL },
	{ "bytes after the last block", BYTES("\x03\x00" STORED_ABC), NULL },
	{ "a type of block that there is not", BYTES("\x06\x00\x00\xff\xff"), NULL },
	/* four codes of nine bits, and two bits left */
	{ "within a byte", BYTES("\x9a\x30\x71\xc1\x7f\x00"), NULL },
	/* fixed codes of a match: length 3, distance 1 */
	{ "it refers to what is before it", BYTES("\x02\x02\x00\x00\x00\xff\xff"), NULL },
};

/* Another chunk before it makes no difference: not one that it could refer to, nor a damaged one. */
static const struct chunk *const before[] = { &chunks[1], &chunks[5], &chunks[9] };

static bool
inflate_one(
    const struct inflater *inflater, void *z, const struct chunk *row, struct buf *out)
{
	struct error err = { 0 };
	bool is_sound = row->content == NULL;

	buf_clear(out);
	assert_int_equal(inflater->inflate(z, (const uint8_t *)row->bytes, row->len, out,
			     &is_sound, &err),
	    0);
	return is_sound;
}

static void
expect_inflated(const struct inflater *inflater, const struct chunk *row)
{
	struct error err = { 0 };
	struct buf out = { 0 };
	void *z;

	assert_int_equal(inflater->open(&z, &err), 0);
	for (size_t i = 0; i < COUNT(before); i++) {
		inflate_one(inflater, z, before[i], &out);
		assert_int_equal(
		    inflate_one(inflater, z, row, &out), row->content != NULL);
		if (row->content == NULL)
			continue;
		assert_int_equal(out.len, strlen(row->content));
		assert_memory_equal(out.data, row->content, out.len);
	}
	inflater->close(z);
	buf_free(&out);
}

static void
expect_chunk(void **state)
{
	for (size_t i = 0; i < COUNT(inflaters); i++)
		if (inflaters[i]->open)
			expect_inflated(inflaters[i], *state);
}

/* ---- what is deflated ---- */

static void
assert_inflates(const struct buf *in, size_t from, size_t len)
{
	for (size_t i = 0; i < COUNT(inflaters); i++) {
		struct error err = { 0 };
		struct buf out = { 0 };
		bool is_sound = false;
		void *z;

		if (inflaters[i]->open == NULL)
			continue;
		assert_int_equal(inflaters[i]->open(&z, &err), 0);
		assert_int_equal(inflaters[i]->inflate(z, in->data + from, in->len - from,
				     &out, &is_sound, &err),
		    0);
		assert_true(is_sound);
		assert_int_equal(out.len, len);
		if (len > 0)
			assert_memory_equal(out.data, raw, len);
		inflaters[i]->close(z);
		buf_free(&out);
	}
}

/* Whatever the block, and at each level: appended, whole, flushed, and without one before it. */
static void
assert_deflates(const struct deflater *deflater, int level, size_t len)
{
	struct error err = { 0 };
	struct buf out = { 0 };
	size_t first;
	void *z;

	assert_int_equal(deflater->open(&z, level, &err), 0);
	assert_int_equal(buf_append(&out, "before", 6, &err), 0);
	assert_int_equal(deflater->deflate(z, raw, len, &out, &err), 0);
	assert_memory_equal(out.data, "before", 6);
	assert_inflates(&out, 6, len);
	first = out.len;
	/* the same again is not a reference to it */
	assert_int_equal(deflater->deflate(z, raw, len, &out, &err), 0);
	assert_int_equal(out.len - first, first - 6);
	assert_inflates(&out, first, len);
	assert_memory_equal(out.data + out.len - 4, "\0\0\xff\xff", 4);
	deflater->close(z);
	buf_free(&out);
}

static void
each_level(void **state)
{
	static void (*const fills[])(
	    uint8_t *, size_t) = { codecrun_zeros, codecrun_pages, codecrun_noise };
	static const size_t lens[] = { 0, 1, BLOCK };

	(void)state;
	for (size_t i = 0; i < COUNT(deflaters); i++)
		for (int level = 1; level <= deflaters[i]->level_most; level++)
			for (size_t f = 0; f < COUNT(fills); f++) {
				fills[f](raw, BLOCK);
				for (size_t l = 0; l < COUNT(lens); l++)
					assert_deflates(deflaters[i], level, lens[l]);
			}
}

/* A chunk of more than CHUNK_CONTENT_MOST bytes is not taken, and one of as many is. */
static void
as_much_as_may_be(void **state)
{
	static const struct {
		size_t len;
		bool is_sound;
	} rows[] = { { CHUNK_CONTENT_MOST, true }, { CHUNK_CONTENT_MOST + 1, false } };
	struct error err = { 0 };
	struct buf zeros = { 0 }, in = { 0 }, out = { 0 };
	void *z;

	(void)state;
	assert_int_equal(buf_reserve(&zeros, CHUNK_CONTENT_MOST + 1, &err), 0);
	memset(zeros.data, 0, CHUNK_CONTENT_MOST + 1);
	for (size_t i = 0; i < COUNT(inflaters) * COUNT(rows); i++) {
		const struct inflater *inflater = inflaters[i % COUNT(inflaters)];
		bool is_sound;

		if (inflater->open == NULL)
			continue;
		buf_clear(&in);
		buf_clear(&out);
		assert_int_equal(deflate_zlib.open(&z, 1, &err), 0);
		assert_int_equal(deflate_zlib.deflate(z, zeros.data,
				     rows[i / COUNT(inflaters)].len, &in, &err),
		    0);
		deflate_zlib.close(z);
		assert_int_equal(inflater->open(&z, &err), 0);
		assert_int_equal(
		    inflater->inflate(z, in.data, in.len, &out, &is_sound, &err), 0);
		assert_int_equal(is_sound, rows[i / COUNT(inflaters)].is_sound);
		inflater->close(z);
	}
	buf_free(&zeros);
	buf_free(&in);
	buf_free(&out);
}

/* RFC 1952, 8; the check value of the CRC catalogue. */
static void
checksums(void **state)
{
	static const uint8_t check[] = "123456789";

	(void)state;
	for (size_t i = 0; i < COUNT(deflaters); i++) {
		if (deflaters[i]->crc == NULL)
			continue;
		assert_int_equal(deflaters[i]->crc(check, 9), 0xcbf43926);
		assert_int_equal(deflaters[i]->crc(check, 0), 0);
		assert_int_equal(inflaters[i]->crc(check, 9), 0xcbf43926);
		assert_int_equal(inflaters[i]->crc(check, 0), 0);
	}
}

/* A library is there as a whole or not at all, and zlib has the levels of gzip. */
static void
left_out_as_a_whole(void **state)
{
	(void)state;
	assert_int_equal(deflate_zlib.level_most, 9);
	assert_int_equal(deflate_isal.level_most == 0, inflate_isal.inflate == NULL);
	assert_int_equal(deflate_isal.open == NULL, inflate_isal.open == NULL);
}

int
main(void)
{
	const struct CMUnitTest fixed[] = {
		cmocka_unit_test(each_level),
		cmocka_unit_test(as_much_as_may_be),
		cmocka_unit_test(checksums),
		cmocka_unit_test(left_out_as_a_whole),
	};
	struct CMUnitTest tests[COUNT(chunks) + COUNT(fixed)];

	rows_name(tests, chunks, sizeof(chunks[0]), COUNT(chunks), expect_chunk);
	memcpy(tests + COUNT(chunks), fixed, sizeof(fixed));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
