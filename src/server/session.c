/*
 * A session lasts as long as the backup, and an interrupt must end every wait in it: queries are
 * sent with libpq's asynchronous functions, and the interrupt is polled together with the socket.  A
 * query that is given up is cancelled, as a backend that waits for a checkpoint does not notice that
 * its socket was closed.
 */
#include "server/session.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "lib/sys.h"
#include "server/session_error.h"
#include "server/session_internal.h"

/* How often, and how long each time, we wait for a cancelled query to end. */
#define CANCEL_TRIES 5
#define CANCEL_SECONDS 1.0

/* How often something is asked that replay on a standby cancels, and the pause between. */
#define CONFLICT_TRIES 20
#define CONFLICT_PAUSE_MS 200

/* A single statement has one result; libpq may add one that says the connection broke. */
#define RESULTS 8

/* Milliseconds for poll(), rounded up so that no one spins for the last one. */
static int
milliseconds_until(double deadline)
{
	double left = deadline - sys_monotonic();

	if (left <= 0)
		return 0;
	return left > 3600 ? 3600 * 1000 : (int)(left * 1000) + 1;
}

enum session_wait
session_await(const struct session *s, short events, double deadline)
{
	struct pollfd fds[2] = { { .fd = PQsocket(s->conn), .events = events },
		{ .fd = s->interrupt_fd, .events = POLLIN } };

	for (;;) {
		int timeout = deadline > 0 ? milliseconds_until(deadline) : -1;
		int ready;

		if (fds[0].fd == -1)
			return SESSION_READY;
		ready = poll(fds, 2, timeout);
		if (ready == -1 && errno == EINTR)
			continue;
		if (ready > 0 && fds[1].revents != 0)
			return SESSION_INTERRUPTED;
		if (ready == 0 && timeout != 0)
			continue; /* woken early, or an hour is over */
		return ready == 0 ? SESSION_LATE : SESSION_READY;
	}
}

static bool
is_interrupted(const struct session *s)
{
	struct pollfd fd = { .fd = s->interrupt_fd, .events = POLLIN };

	return poll(&fd, 1, 0) == 1;
}

void
session_close(struct session *s)
{
	PQclear(s->answer);
	PQfinish(s->conn);
	s->answer = NULL;
	s->pending = NULL;
	s->conn = NULL;
}

int
session_lost(struct session *s, struct error *err)
{
	session_error_lost(s, err);
	session_close(s);
	return -1;
}

void
session_ignore_interrupt(struct session *s)
{
	s->interrupt_fd = -1;
	s->was_interrupted = false;
}

void
session_free(struct session *s)
{
	if (s == NULL)
		return;
	session_close(s);
	free(s->where);
	free(s->version_text);
	free(s);
}

/* The next result of the running query, or NULL when there are no more. */
static enum session_wait
next_result(struct session *s, double deadline, PGresult **result)
{
	for (;;) {
		bool is_unsent = PQflush(s->conn) == 1;
		enum session_wait wait;

		if (!PQisBusy(s->conn))
			break;
		wait = session_await(s, is_unsent ? POLLIN | POLLOUT : POLLIN, deadline);
		if (wait != SESSION_READY)
			return wait;
		/* a broken connection: PQgetResult() says so, and does not wait */
		if (!PQconsumeInput(s->conn))
			break;
	}
	*result = PQgetResult(s->conn);
	return SESSION_READY;
}

/* Run the query to its end; *result is its first error, else its last result. */
static enum session_wait
finish_query(struct session *s, double deadline, PGresult **result)
{
	for (int i = 0; i < RESULTS; i++) {
		PGresult *next = NULL;
		enum session_wait wait = next_result(s, deadline, &next);

		if (wait != SESSION_READY || next == NULL)
			return wait;
		if (*result && PQresultStatus(*result) == PGRES_FATAL_ERROR)
			PQclear(next);
		else {
			PQclear(*result);
			*result = next;
		}
	}
	return SESSION_READY;
}

/*
 * Stop what the server does for us, and see that it stopped.  Closing the connection
 * would not do: a backend that waits for a checkpoint does not look at its socket, and
 * the backup would run on until that checkpoint is over.  A request to cancel that
 * overtakes the query itself is lost, so it is repeated.
 */
