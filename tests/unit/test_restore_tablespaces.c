/* Where each tablespace goes, and which directories may not be used. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "support/restoring.c.inc"

#include "format/infofile.h"

static char oid[] = "16400", was_at[600];
static struct infofile_pair row, left_out, inside;

/* A backup with one tablespace, at ${location}; ${told}: its path in the data directory, or NULL. */
static int
take(const char *location, char *told, struct error *err)
{
	const struct infofile info = { .server_version = 15,
		.tablespaces = { 1, &row },
		.without = { left_out.name ? 1 : 0, &left_out },
		.inside = { told ? 1 : 0, &inside } };

	snprintf(was_at, sizeof(was_at), "%s", location);
	row = (struct infofile_pair){ oid, was_at };
	inside = (struct infofile_pair){ oid, told };
	return restore_tablespaces_take_info(&directories.tablespaces, &info, err);
}

static void
map(const char *pair)
{
	struct error err = { 0 };

	assert_int_equal(relocations_add(&restoring_opt.relocations, pair, &err), 0);
}

static void
where_it_goes(void **state)
{
	static const struct {
		const char *was_at, *moved; /* of -T */
		const char *in;             /* of --tablespaces-in */
		char told[8];
		const char *location; /* "": in the new data directory */
		bool is_inside;
	} rows[] = {
		{ "/srv/one", NULL, NULL, "", "/srv/one", false },
		{ "/srv/one", "/srv/one=/srv/two", NULL, "", "/srv/two", false },
		{ "/srv/one", NULL, "/srv/all", "", "/srv/all/16400", false },
		{ "/srv/one", NULL, "/srv/all/", "", "/srv/all/16400", false },
		{ "/srv/one", "/srv/one=/srv/two", "/srv/all", "", "/srv/two", false },
		{ "/srv/one", NULL, "inside", "", "../pg_basetar_tblspc/16400", true },
		{ "../pg_basetar_tblspc/16400", NULL, NULL, "",
		    "../pg_basetar_tblspc/16400", true },
		{ "../pg_basetar_tblspc/16400", NULL, "/srv/all", "", "/srv/all/16400",
		    false },
		{ "/data/spc", NULL, NULL, "spc", "", false },
		{ "/data/spc", NULL, "/srv/all", "spc", "/srv/all/16400", false },
		{ "/data/spc", NULL, "inside", "spc", "../pg_basetar_tblspc/16400",
		    true },
		{ "/data/spc", "/data/spc=/srv/two", NULL, "spc", "/srv/two", false },
	};

	(void)state;
	restoring_open();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct restore_tablespace *t;
		struct error err = { 0 };
		char told[8], location[600];

		snprintf(told, sizeof(told), "%s", rows[i].told);
		snprintf(location, sizeof(location), "%s/spc", directories.datadir_path);
		restoring_opt.tablespaces_in = rows[i].in;
		if (rows[i].moved)
			map(rows[i].moved);
		assert_int_equal(take(rows[i].was_at, told[0] ? told : NULL, &err), 0);
		t = restore_tablespaces_find(&directories.tablespaces, 16400);
		assert_non_null(t);
		assert_ptr_equal(restore_tablespaces_of(&directories.tablespaces,
				     "pg_tblspc/16400/PG_15_202209061"),
		    t);
		assert_null(restore_tablespaces_find(&directories.tablespaces, 16401));
		assert_null(
		    restore_tablespaces_of(&directories.tablespaces, "pg_tblspc/x"));
		assert_null(
		    restore_tablespaces_of(&directories.tablespaces, "base/16400"));
		assert_string_equal(
		    t->location, rows[i].location[0] ? rows[i].location : location);
		assert_int_equal(t->is_inside, rows[i].is_inside);
		assert_int_equal(t->nested != NULL, rows[i].location[0] == '\0');
		restore_tablespaces_free(&directories.tablespaces, false);
		relocations_free(&restoring_opt.relocations);
		restoring_opt.relocations = (struct relocations){ 0 };
	}
}

/* The copy takes the place of the original: nothing told, but the location says it. */
static void
in_the_original(void **state)
{
	char location[600];
	struct error err = { 0 };

	(void)state;
	restoring_open();
	snprintf(location, sizeof(location), "%s/a/b", restoring_path);
	assert_int_equal(take(location, NULL, &err), 0);
	assert_string_equal(directories.tablespaces.rows[0].nested, "a/b");
}

