/* Reports that lie next to backups: what counts as one, and of which backup it speaks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <cmocka.h>

#include "inventory/verdict.h"
#include "support/faketree.h"
#include "support/rows.h"

#define BEGINNING "{\n  \"pg_basetar_report\": 1, \"command\": \"verify\", "
#define REPORT(result, input, ended, lsn) \
	BEGINNING "\"result\": \"" result "\", \"ended\": \"" ended \
		  "\", \"system_identifier\": \"7\", \"input\": " input \
		  ", \"start_lsn\": \"" lsn "\" }"

static const struct said {
	const char *name, *text;
	bool is_report;
	enum verdict_result
	    result; /* of the backup "a.tar" of cluster 7 from 0/2000028 on */
} rows[] = {
	{ "sound", REPORT("sound", "\"a.tar\"", "2026-12-01T03:00:00Z", "0/2000028"),
	    true, VERDICT_SOUND },
	{ "findings",
	    REPORT("findings", "\"/b/a.tar\"", "2026-12-01T03:00:00Z", "0/2000028"), true,
	    VERDICT_FINDINGS },
	{ "a directory",
	    REPORT("failed", "\"/b/a.tar//\"", "2026-12-01T03:00:00Z", "0/2000028"), true,
	    VERDICT_FAILED },
	{ "as 19 writes positions",
	    REPORT("sound", "\"a.tar\"", "2026-12-01T03:00:00Z", "0/02000028"), true,
	    VERDICT_SOUND },
	{ "another name",
	    REPORT("sound", "\"b.tar\"", "2026-12-01T03:00:00Z", "0/2000028"), true,
	    VERDICT_UNKNOWN },
	{ "another position",
	    REPORT("sound", "\"a.tar\"", "2026-12-01T03:00:00Z", "0/2000029"), true,
	    VERDICT_UNKNOWN },
	{ "before it began",
	    REPORT("sound", "\"a.tar\"", "2026-11-30T03:00:00Z", "0/2000028"), true,
	    VERDICT_UNKNOWN },
	{ "standard input", REPORT("sound", "null", "2026-12-01T03:00:00Z", "0/2000028"),
	    true, VERDICT_UNKNOWN },
	{ "goes on", REPORT("running", "\"a.tar\"", "2026-12-01T03:00:00Z", "0/2000028"),
	    true, VERDICT_UNKNOWN },
	{ "keys of an inner object",
	    BEGINNING "\"x\": { \"result\": \"sound\", \"input\": \"a.tar\" } }", true,
	    VERDICT_UNKNOWN },
	{ "a long name",
	    BEGINNING
	    "\"input\": \"a.tar\", \"result\": "
	    "\"sound and a result that no program of ours has ever written to its report\" }",
	    true, VERDICT_UNKNOWN },
	{ "cut short", BEGINNING "\"result\": \"so", true, VERDICT_UNKNOWN },
	{ "values of other kinds",
	    BEGINNING "\"result\": 3, \"input\": [], \"ended\": {} }", true,
	    VERDICT_UNKNOWN },
	{ "other JSON", "{ \"result\": \"sound\" }", false, VERDICT_UNKNOWN },
	{ "empty", "", false, VERDICT_UNKNOWN },
	{ "a directory in its place", DIRECTORY, false, VERDICT_UNKNOWN },
	{ "a link", LINK("elsewhere"), false, VERDICT_UNKNOWN },
	{ "a fifo", FIFO, false, VERDICT_UNKNOWN },
};

static void
expect_row(void **state)
{
	const struct said *row = *state;
	const struct fake_file files[] = { { "report", row->text } };
	char *root = faketree_new(files, 1);
	const int dirfd = faketree_open(root);
	struct verdicts verdicts = { 0 };
	struct error err = { 0 };
	struct verdict v;
	bool is_report;

	assert_int_equal(verdicts_add(&verdicts, dirfd, "report", &is_report, &err), 0);
	assert_int_equal(is_report, row->is_report);
	v = verdicts_find(&verdicts, "a.tar", 7, 0x2000028, "2026-12-01T02:00:00Z");
	assert_int_equal(v.result, row->result);
	if (v.result != VERDICT_UNKNOWN)
		assert_string_equal(v.command, "verify");
	assert_int_equal(
	    verdicts_find(&verdicts, "a.tar", 8, 0x2000028, "").result, VERDICT_UNKNOWN);
	verdicts_free(&verdicts);
	close(dirfd);
	faketree_free(root);
}

