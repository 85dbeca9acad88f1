/*
 * The block pipeline when something fails: which error is told, that all threads leave,
 * that nothing is left.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <cmocka.h>

#include "support/piperun.h"
#include "support/refuse.h"
#include "support/sanitized.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define INJECTED "injected: No space left on device"

enum { LARGE = 1100000 }; /* more than a block: what follows is in a later one */

/* The plan failed or is complete: end the stream as a planner does. */
static int
end_stream(struct piperun *r, int rc)
{
	if (rc == -1)
		blockpipe_fail(r->plan.pipe, &r->err);
	return blockpipe_close(r->plan.pipe, &r->err);
}

static void
free_failed(struct piperun *r)
{
	const char *wrong = piperun_end(r, false);

	if (wrong)
		fail_msg("%s", wrong);
	piperun_free(r);
}

/* The stream must fail so; release it. */
static void
assert_fails(struct piperun *r, int rc, enum error_kind kind, const char *text)
{
	assert_int_equal(end_stream(r, rc), -1);
	assert_string_equal(r->err.text, text);
	assert_int_equal(r->err.kind, kind);
	/* what closes twice is told the same */
	r->err.text[0] = '\0';
	assert_int_equal(blockpipe_close(r->plan.pipe, &r->err), -1);
	assert_string_equal(r->err.text, text);
	free_failed(r);
}

/* ---- the sink fails at any byte ---- */

struct sweep {
	const char *name;
	const char *codec;
	unsigned jobs;
	size_t points;
};

static struct sweep sweeps[] = {
	{ "sink fails at any byte, none, 1 job", "none", 1, 6 },
	{ "sink fails at any byte, none, 3 jobs", "none", 3, 6 },
	{ "sink fails at any byte, gzip, 2 jobs", "gzip", 2, 6 },
};

static int
plan_sweep(struct piperun *r)
{
	return streamplan_member(&r->plan, true, 700000, &r->err) ||
		streamplan_members(&r->plan, 4, &r->err) ||
		streamplan_member(&r->plan, false, 600000, &r->err) ||
		streamplan_member(&r->plan, true, 100, &r->err) ?
	    -1 :
	    0;
}

static void
fail_at(const struct sweep *sweep, size_t at)
{
	struct piperun *r = piperun_new_failing(sweep->codec, sweep->jobs, at);
	int rc = plan_sweep(r);

	if (rc == -1)
		assert_int_equal(r->err.kind, ERROR_CANCELLED);
	assert_int_equal(end_stream(r, rc), -1);
	assert_string_equal(r->err.text, INJECTED);
	assert_int_equal(r->err.sys, ENOSPC);
	assert_int_equal(r->memory.held.len, at);
	free_failed(r);
}

static void
check_sweep(void **state)
{
	const struct sweep *sweep = *state;
	struct piperun *r = piperun_new(sweep->codec, sweep->jobs, 8);
	size_t total;

	assert_int_equal(end_stream(r, plan_sweep(r)), 0);
	total = r->memory.held.len;
	assert_null(piperun_end(r, true));
	piperun_free(r);
	for (size_t i = 0; i < sweep->points; i++)
		fail_at(sweep, total / sweep->points * i);
	/* the first bytes are the codec's head, the last ones its tail */
	for (size_t i = 1; i <= 11; i += 5) {
		fail_at(sweep, i);
		fail_at(sweep, total - i);
	}
}

/* Whoever plans on is told, if late, that it is in vain. */
static void
planner_is_told(void **state)
{
	struct piperun *r = piperun_new_failing("none", 2, 0);
	int rc = 0;

	(void)state;
	for (size_t i = 0; rc == 0 && i < 30; i++)
		rc = streamplan_member(&r->plan, i % 2, 500000, &r->err);
	assert_int_equal(rc, -1);
	assert_int_equal(r->err.kind, ERROR_CANCELLED);
	assert_true(blockpipe_has_failed(r->plan.pipe));
	assert_int_equal(blockpipe_barrier(r->plan.pipe, &r->err), -1);
	assert_int_equal(r->err.kind, ERROR_CANCELLED);
	assert_int_equal(blockpipe_settle(r->plan.pipe, &r->err), -1);
	assert_int_equal(r->err.kind, ERROR_CANCELLED);
	assert_fails(r, rc, ERROR_IO, INJECTED);
}

