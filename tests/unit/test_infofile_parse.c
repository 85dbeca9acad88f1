/* pg_basetar.info read back: what was written, and nothing that was not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "format/infofile_parse.h"
#include "support/growth.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define HEAD \
	"pg_basetar: 1\nversion: 0.1.0\nmode: online\nlabel: nightly\nserver_version: 15\n"
#define REST "manifest_checksums: CRC32C\nwal_method: fetch\nlayout: one\n"

static void
whole(void **state)
{
	static const char text[] = HEAD REST
	    "tablespace: 16400 /srv/a b\\nc\\\\\n"
	    "future: something\n"
	    "oldest_xid: 4294967295\n"
	    "databases: 1,5,16384\n"
	    "start: 1/2000028\nstart_time: 2026-11-22 11:59:44 UTC\n"
	    "unix_time: 1795348784\n"
	    "without_tablespace: 16402 /mem\n"
	    "tablespace_inside: 16401 x/y z\n"
	    "tablespace: 16401 /x\nconfig_file: conf/x\n"
	    "data_directory: /a b\ndata_directory: /c\n"
	    "config: pg_hba.conf /etc/pg hba.conf\nconfig: conf.d/a b.conf /etc /b\n";
	struct error err = { 0 };
	struct infofile info;

	(void)state;
	assert_int_equal(infofile_parse(text, strlen(text), &info, &err), 0);
	assert_string_equal(info.version, "0.1.0");
	assert_string_equal(info.label, "nightly");
	assert_int_equal(info.mode, INFOFILE_ONLINE);
	assert_true(info.start_lsn == 0x102000028);
	assert_string_equal(info.start_time, "2026-11-22 11:59:44 UTC");
	assert_true(info.unix_time == 1795348784);
	assert_int_equal(info.server_version, 15);
	assert_int_equal(info.oldest_xid, UINT32_MAX);
	assert_int_equal(info.databases.count, 3);
	assert_int_equal(info.databases.rows[2], 16384);
	assert_true(info.has_manifest && info.has_wal);
	assert_false(info.is_split);
	assert_int_equal(info.digest, DIGEST_CRC32C);
	assert_int_equal(info.tablespaces.count, 2);
	assert_string_equal(info.tablespaces.rows[0].name, "16400");
	assert_string_equal(info.tablespaces.rows[0].path, "/srv/a b\nc\\");
	assert_string_equal(info.tablespaces.rows[1].path, "/x");
	assert_string_equal(infofile_inside(&info, "16401"), "x/y z");
	assert_null(infofile_inside(&info, "16400"));
	assert_int_equal(info.without.count, 1);
	assert_string_equal(info.without.rows[0].name, "16402");
	assert_string_equal(info.without.rows[0].path, "/mem");
	assert_int_equal(info.config.count, 2);
	assert_string_equal(info.config.rows[0].name, "pg_hba.conf");
	assert_string_equal(info.config.rows[0].path, "/etc/pg hba.conf");
	assert_string_equal(info.config.rows[1].name, "conf.d/a b.conf");
	assert_string_equal(info.config.rows[1].path, "/etc /b");
	assert_string_equal(info.config_file, "conf/x");
	assert_int_equal(info.datadirs.count, 2);
	assert_string_equal(info.datadirs.rows[0].name, "/a b");
	assert_string_equal(info.datadirs.rows[1].name, "/c");
	infofile_free(&info);
}

/* In no order; each is found, and no other. */
static double
many_tablespaces(size_t n)
{
	struct error err = { 0 };
	struct buf text = { 0 };
	struct infofile info;
	char oid[24];
	double start, took;

	assert_int_equal(buf_printf(&text, &err, "%s", HEAD REST), 0);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(buf_printf(&text, &err, "tablespace: %zu /%zu\n",
				     i * 7919 % n + 1, i * 7919 % n + 1),
		    0);
	start = growth_clock();
	assert_int_equal(infofile_parse(buf_text(&text), text.len, &info, &err), 0);
	for (size_t i = 1; i <= n; i++) {
		snprintf(oid, sizeof(oid), "%zu", i);
		assert_string_equal(infofile_tablespace(&info, oid) + 1, oid);
	}
	took = growth_clock() - start;
	assert_null(infofile_tablespace(&info, "0"));
	snprintf(oid, sizeof(oid), "%zu", n + 1);
	assert_null(infofile_tablespace(&info, oid));
	infofile_free(&info);
	buf_free(&text);
	return took;
}

static void
tablespaces_are_found(void **state)
{
	(void)state;
	growth_check(many_tablespaces, 3000);
}

