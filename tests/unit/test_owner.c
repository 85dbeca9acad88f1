/* Users and groups: by name, by number, and as an option names them. */
#include <grp.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "restore/owner.h"

/* A number that nobody has on a host of sound mind. */
#define NONE "4294900000"

static void
test_parse(void **state)
{
	const struct passwd *root = getpwuid(0);
	struct owner owner;
	struct error err = { 0 };
	char text[64];

	(void)state;
	assert_non_null(root);
	assert_int_equal(owner_parse("root", &owner, &err), 0);
	assert_int_equal(owner.uid, 0);
	assert_int_equal(owner.gid, root->pw_gid);
	assert_int_equal(owner_parse("0:", &owner, &err), 0);
	assert_int_equal(owner.gid, root->pw_gid);
	snprintf(text, sizeof(text), "root:%s", getgrgid(root->pw_gid)->gr_name);
	assert_int_equal(owner_parse(text, &owner, &err), 0);
	assert_int_equal(owner.gid, root->pw_gid);
	assert_int_equal(owner_parse(NONE ":7", &owner, &err), 0);
	assert_int_equal(owner.uid, 4294900000U);
	assert_int_equal(owner.gid, 7);
}

static void
test_refuse(void **state)
{
	static const struct {
		const char *text, *error;
	} rows[] = {
		{ "", "\"\" is not of the form USER or USER:GROUP" },
		{ ":root", "\":root\" is not of the form USER or USER:GROUP" },
		{ "no such user", "user \"no such user\" does not exist on this host" },
		{ "root:no such group",
		    "group \"no such group\" does not exist on this host" },
		{ NONE,
		    "user number " NONE " has no name on this host, and so no group" },
		{ "4294967295:0", "user \"4294967295\" does not exist on this host" },
		{ "0:4294967295", "group \"4294967295\" does not exist on this host" },
		{ "-1:0", "user \"-1\" does not exist on this host" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct owner owner = { 7, 8 };
		struct error err = { 0 };

		assert_int_equal(owner_parse(rows[i].text, &owner, &err), -1);
		assert_int_equal(err.kind, ERROR_USAGE);
		assert_string_equal(err.text, rows[i].error);
		assert_int_equal(owner.uid, 7);
	}
}

static void
test_known(void **state)
{
	struct owner owner = { 7, 8 };
	char text[OWNER_TEXT];
	gid_t gid = 9;

	(void)state;
	assert_false(owner_by_name("", &owner));
	assert_false(owner_by_name("no such user", &owner));
	assert_false(owner_by_number(4294900000U, &owner));
	/* which is no other word for 0 */
	assert_false(owner_by_number((uint64_t)1 << 32, &owner));
	assert_int_equal(owner.uid, 7);
	assert_true(owner_by_name("root", &owner));
	assert_int_equal(owner.uid, 0);
	assert_false(owner_group_by_name("", &gid));
	assert_false(owner_group_by_name("no such group", &gid));
	assert_int_equal(gid, 9);
	assert_true(owner_has_group(0));
	assert_false(owner_has_group((uint64_t)1 << 32));
	assert_string_equal(owner_print(text, 0), "\"root\"");
	assert_string_equal(owner_print(text, 4294900000U), "number " NONE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_refuse),
		cmocka_unit_test(test_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
