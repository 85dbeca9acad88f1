/* Databases that replay copies: which come from what the backup has, and whether it has that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/buf.h"
#include "support/walcopies.h"
#include "wal/waldatabases.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { BASE = 1663 };

static void
copied(struct waldatabases *w, uint64_t at, uint32_t to, uint32_t from)
{
	char step[64];

	snprintf(step, sizeof(step), "C %u@%u %u@%u", (unsigned)to, (unsigned)BASE,
	    (unsigned)from, (unsigned)BASE);
	walcopies_step(w, at, step);
}

/* Lineage 9 is not what recovery reads. */
static bool
is_read(const struct waldatabases_backup *backup, unsigned lineage, uint64_t end_lsn)
{
	(void)backup;
	assert_true(end_lsn > 1);
	return lineage != 9;
}

static const struct row {
	const char *name;
	const char *have; /* directories, "*" with PG_VERSION: "5@1663* 5@16400" */
	const char *steps[8];
	/* "TO<FROM", and after it: "?" missing, "!" unmarked, "-LSN" removed, "~" changed */
	const char *copies;
} rows[] = {
	{ "nothing", "5@1663*", { "B 5@1663" }, "" },
	{ "a copy", "5@1663*", { "C 7@1663 5@1663" }, "7@1663<5@1663 " },
	{ "made empty", "5@1663*", { "E 7@1663" }, "" },
	{ "of one that is missing", "6@1663*", { "C 7@1663 5@1663" }, "7@1663<5@1663! " },
	{ "of one without PG_VERSION", "5@1663", { "C 7@1663 5@1663" },
	    "7@1663<5@1663! " },
	{ "two tablespaces", "5@1663* 5@16400",
	    { "C 7@1663 5@1663", "C 7@16400 5@16400" },
	    "7@1663<5@1663 7@16400<5@16400 " },
	{ "two tablespaces, the default is the other", "5@1663 5@16400*",
	    { "C 7@1663 5@1663", "C 7@16400 5@16400" },
	    "7@1663<5@1663 7@16400<5@16400 " },
	{ "the second is missing", "5@1663*", { "C 7@1663 5@1663", "C 7@16400 5@16400" },
	    "7@1663<5@1663 7@16400<5@16400? " },
	{ "neither has PG_VERSION", "5@1663 5@16400",
	    { "C 7@1663 5@1663", "C 7@16400 5@16400" },
	    "7@1663<5@1663! 7@16400<5@16400! " },
	{ "the first record was before the start", "5@1663* 5@16400 7@1663*",
	    { "C 7@16400 5@16400" }, "7@16400<5@16400 " },
	{ "what replay makes anew does not count", "5@16400 7@16400*",
	    { "C 7@16400 5@16400" }, "7@16400<5@16400! " },
	{ "what replay removes neither", "5@16400 7@1663*",
	    { "C 7@16400 5@16400", "R 7@1663" }, "7@16400<5@16400! " },
	{ "another's PG_VERSION neither", "5@16400 6@1663* 8@1663*",
	    { "C 7@16400 5@16400" }, "7@16400<5@16400! " },
	{ "the template is dropped", "5@1663*", { "C 7@1663 5@1663", "R 5@1663" },
	    "7@1663<5@1663-2 " },
	{ "the template is dropped, in two tablespaces", "5@1663* 5@16400",
	    { "C 7@1663 5@1663", "C 7@16400 5@16400", "R 5@1663 5@16400" },
	    "7@1663<5@1663-3 7@16400<5@16400-3 " },
	{ "the copy is dropped", "5@1663*", { "C 7@1663 5@1663", "R 7@1663" }, "" },
	{ "both are", "5@1663*", { "C 7@1663 5@1663", "R 5@1663", "R 7@1663" }, "" },
	{ "the copy goes with its tablespace", "5@1663* 5@16400",
	    { "C 7@1663 5@1663", "C 7@16400 5@16400", "S 16400" }, "7@1663<5@1663 " },
	{ "a tablespace went before", "5@1663* 5@16400",
	    { "S 16400", "C 7@16400 5@1663" }, "7@16400<5@1663 " },
	{ "a copy of a copy", "5@1663*",
	    { "C 7@1663 5@1663", "C 8@1663 7@1663", "R 7@1663" }, "8@1663<5@1663 " },
	{ "a copy of a copy of one that is dropped", "5@1663*",
	    { "C 7@1663 5@1663", "R 5@1663", "C 8@1663 7@1663" },
	    "7@1663<5@1663-2 8@1663<5@1663-2 " },
	{ "a copy of one that is made", "", { "E 7@1663", "C 8@1663 7@1663", "R 7@1663" },
	    "" },
	{ "a copy of a copy of one that is made", "",
	    { "E 7@1663", "C 8@1663 7@1663", "C 9@1663 8@1663" }, "" },
	{ "moved", "5@1663*", { "C 5@16400 5@1663", "R 5@1663" }, "5@16400<5@1663-2 " },
	{ "moved away and back", "5@1663*",
	    { "C 5@16400 5@1663", "R 5@1663", "C 5@1663 5@16400", "R 5@16400" },
	    "5@1663<5@1663-2 " },
	{ "dropped, and its number used again", "5@1663*",
	    { "C 7@1663 5@1663", "R 5@1663", "E 5@1663" }, "7@1663<5@1663-2 " },
	{ "of one that is gone", "5@1663*", { "R 5@1663", "C 7@1663 5@1663" },
	    "7@1663<5@1663-1 " },
	{ "changed", "5@1663*", { "C 7@1663 5@1663", "B 5@1663" }, "7@1663<5@1663~ " },
	{ "changed before", "5@1663*", { "B 5@1663", "C 7@1663 5@1663" },
	    "7@1663<5@1663 " },
	{ "changed between two copies", "5@1663*",
	    { "C 7@1663 5@1663", "B 5@1663", "C 8@1663 5@1663" },
	    "7@1663<5@1663~ 8@1663<5@1663 " },
	{ "a copy of a copy, and the first changed", "5@1663*",
	    { "C 7@1663 5@1663", "C 8@1663 7@1663", "B 7@1663" },
	    "7@1663<5@1663 8@1663<5@1663 " },
	{ "a copy of a copy, and the template changed", "5@1663*",
	    { "C 7@1663 5@1663", "B 5@1663", "C 8@1663 7@1663" },
	    "7@1663<5@1663~ 8@1663<5@1663~ " },
	{ "changed elsewhere", "5@1663*", { "C 7@1663 5@1663", "B 5@16400", "B 7@1663" },
	    "7@1663<5@1663 " },
	{ "hints", "5@1663*", { "C 7@1663 5@1663", "H 5@1663" }, "7@1663<5@1663 " },
	{ "on another timeline", "5@1663*", { "9C 7@1663 5@1663" }, "" },
	{ "dropped on another timeline", "5@1663*", { "C 7@1663 5@1663", "9R 5@1663" },
	    "7@1663<5@1663 " },
};

