/* What pg_wal says of the archiver's progress. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "datadir/walarchive.h"
#include "lib/sys.h"
#include "support/faketree.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Segments of 16 MiB: 256 of them have the same digits in the middle. */
enum { MIB16 = 16 * 1024 * 1024 };
#define S(low) "0000000200000001000000" #low
#define READY(low) "archive_status/" S(low) ".ready"
#define DONE(low) "archive_status/" S(low) ".done"
#define NEXT "000000020000000200000000"
#define NEXT_READY(low) "archive_status/0000000200000002000000" #low ".ready"
#define NEXT_DONE "archive_status/" NEXT ".done"

/* Asked for: FE and FF of one number in the middle, 00 of the next. */
static const struct fake_file archived[] = { { S(FE), "x" }, { DONE(FE), "" },
	{ S(FF), "x" }, { DONE(FF), "" }, { NEXT, "x" }, { NEXT_DONE, "" } };

static struct row {
	const char *name;
	const char *removed[2]; /* of what is archived */
	const char *added[2];
	bool is_done;
} rows[] = {
	{ "all are done", .is_done = true },
	{ "the first is ready", .removed = { DONE(FE) }, .added = { READY(FE) } },
	{ "one in the middle is ready", .removed = { DONE(FF) }, .added = { READY(FF) } },
	{ "the last is ready", .removed = { NEXT_DONE }, .added = { NEXT_READY(00) } },
	{ "two are ready", .removed = { DONE(FE), DONE(FF) },
	    .added = { READY(FE), READY(FF) } },
	{ "just completed, not marked yet", .removed = { DONE(FF) } },
	{ "done and recycled, its mark too", .removed = { DONE(FE), S(FE) },
	    .is_done = true },
	{ "done and removed, its mark not yet", .removed = { S(FE) }, .is_done = true },
	/* the file is gone, but the archiver still looks for it */
	{ "ready, and removed", .removed = { DONE(FE), S(FE) }, .added = { READY(FE) } },
	/* PostgreSQL's XLogArchiveIsBusy() looks for .done first, too */
	{ "both marks", .added = { READY(FE) }, .is_done = true },
	{ "those beside them are ready", .added = { READY(FD), NEXT_READY(01) },
	    .is_done = true },
	{ "done on another timeline", .removed = { DONE(FE) },
	    .added = { "archive_status/0000000100000001000000FE.done" } },
	{ "done, of a name that goes on", .removed = { DONE(FE) },
	    .added = { DONE(FE) "x" } },
};

/* Timeline 2 from long before. */
static struct walhistory_row lineage[] = { { 1, MIB16 }, { 2, UINT64_MAX } };
static const struct walhistory history = { COUNT(lineage), lineage };

static int
ask(const char *root, bool *is_done, struct error *err)
{
	int fd = faketree_open(root);
	int rc = walarchive_is_done(fd, &history, 0x1FE, 0x200, MIB16, is_done, err);

	sys_close(fd);
	return rc;
}

static void
check_row(void **state)
{
	const struct row *row = *state;
	char *root = faketree_new(archived, COUNT(archived));
	struct error err = { 0 };
	bool is_done = !row->is_done;

	for (size_t i = 0; i < COUNT(row->removed) && row->removed[i]; i++)
		faketree_remove(root, row->removed[i]);
	for (size_t i = 0; i < COUNT(row->added) && row->added[i]; i++)
		faketree_put(root, row->added[i], "");
	assert_int_equal(ask(root, &is_done, &err), 0);
	assert_int_equal(is_done, row->is_done);
	faketree_free(root);
}

static void
one_segment(void **state)
{
	char *root = faketree_new(archived, COUNT(archived));
	int fd = faketree_open(root);
	struct error err = { 0 };
	bool is_done = false;

	(void)state;
	faketree_remove(root, DONE(FF));
	assert_int_equal(
	    walarchive_is_done(fd, &history, 0x1FE, 0x1FE, MIB16, &is_done, &err), 0);
	assert_true(is_done);
	assert_int_equal(
	    walarchive_is_done(fd, &history, 0x1FF, 0x1FF, MIB16, &is_done, &err), 0);
	assert_false(is_done);
	sys_close(fd);
	faketree_free(root);
}

/* A segment belongs to the timeline that owns its end: here 1 up to FE, 2 from FF on. */
static void
across_a_promotion(void **state)
{
	struct walhistory_row rows_[] = { { 1, (uint64_t)0x1FF * MIB16 + 1 },
		{ 2, UINT64_MAX } };
	const struct walhistory promoted = { COUNT(rows_), rows_ };
	char *root = faketree_new(archived, COUNT(archived));
	int fd = faketree_open(root);
	struct error err = { 0 };
	bool is_done = true;

	(void)state;
	faketree_put(root, "0000000100000001000000FE", "x");
	assert_int_equal(
	    walarchive_is_done(fd, &promoted, 0x1FE, 0x200, MIB16, &is_done, &err), 0);
	assert_false(is_done);
	faketree_put(root, "archive_status/0000000100000001000000FE.done", "");
	assert_int_equal(
	    walarchive_is_done(fd, &promoted, 0x1FE, 0x200, MIB16, &is_done, &err), 0);
	assert_true(is_done);
	sys_close(fd);
	faketree_free(root);
}

/* What cannot be looked at is not called archived. */
static void
failures(void **state)
{
	static const struct fake_file odd[] = { { "archive_status", "a file" } };
	char *root = faketree_new(odd, COUNT(odd));
	struct error err = { 0 };
	bool is_done;

	(void)state;
	assert_int_equal(ask(root, &is_done, &err), -1);
	assert_int_equal(err.kind, ERROR_IO);
	assert_int_equal(err.sys, ENOTDIR);
	assert_string_equal(err.text,
	    "could not stat WAL file \"archive_status/" S(FE) ".done\": Not a directory");
	assert_int_equal(
	    walarchive_is_done(-1, &history, 1, 1, MIB16, &is_done, &err), -1);
	assert_int_equal(err.sys, EBADF);
	faketree_free(root);
}

int
main(void)
{
	struct CMUnitTest tests[COUNT(rows) + 3], *t = tests;

	for (size_t i = 0; i < COUNT(rows); i++)
		*t++ = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = check_row,
			.initial_state = &rows[i] };
	*t++ = (struct CMUnitTest)cmocka_unit_test(one_segment);
	*t++ = (struct CMUnitTest)cmocka_unit_test(across_a_promotion);
	*t = (struct CMUnitTest)cmocka_unit_test(failures);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
