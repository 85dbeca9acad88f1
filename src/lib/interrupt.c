/*
 * A signal comes to whatever thread the system picks, in the middle of whatever it does, and its
 * handler may call little (POSIX, "Signal Actions", 2.4.3).  So the handlers here store atomics and
 * write a byte to a pipe, which never blocks; threads that wait in poll() see it there.
 */
#include "lib/interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

static int wake[2] = { -1, -1 };
/* written on whatever thread the signal comes to */
static atomic_int asked_to_end;
static atomic_uint
    asked_at; /* milliseconds, of a clock that begins again after 49 days */
static atomic_bool asked_to_report;

/*
 * timeout(1) and a terminal that goes away send their signal twice, at once: only one that comes
 * later is somebody's impatience.
 */
enum { IMPATIENT_MS = 2000 };

static unsigned
milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (unsigned)now.tv_sec * 1000U + (unsigned)(now.tv_nsec / 1000000);
}

void
interrupt_die(int sig)
{
	struct sigaction action = { .sa_handler = SIG_DFL };

	sigemptyset(&action.sa_mask);
	/* both fail for a number that is not a signal's, and for nothing else (POSIX) */
	(void)sigaction(sig, &action, NULL);
	(void)raise(sig);
}

static void
on_end(int sig)
{
	const int saved = errno;
	const unsigned now = milliseconds();

	if (atomic_load(&asked_to_end) != 0) {
		if (now - atomic_load(&asked_at) >= IMPATIENT_MS)
			interrupt_die(sig);
		errno = saved;
		return;
	}
	atomic_store(&asked_at, now);
	atomic_store(&asked_to_end, sig);
	/* the pipe is never emptied, and a full one is readable too */
	if (write(wake[1], "", 1) == -1)
		errno = 0;
	errno = saved;
}

static void
on_report(int sig)
{
	(void)sig;
	atomic_store(&asked_to_report, true);
}

static void
on_kick(int sig)
{
	(void)sig; /* the interrupted system call is all that was wanted */
}

static int
handle(int sig, void (*handler)(int), int flags, struct error *err)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags }, before;

	sigemptyset(&action.sa_mask);
	if (sigaction(sig, NULL, &before) == -1)
		return error_set(err, ERROR_IO, errno, "could not set a signal handler");
	/* nohup: what the parent had us ignore stays so */
	if (before.sa_handler == SIG_IGN && handler == on_end)
		return 0;
	if (sigaction(sig, &action, NULL) == -1)
		return error_set(err, ERROR_IO, errno, "could not set a signal handler");
	return 0;
}

int
interrupt_install(struct error *err)
{
	static const int ending[] = { SIGINT, SIGTERM, SIGHUP };

	if (wake[0] == -1) {
		if (pipe(wake) == -1)
			return error_set(err, ERROR_IO, errno, "could not create pipe");
		for (size_t i = 0; i < 2; i++)
			if (fcntl(wake[i], F_SETFD, FD_CLOEXEC) == -1 ||
			    fcntl(wake[i], F_SETFL, O_NONBLOCK) == -1)
				return error_set(err, ERROR_IO, errno,
				    "could not set descriptor flags");
	}
	for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++)
		if (handle(ending[i], on_end, SA_RESTART, err))
			return -1;
	if (handle(SIGUSR1, on_report, SA_RESTART, err) ||
	    /* no SA_RESTART: to interrupt is its purpose */
	    handle(INTERRUPT_KICK, on_kick, 0, err) || handle(SIGPIPE, SIG_IGN, 0, err) ||
	    handle(SIGXFSZ, SIG_IGN, 0, err))
		return -1;
	return 0;
}

int
interrupt_fd(void)
{
	return wake[0];
}

int
interrupt_signal(void)
{
	return atomic_load(&asked_to_end);
}

bool
interrupt_took_report(void)
{
	return atomic_exchange(&asked_to_report, false);
}