static size_t
parse_have(const char *text, struct waldatabases_have *have)
{
	size_t count = 0;
	unsigned a, s;
	char mark;

	while (sscanf(text, "%u@%u%c", &a, &s, &mark) >= 2) {
		have[count++] = (struct waldatabases_have){ { s, a },
			text[strcspn(text, "* ")] == '*' };
		text += strcspn(text, " ");
		text += strspn(text, " ");
	}
	return count;
}

static int
describe(struct buf *text, const struct waldatabases_copy *c)
{
	struct error err;

	return buf_printf(text, &err, "%u@%u<%u@%u%s", c->to.database, c->to.space,
		   c->from.database, c->from.space,
		   c->fault == WALDATABASES_MISSING      ? "?" :
		       c->fault == WALDATABASES_UNMARKED ? "!" :
							   "") ||
	    (c->dropped_lsn && buf_printf(text, &err, "-%u", (unsigned)c->dropped_lsn)) ||
	    buf_printf(text, &err, c->is_changed ? "~ " : " ");
}

static void
check_row(void **state)
{
	const struct row *row = *state;
	struct waldatabases_have have[8];
	struct waldatabases_backup backup = { .is_read = is_read, .have = have };
	struct waldatabases_copy *copies = NULL;
	struct buf text = { 0 };
	struct waldatabases *w;
	struct error err = { 0 };
	size_t count;

	assert_int_equal(waldatabases_new(&w, &err), 0);
	for (size_t i = 0; i < COUNT(row->steps) && row->steps[i]; i++)
		walcopies_step(w, i + 1, row->steps[i]);
	backup.nhave = parse_have(row->have, have);
	waldatabases_sort(have, backup.nhave);
	assert_int_equal(waldatabases_find(w, &backup, &copies, &count, &err), 0);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(describe(&text, &copies[i]), 0);
	assert_string_equal(buf_text(&text), row->copies);
	assert_int_equal(waldatabases_left_out(w), 0);
	buf_free(&text);
	free(copies);
	waldatabases_free(w);
}

