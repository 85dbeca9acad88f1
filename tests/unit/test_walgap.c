/* Which WAL segments are missing, and what is said of each gap. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proof/walgap.h"
#include "support/judged.c.inc"
#include "tar/header.h"

/* Segments of 1 MiB, of which the backup begins with number 7, in the lower four digits of a name. */
enum { SIZE = 1 << 20 };

#define NAME(timeline, number) "0000000" timeline "00000000000000" number
#define PATH(number) "\"pg_wal/" NAME("1", number) "\": "
#define ONE(number) "WAL segment \"" NAME("1", number) "\" is missing"
#define MORE(first, last, count) \
	"WAL segments \"" NAME("1", first) "\" to \"" NAME( \
	    "1", last) "\" (" count " of them) are missing"

static const struct row {
	const char *name;
	const char *files; /* the numbers that came; after "d" that of a directory */
	unsigned missing;  /* the number of the first that the walk lacks */
	uint64_t records;  /* before it */
	uint64_t stop;     /* in segments and bytes; 0: not known */
	unsigned last;     /* the number of the last that came */
	const char *said;
} rows[] = {
	{ "one", "7 9", 8, 5, 9 * SIZE + 40, 9,
	    "missing: " PATH("08") ONE(
		"08") ": the WAL is complete up to 0/7FFFD8, but the backup needs it up to 0/900028\n" },
	{ "to the stop", "7", 8, 5, 10 * SIZE + 40, 7,
	    "missing: " PATH("08") MORE("08", "0A",
		"3") ": the WAL is complete up to 0/7FFFD8, but the backup needs it up to 0/A00028\n" },
	/* the stop is the first byte that is not needed any more */
	{ "to the end of a segment", "7", 8, 5, 9 * SIZE, 7,
	    "missing: " PATH("08") ONE(
		"08") ": the WAL is complete up to 0/7FFFD8, but the backup needs it up to 0/900000\n" },
	{ "to the first byte of the next", "7", 8, 5, 9 * SIZE + 1, 7,
	    "missing: " PATH("08") MORE("08", "09",
		"2") ": the WAL is complete up to 0/7FFFD8, but the backup needs it up to 0/900001\n" },
	{ "gaps", "7 8 12 14", 9, 5, 15 * SIZE + 40, 14,
	    "missing: " PATH("09") MORE("09", "0B",
		"3") ": the WAL is complete up to 0/8FFFD8, but the backup needs it up to 0/F00028\n"
		     "missing: " PATH("0D") ONE(
			 "0D") " as well: the backup needs the WAL up to 0/F00028\n"
			       "missing: " PATH("0F") ONE(
				   "0F") " as well: the backup needs the WAL up to 0/F00028\n" },
	{ "the first", "8", 7, 0, 8 * SIZE + 40, 8,
	    "missing: " PATH("07") ONE(
		"07") ": it is the first, the backup needs the WAL up to 0/800028\n" },
	{ "the first ones", "9", 7, 0, 9 * SIZE + 40, 9,
	    "missing: " PATH("07") MORE("07", "08",
		"2") ": they are the first, the backup needs the WAL up to 0/900028\n" },
	{ "a directory is no file", "7 d8 9", 8, 5, 9 * SIZE + 40, 9,
	    "missing: " PATH("08") ONE(
		"08") ": the WAL is complete up to 0/7FFFD8, but the backup needs it up to 0/900028\n" },
	/* where the stop is not known only files that follow show where a gap ends */
	{ "no stop, and no file follows", "7", 8, 5, 0, 7,
	    "missing: " PATH("08") ONE(
		"08") ": the WAL is complete up to 0/7FFFD8, but the backup ends later\n" },
	{ "no stop", "7 10 12", 8, 5, 0, 12,
	    "missing: " PATH("08") MORE("08", "09",
		"2") ": the WAL is complete up to 0/7FFFD8, but the backup ends later\n"
		     "missing: " PATH("0B")
			 ONE("0B") " as well: later segments are there\n" },
	/* such as one of a label that is damaged */
	{ "a stop before the gap", "7 9", 8, 5, 7 * SIZE + 40, 9,
	    "missing: " PATH("08") ONE(
		"08") ": the WAL is complete up to 0/7FFFD8, but later segments are there\n" },
};

