/* The data directory: what -D may name, where the WAL is, and whether what must stay has changed. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup/cluster.h"
#include "support/faketree.h"
#include "support/openfds.h"
#include "support/rows.h"
#include "support/smallcluster.h"

static char *root;

static int
begin(void **state)
{
	(void)state;
	unsetenv("PGDATA");
	root = smallcluster_new();
	return 0;
}

static int
end(void **state)
{
	(void)state;
	faketree_free(root);
	return 0;
}

/* The path of ${name} below the root; two at a time. */
static const char *
below(const char *name)
{
	static char paths[2][512];
	static unsigned turn;
	char *path = paths[turn++ % 2];

	snprintf(path, sizeof(paths[0]), "%s/%s", root, name);
	return path;
}

/* ${text} has the root in it, which is "%". */
static void
expect(const char *text, const char *wanted)
{
	char whole[1024] = "";
	size_t n = 0;

	for (; *wanted; wanted++)
		n += (size_t)snprintf(whole + n, sizeof(whole) - n,
		    *wanted == '%' ? "%s" : "%.1s", *wanted == '%' ? root : wanted);
	assert_string_equal(text, whole);
}

/* ---- what is refused ---- */

static void
flip_control(void)
{
	smallcluster_flip(root, "data/global/pg_control", 100);
}

static void
other_version(void)
{
	faketree_put(root, "data/PG_VERSION", "16\n");
}

static void
no_version(void)
{
	faketree_remove(root, "data/PG_VERSION");
}

static void
no_wal(void)
{
	faketree_remove(root, "data/pg_wal");
	faketree_put(root, "data/pg_wal", LINK("/nowhere"));
}

static void
empty(void)
{
	/* root's, or it is not what a file system has */
	faketree_put(root, geteuid() == 0 ? "empty/lost+found" : "empty", DIRECTORY);
}

static void
odd_pid(void)
{
	faketree_put(root, "data/postmaster.pid", "what\n");
}

static const struct row {
	const char *name, *pgdata, *waldir; /* below the root; NULL: none */
	void (*change)(void);
	const char *error, *hint; /* what the hint begins with */
} rows[] = {
	{ "nothing there", "nowhere", NULL, NULL,
	    "data directory \"%/nowhere\": No such file or directory",
	    "-D names the data directory of the cluster on this host" },
	{ "empty", "empty", NULL, empty, "data directory \"%/empty\" is empty",
	    "-D names the data directory" },
	{ "no data directory", "data", NULL, no_version,
	    "data directory \"%/data\" is not valid: file \"PG_VERSION\" is missing",
	    "-D names the data directory" },
	{ "pg_control of another release", "data", NULL, other_version, NULL,
	    "A beta release created this data directory, or its PG_VERSION" },
	{ "damaged pg_control", "data", NULL, flip_control, NULL,
	    "Compare it with the output of pg_controldata." },
	{ "no WAL", "data", NULL, no_wal, NULL, "If pg_wal is a symbolic link" },
	{ "WAL elsewhere, and here", "data", "out", NULL,
	    "\"pg_wal\" in \"%/data\" is neither a symbolic link nor an empty directory",
	    "Leave out --waldir" },
	{ "WAL nowhere", "data", "nowhere", no_wal,
	    "directory \"%/nowhere\": could not open: No such file or directory",
	    "--waldir must name" },
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static void
refused(void **state)
{
	const struct row *row = *state;
	const size_t fds = openfds_count();
	struct backup_cluster cluster;
	struct error err = { 0 };

	if (row->change)
		row->change();
	backup_cluster_init(&cluster, below(row->pgdata));
	assert_true(backup_cluster_open(&cluster, &err) ||
	    backup_cluster_read(&cluster, row->waldir ? below(row->waldir) : NULL, &err));
	if (row->error)
		expect(err.text, row->error);
	assert_memory_equal(err.hint, row->hint, strlen(row->hint));
	backup_cluster_free(&cluster);
	assert_int_equal(openfds_count(), fds);
}

/* ---- what is read ---- */

static void
open_it(struct backup_cluster *cluster)
{
	struct error err = { 0 };

	backup_cluster_init(cluster, below("data"));
	if (backup_cluster_open(cluster, &err) ||
	    backup_cluster_read(cluster, NULL, &err))
		fail_msg("%s", err.text);
}

static void
whole(void **state)
{
	struct backup_cluster cluster;
	struct error err = { 0 };

	(void)state;
	open_it(&cluster);
	assert_string_equal(cluster.datadir, below("data"));
	assert_int_equal(cluster.version->major, 15);
	assert_int_equal(cluster.control.checkpoint_lsn, SMALLCLUSTER_CHECKPOINT);
	assert_int_equal(faccessat(cluster.wal_fd, SMALLCLUSTER_SEGMENT, F_OK, 0), 0);
	assert_true(backup_cluster_is_shut_down(&cluster));
	assert_int_equal(backup_cluster_mode(&cluster), EXCLUDE_STARTS_CLEAN);
	assert_int_equal(backup_cluster_postmaster(&cluster, &err), -1);
	assert_int_equal(err.kind, ERROR_STATE);
	expect(err.text, "no server is running in \"%/data\"");
	backup_cluster_free(&cluster);
}

/* How a copy starts: only a clean shutdown of a primary needs no recovery. */
static void
states(void **state)
{
	static const struct {
		enum control_state state;
		bool is_shut_down;
		enum exclude_mode mode;
	} all[] = {
		{ CONTROL_SHUTDOWN, true, EXCLUDE_STARTS_CLEAN },
		{ CONTROL_SHUTDOWN_IN_RECOVERY, true, EXCLUDE_RECOVERS },
		{ CONTROL_IN_PRODUCTION, false, EXCLUDE_RECOVERS },
		{ CONTROL_IN_ARCHIVE_RECOVERY, false, EXCLUDE_RECOVERS },
	};
	struct backup_cluster cluster = { .datadir_fd = -1 };

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		cluster.control.state = all[i].state;
		assert_int_equal(
		    backup_cluster_is_shut_down(&cluster), all[i].is_shut_down);
		assert_int_equal(backup_cluster_mode(&cluster), all[i].mode);
	}
}

