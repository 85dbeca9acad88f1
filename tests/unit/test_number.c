#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/number.h"

static struct row {
	const char *name;
	uint64_t most, value;
	size_t digits; /* that number_next() takes; 0: none */
	bool is_whole; /* number_parse() takes it all */
} rows[] = {
	{ "0", 0, 0, 1, true },
	{ "9", 9, 9, 1, true },
	{ "9 ", 9, 9, 1, false },
	{ "10", 10, 10, 2, true },
	{ "10", 9, 0, 0, false },
	{ "7x", UINT64_MAX, 7, 1, false },
	{ "4294967295", UINT32_MAX, UINT32_MAX, 10, true },
	{ "4294967296", UINT32_MAX, 0, 0, false },
	{ "18446744073709551615", UINT64_MAX, UINT64_MAX, 20, true },
	{ "18446744073709551616", UINT64_MAX, 0, 0, false },
	{ "99999999999999999999", UINT64_MAX, 0, 0, false },
	{ "100000000000000000000", UINT64_MAX, 0, 0, false },
	{ "1", 0, 0, 0, false },
	{ "", 9, 0, 0, false },
	{ "00", 9, 0, 0, false },
	{ "01", 9, 0, 0, false },
	{ "-1", 9, 0, 0, false },
	{ "+1", 9, 0, 0, false },
	{ " 1", 9, 0, 0, false },
	{ "x", 9, 0, 0, false },
	{ "\xD9\xA1", 9, 0, 0, false },
};

static void
check_row(void **state)
{
	const struct row *row = *state;
	const char *at = row->name;
	uint64_t value = 4711;

	assert_int_equal(number_next(&at, row->most, &value), row->digits > 0);
	assert_ptr_equal(at, row->name + row->digits);
	assert_int_equal(value, row->digits > 0 ? row->value : 4711);

	value = 4711;
	assert_int_equal(
	    number_parse(row->name, strlen(row->name), row->most, &value), row->is_whole);
	assert_int_equal(value, row->is_whole ? row->value : 4711);
}

/* The end is where the length says, not at a NUL. */
static void
length_counts(void **state)
{
	uint64_t value;

	(void)state;
	assert_true(number_parse("1234", 2, 99, &value));
	assert_int_equal(value, 12);
	assert_false(number_parse("12\0", 3, 99, &value));
}

int
main(void)
{
	enum { ROWS = sizeof(rows) / sizeof(rows[0]) };
	struct CMUnitTest tests[ROWS + 1] = { cmocka_unit_test(length_counts) };

	for (size_t i = 0; i < ROWS; i++)
		tests[i + 1] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = check_row,
			.initial_state = &rows[i] };
	return cmocka_run_group_tests_name("number", tests, NULL, NULL);
}
