/* What becomes of each member of a backup: written, kept, left out or refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "support/restored.c.inc"

static int
file(enum memberorder_kind kind, const char *path, const char *text)
{
	struct error err = { 0 };

	return restored_member(kind, path, TAR_FILE, 0600, text, &err);
}

/* What comes before it is known where things go waits, and is written then. */
static void
in_their_order(void **state)
{
	struct error err = { 0 };

	(void)state;
	restoring_open();
	assert_int_equal(file(MEMBERORDER_LABEL, "backup_label", "label"), 0);
	assert_int_equal(file(MEMBERORDER_INFO, "pg_basetar.info", "info"), 0);
	assert_int_equal(file(MEMBERORDER_MAP, "tablespace_map", "map"), 0);
	assert_false(plan.is_made);
	assert_int_equal(restoring_mode("backup_label"), 0);
	assert_int_equal(
	    restored_member(MEMBERORDER_TREE, "base", TAR_DIRECTORY, 0750, "", &err), 0);
	assert_true(plan.is_made);
	assert_int_equal(file(MEMBERORDER_TREE, "base/1", "a relation"), 0);
	assert_int_equal(file(MEMBERORDER_TREE, "postgresql.auto.conf", "x = 1\n"), 0);
	assert_int_equal(file(MEMBERORDER_TREE, "standby.signal", ""), 0);
	assert_int_equal(file(MEMBERORDER_CONTROL, "global/pg_control", "control"), 0);
	assert_int_equal(restore_tree_sync(&tree, &err), 0);
	restoring_expect("backup_label", "label");
	restoring_expect("pg_basetar.info", "info");
	restoring_expect("base/1", "a relation");
	restoring_expect("standby.signal", "");
	assert_int_equal(restoring_mode("base"), S_IFDIR | 0750);
	/* kept for those who write them in the end */
	assert_int_equal(restoring_mode("tablespace_map"), 0);
	assert_int_equal(restoring_mode("postgresql.auto.conf"), 0);
	assert_int_equal(restoring_mode("global/pg_control"), 0);
	assert_string_equal(buf_text(&links.map), "map");
	assert_string_equal(buf_text(&settings.settings), "x = 1\n");
	assert_string_equal(buf_text(&finish.control), "control");
	assert_string_equal(settings.recovers_by, "standby.signal");
	assert_int_equal(finish.control_mtime, 1000);
}

static void
refused(void **state)
{
	static const struct {
		enum memberorder_kind kind;
		const char *path;
		char type;
		uint64_t uid;
		const char *fault, *error;
	} rows[] = {
		{ MEMBERORDER_TREE, "x", TAR_SYMLINK, 0, NULL, "it is a symbolic link" },
		{ MEMBERORDER_TREE, "x", TAR_FILE, UINT32_MAX, NULL,
		    "the number of its user or group is too large" },
		{ MEMBERORDER_TREE, "x", TAR_FILE, 0, "the checker says so",
		    "the checker says so" },
		{ MEMBERORDER_TREE, "pg_tblspc/16400/x", TAR_FILE, 0, NULL,
		    "it is in a tablespace, but not in the directory of a release" },
		{ MEMBERORDER_TREE, "pg_tblspc/16400/PG_15_202209061", TAR_FILE, 0, NULL,
		    "it is in a tablespace, but not in the directory of a release" },
		{ MEMBERORDER_TREE, "pg_basetar_tblspc/16401/x", TAR_FILE, 0, NULL,
		    "it is in a tablespace that pg_basetar.info does not list" },
	};
	static char oid[] = "16400", location[300];
	struct infofile_pair row = { oid, location };
	const struct infofile info = { .server_version = 15, .tablespaces = { 1, &row } };

	(void)state;
	snprintf(location, sizeof(location), "%s/elsewhere", root);
	fake.backup.info = &info;
	restoring_open();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct tar_entry entry = {
			.name = rows[i].path, .type = rows[i].type, .uid = rows[i].uid
		};
		struct error err = { 0 };
		char text[300];

		fake.kind = rows[i].kind;
		fake.path = rows[i].path;
		fake.fault = rows[i].fault;
		snprintf(text, sizeof(text), "member \"%s\" is refused: %s", rows[i].path,
		    rows[i].error);
		assert_int_equal(restore_members_begin(&members, &entry, &err), -1);
		assert_int_equal(err.kind, ERROR_FORMAT);
		assert_string_equal(err.text, text);
	}
}

