/* The way to a directory: where it ends, and that its links are seen. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "filling/route.h"
#include "support/faketree.h"

static const struct fake_file tree[] = { { "a/b", DIRECTORY }, { "file", "x" },
	{ "to_a", LINK("a") }, { "a/up", LINK("../a/b/") },
	{ "a/b/dots", LINK("./..//../to_a/./b") }, { "loop", LINK("loop") },
	{ "root", LINK("/") }, { "nowhere", LINK("a/none/none") } };

static char *root;

static int
set_up(void **state)
{
	(void)state;
	return faketree_enter(&root, tree, sizeof(tree) / sizeof(tree[0]));
}

static int
go(struct route *route, const char *path, struct error *err)
{
	char at[512];

	snprintf(at, sizeof(at), "%s/%s", root, path);
	return route_open(route, at, err);
}

/* Where it ends is where the system would end. */
static void
ends(void **state)
{
	static const struct {
		const char *path, *name, *same;
	} rows[] = { { "a", "a", "a" }, { "a/", "a", "a" }, { "a/b", "b", "a/b" },
		{ "a//b//", "b", "a/b" }, { "to_a", "a", "a" }, { "to_a/", "a", "a" },
		{ "to_a/b", "b", "a/b" }, { "a/up", "b", "a/b" },
		{ "to_a/up/dots", "b", "a/b" }, { "a/b/..", ".", "a" },
		{ "a/b/../b", "b", "a/b" }, { "a/new", "new", NULL },
		{ "to_a/up/dots/new/", "new", NULL }, { "root", ".", "root" },
		{ "file", "file", "file" } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = { 0 };
		struct route route;
		struct stat here, there;
		char at[512];

		assert_int_equal(go(&route, rows[i].path, &err), 0);
		assert_string_equal(route.name, rows[i].name);
		if (rows[i].same) {
			snprintf(at, sizeof(at), "%s/%s", root, rows[i].same);
			assert_int_equal(stat(at, &there), 0);
			assert_int_equal(
			    fstatat(route.parent, route.name, &here, AT_SYMLINK_NOFOLLOW),
			    0);
			assert_int_equal(here.st_ino, there.st_ino);
		}
		route_close(&route);
		route_close(&route);
	}
}

static void
fails(void **state)
{
	static const struct {
		const char *path;
		int sys;
	} rows[] = { { "none/none", ENOENT }, { "file/x", ENOTDIR }, { "loop", ELOOP },
		{ "loop/x", ELOOP }, { "nowhere", ENOENT } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct route route = { .parent = -7 };
		struct error err = { 0 };

		assert_int_equal(go(&route, rows[i].path, &err), -1);
		assert_int_equal(err.kind, ERROR_STATE);
		assert_int_equal(err.sys, rows[i].sys);
		assert_int_equal(route.parent, -7);
	}
}

/* Those of root are not told of. */
static void
links(void **state)
{
	struct error err = { 0 };
	struct route route;
	char at[512];

	(void)state;
	assert_int_equal(go(&route, "a/b", &err), 0);
	assert_false(route.has_link);
	route_close(&route);
	assert_int_equal(go(&route, "to_a/up", &err), 0);
	assert_int_equal(route.has_link, geteuid() != 0);
	assert_false(route.has_others);
	route_close(&route);
	if (geteuid() != 0)
		return;
	snprintf(at, sizeof(at), "%s/to_a", root);
	assert_int_equal(lchown(at, 7, 7), 0);
	assert_int_equal(go(&route, "to_a/up", &err), 0);
	assert_true(route.has_link);
	assert_int_equal(route.link_uid, 7);
	assert_false(route.has_others);
	route_close(&route);
	snprintf(at, sizeof(at), "%s/a/up", root);
	assert_int_equal(lchown(at, 8, 8), 0);
	assert_int_equal(go(&route, "to_a/up", &err), 0);
	assert_true(route.has_others);
	route_close(&route);
}

static void
relative(void **state)
{
	struct error err = { 0 };
	struct route route;
	struct stat here, there;

	(void)state;
	assert_int_equal(route_open(&route, ".", &err), 0);
	assert_int_equal(
	    fstatat(route.parent, route.name, &here, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(stat(".", &there), 0);
	assert_int_equal(here.st_ino, there.st_ino);
	route_close(&route);
	assert_int_equal(route_open(&route, "/", &err), 0);
	assert_string_equal(route.name, ".");
	route_close(&route);
}

static int
moved(int at, const char *name)
{
	const int next = openat(at, name, O_RDONLY | O_DIRECTORY);

	assert_int_not_equal(next, -1);
	close(at);
	return next;
}

/* Directories of 200 bytes, one in the other. */
enum { DEEP = 2 * PATH_MAX / 200 };

/*
 * What a link of /proc says is not where it leads: here it is cut, as the path is too long to be
 * told; of another root it is the path there.
 */
static void
open_one(void **state)
{
	struct error err = { 0 };
	struct route route;
	struct stat here, there;
	char name[200], link[64], path[80];
	int at = open(root, O_RDONLY | O_DIRECTORY);

	(void)state;
	if (access("/proc/self/fd", F_OK) == -1)
		skip();
	memset(name, 'd', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (size_t i = 0; i < DEEP; i++) {
		assert_int_equal(mkdirat(at, name, 0700), 0);
		at = moved(at, name);
	}
	assert_int_equal(mkdirat(at, "a", 0700), 0);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", at);
	for (int i = 0; i < 3; i++) {
		static const char *const rows[][2] = { { "", "." }, { "/a", "a" },
			{ "//new/", "new" } };

		snprintf(path, sizeof(path), "%s%s", link, rows[i][0]);
		assert_int_equal(route_open(&route, path, &err), 0);
		assert_string_equal(route.name, rows[i][1]);
		assert_int_equal(route.has_link, geteuid() != 0);
		assert_int_equal(fstat(route.parent, &here), 0);
		assert_int_equal(fstat(at, &there), 0);
		assert_int_equal(here.st_ino, there.st_ino);
		route_close(&route);
	}
	unlinkat(at, "a", AT_REMOVEDIR);
	for (size_t i = 0; i < DEEP; i++) {
		at = moved(at, "..");
		assert_int_equal(unlinkat(at, name, AT_REMOVEDIR), 0);
	}
	close(at);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(ends, set_up, faketree_leave),
		cmocka_unit_test_setup_teardown(fails, set_up, faketree_leave),
		cmocka_unit_test_setup_teardown(links, set_up, faketree_leave),
		cmocka_unit_test_setup_teardown(relative, set_up, faketree_leave),
		cmocka_unit_test_setup_teardown(open_one, set_up, faketree_leave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
