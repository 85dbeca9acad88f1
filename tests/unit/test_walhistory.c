#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wal/walhistory.h"

/* A history as text, and as rows "timeline:end" or the error it must give. */
static struct row {
	const char *name;
	uint32_t timeline;
	const char *text;
	const char *rows;
	const char *error;
} rows[] = {
	{ "timeline 1", 1, "", "1:-", NULL },
	{ "one ancestor", 2, "1\t0/5004E10\tno recovery target specified\n",
	    "1:5004E10 2:-", NULL },
	/* the server puts an empty line before what it adds to the parent's file */
	{ "two ancestors", 3,
	    "1\t0/5004E10\tno recovery target specified\n\n"
	    "2\t1/5004E10\tat restore point \"x\"\n",
	    "1:5004E10 2:105004E10 3:-", NULL },
	{ "comments and blank lines", 9,
	    "# by hand\n\n \t\r\n  # indented\n  3 \t 0/1  \n5\t0/2\n\n\n#\n",
	    "3:1 5:2 9:-", NULL },
	{ "reason with a line break", 2, "1\t0/A0\tbefore LSN 0/A8\n\n", "1:A0 2:-",
	    NULL },
	{ "reason with tabs", 2, "1\t0/A0\ta\tb\t2\t0/B0\n", "1:A0 2:-", NULL },
	{ "no reason", 2, "1\t0/A0\n", "1:A0 2:-", NULL },
	{ "equal switch positions", 3, "1\t0/A0\tx\n2\t0/A0\tx\n", "1:A0 2:A0 3:-",
	    NULL },
	{ "the greatest timeline", UINT32_MAX, "4294967294\tFFFFFFFF/FFFFFFFF\tx\n",
	    "4294967294:FFFFFFFFFFFFFFFF 4294967295:-", NULL },

	{ "no timeline", 2, "x\t0/A0\tx\n", NULL,
	    "line 1: expected a timeline ID in decimal" },
	{ "timeline 0", 2, "0\t0/A0\tx\n", NULL,
	    "line 1: expected a timeline ID in decimal" },
	{ "negative timeline", 2, "-1\t0/A0\tx\n", NULL,
	    "line 1: expected a timeline ID in decimal" },
	{ "hexadecimal timeline", 20, "A\t0/A0\tx\n", NULL,
	    "line 1: expected a timeline ID in decimal" },
	{ "timeline over 32 bits", 2, "4294967297\t0/A0\tx\n", NULL,
	    "line 1: expected a timeline ID in decimal" },
	{ "timeline of 11 digits", 2, "00000000001\t0/A0\tx\n", NULL,
	    "line 1: expected a timeline ID in decimal" },
	{ "no position", 2, "\n1\n", NULL,
	    "line 2: expected a switch position such as 0/5004E10" },
	{ "position cut", 2, "1\t0/\tx\n", NULL,
	    "line 1: expected a switch position such as 0/5004E10" },
	{ "position too long", 2, "1\t000000000/000000000A0\tx\n", NULL,
	    "line 1: expected a switch position such as 0/5004E10" },
	{ "words", 2, "1\tbefore 2026-01-01\n", NULL,
	    "line 1: expected a switch position such as 0/5004E10" },
	{ "timelines descend", 9, "2\t0/A0\tx\n\n1\t0/B0\tx\n", NULL,
	    "line 3: timeline 1 must not follow timeline 2" },
	{ "timeline twice", 9, "2\t0/A0\tx\n2\t0/B0\tx\n", NULL,
	    "line 2: timeline 2 must not follow timeline 2" },
	{ "its own ancestor", 2, "2\t0/A0\tx\n", NULL,
	    "line 1: timeline 2 is not an ancestor of timeline 2" },
	{ "a later one", 2, "1\t0/A0\tx\n3\t0/B0\tx\n", NULL,
	    "line 2: timeline 3 is not an ancestor of timeline 2" },
	{ "positions descend", 3, "1\t0/B0\tx\n2\t0/A0\tx\n", NULL,
	    "line 2: switch position is before that of timeline 1" },
	{ "last line cut in the position", 2, "1\t0/5004E", NULL, "line 1 is cut short" },
	{ "last line cut", 3, "1\t0/A0\tx\n2\t0/B0\tno rec", NULL,
	    "line 2 is cut short" },
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static void
as_text(char *out, const struct walhistory *h)
{
	*out = '\0';
	for (size_t i = 0; i < h->count; i++) {
		const struct walhistory_row *r = &h->rows[i];

		out += sprintf(out, "%s%u:", i ? " " : "", r->timeline);
		out += i + 1 < h->count ?
		    sprintf(out, "%llX", (unsigned long long)r->end_lsn) :
		    sprintf(out, r->end_lsn == UINT64_MAX ? "-" : "wrong");
	}
}

/* The text stands in memory of its own length, so that a look past its end is seen. */
static int
parse_copy(const char *text, size_t len, uint32_t timeline, struct walhistory *h,
    struct error *err)
{
	char *copy = malloc(len ? len : 1);
	int rc;

	assert_non_null(copy);
	memcpy(copy, text, len);
	rc = walhistory_parse(copy, len, timeline, h, err);
	free(copy);
	return rc;
}

static void
check_row(void **state)
{
	const struct row *row = *state;
	struct walhistory h;
	struct error err = { 0 };
	char text[256];
	int rc = parse_copy(row->text, strlen(row->text), row->timeline, &h, &err);

	if (row->error) {
		assert_int_equal(rc, -1);
		assert_int_equal(err.kind, ERROR_FORMAT);
		assert_string_equal(err.text, row->error);
		assert_int_equal(h.count, 0);
		assert_null(h.rows);
		return;
	}
	assert_int_equal(rc, 0);
	as_text(text, &h);
	assert_string_equal(text, row->rows);
	walhistory_free(&h);
	assert_int_equal(h.count, 0);
}

static void
zero_bytes(void **state)
{
	struct walhistory h;
	struct error err = { 0 };

	(void)state;
	assert_int_equal(parse_copy("1\t0/A0\0\n", 8, 2, &h, &err), -1);
	assert_int_equal(parse_copy("\0", 1, 2, &h, &err), -1);
	assert_int_equal(parse_copy("#\0\n", 3, 2, &h, &err), -1);
	assert_int_equal(err.kind, ERROR_FORMAT);
	assert_string_equal(err.text, "has a zero byte");
	assert_int_equal(h.count, 0);
}

static void
too_long(void **state)
{
	char *text = malloc(WALHISTORY_TEXT_MAX + 1);
	struct walhistory h;
	struct error err = { 0 };

	(void)state;
	assert_non_null(text);
	memset(text, '\n', WALHISTORY_TEXT_MAX + 1);
	assert_int_equal(walhistory_parse(text, WALHISTORY_TEXT_MAX, 7, &h, &err), 0);
	assert_int_equal(h.count, 1);
	walhistory_free(&h);
	assert_int_equal(
	    walhistory_parse(text, WALHISTORY_TEXT_MAX + 1, 7, &h, &err), -1);
	assert_string_equal(err.text,
	    "timeline history has 1048577 bytes, but at most 1048576 are possible");
	free(text);
}

static void
who_owns(void **state)
{
	static const char text[] = "2\t0/A0\tx\n4\t0/A0\tx\n5\t0/B0\tx\n";
	struct walhistory h;
	struct error err = { 0 };

	(void)state;
	assert_int_equal(walhistory_parse(text, strlen(text), 7, &h, &err), 0);
	assert_int_equal(walhistory_at(&h, 0), 2);
	assert_int_equal(walhistory_at(&h, 0x9F), 2);
	assert_int_equal(walhistory_at(&h, 0xA0), 5);
	assert_int_equal(walhistory_at(&h, 0xAF), 5);
	assert_int_equal(walhistory_at(&h, 0xB0), 7);
	assert_int_equal(walhistory_at(&h, UINT64_MAX), 7);
	assert_true(walhistory_has(&h, 4));
	assert_true(walhistory_has(&h, 7));
	assert_false(walhistory_has(&h, 3));
	walhistory_free(&h);

	assert_int_equal(walhistory_single(&h, 3, &err), 0);
	assert_int_equal(h.count, 1);
	assert_int_equal(walhistory_at(&h, 0), 3);
	assert_false(walhistory_has(&h, 1));
	walhistory_free(&h);
	walhistory_free(&h);
}

static void
cut_at(uint64_t lsn, size_t count, uint32_t timeline)
{
	static const char text[] = "2\t0/A0\tx\n4\t0/A0\tx\n5\t0/B0\tx\n";
	struct walhistory h;
	struct error err = { 0 };

	assert_int_equal(walhistory_parse(text, strlen(text), 7, &h, &err), 0);
	walhistory_cut(&h, lsn);
	assert_int_equal(h.count, count);
	assert_int_equal(h.rows[count - 1].timeline, timeline);
	assert_true(h.rows[count - 1].end_lsn == UINT64_MAX);
	assert_int_equal(walhistory_at(&h, lsn), timeline);
	walhistory_free(&h);
}

static void
what_branched_off_later(void **state)
{
	(void)state;
	cut_at(0, 1, 2);
	cut_at(0x9F, 1, 2);
	cut_at(0xA0, 3, 5);
	cut_at(0xAF, 3, 5);
	cut_at(0xB0, 4, 7);
	cut_at(UINT64_MAX, 4, 7);
}

int
main(void)
{
	struct CMUnitTest tests[ROWS + 4] = {
		cmocka_unit_test(zero_bytes),
		cmocka_unit_test(too_long),
		cmocka_unit_test(who_owns),
		cmocka_unit_test(what_branched_off_later),
	};

	for (size_t i = 0; i < ROWS; i++)
		tests[4 + i] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = check_row,
			.initial_state = &rows[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