static void
cancel_query(struct session *s)
{
	int interrupt_fd = s->interrupt_fd;
	PGresult *result = NULL;
	enum session_wait wait = SESSION_LATE;
	char why[256];

	s->interrupt_fd = -1;
	for (int i = 0; i < CANCEL_TRIES && wait == SESSION_LATE; i++) {
		PGcancel *cancel = PQgetCancel(s->conn);

		if (cancel)
			PQcancel(cancel, why, sizeof(why));
		PQfreeCancel(cancel);
		wait = finish_query(s, sys_monotonic() + CANCEL_SECONDS, &result);
	}
	PQclear(result);
	s->interrupt_fd = interrupt_fd;
	if (wait == SESSION_LATE)
		session_close(s);
}

static int
interrupt_session(struct session *s, struct error *err)
{
	s->was_interrupted = true;
	session_close(s);
	return session_error_interrupted(err);
}

/* The wait for an answer is over, without one. */
static int
give_up(struct session *s, enum session_wait wait, double seconds, struct error *err)
{
	cancel_query(s);
	if (wait == SESSION_INTERRUPTED)
		return interrupt_session(s, err);
	return error_set(
	    err, ERROR_STATE, 0, "the server did not finish within %g s", seconds);
}

/* Turn ${result}, which is taken, into rows or into an error. */
static int
take_result(
    struct session *s, PGresult *result, struct session_rows *rows, struct error *err)
{
	ExecStatusType status = PQresultStatus(result);

	if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
		rows->result = result;
		rows->count = (size_t)PQntuples(result);
		rows->columns = (size_t)PQnfields(result);
		return 0;
	}
	if (result && status == PGRES_FATAL_ERROR)
		session_error_result(s, result, err);
	else
		error_set(err, ERROR_SERVER, 0, "unexpected reply from the server");
	PQclear(result);
	return -1;
}

/* ${result} is taken: rows, or an error, that of a lost connection if it is. */
static int
end_query(
    struct session *s, PGresult *result, struct session_rows *rows, struct error *err)
{
	if (take_result(s, result, rows, err) == 0)
		return 0;
	/* an error that also ended the connection is reported as that */
	return PQstatus(s->conn) == CONNECTION_OK ? -1 : session_lost(s, err);
}

/* The patience with a pending question is over: so is the session. */
static int
end_patience(struct session *s, struct error *err)
{
	error_set(err, ERROR_SERVER, 0, "the server has not answered a query for %.0f s",
	    s->patience);
	session_close(s);
	return error_hint(err,
	    "The server process of this session does not run, or hangs: check the load of the machine, its memory and its disks.");
}

/* Has the pending question its answer, by ${deadline}? */
static int
await_answer(struct session *s, double deadline, bool *is_there, struct error *err)
{
	enum session_wait wait = finish_query(s, deadline, &s->answer);

	*is_there = wait == SESSION_READY;
	if (wait == SESSION_INTERRUPTED)
		return interrupt_session(s, err);
	if (wait == SESSION_LATE && sys_monotonic() >= s->pending_since + s->patience)
		return end_patience(s, err);
	return 0;
}

static PGresult *
take_answer(struct session *s)
{
	PGresult *answer = s->answer;

	s->answer = NULL;
	s->pending = NULL;
	return answer;
}

/* The session can be used when what was asked before is answered; that is not wanted any more. */
static int
settle(struct session *s, double deadline, bool *is_settled, struct error *err)
{
	*is_settled = true;
	if (s->pending == NULL)
		return 0;
	if (await_answer(s, deadline, is_settled, err))
		return -1;
	if (*is_settled)
		PQclear(take_answer(s));
	return 0;
}

static int
put_question(struct session *s, const char *sql, double patience, struct error *err)
{
	if (!PQsendQueryParams(s->conn, sql, 0, NULL, NULL, NULL, NULL, 0))
		return session_lost(s, err);
	s->pending = sql;
	s->pending_since = sys_monotonic();
	s->patience = patience;
	return 0;
}

static int
query_once(struct session *s, double seconds, const char *sql, size_t nparams,
    const char *const *params, struct session_rows *rows, struct error *err)
{
	double deadline = seconds > 0 ? sys_monotonic() + seconds : 0;
	PGresult *result = NULL;
	enum session_wait wait;
	bool is_settled;

	*rows = (struct session_rows){ 0 };
	s->sqlstate[0] = '\0';
	if (s->was_interrupted || is_interrupted(s))
		return interrupt_session(s, err);
	if (s->pending && settle(s, s->pending_since + s->patience, &is_settled, err))
		return -1;
	if (s->conn == NULL ||
	    !PQsendQueryParams(s->conn, sql, (int)nparams, NULL, params, NULL, NULL, 0))
		return session_lost(s, err);

	wait = finish_query(s, deadline, &result);
	if (wait != SESSION_READY) {
		PQclear(result);
		return give_up(s, wait, seconds, err);
	}
	return end_query(s, result, rows, err);
}

