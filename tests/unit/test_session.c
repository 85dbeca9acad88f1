#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "server/password.h"
#include "server/session.h"

#include "support/fake_libpq.c.inc"

/* The terminal: what is typed, or the error of none. */
static const char *typed;
static char prompted[64];

int
password_prompt(const char *prompt, int interrupt_fd, char **password, struct error *err)
{
	(void)interrupt_fd;
	snprintf(prompted, sizeof(prompted), "%s", prompt);
	*password = typed ? strdup(typed) : NULL;
	return typed ? 0 : error_set(err, ERROR_STATE, 0, "no terminal");
}

static char noticed[256];

static void
notice(const char *text)
{
	snprintf(noticed, sizeof(noticed), "%s", text);
}

/* Readable from the first byte on: the signal. */
static int interrupt[2];

static int
clean_up(void **state)
{
	static const char *const environment[] = { "PGDATABASE", "PGSERVICE", "PGHOST" };

	(void)state;
	for (size_t i = 0; i < sizeof(environment) / sizeof(environment[0]); i++)
		unsetenv(environment[i]);
	typed = NULL;
	noticed[0] = prompted[0] = '\0';
	close(interrupt[0]);
	close(interrupt[1]);
	return pipe(interrupt);
}

static void
raise_interrupt(void)
{
	assert_int_equal(write(interrupt[1], "", 1), 1);
}

static struct session *
open_session(const struct session_options *more)
{
	struct session_options options = more ? *more : (struct session_options){ 0 };
	struct session *s;
	struct error err = { 0 };

	options.interrupt_fd = interrupt[0];
	options.notice = notice;
	if (session_open(&s, &options, &err))
		fail_msg("%s", err.text);
	return s;
}

static void
refuse_session(const struct session_options *more, enum error_kind kind, const char *text,
    const char *hint)
{
	struct session_options options = more ? *more : (struct session_options){ 0 };
	struct session *s = (struct session *)&options;
	struct error err = { 0 };

	options.interrupt_fd = interrupt[0];
	assert_int_equal(session_open(&s, &options, &err), -1);
	assert_null(s);
	assert_string_equal(err.text, text);
	assert_string_equal(err.hint, hint);
	assert_int_equal(err.kind, kind);
	fake_done();
}

/* Who is asked for what, by options and environment. */
static const struct open_row {
	const char *name;
	struct session_options options;
	const char *variable, *value; /* of the environment */
	const char *connect;
} open_rows[] = {
	{ "nothing said", { .host = NULL }, NULL, NULL, "dbname=postgres" FAKE_ALWAYS },
	{ "all said", { .host = "/tmp", .port = "5433", .user = "me", .dbname = "db" },
	    NULL, NULL, "host=/tmp port=5433 user=me dbname=db" FAKE_ALWAYS },
	{ "empty words", { .host = "", .port = "", .dbname = "" }, NULL, NULL,
	    "dbname=postgres" FAKE_ALWAYS },
	{ "located",
	    { .located_host = (char[]){ "/run" }, .located_port = (char[]){ "7" } }, NULL,
	    NULL, "host=/run port=7 dbname=postgres" FAKE_ALWAYS },
	{ "said over located",
	    { .located_host = (char[]){ "/run" },
		.located_port = (char[]){ "7" },
		.host = "h",
		.port = "8" },
	    NULL, NULL, "host=h port=8 dbname=postgres" FAKE_ALWAYS },
	{ "a string over -h", { .host = "h", .dbname = "host=other user=me" }, NULL, NULL,
	    "host=other user=me dbname=postgres" FAKE_ALWAYS },
	{ "a string with a database", { .dbname = "dbname=x" }, NULL, NULL,
	    "dbname=x" FAKE_ALWAYS },
	{ "a string with a service", { .dbname = "service=x" }, NULL, NULL,
	    "service=x" FAKE_ALWAYS },
	{ "a string cannot change what we need",
	    { .dbname = "client_encoding=UTF8 replication=true dbname=x" }, NULL, NULL,
	    "dbname=x client_encoding=SQL_ASCII replication=false "
	    "application_name=pg_basetar" },
	{ "PGDATABASE", { .host = NULL }, "PGDATABASE", "theirs",
	    "client_encoding=SQL_ASCII application_name=pg_basetar replication=false" },
	{ "-d over PGDATABASE", { .dbname = "mine" }, "PGDATABASE", "theirs",
	    "dbname=mine" FAKE_ALWAYS },
};

