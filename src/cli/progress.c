/*
 * A line has all its parts where it is not redrawn.  On a terminal it has as many as fit in its
 * columns, and a bar in what is left of them:
 *
 *	 25% [##------] 1.0 GB of 4.0 GB, 95.4 MB/s, after 0:00:10, 0:00:30 left, sending files
 *
 * Percent, rate and time left are computed from two numbers, the bytes that have passed and the
 * bytes that are expected, and from a clock that a test can replace.  The expected ones are an
 * estimate, which may be too low: percent stops at 100, and the time left is no longer shown.
 */
#include "cli/progress.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/message.h"
#include "lib/interrupt.h"
#include "lib/sys.h"

#define TELL_SECONDS 1.0  /* between lines for a program */
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
progress_start(struct progress *p, bool is_wanted, int fd)
{
	*p = (struct progress){ .is_wanted = is_wanted,
		.fd = fd,
		.phase = "starting",
		.clock = sys_monotonic };
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

/* ---- for a program ---- */

/* "null" for less than 0. */
static const char *
print_number(char out[32], double number)
{
	if (number < 0)
		return "null";
	snprintf(out, 32, "%.0f", number);
	return out;
}

/* Phases are words of ours: nothing in them needs an escape. */
static void
tell_program(struct progress *p, double now)
{
	const double rate = rate_at(p, now);
	const bool is_ending = p->total > 0 && p->done < p->total && rate >= 1;
	struct pollfd room = { .fd = p->fd, .events = POLLOUT };
	char line[512], total[32], left[32];
	struct error ignored;
	int len;

	if (p->fd == 0 || p->phase == NULL)
		return;
	p->told = now;
	/* a pipe that has room has it for the whole line */
	if (poll(&room, 1, 0) != 1 || (room.revents & POLLOUT) == 0)
		return;
	len = snprintf(line, sizeof(line),
	    "{\"phase\": \"%s\", \"done_bytes\": %llu, \"total_bytes\": %s, \"bytes_per_second\": %.0f, \"elapsed_seconds\": %.3f, \"left_seconds\": %s}\n",
	    p->phase, (unsigned long long)p->done,
	    print_number(total, p->total > 0 ? (double)p->total : -1), rate,
	    now - p->started,
	    print_number(left, is_ending ? (double)(p->total - p->done) / rate : -1));
	if (sys_write(p->fd, line, (size_t)len, NULL, &ignored))
		p->fd = 0; /* the reader is gone */
}

void
progress_phase(struct progress *p, const char *phase)
{
	leave_phase(p);
	p->phase = phase;
	tell_program(p, p->clock());
	if (phase && p->is_wanted && isatty(STDERR_FILENO))
		progress_tick(p, p->done);
}

/* ---- for people ---- */

void
progress_settle(struct progress *p, uint64_t done)
{
	p->rate = rate_at(p, p->clock());
	if (p->total > 0)
		p->total = done;
}

/* "1.5 MB/s" in the units of --max-rate, so that the two can be compared. */
static void
print_rate(char *out, size_t size, double rate)
{
	static const char units[] = "kMGT";
	double value = rate / 1024;
	size_t unit = 0;

	while (value >= 1023.95 && unit + 2 < sizeof(units)) {
		value /= 1024;
		unit++;
	}
	snprintf(out, size, "%.1f %cB/s", value, units[unit]);
}

static void
print_time(char *out, size_t size, double seconds)
{
	snprintf(out, size, "%d:%02d:%02d", (int)(seconds / 3600),
	    (int)(seconds / 60) % 60, (int)seconds % 60);
}

enum { PART = 48, BAR_LEAST = 3, BAR_MOST = 24 };

/* What a line consists of; "" where it cannot be said. */
struct parts {
	char percent[8], bytes[PART], total[PART], rate[PART], elapsed[PART], left[PART];
	const char *phase;
	double done; /* of 1; less than 0: it is not known */
};

static void
fill_parts(struct parts *parts, const struct progress *p, double now)
{
	const double rate = rate_at(p, now), elapsed = now - p->started;
	char text[PROGRESS_BYTES_TEXT];

	*parts = (struct parts){ .phase = p->phase, .done = -1 };
	snprintf(parts->bytes, PART, "%s", progress_bytes(text, p->done));
	print_rate(parts->rate, PART, rate);
	memcpy(parts->elapsed, "after ", 6);
	print_time(parts->elapsed + 6, PART - 6, elapsed);
	if (p->total == 0)
		return;
	parts->done = p->done < p->total ? (double)p->done / (double)p->total : 1;
	snprintf(
	    parts->percent, sizeof(parts->percent), "%3d%%", (int)(parts->done * 100));
	snprintf(parts->total, PART, " of %s", progress_bytes(text, p->total));
	if (p->done < p->total && rate >= 1 &&
	    (double)(p->total - p->done) / rate < 100.0 * 3600) {
		print_time(text, sizeof(text), (double)(p->total - p->done) / rate);
		snprintf(parts->left, PART, "%s left", text);
	}
}

/* What a line goes without where it does not fit, the least of a loss first. */
enum { NO_RATE = 1, NO_ELAPSED = 2, NO_TOTAL = 4, NO_PHASE = 8 };
static const unsigned losses[] = { 0, NO_RATE, NO_RATE | NO_ELAPSED,
	NO_RATE | NO_ELAPSED | NO_TOTAL, NO_RATE | NO_ELAPSED | NO_PHASE,
	NO_RATE | NO_ELAPSED | NO_TOTAL | NO_PHASE };

static void
add_part(char *line, size_t size, const char *part)
{
	const size_t len = strlen(line);

	if (*part != '\0')
		snprintf(line + len, size - len, "%s%s", len > 0 ? ", " : "", part);
}

/* "1.0 GB of 4.0 GB, 100.0 MB/s, after 0:00:10, 0:00:30 left, sending files" */
static void
join_parts(char *line, size_t size, const struct parts *parts, unsigned without)
{
	snprintf(
	    line, size, "%s%s", parts->bytes, without & NO_TOTAL ? "" : parts->total);
	if ((without & NO_RATE) == 0)
		add_part(line, size, parts->rate);
	if ((without & NO_ELAPSED) == 0)
		add_part(line, size, parts->elapsed);
	add_part(line, size, parts->left);
	if ((without & NO_PHASE) == 0)
		add_part(line, size, parts->phase);
}

/* "[####----] ", as wide as there is room for; or nothing. */
static void
draw_bar(char out[BAR_MOST + 4], double done, size_t room)
{
	size_t width = room > 3 ? room - 3 : 0, i;

	out[0] = '\0';
	if (width > BAR_MOST)
		width = BAR_MOST;
	if (done < 0 || width < BAR_LEAST)
		return;
	out[0] = '[';
	for (i = 0; i < width; i++)
		out[i + 1] = (double)i + 0.5 < done * (double)width ? '#' : '-';
	memcpy(out + width + 1, "] ", 3);
}

static void
show(struct progress *p, double now)
{
	const size_t columns = message_columns();
	char text[256], bar[BAR_MOST + 4] = "", line[sizeof(text) + sizeof(bar) + 8];
	struct parts parts;
	size_t i = 0, used;

	fill_parts(&parts, p, now);
	do {
		join_parts(text, sizeof(text), &parts, losses[i]);
		used = strlen(text) + strlen(parts.percent) + (parts.percent[0] != '\0');
	} while (
	    columns > 0 && used > columns && ++i < sizeof(losses) / sizeof(losses[0]));
	draw_bar(bar, parts.done, columns > used ? columns - used : 0);
	snprintf(line, sizeof(line), "%s%s%s%s", parts.percent,
	    parts.percent[0] != '\0' ? " " : "", bar, text);
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
	if (now - p->told >= TELL_SECONDS)
		tell_program(p, now);
	if (interrupt_took_report() ||
	    (p->is_wanted && (terminal || now - p->shown >= LINE_SECONDS)))
		show(p, now);
	if (!p->is_wanted)
		message_progress_end(); /* a line that was asked for once stays */
}

void
progress_end(struct progress *p, uint64_t done)
{
	if (p->done == 0)
		p->moves = p->started; /* all have passed before the first tick */
	p->done = done;
	progress_phase(p, NULL);
	p->phase = "done";
	tell_program(p, p->clock());
	if (p->is_wanted && isatty(STDERR_FILENO))
		show(p, p->clock());
	p->phase = NULL;
	message_progress_end();
}
