/* The tablespaces of a backup: those before it, those that are sent, those after it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "backup/cluster.h"
#include "backup/tablespaces.h"
#include "datadir/atwork.h"
#include "lib/sys.h"
#include "support/fake_message.c.inc"
#include "support/faketree.h"

#define VERSION "PG_15_202209061"

static const struct fake_file files[] = {
	{ "data/pg_tblspc/16400", LINK_BELOW("one") },
	{ "data/pg_tblspc/16401", LINK_BELOW("two") },
	{ "one/" VERSION, DIRECTORY },
	{ "two/" VERSION, DIRECTORY },
	{ "other/" VERSION, DIRECTORY },
};

static char *root;
static struct backup_cluster cluster;
static struct relocations relocations;
static struct oids without;
static struct backup_tablespaces all;

/* What the server has at the place that a link names; NULL: it cannot be seen. */
static const char *seen;

bool
atwork_stat(const struct postmaster *p, const struct stat *datadir, const char *path,
    struct stat *st)
{
	char at[512];

	assert_ptr_equal(p, &cluster.postmaster);
	assert_ptr_equal(datadir, &cluster.datadir_stat);
	assert_non_null(strstr(path, "/one"));
	snprintf(at, sizeof(at), "%s/%s", root, seen ? seen : "");
	return seen && stat(at, st) == 0;
}

static int
begin(void **state)
{
	char data[512];

	(void)state;
	root = faketree_new(files, sizeof(files) / sizeof(files[0]));
	snprintf(data, sizeof(data), "%s/data", root);
	backup_cluster_init(&cluster, "the/data");
	cluster.datadir_fd = faketree_open(data);
	cluster.version = cluster_version(15);
	all = (struct backup_tablespaces){ .cluster = &cluster,
		.choice = { &relocations, &without } };
	message_said[0] = '\0';
	return 0;
}

static int
end(void **state)
{
	(void)state;
	backup_tablespaces_free(&all);
	relocations_free(&relocations);
	oids_free(&without);
	relocations = (struct relocations){ 0 };
	without = (struct oids){ 0 };
	backup_cluster_free(&cluster);
	faketree_free(root);
	return 0;
}

/* -T ROOT/OLD=ROOT/NEW */
static void
map(const char *old, const char *new)
{
	char pair[1024];
	struct error err = { 0 };

	snprintf(pair, sizeof(pair), "%s/%s=%s/%s", root, old, root, new);
	assert_int_equal(relocations_add(&relocations, pair, &err), 0);
}

static void
leave_out(const char *oid)
{
	struct error err = { 0 };

	assert_int_equal(oids_add(&without, oid, &err), 0);
}

static void
read_all(void)
{
	struct error err = { 0 };

	assert_int_equal(backup_tablespaces_read(&all, &err), 0);
}

/* An error of the cluster's state: "BEFORE", or where there is ${path}: BEFORE"ROOT/PATH"BEHIND. */
static void
expect_state(
    const struct error *err, const char *before, const char *path, const char *behind)
{
	char text[1024];

	snprintf(text, sizeof(text), "%s", before);
	if (path)
		snprintf(text, sizeof(text), "%s\"%s/%s\"%s", before, root, path, behind);
	assert_int_equal(err->kind, ERROR_STATE);
	assert_string_equal(err->text, text);
	assert_true(err->hint[0] != '\0');
}

/* The same of a warning. */
static void
expect_warning(const char *before, const char *path, const char *behind)
{
	char text[1024];

	snprintf(
	    text, sizeof(text), "warning: %s\"%s/%s\"%s\n", before, root, path, behind);
	message_expect(text);
}

static void
mapped(void **state)
{
	struct error err = { 0 };

	(void)state;
	map("one", "other");
	read_all();
	assert_int_equal(all.sent.count, 2);
	assert_true(all.sent.rows[0].is_relocated);
	assert_false(all.sent.rows[1].is_relocated);
	assert_int_equal(backup_tablespaces_check_relocations(&all, &err), 0);
	assert_int_equal(backup_tablespaces_check_doubled(&all, &err), 0);
}

