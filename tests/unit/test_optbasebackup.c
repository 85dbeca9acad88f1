/*
 * Command lines of pg_basebackup 10 to 19: a row for each option and each spelling of a value, with
 * what becomes of it.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/optbasebackup.h"
#include "lib/buf.h"
#include "lib/sys.h"
#include "support/commandline.h"

#define STREAM \
	"option \"--wal-method=stream\" is taken as \"fetch\": a replication slot holds the WAL until it is read"
#define NO_SERVER \
	"\"server-\" is ignored: pg_basetar compresses, the server takes no part"
#define WORKERS "\"workers\" is ignored: --jobs sets the number of threads"
#define LONG \
	"\"long\" is ignored: each block of 1 MiB is compressed without reference to others"
#define TARGET_DIR \
	"option \"--target=server\" is taken as \"--split --output\": the archives go to that directory of this host"
#define CLEAN "option \"--no-clean\" is ignored: a backup that failed leaves no files"
#define SLOT \
	"option \"--slot\" is ignored: a temporary slot holds the WAL of the backup, and the named one stays as it is"
#define STATUS \
	"option \"--status-interval\" is ignored: WAL is read from pg_wal, not streamed"
#define ENCODE \
	"option \"--manifest-force-encode\" is ignored: the manifest has names of files as they are, if they are UTF-8"
#define SYNCFS \
	"option \"--sync-method=syncfs\" is ignored: the few files of a backup are synced one by one"
#define TAR "Tar is the only format; pg_basetar restore makes a directory of it."
#define FULL "Leave it out, and pg_combinebackup: each backup is restored alone."
#define OUTPUT "Name the output with -o, or pipe the backup to a program."
#define ALONE "Name the output with -o alone."
#define STANDBY "Restore it with pg_basetar restore --standby --primary-conninfo=CONNSTR."

/* Taken, with at most one note; or refused, with an error and a hint. */
static struct row {
	const char *line, *note, *error, *hint;
} rows[] = {
	{ "--pgdata=/d", NULL, NULL, NULL },
	{ "-Ft", NULL, NULL, NULL },
	{ "--format=tar", NULL, NULL, NULL },
	{ "--format t", NULL, NULL, NULL },
	{ "-Fp", NULL, "option \"--format\": unknown format \"p\"", TAR },
	{ "--format=plain", NULL, "option \"--format\": unknown format \"plain\"", TAR },
	{ "-i old/backup_manifest", NULL,
	    "option \"--incremental\": incremental backups are not made, each backup is a full one",
	    FULL },
	{ "--incremental=m", NULL,
	    "option \"--incremental\": incremental backups are not made, each backup is a full one",
	    FULL },
	{ "-r 32", NULL, NULL, NULL },
	{ "--max-rate=100M", NULL, NULL, NULL },
	{ "-r 128k", NULL, NULL, NULL },
	{ "-R", NULL,
	    "option \"--write-recovery-conf\": a backup holds no settings for a standby",
	    STANDBY },
	{ "--write-recovery-conf", NULL,
	    "option \"--write-recovery-conf\": a backup holds no settings for a standby",
	    STANDBY },
	{ "-t client", NULL, NULL, NULL },
	{ "--target=server:/b", TARGET_DIR, NULL, NULL },
	{ "-t blackhole", NULL, NULL, NULL },
	{ "-t server:b", NULL,
	    "option \"--target\": \"server:b\" is neither \"client\", \"blackhole\" nor \"server:\" with an absolute path",
	    OUTPUT },
	{ "-t shell:x", NULL,
	    "option \"--target\": \"shell:x\" is neither \"client\", \"blackhole\" nor \"server:\" with an absolute path",
	    OUTPUT },
	{ "-t server:/b -o /c", NULL,
	    "options \"--target=server:/b\" and \"--output\" exclude each other", ALONE },
	{ "-o - -t blackhole", NULL,
	    "options \"--target=blackhole\" and \"--output\" exclude each other", ALONE },
	{ "-t blackhole --split", NULL,
	    "options \"--target=blackhole\" and \"--split\" exclude each other", ALONE },
	{ "-T /old=/new", NULL, NULL, NULL },
	{ "--tablespace-mapping=/old=/new", NULL, NULL, NULL },
	{ "--waldir=/wal", NULL, NULL, NULL },
	{ "-X none", NULL, NULL, NULL },
	{ "-Xf", NULL, NULL, NULL },
	{ "--wal-method=fetch", NULL, NULL, NULL },
	{ "-Xs", STREAM, NULL, NULL },
	{ "-X stream", STREAM, NULL, NULL },
	{ "--wal-method=stream", STREAM, NULL, NULL },
	{ "-z", NULL, NULL, NULL },
	{ "--gzip", NULL, NULL, NULL },
	{ "-Z 0", NULL, NULL, NULL },
	{ "-Z9", NULL, NULL, NULL },
	{ "--compress=5", NULL, NULL, NULL },
	{ "-Z none", NULL, NULL, NULL },
	{ "-Z gzip", NULL, NULL, NULL },
	{ "-Z gzip:9", NULL, NULL, NULL },
	{ "-Z gzip:level=9", NULL, NULL, NULL },
	{ "--compress=client-gzip:1", NULL, NULL, NULL },
	{ "-Z server-gzip", NO_SERVER, NULL, NULL },
	{ "-c fast", NULL, NULL, NULL },
	{ "--checkpoint=spread", NULL, NULL, NULL },
	{ "-C", NULL, "option \"--create-slot\" needs the name of a replication slot",
	    "Name it with --slot." },
	{ "--create-slot -S s", NULL, NULL, NULL },
	{ "-C --slot=S", NULL,
	    "option \"--slot\": \"S\" is not a valid name of a replication slot",
	    "Such names have lower-case letters, digits and underscores, and at most 63 of them." },
	{ "-l nightly", NULL, NULL, NULL },
	{ "--label=nightly", NULL, NULL, NULL },
	{ "-n", CLEAN, NULL, NULL },
	{ "--no-clean", CLEAN, NULL, NULL },
	{ "-N", NULL, NULL, NULL },
	{ "--no-sync", NULL, NULL, NULL },
	{ "-P", NULL, NULL, NULL },
	{ "--progress", NULL, NULL, NULL },
	{ "-S standby1", SLOT, NULL, NULL },
	{ "--slot=standby1", SLOT, NULL, NULL },
	{ "-v", NULL, NULL, NULL },
	{ "--verbose", NULL, NULL, NULL },
	{ "--manifest-checksums=SHA256", NULL, NULL, NULL },
	{ "--manifest-force-encode", ENCODE, NULL, NULL },
	{ "--no-estimate-size", NULL, NULL, NULL },
	{ "--no-manifest", NULL, NULL, NULL },
	{ "--no-slot", NULL, NULL, NULL },
	{ "--no-verify-checksums", NULL, NULL, NULL },
	{ "--sync-method=fsync", NULL, NULL, NULL },
	{ "--sync-method syncfs", SYNCFS, NULL, NULL },
	{ "-d postgres", NULL, NULL, NULL },
	{ "--dbname=host=db", NULL, NULL, NULL },
	{ "-h db", NULL, NULL, NULL },
	{ "--host=db", NULL, NULL, NULL },
	{ "-p 5433", NULL, NULL, NULL },
	{ "--port=5433", NULL, NULL, NULL },
	{ "-s 10", STATUS, NULL, NULL },
	{ "--status-interval=0", STATUS, NULL, NULL },
	{ "-U me", NULL, NULL, NULL },
	{ "--username=me", NULL, NULL, NULL },
	{ "-w", NULL, NULL, NULL },
	{ "--no-password", NULL, NULL, NULL },
	{ "-W", NULL, NULL, NULL },
	{ "--password", NULL, NULL, NULL },
	/* several in a word; cut names; twice the same */
	{ "-nPv -Ft -Xf", CLEAN, NULL, NULL },
	{ "--status 5", STATUS, NULL, NULL },
	{ "-n --no-clean", CLEAN, NULL, NULL },
	{ "--slot", NULL, "option \"--slot\" needs a value",
	    "Try \"pg_basetar --help\"." },
	{ "--no-clean=1", NULL, "option \"--no-clean\" takes no value",
	    "Try \"pg_basetar --help\"." },
	/* of a backup alone */
	{ "verify -n a", NULL, "unknown option \"-n\"", "Try \"pg_basetar --help\"." },
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static void
check_row(void **state)
{
	const struct row *row = *state;
	struct error err = { .kind = ERROR_NONE };
	struct commandline line;
	struct options o;
	int verdict = commandline_parse(&line, row->line, &o, &err);

	assert_int_equal(verdict, row->error ? -1 : OPTIONS_RUN);
	if (row->error) {
		assert_int_equal(err.kind, ERROR_USAGE);
		assert_string_equal(err.text, row->error);
		assert_string_equal(err.hint, row->hint);
		return;
	}
	assert_int_equal(o.notes.count, row->note != NULL);
	if (row->note)
		assert_string_equal(o.notes.rows[0], row->note);
	options_free(&o);
}

/* Those of libraries that a build may lack, with several notes. */
static void
several_notes(void **state)
{
	struct error err = { .kind = ERROR_NONE };
	struct commandline line;
	struct options o;

	(void)state;
	if (commandline_parse(
		&line, "-Z server-zstd:level=3,workers=2,long -Xs -n", &o, &err) == -1) {
		assert_non_null(strstr(err.text, "was built without"));
		skip();
	}
	assert_int_equal(o.notes.count, 5);
	assert_string_equal(o.notes.rows[0], STREAM);
	assert_string_equal(o.notes.rows[1], CLEAN);
	assert_string_equal(o.notes.rows[2], NO_SERVER);
	assert_string_equal(o.notes.rows[3], WORKERS);
	assert_string_equal(o.notes.rows[4], LONG);
	options_free(&o);
}

/* What stands for a target. */
static void
targets(void **state)
{
	struct commandline line;
	struct options o;

	(void)state;
	o = commandline_taken(&line, "-t server:/b -z");
	assert_true(o.split && !o.output_is_stdout);
	assert_string_equal(o.output, "/b");
	o = commandline_taken(&line, "-t blackhole");
	assert_true(!o.split && !o.output_is_stdout);
	assert_string_equal(o.output, "/dev/null");
	o = commandline_taken(&line, "-t client");
	assert_true(!o.split && o.output_is_stdout && o.output == NULL);
	o = commandline_taken(&line, "-X stream");
	assert_int_equal(o.wal_method, WAL_FETCH);
	assert_true(commandline_taken(&line, "-P --no-estimate-size").no_estimate_size);
}

/* Each row of the table has been asked about, by its letter and by its name. */
static void
all_are_here(void **state)
{
	(void)state;
	for (size_t i = 0; i < optbasebackup_rows; i++) {
		const struct opttable_row *r = &optbasebackup[i].row;
		bool letter = r->letter == '\0', name = false;

		assert_true(
		    (optbasebackup[i].error == NULL) == (optbasebackup[i].hint == NULL));
		for (size_t k = 0; k < ROWS; k++) {
			const char *at = rows[k].line;

			letter = letter || (at[0] == '-' && at[1] == r->letter);
			name = name ||
			    (strncmp(at, "--", 2) == 0 &&
				strncmp(at + 2, r->name, strlen(r->name)) == 0);
		}
		if (!letter || !name)
			fail_msg("no row for \"--%s\"", r->name);
	}
}

/* The manual's table says of each what becomes of it. */
static void
manual(void **state)
{
	struct error err = { .kind = ERROR_NONE };
	struct buf page = { 0 };

	(void)state;
	if (sys_read_file(AT_FDCWD, "man/pg_basetar.1", 1 << 20, &page, &err))
		fail_msg("from the top of the tree: %s", err.text);
	for (size_t i = 0; i < optbasebackup_rows; i++) {
		const struct optbasebackup_row *r = &optbasebackup[i];
		char item[64];
		int len = r->row.letter ?
		    snprintf(item, sizeof(item), "\n.It Ic -%c", r->row.letter) :
		    snprintf(item, sizeof(item), "\n.It Ic --%s", r->row.name);

		if (r->take == NULL)
			snprintf(item + len, sizeof(item) - (size_t)len, " Ta %s Ta ",
			    r->error ? "refused" : "ignored");
		if (!strstr(buf_text(&page), item))
			fail_msg("the manual has no \"%s\"", item + 1);
	}
	buf_free(&page);
}

int
main(void)
{
	static struct CMUnitTest tests[4 + ROWS] = {
		cmocka_unit_test(several_notes),
		cmocka_unit_test(targets),
		cmocka_unit_test(all_are_here),
		cmocka_unit_test(manual),
	};

	setenv("PGDATA", "/d", 1);
	for (size_t i = 0; i < ROWS; i++)
		tests[4 + i] = (struct CMUnitTest){ .name = rows[i].line,
			.test_func = check_row,
			.initial_state = &rows[i] };
	return cmocka_run_group_tests_name("pg_basebackup", tests, NULL, NULL);
}
