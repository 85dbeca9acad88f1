/* Errors as values: the cause once, the way up in front of it, never cut unmarked. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/error.h"

static void
cause_and_context(void **state)
{
	struct error err = { 0 };

	(void)state;
	assert_int_equal(error_set(&err, ERROR_IO, ENOSPC, "write %d", 7), -1);
	assert_string_equal(err.text, "write 7: No space left on device");
	assert_int_equal(err.kind, ERROR_IO);
	assert_int_equal(err.sys, ENOSPC);
	assert_int_equal(error_wrap(&err, "\"%s\"", "base.tar"), -1);
	assert_int_equal(error_wrap(&err, "backup"), -1);
	assert_string_equal(
	    err.text, "backup: \"base.tar\": write 7: No space left on device");
	assert_int_equal(err.kind, ERROR_IO);
	assert_int_equal(err.sys, ENOSPC);
}

/* A new error forgets the one before, hint and errno too. */
static void
set_overwrites(void **state)
{
	struct error err = { 0 };

	(void)state;
	error_set(&err, ERROR_IO, EIO, "read");
	error_hint(&err, "Look.");
	assert_int_equal(error_set(&err, ERROR_STATE, 0, "other"), -1);
	assert_string_equal(err.text, "other");
	assert_string_equal(err.hint, "");
	assert_int_equal(err.kind, ERROR_STATE);
	assert_int_equal(err.sys, 0);
	assert_int_equal(error_memory(&err), -1);
	assert_string_equal(err.text, "out of memory");
	assert_int_equal(err.kind, ERROR_MEMORY);
}

/* The lowest level knows best what to do. */
static void
first_hint_stays(void **state)
{
	struct error err = { 0 };

	(void)state;
	error_set(&err, ERROR_USAGE, 0, "no");
	assert_int_equal(error_hint(&err, "Do %s.", "this"), -1);
	assert_int_equal(error_hint(&err, "Do that."), -1);
	assert_string_equal(err.hint, "Do this.");
	error_wrap(&err, "where");
	assert_string_equal(err.hint, "Do this.");
}

/* An errno that nobody knows is told as a number. */
static void
unknown_errno(void **state)
{
	struct error err = { 0 };

	(void)state;
	error_set(&err, ERROR_IO, 99999, "read");
	assert_memory_equal(err.text, "read: ", 6);
	assert_non_null(strstr(err.text, "99999"));
}

static const char *
long_text(size_t len)
{
	static char text[4096];

	memset(text, 'x', len);
	text[len] = '\0';
	return text;
}

static void
assert_cut_is_marked(const char *text, size_t size, size_t whole)
{
	size_t len = strlen(text);

	assert_true(len < size);
	if (len < whole)
		assert_string_equal(text + len - 3, "...");
}

/* Texts of any length around that of the field, alone and after a context. */
static void
what_does_not_fit_is_marked(void **state)
{
	static const char cause[] = ": Input/output error";
	struct error err = { 0 };

	(void)state;
	for (size_t len = 1400; len < 1600; len++) {
		error_set(&err, ERROR_IO, 0, "%s", long_text(len));
		assert_cut_is_marked(err.text, sizeof(err.text), len);
		error_wrap(&err, "where");
		assert_cut_is_marked(err.text, sizeof(err.text), len + 7);
		assert_memory_equal(err.text, "where: xxx", 10);

		error_set(&err, ERROR_IO, EIO, "%s", long_text(len));
		assert_cut_is_marked(err.text, sizeof(err.text),
		    len < sizeof(err.text) - 8 ? len + strlen(cause) : len);

		/* of a context that is too long, the cause still is seen */
		error_set(&err, ERROR_IO, 0, "cause");
		error_wrap(&err, "%s", long_text(len));
		assert_non_null(
		    strstr(err.text, len < 1528 ? "xxx: cause" : "xxx...: cause"));
	}
	for (size_t len = 500; len < 530; len++) {
		err.hint[0] = '\0';
		error_hint(&err, "%s", long_text(len));
		assert_cut_is_marked(err.hint, sizeof(err.hint), len);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cause_and_context),
		cmocka_unit_test(set_overwrites),
		cmocka_unit_test(first_hint_stays),
		cmocka_unit_test(unknown_errno),
		cmocka_unit_test(what_does_not_fit_is_marked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
