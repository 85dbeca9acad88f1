#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "datadir/exclude.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Verdicts on names that BASE_BACKUP of 10 to 18 was asked about as well. */
static struct row {
	const char *directory, *name;
	bool is_directory;
	enum exclude_verdict verdict;
} rows[] = {
	{ "", "pg_wal", true, EXCLUDE_EMPTY },
	{ "", "pg_replslot", true, EXCLUDE_EMPTY },
	{ "", "pg_dynshmem", true, EXCLUDE_EMPTY },
	{ "", "pg_notify", true, EXCLUDE_EMPTY },
	{ "", "pg_serial", true, EXCLUDE_EMPTY },
	{ "", "pg_snapshots", true, EXCLUDE_EMPTY },
	{ "", "pg_subtrans", true, EXCLUDE_EMPTY },
	{ "", "pg_stat_tmp", true, EXCLUDE_EMPTY },
	{ "", "pg_notify", false, EXCLUDE_SEND },
	{ "log", "pg_notify", true, EXCLUDE_SEND },
	{ "base", "pg_wal", true, EXCLUDE_SEND },
	{ "", "pg_stat", true, EXCLUDE_SEND },
	{ "", "pg_logical", true, EXCLUDE_SEND },

	{ "", "postmaster.pid", false, EXCLUDE_SKIP },
	{ "", "postmaster.opts", false, EXCLUDE_SKIP },
	{ "log", "postmaster.pid", false, EXCLUDE_SEND },
	{ "", "postgresql.auto.conf.tmp", false, EXCLUDE_SKIP },
	{ "", "postgresql.auto.conf", false, EXCLUDE_SEND },
	{ "", "current_logfiles.tmp", false, EXCLUDE_SKIP },
	{ "", "current_logfiles", false, EXCLUDE_SEND },

	{ "", "backup_label", false, EXCLUDE_SKIP },
	{ "", "backup_label", true, EXCLUDE_SKIP },
	{ "", "backup_label.old", false, EXCLUDE_SEND },
	{ "base/5", "backup_label", false, EXCLUDE_SEND },
	{ "", "tablespace_map", false, EXCLUDE_SKIP },
	{ "", "tablespace_map.old", false, EXCLUDE_SEND },
	{ "", "backup_manifest", false, EXCLUDE_SKIP },
	{ "", "backup_manifest.tmp", false, EXCLUDE_SEND },
	{ "", "pg_basetar.info", false, EXCLUDE_SKIP },
	{ "", "pg_basetar_tblspc", true, EXCLUDE_SKIP },
	{ "", "pg_basetar_config", true, EXCLUDE_SEND },
	{ "", "standby.signal", false, EXCLUDE_SEND },
	{ "", "lost+found", true, EXCLUDE_SEND }, /* of somebody else than root */
	{ "", ".DS_Store", false, EXCLUDE_SKIP },
	{ "base/5", ".DS_Store", false, EXCLUDE_SKIP },

	{ "base", "pgsql_tmp", true, EXCLUDE_SKIP },
	{ "base/pgsql_tmp", "pgsql_tmp42.0", false, EXCLUDE_SKIP },
	{ "", "pgsql_tmp_of_mine", false, EXCLUDE_SKIP },
	{ "pg_tblspc/16400/PG_15_202209061", "pgsql_tmp", true, EXCLUDE_SKIP },
	{ "base", "my_pgsql_tmp", true, EXCLUDE_SEND },

	{ "global", "pg_control", false, EXCLUDE_SKIP },
	{ "base/5", "pg_control", false, EXCLUDE_SEND },
	{ "global", "pg_internal.init", false, EXCLUDE_SKIP },
	{ "base/5", "pg_internal.init", false, EXCLUDE_SKIP },
	{ "base/5", "pg_internal.init.4242", false, EXCLUDE_SKIP },
	{ "pg_tblspc/16400/PG_15_202209061/5", "pg_internal.init", false, EXCLUDE_SKIP },
	{ "log", "pg_internal.init", false, EXCLUDE_SEND },
	{ "global", "pg_filenode.map", false, EXCLUDE_SEND },
	{ "base/5", "PG_VERSION", false, EXCLUDE_SEND },
};

