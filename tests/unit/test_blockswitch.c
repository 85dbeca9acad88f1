/* Several streams through one block pipeline, each into a sink of its own. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <zlib.h>

#include "codec/frametable.h"
#include "lib/bytes.h"
#include "support/codecrun.h"
#include "support/openfds.h"
#include "support/piperun.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define INJECTED "injected: No space left on device"

enum { STREAMS = 5 };

/* The first stream's sink is the pipe's own. */
struct streams {
	struct piperun *run;
	struct memsink sinks[STREAMS];
	size_t ends[STREAMS]; /* in what was planned */
};

static struct memsink *
sink_of(struct streams *s, size_t n)
{
	return n == 0 ? &s->run->memory : &s->sinks[n];
}

static void
start(struct streams *s, struct piperun *run)
{
	s->run = run;
	for (size_t i = 0; i < STREAMS; i++)
		s->sinks[i] = memstream_sink(MEMSTREAM_NEVER);
}

/* Members of these sizes in each stream, ends with a 0; as ranges and as bytes. */
typedef size_t plan_sizes[STREAMS][4];

static int
plan_streams(struct streams *s, const plan_sizes sizes)
{
	struct piperun *r = s->run;

	for (size_t i = 0; i < STREAMS; i++) {
		if (i > 0 && blockpipe_switch(r->plan.pipe, &s->sinks[i].sink, &r->err))
			return -1;
		for (size_t n = 0; n < 4 && sizes[i][n] > 0; n++)
			if (streamplan_member(&r->plan, n % 2 == 0, sizes[i][n], &r->err))
				return -1;
		s->ends[i] = r->plan.expect.len;
	}
	return 0;
}

static int
end_plan(struct streams *s, int rc)
{
	struct piperun *r = s->run;

	if (rc == -1)
		blockpipe_fail(r->plan.pipe, &r->err);
	return blockpipe_close(r->plan.pipe, &r->err);
}

static void
free_streams(struct streams *s)
{
	for (size_t i = 1; i < STREAMS; i++)
		sink_free(&s->sinks[i].sink);
	piperun_free(s->run);
}

/* One gzip member and nothing after it. */
static void
inflate_whole(const struct buf *in, struct buf *out, size_t most)
{
	struct error err = { 0 };
	z_stream z = { .next_in = in->data, .avail_in = (uInt)in->len };

	assert_int_equal(buf_reserve(out, most + 1, &err), 0);
	assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
	z.next_out = out->data;
	z.avail_out = (uInt)most + 1;
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(z.avail_in, 0);
	out->len = most + 1 - z.avail_out;
	inflateEnd(&z);
}

/* Of zstd or lz4: its decoder compares the table, which ends it and has a row for each block. */
static void
decode_frames(const struct buf *in, struct buf *out)
{
	struct frametable_footer footer;
	struct error err = { 0 };

	assert_int_equal(
	    codecrun_decode(in, 0, 512 * 1024, MEMSTREAM_NEVER, out, &err), 0);
	assert_true(in->len > FRAMETABLE_FOOTER);
	assert_true(frametable_footer(in->data + in->len - FRAMETABLE_FOOTER, &footer));
	assert_int_equal(footer.row, FRAMETABLE_ROW);
	assert_in_range(footer.count, out->len / (1024 * 1024), 1 + out->len / 500000);
}

/* Stream ${n} has come out as it was planned. */
static void
assert_stream(struct streams *s, size_t n)
{
	size_t start = n == 0 ? 0 : s->ends[n - 1], len = s->ends[n] - start;
	const struct buf *held = &sink_of(s, n)->held;
	struct buf raw = { 0 };

	if (s->run->opt.codec->methods->table && len == 0)
		assert_int_equal(held->len, 0);
	else if (s->run->opt.codec->methods->table)
		decode_frames(held, &raw);
	else if (s->run->opt.codec->methods->encode)
		inflate_whole(held, &raw, len);
	else
		assert_int_equal(
		    buf_append(&raw, held->data, held->len, &s->run->err), 0);
	assert_int_equal(raw.len, len);
	if (len > 0)
		assert_memory_equal(raw.data, s->run->plan.expect.data + start, len);
	buf_free(&raw);
}

/* ---- all goes well ---- */

struct shape {
	const char *name;
	const char *codec;
	unsigned jobs;
	plan_sizes sizes;
};