static void
refused(void **state)
{
	static char bad[] = "../x";
	struct error err = { 0 };

	(void)state;
	restoring_open();
	assert_int_equal(take("relative", NULL, &err), -1);
	assert_string_equal(
	    err.text, "the archive does not say where tablespace 16400 was: relative");
	restore_tablespaces_free(&directories.tablespaces, false);
	assert_int_equal(take("/srv/one", bad, &err), -1);
	assert_int_equal(err.kind, ERROR_FORMAT);
	restore_tablespaces_free(&directories.tablespaces, false);
	map("/srv/no=/srv/two");
	assert_int_equal(take("/srv/one", NULL, &err), -1);
	assert_int_equal(err.kind, ERROR_USAGE);
	assert_string_equal(err.text, "no tablespace of the backup was at \"/srv/no\"");
}

/* One that the backup left out may be named by its location or by its number. */
static void
mapped_but_left_out(void **state)
{
	static char number[] = "16500", place[] = "/srv/out";
	static const char *const pairs[] = { "/srv/out=/srv/two", "16500=/srv/two" };

	(void)state;
	restoring_open();
	left_out = (struct infofile_pair){ number, place };
	for (size_t i = 0; i < 2; i++) {
		struct error err = { 0 };

		map(pairs[i]);
		assert_int_equal(take("/srv/one", NULL, &err), -1);
		assert_string_equal(err.text,
		    "tablespace 16500, which was at \"/srv/out\", was left out of the backup");
		restore_tablespaces_free(&directories.tablespaces, false);
		relocations_free(&restoring_opt.relocations);
		restoring_opt.relocations = (struct relocations){ 0 };
	}
	left_out = (struct infofile_pair){ 0 };
}

/* What may be there, and what may not: ${name} of it, and the error; NULL: it is opened. */
static void
open_on(const char *name, const char *text, const char *error)
{
	char location[600];
	struct error err = { 0 };

	snprintf(location, sizeof(location), "%s/elsewhere", root);
	if (name)
		faketree_put(root, name, text);
	assert_int_equal(take(location, NULL, &err), 0);
	assert_int_equal(
	    restore_tablespaces_open(&directories.tablespaces, &err), error ? -1 : 0);
	if (error)
		assert_non_null(strstr(err.text, error));
	restore_tablespaces_free(&directories.tablespaces, true);
}

static void
their_places(void **state)
{
	(void)state;
	restoring_open();
	open_on(NULL, NULL, NULL);
	/* of another release, as pg_upgrade leaves it */
	open_on("elsewhere/PG_12_201909212", DIRECTORY, NULL);
	open_on("elsewhere/x", "x", "the directory is not empty");
	faketree_remove(root, "elsewhere/x");
	open_on("global/pg_control", "x", "is in the data directory of a cluster");
	faketree_remove(root, "global");
	open_on("elsewhere/PG_15_202209061", DIRECTORY, "the directory is not empty");
}

/* By their names, before one is made in the other; and all that is wrong is told at once. */
static void
all_at_once(void **state)
{
	static char other[] = "16401", used[600];
	struct infofile_pair both[2] = { { oid, was_at }, { other, used } };
	const struct infofile info = { .server_version = 15, .tablespaces = { 2, both } };
	struct error err = { 0 };
	char text[2048];

	(void)state;
	restoring_open();
	faketree_put(root, "elsewhere/x", "x");
	snprintf(was_at, sizeof(was_at), "%s/in", restoring_path);
	snprintf(used, sizeof(used), "%s/elsewhere", root);
	assert_int_equal(
	    restore_tablespaces_take_info(&directories.tablespaces, &info, &err), 0);
	/* it is in the new data directory: where its original was, for all that is known */
	free(directories.tablespaces.rows[0].nested);
	directories.tablespaces.rows[0].nested = NULL;
	assert_int_equal(restore_tablespaces_open(&directories.tablespaces, &err), -1);
	snprintf(text, sizeof(text),
	    "tablespace 16400: \"%s/in\" and \"%s\" overlap; tablespace 16401: \"%s\": the directory is not empty",
	    restoring_path, restoring_path, used);
	assert_string_equal(err.text, text);
	assert_non_null(strstr(err.hint, "-T OLD=NEW"));
}

/* An archive alone does not choose a directory that root gives away. */
static void
as_root(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	restoring_opt.original_tablespaces = false;
	restoring_open();
	open_on(NULL, NULL, "but only the archive names that directory");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    where_it_goes, restoring_begin, restoring_end),
		cmocka_unit_test_setup_teardown(
		    in_the_original, restoring_begin, restoring_end),
		cmocka_unit_test_setup_teardown(refused, restoring_begin, restoring_end),
		cmocka_unit_test_setup_teardown(
		    mapped_but_left_out, restoring_begin, restoring_end),
		cmocka_unit_test_setup_teardown(
		    their_places, restoring_begin, restoring_end),
		cmocka_unit_test_setup_teardown(
		    all_at_once, restoring_begin, restoring_end),
		cmocka_unit_test_setup_teardown(as_root, restoring_begin, restoring_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
