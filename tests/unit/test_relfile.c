#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pg/relfile.h"

static struct row {
	const char *name;
	struct relfile file;
} rows[] = {
	{ "1", { false, 1, RELFILE_MAIN, 0 } },
	{ "24576", { false, 24576, RELFILE_MAIN, 0 } },
	{ "24576.1", { false, 24576, RELFILE_MAIN, 1 } },
	{ "24576.4294967295", { false, 24576, RELFILE_MAIN, UINT32_MAX } },
	{ "4294967295", { false, UINT32_MAX, RELFILE_MAIN, 0 } },
	{ "24576_fsm", { false, 24576, RELFILE_FSM, 0 } },
	{ "24576_vm", { false, 24576, RELFILE_VM, 0 } },
	{ "24576_vm.2", { false, 24576, RELFILE_VM, 2 } },
	{ "24576_init", { false, 24576, RELFILE_INIT, 0 } },
	{ "24576_init.10", { false, 24576, RELFILE_INIT, 10 } },
	{ "t3_24576", { true, 24576, RELFILE_MAIN, 0 } },
	{ "t0_24576", { true, 24576, RELFILE_MAIN, 0 } },
	{ "t12_24576.1", { true, 24576, RELFILE_MAIN, 1 } },
	{ "t12_24576_fsm.1", { true, 24576, RELFILE_FSM, 1 } },
};

static void
is_relation(void **state)
{
	const struct row *row = *state;
	struct relfile file;

	assert_true(relfile_parse(row->name, &file));
	assert_int_equal(file.is_temporary, row->file.is_temporary);
	assert_int_equal(file.relnode, row->file.relnode);
	assert_int_equal(file.fork, row->file.fork);
	assert_int_equal(file.segment, row->file.segment);
}

static void
no_relation(void **state)
{
	static const char *const bad[] = { "", "0", "024576", "4294967296", "24576.",
		"24576.0", "24576.01", "24576.4294967296", "24576.1.2", "24576.bak",
		"24576_", "24576_fsm_", "24576_vm_fsm", "24576_FSM", "24576_vmx",
		"24576_fsm.0", "24576 ", " 24576", "+24576", "-1", "x.bak", "t3_", "t_3",
		"tfoo", "t12_34_", "t-1_5", "t3_4_5", "t3_0", "t03_5", "t2147483648_5",
		"t99999999999_5", "T3_5", "PG_VERSION", "pg_filenode.map",
		"pg_internal.init", "pgsql_tmp", ".DS_Store", "24576\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct relfile file = { .relnode = 7 };

		if (relfile_parse(bad[i], &file))
			fail_msg("\"%s\" is no relation file", bad[i]);
		assert_int_equal(file.relnode, 7);
	}
}

static void
directories(void **state)
{
	static const char *const good[] = { "global", "base/1", "base/4294967295",
		"pg_tblspc/16384/PG_15_202209061/5" };
	static const char *const bad[] = { "", ".", "base", "base/", "base/x", "base/0",
		"base/01", "base/1/", "base/1/2", "base/pgsql_tmp", "/base/1", "./base/1",
		"global/", "global/1", "globalx", "pg_tblspc", "pg_tblspc/16384",
		"pg_tblspc/16384/PG_15_202209061", "pg_tblspc/16384/PG_15_202209061/",
		"pg_tblspc/16384/PG_15_202209061/pgsql_tmp",
		"pg_tblspc/16384/PG_15_202209061/5/6", "pg_tblspc/x/PG_15_202209061/5",
		"pg_tblspc/16384/PG_15/5", "pg_tblspc/16384/5", "pg_wal", "pg_xact" };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (!relfile_is_relation_dir(good[i]))
			fail_msg("\"%s\" holds relations", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (relfile_is_relation_dir(bad[i]))
			fail_msg("\"%s\" holds no relations", bad[i]);
}

static void
releases(void **state)
{
	static const struct {
		const char *below;
		bool is_one, is_directory;
	} all[] = { { "PG_15_202209061", true, true },
		{ "PG_10_201707211/5", true, false }, { "PG_15_202209061/", true, false },
		{ "PG_15_202209061/5/x", true, false }, { "PG_VERSION", false, false },
		{ "PG_1", false, false }, { "PG_15_", false, false },
		{ "PG_15_202209061x", false, false },
		{ "PG_15_202209061.d/x", false, false }, { "", false, false },
		{ "x/PG_15_202209061", false, false } };

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		bool is_directory = false;

		if (relfile_is_of_release(all[i].below, &is_directory) != all[i].is_one ||
		    is_directory != all[i].is_directory)
			fail_msg("\"%s\"", all[i].below);
	}
	assert_true(relfile_is_release("PG_15_202209061"));
	assert_true(relfile_is_release("PG_9.6_201608131"));
	assert_true(relfile_is_release("PG_9.0_201008051"));
	assert_false(relfile_is_release("PG_15_202209061/5"));
	assert_false(relfile_is_release("PG_9._201608131"));
	assert_false(relfile_is_release("PG_15"));
	assert_false(relfile_is_release("PG_15_"));
}

