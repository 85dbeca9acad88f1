/* Decoded by several threads: the same bytes as by the decoder of streams, and the same error after them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

#include "codec/chunk.h"
#include "lib/interrupt.h"
#include "stream/decodepool.h"
#include "support/codecrun.h"
#include "support/memstream.h"
#include "support/sanitized.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { MIB = 1024 * 1024, LARGE = 11 * MIB };

static uint8_t raw[LARGE];

struct kind {
	const char *name, *codec;
	int level;
};

/* Levels of each library that deflates. */
static struct kind kinds[] = {
	{ "gzip, level 2", "gzip", 2 },
	{ "gzip, level 6", "gzip", 6 },
	{ "zstd", "zstd", 3 },
	{ "lz4", "lz4", 1 },
};

/* What the pipeline makes of blocks of these lengths: a whole stream.  edges: of its blocks. */
static void
make_stream(const struct kind *kind, const size_t *lens, size_t count, struct buf *out,
    size_t *edges)
{
	const struct codec *codec = codecrun_codec(kind->codec);
	const struct codec_methods *m = codec->methods;
	struct codec_sum whole = { 0 };
	uint8_t edge[CODEC_EDGE];
	const uint8_t *at = raw;
	struct error err = { 0 };
	struct encoder *e;
	size_t ends[8];

	assert_true(count <= COUNT(ends));
	buf_clear(out);
	if (m->head)
		assert_int_equal(
		    buf_append(out, edge, m->head(kind->level, edge), &err), 0);
	assert_int_equal(m->encoder_new(&e, kind->level, &err), 0);
	for (size_t i = 0; i < count; at += lens[i++]) {
		struct codec_sum sum = { 0 };

		assert_int_equal(m->encode(e, at, lens[i], out, &sum, &err), 0);
		if (m->add)
			m->add(&whole, &sum);
		ends[i] = out->len;
	}
	m->encoder_free(e);
	if (edges)
		memcpy(edges, ends, count * sizeof(*ends));
	if (m->table)
		codecrun_table(codec, lens, ends, count, 0, out);
	if (m->tail)
		assert_int_equal(buf_append(out, edge, m->tail(&whole, edge), &err), 0);
}

/*
 * The same error.  What libzstd says of a damaged block depends on the buffers that it has from the frames
 * before, which were others' here.
 */
static void
assert_same_error(const struct error *one, const struct error *many)
{
	const char *reason = strrchr(one->text, ':');

	assert_int_equal(many->kind, one->kind);
	assert_string_equal(many->hint, one->hint);
	if (reason && strncmp(one->text, "zstd data is damaged ", 21) == 0)
		assert_memory_equal(
		    many->text, one->text, (size_t)(reason + 1 - one->text));
	else
		assert_string_equal(many->text, one->text);
}

/* By ${jobs} threads as by one decoder. */
static void
assert_as_stream(const struct buf *in, unsigned jobs, size_t chunk, size_t fail_at)
{
	struct error one = { 0 }, many = { 0 };
	struct buf whole = { 0 }, out = { 0 };
	int rc = codecrun_decode(in, 0, 512 * 1024, fail_at, &whole, &one);

	assert_int_equal(
	    codecrun_decode_by(in, jobs, chunk, 512 * 1024, fail_at, &out, &many), rc);
	assert_same_error(&one, &many);
	assert_int_equal(out.len, whole.len);
	if (out.len > 0)
		assert_memory_equal(out.data, whole.data, out.len);
	buf_free(&whole);
	buf_free(&out);
}

static const size_t small_lens[] = { 60, 1, 130, 40 };
enum { SMALL = 60 + 1 + 130 + 40, SMALL_BLOCKS = COUNT(small_lens) };

static void
make_small(const struct kind *kind, struct buf *out)
{
	codecrun_pages(raw, SMALL);
	make_stream(kind, small_lens, SMALL_BLOCKS, out, NULL);
}

static void
every_cut(void **state)
{
	struct buf in = { 0 };

	make_small(*state, &in);
	for (size_t len = in.len + 1; len-- > 0; in.len = len)
		if (in.len % SANITIZED_STRIDE == 0)
			assert_as_stream(&in, 2, in.len % 3, MEMSTREAM_NEVER);
	buf_free(&in);
}

