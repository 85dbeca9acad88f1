/* In which writes a block leaves that is not encoded: each but the last of them ends in a body. */
#include <string.h>

#include "stream/breaks.h"
#include "support/rows.h"

#define P BREAKS_PAGE
enum { PARTS = 6, WRITES = 8 };

/* Bodies by where they begin and how long they are; the rest is headers and padding. */
static struct row {
	const char *name;
	size_t raw_len;
	struct {
		size_t at, len;
	} bodies[PARTS];
	size_t writes[WRITES];
} rows[] = {
	{ "an empty block", 0, { { 0 } }, { 0 } },
	{ "less than a page", 512, { { 0 } }, { 512 } },
	{ "a page", P, { { 0 } }, { P } },
	{ "headers alone leave in one piece", 3 * P, { { 0 } }, { 3 * P } },
	{ "one body is not cut", 5 * P, { { 0, 5 * P } }, { 4 * P, P } },
	{ "its last byte is with the block's end", 2 * P + 1, { { 0, 2 * P + 1 } },
	    { 2 * P, 1 } },
	{ "pages end in two bodies", 4 * P, { { 512, P }, { 2 * P - 100, 2 * P + 100 } },
	    { 3 * P, P } },
	/* the first page ends in the header of the second: stop before the body's last byte */
	{ "up to the last byte of a body", 3 * P, { { 512, P - 1024 }, { P + 512, P } },
	    { P - 513, P, 1024, P - 511 } },
	{ "an empty body is none", 3 * P, { { 512, 0 }, { 2 * P, P } }, { 2 * P, P } },
	/* the header is longer than a page: all of it leaves with nothing of the body */
	{ "up to the first body", 4 * P, { { 2 * P + 512, P } },
	    { 2 * P + 512, P - 1, P - 511 } },
	{ "a body of one byte", 2 * P, { { P, 1 } }, { P, P } },
	{ "an end within a page", P + 512, { { 512, 512 } }, { 1023, P - 511 } },
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static bool
is_in_body(const struct row *row, size_t at)
{
	for (size_t i = 0; i < PARTS; i++)
		if (at >= row->bodies[i].at &&
		    at < row->bodies[i].at + row->bodies[i].len)
			return true;
	return false;
}

static void
check_row(void **state)
{
	const struct row *row = *state;
	struct part parts[PARTS] = { 0 };
	struct block block = { .raw_len = row->raw_len, .parts = parts };
	struct breaks breaks = { .block = &block };

	for (size_t i = 0; i < PARTS && row->bodies[i].at + row->bodies[i].len > 0; i++) {
		parts[i].at = row->bodies[i].at;
		parts[i].piece.len = row->bodies[i].len;
		block.nparts++;
	}
	for (size_t i = 0; i < WRITES; i++) {
		assert_int_equal(breaks_next(&breaks), row->writes[i]);
		if (row->writes[i] == 0)
			break;
		if (breaks.at < row->raw_len && block.nparts > 0)
			assert_true(is_in_body(row, breaks.at));
	}
	assert_int_equal(breaks.at, row->raw_len);
}

int
main(void)
{
	struct CMUnitTest tests[ROWS];

	rows_name(tests, rows, sizeof(rows[0]), ROWS, check_row);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
