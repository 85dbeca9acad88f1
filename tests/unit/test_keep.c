/* Which older backups may be removed: each reason to keep one, and what the rule leaves of the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "inventory/keep.h"
#include "support/rows.h"

#define DAYS(n) ((uint64_t)(n)*24 * 60 * 60)
enum { NOW = 1796094000, CLUSTER = 7 };

/* Timeline 1 up to 0/500, 3 up to 0/900, then 4. */
#define LAST UINT64_MAX
static struct walhistory_row lineage[] = { { 1, 0x500 }, { 3, 0x900 }, { 4, LAST } };
static const struct walhistory history = { 3, lineage };

static const struct keep_new made = { .path = "/backup/new",
	.pattern = "%F",
	.is_sound = true,
	.system_identifier = CLUSTER,
	.start_lsn = 0xa00,
	.start_timeline = 4,
	.history = &history };

/* How an entry differs from an older, sound backup of the same cluster. */
struct entry {
	const char *name, *fault, *flaw;
	enum inventory_kind kind;
	enum verdict_result against;
	uint64_t unix_time, cluster; /* 0: a day ago, and the same */
	struct facts_range range;    /* all zeros: from 0/910 to 0/950 on timeline 4 */
	struct walhistory history;   /* no rows: the beginning of that of the new one */
	bool has_no_history, has_no_wal;
};
enum { NONE = 1 }; /* a time or a cluster that is not known */

#define RANGE(start, start_tli, stop, stop_tli) \
	.range = { .start_lsn = start, \
		.stop_lsn = stop, \
		.start_timeline = start_tli, \
		.stop_timeline = stop_tli }

static uint64_t
value_of(uint64_t given, uint64_t otherwise)
{
	return given == NONE ? 0 : given == 0 ? otherwise : given;
}

#define HISTORY(...) \
	.history = { sizeof((struct walhistory_row[]){ __VA_ARGS__ }) / \
		    sizeof(struct walhistory_row), \
		(struct walhistory_row[]){ __VA_ARGS__ } }

static struct walhistory
history_of(const struct entry *e, uint32_t timeline)
{
	struct walhistory beginning = history;

	if (e->history.count > 0)
		return e->history;
	if (e->has_no_history || timeline == 1 || !walhistory_has(&history, timeline))
		return (struct walhistory){ 0 };
	while (beginning.rows[beginning.count - 1].timeline != timeline)
		beginning.count--;
	return beginning;
}

static struct inventory_row
row_of(const struct entry *e)
{
	const struct facts_range usual = { 0x910, 0x950, 4, 4 };
	const bool has_range = e->range.start_lsn > 0 || e->range.stop_lsn > 0;

	return (
	    struct inventory_row){ .name = (char *)(uintptr_t)(e->name ? e->name : "old"),
		.fault = (char *)(uintptr_t)e->fault,
		.flaw = e->flaw,
		.kind = e->kind,
		.against = e->against,
		.unix_time = value_of(e->unix_time, NOW - DAYS(1)),
		.system_identifier = value_of(e->cluster, CLUSTER),
		.range = has_range ? e->range : usual,
		.history = history_of(e, has_range ? e->range.stop_timeline : 4),
		.has_wal = !e->has_no_wal };
}

/* Its own report goes on still. */
static const struct entry latest = { .name = "new",
	.unix_time = NOW,
	RANGE(0xa00, 4, 0xa50, 4),
	.against = VERDICT_RUNNING };

#define ANOTHER_HISTORY "does not have the timeline history that the new backup has"

