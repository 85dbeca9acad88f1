#include "lib/interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

static int wake[2] = { -1, -1 };
/* written on whatever thread the signal comes to */
static atomic_int asked_to_end;
static atomic_bool asked_to_report;

static void
on_end(int sig)
{
	int saved = errno;

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
		/* a second one of the kind ends us at once, whatever hangs */
		if (handle(ending[i], on_end, SA_RESTART | (int)SA_RESETHAND, err))
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
