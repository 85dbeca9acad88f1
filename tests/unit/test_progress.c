/* How far a run is, told at made-up times: on a terminal, in a file, and when asked for. */
/* posix_openpt() */
#define _XOPEN_SOURCE 700
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/progress.h"
#include "lib/error.h"
#include "lib/interrupt.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MB UINT64_C(1000000)

static double now;

static double
made_up(void)
{
	return now;
}

enum what { OVER, TICK, ASK, PHASE, TOTAL, SETTLE, END };

/* At ${at} seconds ${what} happens. */
struct step {
	enum what what;
	double at;
	uint64_t bytes;
	const char *phase;
};

static void
take_step(struct progress *p, const struct step *step)
{
	now = step->at;
	switch (step->what) {
	case ASK:
		raise(SIGUSR1);
		progress_tick(p, step->bytes);
		break;
	case TICK:
		progress_tick(p, step->bytes);
		break;
	case PHASE:
		progress_phase(p, step->phase);
		break;
	case TOTAL:
		p->total = step->bytes;
		break;
	case SETTLE:
		progress_settle(p, step->bytes);
		break;
	default:
		progress_end(p, step->bytes);
	}
}

struct script {
	const char *name;
	bool is_wanted, on_terminal;
	unsigned short columns; /* of the terminal; 0: it does not tell */
	struct step steps[16];
	const char *said;
};

