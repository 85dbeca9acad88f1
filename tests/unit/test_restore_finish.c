/* May a server start on what was restored?  Then pg_control gets its name, last. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "support/restored.c.inc"

/* All of a small backup has come. */
static void
prepare(void)
{
	struct error err = { 0 };

	restoring_open();
	assert_int_equal(
	    restored_member(MEMBERORDER_TREE, "global", TAR_DIRECTORY, 0700, "", &err),
	    0);
	assert_int_equal(
	    restored_member(MEMBERORDER_TREE, "pg_tblspc", TAR_DIRECTORY, 0700, "", &err),
	    0);
	assert_int_equal(restored_member(MEMBERORDER_CONTROL, "global/pg_control",
			     TAR_FILE, 0640, "control", &err),
	    0);
}

static void
sound(void **state)
{
	struct error err = { 0 };

	(void)state;
	prepare();
	assert_int_equal(restore_finish_write(&finish, &fake, &err), 0);
	restoring_expect("global/pg_control", "control");
	assert_int_equal(restoring_mode("global/pg_control.unfinished"), 0);
	/* the group may read pg_control, and so all */
	assert_int_equal(restoring_mode("."), S_IFDIR | 0750);
	restoring_expect("postgresql.auto.conf", "archive_mode = 'off'\n");
	/* one that pg_basebackup may have found missing */
	assert_true(S_ISDIR(restoring_mode("pg_stat_tmp")));
}

static void
refuse(const char *text)
{
	struct error err = { 0 };

	assert_int_equal(restore_finish_write(&finish, &fake, &err), -1);
	assert_non_null(strstr(err.text, text));
	assert_int_equal(restoring_mode("global/pg_control"), 0);
}

static void
findings(void **state)
{
	struct error err = { 0 };

	(void)state;
	prepare();
	fake.findings.count = 2;
	refuse("the backup is not restorable: 2 findings");
	restoring_opt.force = true;
	assert_int_equal(restore_finish_write(&finish, &fake, &err), 0);
	restoring_expect("global/pg_control", "control");
}

static void
no_control(void **state)
{
	(void)state;
	prepare();
	finish.has_control = false;
	restoring_opt.force = true;
	refuse("file \"global/pg_control\" is missing: no server can start");
}

/* Replay would make the tablespace anew where the original has it. */
static void
location_in_use(void **state)
{
	struct error err = { 0 };
	char location[300];

	(void)state;
	prepare();
	snprintf(location, sizeof(location), "%s/elsewhere", root);
	fake.oid = 16500;
	fake.location = location;
	refuse("which is in use on this host");
	faketree_remove(root, "elsewhere");
	assert_int_equal(restore_finish_write(&finish, &fake, &err), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(sound, restored_begin, restored_end),
		cmocka_unit_test_setup_teardown(findings, restored_begin, restored_end),
		cmocka_unit_test_setup_teardown(no_control, restored_begin, restored_end),
		cmocka_unit_test_setup_teardown(
		    location_in_use, restored_begin, restored_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
