/* Whose configuration a host has: that of the cluster, of another one, of none that is there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup/cluster.h"
#include "backup/confighome.h"
#include "datadir/configset.h"
#include "lib/buf.h"
#include "pg/postmaster.h"
#include "support/faketree.h"
#include "support/rows.h"

/* What pg_control begins with: the system identifier. */
#define OURS "ourident and more"
#define THEIRS "notours! and more"

/*
 * Directories below the root: "data" is backed up; "orig" is where the cluster worked, a copy of it;
 * "other" another cluster; "bare" no cluster.
 */
static const struct fake_file tree[] = {
	{ "data/global/pg_control", OURS },
	{ "data/postgresql.conf", "port = 5432\n" },
	{ "orig/global/pg_control", OURS },
	{ "other/global/pg_control", THEIRS },
	{ "short/global/pg_control", "few" },
	{ "bare/file", "" },
};

/* Paths below the root; NULL: not said. */
static struct row {
	const char *name;
	const char *claim;                  /* data_directory in postgresql.conf */
	const char *command_line, *d, *pid; /* -c data_directory, -D, postmaster.pid */
	enum confighome home;
	const char *decides;
} rows[] = {
	{ "nothing is said", NULL, NULL, NULL, NULL, CONFIGHOME_UNKNOWN, "" },
	{ "the directory itself", "data", NULL, NULL, NULL, CONFIGHOME_OURS, "data" },
	{ "the original", "orig", NULL, NULL, NULL, CONFIGHOME_OURS, "orig" },
	{ "another cluster", "other", NULL, NULL, NULL, CONFIGHOME_OTHER, "other" },
	{ "no cluster", "bare", NULL, NULL, NULL, CONFIGHOME_GONE, "bare" },
	{ "no directory", "gone", NULL, NULL, NULL, CONFIGHOME_GONE, "gone" },
	{ "a pg_control that is too short", "short", NULL, NULL, NULL, CONFIGHOME_OTHER,
	    "short" },
	{ "where the server worked", NULL, NULL, NULL, "orig", CONFIGHOME_OURS, "orig" },
	{ "-D of the server", NULL, NULL, "other", NULL, CONFIGHOME_OTHER, "other" },
	/* what it is for now counts, not where the server worked once */
	{ "the file is another's now", "other", NULL, NULL, "orig", CONFIGHOME_OTHER,
	    "other" },
	{ "but the command line was ours", "other", "orig", NULL, NULL, CONFIGHOME_OURS,
	    "orig" },
	{ "ours before what is gone", "gone", NULL, NULL, "orig", CONFIGHOME_OURS,
	    "orig" },
	{ "another before what is gone", "gone", NULL, "other", NULL, CONFIGHOME_OTHER,
	    "other" },
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static char *root;

/* NULL for NULL, else below the root. */
static char *
below(char path[512], const char *name)
{
	if (name == NULL)
		return NULL;
	snprintf(path, 512, "%s/%s", root, name);
	return path;
}

static int
begin(void **state)
{
	(void)state;
	root = faketree_new(tree, sizeof(tree) / sizeof(tree[0]));
	return 0;
}

static int
end(void **state)
{
	(void)state;
	faketree_free(root);
	return 0;
}

static void
say_claim(const char *claim)
{
	char path[512], text[600];

	if (claim == NULL)
		return;
	snprintf(text, sizeof(text), "data_directory = '%s'\n", below(path, claim));
	faketree_put(root, "data/postgresql.conf", text);
}

static void
check_row(void **state)
{
	const struct row *row = *state;
	char datadir[512], pid[512], d[512], command_line[512], wanted[512];
	struct configset_options options = { .datadir = below(datadir, "data") };
	struct backup_cluster cluster = { .datadir = datadir };
	struct postmaster_opts opts = { 0 };
	enum confighome home;
	struct buf directory = { 0 }, line = { 0 };
	struct error err = { 0 };

	say_claim(row->claim);
	options.datadir_fd = cluster.datadir_fd = faketree_open(datadir);
	assert_int_equal(fstat(cluster.datadir_fd, &cluster.datadir_stat), 0);
	memcpy(&cluster.control.system_identifier, OURS, 8);
	cluster.postmaster.datadir = below(pid, row->pid);
	assert_int_equal(buf_printf(&line, &err, "/usr/bin/postgres"), 0);
	if (row->d)
		assert_int_equal(
		    buf_printf(&line, &err, " \"-D\" \"%s\"", below(d, row->d)), 0);
	if (row->command_line)
		assert_int_equal(buf_printf(&line, &err, " \"-c\" \"data_directory=%s\"",
				     below(command_line, row->command_line)),
		    0);
	assert_int_equal(buf_printf(&line, &err, "\n"), 0);
	assert_int_equal(
	    postmaster_opts_parse(buf_text(&line), line.len, &opts, &err), 0);

	assert_int_equal(
	    backup_confighome_find(&cluster, &options, &opts, &home, &directory, &err),
	    0);
	assert_int_equal(home, row->home);
	assert_string_equal(
	    buf_text(&directory), row->decides[0] ? below(wanted, row->decides) : "");
	close(cluster.datadir_fd);
	buf_free(&directory);
	buf_free(&line);
	postmaster_opts_free(&opts);
}

/* The last one of a file and of what it includes. */
static void
claims(void **state)
{
	static const struct {
		const char *text, *claim;
	} files[] = {
		{ "port = 1\n", "" },
		{ "data_directory = '/a'\ndata_directory = '/b'\n", "/b" },
		{ "data_directory = '/a'\ninclude 'more.conf'\n", "/more" },
		{ "#data_directory = '/a'\n", "" },
	};
	char datadir[512], path[512];
	struct configset_options options = { .datadir = below(datadir, "data") };

	(void)state;
	options.datadir_fd = faketree_open(datadir);
	faketree_put(root, "data/more.conf", "data_directory = '/more'\n");
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct buf claim = { 0 };
		struct error err;

		faketree_put(root, "data/postgresql.conf", files[i].text);
		assert_int_equal(backup_confighome_claim(&options,
				     below(path, "data/postgresql.conf"), &claim, &err),
		    0);
		assert_string_equal(buf_text(&claim), files[i].claim);
		buf_free(&claim);
	}
	close(options.datadir_fd);
}

int
main(void)
{
	struct CMUnitTest tests[1 + ROWS] = { cmocka_unit_test(claims) };

	rows_name(tests + 1, rows, sizeof(rows[0]), ROWS, check_row);
	for (size_t i = 0; i < 1 + ROWS; i++) {
		tests[i].setup_func = begin;
		tests[i].teardown_func = end;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
