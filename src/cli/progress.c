/*
 * Percent, rate and time left are computed from two numbers, the bytes that have passed and the
 * bytes that are expected, and from a clock that a test can replace.  The expected ones are an
 * estimate, which may be too low: percent stops at 100, and the time left is no longer shown.
 */
#include "cli/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "cli/message.h"
#include "lib/interrupt.h"
#include "lib/sys.h"

#define LINE_SECONDS 30.0 /* between lines where nothing can be redrawn */

const char *
progress_bytes(char out[PROGRESS_BYTES_TEXT], uint64_t bytes)
{
	static const char *const units[] = { "kB", "MB", "GB", "TB", "PB" };
	double value = (double)bytes / 1000;
	size_t unit = 0;

	while (value >= 999.95 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		value /= 1000;
		unit++;
	}
	snprintf(out, PROGRESS_BYTES_TEXT, "%.1f %s", value, units[unit]);
	return out;
}

void
progress_start(struct progress *p, bool is_wanted)
{
	*p = (struct progress){
		.is_wanted = is_wanted, .phase = "starting", .clock = sys_monotonic
	};
	p->started = p->shown = p->moves = p->entered = p->clock();
}

/* The phase that is going on ends now. */
static void
leave_phase(struct progress *p)
{
	const double now = p->clock();

	if (p->phase && p->npast < PROGRESS_PAST)
		p->past[p->npast++] =
		    (struct progress_past){ p->phase, now - p->entered };
	p->entered = now;
	if (p->done == 0)
		p->moves = now;
}

void
progress_phase(struct progress *p, const char *phase)
{
	leave_phase(p);
	p->phase = phase;
	if (phase && p->is_wanted && isatty(STDERR_FILENO))
		progress_tick(p, p->done);
}

/*
 * Bytes in a second, since the first of them: a checkpoint may spread over minutes before.
 * Nor does the wait for the WAL archive or the disk make what went before any slower.
 */
static double
rate_at(const struct progress *p, double now)
{
	const double seconds = now - p->moves;

	if (p->rate > 0 || p->done == 0)
		return p->rate;
	return (double)p->done / (seconds > 0.001 ? seconds : 0.001);
}

void
progress_settle(struct progress *p, uint64_t done)
{
	p->rate = rate_at(p, p->clock());
	if (p->total > 0)
		p->total = done;
}

/* ", 0:12:34 left", or nothing where that cannot be said. */
static void
time_left(char *out, size_t size, const struct progress *p, double rate)
{
	double left;

	out[0] = '\0';
	if (p->done >= p->total || rate < 1)
		return;
	left = (double)(p->total - p->done) / rate;
	if (left < 100.0 * 3600)
		snprintf(out, size, ", %d:%02d:%02d left", (int)(left / 3600),
		    (int)(left / 60) % 60, (int)left % 60);
}

static void
show(struct progress *p, double now)
{
	char line[160], bytes[PROGRESS_BYTES_TEXT], rate[PROGRESS_BYTES_TEXT], left[32];
	const double per_second = rate_at(p, now);
	char percent[8] = "";

	if (p->total > 0)
		snprintf(percent, sizeof(percent), "%3d%% ",
		    p->done < p->total ? (int)((double)p->done * 100 / (double)p->total) :
					 100);
	time_left(left, sizeof(left), p, per_second);
	snprintf(line, sizeof(line), "%s%s, %s/s%s, %s", percent,
	    progress_bytes(bytes, p->done), progress_bytes(rate, (uint64_t)per_second),
	    left, p->phase);
	message_progress(line);
	p->shown = now;
}

void
progress_tick(struct progress *p, uint64_t done)
{
	double now = p->clock();
	bool terminal = isatty(STDERR_FILENO);

	p->done = done;
	if (done == 0)
		p->moves = now;
	if (interrupt_took_report() ||
	    (p->is_wanted && (terminal || now - p->shown >= LINE_SECONDS)))
		show(p, now);
	if (!p->is_wanted)
		message_progress_end(); /* a line that was asked for once stays */
}

void
progress_end(struct progress *p, uint64_t done)
{
	progress_phase(p, NULL);
	p->phase = "done";
	p->done = done;
	if (p->is_wanted && isatty(STDERR_FILENO))
		show(p, p->clock());
	p->phase = NULL;
	message_progress_end();
}
