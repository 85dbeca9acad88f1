/* The rate: how much leaves when, by a clock of the test's; and that a pause ends. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "lib/interrupt.h"
#include "lib/sys.h"
#include "stream/rate.h"
#include "stream/record.h"
#include "support/memstream.h"
#include "support/streamplan.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MIB ((size_t)1024 * 1024)

/* ---- a clock that stands still but for waits and writes, and who writes when ---- */

struct fake {
	struct rate_clock clock; /* first */
	double time;
	unsigned waits;
	double longest;
};

static double
fake_now(struct rate_clock *clock)
{
	return ((struct fake *)clock)->time;
}

static int
fake_wait(struct rate_clock *clock, double until, const struct cancel *cancel,
    struct error *err)
{
	struct fake *f = (struct fake *)clock;

	assert_true(until > f->time);
	if (cancel_is_raised(cancel))
		return error_set(err, ERROR_CANCELLED, 0, "interrupted");
	f->waits++;
	if (until - f->time > f->longest)
		f->longest = until - f->time;
	f->time = until;
	return 0;
}

static struct fake
fake_start(void)
{
	return (struct fake){ .clock = { fake_now, fake_wait }, .time = 1000 };
}

/* Notes when each write came. */
struct timed {
	struct sink sink;
	struct fake *fake;
	double takes; /* seconds a write takes */
	struct {
		double time;
		size_t len;
	} writes[100000];
	size_t count;
	size_t total;
};

static int
timed_write(struct sink *s, const void *bytes, size_t len, struct error *err)
{
	struct timed *t = (struct timed *)s;

	(void)bytes;
	(void)err;
	assert_true(t->count < COUNT(t->writes));
	t->writes[t->count].time = t->fake->time;
	t->writes[t->count++].len = len;
	t->total += len;
	t->fake->time += t->takes;
	return 0;
}

static int
timed_finish(struct sink *s, struct error *err)
{
	(void)s;
	(void)err;
	return 0;
}

static void
timed_free(struct sink *s)
{
	(void)s;
}

static const struct sink_ops timed_ops = { timed_write, timed_finish, timed_free };
static struct timed timed; /* too large for a stack */

static void
timed_start(struct fake *fake)
{
	memset(&timed, 0, sizeof(timed));
	timed.sink.ops = &timed_ops;
	timed.fake = fake;
}

/* The most bytes that left within any ${seconds}. */
static size_t
most_within(double seconds)
{
	size_t most = 0, first = 0, sum = 0;

	for (size_t i = 0; i < timed.count; i++) {
		sum += timed.writes[i].len;
		while (timed.writes[i].time - timed.writes[first].time > seconds)
			sum -= timed.writes[first++].len;
		if (sum > most)
			most = sum;
	}
	return most;
}

static struct rate *
open_rate(struct fake *fake, uint64_t bytes_per_second, size_t unit)
{
	const struct rate_options opt = { bytes_per_second, unit, NULL, &fake->clock };
	struct error err = { 0 };
	struct rate *rate;

	assert_int_equal(rate_open(&rate, &opt, &err), 0);
	return rate;
}

/* ---- rates ---- */

struct pace {
	const char *name;
	uint64_t bytes_per_second;
	size_t unit;     /* also of the writes, if it is not 1 */
	double takes;    /* seconds a write takes */
	unsigned blocks; /* of 1 MiB */
};

static struct pace paces[] = {
	{ "32 kB/s", 32 * 1024, 1, 0, 2 },
	{ "32 kB/s in records", 32 * 1024, 10240, 0, 2 },
	{ "1 MB/s", MIB, 1, 0, 20 },
	{ "1 MB/s, writes take time", MIB, 1, 0.05, 20 },
	{ "10 MB/s in records", 10 * MIB, 10240, 0, 50 },
	{ "no whole number of slices", 1000003, 1, 0, 10 },
	{ "1 GB/s", 1024 * MIB, 1, 0, 3000 },
};