/* What the planner fails at when the stream has ended is no error of the stream. */
static void
fails_after_the_close(void **state)
{
	struct piperun *r = piperun_new("gzip", 2, 8);
	struct error late = { 0 };
	size_t len;

	(void)state;
	assert_int_equal(end_stream(r, plan_sweep(r)), 0);
	len = r->memory.held.len;
	error_set(&late, ERROR_STATE, 0, "late");
	blockpipe_fail(r->plan.pipe, &late);
	assert_int_equal(blockpipe_close(r->plan.pipe, &r->err), 0);
	assert_int_equal(r->memory.held.len, len);
	assert_null(piperun_end(r, true));
	piperun_free(r);
}

/* ---- two errors: the first in stream order, whichever came first in time ---- */

enum fault {
	NO_FAULT,
	BAD_READ,    /* a range that cannot be read */
	BAD_PIECE,   /* a body that objects to its piece */
	BAD_END,     /* one that objects to its end */
	BAD_PLANNER, /* blockpipe_fail() */
	GOOD,        /* a small member */
	NEXT_BLOCK   /* a large one */
};

struct order {
	const char *name;
	size_t fail_at; /* of the sink; 0: never */
	enum fault faults[6];
	const char *text;
};

static struct order orders[] = {
	{ "read, later the planner", 0, { BAD_READ, NEXT_BLOCK, NEXT_BLOCK, BAD_PLANNER },
	    "\"body 0\": could not read: Is a directory" },
	{ "read, at once the planner", 0, { GOOD, BAD_READ, GOOD, BAD_PLANNER },
	    "\"body 1\": could not read: Is a directory" },
	{ "planner, later a read", 0, { NEXT_BLOCK, BAD_PLANNER, NEXT_BLOCK, BAD_READ },
	    "planner" },
	{ "planner, at once a read", 0, { GOOD, BAD_PLANNER, BAD_READ }, "planner" },
	{ "read, later a read", 0, { NEXT_BLOCK, BAD_READ, NEXT_BLOCK, BAD_READ },
	    "\"body 1\": could not read: Is a directory" },
	{ "read, at once a read", 0, { BAD_READ, BAD_READ },
	    "\"body 0\": could not read: Is a directory" },
	{ "piece, later a read", 0, { BAD_PIECE, NEXT_BLOCK, BAD_READ },
	    "body 0 objects" },
	{ "piece, at once a read", 0, { BAD_PIECE, BAD_READ }, "body 0 objects" },
	{ "read, at once a piece", 0, { BAD_READ, BAD_PIECE },
	    "\"body 0\": could not read: Is a directory" },
	{ "read, later a piece", 0, { BAD_READ, NEXT_BLOCK, BAD_PIECE },
	    "\"body 0\": could not read: Is a directory" },
	{ "piece, at once the planner", 0, { BAD_PIECE, BAD_PLANNER }, "body 0 objects" },
	{ "piece, at once a piece", 0, { BAD_PIECE, BAD_PIECE }, "body 0 objects" },
	{ "end, at once the planner", 0, { GOOD, BAD_END, BAD_PLANNER },
	    "body 1 objects" },
	{ "end, later a piece", 0, { BAD_END, NEXT_BLOCK, BAD_PIECE }, "body 0 objects" },
	{ "sink, at once a read", 1000, { NEXT_BLOCK, BAD_READ }, INJECTED },
	{ "read, later the sink", 1500000, { BAD_READ, NEXT_BLOCK, NEXT_BLOCK },
	    "\"body 0\": could not read: Is a directory" },
	{ "sink, later a read", 10, { NEXT_BLOCK, NEXT_BLOCK, BAD_READ }, INJECTED },
	{ "sink, later the planner", 10, { NEXT_BLOCK, NEXT_BLOCK, BAD_PLANNER },
	    INJECTED },
};

