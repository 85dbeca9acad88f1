/* A session whose server wants a password: asked for, given, wrong, or not to be had. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <pwd.h>
#include <unistd.h>

#include "support/open_session.c.inc"

#define WANTS_PASSWORD \
	.fails = "fe_sendauth: no password supplied\n", .wants_password = true

static void
password_hint(char *hint, size_t size)
{
	const struct passwd *user = getpwuid(geteuid());

	snprintf(hint, size,
	    "Put the password into ~/.pgpass of user %s, with mode 0600.",
	    user ? user->pw_name : "this user");
}

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
	char hint[256];

	(void)state;
	password_hint(hint, sizeof(hint));
	FAKE_SCRIPT({ .connect = "dbname=postgres" FAKE_ALWAYS, WANTS_PASSWORD });
	refuse_session(&(struct session_options){ .never_prompt = true }, ERROR_SERVER,
	    "fe_sendauth: no password supplied", hint);
	assert_string_equal(prompted, "");
}

static void
password_without_terminal(void **state)
{
	char hint[256];

	(void)state;
	password_hint(hint, sizeof(hint));
	FAKE_SCRIPT({ .connect = "dbname=postgres" FAKE_ALWAYS, WANTS_PASSWORD });
	refuse_session(NULL, ERROR_STATE, "no terminal", hint);
	fake_script(NULL, 0);
	refuse_session(&(struct session_options){ .force_prompt = true }, ERROR_STATE,
	    "no terminal", hint);
}

#define TEST(function) cmocka_unit_test_setup(function, clean_up)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(password_is_asked_for),
		TEST(password_beforehand),
		TEST(password_is_wrong),
		TEST(password_never),
		TEST(password_without_terminal),
	};

	if (pipe(interrupt) == -1)
		return 1;
	return cmocka_run_group_tests_name("session_password", tests, NULL, NULL);
}
