/* OLD=NEW, and what stands for what. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/relocation.h"

static struct row {
	const char *text, *old, *new; /* old NULL: new is the error */
} rows[] = {
	{ "/a=/b", "/a", "/b" },
	{ "/srv/ssd 1=/snap/ssd 1", "/srv/ssd 1", "/snap/ssd 1" },
	{ "/a//=/b/", "/a", "/b" },
	{ "/=/", "/", "/" },
	{ "//srv///a//=//b//c", "/srv/a", "/b/c" },
	{ "/given//=/b", NULL, "\"/given\" is given twice" },
	{ "/a\\=b=/c\\=", "/a=b", "/c=" },
	{ "/a\\b=/c\\", "/a\\b", "/c\\" },
	{ "/a\\\\=b=/c", "/a\\=b", "/c" },
	{ "/a", NULL, "\"/a\" is not of the form OLD=NEW" },
	{ "", NULL, "\"\" is not of the form OLD=NEW" },
	{ "/a=/b=/c", NULL, "\"/a=/b=/c\" is not of the form OLD=NEW" },
	{ "/a\\=/b", NULL, "\"/a\\=/b\" is not of the form OLD=NEW" },
	{ "=/b", NULL, "OLD is empty in OLD=NEW" },
	{ "/a=", NULL, "\"\" is not an absolute path" },
	{ "../a/1=/b", "../a/1", "/b" },
	{ "/a=b", NULL, "\"b\" is not an absolute path" },
	{ "/given/=/b", NULL, "\"/given\" is given twice" },
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static void
check_row(void **state)
{
	const struct row *row = *state;
	struct relocations list = { 0 };
	struct error err = { 0 };
	int rc;

	assert_int_equal(relocations_add(&list, "/given=/x", &err), 0);
	rc = relocations_add(&list, row->text, &err);
	assert_int_equal(rc, row->old ? 0 : -1);
	assert_int_equal(list.count, row->old ? 2 : 1);
	if (row->old) {
		assert_string_equal(list.rows[1].old, row->old);
		assert_string_equal(list.rows[1].new, row->new);
	} else {
		assert_string_equal(err.text, row->new);
		assert_int_equal(err.kind, ERROR_USAGE);
	}
	relocations_free(&list);
	assert_int_equal(list.count, 0);
}

static void
find(void **state)
{
	struct relocations list = { 0 };
	struct error err;

	(void)state;
	assert_null(relocations_find(&list, "/a"));
	assert_int_equal(relocations_add(&list, "/a=/1", &err), 0);
	assert_int_equal(relocations_add(&list, "/a/b=/2", &err), 0);
	assert_string_equal(relocations_find(&list, "/a"), "/1");
	assert_string_equal(relocations_find(&list, "/a/"), "/1");
	assert_string_equal(relocations_find(&list, "/a/b"), "/2");
	assert_string_equal(relocations_find(&list, "//a///b//"), "/2");
	assert_null(relocations_find(&list, "/ab"));
	assert_null(relocations_find(&list, "a"));
	assert_null(relocations_find(&list, "/a/b/c"));
	assert_null(relocations_find(&list, "/"));
	assert_null(relocations_find(&list, "../a"));
	relocations_free(&list);
}

int
main(void)
{
	struct CMUnitTest tests[1 + ROWS] = { cmocka_unit_test(find) };

	for (size_t i = 0; i < ROWS; i++)
		tests[1 + i] = (struct CMUnitTest){ .name = rows[i].text,
			.test_func = check_row,
			.initial_state = &rows[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