static int
begin(void **state)
{
	(void)state;
	return judged_begin();
}

static int
end(void **state)
{
	(void)state;
	judged_end();
	return 0;
}

static struct memberset_row *
add_file(unsigned number, char type)
{
	char path[64];

	snprintf(path, sizeof(path), "pg_wal/0000000100000000%08X", number);
	return heard_member(members, path, type, SIZE);
}

static void
add_files(const char *numbers)
{
	char *behind;

	for (const char *at = numbers; *at; at = *behind ? behind + 1 : behind) {
		const bool is_directory = *at == 'd';

		add_file((unsigned)strtoul(at + is_directory, &behind, 10),
		    is_directory ? TAR_DIRECTORY : TAR_FILE);
	}
}

static struct walgap
gap_of(void)
{
	return (struct walgap){ .findings = &findings,
		.members = members,
		.missing = &missing,
		.segment_size = SIZE };
}

/* The walk went on to 40 bytes before the segment that it lacks. */
static struct lineage
lineage_to(unsigned number, uint64_t records, unsigned last)
{
	struct lineage lineage = { .timeline = 1,
		.position = (uint64_t)number * SIZE - 40,
		.records = records,
		.missing_lsn = (uint64_t)number * SIZE,
		.last_lsn = (uint64_t)last * SIZE };

	snprintf(
	    lineage.missing, sizeof(lineage.missing), "0000000100000000%08X", number);
	return lineage;
}

static void
check_row(void **state)
{
	const struct row *row = *state;
	const struct lineage lineage = lineage_to(row->missing, row->records, row->last);
	struct walhistory history;
	struct error err = { 0 };
	struct walgap gap;

	assert_int_equal(begin(NULL), 0);
	gap = gap_of();
	assert_int_equal(walhistory_single(&history, 1, &err), 0);
	add_files(row->files);
	assert_int_equal(walgap_judge(&gap, &history, &lineage, row->stop, &err), 0);
	heard_expect(row->said);
	walhistory_free(&history);
	end(NULL);
}

static bool
is_told(const char *path)
{
	struct error err = { 0 };
	bool is;

	assert_int_equal(proof_missing_is_told(&missing, path, &is, &err), 0);
	return is;
}

/* The manifest, which may list them, does not tell them again: each of a gap is known. */
static void
each_is_known(void **state)
{
	const struct lineage lineage = lineage_to(8, 5, 9);
	const struct walgap gap = gap_of();
	struct walhistory history;
	struct error err = { 0 };

	(void)state;
	assert_int_equal(walhistory_single(&history, 1, &err), 0);
	add_files("7 11");
	assert_int_equal(walgap_judge(&gap, &history, &lineage, 11 * SIZE + 40, &err), 0);
	assert_false(is_told("pg_wal/" NAME("1", "07")));
	assert_true(is_told("pg_wal/" NAME("1", "08")));
	assert_true(is_told("pg_wal/" NAME("1", "09")));
	assert_true(is_told("pg_wal/" NAME("1", "0A")));
	assert_false(is_told("pg_wal/" NAME("1", "0B")));
	assert_int_equal(findings.count, 1);
	walhistory_free(&history);
}

