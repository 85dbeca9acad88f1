/* Where a file will lie, by whatever name and links. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "run/place.h"
#include "support/faketree.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char *root;

static int
setup(void **state)
{
	static const struct fake_file tree[] = { { "data/base", DIRECTORY },
		{ "data2", DIRECTORY }, { "link", LINK("data/base") } };

	(void)state;
	root = faketree_new(tree, COUNT(tree));
	return chdir(root);
}

static int
teardown(void **state)
{
	(void)state;
	faketree_free(root);
	return chdir("/");
}

static struct row {
	const char *path;
	const char *parent; /* below the root; NULL: none */
	bool is_inside;     /* of data */
} rows[] = {
	{ "file", "", false },
	{ "./file", "", false },
	{ "data/file", "/data", true },
	{ "data/base/file", "/data/base", true },
	{ "link/file", "/data/base", true },
	{ "data/../file", "", false },
	{ "data2/file", "/data2", false },
	{ "link/../file", "/data", true },
	{ "none/file", NULL, false },
};

static void
check_row(void **state)
{
	const struct row *row = *state;
	char *parent = place_parent(row->path);
	struct error err = { 0 };
	struct stat data;
	bool is_inside;

	assert_int_equal(stat("data", &data), 0);
	if (row->parent == NULL) {
		assert_null(parent);
		return;
	}
	assert_non_null(parent);
	assert_int_equal(strncmp(parent, root, strlen(root)), 0);
	assert_string_equal(parent + strlen(root), row->parent);
	assert_int_equal(place_is_inside(parent, &data, &is_inside, &err), 0);
	assert_int_equal(is_inside, row->is_inside);
	free(parent);
}

static void
all_is_inside_the_root(void **state)
{
	struct error err = { 0 };
	struct stat st;
	bool is_inside = false;
	char *parent = place_parent("/file");

	(void)state;
	assert_string_equal(parent, "/");
	free(parent);
	assert_int_equal(stat("/", &st), 0);
	assert_int_equal(place_is_inside(root, &st, &is_inside, &err), 0);
	assert_true(is_inside);
}

int
main(void)
{
	struct CMUnitTest tests[COUNT(rows) + 1];

	for (size_t i = 0; i < COUNT(rows); i++)
		tests[i] = (struct CMUnitTest){ .name = rows[i].path,
			.test_func = check_row,
			.initial_state = &rows[i] };
	tests[COUNT(rows)] = (struct CMUnitTest)cmocka_unit_test(all_is_inside_the_root);
	return cmocka_run_group_tests(tests, setup, teardown);
}