static void
every_byte(void **state)
{
	struct buf in = { 0 };

	make_small(*state, &in);
	for (size_t at = 0; at < in.len; at += SANITIZED_STRIDE) {
		in.data[at] ^= (uint8_t)(at % 2 ? 0x55 : 0x01);
		assert_as_stream(&in, 1 + (unsigned)at % 2, 0, MEMSTREAM_NEVER);
		in.data[at] ^= (uint8_t)(at % 2 ? 0x55 : 0x01);
	}
	buf_free(&in);
}

static void
faults_in_place(void **state)
{
	struct buf in = { 0 };

	make_small(*state, &in);
	for (size_t at = 0; at < in.len; at += 3 * SANITIZED_STRIDE)
		assert_as_stream(&in, 2, 7, at);
	buf_free(&in);
}

/* Blocks as the pipeline makes them, of all kinds of content. */
static void
large(void **state)
{
	size_t lens[8] = { MIB / 2, MIB + 60000, 10, MIB / 2, MIB, MIB, MIB / 4, 0 };
	const size_t step = SANITIZED_STRIDE > 1 ? 4 : 1;
	struct buf in = { 0 };

	codecrun_pages(raw, LARGE);
	codecrun_noise(raw + MIB, MIB);
	codecrun_zeros(raw + 2 * MIB, 3 * MIB / 2);
	make_stream(*state, lens, 8, &in, NULL);
	for (unsigned jobs = step > 1 ? 4 : 1; jobs < 5; jobs += 3)
		for (size_t chunk = 0; chunk < 200000; chunk += 100001)
			assert_as_stream(&in, jobs, chunk, MEMSTREAM_NEVER);
	for (size_t at = 5; at < in.len; at += step * in.len / 7) {
		in.data[at] ^= 0x10;
		assert_as_stream(&in, 3, 0, MEMSTREAM_NEVER);
		in.data[at] ^= 0x10;
	}
	for (size_t i = 0; i < 4; i += step) {
		in.len -= i < 2 ? 5 : in.len / 3;
		assert_as_stream(&in, 2, 0, MEMSTREAM_NEVER);
	}
	buf_free(&in);
}

/* More than a chunk may be, and more than its content may: one thread has them. */
static void
too_large(void **state)
{
	size_t noise[] = { 100, 5 * MIB, 100 }, zeros[] = { 100, 10 * MIB, 100 };
	struct buf in = { 0 };

	codecrun_noise(raw, LARGE);
	make_stream(*state, noise, 3, &in, NULL);
	assert_as_stream(&in, 2, 0, MEMSTREAM_NEVER);
	codecrun_zeros(raw, LARGE);
	make_stream(*state, zeros, 3, &in, NULL);
	assert_as_stream(&in, 2, 0, MEMSTREAM_NEVER);
	buf_free(&in);
}

/* What follows the end, or another stream of the same codec. */
static void
after_the_end(void **state)
{
	static const char *const others[] = { "x", "\x1f\x8b", "\x28\xb5\x2f\xfd",
		"\x04\x22\x4d\x18", "\x50\x2a\x4d\x18", "\xff\xff 1234567890" };
	static const uint8_t zeros[3000];
	struct error err = { 0 };
	struct buf one = { 0 }, in = { 0 };

	make_small(*state, &one);
	for (size_t i = 0; i < COUNT(others) + 2; i++) {
		const bool is_other = i < COUNT(others);
		const void *more = is_other ? others[i] : (const void *)one.data;

		in.len = 0;
		assert_int_equal(buf_append(&in, one.data, one.len, &err), 0);
		assert_int_equal(
		    buf_append(&in, more, is_other ? strlen(others[i]) : one.len, &err),
		    0);
		if (i > COUNT(others))
			assert_int_equal(buf_append(&in, zeros, sizeof(zeros), &err), 0);
		for (size_t chunk = 0; chunk < 3; chunk++)
			assert_as_stream(&in, 2, chunk, MEMSTREAM_NEVER);
	}
	buf_free(&one);
	buf_free(&in);
}

