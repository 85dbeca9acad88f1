/* Tablespaces in a data directory: by their paths, and by where a directory lies. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "restore/nested.h"
#include "support/faketree.h"

static void
test_path(void **state)
{
	static const struct {
		const char *directory, *location, *below;
	} rows[] = {
		{ "/srv/data", "/srv/data/spc", "spc" },
		{ "/srv/data/", "/srv/data//spc/one", "spc/one" },
		{ "/srv/data", "/srv/data2/spc", NULL },
		{ "/srv/data", "/srv/data", NULL },
		{ "/srv/data", "/srv/data/", NULL },
		{ "/srv/data", "/srv", NULL },
		{ "/", "/spc", NULL },
		{ "", "/spc", NULL },
		{ NULL, "/spc", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *below =
		    restore_nested_path(rows[i].directory, rows[i].location);

		if (rows[i].below == NULL)
			assert_null(below);
		else
			assert_string_equal(below, rows[i].below);
	}
}

/* The cluster is above the directory, at whatever height; the directory itself does not count. */
static void
test_is_in_cluster(void **state)
{
	static const struct fake_file tree[] = { { "one/global/pg_control", "x" },
		{ "one/a/b", DIRECTORY }, { "other/a", DIRECTORY } };
	static const struct {
		const char *path;
		bool is_in;
	} rows[] = { { "one/a/b", true }, { "one/a", true }, { "one", false },
		{ "other/a", false } };
	char *root = faketree_new(tree, sizeof(tree) / sizeof(tree[0]));
	const int at = faketree_open(root);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const int fd = openat(at, rows[i].path, O_RDONLY | O_DIRECTORY);

		assert_int_not_equal(fd, -1);
		assert_int_equal(restore_nested_is_in_cluster(fd), rows[i].is_in);
		close(fd);
	}
	close(at);
	faketree_free(root);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_path),
		cmocka_unit_test(test_is_in_cluster) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