/* Of which relation a path is the file. */
static void
locations(void **state)
{
	static const struct {
		const char *path;
		bool is_one;
		uint32_t space, database, relnode;
	} all[] = {
		{ "base/5/1259", true, 1663, 5, 1259 },
		{ "global/1262_fsm.2", true, 1664, 0, 1262 },
		{ "pg_tblspc/16400/PG_15_202209061/5/16401_init", true, 16400, 5, 16401 },
		{ "base/5/t3_16384", true, 1663, 5, 16384 },
		{ "base/5", false, 0, 0, 0 },
		{ "base/5/", false, 0, 0, 0 },
		{ "base/5/PG_VERSION", false, 0, 0, 0 },
		{ "base/5/1259/1", false, 0, 0, 0 },
		{ "global/pg_control", false, 0, 0, 0 },
		{ "globalx/1262", false, 0, 0, 0 },
		{ "pg_tblspc/16400/5/16401", false, 0, 0, 0 },
		{ "1259", false, 0, 0, 0 },
		{ "", false, 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct relfile_location at = { .space = 7 };

		if (relfile_locate(all[i].path, &at) != all[i].is_one)
			fail_msg("\"%s\"", all[i].path);
		assert_int_equal(at.space, all[i].is_one ? all[i].space : 7);
		assert_int_equal(at.database, all[i].database);
		assert_int_equal(at.file.relnode, all[i].relnode);
	}
}

static void
database_directory(void **state)
{
	struct error err = { .kind = ERROR_NONE };
	uint32_t space = 0, database = 0;
	struct buf path = { 0 };

	(void)state;
	assert_int_equal(relfile_database(&path, 1663, 5, cluster_version(15), &err), 0);
	assert_string_equal(buf_text(&path), "base/5");
	buf_clear(&path);
	assert_int_equal(relfile_database(&path, 16400, 5, cluster_version(15), &err), 0);
	assert_string_equal(buf_text(&path), "pg_tblspc/16400/PG_15_202209061/5");
	assert_true(relfile_is_relation_dir(buf_text(&path)));
	assert_false(relfile_is_database(buf_text(&path), &space, &database));
	assert_int_equal(buf_printf(&path, &err, "/PG_VERSION"), 0);
	assert_true(relfile_is_database(buf_text(&path), &space, &database));
	assert_int_equal(space, 16400);
	assert_int_equal(database, 5);
	assert_false(relfile_is_database("global/PG_VERSION", &space, &database));
	assert_false(relfile_is_database("PG_VERSION", &space, &database));
	database = 0;
	assert_true(relfile_in_database(buf_text(&path), &space, &database));
	assert_int_equal(space, 16400);
	assert_int_equal(database, 5);
	assert_true(relfile_in_database("base/16388", &space, &database));
	assert_int_equal(space, 1663);
	assert_int_equal(database, 16388);
	assert_true(relfile_in_database("base/7/a/b", &space, &database));
	assert_int_equal(database, 7);
	assert_false(relfile_in_database("base/8x", &space, &database));
	assert_false(relfile_in_database("base", &space, &database));
	assert_false(relfile_in_database("global/1260", &space, &database));
	assert_false(
	    relfile_in_database("pg_tblspc/16400/PG_15_202209061", &space, &database));
	assert_int_equal(database, 7);
	buf_free(&path);
}

int
main(void)
{
	enum { ROWS = sizeof(rows) / sizeof(rows[0]) };
	struct CMUnitTest tests[ROWS + 5] = { cmocka_unit_test(no_relation),
		cmocka_unit_test(directories), cmocka_unit_test(releases),
		cmocka_unit_test(locations), cmocka_unit_test(database_directory) };

	for (size_t i = 0; i < ROWS; i++)
		tests[i + 5] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = is_relation,
			.initial_state = &rows[i] };
	return cmocka_run_group_tests_name("relfile", tests, NULL, NULL);
}
