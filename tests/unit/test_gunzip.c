/* gzip decoded: what went in, and never anything else without a word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

#include "codec/gunzip.h"
#include "lib/buf.h"
#include "support/codecrun.h"
#include "support/memstream.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char text[] = "a backup, a backup, and another backup: 0123456789";

/* One member of RFC 1952. */
static void
add_member(struct buf *out, const void *bytes, size_t len)
{
	struct error err = { 0 };
	uint8_t into[4096];
	z_stream z = { 0 };
	Bytef *copy = malloc(len);

	memcpy(copy, bytes, len);
	assert_int_equal(
	    deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = copy;
	z.avail_in = (uInt)len;
	z.next_out = into;
	z.avail_out = sizeof(into);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(buf_append(out, into, sizeof(into) - z.avail_out, &err), 0);
	deflateEnd(&z);
	free(copy);
}

static void
whole(void **state)
{
	struct buf in = { 0 }, out = { 0 };
	struct error err = { 0 };

	(void)state;
	add_member(&in, text, sizeof(text));
	for (size_t chunk = 0; chunk < 3; chunk++)
		for (size_t step = 1; step <= 512; step += 511) {
			assert_int_equal(codecrun_decode(&in, chunk, step,
					     MEMSTREAM_NEVER, &out, &err),
			    0);
			assert_int_equal(out.len, sizeof(text));
			assert_memory_equal(out.data, text, sizeof(text));
		}
	buf_free(&in);
	buf_free(&out);
}

/* Cut anywhere, it is refused; any bit changed, it is refused or the same. */
static void
every_cut_and_bit(void **state)
{
	struct buf in = { 0 }, out = { 0 };
	size_t len;

	(void)state;
	add_member(&in, text, sizeof(text));
	len = in.len;
	for (in.len = 2; in.len < len; in.len++) {
		struct error err = { 0 };

		assert_int_equal(
		    codecrun_decode(&in, 1, 512, MEMSTREAM_NEVER, &out, &err), -1);
		assert_int_equal(err.kind, ERROR_FORMAT);
		assert_non_null(strstr(err.text, "gzip data is cut short at byte "));
	}
	for (size_t bit = 16; bit < len * 8; bit++) {
		struct error err = { 0 };

		in.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
		if (codecrun_decode(&in, 0, 512, MEMSTREAM_NEVER, &out, &err) == 0) {
			assert_int_equal(out.len, sizeof(text));
			assert_memory_equal(out.data, text, sizeof(text));
			/* the header's time and the like; what fills the last byte of data */
			assert_true(bit / 8 < 10 || bit / 8 == len - 9);
		} else {
			assert_int_equal(err.kind, ERROR_FORMAT);
		}
		in.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	buf_free(&in);
	buf_free(&out);
}

/*
 * What can be decoded before damage or a cut is handed out, however the input and the output
 * are cut into pieces, and the same error follows.
 */
static void
sound_bytes_come_first(void **state)
{
	static const struct {
		size_t chunk, step;
	} pieces[] = { { 1, 512 }, { 0, 1 }, { 7, 3 } };
	struct buf in = { 0 }, whole = { 0 }, out = { 0 };

	(void)state;
	add_member(&in, text, sizeof(text));
	for (size_t at = 10; at < in.len; at++) {
		struct error one = { 0 };
		int rc;

		in.data[at] ^= 0x55;
		rc = codecrun_decode(&in, 0, 512, MEMSTREAM_NEVER, &whole, &one);
		assert_int_equal(rc, -1);
		if (at >= in.len - 8) /* the trailer alone: all bytes were there */
			assert_int_equal(whole.len, sizeof(text));
		for (size_t i = 0; i < COUNT(pieces); i++) {
			struct error two = { 0 };

			assert_int_equal(codecrun_decode(&in, pieces[i].chunk,
					     pieces[i].step, MEMSTREAM_NEVER, &out, &two),
			    -1);
			assert_string_equal(one.text, two.text);
			assert_int_equal(out.len, whole.len);
			if (out.len > 0)
				assert_memory_equal(out.data, whole.data, out.len);
		}
		in.data[at] ^= 0x55;
	}
	buf_free(&in);
	buf_free(&whole);
	buf_free(&out);
}

static void
after_the_end(void **state)
{
	static const uint8_t zeros[5000];
	struct buf in = { 0 }, out = { 0 };
	struct error err = { 0 };
	size_t one;

	(void)state;
	add_member(&in, text, sizeof(text));
	one = in.len;
	add_member(&in, text, 7);
	assert_int_equal(codecrun_decode(&in, 1, 512, MEMSTREAM_NEVER, &out, &err), 0);
	assert_int_equal(out.len, sizeof(text) + 7);
	assert_int_equal(buf_append(&in, zeros, sizeof(zeros), &err), 0);
	assert_int_equal(codecrun_decode(&in, 0, 512, MEMSTREAM_NEVER, &out, &err), 0);
	assert_int_equal(out.len, sizeof(text) + 7);
	assert_int_equal(buf_append(&in, "x", 1, &err), 0);
	assert_int_equal(codecrun_decode(&in, 100, 512, MEMSTREAM_NEVER, &out, &err), -1);
	assert_non_null(strstr(err.text, "gzip data continues after its end, at byte "));
	in.len = one;
	assert_int_equal(buf_append(&in, "x", 1, &err), 0);
	assert_int_equal(codecrun_decode(&in, 0, 512, MEMSTREAM_NEVER, &out, &err), -1);
	assert_non_null(strstr(err.text, "gzip data continues after its end, at byte "));
	buf_free(&in);
	buf_free(&out);
}

static void
faults_go_through(void **state)
{
	struct buf in = { 0 }, out = { 0 };

	(void)state;
	add_member(&in, text, sizeof(text));
	for (size_t at = 0; at < in.len; at++) {
		struct error err = { 0 };

		assert_int_equal(codecrun_decode(&in, 1, 512, at, &out, &err), -1);
		assert_non_null(strstr(err.text, "injected: No space left on device"));
	}
	buf_free(&in);
	buf_free(&out);
}

static void
beginnings(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *error; /* NULL: plain */
	} rows[] = {
		{ "", 0, "empty" },
		{ "P", 1, NULL },
		{ "\x1f", 1, NULL },
		{ "plain bytes", 11, NULL },
		{ "\xfd"
		  "7zXZ\0",
		    6, "compressed with xz, which this version does not read" },
		{ "BZh9..", 6,
		    "compressed with bzip2, which this version does not read" },
	};
	struct buf out = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct error err = { 0 };
		struct buf in = { 0 };
		int rc;

		assert_int_equal(buf_append(&in, rows[i].bytes, rows[i].len, &err), 0);
		rc = codecrun_decode(&in, 1, 512, MEMSTREAM_NEVER, &out, &err);
		if (rows[i].error) {
			assert_int_equal(rc, -1);
			assert_string_equal(err.text, rows[i].error);
		} else {
			assert_int_equal(rc, 0);
			assert_int_equal(out.len, rows[i].len);
			assert_memory_equal(out.data, rows[i].bytes, rows[i].len);
		}
		buf_free(&in);
	}
	buf_free(&out);
}

