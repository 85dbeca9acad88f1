/* Paths that come from somebody else, below a directory that has ways out. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "filling/beneath.h"
#include "lib/sys.h"
#include "support/faketree.h"

static const struct fake_file tree[] = { { "in", DIRECTORY }, { "in/a", DIRECTORY },
	{ "in/a/b", DIRECTORY }, { "in/a/b/file", "text" },
	{ "in/out", LINK("../outside") }, { "in/a/up", LINK("..") },
	{ "in/file", LINK("a/b/file") }, { "outside", DIRECTORY } };

struct place {
	char *root;
	int fd;
	struct beneath beneath;
};

static int
set_up(void **state)
{
	struct place *p = calloc(1, sizeof(*p));
	int top;

	p->root = faketree_new(tree, sizeof(tree) / sizeof(tree[0]));
	top = faketree_open(p->root);
	p->fd = openat(top, "in", O_RDONLY | O_DIRECTORY);
	sys_close(top);
	beneath_open(&p->beneath, p->fd);
	*state = p;
	return p->fd == -1 ? -1 : 0;
}

static int
tear_down(void **state)
{
	struct place *p = *state;

	beneath_close(&p->beneath);
	sys_close(p->fd);
	faketree_free(p->root);
	free(p);
	return 0;
}

static bool
is_there(const struct place *p, const char *path)
{
	struct stat st;

	return fstatat(p->fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* What is made is where it shall be, and with that mode whatever the umask is. */
static void
makes(void **state)
{
	struct place *p = *state;
	struct error err = { 0 };
	struct stat st;
	int fd;

	umask(077);
	assert_int_equal(
	    beneath_directory(&p->beneath, "new", 0750, BENEATH_SAME, BENEATH_SAME, &err),
	    0);
	assert_int_equal(fstatat(p->fd, "new", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0750);
	assert_int_equal(
	    beneath_file(&p->beneath, "new/file", O_WRONLY | O_CREAT, 0600, &fd, &err),
	    0);
	sys_close(fd);
	assert_int_equal(beneath_link(&p->beneath, "a/b/link", "/srv/x", &err), 0);
	assert_int_equal(
	    beneath_owner(&p->beneath, "a/b/link", getuid(), getgid(), &err), 0);
	assert_int_equal(beneath_rename(&p->beneath, "new/file", "named", &err), 0);
	assert_true(is_there(p, "new/named") && is_there(p, "a/b/link"));
	assert_false(is_there(p, "new/file"));
	umask(022);
}

/* What is there stays what it is. */
static void
makes_nothing_twice(void **state)
{
	struct place *p = *state;
	struct error err = { 0 };
	int fd;

	assert_int_equal(
	    beneath_file(&p->beneath, "a/b/file", O_WRONLY | O_CREAT, 0600, &fd, &err),
	    -1);
	assert_int_equal(err.sys, EEXIST);
	assert_int_equal(
	    beneath_file(&p->beneath, "out", O_WRONLY | O_CREAT, 0600, &fd, &err), -1);
	assert_int_equal(err.sys, EEXIST);
	assert_int_equal(
	    beneath_directory(&p->beneath, "a", 0700, BENEATH_SAME, BENEATH_SAME, &err),
	    -1);
	assert_int_equal(err.sys, EEXIST);
	assert_int_equal(beneath_link(&p->beneath, "a", "x", &err), -1);
	assert_int_equal(err.sys, EEXIST);
	assert_int_equal(beneath_rename(&p->beneath, "a/b/file", "file", &err), -1);
	assert_int_equal(err.sys, EEXIST);
}

/* A path, and why it leads nowhere: 0 for one that is not followed at all. */
static void
leads_nowhere(void **state)
{
	static const struct {
		const char *path;
		int sys;
	} rows[] = { { "../outside/x", 0 }, { "a/../../outside/x", 0 }, { "/etc/x", 0 },
		{ "", 0 }, { "a//x", 0 }, { "a/", 0 }, { "./x", 0 }, { "a/./x", 0 },
		{ "..", 0 }, { ".", 0 }, { "out/x", ELOOP }, { "a/up/x", ELOOP },
		{ "out/../x", 0 }, { "no/x", ENOENT }, { "a/b/file/x", ENOTDIR } };
	struct place *p = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = { 0 };
		int fd;

		assert_int_equal(beneath_file(&p->beneath, rows[i].path,
				     O_WRONLY | O_CREAT, 0600, &fd, &err),
		    -1);
		/* part by part a link is no directory */
		if (rows[i].sys != ELOOP || err.sys != ENOTDIR)
			assert_int_equal(err.sys, rows[i].sys);
		assert_int_equal(err.kind, rows[i].sys ? ERROR_IO : ERROR_FORMAT);
		assert_int_equal(beneath_directory(&p->beneath, rows[i].path, 0700,
				     BENEATH_SAME, BENEATH_SAME, &err),
		    -1);
		assert_int_equal(beneath_link(&p->beneath, rows[i].path, "x", &err), -1);
	}
	assert_false(is_there(p, "../outside/x"));
	assert_false(is_there(p, "x"));
}

/* Neither is a link followed that is the file itself. */
static void
follows_no_link(void **state)
{
	struct place *p = *state;
	struct error err = { 0 };
	int fd;

	assert_int_equal(beneath_file(&p->beneath, "file", O_RDONLY, 0, &fd, &err), -1);
	assert_int_equal(err.sys, ELOOP);
	assert_int_equal(
	    beneath_file(&p->beneath, "a/b/file", O_RDONLY, 0, &fd, &err), 0);
	sys_close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(makes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(makes_nothing_twice, set_up, tear_down),
		cmocka_unit_test_setup_teardown(leads_nowhere, set_up, tear_down),
		cmocka_unit_test_setup_teardown(follows_no_link, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
