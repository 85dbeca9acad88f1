#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <unistd.h>

#include "support/open_session.c.inc"

static void
raise_interrupt(void)
{
	assert_int_equal(write(interrupt[1], "", 1), 1);
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
	    "dbname=x client_encoding=SQL_ASCII replication=false options=" FAKE_OPTIONS
	    " application_name=pg_basetar" },
	{ "PGDATABASE", { .host = NULL }, "PGDATABASE", "theirs",
	    "options=" FAKE_OPTIONS
	    " client_encoding=SQL_ASCII application_name=pg_basetar replication=false" },
	{ "-d over PGDATABASE", { .dbname = "mine" }, "PGDATABASE", "theirs",
	    "dbname=mine" FAKE_ALWAYS },
	{ "PGOPTIONS come first", { .host = NULL }, "PGOPTIONS",
	    "-c statement_timeout=9 -c jit=off",
	    "dbname=postgres options=-c statement_timeout=9 -c jit=off " FAKE_OPTIONS
	    " client_encoding=SQL_ASCII application_name=pg_basetar replication=false" },
	{ "options of a string, over PGOPTIONS",
	    { .dbname = "options='-c jit=off' dbname=x" }, "PGOPTIONS", "-c work_mem=1GB",
	    "dbname=x options=-c jit=off " FAKE_OPTIONS
	    " client_encoding=SQL_ASCII application_name=pg_basetar replication=false" },
	{ "options of a service", { .dbname = "service=x options='-c jit=off'" }, NULL,
	    NULL,
	    "service=x options=-c jit=off " FAKE_OPTIONS
	    " client_encoding=SQL_ASCII application_name=pg_basetar replication=false" },
	{ "settings of a release", { .release_settings = "-c new=0" }, NULL, NULL,
	    "dbname=postgres options=" FAKE_OPTIONS
	    " -c new=0 client_encoding=SQL_ASCII application_name=pg_basetar"
	    " replication=false" },
};

static void
check_open(void **state)
{
	const struct open_row *row = *state;
	struct session *s;

	/* a connection of its own tells what a service says */
	FAKE_SCRIPT(
	    { .connect = "service=x" }, { .connect = row->connect }, FAKE_SETTINGS);
	fake_next +=
	    row->options.dbname == NULL || strcmp(row->options.dbname, "service=x") != 0;
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
	FAKE_SCRIPT({ .connect = "service=x host=a port=1" },
	    { .connect = "password=secret service=x host=a port=1" FAKE_ALWAYS },
	    FAKE_SETTINGS, { .connect = "password=secret host=a port=1" FAKE_ALWAYS },
	    FAKE_SETTINGS);
	s = open_session(&first);
	prompted[0] = '\0';
	second.same_server = s;
	t = open_session(&second);
	assert_string_equal(prompted, "");
	session_free(t);
	session_free(s);
	fake_done();
}

/* There is no server to be beside of. */
static void
beside_a_lost_one(void **state)
{
	struct session_options options = { .interrupt_fd = -1 };
	struct session *first, *second;
	struct error err = { 0 };

	(void)state;
	FAKE_SCRIPT(FAKE_OPENING);
	first = open_session(NULL);
	fake_hang_up(NULL);
	assert_int_equal(session_check(first, &err), -1);
	options.same_server = first;
	assert_int_equal(session_open(&second, &options, &err), -1);
	assert_int_equal(err.kind, ERROR_SERVER);
	assert_string_equal(err.text,
	    "the first connection to the server was lost before the second was made");
	session_free(first);
	fake_done();
}

/* A server of an older release has no such setting; other failures are not asked twice. */
static void
an_older_release(void **state)
{
	const struct session_options options = { .release_settings =
						     "-c one=0 -c new_one=0" };
	struct session *s;

	(void)state;
	FAKE_SCRIPT({ .connect = "dbname=postgres options=" FAKE_OPTIONS
				 " -c one=0 -c new_one=0 client_encoding=SQL_ASCII"
				 " application_name=pg_basetar replication=false",
			.fails = "FATAL:  unbekannter Parameter \"new_one\"" },
	    { .connect = "dbname=postgres" FAKE_ALWAYS }, FAKE_SETTINGS);
	s = open_session(&options);
	session_free(s);
	fake_done();
}

static void
another_failure(void **state)
{
	const struct session_options options = { .release_settings =
						     "-c one=0 -c new_one=0" };

	(void)state;
	FAKE_SCRIPT({ .connect = "dbname=postgres options=" FAKE_OPTIONS
				 " -c one=0 -c new_one=0 client_encoding=SQL_ASCII"
				 " application_name=pg_basetar replication=false",
	    .fails = "FATAL:  role does not exist" });
	refuse_session(&options, ERROR_SERVER, "FATAL: role does not exist", "");
}

