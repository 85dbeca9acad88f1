/* Questions that have one row for an answer: its shape, and the values in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "server/answer.h"
#include "support/open_session.c.inc"

#define SQL "SELECT what FROM there"

static void
shapes(void **state)
{
	static const struct {
		const char *rows;
		bool is_good;
	} answers[] = {
		{ "a|b", true },
		{ "a|", true },
		{ "a|~", false },
		{ "~|b", false },
		{ "a", false },
		{ "a|b|c", false },
		{ "", false },
		{ "a|b\nc|d", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		FAKE_SCRIPT(FAKE_OPENING, { .query = SQL, .rows = answers[i].rows });
		struct session *s = open_session(NULL);
		struct session_rows rows;
		struct error err = { 0 };

		assert_int_equal(answer_ask(s, SQL, 0, NULL, 2, &rows, &err),
		    answers[i].is_good ? 0 : -1);
		if (!answers[i].is_good) {
			assert_int_equal(err.kind, ERROR_SERVER);
			assert_string_equal(
			    err.text, "unexpected reply from the server to: " SQL);
			assert_true(rows.result == NULL && rows.count == 0);
		} else
			assert_string_equal(session_value(&rows, 0, 0), "a");
		session_rows_free(&rows);
		session_free(s);
		fake_done();
	}
}

/* The server's own error is passed on, and its parameters to it. */
static void
refused(void **state)
{
	const char *const params[] = { "x" };
	struct session_rows rows;
	struct session *s;
	struct error err = { 0 };

	(void)state;
	FAKE_SCRIPT(FAKE_OPENING,
	    { .query = SQL,
		.params = "x",
		.error = { .severity = "ERROR",
		    .sqlstate = "42501",
		    .primary = "permission denied" } });
	s = open_session(NULL);
	assert_int_equal(answer_ask(s, SQL, 1, params, 1, &rows, &err), -1);
	assert_string_equal(err.text, "permission denied");
	assert_string_equal(session_sqlstate(s), "42501");
	session_free(s);
	fake_done();
}

static void
values(void **state)
{
	struct session_rows rows;
	struct session *s;
	struct error err = { 0 };
	uint64_t n = 7;

	(void)state;
	FAKE_SCRIPT(FAKE_OPENING, { .query = SQL, .rows = "1/A0|1/|42|43|-1|t|f" });
	s = open_session(NULL);
	assert_int_equal(answer_ask(s, SQL, 0, NULL, 7, &rows, &err), 0);
	assert_int_equal(answer_lsn(&rows, 1, &n, &err), -1);
	assert_string_equal(
	    err.text, "unexpected reply from the server: \"1/\" is not a WAL position");
	assert_int_equal(answer_number(&rows, 3, 42, &n, &err), -1);
	assert_string_equal(
	    err.text, "unexpected reply from the server: \"43\" is not a valid number");
	assert_int_equal(answer_number(&rows, 4, UINT64_MAX, &n, &err), -1);
	assert_int_equal(n, 7);
	assert_int_equal(answer_lsn(&rows, 0, &n, &err), 0);
	assert_int_equal(n, UINT64_C(0x1000000A0));
	assert_int_equal(answer_number(&rows, 2, 42, &n, &err), 0);
	assert_int_equal(n, 42);
	assert_true(answer_bool(&rows, 5));
	assert_false(answer_bool(&rows, 6));
	session_rows_free(&rows);
	session_free(s);
	fake_done();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(shapes, clean_up),
		cmocka_unit_test_setup(refused, clean_up),
		cmocka_unit_test_setup(values, clean_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