/* ---- what must stay ---- */

static void
control_stays(void **state)
{
	uint8_t bytes[CONTROL_SIZE];
	struct backup_cluster cluster;
	struct error err = { 0 };

	(void)state;
	open_it(&cluster);
	assert_int_equal(backup_cluster_recheck_control(&cluster, bytes, &err), 0);
	assert_memory_equal(bytes, cluster.control_bytes, CONTROL_SIZE);
	smallcluster_set(root, "state", CONTROL_IN_PRODUCTION);
	assert_int_equal(backup_cluster_recheck_control(&cluster, bytes, &err), -1);
	assert_int_equal(err.kind, ERROR_STATE);
	backup_cluster_free(&cluster);
}

static void
pid_stays(void **state)
{
	static const char *const texts[] = { "12\n/d\n1795348669\n5432\n/tmp\n\n",
		"13\n/d\n1795348669\n5432\n/tmp\n\n", "12\n" };
	struct backup_cluster cluster;
	struct error err = { 0 };

	(void)state;
	open_it(&cluster);
	assert_int_equal(backup_cluster_read_pid(&cluster, &err), 0);
	assert_int_equal(cluster.pid.len, 0);
	assert_int_equal(backup_cluster_recheck_pid(&cluster, &err), 0);
	faketree_put(root, "data/postmaster.pid", texts[0]);
	assert_int_equal(backup_cluster_recheck_pid(&cluster, &err), -1);
	assert_int_equal(backup_cluster_read_pid(&cluster, &err), 0);
	assert_int_equal(backup_cluster_parse_pid(&cluster, &err), 0);
	assert_int_equal(cluster.postmaster.pid, 12);
	for (size_t i = 0; i < 3; i++) {
		faketree_put(root, "data/postmaster.pid", texts[i]);
		assert_int_equal(
		    backup_cluster_recheck_pid(&cluster, &err), i == 0 ? 0 : -1);
	}
	expect(err.text, "a server was started or stopped in \"%/data\"");
	backup_cluster_free(&cluster);
}

static void
pid_of_no_server(void **state)
{
	struct backup_cluster cluster;
	struct error err = { 0 };

	(void)state;
	odd_pid();
	open_it(&cluster);
	assert_int_equal(backup_cluster_read_pid(&cluster, &err), 0);
	assert_int_equal(backup_cluster_parse_pid(&cluster, &err), -1);
	assert_int_equal(err.kind, ERROR_FORMAT);
	backup_cluster_free(&cluster);
}

int
main(void)
{
	enum { SINGLE = 5 };
	struct CMUnitTest tests[SINGLE + ROWS] = {
		cmocka_unit_test(whole),
		cmocka_unit_test(states),
		cmocka_unit_test(control_stays),
		cmocka_unit_test(pid_stays),
		cmocka_unit_test(pid_of_no_server),
	};

	rows_name(tests + SINGLE, rows, sizeof(rows[0]), ROWS, refused);
	for (size_t i = 0; i < SINGLE + ROWS; i++) {
		tests[i].setup_func = begin;
		tests[i].teardown_func = end;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
