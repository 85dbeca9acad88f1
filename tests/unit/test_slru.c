#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pg/slru.h"

static void
names(void **state)
{
	static const struct {
		const char *path;
		bool is_one;
		enum slru_kind kind;
		uint64_t segment;
	} all[] = {
		{ "pg_xact/0000", true, SLRU_XACT, 0 },
		{ "pg_xact/0FFF", true, SLRU_XACT, 0xFFF },
		{ "pg_multixact/offsets/FFFF", true, SLRU_OFFSETS, 0xFFFF },
		{ "pg_multixact/members/14078", true, SLRU_MEMBERS, 0x14078 },
		{ "pg_multixact/members/000000000014078", true, SLRU_MEMBERS, 0x14078 },
		{ "pg_commit_ts/0001", true, SLRU_COMMIT_TS, 1 },
		{ "pg_xact", false, SLRU_XACT, 0 },
		{ "pg_xact/", false, SLRU_XACT, 0 },
		{ "pg_xact/000", false, SLRU_XACT, 0 },
		{ "pg_xact/00000", false, SLRU_XACT, 0 },
		{ "pg_xact/000a", false, SLRU_XACT, 0 },
		{ "pg_xact/0000.old", false, SLRU_XACT, 0 },
		{ "pg_xact/1234567", false, SLRU_XACT, 0 },
		{ "pg_multixact/0000", false, SLRU_XACT, 0 },
		{ "pg_subtrans/0000", false, SLRU_XACT, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		enum slru_kind kind = SLRU_KINDS;
		uint64_t segment = 77;

		if (slru_locate(all[i].path, &kind, &segment) != all[i].is_one)
			fail_msg("\"%s\"", all[i].path);
		assert_int_equal(kind, all[i].is_one ? all[i].kind : SLRU_KINDS);
		assert_int_equal(segment, all[i].is_one ? all[i].segment : 77);
	}
}

static void
paths(void **state)
{
	char path[SLRU_PATH];

	(void)state;
	slru_path(path, SLRU_XACT, 10, cluster_version(15));
	assert_string_equal(path, "pg_xact/000A");
	slru_path(path, SLRU_MEMBERS, 0x14078, cluster_version(18));
	assert_string_equal(path, "pg_multixact/members/14078");
	slru_path(path, SLRU_MEMBERS, 1, cluster_version(19));
	assert_string_equal(path, "pg_multixact/members/000000000000001");
	slru_path(path, SLRU_OFFSETS, 1, cluster_version(19));
	assert_string_equal(path, "pg_multixact/offsets/0001");
}

/* As the server's own macros have it, of pages of 8192 bytes. */
static void
numbers(void **state)
{
	(void)state;
	assert_int_equal(slru_page_numbers(SLRU_XACT, 8192, cluster_version(15)), 32768);
	assert_int_equal(
	    slru_page_numbers(SLRU_OFFSETS, 8192, cluster_version(15)), 2048);
	assert_int_equal(
	    slru_page_numbers(SLRU_OFFSETS, 8192, cluster_version(19)), 1024);
	assert_int_equal(
	    slru_page_numbers(SLRU_MEMBERS, 8192, cluster_version(15)), 1636);
	assert_int_equal(
	    slru_page_numbers(SLRU_COMMIT_TS, 8192, cluster_version(15)), 819);
	assert_int_equal(slru_last_number(SLRU_MEMBERS, cluster_version(15)), UINT32_MAX);
	assert_int_equal(slru_last_number(SLRU_MEMBERS, cluster_version(19)), UINT64_MAX);
	assert_int_equal(slru_last_number(SLRU_XACT, cluster_version(19)), UINT32_MAX);
}

/* Of a page of 8192 bytes, four bytes a multixact up to 18, eight from 19 on. */
static void
members(void **state)
{
	static uint8_t bytes[2 * 8192];
	const uint32_t narrow = 0x01020304;
	const uint64_t wide = UINT64_C(0x0102030405060708);
	static const char first[] = "pg_multixact/offsets/0000";

	(void)state;
	memcpy(bytes + 8192 + 4 * 5, &narrow, sizeof(narrow));
	memcpy(bytes + 8 * 7, &wide, sizeof(wide));
	assert_int_equal(slru_first_member(first, bytes, sizeof(bytes), 2048 + 5, 8192,
			     cluster_version(18)),
	    narrow);
	assert_int_equal(
	    slru_first_member(first, bytes, sizeof(bytes), 7, 8192, cluster_version(19)),
	    wide);
	/* in another segment; cut off; nothing there yet */
	assert_int_equal(slru_first_member("pg_multixact/offsets/0001", bytes,
			     sizeof(bytes), 2048 + 5, 8192, cluster_version(18)),
	    0);
	assert_int_equal(slru_first_member(first, bytes, 8192 + 4 * 5 + 3, 2048 + 5, 8192,
			     cluster_version(18)),
	    0);
	assert_int_equal(
	    slru_first_member(first, bytes, sizeof(bytes), 8, 8192, cluster_version(18)),
	    0);
}

/* Four transactions a byte, the first in its lowest bits. */
static void
statuses(void **state)
{
	const uint8_t bytes[] = { 0x00,
		0x1B << 2 | 0x03 }; /* 3, 3, 2, 1 from the lowest */
	const uint32_t per_segment = 1048576;

	(void)state;
	assert_int_equal(slru_xact_segment(0), 0);
	assert_int_equal(slru_xact_segment(per_segment), 1);
	assert_int_equal(slru_xact_segment(UINT32_MAX), SLRU_XACT_SEGMENTS - 1);
	assert_int_equal(slru_xact_status(bytes, 2, 0), SLRU_XACT_UNKNOWN);
	assert_int_equal(slru_xact_status(bytes, 2, 5), SLRU_XACT_UNKNOWN);
	assert_int_equal(slru_xact_status(bytes, 2, 6), SLRU_XACT_ABORTED);
	assert_int_equal(slru_xact_status(bytes, 2, 7), SLRU_XACT_COMMITTED);
	assert_int_equal(
	    slru_xact_status(bytes, 2, per_segment + 7), SLRU_XACT_COMMITTED);
	assert_int_equal(slru_xact_status(bytes, 2, 8), SLRU_XACT_UNKNOWN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(names),
		cmocka_unit_test(paths), cmocka_unit_test(numbers),
		cmocka_unit_test(members), cmocka_unit_test(statuses) };

	return cmocka_run_group_tests_name("slru", tests, NULL, NULL);
}
