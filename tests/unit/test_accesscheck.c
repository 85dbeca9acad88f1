/* Files that their owner or mode keeps the server out of: which are said, and how they are counted. */
/* S_IFREG, S_IFDIR */
#define _DEFAULT_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "archive/accesscheck.h"
#include "support/fake_message.c.inc"

enum { SERVER = 70, OTHER = 71 };

static const struct row {
	const char *name, *path;
	mode_t mode;
	uid_t uid;
	const char *said;
} rows[] = {
	{ "file", "base/5/1", S_IFREG | 0600, SERVER, "" },
	{ "directory", "base/5", S_IFDIR | 0700, SERVER, "" },
	{ "file not to be read", "base/5/1", S_IFREG | 0200, SERVER,
	    "\"base/5/1\" has mode 0200, which keeps the server out\n" },
	{ "file not to be written", "base/5/1", S_IFREG | 0400, SERVER,
	    "\"base/5/1\" has mode 0400, which keeps the server out\n" },
	{ "directory not to be entered", "base/5", S_IFDIR | 0600, SERVER,
	    "\"base/5\" has mode 0600, which keeps the server out\n" },
	/* what the others may do is of no use to the owner */
	{ "file for others only", "base/5/1", S_IFREG | 0066, SERVER,
	    "\"base/5/1\" has mode 0066, which keeps the server out\n" },
	{ "bits that are no permissions", "base/5/1", S_IFREG | 07200, SERVER,
	    "\"base/5/1\" has mode 0200, which keeps the server out\n" },
	{ "file of another user", "base/5/1", S_IFREG | 0600, OTHER,
	    "\"base/5/1\" belongs to user 71 and has mode 0600: the server, which runs as user 70, cannot use it\n" },
	{ "file of another user, for all", "base/5/1", S_IFREG | 0666, OTHER, "" },
	{ "file of another user, for its group", "base/5/1", S_IFREG | 0660, OTHER, "" },
	{ "directory that is none of the server's", "log", S_IFDIR | 0, SERVER, "" },
};

static int
take(struct accesscheck *access, const char *path, mode_t mode, uid_t uid)
{
	const struct stat datadir = { .st_mode = S_IFDIR | 0700, .st_uid = SERVER };
	const struct stat st = { .st_mode = mode, .st_uid = uid };
	struct error err = { 0 };

	return accesscheck_member(access, &datadir, path, &st, &err);
}

static void
check_row(void **state)
{
	const struct row *row = *state;
	struct accesscheck access = { 0 };

	message_said[0] = '\0';
	assert_int_equal(take(&access, row->path, row->mode, row->uid), 0);
	message_expect(row->said);
	assert_int_equal(access.kept_out, row->said[0] ? 1 : 0);
}

#define HINT \
	"hint: Give them to the owner of the data directory, files with mode 0600 and directories with 0700, or 0640 and 0750; then run the backup again.\n"

/* Twenty are named, however many there are; the last word has all of them. */
static void
many(void **state)
{
	struct accesscheck access = { 0 };
	char path[32], said[128];

	(void)state;
	message_said[0] = '\0';
	assert_true(accesscheck_report(&access));
	message_expect("");
	assert_int_equal(take(&access, "base/1", S_IFREG | 0, SERVER), 0);
	message_said[0] = '\0';
	assert_false(accesscheck_report(&access));
	message_expect(
	    "error: the backup is complete, but owners or modes keep the server out of 1 file\n" HINT);
	for (unsigned i = 2; i <= 22; i++) {
		snprintf(path, sizeof(path), "base/%u", i);
		snprintf(said, sizeof(said),
		    "\"%s\" has mode 0000, which keeps the server out\n", path);
		assert_int_equal(take(&access, path, S_IFREG | 0, SERVER), 0);
		message_expect(i <= 20 ? said : "");
	}
	assert_false(accesscheck_report(&access));
	message_expect(
	    "error: the backup is complete, but owners or modes keep the server out of 22 files\n" HINT);
}

int
main(void)
{
	enum { ROWS = sizeof(rows) / sizeof(rows[0]) };
	struct CMUnitTest tests[1 + ROWS] = { cmocka_unit_test(many) };

	for (size_t i = 0; i < ROWS; i++)
		tests[1 + i] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = check_row,
			.initial_state = (void *)(uintptr_t)&rows[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