static void
check_open(void **state)
{
	const struct open_row *row = *state;
	struct session *s;

	FAKE_SCRIPT({ .connect = row->connect }, FAKE_SETTINGS);
	if (row->variable)
		setenv(row->variable, row->value, 1);
	s = open_session(&row->options);
	assert_int_equal(session_version_number(s), 150020);
	assert_string_equal(session_version_text(s), "15.20 (fake)");
	session_free(s);
	fake_done();
}

static void
where_names_the_server(void **state)
{
	const struct session_options options = { .host = "/tmp", .port = "5433" };
	struct session *s;

	(void)state;
	FAKE_SCRIPT({ .connect = "host=/tmp port=5433 dbname=postgres" FAKE_ALWAYS },
	    FAKE_SETTINGS);
	s = open_session(&options);
	assert_string_equal(session_where(s), "port 5433 of \"/tmp\"");
	session_free(s);
	session_free(NULL);
	fake_done();
}

/* The second connection: the host that was taken, the password that was typed. */
static void
beside_another(void **state)
{
	const struct session_options first = { .dbname = "host=a port=1 service=x",
		.force_prompt = true };
	struct session_options second = { .dbname = "ignored", .force_prompt = true };
	struct session *s, *t;

	(void)state;
	typed = "secret";
	FAKE_SCRIPT({ .connect = "password=secret service=x host=a port=1" FAKE_ALWAYS },
	    FAKE_SETTINGS, { .connect = "password=secret host=a port=1" FAKE_ALWAYS },
	    FAKE_SETTINGS);
	s = open_session(&first);
	prompted[0] = '\0';
	second.beside = s;
	t = open_session(&second);
	assert_string_equal(prompted, "");
	session_free(t);
	session_free(s);
	fake_done();
}

static void
bad_connection_string(void **state)
{
	(void)state;
	fake_script(NULL, 0);
	refuse_session(&(struct session_options){ .dbname = "host=x port" }, ERROR_USAGE,
	    "connection string: missing \"=\" after \"port\" in connection info string",
	    "");
}

static void
no_connection(void **state)
{
	(void)state;
	FAKE_SCRIPT({ .connect = "dbname=postgres" FAKE_ALWAYS,
	    .fails = "connection to server on socket \"/x\" failed: No such file\n"
		     "\tIs the server running locally?\n"
		     "connection to server at \"::1\" failed: FATAL:  no\n"
		     "\tAnother question?\n" });
	refuse_session(NULL, ERROR_SERVER,
	    "connection to server on socket \"/x\" failed: No such file; connection to "
	    "server at \"::1\" failed: FATAL: no",
	    "Is the server running locally?");
}

static void
no_reason(void **state)
{
	(void)state;
	FAKE_SCRIPT({ .connect = "dbname=postgres" FAKE_ALWAYS, .fails = "\n" });
	refuse_session(NULL, ERROR_SERVER, "could not connect", "");
}

static void
no_memory(void **state)
{
	(void)state;
	FAKE_SCRIPT({ .connect = "dbname=postgres" FAKE_ALWAYS, .has_no_memory = true });
	refuse_session(NULL, ERROR_MEMORY, "out of memory", "");
}

static void
connect_timeout(void **state)
{
	(void)state;
	FAKE_SCRIPT({ .connect = "connect_timeout=1 dbname=postgres" FAKE_ALWAYS,
	    .hangs = true });
	refuse_session(&(struct session_options){ .dbname = "connect_timeout=1" },
	    ERROR_SERVER,
	    "no answer of the server on port 5432 of \"/run/postgresql\" within "
	    "connect_timeout",
	    "");
}

static void
interrupted_connection(void **state)
{
	(void)state;
	FAKE_SCRIPT({ .connect = "connect_timeout=60 dbname=postgres" FAKE_ALWAYS,
	    .hangs = true });
	raise_interrupt();
	refuse_session(&(struct session_options){ .dbname = "connect_timeout=60" },
	    ERROR_CANCELLED, "interrupted", "");
}

#define WANTS_PASSWORD \
	.fails = "fe_sendauth: no password supplied\n", .wants_password = true

static void
password_is_asked_for(void **state)
{
	struct session *s;

	(void)state;
	typed = "secret";
	FAKE_SCRIPT({ .connect = "user=me dbname=postgres" FAKE_ALWAYS, WANTS_PASSWORD },
	    { .connect = "user=me password=secret dbname=postgres" FAKE_ALWAYS },
	    FAKE_SETTINGS);
	s = open_session(&(struct session_options){ .user = "me" });
	assert_string_equal(prompted, "Password for user me: ");
	session_free(s);
	fake_done();
}

