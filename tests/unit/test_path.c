/* A path in two: where the file is, and its name there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/path.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct row {
	const char *path, *directory, *name;
} rows[] = {
	{ "name", ".", "name" },
	{ "name/", ".", "name" },
	{ "./name", ".", "name" },
	{ "dir/name", "dir", "name" },
	{ "dir/name//", "dir", "name" },
	{ "dir//name", "dir", "name" },
	{ "/dir/sub/name", "/dir/sub", "name" },
	{ "/name", "/", "name" },
	{ "//name/", "/", "name" },
	{ "dir/..", "dir", ".." },
	{ "/", "/", "" },
	{ "//", "/", "" },
	{ "", ".", "" },
};

static void
check_row(void **state)
{
	const struct row *row = *state;
	struct error err = { 0 };
	char *directory, *name;

	assert_int_equal(path_split(row->path, &directory, &name, &err), 0);
	assert_string_equal(directory, row->directory);
	assert_string_equal(name, row->name);
	free(directory);
	free(name);
}

static void
plain(void **state)
{
	static const char *const good[] = { "a", "a/b", "...", ".a/..b", "a/b/c" };
	static const char *const bad[] = { "", "/", "/a", "a/", "a//b", ".", "..", "./a",
		"a/.", "a/../b", "../a", "a/.." };

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		assert_true(path_is_plain(good[i]));
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(path_is_plain(bad[i]));
}

/* Each row comes before the next. */
static void
order(void **state)
{
	static const char *const walked[] = { "", "a", "a/b", "a/b/c", "a/c", "a b", "a-",
		"a.b", "ab", "b\177", "b\200" };

	(void)state;
	for (size_t i = 0; i < COUNT(walked); i++) {
		for (size_t j = 0; j < i; j++) {
			assert_int_equal(path_compare(walked[j], walked[i]), -1);
			assert_int_equal(path_compare(walked[i], walked[j]), 1);
		}
		assert_int_equal(path_compare(walked[i], walked[i]), 0);
	}
}

int
main(void)
{
	struct CMUnitTest tests[COUNT(rows) + 2] = { cmocka_unit_test(plain),
		cmocka_unit_test(order) };

	for (size_t i = 0; i < COUNT(rows); i++)
		tests[i + 2] = (struct CMUnitTest){ .name = rows[i].path,
			.test_func = check_row,
			.initial_state = &rows[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
