/*
 * The tree of a cluster as members of the archive: which of them come in which order, what the archive
 * says of itself, and what ends the run.  The archive and those that judge files are made up, the
 * directory and the walk through it are real.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backup/cluster.h"
#include "backup/config.h"
#include "backup/configsend.h"
#include "backup/source.h"
#include "backup/stream.h"
#include "backup/tablespaces.h"
#include "backup/tree.h"
#include "backup/wal.h"
#include "cli/options.h"
#include "support/fake_archive.c.inc"
#include "support/fake_files.c.inc"
#include "support/fake_message.c.inc"
#include "support/faketree.h"
#include "support/openfds.h"

#define VERSION "PG_15_202209061"

static const struct fake_file files[] = {
	{ "data/PG_VERSION", "15\n" },
	{ "data/base/5/1259", PAGES(2) },
	{ "data/base/5/PG_VERSION", "15\n" },
	{ "data/global/pg_control", "not read here" },
	{ "data/large", BYTES(2000000) },
	{ "data/pg_hba.conf", "local all all trust\n" },
	{ "data/pg_tblspc/16400", LINK_BELOW("one") },
	{ "one/" VERSION "/5/16500", PAGES(1) },
};

/* ---- the others, in place of the program's ---- */

static const char *replaced; /* the member that has configuration in its place; NULL */

int
backup_configsend_outside(
    const struct backup_config *c, struct archive *a, struct error *err)
{
	(void)c;
	(void)a;
	return archive_tell(err, "outside\n");
}

int
backup_configsend_link(const struct backup_config *c, struct archive *a, const char *path,
    bool *is_done, struct error *err)
{
	(void)c;
	(void)a;
	*is_done = strcmp(path, "conf") == 0;
	return archive_tell(err, "config %s\n", path);
}

bool
backup_configsend_replaces(const struct backup_config *c, const char *path)
{
	(void)c;
	return replaced && strcmp(path, replaced) == 0;
}

/* ---- a backup ---- */

static struct {
	char *root, data[512];
	struct options opt;
	struct backup_cluster cluster;
	struct backup_tablespaces tablespaces;
	struct backup_source source;
	struct backup_config config;
	struct backup_wal wal;
	struct backup_stream stream;
	struct backup_tree tree;
	struct label label;
	struct online_server server;
	struct sink *sinks[4];
} s;

static int
give_control(struct backup_source *source, uint8_t bytes[CONTROL_SIZE],
    struct control *control, struct error *err)
{
	(void)source;
	memset(bytes, 0, CONTROL_SIZE);
	*control = (struct control){ .time = 1000, .timeline = 3 };
	return archive_tell(err, "last\n");
}

static const struct backup_source_ops ops = { .control = give_control };

/* Of a running server, with a label, into one archive. */
static int
begin(void **state)
{
	static char text[] = "nightly", start[] = "2026-12-01 03:00:00 UTC",
		    label[] = "nightly";
	struct error err = { 0 };

	(void)state;
	memset(&s, 0, sizeof(s));
	archive_begin();
	message_said[0] = '\0';
	replaced = NULL;
	s.root = faketree_new(files, sizeof(files) / sizeof(files[0]));
	snprintf(s.data, sizeof(s.data), "%s/data", s.root);
	s.label = (struct label){ .start_lsn = 0x2000028,
		.start_file = "000000010000000000000002",
		.checkpoint_lsn = 0x2000060,
		.method = "streamed",
		.start_time = start,
		.text = text,
		.timeline = 1,
		.has_timeline = true };
	s.opt.label = label;
	s.opt.wal_method = WAL_FETCH;
	s.opt.manifest_digest = DIGEST_CRC32C;
	backup_cluster_init(&s.cluster, s.data);
	s.cluster.version = cluster_version(15);
	s.source.ops = &ops;
	s.source.facts.mode = "online";
	s.source.facts.exclude = EXCLUDE_RECOVERS;
	s.source.facts.label = &s.label;
	s.source.facts.server = &s.server;
	s.wal.range.start_lsn = 0x2000028;
	s.stream.output.sinks = s.sinks;
	s.tablespaces.cluster = &s.cluster;
	s.tablespaces.choice =
	    (struct tablespaces_choice){ &s.opt.relocations, &s.opt.without };
	s.tree = (struct backup_tree){ &s.opt, &s.cluster, &s.tablespaces, &s.source,
		&s.config, &s.wal, &s.stream, { 0, 0 }, { 0 }, { 0 } };
	return backup_cluster_open(&s.cluster, &err);
}

