#include "support/codecrun.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "codec/decoded.h"
#include "codec/frametable.h"
#include "stream/decodepool.h"
#include "support/memstream.h"
#include "support/streamplan.h"

void
codecrun_zeros(uint8_t *into, size_t len)
{
	memset(into, 0, len);
}

void
codecrun_pages(uint8_t *into, size_t len)
{
	streamplan_fill(into, len, 7);
}

void
codecrun_noise(uint8_t *into, size_t len)
{
	uint64_t state = 88172645463325252U;

	for (size_t i = 0; i < len; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		into[i] = (uint8_t)(state >> 24);
	}
}

const struct codec *
codecrun_codec(const char *name)
{
	const struct codec *codec = codec_by_name(name);

	if (codec_is_left_out(codec))
		skip();
	return codec;
}

void
codecrun_encode(const struct codec *codec, int level, const uint8_t *raw,
    const size_t *lens, size_t count, struct buf *out, size_t *edges)
{
	const struct codec_methods *m = codec->methods;
	struct error err = { 0 };
	struct encoder *e;

	assert_int_equal(m->encoder_new(&e, level, &err), 0);
	for (size_t i = 0; i < count; i++) {
		struct codec_sum sum = { 0 };

		assert_int_equal(m->encode(e, raw, lens[i], out, &sum, &err), 0);
		assert_int_equal(sum.len, lens[i]);
		raw += lens[i];
		if (edges)
			edges[i] = out->len;
	}
	m->encoder_free(e);
}

void
codecrun_table(const struct codec *codec, const size_t *lens, const size_t *edges,
    size_t count, size_t record, struct buf *out)
{
	struct memsink sink = memstream_sink(MEMSTREAM_NEVER);
	struct frametable table = { 0 };
	struct error err = { 0 };
	uint64_t len;

	for (size_t i = 0; i < count; i++)
		frametable_add(&table, edges[i] - (i > 0 ? edges[i - 1] : 0), lens[i]);
	assert_int_equal(
	    codec->methods->table(&table, record, &sink.sink, &len, &err), 0);
	assert_int_equal(len, sink.held.len);
	assert_int_equal(buf_append(out, sink.held.data, sink.held.len, &err), 0);
	buf_free(&sink.held);
	frametable_free(&table);
}

int
codecrun_decode_by(const struct buf *in, unsigned jobs, size_t chunk, size_t step,
    size_t fail_at, struct buf *out, struct error *err)
{
	struct memsource m = memstream_source(in->data, in->len, chunk);
	struct source *s = &m.source;
	static uint8_t bytes[512 * 1024];
	const char *name;
	size_t got = 1;
	int rc;

	m.fail_at = fail_at;
	buf_clear(out);
	rc = jobs == 0 ? decoded_push(&s, &name, err) :
			 decodepool_push(&s, jobs, NULL, &name, err);
	while (rc == 0 && got > 0) {
		rc = source_read(s, bytes, step, &got, err);
		if (rc == 0 && got > 0)
			rc = buf_append(out, bytes, got, err);
	}
	if (s != &m.source)
		source_free(s);
	return rc;
}

int
codecrun_decode(const struct buf *in, size_t chunk, size_t step, size_t fail_at,
    struct buf *out, struct error *err)
{
	return codecrun_decode_by(in, 0, chunk, step, fail_at, out, err);
}