static void
password_beforehand(void **state)
{
	struct session *s;

	(void)state;
	typed = "secret";
	FAKE_SCRIPT(
	    { .connect = "password=secret dbname=postgres" FAKE_ALWAYS }, FAKE_SETTINGS);
	s = open_session(&(struct session_options){ .force_prompt = true });
	assert_string_equal(prompted, "Password: ");
	session_free(s);
	fake_done();
}

/* Once is enough: it was wrong. */
static void
password_is_wrong(void **state)
{
	(void)state;
	typed = "wrong";
	FAKE_SCRIPT(
	    { .connect = "password=wrong dbname=postgres" FAKE_ALWAYS, WANTS_PASSWORD });
	refuse_session(&(struct session_options){ .force_prompt = true }, ERROR_SERVER,
	    "fe_sendauth: no password supplied", "");
}

static void
password_never(void **state)
{
	(void)state;
	FAKE_SCRIPT({ .connect = "dbname=postgres" FAKE_ALWAYS, WANTS_PASSWORD });
	refuse_session(&(struct session_options){ .never_prompt = true }, ERROR_SERVER,
	    "fe_sendauth: no password supplied", "Put the password into ~/.pgpass.");
	assert_string_equal(prompted, "");
}

static void
password_without_terminal(void **state)
{
	(void)state;
	FAKE_SCRIPT({ .connect = "dbname=postgres" FAKE_ALWAYS, WANTS_PASSWORD });
	refuse_session(NULL, ERROR_STATE, "no terminal", "");
	fake_script(NULL, 0);
	refuse_session(&(struct session_options){ .force_prompt = true }, ERROR_STATE,
	    "no terminal", "");
}

#define FAILS(state, text) \
	.error = { .severity = "ERROR", .sqlstate = state, .primary = text }

static void
settings_fail(void **state)
{
	(void)state;
	FAKE_SCRIPT({ .connect = "dbname=postgres" FAKE_ALWAYS },
	    { .query = "SELECT pg_catalog.set_config('search_path'",
		FAILS("42501", "no") });
	refuse_session(NULL, ERROR_SERVER, "settings of the session: no", "");
}

/* A system without the means to notice that a client is gone. */
static void
setting_is_optional(void **state)
{
	(void)state;
	FAKE_SCRIPT({ .connect = "dbname=postgres" FAKE_ALWAYS },
	    { .query = "SELECT pg_catalog.set_config('search_path'" },
	    { .query = "SELECT pg_catalog.set_config(w.name" },
	    { .query = "SELECT pg_catalog.set_config(name, '2s'",
		FAILS("22023", "must be set to 0 on this platform") });
	session_free(open_session(NULL));
	fake_done();
}

static void
lost_in_settings(void **state)
{
	(void)state;
	FAKE_SCRIPT({ .connect = "dbname=postgres" FAKE_ALWAYS },
	    { .query = "SELECT pg_catalog.set_config('search_path'" },
	    { .query = "SELECT pg_catalog.set_config(w.name" },
	    { .query = "SELECT pg_catalog.set_config(name, '2s'", .hangs_up = true });
	refuse_session(NULL, ERROR_SERVER,
	    "settings of the session: the connection to the server was lost: server "
	    "closed "
	    "the connection unexpectedly",
	    "The server's log may tell more.");
}