/* More templates than are watched: of those it is not known that they did not change. */
static void
many_templates(void **state)
{
	struct waldatabases_have have[100];
	struct waldatabases_backup backup = { .have = have, .nhave = COUNT(have) };
	struct waldatabases_copy *copies;
	struct waldatabases *w;
	struct error err = { 0 };
	size_t count, changed = 0;

	(void)state;
	assert_int_equal(waldatabases_new(&w, &err), 0);
	assert_false(waldatabases_watches(w));
	for (uint32_t i = 0; i < COUNT(have); i++) {
		have[i] = (struct waldatabases_have){ { BASE, 100 + i }, true };
		copied(w, 1 + i, 1000 + i, 100 + i);
	}
	assert_true(waldatabases_watches(w));
	assert_int_equal(waldatabases_find(w, &backup, &copies, &count, &err), 0);
	assert_int_equal(count, COUNT(have));
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(copies[i].fault, WALDATABASES_SOUND);
		changed += copies[i].is_changed;
	}
	assert_int_equal(changed, COUNT(have) - 64);
	free(copies);
	waldatabases_free(w);
}

/* So many that anything but n log n would be noticed; those over the limit are counted. */
static void
very_many(void **state)
{
	struct waldatabases_backup backup = { .nhave = 0 };
	struct waldatabases_copy *copies;
	struct waldatabases *w;
	struct error err = { 0 };
	size_t count;

	(void)state;
	assert_int_equal(waldatabases_new(&w, &err), 0);
	for (uint32_t i = 0; i < WALDATABASES_MOST + 7; i++)
		copied(w, 1 + i, i % 300000 + 1, 4000000 - i % 300000);
	assert_int_equal(waldatabases_left_out(w), 7);
	assert_int_equal(waldatabases_find(w, &backup, &copies, &count, &err), 0);
	assert_int_equal(count, 300000);
	free(copies);
	waldatabases_free(w);
}

static void
text(void **state)
{
	const struct waldatabases_copy widest = {
		.to = { 1, UINT32_MAX }, .from = { 1, UINT32_MAX }, .lsn = UINT64_MAX
	};
	char line[WALDATABASES_TEXT];

	(void)state;
	waldatabases_describe(&widest, line);
	assert_string_equal(line,
	    "the database 4294967295 is copied by the WAL at FFFFFFFF/FFFFFFFF, file by file, "
	    "from the database 4294967295, which was changed before the backup ended: parts of "
	    "the changes may get into it");
	waldatabases_free(NULL);
}

int
main(void)
{
	enum { SINGLE = 3 };
	struct CMUnitTest tests[SINGLE + COUNT(rows)] = {
		cmocka_unit_test(many_templates),
		cmocka_unit_test(very_many),
		cmocka_unit_test(text),
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		tests[SINGLE + i] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = check_row,
			.initial_state = (void *)(uintptr_t)&rows[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
