/* Root becomes the owner of the data directory, and root again; another user stays what it is. */
#define _DEFAULT_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/identity.h"

enum { NAMELESS = 4711 }; /* the number of no user here */

static void
need_root(void)
{
	if (geteuid() != 0)
		skip();
}

static void
root_is_refused(void **state)
{
	const struct stat st = { .st_uid = 0, .st_gid = 0 };
	struct error err = { 0 };
	struct identity id;

	(void)state;
	need_root();
	assert_int_equal(identity_assume(&id, &st, "/data", &err), -1);
	assert_int_equal(err.kind, ERROR_STATE);
	assert_non_null(strstr(err.text, "\"/data\" belongs to root"));
	assert_non_null(strstr(err.hint, "chown"));
	assert_false(id.is_assumed);
	assert_int_equal(geteuid(), 0);
}

static void
expect_owner(uid_t uid, gid_t gid)
{
	const struct stat st = { .st_uid = uid, .st_gid = gid };
	struct error err = { 0 };
	struct identity id;

	assert_int_equal(identity_assume(&id, &st, "/data", &err), 0);
	assert_true(id.is_assumed);
	assert_int_equal(geteuid(), uid);
	assert_int_equal(getegid(), gid);
	assert_int_equal(getgroups(0, NULL) > 0, 1);
	assert_int_equal(identity_regain(&id, &err), 0);
	assert_false(id.is_assumed);
	assert_int_equal(geteuid(), 0);
	assert_int_equal(getegid(), 0);
	assert_int_equal(identity_regain(&id, &err), 0); /* once more is nothing */
}

static void
one_without_a_name(void **state)
{
	(void)state;
	need_root();
	expect_owner(NAMELESS, NAMELESS);
}

/* The home directory is where libpq looks for the files of the user. */
static void
one_with_a_name(void **state)
{
	const struct passwd *user = getpwnam("nobody");

	(void)state;
	need_root();
	if (user == NULL)
		skip();
	expect_owner(user->pw_uid, user->pw_gid);
	assert_string_equal(getenv("HOME"), user->pw_dir);
}

static void
not_root(void **state)
{
	const struct stat st = { .st_uid = 0 };
	struct error err = { 0 };
	struct identity id;

	(void)state;
	need_root();
	assert_int_equal(seteuid(NAMELESS), 0);
	assert_int_equal(identity_assume(&id, &st, "/data", &err), 0);
	assert_false(id.is_assumed);
	assert_int_equal(geteuid(), NAMELESS);
	assert_int_equal(identity_regain(&id, &err), 0);
	assert_int_equal(geteuid(), NAMELESS);
	assert_int_equal(seteuid(0), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(root_is_refused),
		cmocka_unit_test(one_without_a_name),
		cmocka_unit_test(one_with_a_name),
		cmocka_unit_test(not_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
