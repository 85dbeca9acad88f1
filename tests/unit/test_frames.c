/* Streams of frames, which zstd and lz4 have: what went in comes out, and never anything else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/codecrun.h"
#include "support/memstream.h"
#include "support/sanitized.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
	MOST = (1024 + 64) * 1024
}; /* the largest block that the pipeline makes, but for few */

static uint8_t raw[4 * MOST];

static const size_t small_lens[] = { 300, 1, 0, 700 };
enum { SMALL = 300 + 1 + 700 };

/* A stream of four small frames. */
static void
encode_small(const struct codec *codec, struct buf *in, size_t edges[4])
{
	codecrun_pages(raw, SMALL);
	codecrun_encode(codec, codec->level_default, raw, small_lens, 4, in, edges);
}

static bool
is_edge(size_t at, const size_t edges[4])
{
	for (size_t i = 0; i < 4; i++)
		if (edges[i] == at)
			return true;
	return false;
}

/* Cut within a frame it is refused, and between two what came before it is there. */
static void
every_cut(void **state)
{
	const struct codec *codec = codecrun_codec(*state);
	struct buf in = { 0 }, out = { 0 };
	size_t edges[4], len;

	encode_small(codec, &in, edges);
	len = in.len;
	for (in.len = 4; in.len < len; in.len += SANITIZED_STRIDE)
		for (size_t chunk = 0; chunk < 2; chunk++) {
			struct error err = { 0 };
			int rc =
			    codecrun_decode(&in, chunk, 512, MEMSTREAM_NEVER, &out, &err);

			assert_true(out.len <= SMALL); /* cut in the last checksum */
			if (out.len > 0)
				assert_memory_equal(out.data, raw, out.len);
			assert_int_equal(rc, is_edge(in.len, edges) ? 0 : -1);
			if (rc == -1) {
				assert_int_equal(err.kind, ERROR_FORMAT);
				assert_non_null(
				    strstr(err.text, " data is cut short at byte "));
			}
		}
	in.len = len;
	buf_free(&in);
	buf_free(&out);
}

/*
 * Any bit changed: it is refused, or comes out the same.  Some have no meaning, such as those of a
 * larger window, or have a match refer to other bytes that are the same.
 */
