#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wal/walname.h"

#define MIB (UINT32_C(1024) * 1024)

/* LSN 1/23456789 was looked up on clusters of 1, 64 and 1024 MiB segments. */
static struct row {
	const char *name;
	uint32_t segsize, timeline;
	uint64_t lsn;
} rows[] = {
	{ "000000010000000100000234", 1 * MIB, 1, 0x123456789 },
	{ "000000010000000100000023", 16 * MIB, 1, 0x123456789 },
	{ "000000010000000100000008", 64 * MIB, 1, 0x123456789 },
	{ "000000010000000100000000", 1024 * MIB, 1, 0x123456789 },
	{ "000000010000000000000000", 16 * MIB, 1, 0 },
	{ "0000000100000000000000FF", 16 * MIB, 1, 0xFFFFFFFF },
	{ "000000010000000100000000", 16 * MIB, 1, 0x100000000 },
	{ "FFFFFFFFFFFFFFFF000000FF", 16 * MIB, UINT32_MAX, UINT64_MAX },
	{ "FFFFFFFFFFFFFFFF00000FFF", 1 * MIB, UINT32_MAX, UINT64_MAX },
	{ "FFFFFFFFFFFFFFFF00000003", 1024 * MIB, UINT32_MAX, UINT64_MAX },
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static void
there_and_back(void **state)
{
	const struct row *row = *state;
	char name[WALNAME_SIZE];
	uint32_t timeline;
	uint64_t segno = walname_segment(row->lsn, row->segsize), parsed;

	walname_build(name, row->timeline, segno, row->segsize);
	assert_string_equal(name, row->name);
	assert_true(walname_is_segment(name));
	assert_false(walname_is_history(name));
	assert_true(walname_parse(name, row->segsize, &timeline, &parsed));
	assert_int_equal(timeline, row->timeline);
	assert_int_equal(parsed, segno);
}

static void
no_segments(void **state)
{
	static const struct {
		const char *name;
		uint32_t segsize;
		bool has_form;
	} bad[] = {
		{ "", 16 * MIB, false },
		{ "00000001000000000000001", 16 * MIB, false },
		{ "0000000100000000000000010", 16 * MIB, false },
		{ "0000000100000000000000fe", 16 * MIB, false },
		{ "0000000100000000000000G0", 16 * MIB, false },
		{ "00000001 0000000000000 1", 16 * MIB, false },
		{ "000000010000000000000001.partial", 16 * MIB, false },
		{ "000000010000000000000001.00000028.backup", 16 * MIB, false },
		{ "00000001.history", 16 * MIB, false },
		{ "xlogtemp.4242", 16 * MIB, false },
		{ "archive_status", 16 * MIB, false },
		{ "000000000000000000000001", 16 * MIB, true },
		{ "000000010000000000000100", 16 * MIB, true },
		{ "000000010000000000000004", 1024 * MIB, true },
		{ "0000000100000000FFFFFFFF", 1 * MIB, true },
	};
	uint32_t timeline = 7;
	uint64_t segno = 8;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(walname_is_segment(bad[i].name), bad[i].has_form);
		assert_false(
		    walname_parse(bad[i].name, bad[i].segsize, &timeline, &segno));
	}
	assert_int_equal(timeline, 7);
	assert_int_equal(segno, 8);
}

static void
histories(void **state)
{
	static const char *const bad[] = { "", "0000000A", "0000000A.histor",
		"0000000A.historyx", "0000000a.history", "000000A.history",
		"00000000A.history", "0000000A.backup", "0000000A history" };
	char name[WALNAME_HISTORY_SIZE];
	uint32_t timeline = 0;

	(void)state;
	walname_build_history(name, 10);
	assert_string_equal(name, "0000000A.history");
	assert_true(walname_is_history(name));
	assert_true(walname_parse_history(name, &timeline));
	assert_int_equal(timeline, 10);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(walname_is_history(bad[i]));
		assert_false(walname_parse_history(bad[i], &timeline));
	}
	assert_true(walname_is_history("00000000.history"));
	assert_false(walname_parse_history("00000000.history", &timeline));
	assert_int_equal(timeline, 10);
}

/* A stop position on a boundary needs only the segment before it. */
static void
last_segments(void **state)
{
	(void)state;
	assert_int_equal(walname_last_segment(0, 16 * MIB), 0);
	assert_int_equal(walname_last_segment(1, 16 * MIB), 0);
	assert_int_equal(walname_last_segment(0x5000000, 16 * MIB), 4);
	assert_int_equal(walname_last_segment(0x5000001, 16 * MIB), 5);
	assert_int_equal(walname_last_segment(UINT64_MAX, 16 * MIB), UINT64_MAX >> 24);
	assert_int_equal(walname_segment(0x5000000, 16 * MIB), 5);
}

int
main(void)
{
	struct CMUnitTest tests[ROWS + 3] = {
		cmocka_unit_test(no_segments),
		cmocka_unit_test(histories),
		cmocka_unit_test(last_segments),
	};

	for (size_t i = 0; i < ROWS; i++)
		tests[3 + i] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = there_and_back,
			.initial_state = &rows[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
