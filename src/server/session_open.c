/*
 * A connection is made by libpq's rules for all that the user left out, and is then made fit for a
 * backup: it is refused if a pooler is between, timeouts of the role or the database are switched
 * off, and the search path is emptied.
 */
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/sys.h"
#include "server/conninfo.h"
#include "server/password.h"
#include "server/session_error.h"
#include "server/session_internal.h"
#include "server/session_secret.h"
#include "server/session_startup.h"

/* libpq has about 50 parameters; those of another session come with some of our own. */
#define PARAMETERS 96

/* What libpq wants to hear: a later value of one keyword overrides an earlier one. */
struct parameters {
	const char *keywords[PARAMETERS + 1];
	const char *values[PARAMETERS + 1];
	size_t count;
};

static void
parameters_add(struct parameters *p, const char *keyword, const char *value)
{
	if (value == NULL || *value == '\0' || p->count == PARAMETERS)
		return;
	p->keywords[p->count] = keyword;
	p->values[p->count] = value;
	p->count++;
}

static const char *
option_value(const PQconninfoOption *options, const char *keyword)
{
	for (; options && options->keyword; options++)
		if (strcmp(options->keyword, keyword) == 0)
			return options->val;
	return NULL;
}

/* Does -d, the environment or the service file say which database? */
static int
names_database(const char *dbname, bool *names, struct error *err)
{
	PQconninfoOption *options;

	*names = true;
	if (dbname && *dbname != '\0') {
		if (!conninfo_is_string(dbname))
			return conninfo_check_dbname(dbname, err);
		if (conninfo_parse(dbname, &options, err))
			return -1;
		/* a service may name one, but only libpq can look it up */
		*names =
		    option_value(options, "dbname") || option_value(options, "service");
		PQconninfoFree(options);
		if (*names)
			return 0;
	}
	options = PQconndefaults();
	*names = option_value(options, "dbname") != NULL;
	PQconninfoFree(options);
	return 0;
}

static int
describe(struct parameters *p, const struct session_options *options,
    const char *password, struct error *err)
{
	bool names;

	if (names_database(options->dbname, &names, err))
		return -1;
	parameters_add(p, "host", options->located_host);
	parameters_add(p, "port", options->located_port);
	parameters_add(p, "host", options->host);
	parameters_add(p, "port", options->port);
	parameters_add(p, "user", options->user);
	parameters_add(p, "password", password);
	/* the first dbname may be a string that names all of them; see expand_dbname */
	parameters_add(p, "dbname", options->dbname);
	if (!names)
		parameters_add(p, "dbname", "postgres");
	return 0;
}

/* A list of hosts may lead elsewhere the second time: name the one that was taken. */
static void
describe_same(struct parameters *p, const PQconninfoOption *of, const PGconn *conn)
{
	for (; of && of->keyword; of++)
		if (strcmp(of->keyword, "service") != 0 &&
		    strcmp(of->keyword, "hostaddr") != 0)
			parameters_add(p, of->keyword, of->val);
	parameters_add(p, "host", PQhost(conn));
	parameters_add(p, "hostaddr", PQhostaddr(conn));
	parameters_add(p, "port", PQport(conn));
	parameters_add(p, "password", PQpass(conn));
}

static int
start_connection(struct session *s, const struct session_options *options,
    const char *password, bool with_release, struct error *err)
{
	PQconninfoOption *of = NULL;
	struct parameters p = { .count = 0 };
	struct buf startup = { 0 };

	if (options->same_server && options->same_server->conn == NULL)
		return error_set(err, ERROR_SERVER, 0,
		    "the first connection to the server was lost before the second was made");
	if (options->same_server) {
		of = PQconninfo(options->same_server->conn);
		describe_same(&p, of, options->same_server->conn); /* its options, too */
	} else if (describe(&p, options, password, err) ||
	    session_startup_options(options, with_release, &startup, err)) {
		buf_free(&startup);
		return -1;
	} else
		parameters_add(&p, "options", buf_text(&startup));
	/* text is bytes to us: a path need not be of any encoding */
	parameters_add(&p, "client_encoding", "SQL_ASCII");
	parameters_add(&p, "application_name", "pg_basetar");
	parameters_add(&p, "replication", "false");

	session_close(s);
	s->conn = PQconnectStartParams(p.keywords, p.values, 1);
	PQconninfoFree(of);
	buf_free(&startup);
	if (s->conn == NULL)
		return error_memory(err);
	PQsetNoticeReceiver(s->conn, session_error_notice, s);
	return 0;
}