static void
check_row(void **state)
{
	const struct row *row = *state;
	static const enum exclude_mode modes[] = { EXCLUDE_RECOVERS,
		EXCLUDE_STARTS_CLEAN };

	/* how the copy starts matters to relations only */
	for (size_t i = 0; i < COUNT(modes); i++) {
		struct exclude_entry entry = { .mode = modes[i],
			.where = exclude_where(row->directory),
			.name = row->name,
			.is_directory = row->is_directory };
		const char *reason = "untouched";

		assert_int_equal(exclude_decide(&entry, &reason), row->verdict);
		assert_int_equal(exclude_decide(&entry, NULL), row->verdict);
		if (row->verdict == EXCLUDE_SEND)
			assert_null(reason);
		else
			assert_true(strlen(reason) > 10);
	}
}

/* Relations are left out in a database's directory: nothing resets those elsewhere. */
static void
relations(void **state)
{
	static const struct {
		const char *directory;
		enum exclude_verdict verdict;
	} where[] = {
		{ "base/5", EXCLUDE_SKIP },
		{ "pg_tblspc/16400/PG_15_202209061/5", EXCLUDE_SKIP },
		{ "global", EXCLUDE_SEND },
		{ "base", EXCLUDE_SEND },
		{ "", EXCLUDE_SEND },
		{ "pg_tblspc/16400/PG_15_202209061", EXCLUDE_SEND },
		{ "log/5", EXCLUDE_SEND },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(where); i++) {
		struct exclude_entry entry = { .mode = EXCLUDE_RECOVERS,
			.where = exclude_where(where[i].directory),
			.name = "t3_16384",
			.is_temporary = true };

		assert_int_equal(exclude_decide(&entry, NULL), where[i].verdict);
		entry.mode = EXCLUDE_STARTS_CLEAN;
		assert_int_equal(exclude_decide(&entry, NULL), where[i].verdict);
		entry.is_temporary = false;
		assert_int_equal(exclude_decide(&entry, NULL), EXCLUDE_SEND);
		entry.is_unlogged = true;
		assert_int_equal(exclude_decide(&entry, NULL), EXCLUDE_SEND);
		entry.mode = EXCLUDE_RECOVERS;
		assert_int_equal(exclude_decide(&entry, NULL), where[i].verdict);
	}
}

static void
unlogged(void **state)
{
	static const char *names[] = { "16390_init", "16384_init", "t3_16386_init",
		"16387_init.1", "16388", "4294967295_init", "x_init" };
	static const struct {
		const char *name;
		bool is_unlogged;
	} expected[] = { { "16384", true }, { "16384_fsm", true }, { "16384_vm.7", true },
		{ "16384.12", true }, { "16384_init", false }, { "16390", true },
		{ "4294967295", true }, { "16386", false }, { "16387", false },
		{ "16388", false }, { "1638", false } };
	struct dirlist list = { .count = COUNT(names), .names = names };
	struct exclude_unlogged set;
	struct relfile file;
	struct error err;

	(void)state;
	assert_int_equal(exclude_unlogged_find(&list, &set, &err), 0);
	assert_int_equal(set.count, 3);
	for (size_t i = 0; i < COUNT(expected); i++) {
		assert_true(relfile_parse(expected[i].name, &file));
		assert_int_equal(
		    exclude_unlogged_has(&set, &file), expected[i].is_unlogged);
	}
	exclude_unlogged_free(&set);

	list.count = 0;
	assert_int_equal(exclude_unlogged_find(&list, &set, &err), 0);
	assert_true(relfile_parse("16384", &file));
	assert_false(exclude_unlogged_has(&set, &file));
	exclude_unlogged_free(&set);
}