/* A segment has the name of the timeline that owns its end. */
static void
promoted(void **state)
{
	static struct walhistory_row of[] = { { 1, 9 * SIZE + 100 }, { 2, UINT64_MAX } };
	const struct walhistory history = { 2, of };
	const struct lineage lineage = lineage_to(8, 5, 7);
	const struct walgap gap = gap_of();
	struct error err = { 0 };

	(void)state;
	add_files("7");
	/* the beginning of it that timeline 1 wrote is not what recovery reads */
	add_file(9, TAR_FILE);
	assert_int_equal(walgap_judge(&gap, &history, &lineage, 10 * SIZE + 40, &err), 0);
	heard_expect("missing: " PATH("08") "WAL segments \"" NAME(
	    "1", "08") "\" to \"" NAME("2",
	    "0A") "\" (3 of them) are missing: the WAL is complete up to 0/7FFFD8, but the backup needs it up to 0/A00028\n");
	assert_true(is_told("pg_wal/" NAME("2", "09")));
	assert_false(is_told("pg_wal/" NAME("1", "09")));
}

/* It is there: but its archive had it where it cannot be read, or what is wrong was told. */
static void
there_but_not_read(void **state)
{
	const struct lineage lineage = lineage_to(8, 5, 9);
	const struct walgap gap = gap_of();
	struct walhistory history;
	struct memberset_row *row;
	struct error err = { 0 };

	(void)state;
	assert_int_equal(walhistory_single(&history, 1, &err), 0);
	row = add_file(8, TAR_FILE);
	assert_int_equal(walgap_judge(&gap, &history, &lineage, 9 * SIZE + 40, &err), 0);
	heard_expect("wal: " PATH(
	    "08") "is out of order and could not be read: the WAL is complete up to 0/7FFFD8, the backup needs it up to 0/900028\n");
	row->is_not_read = true;
	assert_int_equal(walgap_judge(&gap, &history, &lineage, 9 * SIZE + 40, &err), 0);
	heard_expect("");
	walhistory_free(&history);
}

static void
none_at_all(void **state)
{
	const struct walgap gap = gap_of();
	struct error err = { 0 };

	(void)state;
	assert_int_equal(walgap_all(&gap, 7 * SIZE + 40, 1, 9 * SIZE + 40, &err), 0);
	heard_expect("missing: " PATH("07") MORE(
	    "07", "09", "3") ": the backup has no WAL, but needs it from 0/700028 on\n");
	assert_int_equal(walgap_all(&gap, 7 * SIZE + 40, 1, 0, &err), 0);
	heard_expect("missing: " PATH("07")
		ONE("07") ": the backup has no WAL, but needs it from 0/700028 on\n");
	/* of a stop before the start, as of a damaged label, no more than the first */
	assert_int_equal(walgap_all(&gap, 7 * SIZE + 40, 1, 5 * SIZE, &err), 0);
	heard_expect("missing: " PATH("07")
		ONE("07") ": the backup has no WAL, but needs it from 0/700028 on\n");
}

/* A stop that no backup has: all are counted, and the run comes to an end. */
static void
far_away(void **state)
{
	const struct walgap gap = gap_of();
	struct error err = { 0 };

	(void)state;
	assert_int_equal(walgap_all(&gap, 7 * SIZE + 40, 1, UINT64_MAX, &err), 0);
	heard_expect("missing: " PATH("07") "WAL segments \"" NAME("1",
	    "07") "\" to \"00000001FFFFFFFF00000FFF\" (17592186044409 of them) are missing: the backup has no WAL, but needs it from 0/700028 on\n");
}

int
main(void)
{
	enum { ROWS = sizeof(rows) / sizeof(rows[0]) };
	struct CMUnitTest tests[ROWS + 5] = {
		cmocka_unit_test_setup_teardown(each_is_known, begin, end),
		cmocka_unit_test_setup_teardown(promoted, begin, end),
		cmocka_unit_test_setup_teardown(there_but_not_read, begin, end),
		cmocka_unit_test_setup_teardown(none_at_all, begin, end),
		cmocka_unit_test_setup_teardown(far_away, begin, end),
	};

	for (size_t i = 0; i < ROWS; i++)
		tests[5 + i] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = check_row,
			.initial_state = (void *)(uintptr_t)&rows[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
