/*
 * The main thread sleeps in poll() on two pipes: one to which the working thread writes when it
 * leaves, and one to which the handlers of signals write (lib/interrupt.h).  So neither can come
 * unseen between a look and the sleep.
 *
 *	working thread    work() ---------------------> a byte into `done`
 *	main thread       poll: tick, hurry, watch ...  join
 *	                  a signal, or watch() failed:  cancel; kick until `done` is readable
 *
 * One kick is not enough to call the work off: it may come just before the system call that it
 * should interrupt.  So it is repeated until the thread has left.
 */
#include "cli/patrol.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include "lib/interrupt.h"
#include "lib/sys.h"

enum { TICK_MS = 250, KICK_MS = 20 };
#define WATCH_SECONDS 5.0 /* how late we learn that the server is gone */

struct errand {
	struct patrol *patrol;
	const struct patrol_ops *ops;
	int done; /* written to when the thread leaves */
	int rc;
	struct error err;
};

/* A planner that failed has its place in the stream: its error waits for its turn. */
static void *
run_errand(void *arg)
{
	struct errand *e = arg;
	struct blockpipe *pipe = e->patrol->pipe;
	struct error first;

	sys_thread_name("basetar-stream");
	e->rc = e->ops->work(e->patrol, &e->err);
	if (e->rc == -1 && pipe) {
		blockpipe_fail(pipe, &e->err);
		if (blockpipe_close(pipe, &first) == -1)
			e->err = first;
	}
	if (write(e->done, "", 1) == -1)
		/* never of a pipe of ours; an end of file serves as well */
		close(e->done);
	return NULL;
}

int
patrol_interrupted(const struct patrol *patrol, struct error *err)
{
	const char *name = interrupt_signal() == SIGINT ? "SIGINT" :
	    interrupt_signal() == SIGTERM               ? "SIGTERM" :
							  "SIGHUP";

	return error_set(
	    err, ERROR_CANCELLED, 0, "interrupted by %s, %s", name, patrol->outcome);
}

/* Wait until the thread leaves, a signal comes, or it is time for something else. */
static int
patrol_look(int done, double *watched, const struct errand *e, struct error *err)
{
	struct pollfd fds[2] = { { done, POLLIN, 0 }, { interrupt_fd(), POLLIN, 0 } };

	if (poll(fds, 2, TICK_MS) == -1 && errno != EINTR)
		return error_set(err, ERROR_IO, errno, "could not poll");
	if (fds[0].revents)
		return 1;
	if (fds[1].revents)
		return patrol_interrupted(e->patrol, err);
	if (e->ops->tick)
		e->ops->tick(e->patrol);
	if (e->ops->hurry && e->ops->hurry(e->patrol, err))
		return -1;
	if (e->ops->watch == NULL || sys_monotonic() - *watched < WATCH_SECONDS)
		return 0;
	*watched = sys_monotonic();
	return e->ops->watch(e->patrol, err);
}

/* Send the thread away, out of whatever system call it is in. */
static void
call_off(const struct errand *e, pthread_t thread, int done)
{
	struct pollfd fd = { done, POLLIN, 0 };

	cancel_raise(e->patrol->cancel);
	do {
		if (e->ops->cut) {
			e->ops->cut(e->patrol);
			pthread_kill(thread, INTERRUPT_KICK);
		}
		/* a session sees the signal too, and is not to be disturbed */
		if (e->patrol->pipe) {
			blockpipe_cut(e->patrol->pipe);
			pthread_kill(thread, INTERRUPT_KICK);
		}
	} while (poll(&fd, 1, KICK_MS) <= 0);
}

int
patrol_run(struct patrol *patrol, const struct patrol_ops *ops, struct error *err)
{
	struct errand errand = { .patrol = patrol, .ops = ops };
	double watched = sys_monotonic();
	pthread_t thread;
	int ends[2], rc;

	if (pipe(ends) == -1)
		return error_set(err, ERROR_IO, errno, "could not create pipe");
	errand.done = ends[1];
	rc = pthread_create(&thread, NULL, run_errand, &errand);
	if (rc != 0) {
		error_set(err, ERROR_IO, rc, "could not create a thread");
		rc = -1;
	} else {
		do
			rc = patrol_look(ends[0], &watched, &errand, err);
		while (rc == 0);
		if (rc == -1)
			call_off(&errand, thread, ends[0]);
		pthread_join(thread, NULL);
		/* a signal that came too late to stop the work is seen by the next one */
		if (rc == 1 || (errand.rc == 0 && err->kind == ERROR_CANCELLED)) {
			rc = errand.rc;
			if (rc == -1)
				*err = errand.err;
		}
	}
	close(ends[0]);
	close(ends[1]);
	return rc;
}
