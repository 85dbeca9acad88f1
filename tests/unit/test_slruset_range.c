/* Which numbers must have their segments: they go round, some were removed, some are to come. */
#include "format/slruset_range.h"
#include "support/rows.h"

enum { PER_PAGE = 100 }; /* so a segment has 3200 */
#define EPOCH (UINT64_C(1) << 32)
#define LATE 0xFFFFFF00U

/* Of the checkpoints only what the kind looks at; a database of 0 makes the oldest one a guess. */
static struct row {
	const char *name;
	enum slru_kind kind;
	unsigned major; /* 0: 15 */
	bool has_no_begin;
	struct checkpoint begin, end;
	struct slruset_oldest oldest;
	uint32_t oldest_frozen;
	struct slruset_range wanted;
} rows[] = {
#define XACT(next, old) \
	.kind = SLRU_XACT, \
	.begin = { .next_xid = next, .oldest_xid = old, .oldest_xid_database = 1 }
#define ALL(from, to) \
	.wanted = { .has_first = true, \
		.has_last = true, \
		.first = from, \
		.last = to, \
		.ended = to }
	{ "transactions", XACT(5000, 730), ALL(730, 4999) },
	{ "the end checkpoint is later", XACT(5000, 730),
	    .end = { .oldest_xid = 3000, .oldest_xid_database = 1 }, ALL(3000, 4999) },
	{ "the end checkpoint is no later", XACT(5000, 730),
	    .end = { .oldest_xid = 700, .oldest_xid_database = 1 }, ALL(730, 4999) },
	{ "the WAL removed more", XACT(5000, 730), .oldest = { .xid = 3500 },
	    ALL(3500, 4999) },
	{ "the databases show that more was removed", XACT(5000, 730),
	    .oldest_frozen = 4000, ALL(4000, 4999) },
	/* of 4000 the archive says more than can be: none of 5050 on was given out */
	{ "but not what was not given out", XACT(5050, 730), .oldest_frozen = 6000,
	    ALL(5049, 5049) },
	{ "a guess counts for nothing", .kind = SLRU_XACT,
	    .begin = { .next_xid = 5000, .oldest_xid = 730 },
	    .wanted = { .has_last = true, .last = 4999, .ended = 4999 } },
	{ "a transaction that runs left no trace yet", .kind = SLRU_XACT,
	    .begin = { .next_xid = 5000,
		.oldest_xid = 730,
		.oldest_xid_database = 1,
		.oldest_active_xid = 4000 },
	    .wanted = { true, true, 730, 4999, 3999 } },
	{ "a new cluster", XACT(3, 3), .wanted = { true, true, 0, 0, 0 } },
	{ "round", XACT(EPOCH + 1000, LATE), ALL(LATE, 999) },
	{ "just round", XACT(EPOCH + 3, LATE), ALL(LATE, UINT32_MAX) },
	{ "all removed, a new segment's first page not begun", XACT(6400, 730),
	    .oldest = { .xid = 6400 },
	    .wanted = { .last = 6399, .ended = 6399, .first = 6399 } },
	{ "without a checkpoint", .kind = SLRU_XACT, .has_no_begin = true,
	    .oldest = { .xid = 800 }, .wanted = { .has_first = true, .first = 800 } },

	{ "multixacts", .kind = SLRU_OFFSETS,
	    .begin = { .next_multi = 500,
		.oldest_multi = 100,
		.oldest_multi_database = 1 },
	    ALL(100, 499) },
	{ "no multixact was ever given out", .kind = SLRU_OFFSETS,
	    .begin = { .next_multi = 1, .oldest_multi = 1, .oldest_multi_database = 1 },
	    ALL(0, 0) },
	{ "multixacts, just round", .kind = SLRU_OFFSETS,
	    .begin = { .next_multi = 1,
		.oldest_multi = LATE,
		.oldest_multi_database = 1 },
	    ALL(LATE, UINT32_MAX) },

#define MEMBERS(next, old) \
	.kind = SLRU_MEMBERS, .begin = { .next_offset = next }, \
	.oldest = { .has_member = true, .member = old }
	{ "members", MEMBERS(550, 100), ALL(100, 549) },
	{ "members whose first is not known", .kind = SLRU_MEMBERS,
	    .begin = { .next_offset = 550 },
	    .wanted = { .has_last = true, .last = 549, .ended = 549 } },
	{ "a page of members not begun", MEMBERS(600, 100), .wanted = { false } },
	{ "members, round", MEMBERS(550, LATE), ALL(LATE, 549) },
	{ "members of 64 bits", .major = 19, MEMBERS(EPOCH + 550, EPOCH - 1),
	    ALL(EPOCH - 1, EPOCH + 549) },
	/* they do not go round: of all of them this one is gone */
	{ "members of 64 bits, all gone", .major = 19, MEMBERS(550, LATE),
	    .wanted = { .first = 549, .last = 549, .ended = 549 } },
	{ "members without a checkpoint", .has_no_begin = true, MEMBERS(550, 100),
	    .wanted = { false } },

#define TIMES(next, old, new) \
	.kind = SLRU_COMMIT_TS, \
	.begin = { .next_xid = next, .oldest_commit_ts = old, .newest_commit_ts = new }
	{ "commit times", TIMES(1000, 100, 400), .wanted = { true, true, 100, 400, 0 } },
	{ "commit times removed by the WAL", TIMES(1000, 100, 400),
	    .oldest = { .commit_ts = 300 }, .wanted = { true, true, 300, 400, 0 } },
	/* pg_resetwal -c */
	{ "a commit time of a transaction to come", TIMES(1000, 100, 1200),
	    .wanted = { true, true, 100, 999, 0 } },
	{ "a next transaction that has no time, either", TIMES(0, 100, 400),
	    .wanted = { true, true, 100, 400, 0 } },
	{ "no commit times", TIMES(1000, 0, 0), .wanted = { false } },
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static struct slruset_range
range_of(const struct row *row, bool tracks)
{
	const struct slruset_cluster cluster = { .block_size = 8192,
		.version = cluster_version(row->major ? row->major : 15),
		.tracks_commit_time = tracks,
		.begin = row->has_no_begin ? NULL : &row->begin,
		.end = &row->end,
		.oldest = row->oldest,
		.oldest_frozen = row->oldest_frozen };

	return slruset_range_of(&cluster, row->kind, PER_PAGE);
}

static void
check_row(void **state)
{
	const struct row *row = *state;
	const struct slruset_range r = range_of(row, true);

	assert_int_equal(r.has_last, row->wanted.has_last);
	assert_int_equal(r.has_first, row->wanted.has_first);
	if (r.has_first)
		assert_int_equal(r.first, row->wanted.first);
	if (!r.has_last)
		return;
	assert_int_equal(r.last, row->wanted.last);
	assert_int_equal(r.ended, row->wanted.ended);
}

/* Without track_commit_timestamp no times are wanted. */
static void
untracked(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].kind == SLRU_COMMIT_TS) {
			const struct slruset_range r = range_of(&rows[i], false);

			assert_false(r.has_first || r.has_last);
		}
}

int
main(void)
{
	struct CMUnitTest tests[ROWS + 1] = { cmocka_unit_test(untracked) };

	rows_name(tests + 1, rows, sizeof(rows[0]), ROWS, check_row);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