static struct shape shapes[] = {
	{ "small streams, none", "none", 2,
	    { { 100 }, { 8192, 1 }, { 5 }, { 600, 7 }, { 1 } } },
	{ "small streams, gzip", "gzip", 2,
	    { { 100 }, { 8192, 1 }, { 5 }, { 600, 7 }, { 1 } } },
	{ "large streams, none", "none", 3,
	    { { 1500000, 900000 }, { 2400000 }, { 10 }, { 1048576 }, { 1200000, 3 } } },
	{ "large streams, gzip", "gzip", 2,
	    { { 1500000 }, { 2400000 }, { 10 }, { 1048576 }, { 300000, 3 } } },
	{ "empty ones between, none", "none", 1,
	    { { 100 }, { 0 }, { 0 }, { 600 }, { 0 } } },
	{ "empty ones between, gzip", "gzip", 1,
	    { { 100 }, { 0 }, { 0 }, { 600 }, { 0 } } },
	{ "small streams, zstd", "zstd", 2,
	    { { 100 }, { 8192, 1 }, { 5 }, { 600, 7 }, { 1 } } },
	{ "large streams, lz4", "lz4", 2,
	    { { 1500000 }, { 2400000 }, { 10 }, { 1048576 }, { 300000, 3 } } },
	{ "empty ones between, zstd", "zstd", 1,
	    { { 100 }, { 0 }, { 0 }, { 600 }, { 1 } } },
	{ "nothing but empty ones, none", "none", 2, { { 0 } } },
	{ "nothing but empty ones, gzip", "gzip", 2, { { 0 } } },
};

static void
check_shape(void **state)
{
	const struct shape *shape = *state;
	uint64_t all = 0;
	struct streams s;

	(void)codecrun_codec(shape->codec);
	start(&s, piperun_new(shape->codec, shape->jobs, 8));
	assert_int_equal(end_plan(&s, plan_streams(&s, shape->sizes)), 0);
	for (size_t i = 0; i < STREAMS; i++)
		all += sink_of(&s, i)->held.len;
	assert_int_equal(blockpipe_written(s.run->plan.pipe), all);
	assert_int_equal(blockpipe_raw_written(s.run->plan.pipe), s.ends[STREAMS - 1]);
	assert_int_equal(blockpipe_planned(s.run->plan.pipe), s.ends[STREAMS - 1]);
	assert_null(piperun_end(s.run, true));
	for (size_t i = 0; i < STREAMS; i++) {
		assert_stream(&s, i);
		assert_false(sink_of(&s, i)->is_finished);
	}
	free_streams(&s);
}

/* An empty stream is the same bytes first, between and last. */
static void
empty_streams_are_alike(void **state)
{
	static const plan_sizes sizes = { { 0 } };
	struct streams s;

	(void)state;
	start(&s, piperun_new("gzip", 1, 8));
	assert_int_equal(end_plan(&s, plan_streams(&s, sizes)), 0);
	assert_null(piperun_end(s.run, true));
	for (size_t i = 1; i < STREAMS; i++) {
		assert_int_equal(s.sinks[i].held.len, s.run->memory.held.len);
		assert_memory_equal(s.sinks[i].held.data, s.run->memory.held.data,
		    s.run->memory.held.len);
	}
	free_streams(&s);
}

/* While no byte of the first stream can be written, the barrier reads those after it. */
static void
barrier_covers_all_streams(void **state)
{
	static const plan_sizes sizes = { { 3000, 4, 70000 }, { 5000 }, { 0 }, { 0 },
		{ 90000 } };
	static const uint8_t other[PIPERUN_FILE];
	struct streams s;
	char *path;
	int fd;

	(void)state;
	start(&s, piperun_new_shut(2));
	path = piperun_put("busy", s.run->plan.file.bytes, PIPERUN_FILE);
	s.run->plan.file.path = path;
	assert_int_equal(plan_streams(&s, sizes), 0);
	assert_int_equal(blockpipe_barrier(s.run->plan.pipe, &s.run->err), 0);
	assert_int_equal(openfds_count(), s.run->fds);
	fd = open(path, O_WRONLY);
	assert_int_equal(write(fd, other, sizeof(other)), sizeof(other));
	close(fd);
	assert_int_equal(blockpipe_raw_written(s.run->plan.pipe), 0);
	gatesink_open(&s.run->gate);
	assert_int_equal(end_plan(&s, 0), 0);
	assert_null(piperun_end(s.run, true));
	for (size_t i = 0; i < STREAMS; i++)
		assert_stream(&s, i);
	free_streams(&s);
	free(path);
}

/* Bodies of streams that have ended are told by settle, though no sink was finished. */
static void
settle_covers_all_streams(void **state)
{
	static const plan_sizes sizes = { { 3000, 4 }, { 1200000 }, { 0 }, { 10 },
		{ 7, 8 } };
	struct streams s;

	(void)state;
	start(&s, piperun_new("gzip", 2, 8));
	assert_int_equal(plan_streams(&s, sizes), 0);
	assert_int_equal(blockpipe_settle(s.run->plan.pipe, &s.run->err), 0);
	for (size_t i = 0; i < s.run->plan.nbodies; i++)
		assert_int_equal(s.run->plan.bodies[i]->ended, 1);
	assert_int_equal(end_plan(&s, 0), 0);
	assert_null(piperun_end(s.run, true));
	free_streams(&s);
}

/* ---- a sink fails ---- */

struct sweep {
	const char *name;
	const char *codec;
	plan_sizes sizes;
};

