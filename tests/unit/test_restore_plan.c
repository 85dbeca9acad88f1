/* What must be known before the first byte is written, and what is made for it. */
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "support/restoring.c.inc"

#include "format/facts.h"
#include "restore/plan.h"
#include "restore/target.h"

static struct restore_target target;
static struct restore_plan plan;
static char oid[] = "16400", was_at[300];
static struct infofile_pair row;
static struct infofile info;
static struct label label;
static struct facts backup;

static int
begin(void **state)
{
	target = (struct restore_target){ .opt = &restoring_opt };
	plan = (struct restore_plan){ .opt = &restoring_opt,
		.directories = &directories,
		.ownership = &ownership,
		.target = &target,
		.tree = &tree };
	row = (struct infofile_pair){ oid, was_at };
	info = (struct infofile){ .server_version = 15, .tablespaces = { 1, &row } };
	label = (struct label){ .start_lsn = 0x2000028, .timeline = 1 };
	backup = (struct facts){ .info = &info, .label = &label };
	return restoring_begin(state);
}

static int
end(void **state)
{
	restore_plan_free(&plan);
	return restoring_end(state);
}

static void
make(const char *location)
{
	struct error err = { 0 };

	snprintf(was_at, sizeof(was_at), "%s", location);
	restoring_open();
	assert_int_equal(restore_plan_make(&plan, &backup, &err), 0);
	assert_true(plan.is_made);
	assert_non_null(tree.pool);
}

static void
no_tablespace(void **state)
{
	struct error err = { 0 };

	(void)state;
	info.tablespaces.count = 0;
	make("");
	assert_int_equal(restore_plan_settle(&plan, &err), 0);
	assert_int_equal(restoring_mode("pg_tblspc"), 0);
}

/* It is in the data directory: what leads there is made, and the backup may bring it again. */
static void
nested(void **state)
{
	struct error err = { 0 };
	char location[600];

	(void)state;
	snprintf(location, sizeof(location), "%s/a/b", restoring_path);
	make(location);
	assert_int_equal(restoring_mode("a/b"), S_IFDIR | 0700);
	assert_int_equal(
	    restore_tree_directory(&tree, "a", 0700, ownership.all, &err), 0);
}

/* As in a cluster that was unpacked by hand; the group may read it if it may read the rest. */
static void
inside(void **state)
{
	struct error err = { 0 };

	(void)state;
	make("../pg_basetar_tblspc/16400");
	assert_int_equal(restoring_mode("pg_basetar_tblspc/16400"), S_IFDIR | 0700);
	ownership.file_mode = 0640;
	assert_int_equal(restore_plan_settle(&plan, &err), 0);
	assert_int_equal(restoring_mode("pg_basetar_tblspc"), S_IFDIR | 0750);
	assert_int_equal(restoring_mode("pg_basetar_tblspc/16400"), S_IFDIR | 0750);
}

/* The archive of one that pg_basetar.info does not name is a directory in pg_tblspc. */
static void
in_place(void **state)
{
	struct error err = { 0 };
	char location[300];

	(void)state;
	snprintf(location, sizeof(location), "%s/elsewhere", root);
	make(location);
	assert_int_equal(restore_plan_archive(&plan, "16400", &err), 0);
	assert_int_equal(restoring_mode("pg_tblspc"), 0);
	assert_int_equal(restore_plan_archive(&plan, "16500", &err), 0);
	assert_int_equal(restore_plan_archive(&plan, "16501", &err), 0);
	assert_int_equal(restoring_mode("pg_tblspc/16500"), S_IFDIR | 0700);
	assert_int_equal(restoring_mode("pg_tblspc/16501"), S_IFDIR | 0700);
	ownership.file_mode = 0640;
	assert_int_equal(restore_plan_settle(&plan, &err), 0);
	assert_int_equal(restoring_mode("pg_tblspc/16501"), S_IFDIR | 0750);
}

/*
 * As root: pg_basebackup calls each owner and each group "postgres", whoever that is.  So of one
 * archive of it, as of several, the number of the group says more than its name.
 */
static void
group_by_number(void **state)
{
	const struct passwd *daemon = getpwnam("daemon");
	struct error err = { 0 };

	(void)state;
	if (geteuid() != 0 || daemon == NULL)
		skip();
	ownership.backup = (struct reading_owner){ .uid = daemon->pw_uid,
		.gid = 4294900000U,
		.uname = "daemon",
		.gname = "daemon" };
	backup.info = NULL;
	restoring_open();
	assert_int_equal(restore_plan_make(&plan, &backup, &err), 0);
	assert_int_equal(ownership.all.uid, daemon->pw_uid);
	assert_int_equal(ownership.all.gid, 4294900000U);
}

/* Nothing is made if the target cannot be reached. */
static void
no_target(void **state)
{
	struct error err = { 0 };

	(void)state;
	restoring_opt.recovery.target_lsn = "0/1";
	restoring_open();
	assert_int_equal(restore_plan_make(&plan, &backup, &err), -1);
	assert_false(plan.is_made);
	assert_null(tree.pool);
}

/* What is no set, and no plain file, is not looked into. */
static void
no_look_ahead(void **state)
{
	struct error err = { 0 };

	(void)state;
	restoring_open();
	assert_int_equal(restore_plan_look_ahead(&plan, "it was not done", &err), 0);
	restoring_opt.recovery.target_lsn = "0/3000000";
	restoring_opt.input = restoring_path;
	assert_int_equal(restore_plan_look_ahead(&plan, "it was not done", &err), -1);
	restoring_opt.input = "/dev/null";
	err = (struct error){ 0 };
	assert_int_equal(restore_plan_look_ahead(&plan, "it was not done", &err), 0);
	assert_false(plan.is_made);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(no_tablespace, begin, end),
		cmocka_unit_test_setup_teardown(nested, begin, end),
		cmocka_unit_test_setup_teardown(inside, begin, end),
		cmocka_unit_test_setup_teardown(in_place, begin, end),
		cmocka_unit_test_setup_teardown(group_by_number, begin, end),
		cmocka_unit_test_setup_teardown(no_target, begin, end),
		cmocka_unit_test_setup_teardown(no_look_ahead, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
