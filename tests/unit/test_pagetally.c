/* The tally of damaged pages: what is said, what is counted, what is remembered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "format/pagetally.h"
#include "pg/page.h"

static struct pagetally *tally;
static char said[100][256], parts[100][256];
static size_t nsaid;

static const char *
or_none(const char *text)
{
	return text ? text : "-";
}

static void
hear(const struct finding *f)
{
	if (nsaid < 100) {
		snprintf(said[nsaid], sizeof(said[0]), "%s", f->text);
		snprintf(parts[nsaid], sizeof(parts[0]), "%s %s %lld (%s) (%s)", f->kind,
		    or_none(f->file), f->has_block ? (long long)f->block : -1,
		    or_none(f->expected), or_none(f->found));
	}
	nsaid++;
}

static int
setup(void **state)
{
	struct error err = { 0 };

	(void)state;
	nsaid = 0;
	return pagetally_new(&tally, hear, &err);
}

static int
teardown(void **state)
{
	(void)state;
	pagetally_free(tally);
	return 0;
}

/* A piece of 10 pages with these notes. */
static void
tell(const char *path, struct pagetally_file *file, struct piece_note *notes, size_t n)
{
	const struct piece piece = {
		.len = 10 * PAGE_BYTES, .notes = notes, .nnotes = n
	};
	struct error err = { 0 };

	assert_int_equal(pagetally_piece(tally, path, file, &piece, &err), 0);
}

/* One with a page of that LSN, which is its file's last. */
static void
tell_lsn(const char *path, uint64_t block, uint64_t lsn)
{
	struct piece_note note = { block * PAGE_BYTES, PAGE_REPLAYED, 0, lsn };
	struct pagetally_file file = { 0 };
	struct error err = { 0 };

	tell(path, &file, &note, 1);
	assert_int_equal(pagetally_end(tally, path, &file, &err), 0);
}

static void
stop(uint64_t lsn)
{
	struct error err = { 0 };

	assert_int_equal(pagetally_stop(tally, lsn, &err), 0);
}

static void
nothing_found(void **state)
{
	struct pagetally_file file = { 0 };
	const struct piece last = { .len = 12000, .missing = 3000 };
	struct error err = { 0 };
	struct pagetally_sum sum;

	(void)state;
	tell("base/5/1", &file, NULL, 0);
	assert_int_equal(pagetally_piece(tally, "base/5/1", &file, &last, &err), 0);
	assert_int_equal(pagetally_end(tally, "base/5/1", &file, &err), 0);
	stop(0);
	sum = pagetally_sum(tally);
	assert_int_equal(sum.pages, 11);
	assert_int_equal(sum.files, 1);
	assert_int_equal(sum.damaged_pages, 0);
	assert_int_equal(sum.damaged_files, 0);
	assert_int_equal(nsaid, 0);
}

static void
later_pages_are_counted(void **state)
{
	struct piece_note notes[] = { { 0, PAGE_LATER, 100, 108 },
		{ PAGE_BYTES, PAGE_LATER, 100, 400 },
		{ 2 * PAGE_BYTES, PAGE_LATER, 100, 300 } };
	struct pagetally_file file = { 0 };
	struct error err = { 0 };
	struct pagetally_sum sum;
	uint64_t block, lsn;

	(void)state;
	assert_null(pagetally_latest(tally, &block, &lsn));
	tell("base/5/1", &file, notes, 3);
	assert_int_equal(pagetally_end(tally, "base/5/1", &file, &err), 0);
	stop(100);
	sum = pagetally_sum(tally);
	assert_int_equal(sum.later_pages, 3);
	assert_string_equal(pagetally_latest(tally, &block, &lsn), "base/5/1");
	assert_int_equal(block, 1);
	assert_int_equal(lsn, 400);
	assert_int_equal(sum.damaged_pages, 0);
	assert_int_equal(nsaid, 0);
}

static void
findings_are_said(void **state)
{
	struct piece_note notes[] = {
		{ 3 * PAGE_BYTES, PAGE_BAD_CHECKSUM, 0x1A2B, 0xC },
		{ 200000 * (uint64_t)PAGE_BYTES, PAGE_NEW_NOT_ZERO, 0, 24 },
	};
	struct pagetally_file file = { 0 }, other = { 0 };
	struct error err = { 0 };
	struct pagetally_sum sum;

	(void)state;
	tell("base/5/1", &file, notes, 2);
	assert_int_equal(pagetally_end(tally, "base/5/1", &file, &err), 0);
	tell("base/5/2", &other, notes, 1);
	assert_int_equal(pagetally_end(tally, "base/5/2", &other, &err), 0);
	assert_int_equal(nsaid, 3);
	assert_string_equal(
	    said[0], "file \"base/5/1\", block 3: checksum 1A2B expected, C found");
	assert_string_equal(said[1],
	    "file \"base/5/1\", block 200000: zeros expected in a page that says it is new, "
	    "other bytes found from offset 24 on");
	assert_string_equal(
	    said[2], "file \"base/5/2\", block 3: checksum 1A2B expected, C found");
	assert_string_equal(parts[0], "checksum base/5/1 3 (1A2B) (C)");
	assert_string_equal(
	    parts[1], "not_zero base/5/1 200000 (zeros) (other bytes from offset 24 on)");
	assert_string_equal(parts[2], "checksum base/5/2 3 (1A2B) (C)");
	sum = pagetally_sum(tally);
	assert_int_equal(sum.damaged_pages, 3);
	assert_int_equal(sum.damaged_files, 2);
}