static void
mapped_in_vain(void **state)
{
	struct error err = { 0 };

	(void)state;
	map("one", "other");
	map("three", "other");
	read_all();
	assert_int_equal(backup_tablespaces_check_relocations(&all, &err), -1);
	expect_state(&err, "no tablespace of the cluster is at ", "three", "");
}

/* One that is left out is not read, from nowhere. */
static void
mapped_and_left_out(void **state)
{
	struct error err = { 0 };

	(void)state;
	map("one", "other");
	leave_out("16400");
	read_all();
	assert_int_equal(all.sent.count, 1);
	assert_int_equal(backup_tablespaces_check_relocations(&all, &err), -1);
	expect_state(&err, "no tablespace of the cluster is at ", "one", "");
}

static void
doubled(void **state)
{
	struct error err = { 0 };

	(void)state;
	map("two", "one");
	read_all();
	assert_int_equal(backup_tablespaces_check_relocations(&all, &err), 0);
	assert_int_equal(backup_tablespaces_check_doubled(&all, &err), -1);
	expect_state(
	    &err, "tablespaces 16400 and 16401 are in the same directory", NULL, NULL);
	assert_non_null(strstr(err.hint, "/one\" and \""));
}

/* What the server has where its link leads, and what -T names. */
static void
places(void **state)
{
	struct error err = { 0 };

	(void)state;
	map("one", "other");
	read_all();
	seen = "other";
	assert_int_equal(backup_tablespaces_check_directories(&all, &err), 0);
	message_expect("");
	seen = "one";
	assert_int_equal(backup_tablespaces_check_directories(&all, &err), -1);
	expect_state(&err, "tablespace 16400: the server has another directory at ",
	    "one", " than the one that -T names");
	seen = NULL;
	assert_int_equal(backup_tablespaces_check_directories(&all, &err), 0);
	expect_warning(
	    "tablespace 16400 is read from the directory that -T names: pg_basetar cannot check that it is the one that the server has at ",
	    "one", "");
}

static void
left_out(void **state)
{
	struct error err = { 0 };

	(void)state;
	leave_out("16401");
	read_all();
	assert_true(backup_tablespaces_is_absent(&all, 16401));
	assert_false(backup_tablespaces_is_absent(&all, 16400));
	assert_int_equal(backup_tablespaces_without(&all, &err), 0);
	expect_warning("tablespace 16401 at ", "two",
	    " is left out: the copy will not have its content, and is sound only if that was temporary");
}

/* A number of no tablespace, and that of one that is a directory in pg_tblspc. */
static void
left_out_in_vain(void **state)
{
	struct error err = { 0 };

	(void)state;
	leave_out("16401");
	leave_out("16402");
	faketree_put(root, "data/pg_tblspc/16402", DIRECTORY);
	read_all();
	assert_int_equal(all.sent.in_place, 1);
	assert_int_equal(backup_tablespaces_without(&all, &err), -1);
	expect_state(&err,
	    "symbolic link \"pg_tblspc/16402\" does not exist in \"the/data\"", NULL,
	    NULL);
	message_expect("");
}

/* Those made until the backup started are sent, and those dropped are not; sizes stay. */
static void
read_anew(void **state)
{
	struct error err = { 0 };

	(void)state;
	read_all();
	all.sent.rows[0].size = 4096;
	all.sent.rows[1].size = 8192;
	faketree_remove(root, "data/pg_tblspc/16400");
	faketree_put(root, "data/pg_tblspc/16399", LINK_BELOW("other"));
	assert_int_equal(backup_tablespaces_read_anew(&all, &err), 0);
	assert_int_equal(all.before.count, 2);
	assert_int_equal(all.sent.count, 2);
	assert_int_equal(all.sent.rows[0].oid, 16399);
	assert_int_equal(all.sent.rows[0].size, 0);
	assert_int_equal(all.sent.rows[1].oid, 16401);
	assert_int_equal(all.sent.rows[1].size, 8192);
}

