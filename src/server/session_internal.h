#ifndef PG_BASETAR_SERVER_SESSION_INTERNAL_H
#define PG_BASETAR_SERVER_SESSION_INTERNAL_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "lib/buf.h"
#include "server/session.h"

/* A session, for the files that it consists of: session.c, session_open.c, _error.c and _secret.c. */

struct session {
	PGconn *conn; /* NULL once it was lost or closed */
	int interrupt_fd;
	void (*notice)(const char *text);
	bool was_interrupted;
	/* A question that was put and has no answer yet; NULL if absent. */
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
	SESSION_READY,       /* the socket is, or it is broken: libpq will say so */
	SESSION_INTERRUPTED, /* interrupt_fd is readable */
	SESSION_LATE         /* the deadline is over */
};

/*
 * Wait for the poll ${events} on the socket of s->conn, until ${deadline} on the clock of
 * sys_monotonic() (0: for ever).
 */
enum session_wait session_await(const struct session *s, short events, double deadline);

/* End s->conn.  The rest of the session stays readable. */
void session_close(struct session *s);

/* ERROR_SERVER for a connection that broke; closes it.  Always -1. */
int session_lost(struct session *s, struct error *err);

#endif
