#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "support/command.h"
#include "support/fakesource.c.inc"
#include "support/faketree.h"
#include "support/rows.h"
#include "support/smallcluster.h"

/* What info says of a backup, for people and for programs; of what it cannot read it says nothing. */

enum { SAID = 6 };

static const struct row {
	const char *name, *backup, *info;
	bool is_running; /* a server's */
	int status;
	const char *said[SAID]; /* each is in it */
	const char *unsaid;     /* is not; NULL */
	const char *path,
	    *text; /* below the root, before info: is put there; NULL: is removed */
} rows[] = {
	{ "a stopped cluster", "--offline -l nightly -o %/out/a.tar", "%/out/a.tar",
	    .said = { "label:              nightly\n", "mode:               offline",
		"server version:     15\n", "data checksums:     on\n",
		"WAL:                1 segment, 1.0 MB\n",
		"manifest:           CRC32C\n" } },
	{ "its size", "--offline -o %/out/a.tar", "%/out/a.tar",
	    .said = { "compression:        none\n", " files\n" } },
	{ "gzip", "--offline -z -o %/out/a.tar.gz", "%/out/a.tar.gz",
	    .said = { "compression:        gzip\n", "unpacked 1.3 MB in 32 files\n" } },
	{ "a directory", "--offline --split -o %/out/set", "%/out/set",
	    .said = { "tablespace 16400:   ", "16.4 kB\n" } },
	{ "no manifest", "--offline --no-manifest -o %/out/a.tar", "%/out/a.tar",
	    .said = { "manifest:           none\n" } },
	{ "SHA512", "--offline --manifest-checksums=SHA512 -o %/out/a.tar", "%/out/a.tar",
	    .said = { "manifest:           SHA512\n" } },
	{ "a snapshot", "--snapshot -T %/spc=%/spc -o %/out/a.tar", "%/out/a.tar",
	    .said = { "mode:               snapshot" } },
	{ "a tablespace that was left out",
	    "--offline --without-tablespace=16400 -o %/out/a.tar", "%/out/a.tar",
	    .said = { "left out, was at " } },
	{ "a running server", "--offline -o %/out/a.tar", "%/out/a.tar",
	    .is_running = true,
	    .said = { "mode:               online, of a primary\n",
		"started:            2026-12-01 03:00:00 UTC\n",
		"start position:     0/100028, timeline 1\n",
		"stop position:      0/1000C8, timeline 1\n" } },
	{ "no more than it begins with", "--offline -o %/out/a.tar",
	    "--brief %/out/a.tar", .said = { "mode:               offline" },
	    .unsaid = " files" },

	{ "JSON", "--offline -l a\"b\\c -o %/out/a.tar", "--json %/out/a.tar",
	    .said = { "\"pg_basetar_info\": 1", "\"label\": \"a\\\"b\\\\c\"",
		"\"wal_segments\": 1", "\"stop_lsn\": \"0/1000A0\"", "\"oid\": 16400",
		"\"manifest_checksums\": \"CRC32C\"" } },
	{ "JSON of a running server", "--offline -o %/out/a.tar", "--json %/out/a.tar",
	    .is_running = true,
	    .said = { "\"start_time\": \"2026-12-01 03:00:00 UTC\"",
		"\"source\": \"primary\"", "\"mode\": \"online\"" } },
	{ "JSON of what was left out",
	    "--offline --without-tablespace=16400 -o %/out/a.tar", "--json %/out/a.tar",
	    .said = { "\"without_tablespaces\": [" } },
	{ "JSON, no more than it begins with", "--offline -o %/out/a.tar",
	    "--json --brief %/out/a.tar", .said = { "\"wal_segments\": null" } },

	{ "no backup", "--offline -o %/out/a.tar", "%/out/b.tar", .status = REPORT_FAILED,
	    .said = { "pg_basetar: " }, .unsaid = "label:", .path = "out/b.tar",
	    .text = "this is no archive" },
	{ "JSON of no backup", "--offline -o %/out/a.tar", "--json %/out/b.tar",
	    .status = REPORT_FAILED, .said = { "pg_basetar: " }, .unsaid = "{",
	    .path = "out/b.tar", .text = "" },
	{ "not there", "--offline -o %/out/a.tar", "%/out/b.tar", .status = REPORT_FAILED,
	    .said = { "No such file or directory" } },
	{ "a set without its main archive", "--offline --split -o %/out/set", "%/out/set",
	    .status = REPORT_FAILED, .said = { "archive \"base.tar\" is missing" },
	    .path = "out/set/base.tar" },
};

/* An object, whole, with nothing after it. */
static void
expect_json(const char *text)
{
	int depth = 0;
	bool is_in_text = false;

	assert_int_equal(text[0], '{');
	for (const char *at = text; *at != '\0'; at++) {
		if (is_in_text && *at == '\\')
			at++;
		else if (*at == '"')
			is_in_text = !is_in_text;
		else if (!is_in_text && strchr("{[", *at))
			depth++;
		else if (!is_in_text && strchr("}]", *at) && --depth == 0)
			assert_string_equal(at, "}\n");
	}
	assert_int_equal(depth, 0);
}

static void
expect_row(void **state)
{
	const struct row *row = *state;
	char *root = smallcluster_new(), line[1024];
	struct command c;

	fake_reset(row->is_running, NULL);
	if (row->is_running)
		smallcluster_at_work(root);
	snprintf(line, sizeof(line), "-D %%/data -q %s", row->backup);
	command_expect(&c, root, line, REPORT_SOUND);
	if (row->path && row->text)
		faketree_put(root, row->path, row->text);
	else if (row->path)
		faketree_remove(root, row->path);
	snprintf(line, sizeof(line), "info %s", row->info);
	command_expect(&c, root, line, row->status);
	for (size_t i = 0; i < SAID && row->said[i]; i++)
		command_expect_said(&c, row->said[i]);
	if (row->unsaid && strstr(c.said, row->unsaid))
		fail_msg("\"%s\" was said:\n%s", row->unsaid, c.said);
	if (strncmp(row->info, "--json", 6) == 0 && row->status == REPORT_SOUND)
		expect_json(c.said);
	faketree_free(root);
}

int
main(void)
{
	enum { ROWS = sizeof(rows) / sizeof(rows[0]) };
	struct CMUnitTest tests[ROWS];

	rows_name(tests, rows, sizeof(rows[0]), ROWS, expect_row);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
