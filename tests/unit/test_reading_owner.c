/* Whose cluster a backup is of: the first member that is not root's says so. */
#include <string.h>

#include "reading/owner.h"
#include "support/rows.h"

enum { MEMBERS = 4 };

static struct row {
	const char *name;
	struct {
		const char *uname, *gname; /* NULL: the end */
		uint64_t uid, gid;
	} members[MEMBERS];
	uint64_t uid, gid;
	const char *uname, *gname;
} rows[] = {
	{ "the first", { { "postgres", "dba", 26, 27 }, { "other", "other", 99, 98 } },
	    26, 27, "postgres", "dba" },
	{ "the first that is not root's",
	    { { "root", "root", 0, 0 }, { "postgres", "dba", 26, 27 },
		{ "other", "other", 99, 98 } },
	    26, 27, "postgres", "dba" },
	{ "root, if there is no other",
	    { { "root", "wheel", 0, 0 }, { "toor", "x", 0, 5 } }, 0, 0, "root", "wheel" },
	{ "without names", { { "", "", 26, 27 }, { "postgres", "dba", 26, 27 } }, 26, 27,
	    "", "" },
	{ "an ID of 56 bits",
	    { { "big", "big", UINT64_C(1) << 55, (UINT64_C(1) << 55) + 1 } },
	    UINT64_C(1) << 55, (UINT64_C(1) << 55) + 1, "big", "big" },
	{ "the longest names",
	    { { "abcdefghijklmnopqrstuvwxyz012345", "abcdefghijklmnopqrstuvwxyz01234", 1,
		1 } },
	    1, 1, "abcdefghijklmnopqrstuvwxyz012345", "abcdefghijklmnopqrstuvwxyz01234" },
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static void
check_row(void **state)
{
	const struct row *row = *state;
	struct reading_owner owner = { 0 };

	for (size_t i = 0; i < MEMBERS && row->members[i].uname; i++) {
		const struct tar_entry entry = { .name = "base/1",
			.uid = row->members[i].uid,
			.gid = row->members[i].gid,
			.uname = row->members[i].uname,
			.gname = row->members[i].gname };

		reading_owner_note(&owner, &entry);
	}
	assert_true(owner.is_known);
	assert_true(owner.uid == row->uid && owner.gid == row->gid);
	assert_string_equal(owner.uname, row->uname);
	assert_string_equal(owner.gname, row->gname);
}

int
main(void)
{
	struct CMUnitTest tests[ROWS];

	rows_name(tests, rows, sizeof(rows[0]), ROWS, check_row);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
