/* One backup is removed if it is still what was read, and nothing else is. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "inventory/discard.h"
#include "support/faketree.h"
#include "support/rows.h"

static const struct fake_file tree[] = {
	{ "file", "a backup" },
	{ "other", "another" },
	{ "set/base.tar", "base" },
	{ "set/16384.tar", "space" },
	{ "set/backup_manifest", "{}" },
	{ "elsewhere/base.tar", "base" },
};
enum { FILES = sizeof(tree) / sizeof(tree[0]) };

/* What happens between the reading and the removal. */
static const struct discarded {
	const char *name, *what; /* "file" or "set" */
	const char *put[2];      /* a path and what is put there */
	const char *renamed;     /* to the name of what is removed */
	const char *removed;     /* by another program */
	const char *rewritten;   /* a file that stays the same one */
	int rc;
	bool is_left; /* afterwards something of that name is there */
} discarded[] = {
	{ .name = "a file", .what = "file" },
	{ .name = "a set", .what = "set" },
	{ .name = "a file that was written to",
	    .what = "file",
	    .put = { "file", "another backup" },
	    .rc = -1,
	    .is_left = true },
	{ .name = "another file of that name",
	    .what = "file",
	    .renamed = "other",
	    .rc = -1,
	    .is_left = true },
	{ .name = "a link in its place",
	    .what = "file",
	    .put = { "file", LINK("other") },
	    .rc = -1,
	    .is_left = true },
	{ .name = "a fifo in its place",
	    .what = "file",
	    .put = { "file", FIFO },
	    .rc = -1,
	    .is_left = true },
	{ .name = "a file that is gone", .what = "file", .removed = "file" },
	{ .name = "a set that is gone", .what = "set", .removed = "set" },
	{ .name = "a set with one file more",
	    .what = "set",
	    .put = { "set/notes", "mine" },
	    .rc = -1,
	    .is_left = true },
	{ .name = "a set with an archive that was written to",
	    .what = "set",
	    .rewritten = "set/base.tar",
	    .rc = -1,
	    .is_left = true },
	{ .name = "a set with a manifest that was written to",
	    .what = "set",
	    .rewritten = "set/backup_manifest",
	    .rc = -1,
	    .is_left = true },
	{ .name = "a set with a link to an archive",
	    .what = "set",
	    .put = { "set/base.tar", LINK_BELOW("elsewhere/base.tar") },
	    .rc = -1,
	    .is_left = true },
	{ .name = "another directory of that name",
	    .what = "set",
	    .removed = "set",
	    .renamed = "elsewhere",
	    .rc = -1,
	    .is_left = true },
	{ .name = "a link to a directory",
	    .what = "set",
	    .removed = "set",
	    .put = { "set", LINK("elsewhere") },
	    .rc = -1,
	    .is_left = true },
	{ .name = "a set without its base",
	    .what = "set",
	    .removed = "set/base.tar",
	    .rc = -1,
	    .is_left = true },
};

static void
rewrite(const char *root, const char *path)
{
	const int dirfd = faketree_open(root);
	const int fd = openat(dirfd, path, O_WRONLY | O_CLOEXEC);

	assert_int_equal(write(fd, "B", 1), 1);
	close(fd);
	close(dirfd);
}

/* Times may be as coarse as the ticks of a kernel, so that the change has one of its own. */
static void
change(const struct discarded *d, const char *root)
{
	nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
	if (d->rewritten)
		rewrite(root, d->rewritten);
	if (d->removed)
		faketree_remove(root, d->removed);
	if (d->put[0])
		faketree_put(root, d->put[0], d->put[1]);
	if (d->renamed)
		faketree_rename(root, d->renamed, d->what);
}

static bool
is_there(int dirfd, const char *name)
{
	struct stat st;

	return fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* As inventory_read() does. */
static void
note_touched(const struct inventory *inv, struct inventory_row *row)
{
	const int fd = openat(inv->dirfd, row->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct backupset set = { 0 };
	struct error err = { 0 };

	assert_int_equal(backupset_read(fd, &set, &err), 0);
	assert_true(inventory_are_regular(fd, &set, &row->touched));
	backupset_free(&set);
	close(fd);
}

static void
expect_discarded(void **state)
{
	const struct discarded *d = *state;
	char *root = faketree_new(tree, FILES);
	const struct inventory inv = { .dirfd = faketree_open(root), .path = root };
	struct inventory_row row = { .name = (char *)(uintptr_t)d->what,
		.is_directory = strcmp(d->what, "set") == 0 };
	struct error err = { 0 };
	bool is_gone = false;

	assert_int_equal(fstatat(inv.dirfd, row.name, &row.st, AT_SYMLINK_NOFOLLOW), 0);
	if (row.is_directory)
		note_touched(&inv, &row);
	change(d, root);
	assert_int_equal(discard_backup(&inv, &row, &is_gone, &err), d->rc);
	assert_int_equal(is_there(inv.dirfd, row.name), d->is_left);
	assert_int_equal(is_gone, d->rc == 0 && d->removed != NULL);
	if (d->is_left && d->put[0])
		assert_true(is_there(inv.dirfd, d->put[0]));
	if (d->renamed == NULL) {
		assert_true(is_there(inv.dirfd, "other"));
		assert_true(is_there(inv.dirfd, "elsewhere/base.tar"));
	}
	if (d->is_left && row.is_directory && d->removed == NULL)
		assert_true(is_there(inv.dirfd, "set/16384.tar"));
	close(inv.dirfd);
	faketree_free(root);
}

enum { DISCARDED = sizeof(discarded) / sizeof(discarded[0]) };

int
main(void)
{
	struct CMUnitTest tests[DISCARDED];

	rows_name(tests, discarded, sizeof(discarded[0]), DISCARDED, expect_discarded);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
