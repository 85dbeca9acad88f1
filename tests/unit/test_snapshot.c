#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "lib/bytes.h"
#include "pg/control.h"
#include "support/command.h"
#include "support/faketree.h"
#include "support/pages.h"
#include "support/rows.h"
#include "support/smallcluster.h"

/*
 * A snapshot of a server that was at work: where its WAL ends, along which timeline, and what it must be
 * that its pages are not of a later moment.  What else one is refused for is in test_stopped.c.
 */

#define SEGMENT_2 "data/pg_wal/000000020000000000000001"
#define SEGMENT_1 "data/pg_wal/" SMALLCLUSTER_SEGMENT
enum { SEGMENT = 1 << 20, PAGE = 8192 };
/* In the segment, where the first record ends. */
enum { AFTER_FIRST = 0xA0 };

static uint8_t segment[SEGMENT];

static void
read_segment(const char *root)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/" SEGMENT_1, root);
	f = fopen(path, "r");
	if (f == NULL || fread(segment, SEGMENT, 1, f) != 1 || fclose(f))
		abort();
}

static void
history(const char *root, const char *text)
{
	faketree_put(root, "data/pg_wal/00000002.history", text);
}

/* ---- what is otherwise ---- */

static void
primary(const char *root)
{
	(void)root;
}

static void
standby(const char *root)
{
	smallcluster_set(root, "state", CONTROL_IN_ARCHIVE_RECOVERY);
}

/* The first timeline ends with the first record, the second goes on. */
static void
promoted(const char *root)
{
	standby(root);
	read_segment(root);
	smallcluster_write(root, SEGMENT_2, segment, SEGMENT);
	memset(segment + AFTER_FIRST, 0, SEGMENT - AFTER_FIRST);
	smallcluster_write(root, SEGMENT_1, segment, SEGMENT);
	history(root, "1\t0/1000A0\tno reason\n");
}

/* A primary follows no other timeline than its own. */
static void
of_another(const char *root)
{
	promoted(root);
	smallcluster_set(root, "state", CONTROL_IN_PRODUCTION);
}

static void
branched_before(const char *root)
{
	standby(root);
	read_segment(root);
	smallcluster_write(root, SEGMENT_2, segment, SEGMENT);
	history(root, "1\t0/100010\tno reason\n");
}

static void
damaged_history(const char *root)
{
	standby(root);
	history(root, "what is this\n");
}

static void
no_wal_of_it(const char *root)
{
	standby(root);
	history(root, "1\t0/1000C8\tno reason\n");
}

static void
no_wal_that_it_needs(const char *root)
{
	promoted(root);
	faketree_remove(root, SEGMENT_2);
	smallcluster_set(root, "min recovery", SMALLCLUSTER_STOP);
	smallcluster_set(root, "min recovery timeline", 1);
}

/* A page that was on the disk before those that come before it. */
static void
stray_page(const char *root)
{
	const uint64_t at = SEGMENT + 5 * PAGE;

	read_segment(root);
	memcpy(segment + 5 * PAGE, segment, 24);
	memset(segment + 5 * PAGE + 2, 0, 2); /* a short header */
	put_u64native(segment + 5 * PAGE + 8, at);
	smallcluster_write(root, SEGMENT_1, segment, SEGMENT);
}

/* Its last change is in WAL that is not there. */
static void
put_page(const char *root, uint64_t lsn)
{
	uint8_t page[PAGE];

	pages_make(page, 0, lsn, 1);
	smallcluster_write(root, "data/base/5/16384", page, sizeof(page));
}

static void
later_page(const char *root)
{
	put_page(root, SMALLCLUSTER_STOP + 4096);
}

static void
page_of_the_end(const char *root)
{
	put_page(root, SMALLCLUSTER_STOP);
}

static void
page_of_garbage(const char *root)
{
	put_page(root, UINT64_MAX / 2);
}

static void
recycled(const char *root)
{
	read_segment(root);
	put_u64native(segment + 8, 0);
	smallcluster_write(root, SEGMENT_1, segment, SEGMENT);
}

static const struct row {
	const char *name;
	void (*change)(const char *root);
	int status;
	const char *said;    /* by the backup; NULL: nothing */
	const char *stopped; /* by info */
} rows[] = {
	{ "a primary", primary, REPORT_SOUND, NULL, "0/1000C8, timeline 1" },
	{ "a standby", standby, REPORT_SOUND, NULL, "0/1000C8, timeline 1" },
	{ "a standby whose primary was promoted", promoted, REPORT_SOUND, NULL,
	    "0/1000C8, timeline 2" },
	{ "a primary with the WAL of another", of_another, REPORT_SOUND, NULL,
	    "0/1000A0, timeline 1" },
	{ "a timeline that branched off before", branched_before, REPORT_SOUND, NULL,
	    "0/1000C8, timeline 1" },
	{ "a history that is damaged", damaged_history, REPORT_FINDINGS,
	    "file \"pg_wal/00000002.history\": line 1", "0/1000C8, timeline 1" },
	{ "a history without its WAL", no_wal_of_it, REPORT_SOUND, NULL, "timeline 1" },
	{ "no WAL up to where it is consistent", no_wal_that_it_needs, REPORT_FAILED,
	    "WAL", NULL },
	{ "a page of WAL that was written too early", stray_page, REPORT_SOUND,
	    "WAL ends at 0/1000C8, but there is a later WAL page at 0/10A000",
	    "0/1000C8, timeline 1" },
	{ "a page of the last record", page_of_the_end, REPORT_SOUND, NULL,
	    "0/1000C8, timeline 1" },
	{ "a page that later WAL changed", later_page, REPORT_FAILED, "WAL", NULL },
	{ "a page that is garbage", page_of_garbage, REPORT_FINDINGS, "16384",
	    "0/1000C8, timeline 1" },
	{ "a segment that was recycled", recycled, REPORT_FAILED, "WAL page at 0/100000",
	    NULL },
};

static void
expect_row(void **state)
{
	const struct row *row = *state;
	char *root = smallcluster_new();
	struct command c;

	smallcluster_at_work(root);
	row->change(root);
	smallcluster_give(root);
	command_expect(
	    &c, root, "-D %/data --snapshot -T %/spc=%/spc -o %/out/a.tar", row->status);
	command_expect_said(&c, row->said ? row->said : "");
	if (row->stopped) {
		command_expect(&c, root, "info %/out/a.tar", REPORT_SOUND);
		command_expect_said(&c, row->stopped);
		command_expect(&c, root, "verify %/out/a.tar", row->status);
	}
	faketree_free(root);
}

int
main(void)
{
	enum { ROWS = sizeof(rows) / sizeof(rows[0]) };
	struct CMUnitTest tests[ROWS];

	rows_name(tests, rows, sizeof(rows[0]), ROWS, expect_row);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
