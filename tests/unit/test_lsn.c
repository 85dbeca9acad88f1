#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/lsn.h"

static struct row {
	const char *name;
	uint64_t lsn;
} rows[] = {
	{ "0/0", 0 },
	{ "0/1", 1 },
	{ "0/2000028", 0x2000028 },
	{ "0/FFFFFFFF", 0xFFFFFFFF },
	{ "1/0", UINT64_C(0x100000000) },
	{ "16/B374D848", UINT64_C(0x16B374D848) },
	{ "FFFFFFFF/FFFFFFFF", UINT64_MAX },
};

static void
there_and_back(void **state)
{
	const struct row *row = *state;
	char text[LSN_TEXT];
	uint64_t lsn = 7;

	assert_true(lsn_parse(row->name, &lsn));
	assert_int_equal(lsn, row->lsn);
	assert_ptr_equal(lsn_print(text, lsn), text);
	assert_string_equal(text, row->name);
}

/* As 19 writes it. */
static void
padded(void **state)
{
	static const struct {
		const char *text;
		uint64_t lsn;
	} all[] = {
		{ "0/00000000", 0 },
		{ "0/03000028", 0x3000028 },
		{ "1/00000023", UINT64_C(0x100000023) },
		{ "16/B374D848", UINT64_C(0x16B374D848) },
		{ "FFFFFFFF/0FFFFFFF", UINT64_C(0xFFFFFFFF0FFFFFFF) },
	};
	char text[LSN_TEXT];
	uint64_t lsn;

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		assert_true(lsn_parse(all[i].text, &lsn));
		assert_int_equal(lsn, all[i].lsn);
		assert_ptr_equal(lsn_print_padded(text, lsn), text);
		assert_string_equal(text, all[i].text);
	}
}

static void
no_lsn(void **state)
{
	static const char *const bad[] = { "", "/", "0/", "/0", "0", "00/0", "0/01",
		"0/0000001", "0/000000001", "01/00000000", "00000001/00000000", "0/0 ",
		" 0/0", "0/0\n", "+0/0", "0/-1", "0x0/0", "0/b", "a/0", "0//0", "0/0/0",
		"0/G", "100000000/0", "0/100000000", "-1/0" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint64_t lsn = 7;

		assert_false(lsn_parse(bad[i], &lsn));
		assert_int_equal(lsn, 7);
	}
}

int
main(void)
{
	enum { ROWS = sizeof(rows) / sizeof(rows[0]) };
	struct CMUnitTest tests[ROWS + 2] = { cmocka_unit_test(no_lsn),
		cmocka_unit_test(padded) };

	for (size_t i = 0; i < ROWS; i++)
		tests[i + 2] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = there_and_back,
			.initial_state = &rows[i] };
	return cmocka_run_group_tests_name("lsn", tests, NULL, NULL);
}
