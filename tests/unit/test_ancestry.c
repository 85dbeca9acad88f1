/* Which directories a file will lie in, by whatever name and links. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/ancestry.h"
#include "support/faketree.h"
#include "support/growth.h"
#include "support/refuse.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char *root;

static int
setup(void **state)
{
	static const struct fake_file tree[] = { { "data/base", DIRECTORY },
		{ "data2", DIRECTORY }, { "empty", DIRECTORY },
		{ "link", LINK("data/base") }, { "file", "" } };

	(void)state;
	return faketree_enter(&root, tree, COUNT(tree));
}

/* ---- inside of what ---- */

static struct row {
	const char *path;
	bool is_inside; /* of data */
	int sys;        /* of the error, or 0 */
} rows[] = {
	{ "file", false, 0 },
	{ "./file", false, 0 },
	{ "data/file", true, 0 },
	{ "data/base/file", true, 0 },
	{ "link/file", true, 0 },
	{ "data/../file", false, 0 },
	{ "data2/file", false, 0 },
	{ "link/../file", true, 0 },
	{ "none/file", false, ENOENT },
};

static void
check_row(void **state)
{
	const struct row *row = *state;
	struct error err = { 0 };
	struct ancestry dir;
	struct stat data;

	assert_int_equal(stat("data", &data), 0);
	assert_int_equal(ancestry_take_parent(&dir, row->path, &err), row->sys ? -1 : 0);
	assert_int_equal(err.sys, row->sys);
	assert_int_equal(ancestry_is_inside(&dir, &data), row->is_inside);
	ancestry_free(&dir);
}

static void
of_a_descriptor(void **state)
{
	struct error err = { 0 };
	struct stat data, all;
	struct ancestry dir;
	int fd = open("link", O_RDONLY | O_DIRECTORY);

	(void)state;
	assert_int_equal(stat("data", &data), 0);
	assert_int_equal(stat("/", &all), 0);
	assert_int_equal(ancestry_take(&dir, fd, &err), 0);
	close(fd);
	assert_true(ancestry_is_inside(&dir, &data));
	assert_true(ancestry_is_inside(&dir, &all));
	ancestry_free(&dir);
	assert_false(ancestry_is_inside(&dir, &all));
}

struct asking {
	struct error err;
	int rc;
};

static void
ask(void *arg)
{
	struct asking *a = arg;
	struct ancestry dir;

	a->rc = ancestry_take_parent(&dir, "data/file", &a->err);
	ancestry_free(&dir);
}

/* What cannot be looked at is no proof that it is outside. */
static void
not_to_be_told(void **state)
{
	static const struct {
		int sys, rc;
	} answers[] = { { EIO, -1 }, { ENOMEM, -1 }, { ESTALE, -1 }, { EACCES, 0 } };

	(void)state;
	for (size_t i = 0; i < COUNT(answers); i++) {
		const struct refuse row = { SYS_newfstatat, 0, 0, 0, answers[i].sys };
		struct asking a = { .rc = 1 };

		if (!refuse_run(&row, 1, ask, &a))
			skip();
		assert_int_equal(a.rc, answers[i].rc);
		if (a.rc == -1)
			assert_int_equal(a.err.sys, answers[i].sys);
	}
}

/* ---- several ---- */

static struct ancestry
of_directory(const char *path)
{
	const int fd = open(path, O_RDONLY | O_DIRECTORY);
	struct error err = { 0 };
	struct ancestry dir;

	assert_true(fd >= 0);
	assert_int_equal(ancestry_take(&dir, fd, &err), 0);
	close(fd);
	return dir;
}

static void
nested(void **state)
{
	static const struct {
		const char *paths[3];
		size_t inner, outer; /* 3: none is */
		bool is_same;
	} nested_rows[] = {
		{ { "data", "data2", "empty" }, 3, 3, false },
		{ { "data", "data/base", "empty" }, 1, 0, false },
		{ { "data/base", "empty", "data" }, 0, 2, false },
		{ { "data", "link", "empty" }, 1, 0, false }, /* by another name */
		{ { "empty", "data2", "./empty" }, 0, 2, true },
		{ { "empty", "data2", "." }, 0, 2, false },
	};
	struct error err = { 0 };
	size_t inner, outer;

	(void)state;
	for (size_t i = 0; i < COUNT(nested_rows); i++) {
		struct ancestry list[3];

		for (size_t k = 0; k < COUNT(list); k++)
			list[k] = of_directory(nested_rows[i].paths[k]);
		assert_int_equal(
		    ancestry_find_nested(list, COUNT(list), &inner, &outer, &err), 0);
		/* of the same directory twice either is in the other */
		if (nested_rows[i].is_same && inner > outer) {
			const size_t swap = inner;

			inner = outer;
			outer = swap;
		}
		assert_int_equal(inner, nested_rows[i].inner);
		assert_int_equal(outer, nested_rows[i].outer);
		for (size_t k = 0; k < COUNT(list); k++)
			ancestry_free(&list[k]);
	}
	/* directories that are not there are in nothing */
	assert_int_equal(ancestry_find_nested((const struct ancestry[2]){ { 0 } }, 2,
			     &inner, &outer, &err),
	    0);
	assert_int_equal(inner, 2);
}

/* Made when they are wanted first, and gone with the tree. */
static double
many_directories(size_t n)
{
	struct ancestry *list = calloc(n, sizeof(*list));
	char name[40];
	struct error err = { 0 };
	size_t inner, outer;
	double start, took;

	assert_non_null(list);
	for (size_t i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "many/%zu", i);
		(void)!mkdir("many", 0700);
		(void)!mkdir(name, 0700);
		list[i] = of_directory(name);
	}
	start = growth_clock();
	assert_int_equal(ancestry_find_nested(list, n, &inner, &outer, &err), 0);
	took = growth_clock() - start;
	assert_int_equal(inner, n);
	for (size_t i = 0; i < n; i++)
		ancestry_free(&list[i]);
	free(list);
	return took;
}

static void
many(void **state)
{
	(void)state;
	growth_check(many_directories, 2000);
}

int
main(void)
{
	const struct CMUnitTest others[] = { cmocka_unit_test(of_a_descriptor),
		cmocka_unit_test(not_to_be_told), cmocka_unit_test(nested),
		cmocka_unit_test(many) };
	struct CMUnitTest tests[COUNT(rows) + COUNT(others)];
	struct CMUnitTest *t = tests + COUNT(others);

	memcpy(tests, others, sizeof(others));
	for (size_t i = 0; i < COUNT(rows); i++)
		*t++ = (struct CMUnitTest){ .name = rows[i].path,
			.test_func = check_row,
			.initial_state = &rows[i] };
	return cmocka_run_group_tests(tests, setup, faketree_leave);
}
