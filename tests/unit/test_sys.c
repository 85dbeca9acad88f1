/* System calls as the program wants them: whole, and not fooled by what it finds. */
#define _GNU_SOURCE /* syscall() */
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
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/interrupt.h"
#include "lib/sys.h"
#include "support/faketree.h"
#include "support/openfds.h"
#include "support/refuse.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char *root;

static int
setup(void **state)
{
	static const struct fake_file tree[] = { { "text", "0123456789" },
		{ "empty", "" }, { "large", BYTES(20000) }, { "dir", DIRECTORY },
		{ "fifo", FIFO }, { "link", LINK("text") },
		{ "dangling", LINK("nowhere") } };
	struct error err = { 0 };

	(void)state;
	root = faketree_new(tree, COUNT(tree));
	return interrupt_install(&err);
}

static int
teardown(void **state)
{
	(void)state;
	faketree_free(root);
	return 0;
}

/* ---- whole files ---- */

struct reading {
	const char *name, *file;
	size_t most;
	enum error_kind kind; /* ERROR_NONE: it is read */
	int sys;
	const char *text;
	size_t len;
};

static struct reading readings[] = {
	{ "a file", "text", 100, ERROR_NONE, 0, "", 10 },
	{ "a file of just that many bytes", "text", 10, ERROR_NONE, 0, "", 10 },
	{ "one byte more", "text", 9, ERROR_FORMAT, 0, "is larger than 9 bytes", 0 },
	{ "none allowed", "text", 0, ERROR_FORMAT, 0, "is larger than 0 bytes", 0 },
	{ "an empty file, none allowed", "empty", 0, ERROR_NONE, 0, "", 0 },
	{ "several reads", "large", 20000, ERROR_NONE, 0, "", 20000 },
	{ "several reads, one byte more", "large", 19999, ERROR_FORMAT, 0,
	    "is larger than 19999 bytes", 0 },
	{ "no limit", "large", SIZE_MAX, ERROR_NONE, 0, "", 20000 },
	{ "a symbolic link", "link", 100, ERROR_FORMAT, 0, "is a symbolic link", 0 },
	{ "a link to nothing", "dangling", 100, ERROR_FORMAT, 0, "is a symbolic link",
	    0 },
	{ "a directory", "dir", 100, ERROR_FORMAT, 0, "is not a regular file", 0 },
	{ "a fifo", "fifo", 100, ERROR_FORMAT, 0, "is not a regular file", 0 },
	{ "no file", "none", 100, ERROR_IO, ENOENT,
	    "could not open: No such file or directory", 0 },
	{ "a file as a directory", "text/x", 100, ERROR_IO, ENOTDIR,
	    "could not open: Not a directory", 0 },
};

static void
check_reading(void **state)
{
	const struct reading *r = *state;
	size_t fds = openfds_count();
	int dirfd = faketree_open(root);
	struct error err = { 0 };
	struct buf b = { 0 };
	int rc;

	assert_int_equal(buf_append(&b, "before", 6, &err), 0);
	rc = sys_read_file(dirfd, r->file, r->most, &b, &err);
	assert_int_equal(rc, r->kind == ERROR_NONE ? 0 : -1);
	assert_int_equal(err.kind, r->kind);
	assert_int_equal(err.sys, r->sys);
	assert_string_equal(err.text, r->text);
	/* it is appended, or what was there is as it was */
	assert_int_equal(b.len, 6 + r->len);
	assert_memory_equal(b.data, "before", 6);
	assert_int_equal(b.data[b.len], 0);
	buf_free(&b);
	close(dirfd);
	assert_int_equal(openfds_count(), fds);
}

/* ---- transfers ---- */

static void
short_reads_are_made_whole(void **state)
{
	struct error err = { 0 };
	char bytes[16];
	size_t got;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(sys_write(ends[1], "one", 3, NULL, &err), 0);
	assert_int_equal(sys_write(ends[1], "two", 3, NULL, &err), 0);
	assert_int_equal(sys_write(ends[1], "", 0, NULL, &err), 0);
	assert_int_equal(sys_read(ends[0], bytes, 4, &got, NULL, &err), 0);
	assert_int_equal(got, 4);
	sys_close(ends[1]);
	sys_close(-1);
	assert_int_equal(sys_read(ends[0], bytes + 4, 10, &got, NULL, &err), 0);
	assert_int_equal(got, 2);
	assert_memory_equal(bytes, "onetwo", 6);
	sys_close(ends[0]);
	assert_int_equal(sys_read(-1, bytes, 1, &got, NULL, &err), -1);
	assert_string_equal(err.text, "could not read: Bad file descriptor");
}

