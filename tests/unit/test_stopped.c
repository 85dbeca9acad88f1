#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pg/control.h"
#include "support/command.h"
#include "support/faketree.h"
#include "support/smallcluster.h"

/*
 * What a backup of a stopped cluster (--offline) or of a snapshot refuses, and what it finds in a
 * cluster that is damaged; what is found there verify finds in the archive as well.
 */

struct row {
	const char *name;
	const char *line; /* the command; NULL: the one of OFFLINE */
	int status;
	const char *said;
	void (*change)(const char *root);
	const char *path;    /* below the root: it is replaced by */
	const char *content; /* that of faketree.h; NULL: it is removed */
};

#define OFFLINE "-D %/data --offline -o %/out/a.tar"
#define SNAPSHOT "-D %/data --snapshot -T %/spc=%/spc -o %/out/a.tar"
#define FAILS REPORT_FAILED
#define FINDS REPORT_FINDINGS
#define SOUND REPORT_SOUND

/* No process has so large a number. */
#define NO_PROCESS "4194305\n/nowhere\n1795348669\n5432\n\nlocalhost\n"

/* ---- changes that are more than one file ---- */

static void
in_production(const char *root)
{
	smallcluster_set(root, "state", CONTROL_IN_PRODUCTION);
}

static void
standby_stopped(const char *root)
{
	smallcluster_set(root, "state", CONTROL_SHUTDOWN_IN_RECOVERY);
}

static void
not_consistent(const char *root)
{
	standby_stopped(root);
	smallcluster_set(root, "backup start", SMALLCLUSTER_CHECKPOINT + 8);
}

static void
waits_for_end(const char *root)
{
	smallcluster_set(root, "backup end required", 1);
}

static void
future_recovery(const char *root)
{
	smallcluster_set(root, "min recovery", SMALLCLUSTER_CHECKPOINT + 4096);
}

static void
other_timeline(const char *root)
{
	smallcluster_set(root, "timeline", 2);
}

static void
other_catalog(const char *root)
{
	smallcluster_set(root, "catalog_version", 202209062);
}

static void
control_flipped(const char *root)
{
	smallcluster_flip(root, "data/global/pg_control", 100);
}

static void
wal_flipped(const char *root)
{
	smallcluster_flip(root, "data/pg_wal/" SMALLCLUSTER_SEGMENT, 80);
}

static void
wal_magic(const char *root)
{
	smallcluster_flip(root, "data/pg_wal/" SMALLCLUSTER_SEGMENT, 0);
}

static void
map_flipped(const char *root)
{
	smallcluster_flip(root, "data/base/5/pg_filenode.map", 20);
}

static void
page_flipped(const char *root)
{
	smallcluster_flip(root, "data/base/5/16384", 8192 + 4000);
}

static void
two_pages_flipped(const char *root)
{
	page_flipped(root);
	smallcluster_flip(root, "data/base/5/16384", -1);
}

static void
half_a_page(const char *root)
{
	smallcluster_append(root, "data/base/5/16384", "half a page");
}

static void
database_without_version(const char *root)
{
	faketree_remove(root, "data/base/5/PG_VERSION");
}

static void
at_work(const char *root)
{
	smallcluster_at_work(root);
}

static void
at_work_later(const char *root)
{
	smallcluster_at_work(root);
	smallcluster_set(root, "checkpoint", SMALLCLUSTER_STOP);
}

static void
change_mode(const char *root, const char *path, mode_t mode)
{
	char full[4096];

	snprintf(full, sizeof(full), "%s/%s", root, path);
	if (chmod(full, mode))
		abort();
}

static void
closed_directory(const char *root)
{
	change_mode(root, "data/pg_twophase", 0500);
}

/* More than are named. */
static void
closed_files(const char *root)
{
	char path[64];

	for (unsigned i = 0; i < 23; i++) {
		snprintf(path, sizeof(path), "data/base/5/2%04u", i);
		faketree_put(root, path, "");
		change_mode(root, path, 0400);
	}
}

