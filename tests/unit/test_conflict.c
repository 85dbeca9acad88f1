/* What is wrong with several directories becomes one error. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "restore/conflict.h"

static struct error
one(const char *text, const char *hint)
{
	struct error err = { 0 };

	error_set(&err, ERROR_STATE, 0, "%s", text);
	error_hint(&err, "%s", hint);
	err.sys = ENOTEMPTY;
	return err;
}

/* A single one stays as it is; of several each is named, and the hint is for all of them. */
static void
joined(void **state)
{
	const struct error first = one("a", "Do this."), same = one("b", "Do this."),
			   other = one("c", "Do that.");
	struct error all = { 0 };

	(void)state;
	restore_conflict_add(&all, &first);
	assert_string_equal(all.text, "a");
	assert_int_equal(all.sys, ENOTEMPTY);
	restore_conflict_add(&all, &same);
	assert_string_equal(all.text, "a; b");
	assert_string_equal(all.hint, "Do this.");
	assert_int_equal(all.sys, 0);
	restore_conflict_add(&all, &other);
	assert_string_equal(all.text, "a; b; c");
	assert_non_null(strstr(all.hint, "--tablespaces-in=DIR"));
	assert_int_equal(all.kind, ERROR_STATE);
}

/* What does not fit is not cut in the middle, and it is said once that there is more. */
static void
too_many(void **state)
{
	static const char end[] = "; and more";
	char text[101];
	struct error all = { 0 };

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (int i = 0; i < 40; i++) {
		const struct error err = one(text, "Do this.");

		restore_conflict_add(&all, &err);
		assert_true(strlen(all.text) < sizeof(all.text));
	}
	assert_string_equal(all.text + strlen(all.text) - strlen(end), end);
	assert_null(strstr(all.text, "; and more; and more"));
}

static void
of_one_directory(void **state)
{
	struct error err = { 0 };

	(void)state;
	error_set(&err, ERROR_STATE, 0, "x");
	assert_true(restore_conflict_is(&err));
	error_memory(&err);
	assert_false(restore_conflict_is(&err));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(joined),
		cmocka_unit_test(too_many),
		cmocka_unit_test(of_one_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
