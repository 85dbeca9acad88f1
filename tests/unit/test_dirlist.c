#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>

#include "datadir/dirlist.h"
#include "lib/sys.h"
#include "support/faketree.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct named {
	const char *name;
	enum dirlist_kind kind;
};

static void
sorted_by_bytes(void **state)
{
	static const struct fake_file files[] = { { "b", "" }, { "a.b", DIRECTORY },
		{ "a", FIFO }, { "\377", "" }, { "B", SOCKET }, { "10", "" },
		{ "9", LINK("x") }, { "\303\244", "" }, { ".hidden", "" } };
	static const struct named expected[] = { { ".hidden", DIRLIST_FILE },
		{ "10", DIRLIST_FILE }, { "9", DIRLIST_LINK }, { "B", DIRLIST_SOCKET },
		{ "a", DIRLIST_FIFO }, { "a.b", DIRLIST_DIRECTORY },
		{ "b", DIRLIST_FILE }, { "\303\244", DIRLIST_FILE },
		{ "\377", DIRLIST_FILE } };
	char *root = faketree_new(files, COUNT(files));
	int fd = faketree_open(root);
	struct dirlist list;
	struct error err;

	(void)state;
	/* twice: the position of the descriptor is nobody's business */
	for (int times = 0; times < 2; times++) {
		assert_int_equal(dirlist_read(fd, &list, &err), 0);
		assert_int_equal(list.count, COUNT(expected));
		for (size_t i = 0; i < list.count; i++) {
			assert_string_equal(list.names[i], expected[i].name);
			/* not every file system tells */
			if (dirlist_kind_at(&list, i) != DIRLIST_UNKNOWN)
				assert_int_equal(
				    dirlist_kind_at(&list, i), expected[i].kind);
		}
		dirlist_free(&list);
		assert_int_equal(list.count, 0);
	}
	sys_close(fd);
	faketree_free(root);
}

static void
names_added(void **state)
{
	static const struct fake_file files[] = { { "b", "" }, { "d", "" } };
	static const char *const added[] = { "c", "a", "b", "e", "c" };
	static const struct named expected[] = { { "a", DIRLIST_ADDED },
		{ "b", DIRLIST_FILE }, { "c", DIRLIST_ADDED }, { "d", DIRLIST_FILE },
		{ "e", DIRLIST_ADDED } };
	char *root = faketree_new(files, COUNT(files));
	int fd = faketree_open(root);
	struct dirlist list;
	struct error err;

	(void)state;
	assert_int_equal(dirlist_read(fd, &list, &err), 0);
	for (size_t i = 0; i < COUNT(added); i++)
		assert_int_equal(dirlist_add(&list, added[i], &err), 0);
	assert_int_equal(list.count, COUNT(expected));
	for (size_t i = 0; i < list.count; i++) {
		assert_string_equal(list.names[i], expected[i].name);
		if (dirlist_kind_at(&list, i) != DIRLIST_UNKNOWN)
			assert_int_equal(dirlist_kind_at(&list, i), expected[i].kind);
	}
	dirlist_free(&list);
	assert_int_equal(dirlist_add(&list, "alone", &err), 0);
	assert_int_equal(list.count, 1);
	dirlist_free(&list);
	sys_close(fd);
	faketree_free(root);
}

static void
many_names(void **state)
{
	char *root = faketree_new(NULL, 0);
	int fd = faketree_open(root);
	struct dirlist list;
	struct error err;
	char name[256 + 12];

	(void)state;
	memset(name, 'n', 255);
	for (int i = 0; i < 2000; i++) {
		snprintf(name + 245, sizeof(name) - 245, "%010d", 1999 - i);
		faketree_put(root, name, "");
	}
	assert_int_equal(dirlist_read(fd, &list, &err), 0);
	assert_int_equal(list.count, 2000);
	for (size_t i = 1; i < list.count; i++)
		assert_true(strcmp(list.names[i - 1], list.names[i]) < 0);
	dirlist_free(&list);
	sys_close(fd);
	faketree_free(root);
}

static void
nothing_there(void **state)
{
	char *root = faketree_new(NULL, 0);
	int fd = faketree_open(root);
	struct dirlist list, untouched = { .count = 77 };
	struct error err;

	(void)state;
	assert_int_equal(dirlist_read(fd, &list, &err), 0);
	assert_int_equal(list.count, 0);
	dirlist_free(&list);
	faketree_free(root);
	/* removed, and still open */
	assert_int_equal(dirlist_read(fd, &list, &err), 0);
	assert_int_equal(list.count, 0);
	dirlist_free(&list);
	sys_close(fd);

	assert_int_equal(dirlist_read(-1, &untouched, &err), -1);
	assert_int_equal(err.kind, ERROR_IO);
	assert_int_equal(err.sys, EBADF);
	assert_int_equal(untouched.count, 77);
}

static void
kinds(void **state)
{
	static const struct {
		mode_t mode;
		enum dirlist_kind kind;
		const char *name;
	} modes[] = { { S_IFREG | 0600, DIRLIST_FILE, "file" },
		{ S_IFDIR | 0700, DIRLIST_DIRECTORY, "directory" },
		{ S_IFLNK, DIRLIST_LINK, "symbolic link" },
		{ S_IFIFO, DIRLIST_FIFO, "fifo" }, { S_IFSOCK, DIRLIST_SOCKET, "socket" },
		{ S_IFBLK, DIRLIST_DEVICE, "device" },
		{ S_IFCHR, DIRLIST_DEVICE, "device" },
		{ 0, DIRLIST_OTHER, "file of unknown kind" } };

	(void)state;
	for (size_t i = 0; i < COUNT(modes); i++) {
		assert_int_equal(dirlist_kind_of(modes[i].mode), modes[i].kind);
		assert_string_equal(dirlist_kind_name(modes[i].kind), modes[i].name);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(sorted_by_bytes),
		cmocka_unit_test(names_added),
		cmocka_unit_test(many_names),
		cmocka_unit_test(nothing_there),
		cmocka_unit_test(kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
