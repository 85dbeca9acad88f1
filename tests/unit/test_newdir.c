/* A directory to be filled: new or empty, and what else is there is told. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "filling/newdir.h"
#include "support/faketree.h"
#include "support/refuse.h"

static const struct fake_file tree[] = { { "empty", DIRECTORY }, { "used/x", "x" },
	{ "hidden/.x", "x" }, { "cluster/global/pg_control", "x" },
	{ "cluster/PG_VERSION", "15\n" }, { "begun/PG_VERSION", "15\n" },
	{ "labelled/backup_label", "x" }, { "file", "x" }, { "link", LINK("empty") },
	{ "nowhere", LINK("none") } };

static char *root;

static const char *
at(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	return path;
}

static int
set_up(void **state)
{
	(void)state;
	return faketree_enter(&root, tree, sizeof(tree) / sizeof(tree[0]));
}

/* One that was made goes again while nothing is in it, and one that was there never does. */
static void
new_and_empty(void **state)
{
	static const char *const names[] = { "new", "empty", "link" };
	struct error err = { 0 };
	struct newdir dir;
	struct stat st;
	bool is_unsynced = true;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(newdir_open(&dir, at(names[i]), NULL, &err), 0);
		assert_int_equal(dir.is_made, i == 0);
		assert_int_equal(newdir_sync(&dir, &is_unsynced, &err), 0);
		assert_false(is_unsynced);
		newdir_close(&dir, true);
		assert_int_equal(stat(at(names[i]), &st), i == 0 ? -1 : 0);
		newdir_close(&dir, true); /* no directory is none to close */
	}
	assert_int_equal(newdir_open(&dir, at("new"), NULL, &err), 0);
	assert_int_equal(fstat(dir.fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(
	    beneath_directory(&dir.beneath, "x", 0700, BENEATH_SAME, BENEATH_SAME, &err),
	    0);
	newdir_close(&dir, true);
	assert_int_equal(stat(at("new/x"), &st), 0);
}

static mode_t
mode_of(const char *name)
{
	struct stat st;

	return stat(at(name), &st) == 0 ? st.st_mode & 07777 : 0;
}

/* What leads to it is made, gets the mode of it, and goes again while nothing is in it. */
static void
parents(void **state)
{
	struct error err = { 0 };
	struct newdir one, other;
	bool is_unsynced = true;

	(void)state;
	assert_int_equal(newdir_open(&one, at("a/b/one"), NULL, &err), 0);
	assert_int_equal(newdir_open(&other, at("a/b/c/other"), NULL, &err), 0);
	assert_int_equal(mode_of("a"), 0700);
	assert_int_equal(mode_of("a/b/c"), 0700);
	assert_int_equal(newdir_settle(&one, (uid_t)-1, (gid_t)-1, 0750, &err), 0);
	assert_int_equal(mode_of("a"), 0750);
	assert_int_equal(mode_of("a/b"), 0750);
	assert_int_equal(mode_of("a/b/one"), 0750);
	assert_int_equal(mode_of("a/b/c"), 0700);
	assert_int_equal(newdir_sync(&one, &is_unsynced, &err), 0);
	assert_false(is_unsynced);
	newdir_close(&other, true);
	assert_int_equal(mode_of("a/b/c"), 0);
	newdir_close(&one, true);
	assert_int_equal(mode_of("a"), 0);
	/* nor do those stay that led to one that could not be used */
	assert_int_equal(newdir_open(&one, at("a/b/../../used"), NULL, &err), -1);
	assert_int_equal(err.sys, ENOTEMPTY);
	assert_int_equal(mode_of("a"), 0);
}

/* "x" may stay, and nothing else. */
static bool
may_stay(const struct newdir_guests *guests, int fd, const char *name)
{
	(void)guests;
	(void)fd;
	return strcmp(name, "x") == 0;
}

static void
with_guests(void **state)
{
	static const struct newdir_guests guests = { may_stay };
	struct error err = { 0 };
	struct newdir dir;

	(void)state;
	assert_int_equal(newdir_open(&dir, at("empty"), &guests, &err), 0);
	assert_false(dir.has_guests);
	newdir_close(&dir, true);
	assert_int_equal(newdir_open(&dir, at("used"), &guests, &err), 0);
	assert_true(dir.has_guests);
	assert_int_equal(newdir_check(&dir, &err), 0);
	assert_int_equal(mkdirat(dir.fd, "y", 0700), 0);
	assert_int_equal(newdir_check(&dir, &err), -1);
	assert_int_equal(err.sys, ENOTEMPTY);
	newdir_close(&dir, true);
	assert_int_equal(newdir_open(&dir, at("hidden"), &guests, &err), -1);
}

/* Root's is of mkfs; that of anybody else is a directory like others. */
static void
lost_found(void **state)
{
	struct error err = { 0 };
	struct newdir dir;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(newdir_open(&dir, at("empty"), NULL, &err), 0);
	assert_int_equal(mkdirat(dir.fd, "lost+found", 0700), 0);
	assert_int_equal(newdir_check(&dir, &err), 0);
	assert_int_equal(fchownat(dir.fd, "lost+found", 1, 1, 0), 0);
	assert_int_equal(newdir_check(&dir, &err), -1);
	newdir_close(&dir, true);
}

struct syncing {
	struct newdir dir;
	struct error err;
	bool is_unsynced;
	int rc;
};

static void
sync_it(void *arg)
{
	struct syncing *s = arg;

	s->rc = newdir_sync(&s->dir, &s->is_unsynced, &s->err);
}

/* The directory above may be one that we may not read; nothing else is let pass. */
static void
above_a_new_one(void **state)
{
	static const struct {
		int sys, rc;
		const char *text;
	} rows[] = {
		{ EACCES, 0, "" },
		{ EMFILE, -1,
		    "could not open parent directory to fsync it: Too many open files" },
		{ EIO, -1,
		    "could not open parent directory to fsync it: Input/output error" },
		{ EPERM, -1,
		    "could not open parent directory to fsync it: Operation not permitted" }
	};
	struct syncing s = { .rc = 1 };

	(void)state;
	assert_int_equal(newdir_open(&s.dir, at("new"), NULL, &s.err), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct refuse row = { SYS_openat, 0, 0, 0, rows[i].sys };

		s.err = (struct error){ 0 };
		if (!refuse_run(&row, 1, sync_it, &s))
			skip();
		assert_int_equal(s.rc, rows[i].rc);
		assert_int_equal(s.is_unsynced, rows[i].rc == 0);
		assert_string_equal(s.err.text, rows[i].text);
	}
	newdir_close(&s.dir, true);
}

static void
occupied(void **state)
{
	static const struct {
		const char *name, *text;
	} rows[] = { { "used", "the directory is not empty" },
		{ "hidden", "the directory is not empty" },
		{ "cluster", "the directory has a cluster" },
		{ "begun", "the directory has an unfinished restore" },
		{ "labelled", "the directory has an unfinished restore" },
		{ "file", "could not open: Not a directory" },
		{ "nowhere/new", "could not create directory: No such file" },
		{ "file/new", "could not open: Not a directory" } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct newdir dir = { .fd = -7 };
		struct error err = { 0 };
		struct stat st;

		assert_int_equal(newdir_open(&dir, at(rows[i].name), NULL, &err), -1);
		assert_int_equal(err.kind, ERROR_STATE);
		assert_memory_equal(err.text, rows[i].text, strlen(rows[i].text));
		assert_int_equal(dir.fd, -7);
		assert_int_equal(
		    stat(at(rows[i].name), &st), strchr(rows[i].name, '/') ? -1 : 0);
	}
}

/* Nobody else fills it meanwhile. */
static void
locked(void **state)
{
	struct newdir dir, other = { .fd = -7 };
	struct error err = { 0 };

	(void)state;
	assert_int_equal(newdir_open(&dir, at("empty"), NULL, &err), 0);
	assert_int_equal(newdir_open(&other, at("link"), NULL, &err), -1);
	assert_int_equal(err.kind, ERROR_STATE);
	assert_string_equal(err.text, "another restore is using the directory");
	assert_int_equal(other.fd, -7);
	newdir_close(&dir, true);
	assert_int_equal(newdir_open(&dir, at("empty"), NULL, &err), 0);
	newdir_close(&dir, true);
}

/* What root may give away, to user 7. */
static void
owners(void **state)
{
	static const struct {
		const char *path;
		uid_t link, there; /* whose the link is, and what was there */
		const char *text;  /* NULL: it may */
	} rows[] = { { "new", 0, 0, NULL }, { "empty", 0, 0, NULL },
		{ "empty", 0, 7, NULL },
		{ "empty", 0, 8,
		    "the directory belongs to user number 8, the backup to 7" },
		{ "link", 0, 0, NULL }, { "link", 0, 7, NULL },
		{ "link", 7, 0,
		    "a symbolic link of user number 7 leads to the directory" },
		{ "link", 7, 7, NULL },
		{ "link", 8, 0,
		    "a symbolic link of user number 8 leads to the directory" },
		{ "link", 8, 7,
		    "a symbolic link of user number 8 leads to the directory" },
		{ "link/new", 7, 0,
		    "a symbolic link of user number 7 leads to the directory" },
		{ "link/new", 7, 7, NULL }, { "link/new", 0, 8, NULL },
		{ "link/new", 8, 8,
		    "a symbolic link of user number 8 leads to the directory" } };

	(void)state;
	if (geteuid() != 0)
		skip();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = { 0 };
		struct newdir dir;
		bool has_owner;
		uid_t uid;
		gid_t gid;

		assert_int_equal(lchown(at("link"), rows[i].link, 0), 0);
		assert_int_equal(chown(at("empty"), rows[i].there, 3), 0);
		assert_int_equal(newdir_open(&dir, at(rows[i].path), NULL, &err), 0);
		assert_int_equal(
		    newdir_check_owner(&dir, 7, &err), rows[i].text ? -1 : 0);
		assert_string_equal(err.text, rows[i].text ? rows[i].text : "");
		assert_int_equal(newdir_owner(&dir, &has_owner, &uid, &gid, &err), 0);
		assert_int_equal(has_owner, !dir.is_made && rows[i].there != 0);
		if (has_owner) {
			assert_int_equal(uid, rows[i].there);
			assert_int_equal(gid, 3);
		}
		newdir_close(&dir, true);
	}
}

