/* Connection strings: which are refused, and that no message repeats what may be a password. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "server/conninfo.h"
#include "server/conninfo_check.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
parsed(void **state)
{
	static const char *const rows[] = {
		"host=h password='it is' port=5432",
		"postgresql://",
		"postgresql:///db",
		"postgresql://u:secret@h:5432/db?sslmode=require",
		"postgres://u:sec%40ret@[::1]:5432/db",
		"postgresql://h1:1,h2:2/db",
		"postgresql://h/d@b", /* a database of that name */
		"postgresql://[::1]:5/d@b",
		"postgresql://u@h/d@b",
		"postgresql://u:se?cret@h/db",
		"postgresql://h/db?options=a%40b&user=a@b",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		PQconninfoOption *options;
		struct error err = { 0 };

		if (conninfo_parse(rows[i], &options, &err))
			fail_msg("%s: %s", rows[i], err.text);
		PQconninfoFree(options);
	}
}

static void
refused(void **state)
{
	static const char escape[] =
	    "connection URI: the user name or the password has an unescaped \"@\" or \"/\"";
	static const struct {
		const char *conninfo, *text;
	} rows[] = {
		{ "postgresql://u:se@cret@h/db", escape },
		{ "postgresql://u:se/cret@h/db", escape },
		{ "postgresql://u:/secret@h/db", NULL },
		{ "postgresql://u:secret@[::1/db",
		    "connection string: end of string reached when looking for matching \"]\" in "
		    "IPv6 host address in URI: \"...\"" },
		{ "postgresql://u:s%zzecret@h/db",
		    "connection string: invalid percent-encoded token: \"...\"" },
		{ "postgresql://u:secret%00@h/db", NULL },
		{ "postgresql://u:secret@h/db?secret",
		    "connection string: missing key/value separator \"=\" in URI query parameter: "
		    "\"...\"" },
		{ "postgresql://u:x@h/db?a=secret=c", NULL },
		{ "postgresql://u:x@h/db?secret=c", NULL },
		{ "postgresql://u:secret@[::1]x/db", NULL },
		{ "postgresql://u:secret@[]/db", NULL },
		{ "host=h password=my secret",
		    "connection string: missing \"=\" after \"...\" in connection info string" },
		{ "host=h password=my secret=word", NULL },
		{ "host=h password='secret", NULL },
		{ "host=h password=my se\"cret x\"=", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		PQconninfoOption *options;
		struct error err = { 0 };

		if (conninfo_parse(rows[i].conninfo, &options, &err) == 0) {
			/* libpq took it for something else, and repeats nothing */
			PQconninfoFree(options);
			assert_null(rows[i].text);
			continue;
		}
		assert_int_equal(err.kind, ERROR_USAGE);
		if (rows[i].text)
			assert_string_equal(err.text, rows[i].text);
		if (strstr(err.text, "cret") || strstr(err.hint, "cret"))
			fail_msg("%s: %s", rows[i].conninfo, err.text);
	}
}

static void
names(void **state)
{
	static const struct {
		const char *name;
		bool is_one;
	} rows[] = {
		{ "postgres", true }, { "a@b", true }, { "a:/b", true },
		{ "postgres:/u:secret@h/db", false },
		{ "postgresql:/u:secret@h/db", false }, { "psql://u:secret@h/db", false },
		{ "postgresql://u:secret@h/db", true }, /* looked at elsewhere */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct error err = { 0 };

		assert_int_equal(
		    conninfo_check_dbname(rows[i].name, &err), rows[i].is_one ? 0 : -1);
		assert_null(strstr(err.text, "secret"));
	}
}

/* What a newer libpq may know is no error; what none can read is. */
static void
of_another_release(void **state)
{
	static const struct {
		const char *conninfo;
		int rc;
		bool is_unknown;
	} rows[] = { { "host=h port=5432", 0, false }, { "postgresql://u@h/", 0, false },
		{ "host=h sslnew=1", 0, true }, { "postgresql://h/?sslnew=1", 0, true },
		{ "host", -1, false }, { "host='h", -1, false },
		{ "postgresql://u:p@ss@h/", -1, false } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = { 0 };
		bool is_unknown = true;

		assert_int_equal(
		    conninfo_check(rows[i].conninfo, &is_unknown, &err), rows[i].rc);
		assert_int_equal(is_unknown, rows[i].is_unknown);
		assert_null(strstr(err.text, "sslnew"));
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(parsed),
		cmocka_unit_test(refused),
		cmocka_unit_test(names),
		cmocka_unit_test(of_another_release),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
