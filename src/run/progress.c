#include "run/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "run/message.h"
#include "util/interrupt.h"
#include "util/sys.h"

enum { LINE_SECONDS = 30 }; /* between lines where nothing can be redrawn */

const char *
progress_bytes(char out[PROGRESS_BYTES_TEXT], uint64_t bytes)
{
	static const char *const units[] = { "kB", "MB", "GB", "TB", "PB" };
	double value = (double)bytes / 1000;
	size_t unit = 0;

	while (value >= 1000 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		value /= 1000;
		unit++;
	}
	snprintf(out, PROGRESS_BYTES_TEXT, "%.1f %s", value, units[unit]);
	return out;
}

void
progress_start(struct progress *p, bool is_wanted)
{
	*p = (struct progress){ .is_wanted = is_wanted, .phase = "starting" };
	p->started = p->shown = sys_monotonic();
}

void
progress_phase(struct progress *p, const char *phase)
{
	p->phase = phase;
	if (p->is_wanted && isatty(STDERR_FILENO))
		progress_tick(p, p->done);
}

/* "12:34" left, or nothing where that cannot be said. */
static void
time_left(char *out, size_t size, uint64_t done, uint64_t total, double seconds)
{
	double left;

	out[0] = '\0';
	if (done == 0 || done >= total)
		return;
	left = (double)(total - done) * seconds / (double)done;
	if (left < 100.0 * 3600)
		snprintf(out, size, ", %d:%02d:%02d left", (int)(left / 3600),
		    (int)(left / 60) % 60, (int)left % 60);
}

static void
show(struct progress *p, double now)
{
	char line[160], bytes[PROGRESS_BYTES_TEXT], rate[PROGRESS_BYTES_TEXT], left[32];
	double seconds = now - p->started > 0.001 ? now - p->started : 0.001;
	char percent[8] = "";

	if (p->total > 0)
		snprintf(percent, sizeof(percent), "%3d%% ",
		    p->done < p->total ? (int)((double)p->done * 100 / (double)p->total) : 100);
	time_left(left, sizeof(left), p->done, p->total, seconds);
	snprintf(line, sizeof(line), "%s%s, %s/s%s, %s", percent,
	    progress_bytes(bytes, p->done),
	    progress_bytes(rate, (uint64_t)((double)p->done / seconds)), left, p->phase);
	message_progress(line);
	p->shown = now;
}

void
progress_tick(struct progress *p, uint64_t done)
{
	double now = sys_monotonic();
	bool terminal = isatty(STDERR_FILENO);

	p->done = done;
	if (interrupt_took_report() ||
	    (p->is_wanted && (terminal || now - p->shown >= LINE_SECONDS)))
		show(p, now);
	if (!p->is_wanted)
		message_progress_end(); /* a line that was asked for once stays */
}

void
progress_end(struct progress *p)
{
	if (p->is_wanted && isatty(STDERR_FILENO))
		show(p, sys_monotonic());
	message_progress_end();
}