static int
plan_body(struct piperun *r, enum fault fault)
{
	size_t len = fault == NEXT_BLOCK ? LARGE : 4096;
	struct heard *h;
	int rc;

	if (streamplan_header(&r->plan, 512, &r->err))
		return -1;
	h = streamplan_begin(&r->plan, true);
	if (fault == BAD_PIECE || fault == BAD_END) {
		error_set(&h->fail, ERROR_FORMAT, 0, "%s objects", h->name);
		h->fail_at = fault == BAD_PIECE ? 1 : SIZE_MAX;
	}
	if (fault == BAD_READ)
		rc = streamplan_bad_range(&r->plan, len, &r->err);
	else
		rc = streamplan_bytes(&r->plan, len, &r->err);
	return rc || streamplan_end(&r->plan, &r->err) ? -1 : 0;
}

static int
plan_faults(struct piperun *r, const enum fault *faults)
{
	struct error planner = { 0 };

	error_set(&planner, ERROR_STATE, 0, "planner");
	for (size_t i = 0; faults[i] != NO_FAULT; i++) {
		if (faults[i] == BAD_PLANNER)
			blockpipe_fail(r->plan.pipe, &planner);
		else if (plan_body(r, faults[i]))
			return -1;
	}
	return 0;
}

static void
check_order(void **state)
{
	const struct order *order = *state;

	for (unsigned jobs = 1; jobs <= 2; jobs++) {
		/* shut: all of it is planned, and read, before the writer sees any */
		struct piperun *r = piperun_new_shut(jobs);
		int rc;

		if (order->fail_at > 0)
			r->memory.fail_at = order->fail_at;
		if (jobs == 2) /* open: the writer sees each as soon as can be */
			gatesink_open(&r->gate);
		rc = plan_faults(r, order->faults);
		gatesink_open(&r->gate);
		assert_int_equal(end_stream(r, rc), -1);
		assert_string_equal(r->err.text, order->text);
		free_failed(r);
	}
}

/* The planner itself reads and tells the open block: an error is its own, and stays. */
static void
faults_of_the_open_block(void **state)
{
	static const enum fault read[] = { GOOD, BAD_READ, NO_FAULT };
	static const enum fault piece[] = { GOOD, BAD_PIECE, GOOD, NO_FAULT };
	const char *reading = "\"body 1\": could not read: Is a directory";
	struct piperun *r = piperun_new("none", 1, 8);

	(void)state;
	assert_int_equal(plan_faults(r, read), 0);
	assert_int_equal(blockpipe_barrier(r->plan.pipe, &r->err), -1);
	assert_string_equal(r->err.text, reading);
	assert_fails(r, 0, ERROR_IO, reading);

	r = piperun_new("none", 1, 8);
	assert_int_equal(plan_faults(r, read), 0);
	assert_int_equal(blockpipe_settle(r->plan.pipe, &r->err), -1);
	assert_string_equal(r->err.text, reading);
	assert_fails(r, -1, ERROR_IO, reading);

	r = piperun_new("none", 1, 8);
	assert_int_equal(plan_faults(r, piece), 0);
	assert_int_equal(blockpipe_settle(r->plan.pipe, &r->err), -1);
	assert_string_equal(r->err.text, "body 1 objects");
	assert_int_equal(r->plan.bodies[2]->told, 0);
	assert_fails(r, 0, ERROR_FORMAT, "body 1 objects");

	/* out of descriptors, all of them in the open block */
	r = piperun_new("none", 1, 1);
	assert_int_equal(plan_faults(r, read), 0);
	streamplan_begin(&r->plan, true);
	assert_int_equal(streamplan_range(&r->plan, 0, 1, &r->err), -1);
	assert_string_equal(r->err.text, reading);
	assert_fails(r, -1, ERROR_IO, reading);
}

/* ---- codecs that fail ---- */

static int
no_encoder(struct encoder **out, int level, struct error *err)
{
	(void)out;
	(void)level;
	return error_memory(err);
}

static int
an_encoder(struct encoder **out, int level, struct error *err)
{
	(void)level;
	(void)err;
	*out = NULL;
	return 0;
}

static void
free_encoder(struct encoder *e)
{
	(void)e;
}

static int
encode_nothing(struct encoder *e, const uint8_t *bytes, size_t len, struct buf *out,
    struct codec_sum *sum, struct error *err)
{
	(void)e;
	(void)bytes;
	(void)out;
	(void)sum;
	return error_set(err, ERROR_FORMAT, 0, "cannot encode %zu bytes", len);
}

