/* The table of frames: what is written, and that a wrong one is not taken for a right one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "codec/frametable.h"
#include "lib/bytes.h"
#include "support/codecrun.h"
#include "support/memstream.h"
#include "support/sanitized.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- writing ---- */

/* All that follows the frames. */
static struct buf
written(struct frametable *t, size_t record)
{
	struct memsink sink = memstream_sink(MEMSTREAM_NEVER);
	struct error err = { 0 };
	uint64_t len;

	assert_int_equal(frametable_write(t, record, &sink.sink, &len, &err), 0);
	assert_int_equal(len, sink.held.len);
	return sink.held;
}

static void
is_zstds_own_layout(void **state)
{
	static const uint8_t expected[] = { 0x5e, 0x2a, 0x4d, 0x18, 25, 0, 0,
		0, /* head */
		0x10, 0x27, 0, 0, 0, 0, 0x10, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0,
		0,                                       /* rows */
		2, 0, 0, 0, 0, 0xb1, 0xea, 0x92, 0x8f }; /* footer */
	struct frametable t = { 0 };
	struct buf out;

	(void)state;
	frametable_add(&t, 10000, 1048576);
	frametable_add(&t, UINT32_MAX, 0);
	out = written(&t, 0);
	assert_int_equal(out.len, sizeof(expected));
	assert_memory_equal(out.data, expected, sizeof(expected));
	buf_free(&out);
	frametable_clear(&t);
	out = written(&t, 0);
	assert_int_equal(out.len, 0);
	frametable_free(&t);
}

/* What cannot be said of one frame is said of none, and a record is filled up all the same. */
static void
left_out(void **state)
{
	static const uint64_t large[][2] = { { UINT64_C(1) << 32, 5 },
		{ 5, UINT64_C(1) << 32 } };

	(void)state;
	for (size_t i = 0; i < COUNT(large); i++)
		for (size_t record = 0; record <= 512; record += 512) {
			struct frametable t = { 0 };
			struct buf out;

			frametable_add(&t, 7, 7);
			frametable_add(&t, large[i][0], large[i][1]);
			assert_true(t.is_left_out);
			out = written(&t, record);
			assert_int_equal(
			    out.len, record == 0 ? 0 : 512 - (7 + large[i][0]) % 512);
			buf_free(&out);
			frametable_clear(&t);
			assert_false(t.is_left_out);
			frametable_free(&t);
		}
}

static void
too_many(void **state)
{
	struct frametable t = { .rows = { .len = (size_t)FRAMETABLE_MOST * 8 } };

	(void)state;
	frametable_add(&t, 1, 1);
	assert_true(t.is_left_out);
	assert_null(t.rows.data);
}

/* The filling is a frame with a row, of whatever length there is room for. */
static void
fills_up(void **state)
{
	(void)state;
	for (uint32_t packed = 1; packed <= 1100; packed++) {
		struct frametable t = { 0 };
		struct buf out;
		size_t table, filling;

		frametable_add(&t, packed, 1);
		out = written(&t, 512);
		assert_int_equal((packed + out.len) % 512, 0);
		table = get_u32le(out.data + out.len - FRAMETABLE_FOOTER) * 8 + 17;
		filling = out.len - table;
		assert_true(filling == 0 ? packed % 512 == 512 - 25 : filling >= 8);
		assert_true(filling < 512 + 8);
		if (filling > 0) {
			const uint8_t *row = out.data + out.len - FRAMETABLE_FOOTER - 8;

			assert_int_equal(get_u32le(out.data), 0x184d2a50);
			assert_int_equal(get_u32le(out.data + 4), filling - 8);
			assert_true(bytes_are_zero(out.data + 8, filling - 8));
			assert_int_equal(get_u32le(row), filling);
			assert_int_equal(get_u32le(row + 4), 0);
		}
		assert_int_equal(get_u32le(out.data + filling), 0x184d2a5e);
		buf_free(&out);
		frametable_free(&t);
	}
}

static void
cannot_be_written(void **state)
{
	(void)state;
	for (size_t at = 0;; at++) {
		struct memsink sink = memstream_sink(at);
		struct frametable t = { 0 };
		struct error err = { 0 };
		uint64_t len;
		int rc;

		frametable_add(&t, 100, 1);
		rc = frametable_write(&t, 256, &sink.sink, &len, &err);
		frametable_free(&t);
		buf_free(&sink.held);
		if (rc == 0) {
			assert_int_equal(at, 156);
			return;
		}
		assert_non_null(strstr(err.text, "injected"));
	}
}

/* ---- reading ---- */

