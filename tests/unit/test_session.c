#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "server/session.h"

#include "support/fake_libpq.c.inc"

static char noticed[256];

/* Readable from the first byte on: the signal. */
static int interrupt[2];

static void
notice(const char *text)
{
	snprintf(noticed, sizeof(noticed), "%s", text);
	if (strstr(text, "interrupt"))
		assert_int_equal(write(interrupt[1], "", 1), 1);
}

static int
clean_up(void **state)
{
	(void)state;
	noticed[0] = '\0';
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

#define FAILS(state, text) \
	.error = { .severity = "ERROR", .sqlstate = state, .primary = text }

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
	    .text = "unexpected reply from the server" },
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
	    .hint = "The server's log may say more.", .sqlstate = "57P01",
	    .is_lost = true },
	{ "crashed",
	    { .notice = { "WARNING", "57P02", "because of a crash", NULL, NULL },
		.hangs_up = true },
	    .kind = ERROR_SERVER,
	    .text = "the connection to the server was lost: because of a crash",
	    .hint = "The server's log may say more.", .is_lost = true },
	{ "gone without a word", { .hangs_up = true }, .kind = ERROR_SERVER,
	    .text = "the connection to the server was lost: server closed the connection "
		    "unexpectedly",
	    .hint = "The server's log may say more.", .is_lost = true },
	{ "broken line", { .breaks = true }, .kind = ERROR_SERVER,
	    .text = "the connection to the server was lost: could not receive data",
	    .hint = "The server's log may say more.", .is_lost = true },
	{ "gone before the question", { .is_refused = true }, .kind = ERROR_SERVER,
	    .text = "the connection to the server was lost: no connection to the server",
	    .hint = "The server's log may say more.", .is_lost = true },
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

/* Replay on a standby cancels a query twice, then lets it be. */
static void
conflict_with_replay(void **state)
{
	struct session_rows rows;
	struct error err = { 0 };
	struct session *s;

	(void)state;
	FAKE_SCRIPT(FAKE_OPENING,
	    { .query = "SELECT start",
		.params = "x",
		FAILS("40001", "canceling statement") },
	    { .query = "SELECT start",
		.params = "x",
		FAILS("40P01", "canceling statement") },
	    { .query = "SELECT start", .params = "x", .rows = "42" });
	s = open_session(NULL);
	assert_int_equal(
	    session_query(s, "SELECT start", 1, (const char *[]){ "x" }, &rows, &err), 0);
	assert_string_equal(session_value(&rows, 0, 0), "42");
	assert_string_equal(session_sqlstate(s), "");
	session_rows_free(&rows);
	session_free(s);
	fake_done();
}

static void
conflict_and_an_interrupt(void **state)
{
	struct session_rows rows;
	struct error err = { 0 };
	struct session *s;

	(void)state;
	FAKE_SCRIPT(FAKE_OPENING,
	    { .query = "SELECT",
		FAILS("40001", "canceling statement"),
		.notice = { "NOTICE", "00000", "interrupt", NULL, NULL } });
	s = open_session(NULL);
	assert_int_equal(session_query(s, "SELECT", 0, NULL, &rows, &err), -1);
	assert_int_equal(err.kind, ERROR_CANCELLED);
	session_free(s);
	fake_done();
}

static const char question[] = "SELECT are you well", another[] = "SELECT where are you";

/* Asked with no time to wait: is it answered?  An answer is "42". */
static bool
asks(struct session *s, const char *sql)
{
	struct session_rows rows;
	struct error err = { 0 };
	bool is_answered;

	if (session_question(s, sql, 0.01, 60, &rows, &is_answered, &err))
		fail_msg("%s", err.text);
	if (is_answered)
		assert_string_equal(session_value(&rows, 0, 0), "42");
	session_rows_free(&rows);
	return is_answered;
}

/* A server that is stalled is not cancelled, and the session is not closed. */
static void
question_stays_pending(void **state)
{
	struct session *s;

	(void)state;
	FAKE_SCRIPT(FAKE_OPENING, { .query = question, .rows = "42" },
	    { .query = question, .rows = "42", .is_late = true },
	    { .query = question, .rows = "42" });
	s = open_session(NULL);
	assert_true(asks(s, question));
	assert_true(session_silence(s) <= 0);
	assert_false(asks(s, question));
	assert_false(asks(s, question));
	assert_true(session_silence(s) > 0);
	fake_answer(fake_last);
	assert_true(asks(s, question));
	assert_true(session_silence(s) <= 0);
	assert_true(asks(s, question));
	session_free(s);
	fake_done();
}

