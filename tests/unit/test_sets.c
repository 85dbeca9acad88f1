#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/command.h"
#include "support/faketree.h"
#include "support/sanitized.h"
#include "support/smallcluster.h"

/*
 * A backup that is several files, and archives that are cut: what verify, info and restore say of one
 * that lacks a part, has one more, or ends too soon.
 */

struct row {
	const char *name;
	int status;       /* of verify and of info; of a restore REPORT_FAILED unless 0 */
	const char *said; /* by verify */
	const char *path, *content; /* below out: is put there; NULL: it is removed */
	const char *from, *to;      /* below out: is renamed; NULL: nothing is */
	const char *input;          /* NULL: the directory */
	bool is_described;          /* info takes it */
};

static const struct row rows[] = {
	{ "whole", REPORT_SOUND, "restorable, consistent from 0/1000A0\n",
	    .is_described = true },
	{ "the archive of a tablespace is missing", REPORT_FINDINGS, "tablespace",
	    .path = "set/16400.tar", .is_described = true },
	{ "its main archive is missing", REPORT_FAILED, "archive \"base.tar\" is missing",
	    .path = "set/base.tar" },
	{ "the manifest is missing", REPORT_FINDINGS, "missing: \"backup_manifest\"",
	    .path = "set/backup_manifest", .is_described = true },
	{ "the manifest is empty", REPORT_FINDINGS,
	    "manifest: ", .path = "set/backup_manifest", .content = "" },
	{ "an object that is no manifest", REPORT_FINDINGS,
	    "manifest: ", .path = "set/backup_manifest", .content = "{}\n" },
	{ "a file that is no part of it", REPORT_SOUND, "restorable", .path = "set/notes",
	    .content = "x", .is_described = true },
	{ "a file that is no archive", REPORT_FAILED, "4711.tar", .path = "set/4711.tar",
	    .content = "x" },
	{ "an archive that is empty", REPORT_FAILED, "empty", .path = "set/16400.tar",
	    .content = "" },
	{ "an archive that is a directory", REPORT_FAILED, "16400.tar",
	    .path = "set/16400.tar", .content = DIRECTORY },
	{ "an archive of another name", REPORT_FINDINGS, "16401", .from = "set/16400.tar",
	    .to = "set/16401.tar", .is_described = true },
	{ "the main archive in place of a tablespace's", REPORT_FAILED, "base.tar",
	    .from = "set/base.tar", .to = "set/16400.tar" },
	{ "one alone", REPORT_FAILED, "", .input = "%/out/set/16400.tar" },
	{ "the main one alone", REPORT_FINDINGS,
	    "the backup has more archives than this one", .is_described = true,
	    .input = "%/out/set/base.tar" },
	{ "an empty directory", REPORT_FAILED, "archive \"base.tar\" is missing",
	    .path = "other", .content = DIRECTORY, .is_described = true,
	    .input = "%/out/other" },
	{ "no file", REPORT_FAILED, "No such file", .input = "%/out/nothing.tar" },
	{ "a file that is empty", REPORT_FAILED, "", .path = "x", .content = "",
	    .input = "%/out/x" },
};

static void
expect_row(void **state)
{
	const struct row *row = *state;
	char *root = smallcluster_new(), line[1024], path[256], to[256];
	const char *input = row->input ? row->input : "%/out/set";
	struct command c;

	command_expect(
	    &c, root, "-D %/data --offline --split -q -o %/out/set", REPORT_SOUND);
	snprintf(path, sizeof(path), "out/%s", row->from ? row->from : row->path);
	snprintf(to, sizeof(to), "out/%s", row->to ? row->to : "");
	if (row->from)
		faketree_rename(root, path, to);
	else if (row->path)
		faketree_remove(root, path);
	if (row->path && row->content)
		faketree_put(root, path, row->content);
	snprintf(line, sizeof(line), "verify %s", input);
	command_expect(&c, root, line, row->status);
	command_expect_said(&c, row->said[0] ? row->said : "pg_basetar: ");
	snprintf(line, sizeof(line), "info %s", input);
	command_run(&c, root, line);
	if ((c.status == REPORT_SOUND) != row->is_described)
		fail_msg("info: %d:\n%s", c.status, c.said);
	snprintf(line, sizeof(line),
	    "restore -q -N %s -D %%/out/copy -T %%/spc=%%/out/space", input);
	command_expect(&c, root, line, row->status ? REPORT_FAILED : REPORT_SOUND);
	faketree_free(root);
}

/* ---- cut ---- */

static FILE *
open_archive(const char *root, const char *how)
{
	char full[4096];
	FILE *f;

	snprintf(full, sizeof(full), "%s/out/a.tar", root);
	f = fopen(full, how);
	if (f == NULL)
		abort();
	return f;
}

/* How much of it there must be: with --compress all, else up to the two blocks that end it. */
static long
needed(const char *root, bool is_plain)
{
	FILE *f = open_archive(root, "r");
	long len = 0;

	for (int byte; (byte = fgetc(f)) != EOF;)
		if (byte != 0 || !is_plain)
			len = ftell(f);
	fclose(f);
	return is_plain ? (len + 511) / 512 * 512 + 1024 : len;
}

static void
cut(const char *root, long len)
{
	FILE *f = open_archive(root, "r+");

	if (ftruncate(fileno(f), len))
		abort();
	fclose(f);
}

/* An archive that ends too soon is never sound, wherever it does; its end is looked at closely. */
static void
each_cut(const char *line, bool is_plain, long step)
{
	char *root = smallcluster_new();
	struct command c;
	long len;

	command_expect(&c, root, line, REPORT_SOUND);
	len = needed(root, is_plain);
	cut(root, len);
	command_expect(&c, root, "verify %/out/a.tar", REPORT_SOUND);
	for (long at = len - 1; at >= 0;
	     at -= at > len - 1536 ? 31 : step * SANITIZED_STRIDE) {
		cut(root, at);
		command_run(&c, root, "verify %/out/a.tar");
		if (c.status == REPORT_SOUND)
			fail_msg("cut at %ld of %ld:\n%s", at, len, c.said);
	}
	faketree_free(root);
}

static void
plain_cut(void **state)
{
	(void)state;
	each_cut("-D %/data --offline -o %/out/a.tar", true, 4096 - 512);
}

static void
gzip_cut(void **state)
{
	(void)state;
	each_cut("-D %/data --offline -z -o %/out/a.tar", false, 611);
}

int
main(void)
{
	enum { ROWS = sizeof(rows) / sizeof(rows[0]), OTHERS = 2 };
	struct CMUnitTest tests[OTHERS + ROWS] = {
		cmocka_unit_test(plain_cut),
		cmocka_unit_test(gzip_cut),
	};

	for (size_t i = 0; i < ROWS; i++)
		tests[OTHERS + i] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = expect_row,
			.initial_state = (void *)(uintptr_t)&rows[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