static void
every_bit(void **state)
{
	const struct codec *codec = codecrun_codec(*state);
	struct buf in = { 0 }, out = { 0 };
	size_t edges[4];

	encode_small(codec, &in, edges);
	for (size_t bit = 0; bit < in.len * 8; bit += SANITIZED_STRIDE) {
		struct error err = { 0 };

		in.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
		/* a stream that begins otherwise is of no codec */
		if (bit >= 32 &&
		    codecrun_decode(&in, 0, 512, MEMSTREAM_NEVER, &out, &err) == 0) {
			assert_int_equal(out.len, SMALL);
			assert_memory_equal(out.data, raw, SMALL);
		} else if (bit >= 32) {
			assert_int_not_equal(err.kind, ERROR_NONE);
			assert_non_null(strstr(err.text, codec->name));
		}
		in.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	buf_free(&in);
	buf_free(&out);
}

/*
 * What can be decoded before damage is handed out, however the input and the output are cut into
 * pieces, and the same error follows.
 */
static void
assert_in_pieces(const struct buf *in)
{
	static const struct {
		size_t chunk, step;
	} pieces[] = { { 1, 512 }, { 0, 1 }, { 7, 3 }, { 1000, 65536 } };
	struct buf whole = { 0 }, out = { 0 };
	struct error one = { 0 };
	int rc = codecrun_decode(in, 0, 512 * 1024, MEMSTREAM_NEVER, &whole, &one);

	for (size_t i = 0; i < COUNT(pieces); i++) {
		struct error two = { 0 };

		assert_int_equal(codecrun_decode(in, pieces[i].chunk, pieces[i].step,
				     MEMSTREAM_NEVER, &out, &two),
		    rc);
		assert_string_equal(one.text, two.text);
		assert_int_equal(out.len, whole.len);
		if (out.len > 0)
			assert_memory_equal(out.data, whole.data, out.len);
	}
	buf_free(&whole);
	buf_free(&out);
}

static void
sound_bytes_come_first(void **state)
{
	const struct codec *codec = codecrun_codec(*state);
	static const size_t large[] = { 300000, 200000 };
	struct buf in = { 0 };
	size_t edges[4];

	encode_small(codec, &in, edges);
	for (size_t at = 4; at < in.len; at += SANITIZED_STRIDE) {
		in.data[at] ^= 0x55;
		assert_in_pieces(&in);
		in.data[at] ^= 0x55;
	}
	buf_clear(&in);
	codecrun_pages(raw, 500000);
	codecrun_encode(codec, codec->level_default, raw, large, 2, &in, edges);
	for (size_t at = 4; at < in.len; at += in.len / 5) {
		in.data[at] ^= 0x55;
		assert_in_pieces(&in);
		in.data[at] ^= 0x55;
	}
	buf_free(&in);
}

/* Frames that are to be skipped: before, between and after the others. */
static void
skippable(void **state)
{
	static const uint8_t frames[][12] = { { 0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0 },
		{ 0x5f, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 0xfd, 0x2f, 0xb5, 0x28 } };
	const struct codec *codec = codecrun_codec(*state);
	struct buf small = { 0 }, in = { 0 }, out = { 0 };
	struct error err = { 0 };
	size_t edges[4];

	encode_small(codec, &small, edges);
	for (size_t i = strcmp(codec->name, "zstd") == 0 ? 0 : 1; i < 4; i++) {
		size_t at = i == 0 ? 0 : edges[i];

		buf_clear(&in);
		assert_int_equal(buf_append(&in, small.data, at, &err), 0);
		assert_int_equal(buf_append(&in, frames[0], 8, &err), 0);
		assert_int_equal(buf_append(&in, frames[1], 12, &err), 0);
		assert_int_equal(
		    buf_append(&in, small.data + at, small.len - at, &err), 0);
		for (size_t chunk = 0; chunk < 3; chunk++) {
			assert_int_equal(
			    codecrun_decode(&in, chunk, 512, MEMSTREAM_NEVER, &out, &err),
			    0);
			assert_int_equal(out.len, SMALL);
			assert_memory_equal(out.data, raw, SMALL);
		}
	}
	for (size_t cut = 1; cut < 12; cut++) { /* of the last, which is at the end */
		in.len = small.len + 8 + cut;
		assert_int_equal(
		    codecrun_decode(&in, 0, 512, MEMSTREAM_NEVER, &out, &err), -1);
		assert_non_null(strstr(err.text, " data is cut short at byte "));
		assert_int_equal(out.len, SMALL);
	}
	buf_free(&small);
	buf_free(&in);
	buf_free(&out);
}

/* A tape's record is filled up with zeros; ours also with a frame, and it ends with a table. */
static void
after_the_end(void **state)
{
	static const uint8_t zeros[5000];
	const struct codec *codec = codecrun_codec(*state);
	struct buf in = { 0 }, out = { 0 };
	struct error err = { 0 };
	size_t edges[4], len;

	encode_small(codec, &in, edges);
	len = in.len;
	for (size_t i = 0; i < 4; i++) {
		in.len = len;
		if (i > 0)
			codecrun_table(
			    codec, small_lens, edges, 4, i == 1 ? 0 : 4096, &in);
		if (i % 3 == 0)
			assert_int_equal(buf_append(&in, zeros, sizeof(zeros), &err), 0);
		assert_int_equal(
		    codecrun_decode(&in, 100, 512, MEMSTREAM_NEVER, &out, &err), 0);
		assert_int_equal(out.len, SMALL);
		assert_int_equal(buf_append(&in, "x", 1, &err), 0);
		assert_int_equal(
		    codecrun_decode(&in, 100, 512, MEMSTREAM_NEVER, &out, &err), -1);
		assert_non_null(
		    strstr(err.text, " data continues after its end, at byte "));
		assert_int_equal(out.len, SMALL);
	}
	buf_free(&in);
	buf_free(&out);
}

static void
faults_go_through(void **state)
{
	const struct codec *codec = codecrun_codec(*state);
	struct buf in = { 0 }, out = { 0 };
	size_t edges[4];

	encode_small(codec, &in, edges);
	for (size_t at = 0; at < in.len; at += SANITIZED_STRIDE) {
		struct error err = { 0 };

		assert_int_equal(codecrun_decode(&in, 1, 512, at, &out, &err), -1);
		assert_non_null(strstr(err.text, "injected: No space left on device"));
	}
	buf_free(&in);
	buf_free(&out);
}

/* On a block device whatever follows the last frame is another's. */
static void
of_a_device(void **state)
{
	static const char others[][18] = { "", { 0, 0, 7 }, "x", "\x1f\x8b an old one" };
	const struct codec *codec = codecrun_codec(*state);

	for (size_t i = 0; i < COUNT(others) * 2; i++) {
		const bool is_damaged = i >= COUNT(others);
		struct buf in = { 0 };
		struct error err = { 0 };
		uint8_t bytes[SMALL + 1];
		size_t len = 0, got = 1, edges[4];
		int rc = 0;

		encode_small(codec, &in, edges);
		in.data[in.len - 1] ^= is_damaged; /* of the checksum of the last frame */
		assert_int_equal(buf_append(&in, others[i % COUNT(others)], 18, &err), 0);
		struct memsource m = memstream_source(in.data, in.len, 0);
		struct source *s = &m.source;
		m.source.goes_on = true;
		assert_int_equal(codec->methods->decode(&s, &err), 0);
		while (rc == 0 && got > 0) {
			rc = source_read(s, bytes + len, sizeof(bytes) - len, &got, &err);
			len += rc == 0 ? got : 0;
		}
		assert_int_equal(rc, is_damaged ? -1 : 0);
		assert_int_equal(len, SMALL);
		source_free(s);
		buf_free(&in);
	}
}

/* ---- what is not read ---- */

struct refusal {
	const char *codec;
	const char *bytes;
	size_t len;
	const char *error, *hint;
};

#define BYTES(text) text, sizeof(text) - 1

static struct refusal refusals[] = {
	{ "zstd", BYTES("\x28\xb5\x2f\xfd\x23\x01\x00\x01\x00\x00"),
	    "zstd data needs a dictionary",
	    "Decompress it first, with \"zstd -d -D DICTIONARY\"." },
	{ "zstd", BYTES("\x28\xb5\x2f\xfd\x00\x90\x01\x00\x00"),
	    "zstd data needs more than 128 MiB of memory to be decoded",
	    "Decompress it first, with \"zstd -d --long=31\"." },
	{ "zstd", BYTES("\x28\xb5\x2f\xfd\x20\x00\x01\x00\x00\x27\xb5\x2f\xfd\x00\x00"),
	    "zstd data has a frame in a format of old releases of zstd, at byte 9",
	    "Decode it on the way: zstd -dc FILE | pg_basetar ... -" },
	{ "zstd", BYTES("\x28\xb5\x2f\xfd\x20\x00\x01\x00\x00\x04\x22\x4d\x18\x00\x00"),
	    "zstd data continues after its end, at byte 9", "" },
	{ "zstd", BYTES("\x28\xb5\x2f\xfd\x28\x00\x01\x00\x00"),
	    "zstd data is damaged before byte 6: Unsupported frame parameter", "" },
	{ "zstd", BYTES("\x27\xb5\x2f\xfd\x00\x00\x00\x00"),
	    "zstd data has a frame in a format of old releases of zstd, at byte 0",
	    "Decode it on the way: zstd -dc FILE | pg_basetar ... -" },
	{ "lz4", BYTES("\x04\x22\x4d\x18\x61\x40\x78\x56\x34\x12\x00\x00\x00\x00\x00"),
	    "lz4 data needs a dictionary",
	    "Decompress it first, with \"lz4 -d -D DICTIONARY\"." },
	{ "lz4",
	    BYTES("\x04\x22\x4d\x18\x60\x40\x82\x00\x00\x00\x00\x02\x21\x4c\x18\x00"),
	    "lz4 data has a frame in a format of old releases of lz4, at byte 11",
	    "Decode it on the way: lz4 -dc FILE | pg_basetar ... -" },
	{ "lz4", BYTES("\x02\x21\x4c\x18\x00\x00\x00\x00"),
	    "lz4 data has a frame in a format of old releases of lz4, at byte 0",
	    "Decode it on the way: lz4 -dc FILE | pg_basetar ... -" },
	{ "lz4",
	    BYTES("\x04\x22\x4d\x18\x60\x40\x82\x00\x00\x00\x00\x28\xb5\x2f\xfd\x00"),
	    "lz4 data continues after its end, at byte 11", "" },
	{ "lz4", BYTES("\x04\x22\x4d\x18\x60\x40\x83\x00\x00\x00\x00"),
	    "lz4 data is damaged before byte 7: ERROR_headerChecksum_invalid", "" },
};

static void
check_refusal(void **state)
{
	const struct refusal *row = *state;
	struct buf in = { 0 }, out = { 0 };

	if (codec_is_left_out(codec_by_name(row->codec)))
		skip();
	for (size_t chunk = 0; chunk < 2; chunk++) {
		struct error err = { 0 };

		buf_clear(&in);
		assert_int_equal(buf_append(&in, row->bytes, row->len, &err), 0);
		assert_int_equal(
		    codecrun_decode(&in, chunk, 512, MEMSTREAM_NEVER, &out, &err), -1);
		assert_string_equal(err.text, row->error);
		assert_string_equal(err.hint, row->hint);
	}
	buf_free(&in);
	buf_free(&out);
}

/* One whose library was left out says so. */
static void
left_out(void **state)
{
	const struct codec *codec = codec_by_name(*state);
	struct buf in = { 0 }, out = { 0 };
	struct error err = { 0 };

	if (!codec_is_left_out(codec))
		skip();
	assert_int_equal(buf_append(&in, codec->magics[0].bytes, 6, &err), 0);
	assert_int_equal(codecrun_decode(&in, 0, 512, MEMSTREAM_NEVER, &out, &err), -1);
	assert_int_equal(err.kind, ERROR_UNSUPPORTED);
	assert_non_null(strstr(err.text, "and this pg_basetar was built without lib"));
	assert_non_null(strstr(err.hint, "-dc FILE | pg_basetar"));
	buf_free(&in);
	buf_free(&out);
}

static char zstd[] = "zstd", lz4[] = "lz4";

#define OF_EACH(function) \
	cmocka_unit_test_prestate(function, zstd), \
	    cmocka_unit_test_prestate(function, lz4)

int
main(void)
{
	const struct CMUnitTest fixed[] = {
		OF_EACH(every_cut),
		OF_EACH(every_bit),
		OF_EACH(sound_bytes_come_first),
		OF_EACH(skippable),
		OF_EACH(after_the_end),
		OF_EACH(faults_go_through),
		OF_EACH(of_a_device),
		OF_EACH(left_out),
	};
	struct CMUnitTest tests[COUNT(fixed) + COUNT(refusals)];

	memcpy(tests, fixed, sizeof(fixed));
	for (size_t i = 0; i < COUNT(refusals); i++)
		tests[COUNT(fixed) + i] = (struct CMUnitTest){ .name = refusals[i].error,
			.test_func = check_refusal,
			.initial_state = &refusals[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
