#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pg/access.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct row {
	const char *path;
	bool is_directory;
	unsigned needed;
} rows[] = {
	{ "base/5/1259", false, 6 },
	{ "base/5/1259_fsm.1", false, 6 },
	{ "base/5/t3_16400", false, 6 },
	{ "pg_tblspc/16400/PG_15_202209061/5/16401", false, 6 },
	{ "global/1262", false, 6 },
	{ "global/pg_control", false, 6 },
	{ "global/pg_control.old", false, 4 },
	{ "pg_xact/0000", false, 6 },
	{ "pg_multixact/members/0000", false, 6 },
	{ "pg_multixact/offsets/0000", false, 6 },
	{ "pg_commit_ts/0000", false, 6 },
	{ "pg_wal/000000010000000000000001", false, 4 },
	{ "pg_twophase/00000001", false, 4 },
	{ "PG_VERSION", false, 4 },
	{ "base/5/pg_filenode.map", false, 4 },
	{ "mine/1259", false, 4 },
	{ "base", true, 7 },
	{ "base/5", true, 7 },
	{ "global", true, 7 },
	{ "pg_wal", true, 7 },
	{ "pg_wal/archive_status", true, 7 },
	{ "pg_logical/snapshots", true, 7 },
	{ "pg_tblspc", true, 7 },
	{ "pg_tblspc/16400", true, 7 },
	{ "pg_tblspc/16400/PG_15_202209061", true, 7 },
	{ "pg_tblspc/16400/PG_15_202209061/5", true, 7 },
	{ "base/mine", true, 0 },
	{ "mine", true, 0 },
	{ "mine/base", true, 0 },
	{ "pg_walx", true, 0 },
	{ "log", true, 0 },
};

static void
needed(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (access_needed(rows[i].path, rows[i].is_directory) != rows[i].needed)
			print_error("%s\n", rows[i].path);
		assert_int_equal(
		    access_needed(rows[i].path, rows[i].is_directory), rows[i].needed);
	}
}

static void
kept_out(void **state)
{
	(void)state;
	assert_false(access_is_kept_out("base/5/1259", false, 0600, false));
	assert_true(access_is_kept_out("base/5/1259", false, 0466, false));
	assert_true(access_is_kept_out("base/5/1259", false, 0600, true));
	assert_false(access_is_kept_out("base/5/1259", false, 0660, true));
	assert_true(access_is_kept_out("base/5/1259", false, 0642, true));
	assert_false(access_is_kept_out("base/5/1259", false, 0666, true));
	/* as /etc has them */
	assert_false(access_is_kept_out("postgresql.conf", false, 0644, true));
	assert_false(access_is_kept_out("server.key", false, 0640, true));
	assert_true(access_is_kept_out("server.key", false, 0600, true));
	assert_false(access_is_kept_out("mine", true, 0000, false));
	assert_true(access_is_kept_out("base", true, 0555, false));
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(needed),
		cmocka_unit_test(kept_out) };

	return cmocka_run_group_tests_name("access", tests, NULL, NULL);
}