#define POOLER_HINT \
	"Connect to the server itself with -h and -p: a backup lasts as long as its session, and a pooler (pgbouncer) gives the session to other clients."

static void
no_such_database(void **state)
{
	(void)state;
	FAKE_SCRIPT({ .connect = "dbname=postgres" FAKE_ALWAYS,
	    .fails = "FATAL:  database \"postgres\" does not exist\n" });
	refuse_session(NULL, ERROR_SERVER, "FATAL: database \"postgres\" does not exist",
	    "Name a database that exists with -d; the role must have its privileges there.");
}

static void
a_pooler(void **state)
{
	(void)state;
	FAKE_SCRIPT({ .connect = "dbname=postgres" FAKE_ALWAYS },
	    { .query = "SELECT pg_catalog.pg_backend_pid()", .rows = "99" });
	refuse_session(NULL, ERROR_SERVER,
	    "a connection pooler is between pg_basetar and the server on port 5432 of "
	    "\"/run/postgresql\": the session runs in process 99, but the connection named process 4242",
	    POOLER_HINT);
}

static void
a_pooler_without_options(void **state)
{
	(void)state;
	FAKE_SCRIPT({ .connect = "dbname=postgres" FAKE_ALWAYS,
	    .fails = "FATAL:  unsupported startup parameter: options\n" });
	refuse_session(NULL, ERROR_SERVER,
	    "a connection pooler is between pg_basetar and the server: FATAL: unsupported startup "
	    "parameter: options",
	    POOLER_HINT);
}

static void
bad_connection_string(void **state)
{
	(void)state;
	fake_script(NULL, 0);
	refuse_session(&(struct session_options){ .dbname = "host=x port" }, ERROR_USAGE,
	    "connection string: missing \"=\" after \"...\" in connection info string",
	    "The wrong part is not shown, because it may be a password.");
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
	    "the server on port 5432 of \"/run/postgresql\" did not answer within connect_timeout",
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

#define FAILS(state, text) \
	.error = { .severity = "ERROR", .sqlstate = state, .primary = text }

static void
settings_fail(void **state)
{
	(void)state;
	FAKE_SCRIPT({ .connect = "dbname=postgres" FAKE_ALWAYS },
	    { .query = "SELECT pg_catalog.pg_backend_pid()", .rows = "4242" },
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
	    { .query = "SELECT pg_catalog.pg_backend_pid()", .rows = "4242" },
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
	    { .query = "SELECT pg_catalog.pg_backend_pid()", .rows = "4242" },
	    { .query = "SELECT pg_catalog.set_config('search_path'" },
	    { .query = "SELECT pg_catalog.set_config(w.name" },
	    { .query = "SELECT pg_catalog.set_config(name, '2s'", .hangs_up = true });
	refuse_session(NULL, ERROR_SERVER,
	    "settings of the session: the connection to the server was lost: server "
	    "closed "
	    "the connection unexpectedly",
	    "The server's log may say more.");
}

#define TEST(function) cmocka_unit_test_setup(function, clean_up)

static const struct CMUnitTest plain[] = {
	TEST(where_names_the_server),
	TEST(beside_another),
	TEST(beside_a_lost_one),
	TEST(an_older_release),
	TEST(no_such_database),
	TEST(a_pooler),
	TEST(a_pooler_without_options),
	TEST(another_failure),
	TEST(bad_connection_string),
	TEST(no_connection),
	TEST(no_reason),
	TEST(no_memory),
	TEST(connect_timeout),
	TEST(interrupted_connection),
	TEST(settings_fail),
	TEST(setting_is_optional),
	TEST(lost_in_settings),
};

enum { PLAIN = sizeof(plain) / sizeof(plain[0]) };
enum { ROWS = sizeof(open_rows) / sizeof(open_rows[0]) };

int
main(void)
{
	struct CMUnitTest tests[ROWS + PLAIN];

	if (pipe(interrupt) == -1)
		return 1;
	for (size_t i = 0; i < ROWS; i++)
		tests[i] = (struct CMUnitTest){ open_rows[i].name, check_open, clean_up,
			NULL, (void *)(uintptr_t)&open_rows[i] };
	memcpy(tests + ROWS, plain, sizeof(plain));
	return cmocka_run_group_tests_name("session_open", tests, NULL, NULL);
}
