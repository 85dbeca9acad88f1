/* A descriptor as a sink: full devices, readers that went away, a close that tells. */
#define _GNU_SOURCE /* F_SETPIPE_SZ */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/interrupt.h"
#include "stream/outfd.h"
#include "support/openfds.h"
#include "support/piperun.h"
#include "support/refuse.h"

static struct sink *
open_sink(int fd, bool no_sync, const struct cancel *cancel)
{
	struct error err = { 0 };
	struct sink *s;

	assert_int_not_equal(fd, -1);
	assert_int_equal(outfd_open(&s, fd, "standard output", no_sync, cancel, &err), 0);
	return s;
}

static void
writes_and_closes(void **state)
{
	size_t fds = openfds_count();
	struct error err = { 0 };
	char bytes[8];
	int ends[2];
	struct sink *s;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	s = open_sink(ends[1], false, NULL);
	assert_int_equal(sink_write(s, "one", 3, &err), 0);
	assert_int_equal(sink_write(s, "two", 3, &err), 0);
	assert_int_equal(sink_finish(s, &err), 0);
	/* the reader sees the end at once: finish has closed */
	assert_int_equal(read(ends[0], bytes, sizeof(bytes)), 6);
	assert_int_equal(read(ends[0], bytes, sizeof(bytes)), 0);
	sink_free(s);
	close(ends[0]);
	assert_int_equal(openfds_count(), fds);
}

/* ---- how much a pipe holds ---- */

enum { NARROW = 65536, WIDE = 1 << 20 };

struct widening {
	int before, after; /* bytes that it holds */
};

static void
open_on_pipe(void *arg)
{
	struct widening *w = arg;
	struct error err = { 0 };
	struct sink *s = NULL;
	int ends[2];

	w->after = -1;
	if (pipe(ends) || fcntl(ends[1], F_SETPIPE_SZ, w->before) == -1)
		return;
	if (outfd_open(&s, ends[1], "standard output", false, NULL, &err) == 0)
		w->after = fcntl(ends[0], F_GETPIPE_SZ);
	sink_free(s);
	close(ends[0]);
}

static void
a_pipe_is_widened(void **state)
{
	static const struct refuse may_not = { SYS_fcntl, 2, UINT32_MAX, WIDE, EPERM };
	struct widening w = { .before = NARROW };

	(void)state;
	open_on_pipe(&w);
	/* not where this user's pipes hold much already */
	assert_true(w.after == WIDE || w.after == NARROW);
	if (!refuse_run(&may_not, 1, open_on_pipe, &w))
		skip();
	assert_int_equal(w.after, NARROW);
}

/* What was written stays, finished or not; the descriptor does not. */
static void
free_takes_nothing_back(void **state)
{
	char *path = piperun_put("kept", "", 0);
	size_t fds = openfds_count();
	struct error err = { 0 };
	struct sink *s;

	(void)state;
	s = open_sink(open(path, O_WRONLY), false, NULL);
	assert_int_equal(sink_write(s, "kept", 4, &err), 0);
	sink_free(s);
	assert_int_equal(openfds_count(), fds);
	assert_int_equal(access(path, F_OK), 0);
	unlink(path);
	free(path);
}

static void
a_full_device(void **state)
{
	struct error err = { 0 };
	struct sink *s = open_sink(open("/dev/full", O_WRONLY), false, NULL);

	(void)state;
	assert_int_equal(sink_write(s, "one", 3, &err), -1);
	assert_string_equal(
	    err.text, "standard output: could not write: No space left on device");
	assert_int_equal(err.kind, ERROR_IO);
	assert_int_equal(err.sys, ENOSPC);
	sink_free(s);
}

static void
a_reader_that_went_away(void **state)
{
	struct error err = { 0 };
	struct sink *s;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	s = open_sink(ends[1], false, NULL);
	close(ends[0]);
	assert_int_equal(sink_write(s, "one", 3, &err), -1);
	assert_string_equal(err.text, "standard output: could not write: Broken pipe");
	assert_non_null(strstr(err.hint, "ended early"));
	sink_free(s);
}

