#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wal/walpage.h"

/*
 * A cluster of 64 KiB segments, eight pages each, on timeline 3.  Timeline 1 was left in
 * mid page at 2/14000 + 0x100, timeline 2 exactly at the start of page 2/24000.
 */
#define SEGMENT UINT64_C(0x10000)
#define PAGE UINT64_C(0x2000)
#define LSN(low) (UINT64_C(0x200000000) + (low))
#define ID UINT64_C(7710953701937684148)

static const char history_text[] = "1\t2/14100\tx\n2\t2/24000\tx\n";
static struct walhistory history;

static struct walpage_expect expect = {
	.system_identifier = ID,
	.segment_size = SEGMENT,
	.block_size = PAGE,
	.history = &history,
};

static int
read_history(void **state)
{
	struct error err;

	(void)state;
	expect.version = cluster_version(15);
	return walhistory_parse(history_text, strlen(history_text), 3, &history, &err);
}

static int
free_history(void **state)
{
	(void)state;
	walhistory_free(&history);
	return 0;
}

/* Store the low ${width} bytes of a number as this machine does. */
static void
put(uint8_t *at, size_t width, uint64_t value)
{
	const uint16_t two = (uint16_t)value;
	const uint32_t four = (uint32_t)value;

	if (width == 2)
		memcpy(at, &two, 2);
	else if (width == 4)
		memcpy(at, &four, 4);
	else
		memcpy(at, &value, 8);
}

/* A page as the server makes it, with some content. */
static void
make_page(uint8_t page[PAGE], uint64_t lsn, uint32_t timeline)
{
	bool is_first = lsn % SEGMENT == 0;

	memset(page, 0, PAGE);
	put(page, 2, 0xD110);
	put(page + 2, 2, is_first ? 6 : 4);
	put(page + 4, 4, timeline);
	put(page + 8, 8, lsn);
	if (is_first) {
		put(page + 24, 8, ID);
		put(page + 32, 4, SEGMENT);
		put(page + 36, 4, PAGE);
	}
	memset(page + 64, 0xA5, PAGE - 64);
}