/* A fifo is not opened: who waits for a reader would write to one that goes away. */
static void
test_fifo(void **state)
{
	const struct fake_file fifo = { "fifo", FIFO };
	char *root = faketree_new(&fifo, 1);
	const int dirfd = faketree_open(root);
	const int watch = inotify_init1(IN_NONBLOCK);
	struct verdicts verdicts = { 0 };
	struct error err = { 0 };
	char event[1024];
	bool is_report = true;

	(void)state;
	assert_true(inotify_add_watch(watch, root, IN_OPEN) != -1);
	assert_int_equal(verdicts_add(&verdicts, dirfd, "fifo", &is_report, &err), 0);
	assert_false(is_report);
	assert_int_equal(read(watch, event, sizeof(event)), -1);
	close(watch);
	close(dirfd);
	faketree_free(root);
}

/* What keeps a backup from being taken for sound. */
static void
test_against(void **state)
{
#define UNKNOWN(command, result, input) \
	"{\n  \"pg_basetar_report\": 1, \"command\": \"" command \
	"\", \"result\": \"" result "\", \"ended\": \"2026-12-04T03:00:00Z\", " input
	static const struct {
		struct fake_file file;
		enum verdict_result expected;
	} against[] = {
		{ { "1", REPORT("sound", "\"a\"", "2026-12-03T03:00:00Z", "0/1") },
		    VERDICT_SOUND },
		{ { "2", REPORT("failed", "\"a\"", "2026-12-02T03:00:00Z", "0/1") },
		    VERDICT_SOUND },
		{ { "3", UNKNOWN("verify", "failed", "\"input\": \"b\" }") },
		    VERDICT_SOUND },
		{ { "4", UNKNOWN("backup", "failed", "\"output\": \"/x/a\" }") },
		    VERDICT_SOUND },
		{ { "5", UNKNOWN("verify", "failed", "\"input\": \"x/a\" }") },
		    VERDICT_FAILED },
		{ { "6", REPORT("findings", "\"a\"", "2026-12-05T03:00:00Z", "0/1") },
		    VERDICT_FINDINGS },
		{ { "7", REPORT("running", "\"a\"", "", "0/2") }, VERDICT_FINDINGS },
		{ { "twin",
		      UNKNOWN("backup", "failed",
			  "\"output\": \"b\", \"system_identifier\": \"7\", \"start_lsn\": \"0/1\" }") },
		    VERDICT_FINDINGS },
		{ { "link", REPORT("failed", "\"b\"", "2026-12-06T03:00:00Z", "0/1") },
		    VERDICT_FAILED },
		{ { "copy", REPORT("sound", "\"b\"", "2026-12-07T03:00:00Z", "0/1") },
		    VERDICT_FAILED },
		{ { "8", UNKNOWN("backup", "running", "\"output\": \"/x/a\" }") },
		    VERDICT_RUNNING },
		{ { "9", REPORT("sound", "\"a\"", "2026-12-09T03:00:00Z", "0/1") },
		    VERDICT_RUNNING },
	};
	struct verdicts verdicts = { 0 };
	struct error err = { 0 };
	bool is_report;

	(void)state;
	for (size_t i = 0; i < sizeof(against) / sizeof(against[0]); i++) {
		char *root = faketree_new(&against[i].file, 1);
		const int dirfd = faketree_open(root);

		assert_int_equal(verdicts_add(&verdicts, dirfd, against[i].file.path,
				     &is_report, &err),
		    0);
		assert_true(is_report);
		if (verdicts_against(&verdicts, "a", 7, 1, "2026-12-01T03:00:00Z") !=
		    against[i].expected)
			fail_msg("%s", against[i].file.path);
		close(dirfd);
		faketree_free(root);
	}
	verdicts_free(&verdicts);
}

/* In whichever order they are found. */
static void
test_last_counts(void **state)
{
	static const struct fake_file files[] = {
		{ "1", REPORT("sound", "\"a\"", "2026-12-01T03:00:00Z", "0/1") },
		{ "2", REPORT("findings", "\"a\"", "2026-12-03T03:00:00Z", "0/1") },
		{ "3", REPORT("sound", "\"a\"", "2026-12-02T03:00:00Z", "0/1") },
	};
	char *root = faketree_new(files, 3);
	const int dirfd = faketree_open(root);
	struct verdicts verdicts = { 0 };
	struct error err = { 0 };
	bool is_report;

	(void)state;
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(
		    verdicts_add(&verdicts, dirfd, files[i].path, &is_report, &err), 0);
	assert_int_equal(
	    verdicts_find(&verdicts, "a", 7, 1, "").result, VERDICT_FINDINGS);
	verdicts_free(&verdicts);
	close(dirfd);
	faketree_free(root);
}

int
main(void)
{
	enum { ROWS = sizeof(rows) / sizeof(rows[0]) };
	struct CMUnitTest tests[ROWS + 3];

	rows_name(tests, rows, sizeof(rows[0]), ROWS, expect_row);
	tests[ROWS] = (struct CMUnitTest)cmocka_unit_test(test_last_counts);
	tests[ROWS + 1] = (struct CMUnitTest)cmocka_unit_test(test_against);
	tests[ROWS + 2] = (struct CMUnitTest)cmocka_unit_test(test_fifo);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