/* Of a block device: whatever follows the member is another's; the member itself must be whole. */
static void
of_a_device(void **state)
{
	static const char others[][18] = { "", { 0, 0, 7 }, "x", "\x1f\x8b an old one" };
	uint8_t bytes[sizeof(text) + 1];

	(void)state;
	for (size_t i = 0; i < COUNT(others) * 2; i++) {
		const bool is_damaged = i >= COUNT(others);
		struct buf in = { 0 };
		struct error err = { 0 };
		size_t len = 0, got = 1;
		int rc = 0;

		add_member(&in, text, sizeof(text));
		in.data[in.len - 1] ^= is_damaged; /* the last byte of its trailer */
		assert_int_equal(buf_append(&in, others[i % COUNT(others)], 18, &err), 0);
		struct memsource m = memstream_source(in.data, in.len, 0);
		struct source *s = &m.source;
		m.source.goes_on = true;
		assert_int_equal(gunzip_push(&s, &err), 0);
		while (rc == 0 && got > 0) {
			rc = source_read(s, bytes + len, sizeof(bytes) - len, &got, &err);
			len += rc == 0 ? got : 0;
		}
		assert_int_equal(rc, is_damaged ? -1 : 0);
		assert_int_equal(len, sizeof(text));
		source_free(s);
		buf_free(&in);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole),
		cmocka_unit_test(every_cut_and_bit),
		cmocka_unit_test(sound_bytes_come_first),
		cmocka_unit_test(after_the_end),
		cmocka_unit_test(faults_go_through),
		cmocka_unit_test(beginnings),
		cmocka_unit_test(of_a_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
