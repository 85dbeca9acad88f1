/* Where a file will lie, by whatever name and links; and names that are descriptors. */
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
		{ "link", LINK("data/base") }, { "file", "" },
		{ "to-file", LINK("file") }, { "to-nothing", LINK("nothing") },
		{ "loop", LINK("loop") }, { "fds", LINK("/proc/self/fd") },
		{ "out", LINK("/dev/stdout") }, { "to-out", LINK("./out") },
		{ "link-of-fds", LINK("fds/7") }, { "to-null", LINK("/dev/null") } };

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
	struct place place;
	struct stat data;

	assert_int_equal(stat("data", &data), 0);
	assert_int_equal(place_take_parent(&place, row->path, &err), row->sys ? -1 : 0);
	assert_int_equal(err.sys, row->sys);
	assert_int_equal(place_is_inside(&place, &data), row->is_inside);
	place_free(&place);
}

static void
of_a_descriptor(void **state)
{
	struct error err = { 0 };
	struct stat data, all;
	struct place place;
	int fd = open("link", O_RDONLY | O_DIRECTORY);

	(void)state;
	assert_int_equal(stat("data", &data), 0);
	assert_int_equal(stat("/", &all), 0);
	assert_int_equal(place_take(&place, fd, &err), 0);
	close(fd);
	assert_true(place_is_inside(&place, &data));
	assert_true(place_is_inside(&place, &all));
	place_free(&place);
	assert_false(place_is_inside(&place, &all));
}

struct asking {
	struct error err;
	int rc;
};

static void
ask(void *arg)
{
	struct asking *a = arg;
	struct place place;

	a->rc = place_take_parent(&place, "data/file", &a->err);
	place_free(&place);
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

/* ---- descriptors ---- */

static struct named {
	const char *path;
	int fd;
} named[] = {
	{ "/dev/stdout", 1 },
	{ "/dev/stderr", 2 },
	{ "/dev/stdin", 0 },
	{ "/dev/fd/9", 9 },
	{ "/dev/fd/../fd//63", 63 },
	{ "/proc/self/fd/1", 1 },
	{ "/proc/thread-self/fd/4", 4 },
	{ "out", 1 },
	{ "to-out", 1 },
	{ "fds/3", 3 },
	{ "link-of-fds", 7 },
	{ "data/../fds/12", 12 },
	{ "/dev/fd", -1 },
	{ "/dev/fd/x", -1 },
	{ "/dev/fd/01", -1 },
	{ "/dev/fd/99999999999", -1 },
	{ "/dev/null", -1 },
	{ "to-null", -1 },
	{ "file", -1 },
	{ "to-file", -1 },
	{ "to-nothing", -1 },
	{ "loop", -1 },
	{ "none/file", -1 },
	{ "file/file", -1 },
	{ "1", -1 },
	{ "", -1 },
};

static void
check_named(void **state)
{
	const struct named *n = *state;
	struct error err = { 0 };
	int fd = -7;

	assert_int_equal(place_descriptor(n->path, &fd, &err), 0);
	assert_int_equal(fd, n->fd);
}

static void
by_its_process(void **state)
{
	struct error err = { 0 };
	char path[64];
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "/proc/%ld/fd/5", (long)getpid());
	assert_int_equal(place_descriptor(path, &fd, &err), 0);
	assert_int_equal(fd, 5);
	assert_int_equal(place_descriptor("/proc/1/fd/5", &fd, &err), 0);
	assert_int_equal(fd, -1);
}

/* ---- several ---- */

static struct place
of_directory(const char *path)
{
	const int fd = open(path, O_RDONLY | O_DIRECTORY);
	struct error err = { 0 };
	struct place place;

	assert_true(fd >= 0);
	assert_int_equal(place_take(&place, fd, &err), 0);
	close(fd);
	return place;
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
		struct place list[3];

		for (size_t k = 0; k < COUNT(list); k++)
			list[k] = of_directory(nested_rows[i].paths[k]);
		assert_int_equal(
		    place_find_nested(list, COUNT(list), &inner, &outer, &err), 0);
		/* of the same directory twice either is in the other */
		if (nested_rows[i].is_same && inner > outer) {
			const size_t swap = inner;

			inner = outer;
			outer = swap;
		}
		assert_int_equal(inner, nested_rows[i].inner);
		assert_int_equal(outer, nested_rows[i].outer);
		for (size_t k = 0; k < COUNT(list); k++)
			place_free(&list[k]);
	}
	/* places that are not there are in nothing */
	assert_int_equal(
	    place_find_nested((const struct place[2]){ { 0 } }, 2, &inner, &outer, &err),
	    0);
	assert_int_equal(inner, 2);
}

/* Made when they are wanted first, and gone with the tree. */
static double
many_directories(size_t n)
{
	struct place *list = calloc(n, sizeof(*list));
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
	assert_int_equal(place_find_nested(list, n, &inner, &outer, &err), 0);
	took = growth_clock() - start;
	assert_int_equal(inner, n);
	for (size_t i = 0; i < n; i++)
		place_free(&list[i]);
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
		cmocka_unit_test(not_to_be_told), cmocka_unit_test(by_its_process),
		cmocka_unit_test(nested), cmocka_unit_test(many) };
	struct CMUnitTest tests[COUNT(rows) + COUNT(named) + COUNT(others)];
	struct CMUnitTest *t = tests + COUNT(others);

	memcpy(tests, others, sizeof(others));
	for (size_t i = 0; i < COUNT(rows); i++)
		*t++ = (struct CMUnitTest){ .name = rows[i].path,
			.test_func = check_row,
			.initial_state = &rows[i] };
	for (size_t i = 0; i < COUNT(named); i++)
		*t++ = (struct CMUnitTest){ .name = named[i].path,
			.test_func = check_named,
			.initial_state = &named[i] };
	return cmocka_run_group_tests(tests, setup, faketree_leave);
}