/* The same run with a codec that is in no table. */
static void
assert_codec_fails(const struct codec *codec, const char *text)
{
	struct piperun *r = piperun_new("none", 2, 8);

	blockpipe_free(r->plan.pipe);
	atomic_store(&r->cancel.raised, false);
	r->opt.codec = codec;
	assert_int_equal(blockpipe_open(&r->plan.pipe, &r->opt, &r->err), 0);
	assert_int_equal(end_stream(r, plan_body(r, GOOD)), -1);
	assert_string_equal(r->err.text, text);
	free_failed(r);
}

static void
codecs_that_fail(void **state)
{
	static const struct codec_methods dying = { .encoder_new = no_encoder };
	static const struct codec_methods silent = { .encoder_new = an_encoder,
		.encoder_free = free_encoder,
		.encode = encode_nothing };
	static const struct codec dead = { .name = "dead", .methods = &dying };
	static const struct codec mute = { .name = "mute", .methods = &silent };

	(void)state;
	assert_codec_fails(&dead, "out of memory");
	assert_codec_fails(&mute, "cannot encode 4608 bytes");
}

/* ---- pipes that cannot be opened ---- */

struct opening {
	struct blockpipe_options opt;
	struct cancel cancel;
	struct blockpipe *pipe;
	int rc;
	struct error err;
};

static void
open_pipe(void *arg)
{
	struct opening *o = arg;

	o->opt.cancel = &o->cancel;
	o->rc = blockpipe_open(&o->pipe, &o->opt, &o->err);
}

static void
threads_that_cannot_start(void **state)
{
	const struct refuse rows[] = {
		{ SYS_clone3, 0, 0, 0, EAGAIN },
		{ SYS_clone, 0, 0, 0, EAGAIN },
	};
	struct opening o = { .opt = { .codec = codec_by_name("gzip"), .jobs = 2 } };

	(void)state;
	o.pipe = (struct blockpipe *)&o;
	if (!refuse_run(rows, COUNT(rows), open_pipe, &o))
		skip();
	assert_int_equal(o.rc, -1);
	assert_null(o.pipe);
	assert_string_equal(
	    o.err.text, "could not create a thread: Resource temporarily unavailable");
}

/* The allocators of the sanitizers end the process instead. */
static void
no_memory_for_blocks(void **state)
{
	struct opening o = { .opt = { .codec = codec_by_name("none"), .jobs = 200 } };
	struct rlimit before, none;

	(void)state;
	o.pipe = (struct blockpipe *)&o;
	if (SANITIZED_STRIDE > 1)
		skip();
	assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
	none = before;
	none.rlim_cur = 1024 * 1024; /* less than there is already: nothing more */
	assert_int_equal(setrlimit(RLIMIT_AS, &none), 0);
	open_pipe(&o);
	assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
	assert_int_equal(o.rc, -1);
	assert_null(o.pipe);
	assert_int_equal(o.err.kind, ERROR_MEMORY);
}

int
main(void)
{
	const struct CMUnitTest fixed[] = {
		cmocka_unit_test(planner_is_told),
		cmocka_unit_test(fails_after_the_close),
		cmocka_unit_test(faults_of_the_open_block),
		cmocka_unit_test(codecs_that_fail),
		cmocka_unit_test(threads_that_cannot_start),
		cmocka_unit_test(no_memory_for_blocks),
	};
	struct CMUnitTest tests[COUNT(sweeps) + COUNT(orders) + COUNT(fixed)], *t = tests;

	for (size_t i = 0; i < COUNT(sweeps); i++)
		*t++ = (struct CMUnitTest){ .name = sweeps[i].name,
			.test_func = check_sweep,
			.initial_state = &sweeps[i] };
	for (size_t i = 0; i < COUNT(orders); i++)
		*t++ = (struct CMUnitTest){ .name = orders[i].name,
			.test_func = check_order,
			.initial_state = &orders[i] };
	memcpy(t, fixed, sizeof(fixed));
	return cmocka_run_group_tests(tests, piperun_setup, piperun_teardown);
}
