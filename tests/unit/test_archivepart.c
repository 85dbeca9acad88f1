/* What PostgreSQL calls a member of an archive. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "format/archivepart.h"
#include "support/rows.h"

static const struct row {
	const char *name;
	struct archivepart part;
	bool is_whole; /* tablespaces are below pg_basetar_tblspc */
	const char *member, *path;
} rows[] = {
	{ "alone", { ARCHIVEPART_ALONE, "" }, true, "base/5/1", "base/5/1" },
	{ "base", { ARCHIVEPART_BASE, "" }, false, "base/5/1", "base/5/1" },
	{ "a tablespace", { ARCHIVEPART_TABLESPACE, "16400" }, false, "PG_15_202209061/5",
	    "pg_tblspc/16400/PG_15_202209061/5" },
	{ "WAL", { ARCHIVEPART_WAL, "" }, false, "archive_status/x.done",
	    "pg_wal/archive_status/x.done" },
	{ "a tablespace of ours", { ARCHIVEPART_ALONE, "" }, true,
	    "pg_basetar_tblspc/16400/PG_15_202209061",
	    "pg_tblspc/16400/PG_15_202209061" },
	/* directories that lead to it are none of PostgreSQL's: its link is a member */
	{ "its directory", { ARCHIVEPART_ALONE, "" }, true, "pg_basetar_tblspc/16400",
	    "pg_basetar_tblspc/16400" },
	{ "the directory of all", { ARCHIVEPART_ALONE, "" }, true, "pg_basetar_tblspc",
	    "pg_basetar_tblspc" },
	{ "a name that begins so", { ARCHIVEPART_ALONE, "" }, true,
	    "pg_basetar_tblspc2/16400/x", "pg_basetar_tblspc2/16400/x" },
	{ "of another program", { ARCHIVEPART_BASE, "" }, false,
	    "pg_basetar_tblspc/16400/x", "pg_basetar_tblspc/16400/x" },
	{ "its link", { ARCHIVEPART_ALONE, "" }, true, "pg_tblspc/16400",
	    "pg_tblspc/16400" },
};

static void
check_row(void **state)
{
	const struct row *row = *state;
	struct buf path = { 0 };
	struct error err = { 0 };

	/* what was there is gone */
	assert_int_equal(buf_printf(&path, &err, "a path that is longer than any"), 0);
	assert_int_equal(
	    archivepart_path(&row->part, row->member, row->is_whole, &path, &err), 0);
	assert_string_equal(buf_text(&path), row->path);
	buf_free(&path);
}

static void
plain(void **state)
{
	(void)state;
	assert_string_equal(archivepart_plain("./pg_wal", false), "pg_wal");
	assert_string_equal(archivepart_plain("././pg_wal", false), "./pg_wal");
	assert_string_equal(archivepart_plain("./pg_wal", true), "./pg_wal");
	assert_string_equal(archivepart_plain(".", false), ".");
	assert_string_equal(archivepart_plain(".x/y", false), ".x/y");
}

int
main(void)
{
	enum { ROWS = sizeof(rows) / sizeof(rows[0]) };
	struct CMUnitTest tests[1 + ROWS] = { cmocka_unit_test(plain) };

	rows_name(tests + 1, rows, sizeof(rows[0]), ROWS, check_row);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
