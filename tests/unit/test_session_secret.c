/* That nothing repeats a password which the server or libpq repeats. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "server/password.h"
#include "server/session.h"

#include "support/fake_libpq.c.inc"

#define URI_HINT \
	"Give a connection string or URI with -d, not as part of another option.  Parts that may be a password are not shown."

static const char *typed;

int
password_prompt(const char *prompt, int interrupt_fd, char **password, struct error *err)
{
	(void)prompt;
	(void)interrupt_fd;
	(void)err;
	*password = strdup(typed);
	return 0;
}

static int
clean_up(void **state)
{
	(void)state;
	unsetenv("PGDATABASE");
	return 0;
}

static void
refuse_session(const struct session_options *options, const char *text, const char *hint)
{
	struct session *s;
	struct error err = { 0 };

	assert_int_equal(session_open(&s, options, &err), -1);
	assert_int_equal(err.kind, ERROR_SERVER);
	assert_string_equal(err.text, text);
	assert_string_equal(err.hint, hint);
	fake_done();
}

static void
uri_for_a_database(void **state)
{
	(void)state;
	setenv("PGDATABASE", "postgresql://u:SECRET@h/db", 1);
	FAKE_SCRIPT({ .connect = "host=/tmp" FAKE_ALWAYS,
	    .fails =
		"FATAL:  database \"postgresql://u:SECRET@h/db\" does not exist\n" });
	refuse_session(&(struct session_options){ .host = "/tmp", .interrupt_fd = -1 },
	    "FATAL: database \"postgresql://***\" does not exist", URI_HINT);
}

static void
password_is_repeated(void **state)
{
	(void)state;
	typed = "hunter2";
	FAKE_SCRIPT({ .connect = "user=u password=hunter2 dbname=postgres" FAKE_ALWAYS,
	    .fails = "FATAL:  no \"hunter2\"\nof \"u\"\n\tfind hunter2\n" });
	refuse_session(
	    &(struct session_options){
		.user = "u", .force_prompt = true, .interrupt_fd = -1 },
	    "FATAL: no \"***\"; of \"u\"", "find ***");
}

/* Hidden, it would be told. */
static void
password_is_the_user(void **state)
{
	(void)state;
	typed = "u";
	FAKE_SCRIPT({ .connect = "user=u password=u dbname=postgres" FAKE_ALWAYS,
	    .fails = "FATAL:  role \"u\" does not exist\n" });
	refuse_session(
	    &(struct session_options){
		.user = "u", .force_prompt = true, .interrupt_fd = -1 },
	    "FATAL: role \"u\" does not exist", "");
}

static const struct session_options typed_one = { .force_prompt = true,
	.interrupt_fd = -1 };

static char noticed[128];

static void
take_notice(const char *text)
{
	snprintf(noticed, sizeof(noticed), "%s", text);
}

/* Of a session that is open: an error with its detail and hint, a notice, a farewell. */
static void
session_goes_on(void **state)
{
	struct session_options options = typed_one;
	const struct fake_message failure = { "ERROR", "42501", "no hunter2",
		"It is \"u:x@h\".", "Not sslpassword=x." };
	struct session_rows rows;
	struct session *s;
	struct error err = { 0 };

	(void)state;
	typed = "hunter2";
	options.notice = take_notice;
	FAKE_SCRIPT({ .connect = "password=hunter2 dbname=postgres" FAKE_ALWAYS },
	    FAKE_SETTINGS, { .query = "SELECT 1", .error = failure },
	    { .query = "SELECT 2",
		.notice = { .severity = "WARNING", .primary = "on hunter2" } },
	    { .query = "SELECT 3",
		.error = { .severity = "FATAL",
		    .sqlstate = "57P01",
		    .primary = "bye hunter2" },
		.hangs_up = true });
	assert_int_equal(session_open(&s, &options, &err), 0);
	assert_int_equal(session_query(s, "SELECT 1", 0, NULL, &rows, &err), -1);
	assert_string_equal(err.text, "no ***: It is \"u:***@h\"");
	assert_string_equal(err.hint, "Not sslpassword=***");
	assert_int_equal(session_query(s, "SELECT 2", 0, NULL, &rows, &err), 0);
	session_rows_free(&rows);
	assert_string_equal(noticed, "WARNING: on ***");
	assert_int_equal(session_query(s, "SELECT 3", 0, NULL, &rows, &err), -1);
	assert_string_equal(err.text, "the connection to the server was lost: bye ***");
	session_free(s);
	fake_done();
}

#define TEST(function) cmocka_unit_test_setup(function, clean_up)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(uri_for_a_database),
		TEST(password_is_repeated),
		TEST(password_is_the_user),
		TEST(session_goes_on),
	};

	return cmocka_run_group_tests_name("session_secret", tests, NULL, NULL);
}