static void
check_pace(void **state)
{
	const struct pace *pace = *state;
	const double rate_of = (double)pace->bytes_per_second;
	static uint8_t block[1024 * 1024];
	struct fake fake = fake_start();
	struct rate *rate = open_rate(&fake, pace->bytes_per_second, pace->unit);
	size_t slice = pace->bytes_per_second / 16 / pace->unit * pace->unit;
	struct sink *s = &timed.sink;
	struct error err = { 0 };
	double took, least;

	timed_start(&fake);
	timed.takes = pace->takes;
	assert_int_equal(rate_push(&s, rate, &err), 0);
	if (pace->unit > 1)
		assert_int_equal(record_push(&s, pace->unit, &err), 0);
	for (unsigned i = 0; i < pace->blocks; i++)
		assert_int_equal(sink_write(s, block, sizeof(block), &err), 0);
	assert_int_equal(sink_finish(s, &err), 0);
	if (slice == 0)
		slice = pace->unit;
	/* as fast as allowed, and not faster */
	took = fake.time - 1000;
	least = (double)(timed.total - slice) / rate_of;
	assert_true(took >= least - 0.001);
	assert_true(took <= (double)timed.total / rate_of + pace->takes + 0.001);
	/* an even flow: what leaves at once, and within any quarter of a second */
	assert_true(most_within(0) <= slice);
	assert_true(most_within(0.25) <= (size_t)(rate_of * 0.25) + 2 * slice);
	assert_true(fake.longest <= (double)slice / rate_of + 0.001);
	/* few pauses, not one for each write */
	assert_true(fake.waits <= timed.total / slice);
	for (size_t i = 0; pace->unit > 1 && i < timed.count; i++)
		assert_int_equal(timed.writes[i].len, pace->unit);
	sink_free(s);
	rate_free(rate);
}

/* An hour without writes allows a quarter of a second's worth at once. */
static void
idle_time_is_not_saved_up(void **state)
{
	static uint8_t bytes[1024 * 1024];
	struct fake fake = fake_start();
	struct rate *rate = open_rate(&fake, 256 * 1024, 1);
	struct sink *s = &timed.sink;
	struct error err = { 0 };

	(void)state;
	timed_start(&fake);
	assert_int_equal(rate_push(&s, rate, &err), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(sink_write(s, bytes, sizeof(bytes), &err), 0);
		fake.time += 3600;
	}
	assert_true(most_within(0) <= 64 * 1024 + 2 * 16 * 1024);
	assert_true(most_within(1) <= 320 * 1024 + 2 * 16 * 1024);
	sink_free(s);
	rate_free(rate);
}

/* Two sinks in turn get together what one gets. */
static void
sinks_share_the_budget(void **state)
{
	static uint8_t bytes[1000];
	struct fake fake = fake_start();
	struct rate *rate = open_rate(&fake, 64 * 1024, 1);
	struct sink *two[2] = { &timed.sink, &timed.sink };
	struct error err = { 0 };

	(void)state;
	timed_start(&fake);
	for (int i = 0; i < 2; i++)
		assert_int_equal(rate_push(&two[i], rate, &err), 0);
	for (int i = 0; i < 1024; i++)
		assert_int_equal(sink_write(two[i % 2], bytes, sizeof(bytes), &err), 0);
	assert_true(fake.time - 1000 >= 1024 * 1000.0 / (64 * 1024) - 0.07);
	assert_true(most_within(1) <= 64 * 1024 + 2 * 4096);
	for (int i = 0; i < 2; i++)
		sink_free(two[i]);
	rate_free(rate);
	rate_free(NULL);
}

/* ---- failures ---- */

/* Every byte passes as it is; wherever what is below fails, it is told. */
static void
fails_anywhere(void **state)
{
	uint8_t bytes[600];

	(void)state;
	streamplan_fill(bytes, sizeof(bytes), 1);
	for (size_t at = 0; at <= sizeof(bytes); at++) {
		struct memsink below = memstream_sink(at);
		struct fake fake = fake_start();
		struct rate *rate = open_rate(&fake, 1000, 1);
		struct sink *s = &below.sink;
		struct error err = { 0 };
		int rc;

		assert_int_equal(rate_push(&s, rate, &err), 0);
		rc = sink_write(s, bytes, 100, &err);
		if (rc == 0)
			rc = sink_write(s, bytes + 100, sizeof(bytes) - 100, &err);
		assert_int_equal(rc, at == sizeof(bytes) ? 0 : -1);
		if (rc == -1)
			assert_string_equal(
			    err.text, "injected: No space left on device");
		else
			assert_int_equal(sink_finish(s, &err), 0);
		assert_int_equal(below.held.len, at);
		assert_true(at == 0 || memcmp(below.held.data, bytes, at) == 0);
		assert_int_equal(below.is_finished, rc == 0);
		if (below.is_finished)
			buf_free(&below.held);
		sink_free(s);
		rate_free(rate);
	}
}