/* A file with a thousand damaged pages does not fill the mail. */
static void
many_are_counted(void **state)
{
	struct pagetally_file file = { 0 };
	struct error err = { 0 };

	(void)state;
	for (uint64_t i = 0; i < 1000; i++) {
		struct piece_note note = { i * PAGE_BYTES, PAGE_BAD_CHECKSUM, 1, 2 };

		tell("base/5/1", &file, &note, 1);
	}
	assert_int_equal(nsaid, PAGETALLY_NAMED);
	assert_int_equal(pagetally_end(tally, "base/5/1", &file, &err), 0);
	assert_int_equal(nsaid, PAGETALLY_NAMED + 1);
	assert_string_equal(
	    said[PAGETALLY_NAMED], "file \"base/5/1\": 980 more damaged blocks");
	assert_string_equal(parts[PAGETALLY_NAMED], "more base/5/1 -1 (-) (-)");
	assert_int_equal(pagetally_sum(tally).damaged_pages, 1000);
	assert_int_equal(pagetally_sum(tally).damaged_files, 1);
}

/* However many pages come before and after, the one that is beyond the stop is found. */
static void
greatest_are_remembered(void **state)
{
	char path[32];

	(void)state;
	for (uint64_t i = 0; i < 5000; i++) {
		uint64_t horizon = pagetally_horizon(tally);

		snprintf(path, sizeof(path), "base/5/%d", (int)(i % 70));
		if (i == 1234)
			tell_lsn("base/5/99", 7, UINT64_C(0x900000028));
		tell_lsn(path, i, 1000000 + i * 7919 % 5000);
		assert_true(pagetally_horizon(tally) >= horizon);
	}
	/* all but that one are between 1000000 and 1004999 */
	assert_true(pagetally_horizon(tally) == 1005000 - (PAGETALLY_GREATEST - 1));
	stop(1004999);
	assert_int_equal(nsaid, 1);
	assert_string_equal(said[0],
	    "file \"base/5/99\", block 7: LSN up to 0/F55C7 expected, 9/28 found");
	assert_string_equal(parts[0], "lsn base/5/99 7 (0/F55C7) (9/28)");
	assert_int_equal(pagetally_sum(tally).damaged_pages, 1);
	assert_int_equal(pagetally_sum(tally).damaged_files, 1);
}

/* As many as fit, and no file counted twice. */
static void
damage_beyond_is_counted(void **state)
{
	struct piece_note notes[] = { { 0, PAGE_BAD_CHECKSUM, 1, 2 },
		{ PAGE_BYTES, PAGE_REPLAYED, 0, 5000 } };
	struct pagetally_file file = { 0 };
	struct error err = { 0 };

	(void)state;
	tell("base/5/1", &file, notes, 2);
	assert_int_equal(pagetally_end(tally, "base/5/1", &file, &err), 0);
	for (uint64_t i = 0; i < 3; i++)
		tell_lsn("base/5/2", i, 6000 + i);
	for (uint64_t i = 0; i < 3; i++)
		tell_lsn("base/5/3", i, 1000 + i);
	stop(4000);
	assert_int_equal(nsaid, 5);
	assert_int_equal(pagetally_sum(tally).damaged_pages, 5);
	assert_int_equal(pagetally_sum(tally).damaged_files, 2);
}

static void
all_rows_are_beyond(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 500; i++)
		tell_lsn("base/5/1", i, 1000 + i);
	stop(10);
	assert_int_equal(nsaid, PAGETALLY_GREATEST + 1);
	assert_string_equal(said[PAGETALLY_GREATEST],
	    "more blocks may have a later LSN: only the 64 with the latest are remembered");
	assert_string_equal(parts[PAGETALLY_GREATEST], "more - -1 (-) (-)");
	assert_int_equal(pagetally_sum(tally).damaged_pages, PAGETALLY_GREATEST);
	assert_int_equal(pagetally_sum(tally).damaged_files, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(later_pages_are_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_found, setup, teardown),
		cmocka_unit_test_setup_teardown(findings_are_said, setup, teardown),
		cmocka_unit_test_setup_teardown(many_are_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(greatest_are_remembered, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    damage_beyond_is_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(all_rows_are_beyond, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