/* connect_timeout, which libpq leaves to those who connect without blocking. */
static double
connect_deadline(PGconn *conn)
{
	PQconninfoOption *options = PQconninfo(conn);
	const char *text = option_value(options, "connect_timeout");
	long seconds = text ? strtol(text, NULL, 10) : 0;

	PQconninfoFree(options);
	if (seconds <= 0)
		return 0;
	return sys_monotonic() + (seconds < 2 ? 2.0 : (double)seconds);
}

static int
connect_once(struct session *s, const struct session_options *options,
    const char *password, bool with_release, struct error *err)
{
	PostgresPollingStatusType state = PGRES_POLLING_WRITING;
	double deadline;

	if (start_connection(s, options, password, with_release, err))
		return -1;
	if (PQstatus(s->conn) == CONNECTION_BAD)
		return session_error_connect(s, err);
	deadline = connect_deadline(s->conn);
	while (state != PGRES_POLLING_OK) {
		short events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT;

		switch (session_await(s, events, deadline)) {
		case SESSION_INTERRUPTED:
			return session_error_interrupted(err);
		case SESSION_LATE:
			return error_set(err, ERROR_SERVER, 0,
			    "the server on port %s of \"%s\" did not answer within connect_timeout",
			    PQport(s->conn), PQhost(s->conn));
		case SESSION_READY:
			break;
		}
		state = PQconnectPoll(s->conn);
		if (state == PGRES_POLLING_FAILED)
			return session_error_connect(s, err);
	}
	return 0;
}

static int
hint_pooler(struct error *err)
{
	return error_hint(err,
	    "Connect to the server itself with -h and -p: a backup lasts as long as its session, and a pooler (pgbouncer) gives the session to other clients.");
}

/* pgbouncer does not translate its words; a server may, and then libpq's have to do. */
static int
explain_failure(const char *message, struct error *err)
{
	if (strstr(message, "unsupported startup parameter")) {
		error_wrap(
		    err, "a connection pooler is between pg_basetar and the server");
		return hint_pooler(err);
	}
	if (strstr(message, "database \"") && strstr(message, "\" does not exist"))
		return error_hint(err,
		    "Name a database that exists with -d; the role must have its privileges there.");
	return -1;
}

static int
connect_session(struct session *s, const struct session_options *options,
    const char *password, struct error *err)
{
	if (connect_once(s, options, password, true, err) == 0)
		return 0;
	if (err->kind != ERROR_SERVER || s->conn == NULL)
		return -1;
	if (!options->same_server &&
	    session_startup_is_refused(options, PQerrorMessage(s->conn)))
		return connect_once(s, options, password, false, err);
	return explain_failure(PQerrorMessage(s->conn), err);
}

static int
ask_password(const struct session *s, const struct session_options *options,
    char **password, struct error *err)
{
	const char *user = s->conn ? PQuser(s->conn) : options->user;
	struct buf prompt = { 0 };
	int rc = -1;

	if (user == NULL || *user == '\0')
		rc = buf_printf(&prompt, err, "Password: ");
	else
		rc = buf_printf(&prompt, err, "Password for user %s: ", user);
	if (rc == 0)
		rc = password_prompt(buf_text(&prompt), s->interrupt_fd, password, err);
	buf_free(&prompt);
	return rc;
}

/*
 * Where a password is looked for, and whose file that is: run as root, pg_basetar is the owner of
 * the data directory by now, and root's own file does not count.
 */
static int
hint_password(const struct session *s, struct error *err)
{
	PQconninfoOption *of = s->conn ? PQconninfo(s->conn) : NULL;
	const char *file = option_value(of, "passfile");
	const struct passwd *user = getpwuid(geteuid());
	const char *name = user ? user->pw_name : "this user";

	if (file && *file != '\0')
		error_hint(err,
		    "Put the password into \"%s\", a file of user %s with mode 0600.",
		    file, name);
	else
		error_hint(err,
		    "Put the password into ~/.pgpass of user %s, with mode 0600.", name);
	PQconninfoFree(of);
	return -1;
}

/* Connect, and ask for a password where one is wanted and that is allowed. */
static int
login(struct session *s, const struct session_options *options, struct error *err)
{
	char *password = NULL;
	int rc = -1;

	if (options->force_prompt && !options->same_server &&
	    ask_password(s, options, &password, err))
		return err->kind == ERROR_STATE ? hint_password(s, err) : -1;
	rc = connect_session(s, options, password, err);
	if (rc == -1 && s->conn && PQconnectionNeedsPassword(s->conn) &&
	    !options->same_server && password == NULL) {
		if (options->never_prompt)
			hint_password(s, err);
		else if (ask_password(s, options, &password, err) == 0)
			rc = connect_session(s, options, password, err);
		else if (err->kind == ERROR_STATE)
			hint_password(s, err);
	}
	free(password);
	return rc;
}