/* What was read before is not freed twice. */
static void
not_read_anew(void **state)
{
	struct error err = { 0 };

	(void)state;
	read_all();
	faketree_rename(root, "data/pg_tblspc", "elsewhere");
	faketree_put(root, "data/pg_tblspc", "no directory");
	assert_int_equal(backup_tablespaces_read_anew(&all, &err), -1);
	assert_int_equal(err.kind, ERROR_IO);
	assert_int_equal(all.sent.count, 0);
	assert_int_equal(all.before.count, 2);
	assert_int_equal(backup_tablespaces_warn_of_new(&all, &err), -1);
	assert_int_equal(all.after.count, 0);
}

#define CREATED_MEANWHILE \
	"tablespace 16399 was created during the backup: recovery of the copy needs the directory "
#define USED_BY_COPY \
	" and writes to it; never start the copy on a host where the original uses it"

static void
created_meanwhile(void **state)
{
	struct error err = { 0 };

	(void)state;
	read_all();
	assert_int_equal(backup_tablespaces_read_anew(&all, &err), 0);
	assert_int_equal(backup_tablespaces_warn_of_new(&all, &err), 0);
	message_expect("");
	tablespaces_free(&all.after);
	faketree_put(root, "data/pg_tblspc/16399", LINK_BELOW("other"));
	assert_int_equal(backup_tablespaces_warn_of_new(&all, &err), 0);
	expect_warning(CREATED_MEANWHILE, "other", USED_BY_COPY);
}

/* What the WAL creates is warned of once, and by whether it is there in the end. */
static void
replayed(void **state)
{
	struct error err = { 0 };

	(void)state;
	read_all();
	assert_int_equal(backup_tablespaces_read_anew(&all, &err), 0);
	faketree_put(root, "data/pg_tblspc/16399", LINK_BELOW("other"));
	assert_int_equal(backup_tablespaces_warn_of_new(&all, &err), 0);
	message_said[0] = '\0';
	backup_tablespaces_warn_of_replay(&all, 16399, "/srv/x");
	message_expect("");
	backup_tablespaces_warn_of_replay(&all, 16400, "/srv/x");
	message_expect(
	    "warning: the WAL of the backup creates tablespace 16400: recovery of the copy needs the directory \"/srv/x\"" USED_BY_COPY
	    "\n");
	backup_tablespaces_warn_of_replay(&all, 4294967295U, "/srv/x");
	message_expect(
	    "warning: the WAL of the backup creates and drops tablespace 4294967295: recovery of the copy needs the directory \"/srv/x\"\n");
}

static void
in_place(void **state)
{
	struct error err = { 0 };

	(void)state;
	read_all();
	assert_int_equal(backup_tablespaces_check_in_place(&all.sent, false, &err), 0);
	faketree_put(root, "data/pg_tblspc/16402", DIRECTORY);
	tablespaces_free(&all.sent);
	read_all();
	assert_int_equal(backup_tablespaces_check_in_place(&all.sent, true, &err), 0);
	assert_int_equal(backup_tablespaces_check_in_place(&all.sent, false, &err), -1);
	expect_state(&err,
	    "a tablespace is a directory in pg_tblspc, and allow_in_place_tablespaces is off",
	    NULL, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(mapped, begin, end),
		cmocka_unit_test_setup_teardown(mapped_in_vain, begin, end),
		cmocka_unit_test_setup_teardown(mapped_and_left_out, begin, end),
		cmocka_unit_test_setup_teardown(doubled, begin, end),
		cmocka_unit_test_setup_teardown(places, begin, end),
		cmocka_unit_test_setup_teardown(left_out, begin, end),
		cmocka_unit_test_setup_teardown(left_out_in_vain, begin, end),
		cmocka_unit_test_setup_teardown(read_anew, begin, end),
		cmocka_unit_test_setup_teardown(not_read_anew, begin, end),
		cmocka_unit_test_setup_teardown(created_meanwhile, begin, end),
		cmocka_unit_test_setup_teardown(replayed, begin, end),
		cmocka_unit_test_setup_teardown(in_place, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