static void
preads_end_with_the_file(void **state)
{
	static const struct {
		uint64_t offset;
		size_t len, got;
	} rows[] = { { 0, 10, 10 }, { 0, 11, 10 }, { 3, 4, 4 }, { 9, 5, 1 }, { 10, 5, 0 },
		{ 1000, 5, 0 }, { 0, 0, 0 }, { (uint64_t)5 << 32, 5, 0 } };
	int dirfd = faketree_open(root), fd = openat(dirfd, "text", O_RDONLY);
	struct error err = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char bytes[16];
		size_t got;

		assert_int_equal(
		    sys_pread(fd, bytes, rows[i].len, rows[i].offset, &got, NULL, &err),
		    0);
		assert_int_equal(got, rows[i].got);
		assert_memory_equal(bytes, &"0123456789"[got ? rows[i].offset : 0], got);
	}
	assert_int_equal(sys_pread(dirfd, &err, 1, 0, &(size_t){ 0 }, NULL, &err), -1);
	assert_string_equal(err.text, "could not read: Is a directory");
	close(fd);
	close(dirfd);
}

/* ---- signals and cancels ---- */

struct reader {
	int fd;
	struct cancel cancel;
	size_t got;
	int rc;
	struct error err;
	char bytes[8];
};

static void
read_at_zero(void *arg)
{
	struct reader *r = arg;

	r->rc =
	    sys_pread(r->fd, r->bytes, sizeof(r->bytes), 0, &r->got, &r->cancel, &r->err);
}

static void
read_where_it_stands(void *arg)
{
	struct reader *r = arg;

	r->rc = sys_read(r->fd, r->bytes, sizeof(r->bytes), &r->got, &r->cancel, &r->err);
}

/* EINTR ends a transfer only when somebody wants it to end. */
static void
only_a_cancel_interrupts(void **state)
{
	static const struct {
		struct refuse interrupted;
		void (*read)(void *);
	} rows[] = { { { SYS_pread64, 0, 0, 0, EINTR }, read_at_zero },
		{ { SYS_read, 0, 0, 0, EINTR }, read_where_it_stands } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct reader r = { .fd = 0 };

		cancel_raise(&r.cancel);
		if (!refuse_run(&rows[i].interrupted, 1, rows[i].read, &r))
			skip();
		assert_int_equal(r.rc, -1);
		assert_int_equal(r.err.kind, ERROR_CANCELLED);
		assert_string_equal(r.err.text, "interrupted");
	}
	assert_false(cancel_is_raised(NULL));
}

static void *
read_pipe(void *arg)
{
	struct reader *r = arg;

	r->rc = sys_read(r->fd, r->bytes, 6, &r->got, NULL, &r->err);
	return NULL;
}

/* Of a pipe that blocks, and of one that somebody else made non-blocking. */
static void
signals_do_not_cut_a_read(void **state)
{
	const int *flags = *state;
	struct reader r = { .fd = -1 };
	pthread_t thread;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(fcntl(ends[0], F_SETFL, *flags), 0);
	r.fd = ends[0];
	assert_int_equal(pthread_create(&thread, NULL, read_pipe, &r), 0);
	for (int i = 0; i < 6; i++) {
		pthread_kill(thread, INTERRUPT_KICK);
		poll(NULL, 0, 1);
		assert_int_equal(write(ends[1], &"onetwo"[i], 1), 1);
	}
	pthread_join(thread, NULL);
	assert_int_equal(r.rc, 0);
	assert_int_equal(r.got, 6);
	assert_memory_equal(r.bytes, "onetwo", 6);
	close(ends[0]);
	close(ends[1]);
}

static void *
write_much(void *arg)
{
	static const char much[1 << 17];
	struct reader *r = arg;

	r->rc = sys_write(r->fd, much, sizeof(much), &r->cancel, &r->err);
	close(r->fd);
	return NULL;
}

/*
 * Whoever has the other end of our standard output may have made it non-blocking; and a
 * poll() is interrupted by every signal.
 */
static void
a_pipe_that_does_not_block(void **state)
{
	static char much[1 << 17];
	struct reader w = { .fd = -1 };
	struct error err = { 0 };
	pthread_t thread;
	int ends[2];
	size_t got;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
	w.fd = ends[1];
	assert_int_equal(pthread_create(&thread, NULL, write_much, &w), 0);
	for (int i = 0; i < 10; i++) {
		poll(NULL, 0, 1);
		pthread_kill(thread, INTERRUPT_KICK);
	}
	assert_int_equal(sys_read(ends[0], much, sizeof(much), &got, NULL, &err), 0);
	pthread_join(thread, NULL);
	assert_string_equal(w.err.text, "");
	assert_int_equal(w.rc, 0);
	assert_int_equal(got, sizeof(much));
	close(ends[0]);
}

/* ---- the rest ---- */

static void
links_are_read(void **state)
{
	int dirfd = faketree_open(root);
	struct error err = { 0 };
	char *target = NULL;

	(void)state;
	assert_int_equal(sys_readlink(dirfd, "dangling", &target, &err), 0);
	assert_string_equal(target, "nowhere");
	free(target);
	assert_int_equal(sys_readlink(dirfd, "text", &target, &err), -1);
	assert_int_equal(err.sys, EINVAL);
	close(dirfd);
}

static void
time_goes_on(void **state)
{
	double before = sys_monotonic();

	(void)state;
	poll(NULL, 0, 10);
	assert_true(sys_monotonic() - before >= 0.009);
	assert_true(sys_monotonic() - before < 60);
}

