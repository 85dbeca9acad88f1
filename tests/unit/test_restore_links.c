/* The links of tablespaces, and the map by which a server makes them anew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "support/restoring.c.inc"

#include "format/infofile.h"
#include "pg/cluster.h"
#include "restore/links.h"

static struct restore_links links;

static int
end(void **state)
{
	restore_links_free(&links);
	links = (struct restore_links){ .has_map = false };
	return restoring_end(state);
}

/* One tablespace, restored to where it was, "/srv/one", or ${moved}; with the map ${map}. */
static void
prepare(const char *moved, const char *map)
{
	static char oid[] = "16400", was_at[] = "/srv/one";
	struct infofile_pair row = { oid, was_at };
	const struct infofile info = { .server_version = 15, .tablespaces = { 1, &row } };
	struct error err = { 0 };

	if (moved)
		assert_int_equal(
		    relocations_add(&restoring_opt.relocations, moved, &err), 0);
	restoring_open();
	assert_int_equal(
	    restore_tablespaces_take_info(&directories.tablespaces, &info, &err), 0);
	assert_int_equal(restore_tree_begin(&tree, &err), 0);
	assert_int_equal(restore_tree_directory_ahead(&tree, "pg_tblspc", &err), 0);
	links.has_map = map != NULL;
	if (map)
		assert_int_equal(buf_append(&links.map, map, strlen(map), &err), 0);
}

static int
write_all(const struct pg_version *version, struct error *err)
{
	return restore_links_write(
		   &links, &tree, &directories.tablespaces, version, 1000, err) ||
		restore_tree_sync(&tree, err) ?
	    -1 :
	    0;
}

static void
expect_link(const char *target)
{
	char found[64] = { 0 };

	assert_int_not_equal(readlinkat(directories.datadir.fd, "pg_tblspc/16400", found,
				 sizeof(found) - 1),
	    -1);
	assert_string_equal(found, target);
}

/* A map that says what is so stays, to the byte. */
static void
right(void **state)
{
	struct error err = { 0 };

	(void)state;
	prepare(NULL, "16400 /srv/one\n");
	assert_int_equal(write_all(cluster_version(15), &err), 0);
	expect_link("/srv/one");
	restoring_expect("tablespace_map", "16400 /srv/one\n");
}

static void
moved(void **state)
{
	struct error err = { 0 };

	(void)state;
	prepare("/srv/one=/srv/two", "16400 /srv/one\n");
	assert_int_equal(write_all(cluster_version(15), &err), 0);
	expect_link("/srv/two");
	restoring_expect("tablespace_map", "16400 /srv/two\n");
}

/* A server that was shut down made none, and the copy needs none. */
static void
no_map(void **state)
{
	struct error err = { 0 };

	(void)state;
	prepare(NULL, NULL);
	assert_int_equal(write_all(NULL, &err), 0);
	expect_link("/srv/one");
	assert_int_equal(restoring_mode("tablespace_map"), 0);
}

static void
unknown_release(void **state)
{
	struct error err = { 0 };

	(void)state;
	prepare(NULL, "16400 /srv/one\n");
	assert_int_equal(write_all(NULL, &err), -1);
	assert_int_equal(err.kind, ERROR_FORMAT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(right, restoring_begin, end),
		cmocka_unit_test_setup_teardown(moved, restoring_begin, end),
		cmocka_unit_test_setup_teardown(no_map, restoring_begin, end),
		cmocka_unit_test_setup_teardown(unknown_release, restoring_begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
