/* Metrics: what stays of an earlier file, what is not replaced, and how names are written. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "format/metrics.h"
#include "lib/sys.h"
#include "support/faketree.h"
#include "support/rows.h"

#define BEGINNING "# Written by pg_basetar, for the textfile collector.\n"
#define LAST "pg_basetar_last_success_timestamp_seconds"

static const struct earlier {
	const char *name, *text; /* of the earlier file; NULL: there is none */
	const char *success;     /* in the new one, of a run that failed; NULL: nothing */
	int rc;
} rows[] = {
	{ "no file", NULL, NULL, 0 },
	{ "an empty one", "", NULL, 0 },
	{ "a success", BEGINNING LAST "{command=\"backup\",name=\"main\"} 1795348784\n",
	    "1795348784", 0 },
	{ "of another command", BEGINNING LAST "{command=\"verify\",name=\"main\"} 5\n",
	    NULL, 0 },
	{ "of another name", BEGINNING LAST "{command=\"backup\",name=\"other\"} 5\n",
	    NULL, 0 },
	{ "no number", BEGINNING LAST "{command=\"backup\",name=\"main\"} 5x\n", NULL,
	    0 },
	{ "an exponent", BEGINNING LAST "{command=\"backup\",name=\"main\"} 1e9\n", NULL,
	    0 },
	{ "negative", BEGINNING LAST "{command=\"backup\",name=\"main\"} -5\n", NULL, 0 },
	{ "a timestamp after it",
	    BEGINNING LAST "{command=\"backup\",name=\"main\"} 5 6\n", NULL, 0 },
	{ "cut", BEGINNING LAST "{command=\"backup\",name=\"main\"} 5", NULL, 0 },
	{ "cut before the number", BEGINNING LAST "{command=\"backup\",name=\"main\"}",
	    NULL, 0 },
	{ "cut in the name", BEGINNING LAST, NULL, 0 },
	{ "too large",
	    BEGINNING LAST "{command=\"backup\",name=\"main\"} 9223372036854775808\n",
	    NULL, 0 },
	{ "another program's", "# HELP other\n", NULL, -1 },
	{ "an archive", BYTES(70000), NULL, -1 },
	{ "a directory", DIRECTORY, NULL, -1 },
	{ "a link", LINK("elsewhere.prom"), NULL, -1 },
};

/* What the file at ${path} says of the success, or "". */
static void
read_success(const char *path, char *out, size_t size)
{
	struct error err = { 0 };
	struct buf text = { 0 };
	const char *at;

	assert_int_equal(sys_read_file(AT_FDCWD, path, 65536, &text, &err), 0);
	at = strstr(buf_text(&text), "\n" LAST "{");
	out[0] = '\0';
	if (at)
		snprintf(out, size, "%.*s", (int)strcspn(strchr(at, ' ') + 1, "\n"),
		    strchr(at, ' ') + 1);
	buf_free(&text);
}

static void
expect_row(void **state)
{
	const struct earlier *row = *state;
	const struct fake_file files[] = { { "main.prom", row->text } };
	char *root = faketree_new(files, row->text != NULL), path[512], success[64];
	const struct progress progress = { .npast = 0 };
	const struct report_facts facts = { .command = "backup", .progress = &progress };
	const struct error why = { .kind = ERROR_IO };
	struct error err = { 0 };

	snprintf(path, sizeof(path), "%s/main.prom", root);
	assert_int_equal(metrics_check(path, &err), row->rc);
	assert_int_equal(metrics_write(path, REPORT_FAILED, &why, &facts, &err), row->rc);
	if (row->rc == -1)
		assert_int_equal(err.kind, ERROR_STATE);
	else {
		read_success(path, success, sizeof(success));
		assert_string_equal(success, row->success ? row->success : "");
		assert_int_equal(
		    metrics_write(path, REPORT_SOUND, NULL, &facts, &err), 0);
		read_success(path, success, sizeof(success));
		assert_true(strtol(success, NULL, 10) > 1700000000);
	}
	faketree_free(root);
}

/* The last suffix is no part of the name; what would spoil the file for its reader is escaped. */
static void
test_label(void **state)
{
	char *root = faketree_new(NULL, 0), path[512];
	const struct progress progress = { .npast = 0 };
	const struct report_facts facts = { .command = "verify", .progress = &progress };
	struct error err = { 0 };
	struct buf text = { 0 };

	(void)state;
	snprintf(path, sizeof(path), "%s/a\"b\\c\nd\xC3\xA4\xFF.e.prom", root);
	assert_int_equal(metrics_write(path, REPORT_SOUND, NULL, &facts, &err), 0);
	assert_int_equal(sys_read_file(AT_FDCWD, path, 65536, &text, &err), 0);
	assert_non_null(strstr(buf_text(&text),
	    "_exit_status{command=\"verify\",name=\"a\\\"b\\\\c\\nd\xC3\xA4\\\\xFF.e\"} 0\n"));
	buf_free(&text);
	assert_int_equal(metrics_write(NULL, REPORT_SOUND, NULL, &facts, &err), 0);
	faketree_free(root);
}

int
main(void)
{
	enum { ROWS = sizeof(rows) / sizeof(rows[0]) };
	struct CMUnitTest tests[ROWS + 1];

	rows_name(tests, rows, sizeof(rows[0]), ROWS, expect_row);
	tests[ROWS] = (struct CMUnitTest)cmocka_unit_test(test_label);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
