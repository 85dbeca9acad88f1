/* What the archive of a cluster says of itself: pg_basetar.info and tablespace_map. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/manualpage.h"
#include "support/senttree.c.inc"
#include "support/unixtime.c.inc"

static void
expect_info(const char *expected)
{
	struct error err = { 0 };

	archive_fails = "bytes tree pg_basetar.info";
	assert_int_equal(send(&err), -1);
	expect_unix_time(archive_text);
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

/* ---- the keys of the manual ---- */

/* Of a backup that has them all, each once: as the lines come. */
static void
keys_of_lines(struct buf *keys, char *text)
{
	const char *last = "";

	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		const size_t len = strcspn(line, ":");

		if (strncmp(line, last, len + 1) != 0)
			manualpage_add_key(keys, "", 0, line, len);
		last = line;
	}
}

static void
keys_of_page(struct buf *keys)
{
	struct buf page = { 0 };
	const char *at;

	manualpage_read("man/pg_basetar.5", &page);
	at = manualpage_section(&page, "\n.Ss pg_basetar.info\n", "\n.El\n");
	while ((at = strstr(at, "\n.It Cm ")) != NULL) {
		at += 8;
		manualpage_add_key(keys, "", 0, at, strcspn(at, "\n"));
	}
	buf_free(&page);
}

/* "The keys are, in this order" */
static void
keys(void **state)
{
	static char path[] = "/etc/pg/pg_hba.conf", name[] = "pg_hba.conf";
	struct configset_row row = {
		.where = CONFIGSET_OUTSIDE, .path = path, .name = name
	};
	struct buf ours = { 0 }, theirs = { 0 };
	struct error err = { 0 };

	(void)state;
	faketree_rename(s.root, "one", "data/inside");
	faketree_put(s.root, "data/pg_tblspc/16400", LINK_BELOW("data/inside"));
	faketree_put(s.root, "two/" VERSION "/PG_VERSION", "15\n");
	faketree_put(s.root, "data/pg_tblspc/16401", LINK_BELOW("two"));
	assert_int_equal(oids_add(&s.opt.without, "16401", &err), 0);
	s.source.facts.oldest_xid = 730;
	assert_int_equal(oidset_add(&s.source.facts.databases, 1, &err), 0);
	assert_int_equal(buf_printf(&s.config.main, &err, "postgresql.conf"), 0);
	s.config.set.opt.datadir = "/data";
	s.config.set.rows = &row;
	s.config.set.count = 1;
	archive_fails = "bytes tree pg_basetar.info";
	assert_int_equal(send(&err), -1);
	s.config.set = (struct configset){ 0 };
	keys_of_lines(&ours, archive_text);
	keys_of_page(&theirs);
	assert_string_equal(buf_text(&theirs), buf_text(&ours));
	buf_free(&ours);
	buf_free(&theirs);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(info, begin, end),
		cmocka_unit_test_setup_teardown(config, begin, end),
		cmocka_unit_test_setup_teardown(inside, begin, end),
		cmocka_unit_test_setup_teardown(map, begin, end),
		cmocka_unit_test_setup_teardown(keys, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