/* The snapshot of the data directory "original", whose server is gone, and whose links it has. */
static void
of_original(const char *root)
{
	char pid[4096];

	at_work(root);
	faketree_put(root, "original/pg_tblspc/16400", LINK_BELOW("spc"));
	faketree_rename(root, "data/pg_wal", "original/pg_wal");
	faketree_put(root, "data/pg_wal", LINK_BELOW("original/pg_wal"));
	snprintf(pid, sizeof(pid),
	    "4194305\n%s/original\n1795348669\n5432\n\nlocalhost\n", root);
	faketree_put(root, "data/postmaster.pid", pid);
}

static const struct row rows[] = {
	/* what it is not */
	{ "no directory", "-D %/nowhere --offline -o %/out/a.tar", FAILS,
	    "No such file or directory", NULL, NULL, NULL },
	{ "a file", "-D %/data/PG_VERSION --offline -o %/out/a.tar", FAILS,
	    "Not a directory", NULL, NULL, NULL },
	{ "no PG_VERSION", NULL, FAILS, "PG_VERSION", NULL, "data/PG_VERSION", NULL },
	{ "an old release", NULL, FAILS, "PostgreSQL 9.6 is not supported", NULL,
	    "data/PG_VERSION", "9.6\n" },
	{ "a new release", NULL, FAILS, "PostgreSQL 25 is not supported", NULL,
	    "data/PG_VERSION", "25\n" },
	{ "no release", NULL, FAILS, "PG_VERSION", NULL, "data/PG_VERSION", "x\n" },
	{ "another release", NULL, FAILS, "is not that of PostgreSQL 14", NULL,
	    "data/PG_VERSION", "14\n" },
	{ "no pg_control", NULL, FAILS, "pg_control", NULL, "data/global/pg_control",
	    NULL },
	{ "a short pg_control", NULL, FAILS, "pg_control", NULL, "data/global/pg_control",
	    BYTES(4096) },
	{ "a damaged pg_control", NULL, FAILS, "pg_control", control_flipped, NULL,
	    NULL },
	{ "a catalog that is not of this release", NULL, FAILS, "catalog", other_catalog,
	    NULL, NULL },
	{ "no pg_wal", NULL, FAILS, "pg_wal", NULL, "data/pg_wal", NULL },

	/* whether a server is at work */
	{ "a server crashed", NULL, FAILS, "was not shut down cleanly", in_production,
	    NULL, NULL },
	{ "postmaster.pid of a process that is gone", NULL, SOUND, "", NULL,
	    "data/postmaster.pid", NO_PROCESS },
	{ "postmaster.pid that is empty", NULL, SOUND, "", NULL, "data/postmaster.pid",
	    "" },
	{ "postmaster.pid of nothing", NULL, FAILS, "file \"postmaster.pid\"", NULL,
	    "data/postmaster.pid", "no number\n" },
	{ "a standby that was stopped", NULL, SOUND, "", standby_stopped, NULL, NULL },

	/* whether it needs a label */
	{ "a copy that was never started", NULL, FAILS,
	    "is a restored copy that was never started", NULL, "data/backup_label",
	    "no label\n" },
	{ "an exclusive backup", NULL, FAILS, "an exclusive backup was in progress", NULL,
	    "data/backup_label",
	    "START WAL LOCATION: 0/100028 (file " SMALLCLUSTER_SEGMENT ")\n"
	    "CHECKPOINT LOCATION: 0/100028\nBACKUP METHOD: pg_start_backup\n"
	    "BACKUP FROM: master\nSTART TIME: 2026-12-01 03:00:00 UTC\nLABEL: x\n"
	    "START TIMELINE: 1\n" },
	{ "a copy that is not consistent", NULL, FAILS,
	    "is a restored copy that has not become consistent yet", not_consistent, NULL,
	    NULL },
	{ "a copy that waits for its end", NULL, FAILS,
	    "is a restored copy that has not become consistent yet", waits_for_end, NULL,
	    NULL },

	/* its WAL */
	{ "no segment", NULL, FAILS, SMALLCLUSTER_SEGMENT, NULL,
	    "data/pg_wal/" SMALLCLUSTER_SEGMENT, NULL },
	{ "a short segment", NULL, FAILS, "WAL", NULL,
	    "data/pg_wal/" SMALLCLUSTER_SEGMENT, BYTES(524288) },
	{ "the checkpoint is damaged", NULL, FAILS, "the last checkpoint", wal_flipped,
	    NULL, NULL },
	{ "WAL of another release", NULL, FAILS, "WAL page at 0/100000", wal_magic, NULL,
	    NULL },
	{ "WAL of another timeline", NULL, FAILS, "000000020000000000000001",
	    other_timeline, NULL, NULL },
	{ "pages that later WAL changed", NULL, FAILS, "WAL", future_recovery, NULL,
	    NULL },

	/* its tablespaces, and where the output is */
	{ "a tablespace that is gone", NULL, FAILS, "--without-tablespace=16400", NULL,
	    "spc", NULL },
	{ "a tablespace of another release", NULL, FAILS, "16400", NULL,
	    "spc/PG_15_202209061", NULL },
	{ "a link to nothing", NULL, FAILS, "pg_tblspc/16401", NULL,
	    "data/pg_tblspc/16401", LINK_BELOW("nowhere") },
	{ "two links to one place", NULL, FAILS, "16401", NULL, "data/pg_tblspc/16401",
	    LINK_BELOW("spc") },
	{ "-T of no tablespace", "-D %/data --offline -T /nowhere=/tmp -o %/out/a.tar",
	    FAILS, "/nowhere", NULL, NULL, NULL },
	{ "an OID of no tablespace", OFFLINE " --without-tablespace=4711", FAILS,
	    "symbolic link \"pg_tblspc/4711\" does not exist", NULL, NULL, NULL },
	{ "the output in the data directory", "-D %/data --offline -o %/data/a.tar",
	    FAILS, "inside the data directory", NULL, NULL, NULL },
	{ "the output in a tablespace", "-D %/data --offline -o %/spc/a.tar", FAILS,
	    "inside tablespace", NULL, NULL, NULL },
	{ "the output is there", NULL, FAILS, "File exists", NULL, "out/a.tar", "x" },
	{ "the output is there, and may be replaced", OFFLINE " --force", SOUND, "", NULL,
	    "out/a.tar", "x" },
	{ "the output has no directory", "-D %/data --offline -o %/none/a.tar", FAILS,
	    "No such file or directory", NULL, NULL, NULL },
	{ "the report in the data directory", OFFLINE " --report=%/data/r", FAILS,
	    "inside the data directory", NULL, NULL, NULL },
	{ "the report is the output", OFFLINE " --report=%/out/a.tar", FAILS,
	    "is the output", NULL, NULL, NULL },
	{ "--waldir is not needed", OFFLINE " --waldir=%/spc", FAILS,
	    "is neither a symbolic link nor an empty directory", NULL, NULL, NULL },

	/* what is found in it */
	{ "a page", NULL, FINDS, "file \"base/5/16384\", block 1: ", page_flipped, NULL,
	    NULL },
	{ "two pages", NULL, FINDS, "2 ", two_pages_flipped, NULL, NULL },
	{ "half a page", NULL, FINDS, "ends in the middle of a page", half_a_page, NULL,
	    NULL },
	{ "a relation map", NULL, FINDS, "file \"base/5/pg_filenode.map\": ", map_flipped,
	    NULL, NULL },
	{ "no relation map", NULL, FINDS, "base/4/pg_filenode.map", NULL,
	    "data/base/4/pg_filenode.map", NULL },
	{ "a version of a database", NULL, FINDS, "15 expected, 12 found", NULL,
	    "data/base/5/PG_VERSION", "12\n" },
	{ "no version of a database", NULL, FINDS, "base/5/PG_VERSION",
	    database_without_version, NULL, NULL },
	{ "no states of transactions", NULL, FINDS, "file \"pg_xact/0000\": is missing",
	    NULL, "data/pg_xact/0000", NULL },
	{ "states that are cut", NULL, FINDS, "pg_xact/0000", NULL, "data/pg_xact/0000",
	    BYTES(4096) },
	{ "states of no transactions", NULL, FINDS, "pg_xact/0000", NULL,
	    "data/pg_xact/0000", "" },
	{ "a prepared transaction", NULL, FINDS, "pg_twophase/000002E4", NULL,
	    "data/pg_twophase/000002E4", BYTES(100) },
	{ "progress of replication", NULL, FINDS, "pg_logical/replorigin_checkpoint",
	    NULL, "data/pg_logical/replorigin_checkpoint", BYTES(20) },

	{ "a directory that keeps the server out", NULL, FINDS,
	    "\"pg_twophase\" has mode 0500, which keeps the server out", closed_directory,
	    NULL, NULL },
	{ "many files that do", NULL, FINDS, "keep the server out of 23 files",
	    closed_files, NULL, NULL },

	/* what is nothing to it */
	{ "a fifo", NULL, SOUND, "skipping", NULL, "data/fifo", FIFO },
	{ "a file of the user", NULL, SOUND, "", NULL, "data/notes/mine", "mine" },

	/* a snapshot */
	{ "a snapshot of a server", SNAPSHOT, SOUND, "", at_work, NULL, NULL },
	{ "a snapshot, its checkpoint is the end", SNAPSHOT, FAILS, "WAL", at_work_later,
	    NULL, NULL },
	{ "a snapshot, a tablespace is the original's",
	    "-D %/data --snapshot -o %/out/a.tar", FAILS,
	    "/spc\": pg_tblspc/16400 leads out of the snapshot", of_original, NULL,
	    NULL },
	{ "a snapshot, the WAL is the original's", SNAPSHOT, FAILS,
	    "pg_wal leads out of the snapshot", of_original, NULL, NULL },
	{ "a snapshot, all that is said to be its own",
	    SNAPSHOT " --waldir=%/original/pg_wal", SOUND, "", of_original, NULL, NULL },
	{ "a snapshot, no segment", SNAPSHOT, FAILS, "could not find WAL file", NULL,
	    "data/pg_wal/" SMALLCLUSTER_SEGMENT, NULL },
	{ "a snapshot, the checkpoint is damaged", SNAPSHOT, FAILS, "WAL", wal_flipped,
	    NULL, NULL },
	{ "a snapshot of a copy that was never started", SNAPSHOT, FAILS, "never started",
	    NULL, "data/backup_label", "no label\n" },
	{ "a snapshot, postmaster.pid that was being written", SNAPSHOT, SOUND, "", NULL,
	    "data/postmaster.pid", "no number\n" },
	{ "a snapshot, postmaster.pid of a process that is gone", SNAPSHOT, SOUND, "",
	    NULL, "data/postmaster.pid", NO_PROCESS },
	{ "a snapshot, a page", SNAPSHOT, FINDS, "block 1", page_flipped, NULL, NULL },
};