static int
end(void **state)
{
	(void)state;
	backup_tablespaces_free(&s.tablespaces);
	configset_free(&s.config.set);
	buf_free(&s.config.main);
	oidset_free(&s.source.facts.databases);
	oids_free(&s.opt.without);
	relocations_free(&s.opt.relocations);
	backup_cluster_free(&s.cluster);
	faketree_free(s.root);
	return 0;
}

static int
send(struct error *err)
{
	return backup_tablespaces_read(&s.tablespaces, err) ||
		backup_tree_send(&s.tree, NULL, NULL, err) ?
	    -1 :
	    0;
}

/* ---- which members, and in which order ---- */

#define BEFORE \
	"bytes tree PG_VERSION\ndirectory tree base\ndirectory tree base/5\n" \
	"relation tree base/5/1259\nbytes tree base/5/PG_VERSION\ndirectory tree global\n" \
	"file tree large\n"
#define SPACE(part) \
	"directory " part " pg_tblspc/16400/" VERSION "\ndirectory " part \
	" pg_tblspc/16400/" VERSION "/5\nrelation " part " pg_tblspc/16400/" VERSION \
	"/5/16500\n"
#define BEHIND \
	"directory tree pg_dynshmem\nbytes tree pg_hba.conf\ndirectory tree pg_notify\n" \
	"directory tree pg_replslot\ndirectory tree pg_serial\n" \
	"directory tree pg_snapshots\ndirectory tree pg_stat\n" \
	"directory tree pg_stat_tmp\ndirectory tree pg_subtrans\n" \
	"directory tree pg_tblspc\n"
#define END "end of the tree\nbarrier\nlast\ncontrol 600 of 1000\n"
#define INFO "bytes tree pg_basetar.info\n"
#define LABEL "bytes tree backup_label\n"

static const struct row {
	const char *name;
	bool is_split, has_no_label, is_left_out;
	const char *told;
} rows[] = {
	{ "one archive", false, false, false,
	    LABEL INFO
	    "outside\n" BEFORE
	    "directory tree pg_basetar_tblspc\ndirectory tree pg_basetar_tblspc/16400\n" SPACE(
		"tablespace") BEHIND "link 16400\n" END },
	/* the server makes the link, from tablespace_map */
	{ "an archive for each", true, false, false,
	    SPACE("location") "next archive\n" LABEL "bytes tree tablespace_map\n" INFO
			      "outside\n" BEFORE BEHIND END },
	/* without a label it does not read the map */
	{ "an archive for each, no label", true, true, false,
	    SPACE("location") "next archive\n" INFO "outside\n" BEFORE BEHIND
			      "link 16400\n" END },
	{ "no label", false, true, false,
	    INFO
	    "outside\n" BEFORE
	    "directory tree pg_basetar_tblspc\ndirectory tree pg_basetar_tblspc/16400\n" SPACE(
		"tablespace") BEHIND "link 16400\n" END },
	{ "a tablespace is left out", false, false, true,
	    LABEL INFO "outside\n" BEFORE BEHIND END },
	{ "the only one is left out", true, false, true,
	    LABEL INFO "outside\n" BEFORE BEHIND END },
};

static void
set_up(const struct row *row)
{
	struct error err = { 0 };

	s.opt.split = row->is_split;
	if (row->has_no_label)
		s.source.facts.label = NULL;
	if (row->is_left_out)
		assert_int_equal(oids_add(&s.opt.without, "16400", &err), 0);
}

static void
check_row(void **state)
{
	const struct row *row = *state;
	struct error err = { 0 };

	assert_int_equal(begin(NULL), 0);
	set_up(row);
	assert_int_equal(send(&err), 0);
	assert_string_equal(archive_told, row->told);
	/* as it was before we changed anything in it */
	assert_int_equal(s.tree.last_control.timeline, 3);
	assert_true(files_are_judged);
	message_expect("");
	end(NULL);
}

/* What is counted as the tablespace's: its members, and not those that lead to it or follow it. */
static void
counted(void **state)
{
	struct error err = { 0 };

	(void)state;
	assert_int_equal(send(&err), 0);
	assert_int_equal(s.tablespaces.sent.rows[0].sent, 3 + 8192);
	end(NULL);
	assert_int_equal(begin(NULL), 0);
	s.opt.split = true;
	assert_int_equal(send(&err), 0);
	assert_int_equal(s.tablespaces.sent.rows[0].sent, 3 + 8192);
}

/* ---- what is not sent as it is ---- */

static void
special(void **state)
{
	struct error err = { 0 };

	(void)state;
	faketree_put(s.root, "data/fifo", FIFO);
	faketree_put(s.root, "data/link", LINK("elsewhere"));
	faketree_put(s.root, "data/conf", LINK("elsewhere"));
	archive_fails = "no step";
	assert_int_equal(send(&err), 0);
	message_expect("warning: skipping fifo \"fifo\"\n"
		       "warning: skipping symbolic link \"link\"\n");
	assert_non_null(strstr(archive_told, "config conf\n"));
	assert_non_null(strstr(archive_told, "config link\n"));
	assert_non_null(strstr(archive_told, "copied file base/5/PG_VERSION\n"));
}