struct pausing {
	struct cancel cancel;
	struct error err;
	int rc;
	atomic_bool is_back;
};

static void *
pause_long(void *arg)
{
	struct pausing *p = arg;
	/* a record of a thousand seconds' worth */
	const struct rate_options opt = { 1, 1000, &p->cancel, NULL };
	struct memsink below = memstream_sink(MEMSTREAM_NEVER);
	struct sink *s = &below.sink;
	static const uint8_t bytes[2000];
	struct rate *rate;

	p->rc = rate_open(&rate, &opt, &p->err) || rate_push(&s, rate, &p->err) ||
		sink_write(s, bytes, sizeof(bytes), &p->err) ?
	    -1 :
	    0;
	sink_free(s);
	rate_free(rate);
	atomic_store(&p->is_back, true);
	return NULL;
}

/* With the real clock: signals alone end no pause, the cancel does at once. */
static void
a_cancel_ends_a_pause(void **state)
{
	const struct timespec moment = { .tv_nsec = 1000 * 1000 };
	struct pausing p = { .rc = 0 };
	struct error err = { 0 };
	pthread_t thread;

	(void)state;
	assert_int_equal(interrupt_install(&err), 0);
	assert_int_equal(pthread_create(&thread, NULL, pause_long, &p), 0);
	for (int i = 0; i < 20; i++) {
		pthread_kill(thread, INTERRUPT_KICK);
		nanosleep(&moment, NULL);
	}
	assert_false(atomic_load(&p.is_back));
	cancel_raise(&p.cancel);
	while (!atomic_load(&p.is_back)) {
		pthread_kill(thread, INTERRUPT_KICK);
		nanosleep(&moment, NULL);
	}
	pthread_join(thread, NULL);
	assert_int_equal(p.rc, -1);
	assert_int_equal(p.err.kind, ERROR_CANCELLED);
	assert_string_equal(p.err.text, "interrupted");
}

/* With the real clock, what was asked for. */
static void
the_real_clock(void **state)
{
	const struct rate_options opt = { 4 * MIB, 1, NULL, NULL };
	static const uint8_t bytes[3 * 1024 * 1024];
	struct memsink below = memstream_sink(MEMSTREAM_NEVER);
	struct sink *s = &below.sink;
	struct error err = { 0 };
	struct rate *rate;
	double since, took;

	(void)state;
	assert_int_equal(rate_open(&rate, &opt, &err), 0);
	assert_int_equal(rate_push(&s, rate, &err), 0);
	since = sys_monotonic();
	assert_int_equal(sink_write(s, bytes, sizeof(bytes), &err), 0);
	took = sys_monotonic() - since;
	assert_true(took >= 0.75 - 1.0 / 16 - 0.02);
	sink_free(s);
	rate_free(rate);
}

int
main(void)
{
	const struct CMUnitTest fixed[] = {
		cmocka_unit_test(idle_time_is_not_saved_up),
		cmocka_unit_test(sinks_share_the_budget),
		cmocka_unit_test(fails_anywhere),
		cmocka_unit_test(a_cancel_ends_a_pause),
		cmocka_unit_test(the_real_clock),
	};
	struct CMUnitTest tests[COUNT(paces) + COUNT(fixed)];

	for (size_t i = 0; i < COUNT(paces); i++)
		tests[i] = (struct CMUnitTest){ .name = paces[i].name,
			.test_func = check_pace,
			.initial_state = &paces[i] };
	memcpy(tests + COUNT(paces), fixed, sizeof(fixed));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