static uint8_t raw[2000];
static const size_t lens[] = { 300, 1, 0, 700 };
enum { LEN = 300 + 1 + 700 };

/* Four frames, a filling where there is a record, and a table. */
static void
stream(const struct codec *codec, size_t record, struct buf *in, size_t edges[4])
{
	codecrun_pages(raw, LEN);
	codecrun_encode(codec, 1, raw, lens, 4, in, edges);
	codecrun_table(codec, lens, edges, 4, record, in);
}

static int
decoded(const struct buf *in, size_t chunk, struct error *err)
{
	struct buf out = { 0 };
	int rc;

	*err = (struct error){ 0 };
	rc = codecrun_decode(in, chunk, 512, MEMSTREAM_NEVER, &out, err);
	if (in->len > 0 && rc == 0) {
		assert_int_equal(out.len % LEN, 0);
		assert_memory_equal(out.data, raw, LEN);
	}
	buf_free(&out);
	return rc;
}

static void
agrees(void **state)
{
	const struct codec *codec = codecrun_codec(*state);

	for (size_t record = 0; record < 700; record += 61)
		for (size_t chunk = 0; chunk < 4; chunk++) {
			struct buf in = { 0 };
			struct error err;
			size_t edges[4];

			stream(codec, record, &in, edges);
			assert_int_equal(decoded(&in, chunk, &err), 0);
			buf_free(&in);
		}
}

static void
every_byte(void **state)
{
	const struct codec *codec = codecrun_codec(*state);
	struct buf in = { 0 };
	size_t edges[4];

	stream(codec, 0, &in, edges);
	for (size_t at = edges[3]; at < in.len; at++)
		for (unsigned to = (unsigned)at % SANITIZED_STRIDE; to < 256;
		     to += SANITIZED_STRIDE) {
			const uint8_t was = in.data[at];
			struct error err;

			if (to == was)
				continue;
			in.data[at] = (uint8_t)to;
			assert_int_equal(decoded(&in, 0, &err), -1);
			assert_int_equal(err.kind, ERROR_FORMAT);
			assert_non_null(strstr(err.text, codec->name));
			if (at >= edges[3] + FRAMETABLE_HEAD) {
				assert_non_null(strstr(err.text,
				    " data is damaged: its table of frames, at byte "));
				assert_non_null(strstr(err.hint, "-dc FILE"));
			}
			in.data[at] = was;
		}
	buf_free(&in);
}

/* Without all of its table it is whole, as those are that never had one. */
static void
every_cut(void **state)
{
	const struct codec *codec = codecrun_codec(*state);
	struct buf in = { 0 };
	struct error err;
	size_t edges[4], len;

	stream(codec, 0, &in, edges);
	len = in.len;
	in.len = edges[3];
	assert_int_equal(decoded(&in, 0, &err), 0);
	while (++in.len < len)
		for (size_t chunk = 0; chunk < 2; chunk++) {
			assert_int_equal(decoded(&in, chunk, &err), -1);
			assert_non_null(strstr(err.text, " data is cut short at byte "));
		}
	buf_free(&in);
}

/* A frame that came in, went or moved is seen by the table. */
static void
of_other_frames(void **state)
{
	static const size_t orders[][5] = { { 1, 0, 2, 3, 9 }, { 0, 1, 3, 9 },
		{ 0, 0, 1, 2, 3 }, { 3, 2, 1, 0, 9 }, { 9 } };
	const struct codec *codec = codecrun_codec(*state);
	struct buf in = { 0 }, other = { 0 };
	struct error err;
	size_t edges[4];

	stream(codec, 0, &in, edges);
	for (size_t i = 0; i < COUNT(orders) - (codec->name[0] == 'l'); i++) {
		buf_clear(&other);
		for (size_t k = 0; k < 5 && orders[i][k] != 9; k++) {
			size_t n = orders[i][k], at = n > 0 ? edges[n - 1] : 0;

			assert_int_equal(
			    buf_append(&other, in.data + at, edges[n] - at, &err), 0);
		}
		assert_int_equal(
		    buf_append(&other, in.data + edges[3], in.len - edges[3], &err), 0);
		err = (struct error){ 0 };
		struct buf out = { 0 };
		assert_int_equal(
		    codecrun_decode(&other, 0, 512, MEMSTREAM_NEVER, &out, &err), -1);
		assert_non_null(strstr(err.text, "its table of frames"));
		buf_free(&out);
	}
	buf_free(&in);
	buf_free(&other);
}