/* With --keep=1 each goes of which nothing else is said. */
static const struct kept {
	const char *name;
	struct entry entry;
	const char *why; /* NULL: it is removed */
} kept[] = {
	{ "an older one", { .against = VERDICT_SOUND }, NULL },
	{ "a second older", { .unix_time = NOW - 1 }, NULL },
	{ "a link", { .kind = INVENTORY_NOT_READ, .fault = "is a symbolic link" },
	    "is a symbolic link" },
	{ "cut short", { .kind = INVENTORY_UNREADABLE, .fault = "unexpected end" },
	    "unexpected end" },
	{ "no backup, and no reason", { .kind = INVENTORY_NOT_READ }, "was not read" },
	{ "of pg_basebackup", { .kind = INVENTORY_FOREIGN },
	    "was not made by pg_basetar" },
	{ "a set with other files", { .flaw = "has files" }, "has files" },
	{ "another cluster", { .cluster = 8 }, "is of another cluster" },
	{ "no system identifier", { .cluster = NONE }, "is of another cluster" },
	{ "running", { .against = VERDICT_RUNNING },
	    "a report says that a run with it has not ended" },
	{ "failed", { .against = VERDICT_FAILED },
	    "a report says that a run with it has failed" },
	{ "findings", { .against = VERDICT_FINDINGS },
	    "a report says that it has findings" },
	{ "no time", { .unix_time = NONE }, "does not say when it began" },
	{ "no start", { RANGE(0, 0, 0x950, 4) },
	    "does not say where it starts and stops" },
	{ "no stop", { RANGE(0x910, 4, 0, 0) },
	    "does not say where it starts and stops" },
	{ "no timeline of the stop", { RANGE(0x910, 4, 0x950, 0) },
	    "does not say where it starts and stops" },
	{ "an ancestor", { RANGE(0x400, 1, 0x450, 1) }, NULL },
	{ "an ancestor, up to the last byte", { RANGE(0x400, 1, 0x500, 1) }, NULL },
	{ "across a switch", { RANGE(0x400, 1, 0x600, 3) }, NULL },
	{ "across two", { RANGE(0x400, 1, 0x910, 4) }, NULL },
	{ "from a switch on", { RANGE(0x500, 3, 0x600, 3) }, NULL },
	{ "a byte beyond the switch", { RANGE(0x400, 1, 0x501, 1) },
	    "is of another branch of the cluster's timelines than the new backup" },
	{ "the ancestor after the switch", { RANGE(0x500, 1, 0x600, 1) },
	    "is of another branch of the cluster's timelines than the new backup" },
	{ "a sibling", { RANGE(0x600, 2, 0x700, 2) },
	    "is of another branch of the cluster's timelines than the new backup" },
	{ "it went on to a sibling", { RANGE(0x400, 1, 0x600, 2) },
	    "is of another branch of the cluster's timelines than the new backup" },
	{ "a sibling of the same number", { RANGE(0x800, 4, 0x850, 4) },
	    "is of another branch of the cluster's timelines than the new backup" },
	{ "a descendant", { RANGE(0x910, 5, 0x950, 5) },
	    "is of another branch of the cluster's timelines than the new backup" },
	{ "its timeline was the third there, too",
	    { HISTORY({ 1, 0x500 }, { 3, 0x900 }, { 4, LAST }) }, NULL },
	{ "it branched off elsewhere",
	    { HISTORY({ 1, 0x500 }, { 3, 0x8f0 }, { 4, LAST }) }, ANOTHER_HISTORY },
	{ "its ancestor did", { HISTORY({ 1, 0x501 }, { 3, 0x900 }, { 4, LAST }) },
	    ANOTHER_HISTORY },
	{ "another ancestor", { HISTORY({ 1, 0x500 }, { 2, 0x900 }, { 4, LAST }) },
	    ANOTHER_HISTORY },
	{ "an ancestor less", { HISTORY({ 1, 0x900 }, { 4, LAST }) }, ANOTHER_HISTORY },
	{ "the history is not there", { .has_no_history = true }, ANOTHER_HISTORY },
	{ "nor is the WAL", { .has_no_history = true, .has_no_wal = true }, NULL },
	{ "the WAL alone is not", { .has_no_wal = true }, NULL },
	{ "of the ancestor's another",
	    { RANGE(0x500, 3, 0x600, 3), HISTORY({ 1, 0x4ff }, { 3, LAST }) },
	    ANOTHER_HISTORY },
	{ "the same time", { .unix_time = NOW }, "did not begin before the new backup" },
	{ "later", { .unix_time = NOW + 1 }, "did not begin before the new backup" },
	{ "further on", { RANGE(0xa01, 4, 0xb00, 4) },
	    "starts at a later WAL position than the new backup" },
	{ "the same start", { RANGE(0xa00, 4, 0xa50, 4) }, NULL },
};

static void
expect_kept(void **state)
{
	const struct kept *expected = *state;
	struct inventory_row rows[] = { row_of(&expected->entry), row_of(&latest) };
	const struct inventory inv = { .count = 2, .rows = rows };
	const struct keep_rule rule = { .count = 1 };
	struct keep_decision *decisions;
	struct error err = { 0 };

	assert_int_equal(keep_decide(&inv, &rule, &made, &decisions, &err), 0);
	assert_string_equal(decisions[0].row->name, "new");
	assert_string_equal(decisions[0].why, "is the new backup");
	assert_false(decisions[0].is_removed);
	assert_string_equal(decisions[1].row->name, "old");
	assert_int_equal(decisions[1].is_removed, expected->why == NULL);
	assert_int_equal(decisions[1].is_counted, expected->why == NULL);
	if (expected->why)
		assert_string_equal(decisions[1].why, expected->why);
	free(decisions);
}