static struct script scripts[] = {
	{ "nobody asked", false, false, 0,
	    { { TICK, 100, MB, NULL }, { PHASE, 200, 0, "x" },
		{ TICK, 300, 2 * MB, NULL } },
	    "" },
	{ "asked for once", false, false, 0,
	    { { ASK, 0, 0, NULL }, { PHASE, 10, 0, "files" }, { TICK, 11, MB, NULL },
		{ ASK, 20, 50 * MB, NULL }, { TICK, 21, 60 * MB, NULL } },
	    "pg_basetar: 0.0 kB, 0.0 kB/s, after 0:00:00, starting\n"
	    "pg_basetar: 50.0 MB, 4.8 MB/s, after 0:00:20, files\n" },
	{ "a line every 30 s", true, false, 0,
	    { { PHASE, 1, 0, "files" }, { TICK, 29, 28 * MB, NULL },
		{ TICK, 30, 29 * MB, NULL }, { TICK, 31, 30 * MB, NULL },
		{ TICK, 59, 58 * MB, NULL }, { TICK, 61, 60 * MB, NULL },
		{ END, 62, 61 * MB, NULL } },
	    "pg_basetar: 29.0 MB, 976.6 kB/s, after 0:00:30, files\n"
	    "pg_basetar: 60.0 MB, 976.6 kB/s, after 0:01:01, files\n" },
	{ "a checkpoint of five minutes", false, false, 0,
	    { { TOTAL, 0, 4000 * MB, NULL }, { PHASE, 0, 0, "checkpoint" },
		{ ASK, 299, 0, NULL }, { PHASE, 300, 0, "files" },
		{ ASK, 310, 1000 * MB, NULL } },
	    "pg_basetar:   0% 0.0 kB of 4.0 GB, 0.0 kB/s, after 0:04:59, checkpoint\n"
	    "pg_basetar:  25% 1.0 GB of 4.0 GB, 95.4 MB/s, after 0:05:10, 0:00:30 left, files\n" },
	{ "a stall slows it down", false, false, 0,
	    { { TOTAL, 0, 200 * MB, NULL }, { PHASE, 0, 0, "files" },
		{ TICK, 10, 100 * MB, NULL }, { ASK, 1000, 100 * MB, NULL } },
	    "pg_basetar:  50% 100.0 MB of 200.0 MB, 97.7 kB/s, after 0:16:40, 0:16:40 left, files\n" },
	{ "more than was measured", false, false, 0,
	    { { TOTAL, 0, 10 * MB, NULL }, { PHASE, 0, 0, "files" },
		{ ASK, 10, 10 * MB - 1, NULL }, { ASK, 10, 20 * MB, NULL } },
	    "pg_basetar:  99% 10.0 MB of 10.0 MB, 976.6 kB/s, after 0:00:10, 0:00:00 left, files\n"
	    "pg_basetar: 100% 20.0 MB of 10.0 MB, 1.9 MB/s, after 0:00:10, files\n" },
	{ "less than was measured, and a long wait", false, false, 0,
	    { { TOTAL, 0, 50 * MB, NULL }, { PHASE, 0, 0, "files" },
		{ TICK, 10, 20 * MB, NULL }, { SETTLE, 10, 25 * MB, NULL },
		{ PHASE, 10, 0, "wal" }, { ASK, 11, 20 * MB, NULL },
		{ PHASE, 20, 0, "archive" }, { ASK, 1000, 41 * MB, NULL } },
	    "pg_basetar:  80% 20.0 MB of 25.0 MB, 1.9 MB/s, after 0:00:11, 0:00:02 left, wal\n"
	    "pg_basetar: 100% 41.0 MB of 25.0 MB, 1.9 MB/s, after 0:16:40, archive\n" },
	{ "not measured, all sent at once", false, false, 0,
	    { { PHASE, 0, 0, "files" }, { SETTLE, 0.1, 25 * MB, NULL },
		{ ASK, 0.1, 25 * MB, NULL } },
	    "pg_basetar: 25.0 MB, 238.4 MB/s, after 0:00:00, files\n" },
	{ "very slow", false, false, 0,
	    { { TOTAL, 0, 500 * MB, NULL }, { PHASE, 0, 0, "files" },
		{ ASK, 1000, 1000, NULL } },
	    "pg_basetar:   0% 1.0 kB of 500.0 MB, 0.0 kB/s, after 0:16:40, files\n" },
	{ "on a terminal", true, true, 0,
	    { { PHASE, 1, 0, "files" }, { TOTAL, 1, 4 * MB, NULL }, { TICK, 2, MB, NULL },
		{ TICK, 3, 2 * MB, NULL }, { PHASE, 4, 0, "sync" },
		{ END, 5, 4 * MB, NULL } },
	    "\r0.0 kB, 0.0 kB/s, after 0:00:01, files"
	    "\r 25% 1.0 MB of 4.0 MB, 976.6 kB/s, after 0:00:02, 0:00:03 left, files"
	    "\r 50% 2.0 MB of 4.0 MB, 976.6 kB/s, after 0:00:03, 0:00:02 left, files"
	    "\r 50% 2.0 MB of 4.0 MB, 651.0 kB/s, after 0:00:04, 0:00:03 left, sync "
	    "\r100% 4.0 MB of 4.0 MB, 976.6 kB/s, after 0:00:05, done               \r\n" },
	{ "over before the first tick", true, true, 0,
	    { { PHASE, 1, 0, "files" }, { PHASE, 1.5, 0, "sync" },
		{ END, 2, 4 * MB, NULL } },
	    "\r0.0 kB, 0.0 kB/s, after 0:00:01, files"
	    "\r0.0 kB, 0.0 kB/s, after 0:00:01, sync "
	    "\r4.0 MB, 1.9 MB/s, after 0:00:02, done \r\n" },
	{ "on a terminal of 80 columns", true, true, 80,
	    { { PHASE, 1, 0, "files" }, { TOTAL, 1, 4000 * MB, NULL },
		{ TICK, 11, 1000 * MB, NULL }, { PHASE, 31, 0, "sync" },
		{ END, 41, 4000 * MB, NULL } },
	    "\r0.0 kB, 0.0 kB/s, after 0:00:01, files"
	    "\r 25% [##------] 1.0 GB of 4.0 GB, 95.4 MB/s, after 0:00:11, 0:00:30 left, files"
	    "\r 25% [##-------] 1.0 GB of 4.0 GB, 31.8 MB/s, after 0:00:31, 0:01:30 left, sync"
	    "\r100% [#######################] 4.0 GB of 4.0 GB, 95.4 MB/s, after 0:00:41, done\r\n" },
	{ "on a terminal of 40 columns", true, true, 40,
	    { { PHASE, 1, 0, "sending files" }, { TOTAL, 1, 4000 * MB, NULL },
		{ TICK, 11, 1000 * MB, NULL }, { PHASE, 31, 0, "sync" },
		{ END, 41, 4000 * MB, NULL } },
	    "\r0.0 kB, after 0:00:01, sending files"
	    "\r 25% 1.0 GB of 4.0 GB, 0:00:30 left "
	    "\r 25% [#----] 1.0 GB, 0:01:30 left, sync"
	    "\r100% [#########] 4.0 GB of 4.0 GB, done\r\n" },
	{ "on a narrow terminal", true, true, 20,
	    { { PHASE, 1, 0, "files" }, { TOTAL, 1, 4 * MB, NULL }, { TICK, 2, MB, NULL },
		{ END, 5, 4 * MB, NULL } },
	    "\r0.0 kB, files"
	    "\r 25% 1.0 MB, 0:00:0"
	    "\r100% 4.0 MB, done  \r\n" },
	{ "asked for on a terminal", false, true, 0,
	    { { ASK, 1, 0, NULL }, { TICK, 2, 0, NULL }, { ASK, 3, 0, NULL } },
	    "\r0.0 kB, 0.0 kB/s, after 0:00:01, starting\r\n"
	    "\r0.0 kB, 0.0 kB/s, after 0:00:03, starting\r\n" },
};