/* ---- a write that blocks, and a cancel ---- */

struct blocked {
	struct sink *sink;
	int rc;
	struct error err;
	atomic_bool is_back;
};

static void *
write_much(void *arg)
{
	static const uint8_t much[4 << 20]; /* no pipe holds that */
	struct blocked *b = arg;

	b->rc = sink_write(b->sink, much, sizeof(much), &b->err);
	atomic_store(&b->is_back, true);
	return NULL;
}

static void
a_cancel_ends_a_write_that_blocks(void **state)
{
	struct cancel cancel = { false };
	struct blocked b = { .rc = 0 };
	pthread_t thread;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	b.sink = open_sink(ends[1], false, &cancel);
	assert_int_equal(pthread_create(&thread, NULL, write_much, &b), 0);
	/* signals alone do nothing */
	for (int i = 0; i < 20; i++) {
		pthread_kill(thread, INTERRUPT_KICK);
		poll(NULL, 0, 1);
	}
	assert_false(atomic_load(&b.is_back));
	cancel_raise(&cancel);
	while (!atomic_load(&b.is_back)) {
		pthread_kill(thread, INTERRUPT_KICK);
		poll(NULL, 0, 1);
	}
	pthread_join(thread, NULL);
	assert_int_equal(b.rc, -1);
	assert_int_equal(b.err.kind, ERROR_CANCELLED);
	assert_string_equal(b.err.text, "standard output: interrupted");
	sink_free(b.sink);
	close(ends[0]);
}

/* ---- finish ---- */

struct finishing {
	const char *path;
	bool no_sync;
	int rc;
	struct error err;
};

static void
finish(void *arg)
{
	struct finishing *f = arg;
	struct sink *s;

	f->rc = outfd_open(
	    &s, open(f->path, O_WRONLY), "standard output", f->no_sync, NULL, &f->err);
	if (f->rc)
		return;
	f->rc = sink_finish(s, &f->err);
	sink_free(s);
}

/* Of a regular file finish promises that it is on the disk; of a device it cannot. */
static void
a_disk_that_fails(void **state)
{
	static const struct refuse fsync_fails = { SYS_fsync, 0, 0, 0, EIO };
	char *path = piperun_put("synced", "", 0);
	struct finishing f = { .path = path };

	(void)state;
	if (!refuse_run(&fsync_fails, 1, finish, &f))
		skip();
	assert_int_equal(f.rc, -1);
	assert_string_equal(
	    f.err.text, "standard output: could not fsync: Input/output error");
	f = (struct finishing){ .path = path, .no_sync = true };
	assert_true(refuse_run(&fsync_fails, 1, finish, &f));
	assert_int_equal(f.rc, 0);
	f = (struct finishing){ .path = "/dev/null" };
	assert_true(refuse_run(&fsync_fails, 1, finish, &f));
	assert_int_equal(f.rc, 0);
	free(path);
}

/* Across a network the close may be the first to tell that there was no room. */
static void
a_close_that_tells(void **state)
{
	char *path = piperun_put("closed", "", 0);
	struct refuse close_fails = { SYS_close, 0, ~0U, 0, EDQUOT };
	struct finishing f = { .path = path };
	int next = dup(0);

	(void)state;
	close(next); /* what the next open() returns */
	close_fails.value = (uint32_t)next;
	if (!refuse_run(&close_fails, 1, finish, &f))
		skip();
	close(next);
	assert_int_equal(f.rc, -1);
	assert_string_equal(
	    f.err.text, "standard output: could not close: Disk quota exceeded");
	free(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_and_closes),
		cmocka_unit_test(a_pipe_is_widened),
		cmocka_unit_test(free_takes_nothing_back),
		cmocka_unit_test(a_full_device),
		cmocka_unit_test(a_reader_that_went_away),
		cmocka_unit_test(a_cancel_ends_a_write_that_blocks),
		cmocka_unit_test(a_disk_that_fails),
		cmocka_unit_test(a_close_that_tells),
	};

	return cmocka_run_group_tests(tests, piperun_setup, piperun_teardown);
}
