/* Signals: a mark, a readable descriptor, and system calls that go on. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/interrupt.h"

/* Nothing before the install; as under nohup, SIGHUP is ignored when it comes. */
static int
setup(void **state)
{
	struct error err = { 0 };

	(void)state;
	if (interrupt_fd() != -1 || signal(SIGHUP, SIG_IGN) == SIG_ERR)
		return -1;
	return interrupt_install(&err);
}

static bool
is_readable(int fd)
{
	struct pollfd p = { fd, POLLIN, 0 };

	return poll(&p, 1, 0) == 1;
}

static void
reports_are_taken_once(void **state)
{
	(void)state;
	assert_false(interrupt_took_report());
	raise(SIGUSR1);
	raise(SIGUSR1);
	assert_true(interrupt_took_report());
	assert_false(interrupt_took_report());
	assert_int_equal(interrupt_signal(), 0);
	assert_false(is_readable(interrupt_fd()));
}

static void
what_was_ignored_stays_ignored(void **state)
{
	(void)state;
	raise(SIGHUP);
	assert_int_equal(interrupt_signal(), 0);
	assert_false(is_readable(interrupt_fd()));
}

/* A reader that went away is an error of write(), not the end of us. */
static void
a_broken_pipe_is_an_error(void **state)
{
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	assert_int_equal(write(ends[1], "", 1), -1);
	assert_int_equal(errno, EPIPE);
	close(ends[1]);
}

struct reader {
	int fd;
	ssize_t n;
	int sys;
	atomic_bool is_back;
};

static void *
read_byte(void *arg)
{
	struct reader *r = arg;
	char byte;

	r->n = read(r->fd, &byte, 1);
	r->sys = errno;
	atomic_store(&r->is_back, true);
	return NULL;
}

/* Send it to a thread that reads an empty pipe; then write, if it still reads. */
static struct reader
signal_a_reader(int sig, bool is_to_return)
{
	struct reader r = { .fd = -1 };
	pthread_t thread;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	r.fd = ends[0];
	assert_int_equal(pthread_create(&thread, NULL, read_byte, &r), 0);
	for (int i = 0; (is_to_return || i < 10) && !atomic_load(&r.is_back); i++) {
		pthread_kill(thread, sig);
		poll(NULL, 0, 1);
	}
	if (!is_to_return)
		assert_int_equal(write(ends[1], "x", 1), 1);
	pthread_join(thread, NULL);
	close(ends[0]);
	close(ends[1]);
	return r;
}

static void
a_kick_interrupts(void **state)
{
	struct reader r = signal_a_reader(INTERRUPT_KICK, true);

	(void)state;
	assert_int_equal(r.n, -1);
	assert_int_equal(r.sys, EINTR);
}

static void
others_do_not_interrupt(void **state)
{
	struct reader r = signal_a_reader(SIGUSR1, false);

	(void)state;
	assert_int_equal(r.n, 1);
	assert_true(interrupt_took_report());
}

/* So is a file that grew beyond what is allowed. */
static void
a_file_too_large_is_an_error(void **state)
{
	struct rlimit before, none;
	FILE *file = tmpfile();

	(void)state;
	assert_non_null(file);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	assert_int_equal(write(fileno(file), "x", 1), -1);
	assert_int_equal(errno, EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	fclose(file);
}

/* Two signals, ${ms} from each other.  The child's status, and 3 of it if it went on. */
static int
status_after(int first, int ms, int second)
{
	pid_t child = fork();
	int status;

	assert_int_not_equal(child, -1);
	if (child == 0) {
		raise(first);
		poll(NULL, 0, ms);
		raise(second);
		_exit(interrupt_signal() == first ? 3 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

/* timeout(1) sends two, and so does a terminal that goes away: that is no impatience. */
static void
two_signals_at_once_are_one(void **state)
{
	(void)state;
	assert_int_equal(status_after(SIGTERM, 0, SIGTERM), 3 << 8);
	assert_int_equal(status_after(SIGINT, 10, SIGTERM), 3 << 8);
	assert_int_equal(status_after(SIGTERM, 1500, SIGTERM), 3 << 8);
}

/* Who asks again two seconds later wants no clean end any more. */
static void
a_later_signal_ends_at_once(void **state)
{
	(void)state;
	assert_int_equal(status_after(SIGTERM, 2100, SIGTERM), SIGTERM);
	assert_int_equal(status_after(SIGTERM, 2100, SIGINT), SIGINT);
}

/* What ended us is seen. */
static void
a_program_can_end_by_its_signal(void **state)
{
	int status;
	pid_t child = fork();

	(void)state;
	assert_int_not_equal(child, -1);
	if (child == 0) {
		raise(SIGTERM);
		interrupt_die(interrupt_signal());
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, SIGTERM);
}

/* The last test: nothing takes it back. */
static void
an_end_is_asked_for_once_and_for_all(void **state)
{
	struct error err = { 0 };

	(void)state;
	raise(SIGTERM);
	assert_int_equal(interrupt_signal(), SIGTERM);
	assert_true(is_readable(interrupt_fd()));
	assert_int_equal(interrupt_install(&err), 0);
	assert_int_equal(interrupt_signal(), SIGTERM);
	assert_true(is_readable(interrupt_fd()));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reports_are_taken_once),
		cmocka_unit_test(what_was_ignored_stays_ignored),
		cmocka_unit_test(a_broken_pipe_is_an_error),
		cmocka_unit_test(a_kick_interrupts),
		cmocka_unit_test(others_do_not_interrupt),
		cmocka_unit_test(a_file_too_large_is_an_error),
		cmocka_unit_test(two_signals_at_once_are_one),
		cmocka_unit_test(a_later_signal_ends_at_once),
		cmocka_unit_test(a_program_can_end_by_its_signal),
		cmocka_unit_test(an_end_is_asked_for_once_and_for_all),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
