#ifndef PG_BASETAR_SERVER_SESSION_H
#define PG_BASETAR_SERVER_SESSION_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/error.h"

/*
 * A connection to a server, and questions put to it.
 *
 * Every wait is a poll() on the connection and on ${interrupt_fd}: a signal ends a wait
 * for a checkpoint or for the archiver as quickly as any other.  A session belongs to
 * one thread at a time.
 *
 * What replay on a standby cancels, because it is in conflict with the snapshot of a query, is
 * asked again for some time.
 *
 * What ends a call:
 *
 *	ERROR_SERVER	the server refused (session_sqlstate() has its code), or the
 *			connection is gone: "the connection to the server was lost: ..."
 *	ERROR_STATE	the limit given to session_query_within() is over, or a password
 *			is wanted and no one is there to type it
 *	ERROR_CANCELLED	${interrupt_fd} became readable.  What the server was doing for
 *			us was cancelled there, and the connection is closed.
 *	ERROR_USAGE	the connection string of -d cannot be read
 *
 * A backup lasts as long as the session that started it: session_free(), a lost
 * connection and an interrupt end it on the server.
 */
struct session;

struct session_options {
	/* What the user said, with -h -p -U -d; NULL: said nothing. */
	const char *host, *port, *user;
	const char *dbname;              /* a name, or a connection string or URI */
	bool never_prompt, force_prompt; /* -w, -W: for a password, on the terminal */

	/*
	 * NULL, or options that the session starts with, "-c NAME=VALUE ...", that only some
	 * releases know (struct pg_version).  A server that does not is asked without.
	 */
	const char *release_settings;

	int interrupt_fd; /* -1: none */

	/* Each NOTICE and WARNING of the server, on one line: "WARNING: ..."; NULL: dropped. */
	void (*notice)(const char *text);

	/* Filled by locate_server(), released by locate_free(): weaker than all the above
	 * and than the environment. */
	char *located_host, *located_port;
	bool host_is_given;

	/*
	 * NULL, or an open session: connect to that very server as that very user, with
	 * its password; then only interrupt_fd and notice count of the above.
	 */
	const struct session *same_server;
};

/*
 * Connect, to database "postgres" unless something names another, and make the session
 * fit for a backup of hours: no time limit of the server's may end it, names are looked
 * up in pg_catalog alone, and text comes as the bytes it is (client_encoding SQL_ASCII).
 * On failure *s is NULL.
 */
MUST_CHECK int session_open(
    struct session **s, const struct session_options *options, struct error *err);

/* Ends a backup that runs in the session.  NULL is no session. */
void session_free(struct session *s);

/*
 * What a query returned, as text.  An empty struct session_rows is legal to free, and to
 * read: it has no rows.
 */
struct session_rows {
	struct pg_result *result;
	size_t count, columns;
};

/*
 * Ask ${sql}, a single statement, with ${nparams} ${params} for its $1, $2 ... (NULL is
 * SQL's NULL), all as text.  On failure *rows is empty, else session_rows_free() it.
 */
MUST_CHECK int session_query(struct session *s, const char *sql, size_t nparams,
    const char *const *params, struct session_rows *rows, struct error *err);

/*
 * The same, but after ${seconds} (0: no limit) the query is cancelled on the server:
 * ERROR_STATE, and the session can be used on.
 */
MUST_CHECK int session_query_within(struct session *s, double seconds, const char *sql,
    size_t nparams, const char *const *params, struct session_rows *rows,
    struct error *err);

/*
 * Ask ${sql}, which has no parameters, and wait up to ${seconds} for the answer.  If it does not
 * come, *is_answered is false, and the question stays pending: the same call again, with the
 * same pointer, goes on to wait.  Any other question, and session_query(), first waits for it
 * and drops it.  So a server that does not get to run for a while is never cancelled, or
 * closed.  ERROR_SERVER: for ${patience} seconds there was no answer; then it is closed.
 */
MUST_CHECK int session_question(struct session *s, const char *sql, double seconds,
    double patience, struct session_rows *rows, bool *is_answered, struct error *err);

/* For how many seconds a question has been pending; 0: none is. */
double session_silence(const struct session *s);

/* The text at ${row}, ${column}, valid until the rows are freed; NULL: SQL's NULL, or
 * there is no such place. */
const char *session_value(const struct session_rows *rows, size_t row, size_t column);

void session_rows_free(struct session_rows *rows);

/*
 * Has the server hung up?  Asks it nothing and does not wait.  0: not that we know;
 * -1: ERROR_SERVER, "the connection to the server was lost: ...".
 */
MUST_CHECK int session_check(struct session *s, struct error *err);

/* Forget ${interrupt_fd} and what was read from it: for the tidying that follows an interrupt. */
void session_ignore_interrupt(struct session *s);

/* The SQLSTATE of the last query that failed ("42501"); "" if the server named none. */
const char *session_sqlstate(const struct session *s);

/* As the server reported it when we connected: 150020, "15.20 (Debian ...)". */
unsigned session_version_number(const struct session *s);
const char *session_version_text(const struct session *s);

/* Which server, for messages: `port 5432 of "/run/postgresql"`. */
const char *session_where(const struct session *s);

#endif