static void
play(const struct script *s)
{
	struct progress p;

	now = 0;
	progress_start(&p, s->is_wanted, 0);
	p.clock = made_up;
	p.started = p.shown = p.moves = p.entered = 0;
	for (size_t i = 0; s->steps[i].what != OVER; i++)
		take_step(&p, &s->steps[i]);
}

/* A terminal's two ends, or a file twice. */
static void
open_ends(bool terminal, unsigned short columns, int ends[2])
{
	const struct winsize size = { .ws_row = 24, .ws_col = columns };
	char name[] = "/tmp/progress.XXXXXX";

	if (terminal) {
		ends[0] = posix_openpt(O_RDWR | O_NOCTTY);
		if (ends[0] == -1 || grantpt(ends[0]) || unlockpt(ends[0]))
			skip();
		ends[1] = open(ptsname(ends[0]), O_RDWR | O_NOCTTY);
		assert_int_equal(ioctl(ends[1], TIOCSWINSZ, &size), 0);
	} else {
		ends[1] = mkstemp(name);
		ends[0] = open(name, O_RDONLY);
		unlink(name);
	}
	assert_true(ends[0] != -1 && ends[1] != -1);
}

/* All there is: is a terminal hands on what was written to it in its own time. */
static void
read_all(int fd, char *said, size_t size, size_t expected)
{
	struct pollfd more = { fd, POLLIN, 0 };
	size_t len = 0;
	ssize_t got = 1;

	while (
	    got > 0 && len < size - 1 && poll(&more, 1, len < expected ? 5000 : 20) > 0) {
		got = read(fd, said + len, size - 1 - len);
		len += got > 0 ? (size_t)got : 0;
	}
	said[len] = '\0';
}

static void
check_script(void **state)
{
	const struct script *s = *state;
	int before = dup(STDERR_FILENO), ends[2];
	char said[4096];

	open_ends(s->on_terminal, s->columns, ends);
	dup2(ends[1], STDERR_FILENO);
	play(s);
	dup2(before, STDERR_FILENO);
	read_all(ends[0], said, sizeof(said), strlen(s->said));
	assert_string_equal(said, s->said);
	close(before);
	close(ends[0]);
	close(ends[1]);
}

