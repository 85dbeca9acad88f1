#ifndef PG_BASETAR_SUPPORT_FAKE_LIBPQ_H
#define PG_BASETAR_SUPPORT_FAKE_LIBPQ_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * libpq with a script in place of a server.  A unit test includes fake_libpq.c.inc, whose
 * functions take the place of those of the same name in the shared library.
 *
 * The script is a table of steps, in the order in which the program must take them, over
 * all its connections: connect with these parameters, ask this question, and what comes
 * back.  fake_done() fails the test when steps are left; a call that the next step does
 * not foresee fails it at once, and so does a PQgetResult() that would block.
 *
 * A connection has a socket pair, so that poll() sees an answer arrive: the code under
 * test waits as it does for a real server.
 *
 * PQconninfoParse(), PQconndefaults(), PQconninfoFree() and PQfreemem() stay the real
 * ones: they touch nothing but memory and the environment.
 */

struct fake_message {
	const char *severity; /* NULL: there is no message */
	const char *sqlstate, *primary, *detail, *hint;
};

struct fake_step {
	/* Exactly one of the two. */
	const char *connect; /* the parameters: "host=/tmp port=5432 ..." */
	const char *query;   /* what the statement begins with */

	/* Of a connection. */
	const char *fails;   /* what PQerrorMessage() says then */
	bool wants_password; /* and that is why */
	bool hangs;          /* the server never answers */
	bool has_no_memory;  /* no connection comes back at all */
	int version;         /* 150020 unless set */

	/* Of a query. */
	const char *params; /* "nightly|true"; NULL: not looked at */
	const char
	    *rows; /* "a|b\nc|d"; "~" is SQL's NULL, \f in a value \n; NULL: no rows */
	struct fake_message error, notice;
	unsigned pieces;  /* how many reads the answer takes; 0: one */
	bool is_late;     /* it comes when the test calls fake_answer(fake_last) */
	unsigned unsent;  /* how often PQflush() has something left */
	unsigned cancels; /* how many PQcancel() it takes; 57014 if there is no error */
	bool hangs_up;    /* after the answer, or in its place */
	bool breaks;      /* in place of the answer, reading fails */
	bool is_copy;     /* the answer is the start of a COPY, and of another ... */
	bool is_refused;  /* PQsendQueryParams() fails */
};

enum { FAKE_ROWS = 16, FAKE_COLUMNS = 10, FAKE_RESULTS = 4, FAKE_PARAMETERS = 96 };

struct pg_result {
	ExecStatusType status;
	int rows, columns;
	char *values[FAKE_ROWS][FAKE_COLUMNS];
	struct fake_message message;
	const char *text;
};

struct pg_cancel {
	PGconn *conn;
};

struct pg_conn {
	int ours, theirs; /* the two ends; PQsocket() is ours */
	const struct fake_step *step;
	bool is_bad, is_busy, is_over, must_connect;
	unsigned cancels, pieces, unsent;
	char error[512];
	PGresult *results[FAKE_RESULTS];
	size_t count;
	PQconninfoOption *options;
	PQnoticeReceiver receiver;
	void *receiver_arg;
};

static const struct fake_step *fake_next, *fake_end;
static int fake_connections; /* open ones */
static PGconn *fake_last;    /* the one that was made last */

/* Called once, when the next question has gone out: a signal that comes then. */
static void (*fake_interrupt)(void);

static void
fake_script(const struct fake_step *steps, size_t count)
{
	fake_next = steps;
	fake_end = steps + count;
	fake_connections = 0;
}

/* What session_open() asks once it is connected. */
#define FAKE_SETTINGS \
	{ .query = "SELECT pg_catalog.pg_backend_pid()", .rows = "4242" }, \
	    { .query = "SELECT pg_catalog.set_config('search_path', '', false)" }, \
	    { .query = "SELECT pg_catalog.set_config(w.name, w.value, false)" }, \
	{ \
		.query = "SELECT pg_catalog.set_config(name, '2s', false)" \
	}

/* What session_open() always adds to the parameters. */
#define FAKE_OPTIONS \
	"-c statement_timeout=0 -c lock_timeout=0 -c idle_in_transaction_session_timeout=0" \
	" -c default_transaction_isolation=read\\ committed -c default_transaction_deferrable=off" \
	" -c default_transaction_read_only=off -c search_path=pg_catalog" \
	" -c client_min_messages=notice"
#define FAKE_ALWAYS \
	" options=" FAKE_OPTIONS \
	" client_encoding=SQL_ASCII application_name=pg_basetar replication=false"

/* A session with no options, opened without trouble. */
#define FAKE_OPENING { .connect = "dbname=postgres" FAKE_ALWAYS }, FAKE_SETTINGS

#define FAKE_SCRIPT(...) \
	const struct fake_step steps[] = { __VA_ARGS__ }; \
	fake_script(steps, sizeof(steps) / sizeof(steps[0]))

/* Every step was taken, every connection closed. */
static void
fake_done(void)
{
	if (fake_next != fake_end)
		fail_msg("the script goes on: %s",
		    fake_next->connect ? fake_next->connect : fake_next->query);
	assert_int_equal(fake_connections, 0);
}

static const struct fake_step *
fake_take(const char *what)
{
	if (fake_next == fake_end)
		fail_msg("the script is over, but: %s", what);
	return fake_next++;
}

/* Of the last connection, idle: the server says ${m} (NULL: nothing) and hangs up. */
static inline void
fake_hang_up(const struct fake_message *m)
{
	static struct fake_step step;
	PGconn *conn = fake_last;

	step = (struct fake_step){ .hangs_up = true };
	if (m)
		step.notice = *m;
	conn->step = &step;
	conn->pieces = 1;
	assert_int_equal(write(conn->theirs, "", 1), 1);
}

#endif
