/* The directories that a restore fills: which of them a path is for, and that none is in another. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "support/restoring.c.inc"

#include "format/infofile.h"

static char one[] = "16400", two[] = "16401", three[] = "16402", four[] = "16403";
static char elsewhere[300], unpacked[] = "../pg_basetar_tblspc/16402", nested[300];

/* 16400 is where it was, 16401 moved, 16402 as in a cluster unpacked by hand, 16403 nested. */
static void
take_tablespaces(void)
{
	struct infofile_pair rows[] = { { one, elsewhere }, { two, elsewhere },
		{ three, unpacked }, { four, nested } };
	const struct infofile info = { .server_version = 15, .tablespaces = { 4, rows } };
	struct error err = { 0 };

	snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere", root);
	snprintf(nested, sizeof(nested), "%s/new/sub/spc", root);
	assert_int_equal(
	    restore_tablespaces_take_info(&directories.tablespaces, &info, &err), 0);
}

static void
which_place(void **state)
{
	static const struct {
		const char *path;
		int tablespace; /* its number; -1: the data directory, -2: that of the WAL */
		const char *below;
	} rows[] = {
		{ "base/1/1259", -1, "base/1/1259" },
		{ "pg_wal", -1, "pg_wal" },
		{ "pg_wal/000000010000000000000001", -2, "000000010000000000000001" },
		{ "pg_wal2/x", -1, "pg_wal2/x" },
		{ "pg_tblspc", -1, "pg_tblspc" },
		{ "pg_tblspc/16400", -1, "pg_tblspc/16400" },
		{ "pg_tblspc/16400/PG_15_202209061", 0, "PG_15_202209061" },
		{ "pg_tblspc/16402/PG_15_202209061", -1,
		    "pg_basetar_tblspc/16402/PG_15_202209061" },
		{ "pg_tblspc/16403/PG_15_202209061/1", -1, "sub/spc/PG_15_202209061/1" },
		/* of none of them: one in place */
		{ "pg_tblspc/16404/PG_15_202209061", -1,
		    "pg_tblspc/16404/PG_15_202209061" },
	};
	char wal[600];

	(void)state;
	snprintf(wal, sizeof(wal), "%s/wal", root);
	restoring_opt.waldir = wal;
	restoring_open();
	take_tablespaces();
	assert_int_equal(restore_directories_count(&directories), 6);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const int number = rows[i].tablespace;
		struct error err = { 0 };
		struct newdir *dir;
		const char *below;

		assert_int_equal(restore_directories_of(
				     &directories, rows[i].path, &dir, &below, &err),
		    0);
		assert_string_equal(below, rows[i].below);
		assert_ptr_equal(dir,
		    number == -1     ? &directories.datadir :
			number == -2 ? &directories.wal :
				       &directories.tablespaces.rows[number].dir);
	}
}

static void
not_apart(void **state)
{
	char wal[600], text[1400];
	struct error err = { 0 };

	(void)state;
	snprintf(wal, sizeof(wal), "%s/wal", restoring_path);
	restoring_opt.waldir = wal;
	restoring_open();
	assert_int_equal(restore_directories_check_apart(&directories, &err), -1);
	assert_int_equal(err.kind, ERROR_STATE);
	snprintf(text, sizeof(text), "\"%s\" and \"%s\" overlap", wal, restoring_path);
	assert_string_equal(err.text, text);
}

/* What came into one while a pipe was waited for is seen before anything is written. */
static void
not_empty(void **state)
{
	struct error err = { 0 };

	(void)state;
	restoring_open();
	assert_int_equal(restore_directories_check_empty(&directories, &err), 0);
	assert_int_equal(restore_directories_check_apart(&directories, &err), 0);
	faketree_put(root, "new/x", "x");
	assert_int_equal(restore_directories_check_empty(&directories, &err), -1);
	assert_int_equal(err.sys, ENOTEMPTY);
	assert_non_null(strstr(err.hint, "Name a new or an empty directory;"));
}

/* The directory of the WAL cannot be made: the data directory, which was, goes again. */
static void
no_wal(void **state)
{
	char wal[600];
	struct error err = { 0 };
	struct stat st;

	(void)state;
	snprintf(wal, sizeof(wal), "%s/link/no/wal", root);
	faketree_put(root, "link", LINK("none"));
	restoring_opt.waldir = wal;
	assert_int_equal(
	    restore_directories_open(&directories, &restoring_opt, &err), -1);
	assert_non_null(strstr(err.text, "WAL directory: \""));
	assert_non_null(strstr(err.hint, "create the directory, or name another."));
	restore_directories_free(&directories, true);
	directories = (struct restore_directories){ .datadir = { .path = NULL } };
	assert_int_equal(stat(restoring_path, &st), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    which_place, restoring_begin, restoring_end),
		cmocka_unit_test_setup_teardown(
		    not_apart, restoring_begin, restoring_end),
		cmocka_unit_test_setup_teardown(
		    not_empty, restoring_begin, restoring_end),
		cmocka_unit_test_setup_teardown(no_wal, restoring_begin, restoring_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
