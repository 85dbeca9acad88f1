/* The block pipeline cut off: its threads leave whatever system call they are in. */
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/sys.h"
#include "support/piperun.h"

enum { KICK_MS = 20 };

/* A planner in a thread of its own, as in a backup. */
struct planner {
	struct piperun *run;
	size_t members; /* how many until it closes the pipe */
	atomic_bool is_back;
	int rc;
	struct error err;
	pthread_t thread;
};

static void *
plan(void *arg)
{
	struct planner *p = arg;
	struct streamplan *plan = &p->run->plan;

	for (size_t i = 0; p->rc == 0 && i < p->members; i++)
		p->rc = streamplan_member(plan, i % 2, 400000, &p->err);
	if (p->rc == -1)
		blockpipe_fail(plan->pipe, &p->err);
	p->rc = blockpipe_close(plan->pipe, &p->err);
	atomic_store(&p->is_back, true);
	return NULL;
}

static void
planner_start(struct planner *p, struct piperun *r, size_t members)
{
	*p = (struct planner){ .run = r, .members = members };
	assert_int_equal(pthread_create(&p->thread, NULL, plan, p), 0);
}

static void
wait_ms(int ms)
{
	poll(NULL, 0, ms);
}

/* As the main thread of a backup does: until the planner has come back. */
static void
cut_off(struct planner *p)
{
	do {
		blockpipe_cut(p->run->plan.pipe);
		wait_ms(KICK_MS / 4);
	} while (!atomic_load(&p->is_back));
	pthread_join(p->thread, NULL);
}

/* The planner waits for a block that gets free, or for the end. */
static void
cut_while_the_sink_blocks(void **state)
{
	static const size_t members[] = { 1000, 4 };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct piperun *r = piperun_new_stuck("none", 2);
		struct planner p;
		double start;

		planner_start(&p, r, members[i]);
		/* the writer is in write(), with no more than a pipe's worth through */
		wait_ms(30);
		assert_false(atomic_load(&p.is_back));
		start = sys_monotonic();
		cut_off(&p);
		assert_true(sys_monotonic() - start < 5);
		assert_int_equal(p.rc, -1);
		assert_int_equal(p.err.kind, ERROR_CANCELLED);
		assert_null(piperun_end(r, false));
		assert_true(cancel_is_raised(&r->cancel));
		piperun_free(r);
	}
}

/* Without a cut before it free does the same. */
static void
free_while_the_sink_blocks(void **state)
{
	struct piperun *r = piperun_new_stuck("gzip", 1);
	double start;

	(void)state;
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(streamplan_member(&r->plan, false, 1200000, &r->err), 0);
	wait_ms(30);
	start = sys_monotonic();
	assert_null(piperun_end(r, false));
	assert_true(sys_monotonic() - start < 5);
	assert_true(cancel_is_raised(&r->cancel));
	piperun_free(r);
}

/* At any moment, with everything in motion. */
static void
cut_at_any_moment(void **state)
{
	(void)state;
	for (int ms = 0; ms < 12; ms++) {
		struct piperun *r = piperun_new(ms % 2 ? "gzip" : "none", 3, 8);
		struct planner p;

		planner_start(&p, r, 8);
		wait_ms(ms);
		cut_off(&p);
		/* it may have been faster: then the stream is complete */
		if (p.rc == -1)
			assert_int_equal(p.err.kind, ERROR_CANCELLED);
		assert_null(piperun_end(r, p.rc == 0));
		piperun_free(r);
	}
}

/* The flag alone ends the stream as well, if nothing is stuck. */
static void
cancel_is_seen(void **state)
{
	struct piperun *r = piperun_new_shut(2);

	(void)state;
	assert_int_equal(streamplan_member(&r->plan, true, 1200000, &r->err), 0);
	cancel_raise(&r->cancel);
	gatesink_open(&r->gate);
	assert_int_equal(blockpipe_close(r->plan.pipe, &r->err), -1);
	assert_int_equal(r->err.kind, ERROR_CANCELLED);
	assert_null(piperun_end(r, false));
	piperun_free(r);
}

/* A pipe may be freed wherever its planner stands. */
static void
free_at_any_place(void **state)
{
	(void)state;
	for (int place = 0; place < 6; place++) {
		struct piperun *r = piperun_new("none", 2, 8);

		if (place > 0)
			assert_int_equal(streamplan_header(&r->plan, 512, &r->err), 0);
		if (place > 1)
			streamplan_begin(&r->plan, true);
		if (place > 2)
			assert_int_equal(streamplan_bytes(&r->plan, 100, &r->err), 0);
		if (place > 3) {
			size_t len = place > 4 ? 3000000 : 10;

			assert_int_equal(streamplan_range(&r->plan, 0, len, &r->err), 0);
		}
		assert_null(piperun_end(r, false));
		assert_true(cancel_is_raised(&r->cancel));
		piperun_free(r);
	}
	blockpipe_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cut_while_the_sink_blocks),
		cmocka_unit_test(free_while_the_sink_blocks),
		cmocka_unit_test(cut_at_any_moment),
		cmocka_unit_test(cancel_is_seen),
		cmocka_unit_test(free_at_any_place),
	};

	return cmocka_run_group_tests(tests, piperun_setup, piperun_teardown);
}