/* As if the owner of the directory above had put one of another user there: that is not root's. */
static void
replaced(void **state)
{
	struct error err = { 0 };
	struct newdir dir;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(newdir_open(&dir, at("new"), NULL, &err), 0);
	assert_true(dir.is_made);
	assert_int_equal(newdir_check_owner(&dir, 7, &err), 0);
	assert_int_equal(fchown(dir.fd, 8, 8), 0);
	assert_int_equal(newdir_check_owner(&dir, 8, &err), 0);
	assert_int_equal(newdir_check_owner(&dir, 7, &err), -1);
	assert_string_equal(
	    err.text, "the directory belongs to user number 8, the backup to 7");
	newdir_close(&dir, true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(new_and_empty, set_up, faketree_leave),
		cmocka_unit_test_setup_teardown(parents, set_up, faketree_leave),
		cmocka_unit_test_setup_teardown(with_guests, set_up, faketree_leave),
		cmocka_unit_test_setup_teardown(lost_found, set_up, faketree_leave),
		cmocka_unit_test_setup_teardown(above_a_new_one, set_up, faketree_leave),
		cmocka_unit_test_setup_teardown(occupied, set_up, faketree_leave),
		cmocka_unit_test_setup_teardown(locked, set_up, faketree_leave),
		cmocka_unit_test_setup_teardown(owners, set_up, faketree_leave),
		cmocka_unit_test_setup_teardown(replaced, set_up, faketree_leave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
