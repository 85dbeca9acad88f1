#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>

#include "format/slruset.h"
#include "lib/buf.h"

#define PAGE UINT64_C(8192)
#define FULL (32 * PAGE)
#define XACTS 1048576U /* of a segment */

/* What a row does not say is as in a cluster that initdb made, a little later. */
static const struct checkpoint young = { .next_xid = 760,
	.oldest_xid = 730,
	.oldest_xid_database = 1,
	.next_multi = 1,
	.oldest_multi = 1,
	.oldest_multi_database = 1 };
#define GUESS UINT32_MAX /* in the place of a database: there is none */

#define YOUNG_FILES \
	{ "pg_xact/0000", PAGE, false }, { "pg_multixact/offsets/0000", PAGE, true }, \
	{ \
		"pg_multixact/members/0000", PAGE, true \
	}
#define MULTIS_FILES \
	{ "pg_multixact/offsets/0000", PAGE, true }, \
	{ \
		"pg_multixact/members/0000", PAGE, true \
	}

static struct row {
	const char *name;
	struct checkpoint begin, end;
	struct slruset_oldest oldest;
	uint32_t oldest_frozen;
	bool has_end, has_no_begin, tracks;
	/* at work: what was there before the first file was read is known if any is */
	bool is_standby;
	const char *before[4];
	struct file {
		const char *path;
		uint64_t size;
		bool is_zero;
	} files[12];
	const char *wanted; /* faults, as the sink writes them */
} rows[] = {
	{ .name = "new", .begin = { 0 }, .files = { YOUNG_FILES }, .wanted = "" },
	{ .name = "new, all missing",
	    .begin = { 0 },
	    .wanted = "missing pg_xact/0000\nmissing pg_multixact/offsets/0000\n" },
	{ .name = "new, a zeroed pg_xact",
	    .begin = { 0 },
	    .files = { { "pg_xact/0000", PAGE, true }, MULTIS_FILES },
	    .wanted = "zeros pg_xact/0000\n" },
	{ .name = "new, an empty pg_xact",
	    .begin = { 0 },
	    .files = { { "pg_xact/0000", 0, true }, MULTIS_FILES },
	    .wanted = "size pg_xact/0000\n" },
	{ .name = "half a page",
	    .begin = { 0 },
	    .files = { { "pg_xact/0000", PAGE + 4096, false }, MULTIS_FILES },
	    .wanted = "size pg_xact/0000\n" },
	{ .name = "more than a segment",
	    .begin = { 0 },
	    .files = { { "pg_xact/0000", FULL + PAGE, false }, MULTIS_FILES },
	    .wanted = "size pg_xact/0000\n" },
	{ .name = "segments, and one that is made already",
	    .begin = { .next_xid = 4 * XACTS + 5, .oldest_xid = XACTS + 7 },
	    .files = { { "pg_xact/0001", FULL, false }, { "pg_xact/0002", FULL, false },
		{ "pg_xact/0003", FULL, false }, { "pg_xact/0004", PAGE, true },
		{ "pg_xact/0005", PAGE, true }, MULTIS_FILES },
	    .wanted = "" },
	{ .name = "the next one begins a segment that is not there yet",
	    .begin = { .next_xid = 4 * XACTS, .oldest_xid = 3 * XACTS },
	    .files = { { "pg_xact/0003", FULL, false }, MULTIS_FILES },
	    .wanted = "" },
	{ .name = "all is frozen, and the next one begins a segment",
	    .begin = { .next_xid = 4 * XACTS, .oldest_xid = 4 * XACTS },
	    .files = { MULTIS_FILES },
	    .wanted = "" },
	{ .name = "all is frozen, and the next one is in a page",
	    .begin = { .next_xid = 4 * XACTS + 1, .oldest_xid = 4 * XACTS + 1 },
	    .files = { MULTIS_FILES },
	    .wanted = "missing pg_xact/0004\n" },
	{ .name = "the databases need not a valid number before one of the second",
	    .begin = { .next_xid = 3 * XACTS + 5, .oldest_xid = 730 },
	    .oldest_frozen = XACTS + 7,
	    .files = { { "pg_xact/0001", FULL, false }, { "pg_xact/0003", PAGE, false },
		MULTIS_FILES },
	    .wanted = "missing pg_xact/0002\nadvice pg_xact/0002\n" },
	{ .name = "the databases cannot be ahead of the next one",
	    .begin = { .next_xid = 3 * XACTS + 5, .oldest_xid = 2 * XACTS + 7 },
	    .oldest_frozen = 9 * XACTS,
	    .files = { MULTIS_FILES },
	    .wanted = "missing pg_xact/0003\n" },
	{ .name = "what the databases had is not known, late in the circle",
	    .begin = { .next_xid = 3000U * XACTS + 5, .oldest_xid = 2999U * XACTS + 7 },
	    .files = { { "pg_xact/0BB8", PAGE, false }, MULTIS_FILES },
	    .wanted = "missing pg_xact/0BB7\nadvice pg_xact/0BB7\n" },
	{ .name = "missing: the first, one between, the last; and one is short",
	    .begin = { .next_xid = 5 * XACTS + 40000, .oldest_xid = XACTS + 7 },
	    .files = { { "pg_xact/0000", FULL, false }, { "pg_xact/0002", FULL, false },
		{ "pg_xact/0004", FULL - PAGE, false }, MULTIS_FILES },
	    .wanted = "missing pg_xact/0001\nmissing pg_xact/0003\ndoubt pg_xact/0004\n"
		      "missing pg_xact/0005\nadvice pg_xact/0001\n" },
	{ .name = "an empty one before the last",
	    .begin = { .next_xid = XACTS + 5 },
	    .files = { { "pg_xact/0000", 0, true }, { "pg_xact/0001", PAGE, false },
		MULTIS_FILES },
	    .wanted = "size pg_xact/0000\n" },
	{ .name =
		"the next numbers are the first ones of new segments, as after pg_resetwal",
	    .begin = { .next_xid = XACTS, .next_multi = 65536 },
	    .files = { { "pg_xact/0000", PAGE, false },
		{ "pg_multixact/offsets/0000", PAGE, false },
		{ "pg_multixact/members/0000", PAGE, false } },
	    .wanted = "doubt pg_xact/0000\ndoubt pg_multixact/offsets/0000\n" },
	{ .name = "the last page is missing",
	    .begin = { .next_xid = 40000 },
	    .files = { { "pg_xact/0000", PAGE, false }, MULTIS_FILES },
	    .wanted = "size pg_xact/0000\n" },
	{ .name = "a zeroed one between, and one that is nearly new",
	    .begin = { .next_xid = 3 * XACTS + 5, .oldest_xid = 730 },
	    .files = { { "pg_xact/0000", FULL, false }, { "pg_xact/0001", FULL, true },
		{ "pg_xact/0002", FULL, false }, { "pg_xact/0003", PAGE, true },
		MULTIS_FILES },
	    .wanted = "zeros pg_xact/0001\n" },
	{ .name = "one transaction fills a segment since before the checkpoint",
	    .begin = { .next_xid = 3 * XACTS + 5, .oldest_active_xid = XACTS - 2 },
	    .files = { { "pg_xact/0000", FULL, false }, { "pg_xact/0001", FULL, true },
		{ "pg_xact/0002", FULL, true }, { "pg_xact/0003", PAGE, true },
		MULTIS_FILES },
	    .wanted = "" },
	{ .name = "removed, as the WAL says",
	    .begin = { .next_xid = 3 * XACTS + 5, .oldest_xid = 730 },
	    .oldest = { .xid = 2 * XACTS + 9 },
	    .files = { { "pg_xact/0002", FULL, false }, { "pg_xact/0003", PAGE, false },
		MULTIS_FILES },
	    .wanted = "" },
	{ .name = "removed, as pg_control says",
	    .begin = { .next_xid = 3 * XACTS + 5, .oldest_xid = 730 },
	    .end = { .next_xid = 5 * XACTS, .oldest_xid = 2 * XACTS },
	    .has_end = true,
	    .files = { { "pg_xact/0002", FULL, false }, { "pg_xact/0003", PAGE, false },
		MULTIS_FILES },
	    .wanted = "" },
	{ .name = "all that there was is removed",
	    .begin = { .next_xid = XACTS - 5, .next_multi = 65000, .next_offset = 52000 },
	    .oldest = { .xid = XACTS + 9,
		.multi = 65540,
		.has_member = true,
		.member = 52400 },
	    .files = { { "pg_xact/0001", PAGE, false },
		{ "pg_multixact/offsets/0001", PAGE, false },
		{ "pg_multixact/members/0001", PAGE, false } },
	    .wanted = "" },
	{ .name = "all that there was is old, but stays, as its segment is in use",
	    .begin = { .next_xid = XACTS - 50000,
		.next_multi = 65000,
		.next_offset = 50001 },
	    .oldest = { .xid = XACTS - 2,
		.multi = 65530,
		.has_member = true,
		.member = 52300 },
	    .wanted = "missing pg_xact/0000\nmissing pg_multixact/offsets/0000\n"
		      "missing pg_multixact/members/0000\n" },
	{ .name = "the oldest is a guess of pg_resetwal",
	    .begin = { .next_xid = 3 * XACTS + 5,
		.oldest_xid = 2300000000U,
		.oldest_xid_database = GUESS },
	    .files = { { "pg_xact/0003", PAGE, false }, MULTIS_FILES },
	    .wanted = "" },
	{ .name = "a guess, and the last is missing",
	    .begin = { .next_xid = 3 * XACTS + 5,
		.oldest_xid = 2300000000U,
		.oldest_xid_database = GUESS },
	    .files = { { "pg_xact/0002", FULL, false }, MULTIS_FILES },
	    .wanted = "missing pg_xact/0003\n" },
	{ .name = "round the end of numbers",
	    .begin = { .next_xid = UINT64_C(0x200000000) + XACTS + 5,
		.oldest_xid = 0xFFE00005U },
	    .files = { { "pg_xact/0FFE", FULL, false }, { "pg_xact/0FFF", FULL, false },
		{ "pg_xact/0000", FULL, false }, { "pg_xact/0001", PAGE, false },
		MULTIS_FILES },
	    .wanted = "" },
	{ .name = "round the end of numbers, two missing",
	    .begin = { .next_xid = UINT64_C(0x200000000) + XACTS + 5,
		.oldest_xid = 0xFFE00005U },
	    .files = { { "pg_xact/0FFE", FULL, false }, { "pg_xact/0001", PAGE, false },
		MULTIS_FILES },
	    .wanted =
		"missing pg_xact/0FFF\nmissing pg_xact/0000\nadvice pg_xact/0FFF\n" },
	{ .name = "the first number of a new round",
	    .begin = { .next_xid = UINT64_C(0x200000003), .oldest_xid = 0xFFF00005U },
	    .files = { { "pg_xact/0FFF", FULL, false }, MULTIS_FILES },
	    .wanted = "" },
	{ .name = "multixacts",
	    .begin = { .next_multi = 70000, .oldest_multi = 3, .next_offset = 200000 },
	    .files = { { "pg_xact/0000", PAGE, false },
		{ "pg_multixact/offsets/0000", FULL, false },
		{ "pg_multixact/offsets/0001", 3 * PAGE, false },
		{ "pg_multixact/members/0003", 27 * PAGE, false } },
	    .wanted = "" },
	{ .name = "multixacts, the first members known",
	    .begin = { .next_multi = 70000, .oldest_multi = 3, .next_offset = 200000 },
	    .oldest = { .has_member = true, .member = 60000 },
	    .files = { { "pg_xact/0000", PAGE, false },
		{ "pg_multixact/offsets/0000", FULL, true },
		{ "pg_multixact/offsets/0001", PAGE, false },
		{ "pg_multixact/members/0003", 26 * PAGE, false } },
	    .wanted =
		"zeros pg_multixact/offsets/0000\nsize pg_multixact/offsets/0001\n"
		"missing pg_multixact/members/0001\nmissing pg_multixact/members/0002\n"
		"size pg_multixact/members/0003\nadvice pg_multixact/members/0001\n" },
	{ .name = "members go round, and the last segment is not full",
	    .begin = { .next_multi = 70000, .oldest_multi = 69999, .next_offset = 5 },
	    .oldest = { .has_member = true, .member = 0xFFFFFF00U },
	    .files = { { "pg_xact/0000", PAGE, false },
		{ "pg_multixact/offsets/0001", 3 * PAGE, false },
		{ "pg_multixact/members/14078", 3 * PAGE, false },
		{ "pg_multixact/members/0000", PAGE, false } },
	    .wanted = "doubt pg_multixact/members/14078\n" },
	{ .name = "commit timestamps",
	    .begin = { .next_xid = 60000,
		.oldest_commit_ts = 740,
		.newest_commit_ts = 59000 },
	    .tracks = true,
	    .files = { MULTIS_FILES, { "pg_xact/0000", 2 * PAGE, false },
		{ "pg_commit_ts/0000", FULL, false },
		{ "pg_commit_ts/0002", 9 * PAGE, false } },
	    .wanted = "missing pg_commit_ts/0001\nadvice pg_commit_ts/0001\n" },
	{ .name = "commit timestamps, up to a number of pg_resetwal that is not used yet",
	    .begin = { .oldest_commit_ts = 740, .newest_commit_ts = 5000 },
	    .tracks = true,
	    .files = { YOUNG_FILES, { "pg_commit_ts/0000", PAGE, false } },
	    .wanted = "" },
	{ .name = "commit timestamps, from a number of pg_resetwal that is not used yet",
	    .begin = { .oldest_commit_ts = 3000, .newest_commit_ts = 5000 },
	    .tracks = true,
	    .files = { YOUNG_FILES },
	    .wanted = "" },
	{ .name = "commit timestamps, with numbers that pg_resetwal skipped",
	    .begin = { .next_xid = XACTS + 5,
		.oldest_commit_ts = 740,
		.newest_commit_ts = XACTS + 4 },
	    .tracks = true,
	    .files = { MULTIS_FILES, { "pg_xact/0000", PAGE, false },
		{ "pg_xact/0001", PAGE, false }, { "pg_commit_ts/0000", PAGE, false },
		{ "pg_commit_ts/0028", PAGE, false } },
	    .wanted = "doubt pg_xact/0000\ndoubt pg_commit_ts/0000\n" },
	{ .name = "the last commit timestamps are missing",
	    .begin = { .next_xid = XACTS + 5,
		.oldest_commit_ts = 740,
		.newest_commit_ts = XACTS + 4 },
	    .tracks = true,
	    .files = { MULTIS_FILES, { "pg_xact/0000", PAGE, false },
		{ "pg_xact/0001", PAGE, false }, { "pg_commit_ts/0000", PAGE, false } },
	    .wanted = "doubt pg_xact/0000\ndoubt pg_commit_ts/0000\n"
		      "missing pg_commit_ts/0028\n" },
	{ .name = "commit timestamps, all transactions have a number of theirs",
	    .begin = { .next_xid = XACTS + 5,
		.oldest_commit_ts = XACTS - 60000,
		.newest_commit_ts = XACTS + 4 },
	    .tracks = true,
	    .files = { MULTIS_FILES, { "pg_xact/0000", FULL, false },
		{ "pg_xact/0001", PAGE, false },
		{ "pg_commit_ts/0025", FULL - PAGE, false },
		{ "pg_commit_ts/0028", PAGE, false } },
	    .wanted = "doubt pg_commit_ts/0025\nmissing pg_commit_ts/0026\n"
		      "missing pg_commit_ts/0027\nadvice pg_commit_ts/0026\n" },
	{ .name = "no commit timestamps are kept",
	    .begin = { .oldest_commit_ts = 740, .newest_commit_ts = 750 },
	    .files = { YOUNG_FILES },
	    .wanted = "" },
	{ .name = "a standby removed old ones while they were sent",
	    .begin = { .next_xid = 4 * XACTS + 1, .oldest_xid = XACTS + 7 },
	    .is_standby = true,
	    .before = { "pg_xact/0004", "pg_xact/0003", "pg_xact/0002", "pg_xact/0001" },
	    .files = { { "pg_xact/0002", FULL, false }, { "pg_xact/0004", PAGE, false },
		MULTIS_FILES },
	    .wanted = "" },
	{ .name = "a standby may have removed old ones before",
	    .begin = { .next_xid = 4 * XACTS + 1, .oldest_xid = XACTS + 7 },
	    .is_standby = true,
	    .before = { "pg_xact/0003", "pg_xact/0004" },
	    .files = { { "pg_xact/0003", FULL, false }, { "pg_xact/0004", PAGE, false },
		MULTIS_FILES },
	    .wanted = "doubt pg_xact/0001\n" },
	{ .name = "a standby has lost one that is not the oldest, and the last",
	    .begin = { .next_xid = 4 * XACTS + 1, .oldest_xid = XACTS + 7 },
	    .is_standby = true,
	    .before = { "pg_xact/0001", "pg_xact/0003" },
	    .files = { { "pg_xact/0001", FULL, false }, { "pg_xact/0003", FULL, false },
		MULTIS_FILES },
	    .wanted =
		"missing pg_xact/0002\nmissing pg_xact/0004\nadvice pg_xact/0002\n" },
	{ .name = "of a standby, what was there before is not known",
	    .begin = { .next_xid = 4 * XACTS + 1, .oldest_xid = XACTS + 7 },
	    .is_standby = true,
	    .files = { { "pg_xact/0002", FULL, false }, MULTIS_FILES },
	    .wanted = "missing pg_xact/0004\ndoubt pg_xact/0001\n" },
	{ .name = "where recovery begins is not known",
	    .has_no_begin = true,
	    .has_end = true,
	    .end = { .next_xid = 5 * XACTS, .oldest_xid = XACTS },
	    .files = { { "pg_xact/0001", FULL, false }, { "pg_xact/0002", FULL, false },
		MULTIS_FILES },
	    .wanted = "" },
	{ .name = "where recovery begins is not known, holes",
	    .has_no_begin = true,
	    .has_end = true,
	    .end = { .next_xid = 7 * XACTS, .oldest_xid = XACTS },
	    .files = { { "pg_xact/0002", FULL, false }, { "pg_xact/0005", FULL, false } },
	    .wanted = "" },
	{ .name = "where recovery begins is not known, none",
	    .has_no_begin = true,
	    .has_end = true,
	    .end = { 0 },
	    .wanted = "missing pg_xact/0000\n" },
	{ .name = "nothing is known",
	    .has_no_begin = true,
	    .files = { { "pg_xact/0002", FULL, false }, { "pg_xact/0003", 3, false } },
	    .wanted = "size pg_xact/0003\n" },
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

struct faults {
	struct slruset_sink sink;
	struct buf text;
};

static int
note(struct slruset_sink *sink, enum slruset_fault fault, const char *path,
    const char *text, struct error *err)
{
	static const char *const words[] = { "missing", "size", "zeros", "doubt",
		"advice" };
	struct faults *f = (struct faults *)sink;

	assert_true(strlen(text) > 0);
	return buf_printf(&f->text, err, "%s %s\n", words[fault], path);
}

static struct checkpoint
of_row(struct checkpoint c)
{
	c.next_xid = c.next_xid ? c.next_xid : young.next_xid;
	c.oldest_xid = c.oldest_xid ? c.oldest_xid : young.oldest_xid;
	c.oldest_xid_database =
	    c.oldest_xid_database == GUESS ? 0 : young.oldest_xid_database;
	c.next_multi = c.next_multi ? c.next_multi : young.next_multi;
	c.oldest_multi = c.oldest_multi ? c.oldest_multi : young.oldest_multi;
	c.oldest_multi_database = young.oldest_multi_database;
	return c;
}

static void
judge(void **state)
{
	const struct row *row = *state;
	const struct checkpoint begin = of_row(row->begin), end = of_row(row->end);
	struct faults faults = { .sink = { note } };
	struct slruset *set = NULL, *before = NULL;
	struct error err = { 0 };

	assert_int_equal(slruset_new(&set, &err), 0);
	if (row->before[0])
		assert_int_equal(slruset_new(&before, &err), 0);
	for (size_t i = 0; i < 4 && row->before[i]; i++)
		assert_int_equal(slruset_add(before, row->before[i], 0, false, &err), 0);
	for (size_t i = 0; i < 12 && row->files[i].path; i++)
		assert_int_equal(slruset_add(set, row->files[i].path, row->files[i].size,
				     row->files[i].is_zero, &err),
		    0);
	assert_int_equal(slruset_add(set, "base/5/1259", 77, false, &err), 0);
	assert_int_equal(slruset_judge(set,
			     &(struct slruset_cluster){ .block_size = 8192,
				 .version = cluster_version(15),
				 .tracks_commit_time = row->tracks,
				 .begin = row->has_no_begin ? NULL : &begin,
				 .end = row->has_end ? &end : NULL,
				 .oldest = row->oldest,
				 .oldest_frozen = row->oldest_frozen,
				 .is_removal_unknown = row->is_standby,
				 .before = before },
			     &faults.sink, &err),
	    0);
	assert_string_equal(buf_text(&faults.text), row->wanted);
	buf_free(&faults.text);
	slruset_free(set);
	slruset_free(before);
}

int
main(void)
{
	struct CMUnitTest tests[ROWS];

	for (size_t i = 0; i < ROWS; i++)
		tests[i] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = judge,
			.initial_state = &rows[i] };
	return cmocka_run_group_tests_name("slruset", tests, NULL, NULL);
}