/* Whatever else is asked comes after it. */
static void
question_before_others(void **state)
{
	struct session_rows rows;
	struct error err = { 0 };
	struct session *s;

	(void)state;
	FAKE_SCRIPT(FAKE_OPENING, { .query = question, .rows = "1", .is_late = true },
	    { .query = another, .rows = "42", .is_late = true },
	    { .query = "SELECT stop", .rows = "7" });
	s = open_session(NULL);
	assert_false(asks(s, question));
	assert_false(asks(s, another));
	fake_answer(fake_last);
	assert_false(asks(s, another));
	fake_answer(fake_last);
	assert_int_equal(session_query(s, "SELECT stop", 0, NULL, &rows, &err), 0);
	assert_string_equal(session_value(&rows, 0, 0), "7");
	session_rows_free(&rows);
	session_free(s);
	fake_done();
}

static void
question_without_end(void **state)
{
	struct session_rows rows;
	struct error err = { 0 };
	struct session *s;
	bool is_answered;

	(void)state;
	FAKE_SCRIPT(FAKE_OPENING, { .query = question, .is_late = true });
	s = open_session(NULL);
	assert_int_equal(
	    session_question(s, question, 0.01, 0.1, &rows, &is_answered, &err), 0);
	assert_false(is_answered);
	assert_int_equal(session_query(s, "SELECT stop", 0, NULL, &rows, &err), -1);
	assert_int_equal(err.kind, ERROR_SERVER);
	assert_string_equal(err.text, "the server has not answered a query for 0 s");
	assert_int_equal(fake_connections, 0);
	session_free(s);
	fake_done();
}

static void
question_and_an_interrupt(void **state)
{
	struct session_rows rows;
	struct error err = { 0 };
	struct session *s;
	bool is_answered;

	(void)state;
	FAKE_SCRIPT(FAKE_OPENING, { .query = question, .is_late = true });
	s = open_session(NULL);
	assert_false(asks(s, question));
	raise_interrupt();
	assert_int_equal(
	    session_question(s, question, 9, 60, &rows, &is_answered, &err), -1);
	assert_int_equal(err.kind, ERROR_CANCELLED);
	session_free(s);
	fake_done();
}

/* A question that replay cancels is simply not answered; other errors are. */
static void
question_that_fails(void **state)
{
	struct session_rows rows;
	struct error err = { 0 };
	struct session *s;
	bool is_answered;

	(void)state;
	FAKE_SCRIPT(FAKE_OPENING,
	    { .query = question, FAILS("40001", "canceling statement") },
	    { .query = question, FAILS("42501", "permission denied") },
	    { .query = question, .hangs_up = true });
	s = open_session(NULL);
	assert_false(asks(s, question));
	assert_int_equal(
	    session_question(s, question, 9, 60, &rows, &is_answered, &err), -1);
	assert_string_equal(err.text, "permission denied");
	assert_int_equal(
	    session_question(s, question, 9, 60, &rows, &is_answered, &err), -1);
	assert_int_equal(
	    session_question(s, question, 9, 60, &rows, &is_answered, &err), -1);
	assert_string_equal(err.text,
	    "the connection to the server was lost: server closed the connection unexpectedly");
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
	TEST(values_and_their_limits),
	TEST(interrupted_query),
	TEST(interrupted_before),
	TEST(conflict_with_replay),
	TEST(question_stays_pending),
	TEST(question_before_others),
	TEST(question_without_end),
	TEST(question_and_an_interrupt),
	TEST(question_that_fails),
	TEST(conflict_and_an_interrupt),
	TEST(check_without_asking),
};

enum { PLAIN = sizeof(plain) / sizeof(plain[0]) };
enum { ROWS = sizeof(query_rows) / sizeof(query_rows[0]) };

int
main(void)
{
	struct CMUnitTest tests[ROWS + PLAIN];

	if (pipe(interrupt) == -1)
		return 1;
	for (size_t i = 0; i < ROWS; i++)
		tests[i] = (struct CMUnitTest){ query_rows[i].name, check_query, clean_up,
			NULL, (void *)(uintptr_t)&query_rows[i] };
	memcpy(tests + ROWS, plain, sizeof(plain));
	return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