/* A member that has its configuration from elsewhere is not sent twice; no descriptor stays open. */
static void
replaced_ones(void **state)
{
	static const char *const paths[] = { "pg_hba.conf", "large", "base/5/1259",
		"pg_notify" };
	struct error err = { 0 };
	size_t fds;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		replaced = paths[i];
		assert_int_equal(backup_tablespaces_read(&s.tablespaces, &err), 0);
		fds = openfds_count();
		assert_int_equal(backup_tree_send(&s.tree, NULL, NULL, &err), 0);
		assert_null(strstr(archive_told, paths[i]));
		assert_int_equal(openfds_count(), fds);
		end(state);
		assert_int_equal(begin(state), 0);
	}
}

/* A group that may read the directory may read pg_control as well. */
static void
group(void **state)
{
	struct error err = { 0 };

	(void)state;
	s.cluster.datadir_stat.st_mode |= 0050;
	assert_int_equal(send(&err), 0);
	assert_non_null(strstr(archive_told, "control 640 of 1000\n"));
}

/* ---- what the archive says of itself ---- */

static void
expect_info(const char *expected)
{
	struct error err = { 0 };

	archive_fails = "bytes tree pg_basetar.info";
	assert_int_equal(send(&err), -1);
	assert_string_equal(archive_text, expected);
	end(NULL);
	assert_int_equal(begin(NULL), 0);
}

static void
info(void **state)
{
	struct error err = { 0 };
	char text[1024];

	(void)state;
	snprintf(text, sizeof(text),
	    "pg_basetar: 1\nversion: " OPTIONS_PROGRAM_VERSION
	    "\nmode: online\nlabel: nightly\nstart: 0/2000028\nstart_time: 2026-12-01 03:00:00 UTC\nserver_version: 15\nmanifest_checksums: CRC32C\nwal_method: fetch\nlayout: one\ntablespace: 16400 %s/one\n",
	    s.root);
	expect_info(text);
	/* all that it may say, and what a backup without a label does not */
	s.source.facts.label = NULL;
	s.source.facts.mode = "offline";
	s.source.facts.oldest_xid = 4294967295U;
	assert_int_equal(oidset_add(&s.source.facts.databases, 1, &err), 0);
	assert_int_equal(oidset_add(&s.source.facts.databases, 5, &err), 0);
	s.opt.no_manifest = true;
	s.opt.wal_method = WAL_NONE;
	s.opt.split = true;
	assert_int_equal(oids_add(&s.opt.without, "16400", &err), 0);
	assert_int_equal(
	    buf_printf(&s.config.main, &err, "pg_basetar_config/postgresql.conf"), 0);
	snprintf(text, sizeof(text),
	    "pg_basetar: 1\nversion: " OPTIONS_PROGRAM_VERSION
	    "\nmode: offline\nlabel: nightly\nstart: 0/2000028\nserver_version: 15\noldest_xid: 4294967295\ndatabases: 1,5\nmanifest_checksums: none\nwal_method: none\nlayout: split\nwithout_tablespace: 16400 %s/one\nconfig_file: pg_basetar_config/postgresql.conf\n",
	    s.root);
	expect_info(text);
}

/* Configuration that lies elsewhere, that too which could not be read; but no directory. */
static void
config(void **state)
{
	static char name[] = "pg_hba.conf", path[] = "/etc/pg/pg_hba.conf";
	char *aliases[] = { (char[]){ "/srv/link" } };
	static struct configset_row of[] = {
		{ .where = CONFIGSET_OUTSIDE },
		{ .where = CONFIGSET_OUTSIDE, .is_there = true, .is_directory = true },
		{ .where = CONFIGSET_LINKED, .is_there = true },
		{ .where = CONFIGSET_OUTSIDE, .is_there = true },
	};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		of[i].name = name;
		of[i].path = path;
	}
	s.config.set.rows = of;
	s.config.set.count = 4;
	s.config.set.opt.datadir = "/data";
	s.config.set.aliases = aliases;
	s.config.set.naliases = 1;
	archive_fails = "bytes tree pg_basetar.info";
	assert_int_equal(send(&(struct error){ 0 }), -1);
	s.config.set = (struct configset){ 0 };
	assert_non_null(strstr(archive_text,
	    "/one\ndata_directory: /data\ndata_directory: /srv/link\nconfig: pg_hba.conf /etc/pg/pg_hba.conf\nconfig: pg_hba.conf /etc/pg/pg_hba.conf\n"));
}

