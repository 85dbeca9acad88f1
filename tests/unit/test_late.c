/* The last part of a stream, decoded without what comes before it. */
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

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct memstore
memory_of(const struct buf *in)
{
	return memstream_store(in->data, in->len);
}

enum { BLOCKS = 6, BLOCK = 100000, RAW = BLOCKS * BLOCK };
static uint8_t raw[RAW];
static const size_t lens[BLOCKS] = { BLOCK, BLOCK, BLOCK, BLOCK, BLOCK, BLOCK };

/* A whole stream: head, blocks, tail or table. */
static void
whole(const struct codec *codec, struct buf *in, size_t edges[BLOCKS], size_t record)
{
	const struct codec_methods *m = codec->methods;
	const struct codec_sum sum = { .len = RAW };
	struct error err = { 0 };
	uint8_t edge[CODEC_EDGE];

	buf_clear(in);
	if (m->head)
		assert_int_equal(buf_append(in, edge, m->head(1, edge), &err), 0);
	codecrun_encode(codec, codec->level_default, raw, lens, BLOCKS, in, edges);
	if (m->tail)
		assert_int_equal(buf_append(in, edge, m->tail(&sum, edge), &err), 0);
	if (m->table)
		codecrun_table(codec, lens, edges, BLOCKS, record, in);
}

/* All that ${len} bytes at the end decode to; *said: how much all of it does. */
static int
late(const struct codec *codec, struct memstore *m, uint64_t len, struct buf *out,
    uint64_t *said, struct error *err)
{
	struct source *s = NULL;
	uint8_t bytes[50000];
	size_t got = 1;
	int rc;

	buf_clear(out);
	*err = (struct error){ 0 };
	rc = codec->methods->decode_late(&m->store, len, &s, said, err);
	assert_true(rc == 0 ? s != NULL : s == NULL);
	while (rc == 0 && got > 0) {
		rc = source_read(s, bytes, sizeof(bytes), &got, err);
		if (rc == 0)
			rc = buf_append(out, bytes, got, err);
	}
	source_free(s);
	return rc;
}

static void (*const fills[])(
    uint8_t *, size_t) = { codecrun_zeros, codecrun_pages, codecrun_noise };

static size_t
table_at(const struct buf *in)
{
	return in->len - FRAMETABLE_HEAD - FRAMETABLE_FOOTER -
	    get_u32le(in->data + in->len - FRAMETABLE_FOOTER) * FRAMETABLE_ROW;
}

/* What comes is the end of all, from a block's beginning on. */
static void
ends(void **state)
{
	const struct codec *codec = codecrun_codec(*state);
	struct buf in = { 0 }, out = { 0 };
	struct error err;
	size_t edges[BLOCKS];
	uint64_t said;

	for (size_t i = 0; i < COUNT(fills); i++) {
		fills[i](raw, RAW);
		for (size_t record = 0; record < 20000; record += 10240) {
			whole(codec, &in, edges, record);
			for (size_t n = 0; n < BLOCKS - 1; n++) {
				struct memstore m = memory_of(&in);
				uint64_t after = in.len - edges[n];

				if (codec->methods->table)
					after = table_at(&in) - edges[n];
				else
					after += 4; /* the flush is looked for */
				assert_int_equal(
				    late(codec, &m, after, &out, &said, &err), 0);
				if (codec->methods->table)
					assert_int_equal(said, RAW);
				assert_int_equal(out.len % BLOCK, 0);
				assert_in_range(out.len, (BLOCKS - 2 - n) * BLOCK,
				    (BLOCKS - n) * BLOCK);
				assert_true(out.len > 0);
				assert_memory_equal(
				    out.data, raw + RAW - out.len, out.len);
			}
		}
	}
	buf_free(&in);
	buf_free(&out);
}

/* More than there is: of frames all of it. */
static void
more_than_all(void **state)
{
	const struct codec *codec = codecrun_codec(*state);
	struct buf in = { 0 }, out = { 0 };
	struct error err;
	size_t edges[BLOCKS];
	struct memstore m;
	uint64_t said;

	codecrun_pages(raw, RAW);
	whole(codec, &in, edges, 0);
	m = memory_of(&in);
	assert_int_equal(late(codec, &m, UINT64_MAX, &out, &said, &err), 0);
	assert_in_range(out.len, RAW - BLOCK, RAW);
	assert_memory_equal(out.data, raw + RAW - out.len, out.len);
	buf_free(&in);
	buf_free(&out);
}

/* A place that looks like the end of a block, in what could not be compressed. */
static void
places_of_others(void **state)
{
	const struct codec *codec = codecrun_codec(*state);
	struct buf in = { 0 }, out = { 0 };
	struct error err;
	size_t edges[BLOCKS];
	struct memstore m;
	uint64_t said;

	codecrun_noise(raw, RAW);
	for (size_t at = 0; at + 8 <= RAW; at += 50)
		memcpy(raw + at, "\0\0\xff\xff", 4);
	whole(codec, &in, edges, 0);
	m = memory_of(&in);
	for (size_t len = 5000; len < in.len - 2 * BLOCK; len += 7919) {
		int rc = late(codec, &m, len, &out, &said, &err);

		if (rc == -1) { /* nothing begins in the last block */
			assert_true(len < BLOCK + 5000);
			assert_int_equal(err.kind, ERROR_UNSUPPORTED);
			continue;
		}
		assert_int_equal(out.len % BLOCK, 0);
		if (out.len > 0)
			assert_memory_equal(out.data, raw + RAW - out.len, out.len);
	}
	buf_free(&in);
	buf_free(&out);
}