static void
change(const char *root, const struct row *row)
{
	if (row->change)
		row->change(root);
	if (row->path && row->content)
		faketree_put(root, row->path, row->content);
	else if (row->path)
		faketree_remove(root, row->path);
	smallcluster_give(root);
}

/* What is found in the cluster is found in the archive; what is sound is sound there. */
static void
verified(const char *root, int status)
{
	char archive[4096];
	struct command c;

	snprintf(archive, sizeof(archive), "%s/out/a.tar", root);
	if (status != REPORT_FAILED)
		command_expect(&c, root, "verify %/out/a.tar", status);
	else if (access(archive, F_OK) == 0) {
		faketree_remove(root, "out/a.tar");
		fail_msg("it failed, and the output is there");
	}
}

static void
expect_row(void **state)
{
	const struct row *row = *state;
	char *root = smallcluster_new();
	struct command c;

	change(root, row);
	command_expect(&c, root, row->line ? row->line : OFFLINE, row->status);
	if (row->said[0] != '\0')
		command_expect_said(&c, row->said);
	if (row->status == REPORT_FAILED && strcmp(row->name, "the output is there") == 0)
		faketree_remove(root, "out/a.tar");
	verified(root, row->status);
	faketree_free(root);
}

int
main(void)
{
	enum { ROWS = sizeof(rows) / sizeof(rows[0]) };
	struct CMUnitTest tests[ROWS];

	for (size_t i = 0; i < ROWS; i++)
		tests[i] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = expect_row,
			.initial_state = (void *)(uintptr_t)&rows[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