/* Its copy belongs into the copy of the data directory, wherever that is. */
static void
inside(void **state)
{
	char text[1280];

	(void)state;
	faketree_rename(s.root, "one", "data/in side");
	faketree_put(s.root, "data/pg_tblspc/16400", LINK_BELOW("data/in side"));
	snprintf(text, sizeof(text),
	    "tablespace: 16400 %s/in side\ntablespace_inside: 16400 in side\n", s.data);
	archive_fails = "bytes tree pg_basetar.info";
	assert_int_equal(send(&(struct error){ 0 }), -1);
	assert_non_null(strstr(archive_text, text));
	/* not so that of one with a longer name */
	end(NULL);
	assert_int_equal(begin(NULL), 0);
	faketree_rename(s.root, "one", "data2");
	faketree_put(s.root, "data/pg_tblspc/16400", LINK_BELOW("data2"));
	archive_fails = "bytes tree pg_basetar.info";
	assert_int_equal(send(&(struct error){ 0 }), -1);
	assert_null(strstr(archive_text, "inside"));
}

static void
map(void **state)
{
	char text[1280];

	(void)state;
	s.opt.split = true;
	snprintf(text, sizeof(text), "16400 %s/one\n", s.root);
	archive_fails = "bytes tree tablespace_map";
	assert_int_equal(send(&(struct error){ 0 }), -1);
	assert_string_equal(archive_text, text);
}

/* ---- what ends it ---- */

static void
step_fails(void **state)
{
	static const char *const steps[] = { "bytes tree backup_label",
		"bytes tree pg_basetar.info", "outside", "judged PG_VERSION",
		"bytes tree PG_VERSION", "copied base", "directory tree base/5",
		"pages base/5/1259", "relation tree base/5/1259", "other large",
		"file tree large", "directory tree pg_basetar_tblspc",
		"directory tree pg_basetar_tblspc/16400", "relation tablespace",
		"config link", "link 16400", "barrier", "last", "control" };

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct error err = { 0 };
		size_t fds;

		faketree_put(s.root, "data/link", LINK("elsewhere"));
		assert_int_equal(backup_tablespaces_read(&s.tablespaces, &err), 0);
		fds = openfds_count();
		archive_fails = steps[i];
		assert_int_equal(backup_tree_send(&s.tree, NULL, NULL, &err), -1);
		assert_string_equal(err.text, "injected");
		assert_non_null(strstr(archive_told, steps[i]));
		assert_ptr_equal(strchr(strstr(archive_told, steps[i]), '\n')[1], '\0');
		assert_int_equal(openfds_count(), fds);
		end(state);
		assert_int_equal(begin(state), 0);
	}
}

/* Where nothing may change, all of it is measured twice. */
static void
rechecked(void **state)
{
	struct error err = { 0 };

	(void)state;
	s.source.facts.is_frozen = true;
	assert_int_equal(backup_tablespaces_read(&s.tablespaces, &err), 0);
	assert_int_equal(backup_tree_measure(&s.tree, &err), 0);
	assert_true(s.tree.sum.size > 2000000);
	assert_int_equal(backup_tree_recheck(&s.tree, &err), 0);
	files_are_judged = false;
	assert_int_equal(backup_tree_send(&s.tree, NULL, NULL, &err), 0);
	assert_false(files_are_judged);
	faketree_put(s.root, "data/more", "");
	assert_int_equal(backup_tree_recheck(&s.tree, &err), -1);
	assert_int_equal(err.kind, ERROR_STATE);
	assert_non_null(strstr(err.text, "/data\" changed while it was read"));
}

int
main(void)
{
	enum { ROWS = sizeof(rows) / sizeof(rows[0]), OTHERS = 10 };
	struct CMUnitTest tests[OTHERS + ROWS] = {
		cmocka_unit_test_setup_teardown(counted, begin, end),
		cmocka_unit_test_setup_teardown(special, begin, end),
		cmocka_unit_test_setup_teardown(replaced_ones, begin, end),
		cmocka_unit_test_setup_teardown(group, begin, end),
		cmocka_unit_test_setup_teardown(info, begin, end),
		cmocka_unit_test_setup_teardown(config, begin, end),
		cmocka_unit_test_setup_teardown(inside, begin, end),
		cmocka_unit_test_setup_teardown(map, begin, end),
		cmocka_unit_test_setup_teardown(step_fails, begin, end),
		cmocka_unit_test_setup_teardown(rechecked, begin, end),
	};

	for (size_t i = 0; i < ROWS; i++)
		tests[OTHERS + i] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = check_row,
			.initial_state = (void *)(uintptr_t)&rows[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
