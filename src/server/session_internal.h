#ifndef PG_BASETAR_SERVER_SESSION_INTERNAL_H
#define PG_BASETAR_SERVER_SESSION_INTERNAL_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "lib/buf.h"
#include "server/session.h"

/* What session.c, session_open.c and session_error.c know of each other. */

struct session {
	PGconn *conn; /* NULL once it was lost or closed */
	int interrupt_fd;
	void (*notice)(const char *text);
	bool was_interrupted;
	/* A question that was put and has no answer yet; NULL: there is none. */
	const char *pending;
	double pending_since, patience;
	PGresult *answer; /* what has come of it */
	char sqlstate[6];
	char farewell[512]; /* the last FATAL message of the server, or empty */
	char *where;
	char *version_text;
	unsigned version_number;
};

enum session_wait {
	SESSION_READY,       /* the socket is, or it is broken: libpq will tell */
	SESSION_INTERRUPTED, /* interrupt_fd is readable */
	SESSION_LATE         /* the deadline is over */
};

/* conninfo.c: does libpq take it for more than a database's name: a connection string or a URI? */
bool session_is_conninfo(const char *dbname);

/*
 * ERROR_USAGE: it cannot be read, or not as it was meant; the error repeats nothing of it.
 * PQconninfoFree() the options.
 */
MUST_CHECK int session_parse_conninfo(
    const char *conninfo, PQconninfoOption **options, struct error *err);

/* ERROR_USAGE: the name of a database is a URI with a slip of the pen, and a password perhaps. */
MUST_CHECK int session_check_dbname(const char *dbname, struct error *err);

/*
 * session_startup.c: append the startup options of a connection, the user's own first, so that
 * ours count; with those of the release or without.
 */
MUST_CHECK int session_startup_options(const struct session_options *options,
    bool with_release, struct buf *text, struct error *err);
/* Did a connection fail because the server is of an older release than was thought? */
bool session_startup_is_refused(
    const struct session_options *options, const char *message);

/*
 * Wait for the poll ${events} on the socket of s->conn, until ${deadline} on the clock of
 * sys_monotonic() (0: for ever).
 */
enum session_wait session_await(const struct session *s, short events, double deadline);

/* End s->conn.  The rest of the session stays readable. */
void session_close(struct session *s);

/* ERROR_SERVER for a connection that broke; closes it.  Always -1. */
int session_lost(struct session *s, struct error *err);

/*
 * session_secret.c: put the ${len} bytes of ${text} into ${out}, cut to ${size}, with what may be a
 * password hidden: that of the connection as well.  True: a connection string is in the text.
 */
bool session_secret_mask(
    const struct session *s, char *out, size_t size, const char *text, size_t len);

/* The same for what ${err} says. */
void session_secret_hide(const struct session *s, struct error *err);

/* libpq calls it for each message that is no answer; ${session} is a struct session. */
void session_error_notice(void *session, const PGresult *message);

/* ERROR_SERVER from a failed query; remembers its SQLSTATE. */
int session_error_result(struct session *s, const PGresult *result, struct error *err);

/* ERROR_SERVER for a connection that broke, and why, as far as it is known. */
int session_error_lost(struct session *s, struct error *err);

/* ERROR_SERVER for a connection that was never made. */
int session_error_connect(const struct session *s, struct error *err);

/* ERROR_CANCELLED. */
int session_error_interrupted(struct error *err);

#endif