/* On a block device whatever follows is another's. */
static void
of_a_device(void **state)
{
	struct buf in = { 0 }, out = { 0 };
	struct error err = { 0 };
	const char *name;
	size_t got = 1, len = 0;

	make_small(*state, &in);
	assert_int_equal(
	    buf_append(&in, "another's, \0\0\xff\xff and more", 24, &err), 0);
	assert_int_equal(buf_reserve(&out, SMALL + 1, &err), 0);
	struct memsource m = memstream_source(in.data, in.len, 0);
	struct source *s = &m.source;
	m.source.goes_on = true;
	assert_int_equal(decodepool_push(&s, 2, NULL, &name, &err), 0);
	for (; got > 0; len += got)
		assert_int_equal(
		    source_read(s, out.data + len, SMALL + 1 - len, &got, &err), 0);
	assert_int_equal(len, SMALL);
	assert_memory_equal(out.data, raw, SMALL);
	source_free(s);
	buf_free(&in);
	buf_free(&out);
}

/* Frames that are to be skipped: before, between and after the others. */
static void
skippable(void **state)
{
	static const uint8_t frame[] = { 0x5f, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 0, 0xfd, 1,
		2 };
	const struct kind *kind = *state;
	struct buf small = { 0 }, in = { 0 };
	struct error err = { 0 };
	size_t edges[SMALL_BLOCKS];

	codecrun_pages(raw, SMALL);
	make_stream(kind, small_lens, SMALL_BLOCKS, &small, edges);
	small.len =
	    edges[SMALL_BLOCKS - 1]; /* a table would not be that of these frames */
	for (size_t i = 0; i <= SMALL_BLOCKS; i++) {
		size_t at = i == 0 ? 0 : edges[i - 1];

		for (size_t len = 0; len <= sizeof(frame); len += 4) {
			buf_clear(&in);
			assert_int_equal(buf_append(&in, small.data, at, &err), 0);
			assert_int_equal(buf_append(&in, frame, len, &err), 0);
			assert_int_equal(
			    buf_append(&in, small.data + at, small.len - at, &err), 0);
			assert_as_stream(&in, 2, len, MEMSTREAM_NEVER);
		}
	}
	buf_free(&small);
	buf_free(&in);
}

/* ---- gzip of other programs ---- */

