/* The pages of relations in a backup: when they are checked, and what is said when all have been. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "archive/pagecheck.h"
#include "backup/cluster.h"
#include "backup/pages.h"
#include "backup/source.h"
#include "support/fake_message.c.inc"

static struct backup_cluster cluster;
static struct backup_source_facts facts;
static struct backup_pages *pages;

static int
begin(void **state)
{
	(void)state;
	message_said[0] = '\0';
	cluster = (struct backup_cluster){ .control = { .data_checksums = 1,
					       .block_size = PAGE_BYTES,
					       .segment_blocks = 131072 } };
	facts = (struct backup_source_facts){ .limits = { .start_lsn = 1000,
						  .stop_lsn = PAGE_NO_LSN } };
	pages = NULL;
	return 0;
}

static int
end(void **state)
{
	(void)state;
	backup_pages_free(pages);
	return 0;
}

/* ---- which are looked at ---- */

static const struct row {
	const char *name;
	bool wanted;
	uint32_t checksums, block_size;
	uint64_t later_most;
	bool are_looked_at, are_checked;
	const char *said;
} rows[] = {
	{ "checked", true, 1, PAGE_BYTES, 0, true, true, "" },
	{ "not wanted", false, 1, PAGE_BYTES, 0, false, false, "" },
	{ "no checksums", true, 0, PAGE_BYTES, 0, false, false,
	    "info: data pages are not checked: the cluster has no data checksums\n" },
	{ "checksums of another kind", true, 2, PAGE_BYTES, 0, false, false,
	    "warning: data pages are not checked: their size or the version of their checksums is not supported\n" },
	{ "pages of another size", true, 1, 2 * PAGE_BYTES, 0, false, false,
	    "warning: data pages are not checked: their size or the version of their checksums is not supported\n" },
	/* where it is known that there is no more WAL, their positions are looked at */
	{ "later ones are looked for", true, 1, PAGE_BYTES, 1, true, true, "" },
	{ "later ones, not wanted", false, 1, PAGE_BYTES, 1, true, false, "" },
	{ "later ones, no checksums", true, 0, PAGE_BYTES, 1, true, false,
	    "info: data pages are not checked: the cluster has no data checksums\n" },
};

static void
check_row(void **state)
{
	const struct row *row = *state;
	const struct pagecheck *check;
	struct pagetally_sum sum;
	struct error err = { 0 };

	begin(NULL);
	cluster.control.data_checksums = row->checksums;
	cluster.control.block_size = row->block_size;
	facts.limits.later_most = row->later_most;
	assert_int_equal(
	    backup_pages_open(&pages, row->wanted, &cluster, &facts, &err), 0);
	message_expect(row->said);
	check = backup_pages_check(pages);
	assert_int_equal(check != NULL, row->are_looked_at);
	if (check) {
		assert_int_equal(check->limits.no_checksums, !row->are_checked);
		assert_int_equal(check->limits.start_lsn, 1000);
		assert_int_equal(check->segment_blocks, 131072);
	}
	assert_int_equal(backup_pages_sum(pages, &sum), row->are_checked);
	assert_int_equal(backup_pages_stop(pages, 5000, &err), 0);
	assert_true(backup_pages_report(pages));
	message_expect(row->are_checked ? "info: 0 data pages in 0 files checked\n" : "");
	backup_pages_free(pages);
}

/* ---- what is found ---- */

/* A file of 10 pages, with one note. */
static void
pass(const char *path, enum page_state kind, uint64_t block, uint64_t found)
{
	struct piece_note note = { block * PAGE_BYTES, kind, 5000, found };
	const struct piece piece = { .len = 10 * PAGE_BYTES,
		.notes = &note,
		.nnotes = kind == PAGE_SOUND ? 0 : 1 };
	struct pagetally *tally = backup_pages_check(pages)->tally;
	struct pagetally_file file = { 0 };
	struct error err = { 0 };

	assert_int_equal(pagetally_piece(tally, path, &file, &piece, &err), 0);
	assert_int_equal(pagetally_end(tally, path, &file, &err), 0);
}

static void
damaged(void **state)
{
	struct pagetally_sum sum;
	struct error err = { 0 };

	(void)state;
	assert_int_equal(backup_pages_open(&pages, true, &cluster, &facts, &err), 0);
	pass("base/5/1", PAGE_SOUND, 0, 0);
	pass("base/5/2", PAGE_BAD_CHECKSUM, 3, 7);
	/* changed by WAL that there is not: known at the stop only */
	pass("base/5/3", PAGE_REPLAYED, 4, 9000);
	assert_int_equal(backup_pages_stop(pages, 5000, &err), 0);
	message_said[0] = '\0';
	assert_false(backup_pages_report(pages));
	message_expect(
	    "info: 30 data pages in 3 files checked\n"
	    "error: the backup is complete, but the cluster is damaged: 2 of 30 data pages, in 2 of 3 files\n"
	    "hint: The backup holds these pages as they are.  Find out what is wrong with the storage, and keep the backups that were made before.\n");
	assert_true(backup_pages_sum(pages, &sum));
	assert_int_equal(sum.damaged_pages, 2);
}

/* WAL that ends before the data was written is no backup, whatever else is sound. */
static void
later(void **state)
{
	struct error err = { 0 };

	(void)state;
	facts.limits.later_most = 100000;
	assert_int_equal(backup_pages_open(&pages, false, &cluster, &facts, &err), 0);
	pass("base/5/1", PAGE_LATER, 4, 0x2000);
	pass("base/5/2", PAGE_LATER, 3, 0x3000);
	assert_int_equal(backup_pages_stop(pages, 0x1000, &err), -1);
	assert_int_equal(err.kind, ERROR_FORMAT);
	assert_string_equal(err.text,
	    "WAL ends at 0/1000, but 2 data pages have a later LSN, up to 0/3000 of block 3 in \"base/5/2\"");
	assert_true(err.hint[0] != '\0');
}

static void
none(void **state)
{
	struct pagetally_sum sum;

	(void)state;
	assert_false(backup_pages_sum(NULL, &sum));
	backup_pages_free(NULL);
}

int
main(void)
{
	enum { ROWS = sizeof(rows) / sizeof(rows[0]), OTHERS = 3 };
	struct CMUnitTest tests[OTHERS + ROWS] = {
		cmocka_unit_test_setup_teardown(damaged, begin, end),
		cmocka_unit_test_setup_teardown(later, begin, end),
		cmocka_unit_test_setup_teardown(none, begin, end),
	};

	for (size_t i = 0; i < ROWS; i++)
		tests[OTHERS + i] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = check_row,
			.initial_state = (void *)(uintptr_t)&rows[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