/* Whatever byte is changed at the end: what comes is what the stream held, or an error. */
static void
every_byte(void **state)
{
	static const uint8_t changes[] = { 1, 0x80, 0xff };
	const struct codec *codec = codecrun_codec(*state);
	struct buf in = { 0 }, out = { 0 };
	struct error err;
	size_t edges[BLOCKS];
	uint64_t said;

	codecrun_pages(raw, RAW);
	whole(codec, &in, edges, 0);
	for (size_t at = edges[BLOCKS - 1]; at < in.len; at++)
		for (size_t i = 0; i < COUNT(changes); i++) {
			struct memstore m = memory_of(&in);

			in.data[at] ^= changes[i];
			if (late(codec, &m, edges[0], &out, &said, &err) == 0) {
				assert_int_equal(out.len % BLOCK, 0);
				assert_memory_equal(
				    out.data, raw + RAW - out.len, out.len);
			} else {
				assert_true(err.kind == ERROR_FORMAT ||
				    err.kind == ERROR_UNSUPPORTED);
				assert_true(err.text[0] != '\0');
			}
			in.data[at] ^= changes[i];
		}
	buf_free(&in);
	buf_free(&out);
}

/* Cut anywhere, or continued, there is nothing at the end that could be used. */
static void
every_cut(void **state)
{
	const struct codec *codec = codecrun_codec(*state);
	struct buf in = { 0 }, out = { 0 };
	struct error err;
	size_t edges[BLOCKS], len;
	uint64_t said;

	codecrun_pages(raw, RAW);
	whole(codec, &in, edges, 0);
	len = in.len;
	for (in.len = 0; in.len < len;
	     in.len += in.len < edges[BLOCKS - 1] - 200 ? 997 : 1) {
		struct memstore m = memory_of(&in);

		assert_int_equal(late(codec, &m, 5000, &out, &said, &err), -1);
	}
	in.len = len;
	assert_int_equal(buf_append(&in, "x", 1, &err), 0);
	struct memstore m = memory_of(&in);
	assert_int_equal(late(codec, &m, 5000, &out, &said, &err), -1);
	buf_free(&in);
	buf_free(&out);
}

/* Rows that add up, but say something else of the frames. */
static void
lies(void **state)
{
	const struct codec *codec = codecrun_codec(*state);
	struct buf in = { 0 }, out = { 0 };
	struct error err;
	size_t edges[BLOCKS];
	uint64_t said;

	codecrun_pages(raw, RAW);
	whole(codec, &in, edges, 0);
	for (size_t n = 0; n + 1 < BLOCKS; n++) {
		uint8_t *row = in.data + edges[BLOCKS - 1] + FRAMETABLE_HEAD + n * 8;
		struct memstore m = memory_of(&in);

		put_u32le(row, get_u32le(row) + 7);
		put_u32le(row + 8, get_u32le(row + 8) - 7);
		assert_int_equal(
		    late(codec, &m, edges[BLOCKS - 1] - edges[n] - 7, &out, &said, &err),
		    -1);
		assert_non_null(strstr(err.text, "continues after its end"));
		put_u32le(row, get_u32le(row) - 7);
		put_u32le(row + 8, get_u32le(row + 8) + 7);
	}
	buf_free(&in);
	buf_free(&out);
}

static void
cannot_be_read(void **state)
{
	const struct codec *codec = codecrun_codec(*state);
	struct buf in = { 0 }, out = { 0 };
	struct error err;
	size_t edges[BLOCKS];
	uint64_t said;

	codecrun_pages(raw, RAW);
	whole(codec, &in, edges, 0);
	for (size_t at = 0; at < in.len; at += 101) {
		struct memstore m = memory_of(&in);

		m.fail_at = at;
		assert_int_equal(late(codec, &m, edges[0], &out, &said, &err), -1);
		assert_int_equal(err.kind, ERROR_IO);
	}
	buf_free(&in);
	buf_free(&out);
}

static char gzip[] = "gzip", zstd[] = "zstd", lz4[] = "lz4";

#define OF_FRAMES(function) \
	cmocka_unit_test_prestate(function, zstd), \
	    cmocka_unit_test_prestate(function, lz4)
#define OF_EACH(function) OF_FRAMES(function), cmocka_unit_test_prestate(function, gzip)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		OF_EACH(ends),
		OF_EACH(more_than_all),
		OF_EACH(places_of_others),
		OF_EACH(every_byte),
		OF_EACH(every_cut),
		OF_FRAMES(lies),
		OF_EACH(cannot_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