/*
 * A pooler has a number of its own for each client, and lends out the server's processes.  This
 * comes before anything is set, which would be left to whoever gets that process next.
 */
static int
refuse_pooler(struct session *s, struct error *err)
{
	struct session_rows rows;
	const char *text;
	char ours[16];
	int rc = 0;

	if (session_query(s, "SELECT pg_catalog.pg_backend_pid()", 0, NULL, &rows, err))
		return error_wrap(err, "process of the session");
	snprintf(ours, sizeof(ours), "%d", PQbackendPID(s->conn));
	text = session_value(&rows, 0, 0);
	if (text == NULL || strcmp(text, ours) != 0) {
		error_set(err, ERROR_SERVER, 0,
		    "a connection pooler is between pg_basetar and the server on %s: the session runs in process %s, but the connection named process %s",
		    s->where, text ? text : "none", ours);
		rc = hint_pooler(err);
	}
	session_rows_free(&rows);
	return rc;
}

/* Remember what is asked for when the connection may be gone. */
static int
describe_server(struct session *s, struct error *err)
{
	const char *version = PQparameterStatus(s->conn, "server_version");
	const char *host = PQhost(s->conn);
	struct buf where = { 0 };
	int number = PQserverVersion(s->conn);
	char shown[1024];

	session_secret_mask(s, shown, sizeof(shown), host, strlen(host));

	if (buf_printf(&where, err, "port %s of \"%s\"", PQport(s->conn), shown))
		return -1;
	s->where = (char *)where.data;
	s->version_text = strdup(version ? version : "");
	if (s->version_text == NULL)
		return error_memory(err);
	s->version_number = number > 0 ? (unsigned)number : 0;
	return 0;
}

/*
 * The search path goes first, so that nothing after it can be meant for another schema's
 * function.  Which of the settings there are depends on the release.  TimeZone: the
 * label's START TIME is in log_timezone.
 *
 * client_connection_check_interval (14 and later): a backend that waits for a spread
 * checkpoint does not look at its socket, so that the backup of a program that was
 * killed would last until the checkpoint is over.  Some systems refuse it.
 */
static const struct {
	const char *sql;
	bool is_optional;
} settings[] = {
	{ "SELECT pg_catalog.set_config('search_path', '', false)", false },
	{ "SELECT pg_catalog.set_config(w.name, w.value, false)"
	  " FROM (VALUES ('statement_timeout', '0'), ('lock_timeout', '0'),"
	  " ('transaction_timeout', '0'), ('idle_session_timeout', '0'),"
	  " ('idle_in_transaction_session_timeout', '0'),"
	  " ('client_min_messages', 'notice'),"
	  " ('TimeZone', pg_catalog.current_setting('log_timezone'))) AS w (name, value)"
	  " JOIN pg_catalog.pg_settings AS s ON s.name = w.name",
	    false },
	{ "SELECT pg_catalog.set_config(name, '2s', false) FROM pg_catalog.pg_settings"
	  " WHERE name = 'client_connection_check_interval'",
	    true },
};

static int
apply_settings(struct session *s, struct error *err)
{
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		struct session_rows rows;

		if (session_query(s, settings[i].sql, 0, NULL, &rows, err) &&
		    (!settings[i].is_optional || session_sqlstate(s)[0] == '\0'))
			return error_wrap(err, "settings of the session");
		session_rows_free(&rows);
	}
	return 0;
}

int
session_open(
    struct session **out, const struct session_options *options, struct error *err)
{
	struct session *s = calloc(1, sizeof(*s));

	*out = NULL;
	if (s == NULL)
		return error_memory(err);
	s->interrupt_fd = options->interrupt_fd;
	if (login(s, options, err) || describe_server(s, err)) {
		session_secret_hide(s, err);
		goto out;
	}
	if (PQsetnonblocking(s->conn, 1) == -1) {
		session_lost(s, err);
		goto out;
	}
	/* what a server warns of at login (a collation's version) is no matter of a backup */
	s->notice = options->notice;
	if (refuse_pooler(s, err) || apply_settings(s, err))
		goto out;
	*out = s;
	s = NULL;
out:
	session_free(s);
	return *out ? 0 : -1;
}
