/* Which database lies where: the text that is compared, and what comes of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/databases.h"

#include "support/fake_libpq.c.inc"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct comparison {
	const char *name;
	const char *before, *after;
	const char *moved; /* the OID that the error names; NULL: all is well */
} comparisons[] = {
	{ "all where they were", ",1 1663,5 1663,16384 16400,",
	    ",1 1663,5 1663,16384 16400,", NULL },
	{ "the first moved", ",1 1663,5 1663,", ",1 16400,5 1663,", "1" },
	{ "one in the middle moved", ",1 1663,5 1663,7 1663,", ",1 1663,5 16400,7 1663,",
	    "5" },
	{ "the last moved", ",1 1663,5 1663,16384 16400,", ",1 1663,5 1663,16384 1663,",
	    "16384" },
	{ "the only one moved", ",1 1663,", ",1 16400,", "1" },
	{ "two moved: the first is named", ",1 1663,5 1663,", ",1 16400,5 16400,", "1" },
	{ "created meanwhile", ",1 1663,", ",1 1663,16384 16400,", NULL },
	{ "created before the others", ",5 1663,", ",1 16400,5 1663,", NULL },
	{ "dropped meanwhile", ",1 1663,5 1663,16384 16400,", ",1 1663,16384 16400,",
	    NULL },
	{ "dropped, and another came", ",1 1663,16384 16400,", ",1 1663,16385 16401,",
	    NULL },
	{ "dropped, and another moved", ",1 1663,5 1663,7 1663,", ",1 1663,7 16400,",
	    "7" },
	/* numbers are whole ones, and each column is its own */
	{ "an OID that ends like another", ",5 1663,15 16400,", ",15 16400,", NULL },
	{ "an OID that begins like another", ",1 1663,16 16400,", ",16 16400,", NULL },
	{ "an OID that is another's tablespace", ",1663 5,5 1663,", ",5 1663,", NULL },
	{ "a tablespace that begins like the other", ",1 1663,", ",1 16631,", "1" },
	{ "a tablespace that the other begins like", ",1 16631,", ",1 1663,", "1" },
	{ "the largest numbers", ",4294967295 4294967294,", ",4294967295 4294967295,",
	    "4294967295" },
};

static void
check_comparison(void **state)
{
	const struct comparison *c = *state;
	struct error err = { 0 };
	char text[128];

	if (c->moved == NULL) {
		assert_int_equal(databases_compare(c->before, c->after, &err), 0);
		assert_int_equal(err.kind, ERROR_NONE);
		return;
	}
	assert_int_equal(databases_compare(c->before, c->after, &err), -1);
	assert_int_equal(err.kind, ERROR_STATE);
	snprintf(text, sizeof(text),
	    "database with OID %s was moved to another tablespace during the backup",
	    c->moved);
	assert_string_equal(err.text, text);
	assert_true(strlen(err.hint) > 0);
}

static struct session *
open_session(void)
{
	const struct session_options options = { .interrupt_fd = -1 };
	struct session *s;
	struct error err = { 0 };

	if (session_open(&s, &options, &err))
		fail_msg("%s", err.text);
	return s;
}

#define QUERY .query = "SELECT ',' || pg_catalog.string_agg("

static void
read_and_compared(void **state)
{
	struct error err = { 0 };
	char *before, *after;
	struct session *s;

	(void)state;
	FAKE_SCRIPT(FAKE_OPENING, { QUERY, .rows = ",1 1663,5 1663," },
	    { QUERY, .rows = ",1 1663,5 16400," });
	s = open_session();
	assert_int_equal(databases_read(s, &before, &err), 0);
	assert_string_equal(before, ",1 1663,5 1663,");
	assert_int_equal(databases_read(s, &after, &err), 0);
	assert_int_equal(databases_compare(before, before, &err), 0);
	assert_int_equal(databases_compare(before, after, &err), -1);
	free(before);
	free(after);
	session_free(s);
	fake_done();
}

static struct answer {
	const char *name;
	struct fake_step step;
	const char *text; /* of the error */
} answers[] = {
	{ "no databases", { QUERY, .rows = "~" }, "the server reported no databases" },
	{ "no rows", { QUERY }, "the server reported no databases" },
	{ "refused",
	    { QUERY,
		.error = { .severity = "ERROR", .sqlstate = "42501", .primary = "no" } },
	    "no" },
};