/* As zstd's own seekable format may be written: with a checksum of each frame. */
static void
with_checksums(void **state)
{
	const struct codec *codec = codecrun_codec(*state);
	struct buf in = { 0 }, other = { 0 };
	struct error err;
	size_t edges[4];
	uint8_t head[8];

	stream(codec, 0, &in, edges);
	assert_int_equal(buf_append(&other, in.data, edges[3] + 4, &err), 0);
	put_u32le(head, 4 * 12 + 9);
	assert_int_equal(buf_append(&other, head, 4, &err), 0);
	for (size_t i = 0; i < 4; i++)
		assert_true(
		    buf_append(&other, in.data + edges[3] + 8 + 8 * i, 8, &err) == 0 &&
		    buf_append(&other, "sums", 4, &err) == 0);
	assert_int_equal(buf_append(&other, in.data + in.len - 9, 9, &err), 0);
	other.data[other.len - 5] = 0x80;
	for (size_t chunk = 0; chunk < 14; chunk++)
		assert_int_equal(decoded(&other, chunk, &err), 0);
	other.data[edges[3] + 8 + 12] ^= 1; /* of the second row */
	for (size_t chunk = 0; chunk < 14; chunk++)
		assert_int_equal(decoded(&other, chunk, &err), -1);
	buf_free(&in);
	buf_free(&other);
}

/* Two streams in one, each with its table; frames of others that only look a little like tables. */
static void
of_others(void **state)
{
	static const uint8_t frames[][24] = {
		{ 0x5e, 0x2a, 0x4d, 0x18, 0, 0, 0, 0 },
		{ 0x5e, 0x2a, 0x4d, 0x18, 8, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8 },
		{ 0x5e, 0x2a, 0x4d, 0x18, 9, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 },
		{ 0x53, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 0xb1, 0xea, 0x92, 0x8f },
	};
	const struct codec *codec = codecrun_codec(*state);
	struct buf in = { 0 };
	struct error err;
	size_t edges[4], len;

	stream(codec, 0, &in, edges);
	len = in.len;
	assert_int_equal(buf_reserve(&in, len, &err), 0);
	assert_int_equal(buf_append(&in, in.data, len, &err), 0);
	assert_int_equal(decoded(&in, 0, &err), 0);
	for (size_t i = 0; i < COUNT(frames); i++) {
		in.len = edges[3];
		assert_int_equal(buf_append(&in, frames[i], 8 + frames[i][4], &err), 0);
		assert_int_equal(decoded(&in, 0, &err), 0);
	}
	buf_free(&in);
}

static void
footers(void **state)
{
	static const struct {
		uint8_t bytes[FRAMETABLE_FOOTER];
		size_t row; /* 0: it is none */
	} rows[] = {
		{ { 5, 0, 0, 0, 0, 0xb1, 0xea, 0x92, 0x8f }, 8 },
		{ { 5, 0, 0, 0, 0x80, 0xb1, 0xea, 0x92, 0x8f }, 12 },
		{ { 5, 0, 0, 0, 0x01, 0xb1, 0xea, 0x92, 0x8f }, 0 },
		{ { 5, 0, 0, 0, 0x40, 0xb1, 0xea, 0x92, 0x8f }, 0 },
		{ { 5, 0, 0, 8, 0, 0xb1, 0xea, 0x92, 0x8f }, 0 },
		{ { 5, 0, 0, 7, 0, 0xb1, 0xea, 0x92, 0x8f }, 8 },
		{ { 5, 0, 0, 0, 0, 0xb1, 0xea, 0x92, 0x8e }, 0 },
		{ { 0 }, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct frametable_footer footer = { 77, 77 };

		assert_int_equal(
		    frametable_footer(rows[i].bytes, &footer), rows[i].row > 0);
		assert_int_equal(footer.row, rows[i].row > 0 ? rows[i].row : 77);
		if (rows[i].row > 0)
			assert_int_equal(footer.count, get_u32le(rows[i].bytes));
	}
}

static char zstd[] = "zstd", lz4[] = "lz4";

#define OF_EACH(function) \
	cmocka_unit_test_prestate(function, zstd), \
	    cmocka_unit_test_prestate(function, lz4)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_zstds_own_layout),
		cmocka_unit_test(left_out),
		cmocka_unit_test(too_many),
		cmocka_unit_test(fills_up),
		cmocka_unit_test(cannot_be_written),
		OF_EACH(agrees),
		OF_EACH(every_byte),
		OF_EACH(every_cut),
		OF_EACH(of_other_frames),
		OF_EACH(with_checksums),
		OF_EACH(of_others),
		cmocka_unit_test(footers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
