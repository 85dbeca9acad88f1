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
#include "support/damage.h"
#include "support/fakesource.c.inc"
#include "support/faketree.h"
#include "support/rows.h"
#include "support/smallcluster.h"

/*
 * Archives as pg_basebackup writes them, made of ours by tests/tools: without pg_basetar.info, with the
 * WAL where -X puts it.  What verify, info and restore make of them, and of those that lost a part.
 */

struct row {
	const char *name, *method; /* of tests/tools/stock.c */
	int status;                /* of verify */
	const char *said;
	const char *path, *content; /* below out/stock: is put there; NULL: is removed */
	const char *options;        /* of verify */
};

#define SOUND REPORT_SOUND
#define FINDS REPORT_FINDINGS
#define FAILS REPORT_FAILED
#define WHOLE "restorable, consistent from 0/1000C8"

static const struct row rows[] = {
	{ .name = "-X fetch", .method = "fetch", .status = SOUND, .said = WHOLE },
	{ .name = "-X stream", .method = "stream", .status = SOUND, .said = WHOLE },
	{ .name = "a tablespace is missing",
	    .method = "fetch",
	    .status = FINDS,
	    .said = "tablespace",
	    .path = "16400.tar" },
	{ .name = "pg_wal.tar is missing",
	    .method = "stream",
	    .status = SOUND,
	    .said = "pg_wal.tar was lost",
	    .path = "pg_wal.tar" },
	{ .name = "pg_wal.tar is missing, and needed",
	    .method = "stream",
	    .status = FINDS,
	    .said = "missing: \"pg_wal\": ",
	    .path = "pg_wal.tar",
	    .options = " --need-wal" },
	{ .name = "pg_wal.tar is empty",
	    .method = "stream",
	    .status = FAILS,
	    .said = "pg_wal.tar",
	    .path = "pg_wal.tar",
	    .content = "" },
	{ .name = "the manifest is missing",
	    .method = "fetch",
	    .status = SOUND,
	    .said = "the backup has no manifest",
	    .path = "backup_manifest" },
	{ .name = "the manifest is missing, and pg_wal.tar there",
	    .method = "stream",
	    .status = SOUND,
	    .said = "the backup has no manifest",
	    .path = "backup_manifest" },
	{ .name = "base.tar is missing",
	    .method = "fetch",
	    .status = FAILS,
	    .said = "archive \"base.tar\" is missing",
	    .path = "base.tar" },
};

static void
make_stock(const char *root, const char *method)
{
	char set[4096], stock[4096];
	struct command c;

	fake_reset(true, NULL);
	smallcluster_at_work(root);
	command_expect(&c, root,
	    "-D %/data --offline -q --split --manifest-checksums=SHA256 -o %/out/set",
	    REPORT_SOUND);
	faketree_put(root, "out/stock", DIRECTORY);
	faketree_rename(root, "out/set/16400.tar", "out/stock/16400.tar");
	snprintf(set, sizeof(set), "%s/out/set", root);
	snprintf(stock, sizeof(stock), "%s/out/stock", root);
	if (!damage_run((const char *const[]){ "stock", set, stock, method, NULL }))
		fail_msg("cannot be made like -X %s", method);
}

static void
expect_row(void **state)
{
	const struct row *row = *state;
	char *root = smallcluster_new(), line[1024], path[256];
	struct command c;

	make_stock(root, row->method);
	snprintf(path, sizeof(path), "out/stock/%s", row->path ? row->path : "");
	if (row->path && row->content)
		faketree_put(root, path, row->content);
	else if (row->path)
		faketree_remove(root, path);
	snprintf(line, sizeof(line), "verify %%/out/stock%s",
	    row->options ? row->options : "");
	command_expect(&c, root, line, row->status);
	command_expect_said(&c, row->said);
	command_run(&c, root, "info %/out/stock");
	if (row->status != FAILS && (c.status != SOUND || strstr(c.said, "made by:")))
		fail_msg("info: %d:\n%s", c.status, c.said);
	command_run(&c, root,
	    "restore -q -N %/out/stock -D %/out/copy -T %/spc=%/out/space --archive-mode=keep");
	if ((row->status == SOUND) != (c.status == SOUND) &&
	    (row->options == NULL || c.status != SOUND))
		fail_msg("restore: %d:\n%s", c.status, c.said);
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