static void
vital(void **state)
{
	static const struct {
		const char *directory, *name, *path;
		bool is_vital;
	} links[] = {
		{ "", "base", "base", true },
		{ "", "pg_xact", "pg_xact", true },
		{ "", "pg_tblspc", "pg_tblspc", true },
		{ "", "log", "log", false },
		{ "", "postgresql.conf", "postgresql.conf", false },
		{ "base", "16384", "base/16384", true },
		{ "base", "mine", "base/mine", false },
		{ "base/5", "16384.1", "base/5/16384.1", true },
		{ "base/5", "PG_VERSION", "base/5/PG_VERSION", true },
		{ "base/5", "note", "base/5/note", false },
		{ "global", "pg_filenode.map", "global/pg_filenode.map", true },
		{ "log", "base", "log/base", false },
		{ "pg_xact", "0000", "pg_xact/0000", true },
		{ "pg_multixact", "members", "pg_multixact/members", true },
		{ "pg_logical/snapshots", "1", "pg_logical/snapshots/1", true },
		{ "pg_tblspc", "junk", "pg_tblspc/junk", false },
		{ "pg_xact2", "0000", "pg_xact2/0000", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(links); i++)
		assert_int_equal(exclude_is_vital(exclude_where(links[i].directory),
				     links[i].path, links[i].name),
		    links[i].is_vital);
}

static void
wal_directories(void **state)
{
	(void)state;
	assert_string_equal(
	    exclude_wal_directory(cluster_version(10), 0), "archive_status");
	assert_null(exclude_wal_directory(cluster_version(10), 1));
	assert_null(exclude_wal_directory(cluster_version(16), 1));
	assert_string_equal(exclude_wal_directory(cluster_version(17), 1), "summaries");
	assert_string_equal(exclude_wal_directory(cluster_version(18), 1), "summaries");
	assert_null(exclude_wal_directory(cluster_version(18), 2));
}

static void
lost_found(void **state)
{
	struct exclude_entry entry = { .mode = EXCLUDE_STARTS_CLEAN,
		.where = EXCLUDE_ROOT,
		.name = "lost+found",
		.is_directory = true,
		.is_lost_found = true };

	(void)state;
	assert_int_equal(exclude_decide(&entry, NULL), EXCLUDE_SKIP);
	entry.where = EXCLUDE_ELSEWHERE;
	assert_int_equal(exclude_decide(&entry, NULL), EXCLUDE_SEND);
}

/* With what nearly every root has. */
static void
completed(void **state)
{
	static const char *const expected[] = { "pg_dynshmem", "pg_notify", "pg_replslot",
		"pg_serial", "pg_snapshots", "pg_stat", "pg_stat_tmp", "pg_subtrans",
		"pg_tblspc" };
	struct dirlist list = { 0 };
	struct error err;

	(void)state;
	assert_int_equal(exclude_complete(&list, &err), 0);
	assert_int_equal(list.count, COUNT(expected));
	for (size_t i = 0; i < list.count; i++)
		assert_string_equal(list.names[i], expected[i]);
	assert_int_equal(exclude_complete(&list, &err), 0);
	assert_int_equal(list.count, COUNT(expected));
	dirlist_free(&list);
}

int
main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(relations),
		cmocka_unit_test(unlogged),
		cmocka_unit_test(vital),
		cmocka_unit_test(wal_directories),
		cmocka_unit_test(completed),
		cmocka_unit_test(lost_found),
	};
	struct CMUnitTest tests[COUNT(rows)];
	int failures;

	for (size_t i = 0; i < COUNT(rows); i++)
		tests[i] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = check_row,
			.initial_state = &rows[i] };
	failures = cmocka_run_group_tests_name("exclude rows", tests, NULL, NULL);
	return failures + cmocka_run_group_tests_name("exclude", others, NULL, NULL);
}