/* A line at each phase, one a second, and the end; none where the pipe is full, or its reader gone. */
static void
lines_for_a_program(void **state)
{
	struct progress p;
	char said[1024], full[4096] = "";
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	now = 0;
	progress_start(&p, false, ends[1]);
	p.clock = made_up;
	p.started = p.shown = p.moves = p.entered = 0;
	take_step(&p, &(struct step){ PHASE, 1, 0, "files" });
	take_step(&p, &(struct step){ TOTAL, 1, 4 * MB, NULL });
	take_step(&p, &(struct step){ TICK, 1.5, 0, NULL });
	take_step(&p, &(struct step){ TICK, 2.5, MB, NULL });
	read_all(ends[0], said, sizeof(said), 1);
	assert_string_equal(said,
	    "{\"phase\": \"files\", \"done_bytes\": 0, \"total_bytes\": null, \"bytes_per_second\": 0, \"elapsed_seconds\": 1.000, \"left_seconds\": null}\n"
	    "{\"phase\": \"files\", \"done_bytes\": 1000000, \"total_bytes\": 4000000, \"bytes_per_second\": 1000000, \"elapsed_seconds\": 2.500, \"left_seconds\": 3}\n");
	fcntl(ends[1], F_SETFL, O_NONBLOCK);
	while (write(ends[1], full, sizeof(full)) > 0)
		;
	fcntl(ends[1], F_SETFL, 0);
	take_step(&p, &(struct step){ TICK, 4, MB, NULL });
	close(ends[0]);
	signal(SIGPIPE, SIG_IGN);
	take_step(&p, &(struct step){ END, 6, 4 * MB, NULL });
	close(ends[1]);
}

static void
phases_are_kept(void **state)
{
	struct progress p;

	(void)state;
	now = 5;
	progress_start(&p, false, 0);
	p.clock = made_up;
	p.entered = 5;
	take_step(&p, &(struct step){ PHASE, 7, 0, "one" });
	take_step(&p, &(struct step){ PHASE, 8.5, 0, "two" });
	take_step(&p, &(struct step){ END, 9, 0, NULL });
	progress_phase(&p, NULL);
	assert_int_equal(p.npast, 3);
	assert_string_equal(p.past[0].phase, "starting");
	assert_true(p.past[0].seconds == 2);
	assert_string_equal(p.past[1].phase, "one");
	assert_true(p.past[1].seconds == 1.5);
	assert_string_equal(p.past[2].phase, "two");
	assert_true(p.past[2].seconds == 0.5);
	for (size_t i = 0; i < 2 * PROGRESS_PAST; i++)
		progress_phase(&p, "more");
	assert_int_equal(p.npast, PROGRESS_PAST);
}

static void
bytes_as_text(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} rows[] = {
		{ 0, "0.0 kB" },
		{ 999949, "999.9 kB" },
		{ 999950, "1.0 MB" },
		{ 12345678, "12.3 MB" },
		{ 5 * 1000 * MB, "5.0 GB" },
		{ UINT64_MAX, "18446.7 PB" },
	};
	char text[PROGRESS_BYTES_TEXT];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_string_equal(progress_bytes(text, rows[i].bytes), rows[i].text);
}

int
main(void)
{
	struct CMUnitTest tests[COUNT(scripts) + 3];
	struct error err = { 0 };

	if (interrupt_install(&err))
		return 1;
	for (size_t i = 0; i < COUNT(scripts); i++)
		tests[i] = (struct CMUnitTest){ .name = scripts[i].name,
			.test_func = check_script,
			.initial_state = &scripts[i] };
	tests[COUNT(scripts)] = (struct CMUnitTest)cmocka_unit_test(phases_are_kept);
	tests[COUNT(scripts) + 1] = (struct CMUnitTest)cmocka_unit_test(bytes_as_text);
	tests[COUNT(scripts) + 2] =
	    (struct CMUnitTest)cmocka_unit_test(lines_for_a_program);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
