/* When a slot is given up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "server/slotguard.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define KIB UINT64_C(1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

/* A slot taken at 1 GiB, at second 100, of a cluster with segments of 16 MiB. */
static const struct row {
	const char *name;
	int64_t wal_limit, idle_limit; /* 0: none */
	struct slotguard_now now;
	const char *text; /* NULL: it is kept */
} rows[] = {
	{ "nothing is known", .now = { .time = 100 } },
	{ "room enough", .now = { 200, 2 * GIB, 100 * GIB, 1000 * GIB } },

	/* 48 MiB in 200 s make 72 MiB in 300; eight segments are 128 MiB */
	{ "quiet: just room for 8 segments",
	    .now = { 300, GIB + 48 * MIB, 128 * MIB, 100 * GIB } },
	{ "quiet: less than room for 8 segments",
	    .now = { 300, GIB + 48 * MIB, 128 * MIB - 1, 100 * GIB },
	    .text =
		"127 MB are left where the server writes WAL, and the slot holds back "
		"48 MB" },
	/* 1 GiB in 100 s makes 3 GiB in 300 */
	{ "busy: just room for 300 s", .now = { 200, 2 * GIB, 3 * GIB, 100 * GIB } },
	{ "busy: less than room for 300 s",
	    .now = { 200, 2 * GIB, 3 * GIB - 1, 100 * GIB },
	    .text =
		"3071 MB are left where the server writes WAL, and the slot holds back "
		"1024 MB" },
	/* but a quarter of a small file system is enough */
	{ "small: just a quarter is left", .now = { 200, 2 * GIB, GIB, 4 * GIB } },
	{ "small: less than a quarter is left", .now = { 200, 2 * GIB, GIB - 1, 4 * GIB },
	    .text =
		"1023 MB are left where the server writes WAL, and the slot holds back "
		"1024 MB" },
	/* 64 MiB in 10 s make 1920 MiB in 300 */
	{ "a burst in the first moment: room",
	    .now = { 100, GIB + 64 * MIB, 1920 * MIB, 100 * GIB } },
	{ "a burst in the first moment: no room",
	    .now = { 100, GIB + 64 * MIB, 1920 * MIB - 1, 100 * GIB },
	    .text =
		"1919 MB are left where the server writes WAL, and the slot holds back "
		"64 MB" },
	{ "full, but not of what the slot holds",
	    .now = { 300, GIB + 32 * MIB - 1, 0, 100 * GIB } },
	{ "full, and the WAL's position is not known", .now = { 300, 0, 0, 100 * GIB } },
	{ "WAL before the slot's start", .now = { 300, MIB, 0, 100 * GIB } },

	{ "seven eighths of the limit on WAL", .wal_limit = 64,
	    .now = { 300, GIB + 56 * MIB, GIB, 2 * GIB } },
	{ "more than seven eighths", .wal_limit = 64,
	    .now = { 300, GIB + 56 * MIB + 1, GIB, 2 * GIB },
	    .text = "the slot holds back 56 MB, and max_slot_wal_keep_size is 64 MB" },
	{ "a limit near the largest", .wal_limit = INT32_MAX,
	    .now = { 300, 2 * GIB, 100 * GIB, 101 * GIB } },

	{ "long before the limit on time", .idle_limit = 60, .now = { .time = 144 } },
	{ "15 s before the limit on time", .idle_limit = 60, .now = { .time = 145 },
	    .text = "the slot is 45 s old, and idle_replication_slot_timeout is 60 s" },
	{ "half of a short limit", .idle_limit = 10, .now = { .time = 105 },
	    .text = "the slot is 5 s old, and idle_replication_slot_timeout is 10 s" },
	{ "less than that", .idle_limit = 10, .now = { .time = 104.9 } },

	{ "two reasons: the worse one is told", .wal_limit = 64, .idle_limit = 60,
	    .now = { 300, GIB + 64 * MIB, MIB, 100 * GIB },
	    .text =
		"1 MB are left where the server writes WAL, and the slot holds back 64 MB" },
};

static void
check_row(void **state)
{
	const struct row *row = *state;
	const struct slotguard guard = {
		.start_lsn = GIB,
		.taken = 100,
		.segment_size = 16 * MIB,
		.wal_limit = row->wal_limit ? row->wal_limit : -1,
		.idle_limit = row->idle_limit ? row->idle_limit : -1,
	};
	struct error why = { 0 };

	assert_int_equal(slotguard_is_due(&guard, &row->now, &why), row->text != NULL);
	assert_string_equal(why.text, row->text ? row->text : "");
	assert_int_equal(why.kind, row->text ? ERROR_STATE : ERROR_NONE);
}

int
main(void)
{
	struct CMUnitTest tests[COUNT(rows)];

	for (size_t i = 0; i < COUNT(rows); i++)
		tests[i] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = check_row,
			.initial_state = (void *)(uintptr_t)&rows[i] };
	return cmocka_run_group_tests_name("slotguard", tests, NULL, NULL);
}