/* The second of what there is once; one that is longer than it ever is. */
static void
twice(void **state)
{
	(void)state;
	restoring_open();
	assert_int_equal(file(MEMBERORDER_LABEL, "backup_label", "x"), 0);
	assert_int_equal(file(MEMBERORDER_INFO, "pg_basetar.info", "x"), 0);
	assert_int_equal(file(MEMBERORDER_LABEL, "backup_label", "x"), -1);
	assert_int_equal(file(MEMBERORDER_CONTROL, "global/pg_control", "x"), 0);
	assert_int_equal(file(MEMBERORDER_CONTROL, "global/pg_control", "x"), -1);
}

static void
too_large(void **state)
{
	static uint8_t page[8192];
	const struct tar_entry entry = { .name = "global/pg_control", .type = TAR_FILE };
	struct error err = { 0 };
	int rc = 0;

	(void)state;
	restoring_open();
	fake.kind = MEMBERORDER_CONTROL;
	fake.path = entry.name;
	assert_int_equal(restore_members_begin(&members, &entry, &err), 0);
	for (int i = 0; i < 100 && rc == 0; i++)
		rc = restore_members_bytes(&members, page, sizeof(page), &err);
	assert_int_equal(rc, -1);
	assert_string_equal(err.text, "\"global/pg_control\" is implausibly large");
}

/* How to recover is said by the options: what the backup has of it is left out. */
static void
left_out(void **state)
{
	struct error err = { 0 };

	(void)state;
	restoring_opt.recovery.restore_command = "cp";
	restoring_open();
	assert_int_equal(file(MEMBERORDER_TREE, "standby.signal", ""), 0);
	assert_int_equal(restore_tree_sync(&tree, &err), 0);
	assert_int_equal(restoring_mode("standby.signal"), 0);
	assert_null(settings.recovers_by);
}

/* The manifest that lies with the archives. */
static void
manifest(void **state)
{
	struct error err = { 0 };

	(void)state;
	restoring_open();
	assert_int_equal(file(MEMBERORDER_TREE, "PG_VERSION", "15\n"), 0);
	assert_int_equal(
	    restore_members_manifest(&members, (const uint8_t *)"{}", 2, &err), 0);
	assert_int_equal(
	    restore_members_manifest(&members, (const uint8_t *)"\n", 1, &err), 0);
	assert_int_equal(restore_members_manifest(&members, NULL, 0, &err), 0);
	assert_int_equal(restore_tree_sync(&tree, &err), 0);
	restoring_expect("backup_manifest", "{}\n");
}

/* The directory of --waldir is made already: where it was there is a link to it. */
static void
wal_link(void **state)
{
	struct error err = { 0 };
	char wal[300];

	(void)state;
	snprintf(wal, sizeof(wal), "%s/wal", root);
	restoring_opt.waldir = wal;
	restoring_open();
	assert_int_equal(
	    restored_member(MEMBERORDER_TREE, "pg_wal", TAR_DIRECTORY, 0700, "", &err),
	    0);
	assert_true(S_ISLNK(restoring_mode("pg_wal")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    in_their_order, restored_begin, restored_end),
		cmocka_unit_test_setup_teardown(refused, restored_begin, restored_end),
		cmocka_unit_test_setup_teardown(twice, restored_begin, restored_end),
		cmocka_unit_test_setup_teardown(too_large, restored_begin, restored_end),
		cmocka_unit_test_setup_teardown(left_out, restored_begin, restored_end),
		cmocka_unit_test_setup_teardown(manifest, restored_begin, restored_end),
		cmocka_unit_test_setup_teardown(wal_link, restored_begin, restored_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
