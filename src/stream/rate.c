/*
 * The moment when a slice is paid for is counted on from that of the slice before, on the monotonic
 * clock: a sleep that lasts too long shortens the next, and errors of single sleeps do not add up.
 */
#include "stream/rate.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "lib/sys.h"

/* Slices a second; and seconds of a pause that are made up for. */
#define SLICES 16
#define MADE_UP 0.25

struct rate {
	struct rate_options opt;
	size_t slice, spent; /* bytes: of a slice, and how much of this one has left */
	double due;          /* when the last slice is paid for; 0: there was none */
};

struct throttle {
	struct sink sink;
	struct sink *below;
	struct rate *rate;
};

/* ---- the budget ---- */

static double
clock_now(struct rate_clock *clock)
{
	(void)clock;
	return sys_monotonic();
}

static int
clock_wait(struct rate_clock *clock, double until, const struct cancel *cancel,
    struct error *err)
{
	struct timespec then = { .tv_sec = (time_t)until };

	(void)clock;
	then.tv_nsec = (long)((until - (double)then.tv_sec) * 1e9);
	/* the signal of the cancel may come before the sleep: it is repeated */
	do
		if (cancel_is_raised(cancel))
			return error_set(err, ERROR_CANCELLED, 0, "interrupted");
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &then, NULL) == EINTR);
	return 0;
}

int
rate_open(struct rate **out, const struct rate_options *opt, struct error *err)
{
	static struct rate_clock system = { clock_now, clock_wait };
	uint64_t slice = opt->bytes_per_second / SLICES;
	struct rate *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return error_memory(err);
	r->opt = *opt;
	if (r->opt.clock == NULL)
		r->opt.clock = &system;
	slice -= slice % opt->unit;
	r->slice = slice > 0 ? (size_t)slice : opt->unit;
	*out = r;
	return 0;
}

void
rate_free(struct rate *r)
{
	free(r);
}

/* Before a slice: wait until the last one is paid for. */
static int
wait_for_slice(struct rate *r, struct error *err)
{
	if (r->spent > 0 || r->due <= r->opt.clock->now(r->opt.clock))
		return 0;
	return r->opt.clock->wait(r->opt.clock, r->due, r->opt.cancel, err);
}

/* ${len} bytes have left; with the last ones of a slice, say when it is paid for. */
static void
spend(struct rate *r, size_t len)
{
	double now;

	r->spent += len;
	if (r->spent < r->slice)
		return;
	r->spent = 0;
	now = r->opt.clock->now(r->opt.clock);
	if (r->due == 0)
		r->due = now; /* the wait for the first byte was no pause */
	else if (r->due < now - MADE_UP)
		r->due = now - MADE_UP;
	r->due += (double)r->slice / (double)r->opt.bytes_per_second;
}

/* ---- the filter ---- */

static int
throttle_write(struct sink *s, const void *bytes, size_t len, struct error *err)
{
	struct throttle *t = (struct throttle *)s;
	const uint8_t *from = bytes;

	while (len > 0) {
		size_t left = t->rate->slice - t->rate->spent;
		size_t n = len < left ? len : left;

		if (wait_for_slice(t->rate, err) || sink_write(t->below, from, n, err))
			return -1;
		spend(t->rate, n);
		from += n;
		len -= n;
	}
	return 0;
}

static int
throttle_finish(struct sink *s, struct error *err)
{
	return sink_finish(((struct throttle *)s)->below, err);
}

static void
throttle_free(struct sink *s)
{
	struct throttle *t = (struct throttle *)s;

	sink_free(t->below);
	free(t);
}

static const struct sink_ops throttle_ops = { throttle_write, throttle_finish,
	throttle_free };

int
rate_push(struct sink **sink, struct rate *rate, struct error *err)
{
	struct throttle *t = malloc(sizeof(*t));

	if (t == NULL)
		return error_memory(err);
	*t = (struct throttle){ { &throttle_ops }, *sink, rate };
	*sink = &t->sink;
	return 0;
}