/* Of one a day, 0 the new one, and "x" of another cluster among them: which are left. */
static const struct ruled {
	const char *name;
	struct keep_rule rule;
	const char *left;
} ruled[] = {
	{ "the new one counts", { .count = 1 }, "0x" },
	{ "the newest two", { .count = 2 }, "01x" },
	{ "as many as there are", { .count = 5 }, "01234x" },
	{ "more than there are", { .count = 100 }, "01234x" },
	{ "a day", { .days = 1 }, "01x" },
	{ "three days", { .days = 3 }, "0123x" },
	{ "a hundred years", { .days = 36525 }, "01234x" },
	{ "two days, but three backups", { .count = 3, .days = 1 }, "012x" },
	{ "two backups, but three days", { .count = 2, .days = 3 }, "0123x" },
	{ "no rule at all leaves the new one alone", { 0 }, "0x" },
};

static void
expect_ruled(void **state)
{
	static const char *const names[] = { "3", "0", "x", "4", "2", "1" };
	const struct ruled *expected = *state;
	struct inventory_row rows[6];
	const struct inventory inv = { .count = 6, .rows = rows };
	struct keep_new newest = made;
	struct keep_decision *decisions;
	struct error err = { 0 };
	char left[8] = "";

	newest.path = "0";
	for (size_t i = 0; i < 6; i++) {
		const struct entry e = { .name = names[i],
			.unix_time = NOW - DAYS(names[i][0] - '0'),
			.cluster = names[i][0] == 'x' ? 8 : 0,
			RANGE(0xa00, 4, 0xa50, 4) };

		rows[i] = row_of(&e);
	}
	assert_int_equal(
	    keep_decide(&inv, &expected->rule, &newest, &decisions, &err), 0);
	for (size_t i = 0; i < 6; i++)
		if (!decisions[i].is_removed)
			strcat(left, decisions[i].row->name);
	assert_string_equal(left, expected->left);
	free(decisions);
}

/* The same backup under several names is one, and goes or stays as one. */
static void
test_copies(void **state)
{
	static const struct entry entries[] = {
		{ .name = "new", .unix_time = NOW, RANGE(0xa00, 4, 0xa50, 4) },
		{ .name = "a", .unix_time = NOW - 1 },
		{ .name = "b", .unix_time = NOW - 1 },
		{ .name = "c", .unix_time = NOW - 1 },
		{ .name = "d", .unix_time = NOW - 2 },
		{ .name = "e", .unix_time = NOW - 3 },
		{ .name = "f", .unix_time = NOW - 3 },
	};
	enum { COUNT = sizeof(entries) / sizeof(entries[0]) };
	const struct keep_rule rule = { .count = 3 };
	struct inventory_row rows[COUNT];
	const struct inventory inv = { .count = COUNT, .rows = rows };
	struct keep_decision *decisions;
	struct error err = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT; i++)
		rows[i] = row_of(&entries[i]);
	assert_int_equal(keep_decide(&inv, &rule, &made, &decisions, &err), 0);
	for (size_t i = 0; i < COUNT; i++)
		assert_int_equal(decisions[i].is_removed,
		    strchr("ef", decisions[i].row->name[0]) != NULL);
	free(decisions);
}

/* Nothing may go if what has the name of the new backup is not the new backup. */
static void
test_not_the_new_one(void **state)
{
	const struct entry others[] = {
		{ .name = "newer" },
		{ .name = "new" },
		{ .name = "new", RANGE(0xa00, 3, 0xa50, 4) },
		{ .name = "new", .cluster = 8, RANGE(0xa00, 4, 0xa50, 4) },
		{ .name = "new", .kind = INVENTORY_UNREADABLE, RANGE(0xa00, 4, 0, 0) },
		{ .name = "new", .unix_time = NONE, RANGE(0xa00, 4, 0xa50, 4) },
		{ .name = "new", .flaw = "has files", RANGE(0xa00, 4, 0xa50, 4) },
	};
	const struct entry older = { 0 };
	const struct keep_rule rule = { .count = 1 };

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct inventory_row rows[] = { row_of(&others[i]), row_of(&older) };
		const struct inventory inv = { .count = 2, .rows = rows };
		struct keep_decision *decisions;
		struct error err = { 0 };

		if (keep_decide(&inv, &rule, &made, &decisions, &err) != -1)
			fail_msg("row %zu", i);
		assert_int_equal(err.kind, ERROR_STATE);
		assert_null(decisions);
	}
}

enum { KEPT = sizeof(kept) / sizeof(kept[0]), RULED = sizeof(ruled) / sizeof(ruled[0]) };

int
main(void)
{
	struct CMUnitTest tests[KEPT + RULED + 2];

	rows_name(tests, kept, sizeof(kept[0]), KEPT, expect_kept);
	rows_name(tests + KEPT, ruled, sizeof(ruled[0]), RULED, expect_ruled);
	tests[KEPT + RULED] = (struct CMUnitTest)cmocka_unit_test(test_not_the_new_one);
	tests[KEPT + RULED + 1] = (struct CMUnitTest)cmocka_unit_test(test_copies);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