/* A page, one field of it changed, and what is said of it; NULL: nothing is wrong. */
static struct row {
	const char *name;
	uint64_t lsn;
	uint32_t timeline, name_timeline;
	size_t at, width; /* of the field; 0: none is changed */
	uint64_t value;
	const char *error;
} rows[] = {
	{ "first page", LSN(0x10000), 1, 1, 0, 0, 0, NULL },
	{ "later page", LSN(0x12000), 1, 1, 0, 0, 0, NULL },
	{ "never archived", LSN(0x12000), 1, 1, 2, 2, 0, NULL },
	{ "record left abandoned", LSN(0x12000), 1, 1, 2, 2, 12, NULL },

	{ "old timeline in the new file", LSN(0x10000), 1, 2, 0, 0, 0, NULL },
	{ "switch in the page", LSN(0x14000), 1, 2, 0, 0, 0, NULL },
	{ "page after the switch", LSN(0x16000), 2, 2, 0, 0, 0, NULL },
	{ "before a switch at a page's start", LSN(0x22000), 2, 3, 0, 0, 0, NULL },
	{ "switch at a page's start", LSN(0x24000), 3, 3, 0, 0, 0, NULL },
	{ "old file, after the switch", LSN(0x16000), 1, 1, 0, 0, 0, NULL },
	{ "older file, after both", LSN(0x26000), 2, 2, 0, 0, 0, NULL },

	{ "new timeline too early", LSN(0x14000), 2, 2, 0, 0, 0,
	    "WAL page at 2/14000: timeline 2, expected 1" },
	{ "old timeline too late", LSN(0x16000), 1, 2, 0, 0, 0,
	    "WAL page at 2/16000: timeline 1, expected 2" },
	{ "newer than its file", LSN(0x26000), 3, 2, 0, 0, 0,
	    "WAL page at 2/26000: timeline 3, expected 2" },
	{ "timeline of another lineage", LSN(0x26000), 9, 3, 0, 0, 0,
	    "WAL page at 2/26000: timeline 9, expected 3" },
	{ "file of another lineage", LSN(0x26000), 9, 9, 0, 0, 0,
	    "WAL page at 2/26000: timeline 9 of the file is not in the history of "
	    "timeline "
	    "3" },

	{ "magic of 14", LSN(0x10000), 1, 1, 0, 2, 0xD10D,
	    "WAL page at 2/10000: magic number D10D, expected D110" },
	{ "recycled", LSN(0x10000), 1, 1, 8, 8, LSN(0),
	    "WAL page at 2/10000: unexpected page address 2/0: the segment was recycled, and its "
	    "content is older" },
	{ "stale page", LSN(0x12000), 1, 1, 8, 8, LSN(0x2000),
	    "WAL page at 2/12000: unexpected page address 2/2000: the page was not written since the "
	    "segment "
	    "was recycled" },
	{ "unknown flag", LSN(0x12000), 1, 1, 2, 2, 0x14,
	    "WAL page at 2/12000: invalid flags 0014" },
	{ "first page with a short header", LSN(0x10000), 1, 1, 2, 2, 4,
	    "WAL page at 2/10000: invalid flags 0004: they are not those of the first page of a segment" },
	{ "later page with a long header", LSN(0x12000), 1, 1, 2, 2, 6,
	    "WAL page at 2/12000: invalid flags 0006: they are those of the first page of a segment" },
	{ "no rest of a record", LSN(0x12000), 1, 1, 2, 2, 5,
	    "WAL page at 2/12000: flags 0005 do not match the 0 bytes that are left of a record" },
	{ "rest of no record", LSN(0x12000), 1, 1, 16, 4, 99,
	    "WAL page at 2/12000: flags 0004 do not match the 99 bytes that are left of a record" },
	{ "another cluster", LSN(0x10000), 1, 1, 24, 8, 42,
	    "WAL page at 2/10000: page is of another cluster: system identifier 42, expected "
	    "7710953701937684148" },
	{ "other segment size", LSN(0x10000), 1, 1, 32, 4, 16777216,
	    "WAL page at 2/10000: segment size 16777216, expected 65536" },
	{ "other page size", LSN(0x10000), 1, 1, 36, 4, 16384,
	    "WAL page at 2/10000: page size 16384, expected 8192" },
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static void
check_row(void **state)
{
	const struct row *row = *state;
	uint8_t page[PAGE];
	struct error err = { 0 };
	int rc;

	make_page(page, row->lsn, row->timeline);
	if (row->width)
		put(page + row->at, row->width, row->value);
	rc = walpage_check(&expect, page, PAGE, row->lsn, row->name_timeline, &err);
	assert_string_equal(err.text, row->error ? row->error : "");
	assert_int_equal(rc, row->error ? -1 : 0);
}

static void
inside_a_record(void **state)
{
	uint8_t page[PAGE];
	struct error err = { 0 };

	(void)state;
	make_page(page, LSN(0x12000), 1);
	put(page + 2, 2, 5);
	put(page + 16, 4, 100000);
	assert_int_equal(walpage_check(&expect, page, PAGE, LSN(0x12000), 1, &err), 0);
}

/* 19 gave the flag of an abandoned record another place; none of its pages has the old one. */
static void
flags_of_19(void **state)
{
	struct walpage_expect of_19 = expect;
	uint8_t page[PAGE];
	struct error err = { 0 };

	(void)state;
	of_19.version = cluster_version(19);
	make_page(page, LSN(0x12000), 1);
	put(page, 2, 0xD122);
	put(page + 2, 2, 4);
	assert_int_equal(walpage_check(&of_19, page, PAGE, LSN(0x12000), 1, &err), 0);
	put(page + 2, 2, 8);
	assert_int_equal(walpage_check(&of_19, page, PAGE, LSN(0x12000), 1, &err), -1);
	assert_string_equal(err.text, "WAL page at 2/12000: invalid flags 0008");
}

static void
cut_header(void **state)
{
	(void)state;
	for (size_t len = 0; len <= WALPAGE_LONG_HEADER; len++) {
		uint8_t page[PAGE], *copy = malloc(len ? len : 1);
		struct error err = { 0 };

		assert_non_null(copy);
		make_page(page, LSN(0x10000), 1);
		memcpy(copy, page, len);
		assert_int_equal(walpage_check(&expect, copy, len, LSN(0x10000), 1, &err),
		    len < WALPAGE_LONG_HEADER ? -1 : 0);
		make_page(page, LSN(0x12000), 1);
		memcpy(copy, page, len);
		assert_int_equal(walpage_check(&expect, copy, len, LSN(0x12000), 1, &err),
		    len < WALPAGE_SHORT_HEADER ? -1 : 0);
		free(copy);
	}
}

int
main(void)
{
	struct CMUnitTest tests[ROWS + 3] = {
		cmocka_unit_test(inside_a_record),
		cmocka_unit_test(cut_header),
		cmocka_unit_test(flags_of_19),
	};

	for (size_t i = 0; i < ROWS; i++)
		tests[3 + i] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = check_row,
			.initial_state = &rows[i] };
	return cmocka_run_group_tests(tests, read_history, free_history);
}