static void
check_answer(void **state)
{
	const struct answer *a = *state;
	struct error err = { 0 };
	struct session *s;
	char untouched, *text = &untouched;

	FAKE_SCRIPT(FAKE_OPENING, a->step);
	s = open_session();
	assert_int_equal(databases_read(s, &text, &err), -1);
	assert_null(text);
	assert_int_equal(err.kind, ERROR_SERVER);
	assert_string_equal(err.text, a->text);
	session_free(s);
	fake_done();
}

#define OLDEST .query = "SELECT datfrozenxid::"

static void
oldest_xid(void **state)
{
	struct error err = { 0 };
	uint32_t xid = 0;
	struct session *s;

	(void)state;
	FAKE_SCRIPT(FAKE_OPENING, { OLDEST, .rows = "4294967295" },
	    { OLDEST, .rows = "~" }, { OLDEST, .rows = "4294967296" });
	s = open_session();
	assert_int_equal(databases_oldest_xid(s, &xid, &err), 0);
	assert_int_equal(xid, UINT32_MAX);
	assert_int_equal(databases_oldest_xid(s, &xid, &err), -1);
	assert_int_equal(databases_oldest_xid(s, &xid, &err), -1);
	assert_int_equal(err.kind, ERROR_SERVER);
	session_free(s);
	fake_done();
}

#define LOCKED .query = "SELECT ',' || pg_catalog.string_agg(objid"
#define POSITION .query = "SELECT CASE WHEN pg_catalog.pg_is_in_recovery()"

/* The locks come first: a removal that is over then has its record before the position. */
static void
marked(void **state)
{
	struct databases_mark mark;
	struct error err = { 0 };
	struct session *s;

	(void)state;
	FAKE_SCRIPT(FAKE_OPENING, { LOCKED, .rows = ",15,16384," },
	    { POSITION, .rows = "0/2000028" }, { LOCKED, .rows = "~" },
	    { POSITION, .rows = "1/0" }, { LOCKED, .rows = "~" },
	    { POSITION, .rows = "~" }, { LOCKED, .rows = "~" },
	    { POSITION, .rows = "there" });
	s = open_session();
	assert_int_equal(databases_mark_read(s, 0, &mark, &err), 0);
	assert_int_equal(mark.lsn, 0x2000028);
	assert_true(databases_is_locked(&mark, 15));
	assert_true(databases_is_locked(&mark, 16384));
	assert_false(databases_is_locked(&mark, 5));
	assert_false(databases_is_locked(&mark, 1));
	assert_false(databases_is_locked(&mark, 1638));
	databases_mark_free(&mark);
	assert_int_equal(databases_mark_read(s, 0, &mark, &err), 0);
	assert_int_equal(mark.lsn, 0x100000000);
	assert_false(databases_is_locked(&mark, 15));
	databases_mark_free(&mark);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(databases_mark_read(s, 0, &mark, &err), -1);
		assert_int_equal(err.kind, ERROR_SERVER);
		assert_null(mark.locked);
	}
	databases_mark_free(&mark);
	session_free(s);
	fake_done();
}

/* Those that are in both, in the same place. */
static void
listed(void **state)
{
	const char *at = ",1 1663,4 1663,5 16400,16384 1663,4294967295 16400,";
	static const char other[] =
	    ",1 1663,5 1663,16384 1663,16385 1663,4294967295 16400,";
	static const uint32_t wanted[] = { 1, 16384, UINT32_MAX };
	uint32_t database = 0, space = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(wanted); i++) {
		assert_true(databases_next(&at, other, &database, &space));
		assert_int_equal(database, wanted[i]);
		assert_int_equal(space, i == 2 ? 16400 : 1663);
	}
	assert_false(databases_next(&at, other, &database, &space));
}

int
main(void)
{
	struct CMUnitTest tests[COUNT(comparisons) + COUNT(answers) + 4], *t = tests;

	for (size_t i = 0; i < COUNT(comparisons); i++)
		*t++ = (struct CMUnitTest){ .name = comparisons[i].name,
			.test_func = check_comparison,
			.initial_state = &comparisons[i] };
	for (size_t i = 0; i < COUNT(answers); i++)
		*t++ = (struct CMUnitTest){ .name = answers[i].name,
			.test_func = check_answer,
			.initial_state = &answers[i] };
	*t++ = (struct CMUnitTest)cmocka_unit_test(read_and_compared);
	*t++ = (struct CMUnitTest)cmocka_unit_test(oldest_xid);
	*t++ = (struct CMUnitTest)cmocka_unit_test(marked);
	*t = (struct CMUnitTest)cmocka_unit_test(listed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