static void
a_moment_is_ahead(void **state)
{
	static const unsigned waits[] = { 0, 1, 999, 1000, 61001 };

	(void)state;
	for (size_t i = 0; i < COUNT(waits); i++) {
		const double now = sys_monotonic();
		const struct timespec then = sys_after(CLOCK_MONOTONIC, waits[i]);
		const double ahead =
		    (double)then.tv_sec + (double)then.tv_nsec / 1e9 - now;

		assert_in_range(then.tv_nsec, 0, 999999999);
		assert_true(ahead > waits[i] / 1e3 - 1e-6 && ahead < waits[i] / 1e3 + 60);
	}
}

struct background {
	int nice;
	long io;
	char name[16];
};

static void *
go_to_background(void *arg)
{
	struct background *b = arg;

	sys_thread_name("basetar-worker of a long name");
	sys_thread_background();
	b->nice = getpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid));
	b->io = syscall(SYS_ioprio_get, 1, 0);
	(void)prctl(PR_GET_NAME, b->name);
	return NULL;
}

/* The threads of the pipeline step back, the one that talks to the server does not. */
static void
nice_is_of_a_thread(void **state)
{
	int before = getpriority(PRIO_PROCESS, 0);
	const long io = syscall(SYS_ioprio_get, 1, 0);
	struct background b = { 0 };
	pthread_t thread;

	(void)state;
	assert_true(sys_processors() >= 1);
	assert_int_equal(pthread_create(&thread, NULL, go_to_background, &b), 0);
	pthread_join(thread, NULL);
	assert_int_equal(b.nice, 19);
	assert_int_equal(b.io >> 13, 3); /* IOPRIO_CLASS_IDLE */
	assert_string_equal(b.name, "basetar-worker ");
	assert_int_equal(syscall(SYS_ioprio_get, 1, 0), io);
	assert_int_equal(getpriority(PRIO_PROCESS, 0), before);
}

static void
file_limit_is_raised(void **state)
{
	struct rlimit before, now;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	now = before;
	now.rlim_cur = 64;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &now), 0);
	assert_int_equal(sys_raise_file_limit(), before.rlim_max);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &now), 0);
	assert_true(now.rlim_cur == before.rlim_max);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

static void
room_of_a_file_system(void **state)
{
	uint64_t available = 0, total = 0;
	struct error err = { 0 };
	int fd = open("/", O_RDONLY);

	(void)state;
	assert_int_equal(sys_room(fd, &available, &total, &err), 0);
	assert_true(total > 0 && available <= total);
	close(fd);
	assert_int_equal(sys_room(-1, &available, &total, &err), -1);
	assert_string_equal(err.text, "could not stat file system: Bad file descriptor");
}

static void
one_file_by_two_names(void **state)
{
	struct stat a, b;

	(void)state;
	assert_int_equal(stat("/dev/null", &a), 0);
	assert_int_equal(stat("/dev/../dev/null", &b), 0);
	assert_true(sys_is_same_file(&a, &b));
	assert_int_equal(stat("/dev/zero", &b), 0);
	assert_false(sys_is_same_file(&a, &b));
	b = a;
	b.st_dev++;
	assert_false(sys_is_same_file(&a, &b));
}

static void
a_directory_is_synced(void **state)
{
	struct error err = { 0 };
	int ends[2], fd = open("/", O_RDONLY | O_DIRECTORY);

	(void)state;
	assert_int_equal(sys_sync_directory(fd, &err), 0);
	close(fd);
	/* what cannot be synced */
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(sys_sync_directory(ends[0], &err), 0);
	close(ends[0]);
	close(ends[1]);
}

int
main(void)
{
	static int blocking = 0, not_blocking = O_NONBLOCK;
	const struct CMUnitTest fixed[] = {
		cmocka_unit_test(short_reads_are_made_whole),
		cmocka_unit_test(preads_end_with_the_file),
		cmocka_unit_test(only_a_cancel_interrupts),
		cmocka_unit_test_prestate(signals_do_not_cut_a_read, &blocking),
		cmocka_unit_test_prestate(signals_do_not_cut_a_read, &not_blocking),
		cmocka_unit_test(a_pipe_that_does_not_block),
		cmocka_unit_test(links_are_read),
		cmocka_unit_test(time_goes_on),
		cmocka_unit_test(a_moment_is_ahead),
		cmocka_unit_test(nice_is_of_a_thread),
		cmocka_unit_test(file_limit_is_raised),
		cmocka_unit_test(room_of_a_file_system),
		cmocka_unit_test(one_file_by_two_names),
		cmocka_unit_test(a_directory_is_synced),
	};
	struct CMUnitTest tests[COUNT(readings) + COUNT(fixed)];

	for (size_t i = 0; i < COUNT(readings); i++)
		tests[i] = (struct CMUnitTest){ .name = readings[i].name,
			.test_func = check_reading,
			.initial_state = &readings[i] };
	memcpy(tests + COUNT(readings), fixed, sizeof(fixed));
	return cmocka_run_group_tests(tests, setup, teardown);
}