/* One question, and what becomes of it. */
static const struct query_row {
	const char *name;
	struct fake_step step;
	double seconds;
	enum error_kind kind; /* ERROR_NONE: one row, one column, "42" */
	const char *text, *hint, *sqlstate;
	const char *notice;
	bool is_lost; /* the next question is not even sent */
} query_rows[] = {
	{ "an answer", .step = { .rows = "42" } },
	{ "an answer in pieces", .step = { .rows = "42", .pieces = 5 } },
	{ "a question in pieces", .step = { .rows = "42", .unsent = 4 } },
	{ "within the limit", { .rows = "42", .pieces = 2 }, .seconds = 60 },
	{ "with a notice",
	    { .rows = "42",
		.notice = { "NOTICE", "00000", "all\n is   well", NULL, NULL } },
	    .notice = "NOTICE: all is well" },
	{ "with a notice of no level",
	    { .rows = "42", .notice = { "", NULL, "psst", NULL, NULL } },
	    .notice = "NOTICE: psst" },
	{ "with an empty notice",
	    .step = { .rows = "42", .notice = { "WARNING", NULL, NULL, NULL, NULL } } },
	{ "an error", { FAILS("42501", "permission denied") }, .kind = ERROR_SERVER,
	    .text = "permission denied", .sqlstate = "42501" },
	{ "an error with all its fields",
	    { .error = { "ERROR", "55000", "not\nnow", "It is\n\tlate.", "Go to bed." } },
	    .kind = ERROR_SERVER, .text = "not now: It is late", .hint = "Go to bed.",
	    .sqlstate = "55000" },
	{ "control bytes in an error", { FAILS("XX000", "a\x1b[31mb\x7f\r\nc ") },
	    .kind = ERROR_SERVER, .text = "a [31mb c", .sqlstate = "XX000" },
	{ "a COPY", { .is_copy = true }, .kind = ERROR_SERVER,
	    .text = "the server gave an answer that is none" },
	{ "over the limit", { .rows = "42", .cancels = 1 }, .seconds = 0.05,
	    .kind = ERROR_STATE, .text = "the server did not finish within 0.05 s" },
	{ "over the limit, cancelled twice", { .rows = "42", .cancels = 2 },
	    .seconds = 0.05, .kind = ERROR_STATE,
	    .text = "the server did not finish within 0.05 s" },
	{ "over the limit, and never comes back", { .cancels = 99 }, .seconds = 0.05,
	    .kind = ERROR_STATE, .text = "the server did not finish within 0.05 s",
	    .is_lost = true },
	{ "terminated",
	    { .error = { "FATAL", "57P01", "terminating connection", NULL, NULL },
		.hangs_up = true },
	    .kind = ERROR_SERVER,
	    .text = "the connection to the server was lost: terminating connection",
	    .hint = "The server's log may tell more.", .sqlstate = "57P01",
	    .is_lost = true },
	{ "crashed",
	    { .notice = { "WARNING", "57P02", "because of a crash", NULL, NULL },
		.hangs_up = true },
	    .kind = ERROR_SERVER,
	    .text = "the connection to the server was lost: because of a crash",
	    .hint = "The server's log may tell more.", .is_lost = true },
	{ "gone without a word", { .hangs_up = true }, .kind = ERROR_SERVER,
	    .text = "the connection to the server was lost: server closed the connection "
		    "unexpectedly",
	    .hint = "The server's log may tell more.", .is_lost = true },
	{ "gone before the question", { .is_refused = true }, .kind = ERROR_SERVER,
	    .text = "the connection to the server was lost: no connection to the server",
	    .hint = "The server's log may tell more.", .is_lost = true },
};

static void
check_after(struct session *s, bool is_lost)
{
	struct session_rows rows;
	struct error err = { 0 };

	if (is_lost) {
		assert_int_equal(session_query(s, "SELECT 2", 0, NULL, &rows, &err), -1);
		assert_int_equal(err.kind, ERROR_SERVER);
		assert_int_equal(session_check(s, &err), -1);
		return;
	}
	assert_int_equal(session_query(s, "SELECT 2", 0, NULL, &rows, &err), 0);
	assert_string_equal(session_value(&rows, 0, 0), "2");
	session_rows_free(&rows);
	assert_string_equal(session_sqlstate(s), "");
}

static void
check_query(void **state)
{
	const struct query_row *row = *state;
	const char *params[2] = { "one", NULL };
	struct fake_step step = row->step;
	struct session_rows rows = { .count = 99 };
	struct error err = { 0 };
	struct session *s;
	int rc;

	step.query = "SELECT 42";
	step.params = "one|~";
	FAKE_SCRIPT(
	    FAKE_OPENING, step, { .query = "SELECT 2", .params = "", .rows = "2" });
	if (row->is_lost || row->step.is_copy)
		fake_end--;
	s = open_session(NULL);
	rc = session_query_within(s, row->seconds, "SELECT 42", 2, params, &rows, &err);
	assert_int_equal(rc, row->kind ? -1 : 0);
	assert_int_equal(err.kind, row->kind);
	assert_string_equal(err.text, row->text ? row->text : "");
	assert_string_equal(err.hint, row->hint ? row->hint : "");
	assert_string_equal(session_sqlstate(s), row->sqlstate ? row->sqlstate : "");
	assert_string_equal(noticed, row->notice ? row->notice : "");
	assert_int_equal(rows.count, row->kind ? 0 : 1);
	if (rc == 0)
		assert_string_equal(session_value(&rows, 0, 0), "42");
	session_rows_free(&rows);
	if (!row->step.is_copy)
		check_after(s, row->is_lost);
	session_free(s);
	fake_done();
}

