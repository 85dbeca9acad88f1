/* A pipe that is made wider while a writer waits for room in it. */
#define _GNU_SOURCE /* F_SETPIPE_SZ */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/sys.h"

enum { NARROW = 64 * 1024, MUCH = 2 * NARROW };

static int times_set; /* how much a pipe holds */

int __real_fcntl64(int fd, int command, int arg);
int __wrap_fcntl64(int fd, int command, int arg);
int
__wrap_fcntl64(int fd, int command, int arg)
{
	times_set += command == F_SETPIPE_SZ;
	return __real_fcntl64(fd, command, arg);
}

static void *
write_much(void *fd)
{
	static const uint8_t much[MUCH];
	size_t written = 0;

	while (written < MUCH) {
		const ssize_t n = write(*(int *)fd, much + written, MUCH - written);

		if (n == -1 && errno != EINTR)
			break;
		written += n > 0 ? (size_t)n : 0;
	}
	close(*(int *)fd);
	return NULL;
}

/* Are there ${len} bytes in the pipe, or soon? */
static bool
comes_to_hold(int fd, int len)
{
	int held = 0;

	for (int i = 0; i < 5000; i++) {
		if (ioctl(fd, FIONREAD, &held) == 0 && held == len)
			return true;
		poll(NULL, 0, 1);
	}
	return false;
}

/*
 * On some kernels the second time is what wakes the writer for certain.  Nothing is read meanwhile:
 * that would not wake it either.
 */
static void
a_writer_that_waits_goes_on(void **state)
{
	static uint8_t much[MUCH];
	struct error err = { 0 };
	pthread_t thread;
	int ends[2];
	size_t got;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_not_equal(fcntl(ends[1], F_SETPIPE_SZ, NARROW), -1);
	assert_int_equal(pthread_create(&thread, NULL, write_much, &ends[1]), 0);
	assert_true(comes_to_hold(ends[0], NARROW));
	times_set = 0;
	sys_widen_pipe(ends[0]);
	if (fcntl(ends[0], F_GETPIPE_SZ) > NARROW) { /* else this user may not */
		assert_int_equal(times_set, 2);
		assert_true(comes_to_hold(ends[0], MUCH));
	}
	assert_int_equal(sys_read(ends[0], much, MUCH, &got, NULL, &err), 0);
	assert_int_equal(got, MUCH);
	pthread_join(thread, NULL);
	close(ends[0]);
}

static void
what_is_no_pipe_stays(void **state)
{
	const int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)state;
	times_set = 0;
	sys_widen_pipe(fd);
	sys_widen_pipe(-1);
	assert_int_equal(times_set, 0);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_writer_that_waits_goes_on),
		cmocka_unit_test(what_is_no_pipe_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