static struct sweep sweeps[] = {
	{ "each sink fails at any byte, none", "none",
	    { { 700000 }, { 10, 20 }, { 1300000 }, { 100 }, { 5000 } } },
	{ "each sink fails at any byte, gzip", "gzip",
	    { { 700000 }, { 10, 20 }, { 0 }, { 1300000 }, { 100 } } },
};

/* The streams before are whole, this one is cut there, of those after it nothing is. */
static void
fail_at(const struct sweep *sweep, size_t n, size_t at)
{
	struct streams s;
	int rc;

	start(&s, piperun_new_failing(sweep->codec, 2, n == 0 ? at : MEMSTREAM_NEVER));
	if (n > 0) /* the writer is at the first one already */
		s.sinks[n].fail_at = at;
	rc = plan_streams(&s, sweep->sizes);
	if (rc == -1)
		assert_int_equal(s.run->err.kind, ERROR_CANCELLED);
	assert_int_equal(end_plan(&s, rc), -1);
	assert_string_equal(s.run->err.text, INJECTED);
	assert_null(piperun_end(s.run, false));
	assert_int_equal(sink_of(&s, n)->held.len, at);
	for (size_t i = 0; i < n; i++)
		assert_stream(&s, i);
	for (size_t i = n + 1; i < STREAMS; i++)
		assert_int_equal(sink_of(&s, i)->held.len, 0);
	free_streams(&s);
}

static void
check_sweep(void **state)
{
	const struct sweep *sweep = *state;
	size_t lengths[STREAMS];
	struct streams s;

	start(&s, piperun_new(sweep->codec, 2, 8));
	assert_int_equal(end_plan(&s, plan_streams(&s, sweep->sizes)), 0);
	assert_null(piperun_end(s.run, true));
	for (size_t i = 0; i < STREAMS; i++)
		lengths[i] = sink_of(&s, i)->held.len;
	free_streams(&s);
	for (size_t i = 0; i < STREAMS; i++) {
		fail_at(sweep, i, 0);
		fail_at(sweep, i, 1);
		fail_at(sweep, i, lengths[i] / 2);
		fail_at(sweep, i, lengths[i] - 1);
	}
}

/* A file of the first stream cannot be read, the planner fails in a later one. */
static void
the_first_stream_wins(void **state)
{
	struct error planner = { 0 };
	struct streams s;

	(void)state;
	error_set(&planner, ERROR_STATE, 0, "planner");
	start(&s, piperun_new_shut(1));
	assert_int_equal(streamplan_header(&s.run->plan, 512, &s.run->err), 0);
	streamplan_begin(&s.run->plan, true);
	assert_int_equal(streamplan_bad_range(&s.run->plan, 4096, &s.run->err), 0);
	assert_int_equal(streamplan_end(&s.run->plan, &s.run->err), 0);
	assert_int_equal(
	    blockpipe_switch(s.run->plan.pipe, &s.sinks[1].sink, &s.run->err), 0);
	blockpipe_fail(s.run->plan.pipe, &planner);
	gatesink_open(&s.run->gate);
	assert_int_equal(blockpipe_close(s.run->plan.pipe, &s.run->err), -1);
	assert_string_equal(
	    s.run->err.text, "\"body 0\": could not read: Is a directory");
	assert_null(piperun_end(s.run, false));
	assert_int_equal(s.sinks[1].held.len, 0);
	free_streams(&s);
}

/* After a failure the planner learns it here as well. */
static void
no_switch_after_a_failure(void **state)
{
	struct error err = { 0 };
	struct streams s;

	(void)state;
	start(&s, piperun_new("none", 1, 8));
	blockpipe_cut(s.run->plan.pipe);
	assert_int_equal(blockpipe_switch(s.run->plan.pipe, &s.sinks[1].sink, &err), -1);
	assert_int_equal(err.kind, ERROR_CANCELLED);
	assert_int_equal(blockpipe_close(s.run->plan.pipe, &s.run->err), -1);
	assert_null(piperun_end(s.run, false));
	free_streams(&s);
}

int
main(void)
{
	const struct CMUnitTest fixed[] = {
		cmocka_unit_test(empty_streams_are_alike),
		cmocka_unit_test(barrier_covers_all_streams),
		cmocka_unit_test(settle_covers_all_streams),
		cmocka_unit_test(the_first_stream_wins),
		cmocka_unit_test(no_switch_after_a_failure),
	};
	struct CMUnitTest tests[COUNT(shapes) + COUNT(sweeps) + COUNT(fixed)];
	size_t n = 0;

	for (size_t i = 0; i < COUNT(shapes); i++)
		tests[n++] = (struct CMUnitTest){ .name = shapes[i].name,
			.test_func = check_shape,
			.initial_state = &shapes[i] };
	for (size_t i = 0; i < COUNT(sweeps); i++)
		tests[n++] = (struct CMUnitTest){ .name = sweeps[i].name,
			.test_func = check_sweep,
			.initial_state = &sweeps[i] };
	memcpy(tests + n, fixed, sizeof(fixed));
	return cmocka_run_group_tests(tests, piperun_setup, piperun_teardown);
}