static void
values_and_their_limits(void **state)
{
	struct session_rows rows, none = { 0 };
	struct error err = { 0 };
	struct session *s;

	(void)state;
	FAKE_SCRIPT(FAKE_OPENING, { .query = "SELECT", .rows = "a|~\n|b" });
	s = open_session(NULL);
	assert_int_equal(session_query(s, "SELECT", 0, NULL, &rows, &err), 0);
	assert_int_equal(rows.count, 2);
	assert_int_equal(rows.columns, 2);
	assert_string_equal(session_value(&rows, 0, 0), "a");
	assert_null(session_value(&rows, 0, 1));
	assert_string_equal(session_value(&rows, 1, 0), "");
	assert_string_equal(session_value(&rows, 1, 1), "b");
	assert_null(session_value(&rows, 2, 0));
	assert_null(session_value(&rows, 0, 2));
	session_rows_free(&rows);
	assert_null(session_value(&rows, 0, 0));
	assert_null(session_value(&none, 0, 0));
	session_rows_free(&none);
	session_free(s);
	fake_done();
}

/* The query is cancelled on the server, and only then the connection closed. */
static void
interrupted_query(void **state)
{
	struct session_rows rows;
	struct error err = { 0 };
	struct session *s;

	(void)state;
	FAKE_SCRIPT(FAKE_OPENING, { .query = "SELECT pg_sleep", .cancels = 1 });
	s = open_session(NULL);
	fake_interrupt = raise_interrupt;
	assert_int_equal(
	    session_query(s, "SELECT pg_sleep(9)", 0, NULL, &rows, &err), -1);
	assert_int_equal(err.kind, ERROR_CANCELLED);
	assert_string_equal(err.text, "interrupted");
	assert_int_equal(fake_connections, 0);
	assert_int_equal(session_query(s, "SELECT 2", 0, NULL, &rows, &err), -1);
	assert_int_equal(err.kind, ERROR_CANCELLED);
	session_free(s);
	fake_done();
}

static void
interrupted_before(void **state)
{
	struct session_rows rows;
	struct error err = { 0 };
	struct session *s;

	(void)state;
	FAKE_SCRIPT(FAKE_OPENING);
	s = open_session(NULL);
	raise_interrupt();
	assert_int_equal(session_query(s, "SELECT 1", 0, NULL, &rows, &err), -1);
	assert_int_equal(err.kind, ERROR_CANCELLED);
	assert_int_equal(fake_connections, 0);
	session_free(s);
	fake_done();
}

static void
check_without_asking(void **state)
{
	static const struct fake_message farewell = { "FATAL", "57P01", "see you", NULL,
		NULL };
	struct error err = { 0 };
	struct session *s;

	(void)state;
	FAKE_SCRIPT(FAKE_OPENING);
	s = open_session(NULL);
	assert_int_equal(session_check(s, &err), 0);
	assert_int_equal(session_check(s, &err), 0);
	fake_hang_up(&farewell);
	assert_int_equal(session_check(s, &err), -1);
	assert_int_equal(err.kind, ERROR_SERVER);
	assert_string_equal(err.text, "the connection to the server was lost: see you");
	assert_int_equal(session_check(s, &err), -1);
	assert_string_equal(err.text, "the connection to the server was lost: see you");
	session_free(s);
	fake_done();
}

#define TEST(function) cmocka_unit_test_setup(function, clean_up)

static const struct CMUnitTest plain[] = {
	TEST(where_names_the_server),
	TEST(beside_another),
	TEST(bad_connection_string),
	TEST(no_connection),
	TEST(no_reason),
	TEST(no_memory),
	TEST(connect_timeout),
	TEST(interrupted_connection),
	TEST(password_is_asked_for),
	TEST(password_beforehand),
	TEST(password_is_wrong),
	TEST(password_never),
	TEST(password_without_terminal),
	TEST(settings_fail),
	TEST(setting_is_optional),
	TEST(lost_in_settings),
	TEST(values_and_their_limits),
	TEST(interrupted_query),
	TEST(interrupted_before),
	TEST(check_without_asking),
};

enum {
	PLAIN = sizeof(plain) / sizeof(plain[0]),
	OPENS = sizeof(open_rows) / sizeof(open_rows[0]),
	QUERIES = sizeof(query_rows) / sizeof(query_rows[0])
};

int
main(void)
{
	struct CMUnitTest tests[PLAIN + OPENS + QUERIES];
	size_t n = 0;

	if (pipe(interrupt) == -1)
		return 1;
	for (size_t i = 0; i < OPENS; i++)
		tests[n++] = (struct CMUnitTest){ open_rows[i].name, check_open, clean_up,
			NULL, (void *)(uintptr_t)&open_rows[i] };
	for (size_t i = 0; i < QUERIES; i++)
		tests[n++] = (struct CMUnitTest){ query_rows[i].name, check_query,
			clean_up, NULL, (void *)(uintptr_t)&query_rows[i] };
	for (size_t i = 0; i < PLAIN; i++)
		tests[n++] = plain[i];
	return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