/*
 * Replay on a standby cancels whatever holds a snapshot it is in conflict with, at once if it
 * is late already: what we ask is repeated (ProcessInterrupts() in src/backend/tcop/postgres.c:
 * serialization_failure, or deadlock_detected).  A start or a slot that was cancelled has left
 * nothing; a stop is not repeated by the server, which says so.
 */
static bool
is_in_conflict(const struct session *s)
{
	return s->conn &&
	    (strcmp(s->sqlstate, "40001") == 0 || strcmp(s->sqlstate, "40P01") == 0);
}

/* False: interrupted. */
static bool
pause_before_retry(const struct session *s)
{
	struct pollfd fd = { .fd = s->interrupt_fd, .events = POLLIN };

	return poll(&fd, 1, CONFLICT_PAUSE_MS) != 1;
}

int
session_query_within(struct session *s, double seconds, const char *sql, size_t nparams,
    const char *const *params, struct session_rows *rows, struct error *err)
{
	for (int tries = 1;; tries++) {
		if (query_once(s, seconds, sql, nparams, params, rows, err) == 0)
			return 0;
		if (!is_in_conflict(s) || tries == CONFLICT_TRIES)
			return -1;
		if (!pause_before_retry(s))
			return interrupt_session(s, err);
	}
}

int
session_question(struct session *s, const char *sql, double seconds, double patience,
    struct session_rows *rows, bool *is_answered, struct error *err)
{
	const double deadline = sys_monotonic() + seconds;

	*rows = (struct session_rows){ 0 };
	*is_answered = false;
	s->sqlstate[0] = '\0';
	if (s->was_interrupted || is_interrupted(s))
		return interrupt_session(s, err);
	if (s->conn == NULL)
		return session_lost(s, err);
	if (s->pending != sql) {
		bool is_settled;

		if (settle(s, deadline, &is_settled, err))
			return -1;
		if (!is_settled)
			return 0;
		if (put_question(s, sql, patience, err))
			return -1;
	}
	if (await_answer(s, deadline, is_answered, err))
		return -1;
	if (!*is_answered)
		return 0;
	if (end_query(s, take_answer(s), rows, err) == 0)
		return 0;
	*is_answered = false;
	return is_in_conflict(s) ? 0 : -1;
}

double
session_silence(const struct session *s)
{
	return s->pending ? sys_monotonic() - s->pending_since : 0;
}

int
session_query(struct session *s, const char *sql, size_t nparams,
    const char *const *params, struct session_rows *rows, struct error *err)
{
	return session_query_within(s, 0, sql, nparams, params, rows, err);
}

const char *
session_value(const struct session_rows *rows, size_t row, size_t column)
{
	if (row >= rows->count || column >= rows->columns ||
	    PQgetisnull(rows->result, (int)row, (int)column))
		return NULL;
	return PQgetvalue(rows->result, (int)row, (int)column);
}

void
session_rows_free(struct session_rows *rows)
{
	PQclear(rows->result);
	*rows = (struct session_rows){ 0 };
}

int
session_check(struct session *s, struct error *err)
{
	/* the farewell comes first, the end of the stream after it */
	for (int i = 0; i < RESULTS && s->conn != NULL; i++) {
		struct pollfd fd = { .fd = PQsocket(s->conn), .events = POLLIN };

		if (fd.fd != -1 && poll(&fd, 1, 0) == 0)
			return 0;
		if (!PQconsumeInput(s->conn))
			return session_lost(s, err);
		(void)PQisBusy(s->conn); /* reads the messages that came in */
	}
	return s->conn != NULL ? 0 : session_lost(s, err);
}

const char *
session_sqlstate(const struct session *s)
{
	return s->sqlstate;
}

unsigned
session_version_number(const struct session *s)
{
	return s->version_number;
}

const char *
session_version_text(const struct session *s)
{
	return s->version_text;
}

const char *
session_where(const struct session *s)
{
	return s->where;
}