/* Of which backup is it, when a cluster that was restored has the file still? */
static void
earlier(void **state)
{
	static const struct {
		uint64_t start;
		const char *time;
		bool is_earlier; /* than a label of 0/2000028 at noon */
	} rows[] = {
		{ 0x2000028, "noon", false }, { 0x1000028, "noon", true },
		{ 0x2000028, "morning", true },
		{ 0x2000028, NULL, true }, /* of a stopped cluster or a snapshot */
		{ 0x1000028, NULL, true },
		/* then the label is not that of a later backup */
		{ 0x3000028, "noon", false }, { 0x3000028, NULL, false },
		{ 0, NULL, false }, /* an archive without the key */
	};
	char time[16], noon[] = "noon";
	const struct label label = { .start_lsn = 0x2000028, .start_time = noon };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct infofile info = { .start_lsn = rows[i].start,
			.start_time = rows[i].time ? strcpy(time, rows[i].time) : NULL };

		assert_int_equal(infofile_is_earlier(&info, &label), rows[i].is_earlier);
	}
}

/* One value of HEAD REST changed, and what becomes of it. */
static void
values(void **state)
{
	static const struct {
		const char *text;
		const char *error; /* NULL: it is taken */
	} rows[] = {
		{ HEAD "manifest_checksums: none\nwal_method: none\nlayout: split\n",
		    NULL },
		{ HEAD "manifest_checksums: NONE\nwal_method: none\nlayout: split\n",
		    NULL },
		{ HEAD "manifest_checksums: SHA512\nwal_method: none\nlayout: split\n",
		    NULL },
		{ "", "\"pg_basetar\" is missing" },
		{ HEAD, "\"manifest_checksums\" is missing" },
		{ HEAD REST "layout: one\n", "line 9: \"layout\" is given twice" },
		{ HEAD REST "x", "line 9: the file is cut short" },
		{ HEAD REST "x\n", "line 9: the line is not of the form \"KEY: VALUE\"" },
		{ HEAD REST ": x\n",
		    "line 9: the line is not of the form \"KEY: VALUE\"" },
		{ HEAD REST "x:y\n",
		    "line 9: the line is not of the form \"KEY: VALUE\"" },
		{ HEAD REST "\n", "line 9: the line is not of the form \"KEY: VALUE\"" },
		{ HEAD REST "tablespace: 16400\n",
		    "line 9: \"16400\" is not a valid value" },
		{ HEAD REST "tablespace: x /a\n",
		    "line 9: \"x /a\" is not a valid value" },
		{ HEAD REST "tablespace: 16400 \n",
		    "line 9: \"16400 \" is not a valid value" },
		{ HEAD REST "tablespace: 2 /a\ntablespace: 1 /b\ntablespace: 2 /c\n",
		    "tablespace 2 is listed twice" },
		{ HEAD REST "config: a b\n", "line 9: \"a b\" is not a valid value" },
		{ HEAD REST "config:  /a\n", "line 9: \" /a\" is not a valid value" },
		{ HEAD REST "data_directory: x\n", "line 9: \"x\" is not a valid value" },
		{ HEAD REST "config_file: a\nconfig_file: a\n",
		    "line 10: \"config_file\" is given twice" },
		{ HEAD REST "tablespace: 1 a\\b\n",
		    "line 9: the value has an invalid escape sequence" },
		{ HEAD REST "tablespace: 1 a\\\n",
		    "line 9: the value has an invalid escape sequence" },
		{ "pg_basetar: 2\n",
		    "line 1: version \"2\" of the archive format is not supported by this release of pg_basetar" },
		{ HEAD REST "start: 1\n", "line 9: \"1\" is not a valid value" },
		{ HEAD REST "start: 0/1\nstart: 0/1\n",
		    "line 10: \"start\" is given twice" },
		{ "mode: hot\n", "line 1: \"hot\" is not a valid value" },
		{ "server_version: 9.6\n", "line 1: \"9.6\" is not a valid value" },
		{ "manifest_checksums: MD5\n", "line 1: \"MD5\" is not a valid value" },
		{ "wal_method: stream\n", "line 1: \"stream\" is not a valid value" },
		{ "layout: two\n", "line 1: \"two\" is not a valid value" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct infofile info = { .server_version = 7 };
		struct error err = { 0 };
		int rc = infofile_parse(rows[i].text, strlen(rows[i].text), &info, &err);

		if (rows[i].error == NULL) {
			assert_int_equal(rc, 0);
			infofile_free(&info);
			continue;
		}
		assert_int_equal(rc, -1);
		assert_string_equal(err.text, rows[i].error);
		assert_int_equal(info.server_version, 7);
	}
}

static void
zero_bytes(void **state)
{
	static const char text[] = HEAD REST "tablespace: 1 /a\0b\n";
	struct infofile info;
	struct error err = { 0 };

	(void)state;
	assert_int_equal(infofile_parse(text, sizeof(text) - 1, &info, &err), -1);
	assert_string_equal(err.text, "line 9: the value has an invalid escape sequence");
}

static void
every_cut(void **state)
{
	static const char text[] = HEAD REST;

	(void)state;
	for (size_t len = 0; len < sizeof(text) - 1; len++) {
		struct infofile info;
		struct error err = { 0 };

		assert_int_equal(infofile_parse(text, len, &info, &err), -1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole),
		cmocka_unit_test(values),
		cmocka_unit_test(earlier),
		cmocka_unit_test(tablespaces_are_found),
		cmocka_unit_test(zero_bytes),
		cmocka_unit_test(every_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