/* One member, flushed that way after every ${every} bytes. */
static void
deflate_flushed(
    const uint8_t *bytes, size_t len, size_t every, int flush, int level, struct buf *out)
{
	struct error err = { 0 };
	z_stream z = { 0 };

	buf_clear(out);
	assert_int_equal(
	    deflateInit2(&z, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(buf_reserve(out, len * 2 + 100000, &err), 0);
	z.next_out = out->data;
	z.avail_out = (uInt)(len * 2 + 100000);
	for (size_t at = 0; at < len; at += every) {
		z.next_in = (Bytef *)(uintptr_t)(bytes + at);
		z.avail_in = (uInt)(every < len - at ? every : len - at);
		assert_int_equal(deflate(&z, flush), Z_OK);
	}
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	out->len = (size_t)z.total_out;
	deflateEnd(&z);
}

/* gzip and pg_basebackup; pigz, whose blocks refer to those before; pigz -i; stored. */
static void
gzip_of_others(void **state)
{
	static const struct {
		int flush, level;
	} ways[] = { { Z_NO_FLUSH, 6 }, { Z_SYNC_FLUSH, 6 }, { Z_FULL_FLUSH, 1 },
		{ Z_FULL_FLUSH, 0 }, { Z_SYNC_FLUSH, 0 }, { Z_PARTIAL_FLUSH, 6 } };
	struct buf in = { 0 };

	(void)state;
	codecrun_pages(raw, LARGE);
	for (size_t i = 0; i < COUNT(ways); i++) {
		deflate_flushed(
		    raw, 2 * MIB, 128 * 1024, ways[i].flush, ways[i].level, &in);
		assert_as_stream(&in, 2, 0, MEMSTREAM_NEVER);
		in.data[in.len / 2] ^= 4;
		assert_as_stream(&in, 2, 0, MEMSTREAM_NEVER);
		in.len = in.len / 3;
		assert_as_stream(&in, 2, 0, MEMSTREAM_NEVER);
	}
	buf_free(&in);
}

/* Content that is stored as it is may look like flushes: alone in a block, and again and again. */
static void
false_flushes(void **state)
{
	static const size_t every[] = { 5 * MIB, 700001, 4099 };
	struct kind level[] = { { "", "gzip", 2 }, { "", "gzip", 6 } };
	size_t lens[4] = { MIB, MIB, MIB, MIB };
	struct buf in = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(every); i++) {
		codecrun_noise(raw, 4 * MIB);
		for (size_t at = every[i] / 2; at < 4 * MIB; at += every[i])
			memcpy(raw + at, "\0\0\xff\xff", 4);
		for (size_t k = 0; k < COUNT(level); k++) {
			make_stream(&level[k], lens, 4, &in, NULL);
			assert_as_stream(&in, 2, 0, MEMSTREAM_NEVER);
			assert_as_stream(&in, 3, 100000, MEMSTREAM_NEVER);
		}
	}
	buf_free(&in);
}

/* ---- where chunks are ---- */

/* The chunk at ${at} ends at ${end}, which is seen when all of it is there, and has ${content} bytes. */
static void
assert_chunk(const struct chunk_methods *chunks, void *decoder, const struct buf *in,
    size_t at, size_t end, size_t content)
{
	size_t size = 0, seen = 0;
	struct codec_sum sum = { 0 };
	struct error err = { 0 };
	struct buf out = { 0 };
	bool has_content = false, is_sound = false;

	for (size_t len = 0; at + len < end; len++)
		assert_int_equal(
		    chunks->find(in->data + at, len, at, &seen, &size, &has_content),
		    CHUNK_MORE);
	assert_int_equal(
	    chunks->find(in->data + at, in->len - at, at, &seen, &size, &has_content),
	    CHUNK_FOUND);
	assert_int_equal(at + size, end);
	assert_int_equal(has_content, content > 0);
	if (!has_content)
		return;
	assert_int_equal(
	    chunks->decode(decoder, in->data + at, size, &out, &sum, &is_sound, &err), 0);
	assert_true(is_sound);
	assert_int_equal(out.len, content);
	assert_int_equal(sum.len, content);
	buf_free(&out);
}

/* Each block of ours is one, so that as many threads can decode it as there are. */
static void
each_block(void **state)
{
	const struct kind *kind = *state;
	const struct chunk_methods *chunks = codecrun_codec(kind->codec)->methods->chunks;
	size_t edges[SMALL_BLOCKS], at = 0;
	struct error err = { 0 };
	struct buf in = { 0 };
	void *decoder;

	codecrun_pages(raw, SMALL);
	make_stream(kind, small_lens, SMALL_BLOCKS, &in, edges);
	assert_int_equal(chunks->open(&decoder, &err), 0);
	if (chunks->is_guess) { /* the header of gzip */
		at = 10;
		assert_chunk(chunks, decoder, &in, 0, at, 0);
	}
	for (size_t i = 0; i < SMALL_BLOCKS; at = edges[i++])
		assert_chunk(chunks, decoder, &in, at, edges[i], small_lens[i]);
	chunks->close(decoder);
	buf_free(&in);
}

static void
left_early(void **state)
{
	size_t lens[4] = { MIB, MIB, MIB, MIB };
	struct buf in = { 0 };
	uint8_t byte;

	codecrun_pages(raw, LARGE);
	make_stream(*state, lens, 4, &in, NULL);
	for (int reads = 0; reads < 3; reads++) {
		struct memsource m = memstream_source(in.data, in.len, 0);
		struct source *s = &m.source;
		struct error err = { 0 };
		const char *name;
		size_t got;

		assert_int_equal(decodepool_push(&s, 3, NULL, &name, &err), 0);
		for (int i = 0; i < reads; i++)
			assert_int_equal(source_read(s, &byte, 1, &got, &err), 0);
		source_free(s);
	}
	buf_free(&in);
}

/* A thread is woken with a signal, which must not end the program. */
static int
install(void **state)
{
	struct error err = { 0 };

	(void)state;
	return interrupt_install(&err);
}

#define OF_EACH(function) \
	cmocka_unit_test_prestate(function, &kinds[0]), \
	    cmocka_unit_test_prestate(function, &kinds[1]), \
	    cmocka_unit_test_prestate(function, &kinds[2]), \
	    cmocka_unit_test_prestate(function, &kinds[3])

int
main(void)
{
	const struct CMUnitTest tests[] = {
		OF_EACH(each_block),
		OF_EACH(every_cut),
		OF_EACH(every_byte),
		OF_EACH(faults_in_place),
		OF_EACH(large),
		OF_EACH(too_large),
		OF_EACH(after_the_end),
		OF_EACH(of_a_device),
		OF_EACH(skippable),
		OF_EACH(left_early),
		cmocka_unit_test(gzip_of_others),
		cmocka_unit_test(false_flushes),
	};

	return cmocka_run_group_tests(tests, install, NULL);
}
