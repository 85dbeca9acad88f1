/* Whose the files of a restored cluster are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "support/restoring.c.inc"

#include "tar/header.h"

static void
option(void **state)
{
	struct error err = { 0 };

	(void)state;
	assert_int_equal(restore_ownership_check(&ownership, &err), 0);
	restoring_opt.owner = "no such user";
	assert_int_equal(restore_ownership_check(&ownership, &err), -1);
	assert_string_equal(err.text,
	    "option \"--owner\": user \"no such user\" does not exist on this host");
	restoring_opt.owner = "0:0";
	err = (struct error){ 0 };
	assert_int_equal(
	    restore_ownership_check(&ownership, &err), geteuid() == 0 ? 0 : -1);
}

static void
group(void **state)
{
	(void)state;
	ownership.file_mode = 0600;
	assert_int_equal(restore_ownership_directory_mode(&ownership), 0700);
	ownership.file_mode = 0640;
	assert_int_equal(restore_ownership_directory_mode(&ownership), 0750);
}

/* A key of root's stays root's, in the group of the server; all else goes to the one owner. */
static void
roots_key(void **state)
{
	static const struct {
		const char *path;
		enum tar_type type;
		uint32_t mode;
		uint64_t uid;
		bool is_roots;
	} rows[] = {
		{ "server.key", TAR_FILE, 0640, 0, true },
		{ "server.key", TAR_FILE, 0640, 4000, false },
		/* the server could not read it */
		{ "server.key", TAR_FILE, 0600, 0, false },
		{ "certs", TAR_DIRECTORY, 0750, 0, false },
		{ "pg_wal/000000010000000000000001", TAR_FILE, 0640, 0, false },
	};

	(void)state;
	ownership.backup = (struct reading_owner){ .uid = 4000, .gid = 4001 };
	ownership.all = (struct owner){ 5000, 5001 };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct tar_entry entry = { .type = rows[i].type,
			.mode = rows[i].mode,
			.uid = rows[i].uid,
			.gid = 4001 };
		const struct owner owner =
		    restore_ownership_of(&ownership, &entry, rows[i].path, true);
		const uint32_t mode =
		    restore_ownership_mode(&ownership, &entry, rows[i].path);

		assert_int_equal(owner.uid, rows[i].is_roots ? 0 : 5000);
		assert_int_equal(owner.gid, 5001);
		/* given to the one who restores it, the group may not read it */
		assert_int_equal(mode,
		    rows[i].is_roots && geteuid() != 0 ? rows[i].mode & ~0077U :
							 rows[i].mode);
	}
}

static void
settled(void **state)
{
	struct error err = { 0 };

	(void)state;
	restoring_opt.owner = "0:7";
	restoring_open();
	assert_int_equal(
	    restore_ownership_settle(&ownership, &directories, true, &err), 0);
	/* only root gives files away */
	assert_int_equal(ownership.all.gid, geteuid() == 0 ? 7 : getegid());
}

/* As root, with no owner named: that of the backup has a number that no user has. */
static void
no_user(void **state)
{
	struct error err = { 0 };

	(void)state;
	if (geteuid() != 0)
		skip();
	ownership.backup = (struct reading_owner){ .uid = UINT32_MAX };
	restoring_open();
	assert_int_equal(
	    restore_ownership_settle(&ownership, &directories, true, &err), -1);
	assert_int_equal(err.kind, ERROR_FORMAT);
}

/* A directory that was prepared says whose all shall be. */
static void
prepared(void **state)
{
	struct error err = { 0 };

	(void)state;
	if (geteuid() != 0)
		skip();
	faketree_put(root, "new", DIRECTORY);
	assert_int_equal(chown(restoring_path, 5000, 5001), 0);
	ownership.backup =
	    (struct reading_owner){ .uid = 4294900000U, .gid = 4294900000U };
	restoring_open();
	assert_int_equal(
	    restore_ownership_settle(&ownership, &directories, true, &err), 0);
	assert_int_equal(ownership.all.uid, 5000);
	assert_int_equal(ownership.all.gid, 5001);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(option, restoring_begin, restoring_end),
		cmocka_unit_test_setup_teardown(group, restoring_begin, restoring_end),
		cmocka_unit_test_setup_teardown(
		    roots_key, restoring_begin, restoring_end),
		cmocka_unit_test_setup_teardown(settled, restoring_begin, restoring_end),
		cmocka_unit_test_setup_teardown(no_user, restoring_begin, restoring_end),
		cmocka_unit_test_setup_teardown(prepared, restoring_begin, restoring_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
