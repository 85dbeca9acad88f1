/* Who is told what of a record of the WAL: its pages, the files and databases that it makes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proof/records.h"

/* ---- those who are told, in place of the program's: they write it down ---- */

static struct {
	char told[512];
	bool has_suspects, watches, listens;
	const char *fails; /* who fails; NULL: no one */
} fake;

static int
tell(struct error *err, const char *who, const char *fmt, ...)
{
	const size_t len = strlen(fake.told);
	va_list args;
	size_t at;

	snprintf(fake.told + len, sizeof(fake.told) - len, "%s", who);
	at = strlen(fake.told);
	va_start(args, fmt);
	vsnprintf(fake.told + at, sizeof(fake.told) - at, fmt, args);
	va_end(args);
	if (fake.fails == NULL || strcmp(fake.fails, who) != 0)
		return 0;
	return error_set(err, ERROR_MEMORY, 0, "injected into %s", who);
}

int
proof_files_record(
    struct proof_files *f, const struct walrecord *rec, bool is_begin, struct error *err)
{
	(void)f;
	(void)rec;
	return tell(err, "files", "%s", is_begin ? " of the beginning\n" : "\n");
}

int
proof_replay_record(struct proof_replay *r, unsigned lineage, const struct walrecord *rec,
    struct error *err)
{
	(void)r;
	(void)rec;
	return tell(err, "replay", " %u\n", lineage);
}

bool
proof_replay_watches(const struct proof_replay *r)
{
	(void)r;
	return fake.watches;
}

void
proof_replay_block(
    struct proof_replay *r, uint32_t space, uint32_t database, uint64_t lsn)
{
	(void)r;
	(void)!tell(
	    NULL, "replay block", " %u/%u at %u\n", space, database, (unsigned)lsn);
}

bool
proof_inplace_listens(const struct proof_inplace *in)
{
	(void)in;
	return fake.listens;
}

int
proof_inplace_block(struct proof_inplace *in, uint32_t space,
    const struct pagesuspect_mention *by, struct error *err)
{
	(void)in;
	(void)by;
	return tell(err, "inplace", " %u\n", space);
}

bool
pagesuspect_has_any(const struct pagesuspect *pages)
{
	(void)pages;
	return fake.has_suspects;
}

int
pagesuspect_mention(struct pagesuspect *pages, uint32_t space, uint32_t database,
    uint32_t relnode, unsigned fork, uint32_t block, const struct pagesuspect_mention *m,
    struct error *err)
{
	(void)pages;
	return tell(err, "page", " %u/%u/%u.%u %u by %u %u-%u%s\n", space, database,
	    relnode, fork, block, m->lineage, (unsigned)m->lsn, (unsigned)m->end_lsn,
	    m->is_made_anew ? " anew" : "");
}

int
pagesuspect_database(struct pagesuspect *pages, uint32_t space, uint32_t database,
    const struct pagesuspect_mention *m, struct error *err)
{
	(void)pages;
	return tell(err, "database", " %u/%u by %u%s\n", space, database, m->lineage,
	    m->is_made_anew ? " anew" : "");
}

void
catalogset_changed(struct catalogset *set, uint32_t relnode)
{
	(void)set;
	(void)!tell(NULL, "catalog", " %u\n", relnode);
}

/* ---- records ---- */

/* A block's data, of two bytes: its flags, the relation, and the number of the block. */
#define BLOCK(number, flags, relation, block) number flags "0200" relation block
#define SHARED "80060000 00000000 EC040000" /* 1664/0/1260 */
#define OTHER "10400000 05000000 11400000"  /* 16400/5/16401 */

enum { XLOG, STORAGE = 2, DATABASE = 4, HEAP = 10, CREATE = 0x10, TRUNCATE = 0x20 };

static const struct row {
	const char *name;
	uint8_t rmid, info;
	const char *bytes;
	bool is_begin, is_quiet; /* no one asks for pages */
	const char *fails, *told;
} rows[] = {
	{ "no pages", XLOG, 0, "FF01 AA", .told = "files\nreplay 3\n" },
	{ "the checkpoint it begins from", XLOG, 0, "FF01 AA", .is_begin = true,
	    .told = "files of the beginning\nreplay 3\n" },
	{ "a page", HEAP, 0, BLOCK("00", "20", OTHER, "07000000") "1111",
	    .told = "files\nreplay 3\nreplay block 16400/5 at 800\ninplace 16400\n"
		    "page 16400/5/16401.0 7 by 3 800-840\n" },
	{ "a page that is made from nothing", HEAP, 0,
	    BLOCK("00", "62", OTHER, "07000000") "1111",
	    .told = "files\nreplay 3\nreplay block 16400/5 at 800\ninplace 16400\n"
		    "page 16400/5/16401.2 7 by 3 800-840 anew\n" },
	{ "a page of a shared catalog", HEAP, 0,
	    BLOCK("00", "20", SHARED, "00000000") "1111",
	    .told = "files\nreplay 3\nreplay block 1664/0 at 800\ncatalog 1260\n"
		    "inplace 1664\npage 1664/0/1260.0 0 by 3 800-840\n" },
	{ "no one asks", HEAP, 0, BLOCK("00", "20", OTHER, "07000000") "1111",
	    .is_quiet = true, .told = "files\nreplay 3\n" },
	/* what does not add up mends nothing, and is told by others */
	{ "cut", HEAP, 0, BLOCK("00", "20", OTHER, "07"), .told = "files\nreplay 3\n" },
	{ "a file", STORAGE, CREATE, "FF10 " OTHER "00000000",
	    .told = "files\nreplay 3\ninplace 16400\n" },
	{ "a file is cut", STORAGE, TRUNCATE, "FF14 00000000 " OTHER "00000000",
	    .told = "files\nreplay 3\ninplace 16400\n" },
	/* of one that is copied all pages are made, and those of the other are read */
	{ "a database", DATABASE, 0, "FF10 07000000 7F060000 05000000 10400000",
	    .told = "files\nreplay 3\ndatabase 1663/7 by 3 anew\n"
		    "database 16400/5 by 3\n" },

	{ "files fail", HEAP, 0, BLOCK("00", "20", OTHER, "07000000") "1111",
	    .fails = "files", .told = "files\n" },
	{ "replay fails", HEAP, 0, BLOCK("00", "20", OTHER, "07000000") "1111",
	    .fails = "replay", .told = "files\nreplay 3\n" },
	{ "a file fails", STORAGE, CREATE, "FF10 " OTHER "00000000", .fails = "inplace",
	    .told = "files\nreplay 3\ninplace 16400\n" },
	{ "a database fails", DATABASE, 0, "FF10 07000000 7F060000 05000000 10400000",
	    .fails = "database", .told = "files\nreplay 3\ndatabase 1663/7 by 3 anew\n" },
	{ "the first of two blocks fails", HEAP, 0,
	    BLOCK("00", "20", OTHER, "07000000")
		BLOCK("01", "A0", "", "08000000") "11112222",
	    .fails = "page",
	    .told =
		"files\nreplay 3\nreplay block 16400/5 at 800\ninplace 16400\n"
		"page 16400/5/16401.0 7 by 3 800-840\nreplay block 16400/5 at 800\n" },
	{ "one in place fails", HEAP, 0, BLOCK("00", "20", OTHER, "07000000") "1111",
	    .fails = "inplace",
	    .told = "files\nreplay 3\nreplay block 16400/5 at 800\ninplace 16400\n" },
};

/* The bytes that a text of hexadecimal digits and blanks means. */
static size_t
unhex(const char *text, uint8_t bytes[128])
{
	size_t len = 0;

	for (; *text != '\0'; text++) {
		char pair[3] = { text[0], text[1], '\0' };

		if (*text == ' ')
			continue;
		assert_true(len < 128);
		bytes[len++] = (uint8_t)strtoul(pair, NULL, 16);
		text++;
	}
	return len;
}

static int
take(const struct row *row, struct error *err)
{
	struct proof_records records = { .sink = { proof_records_take } };
	uint8_t bytes[128];
	struct walrecord rec = { .lsn = 800,
		.end_lsn = 840,
		.rmid = row->rmid,
		.info = row->info,
		.version = cluster_version(15),
		.data = bytes };

	rec.len = unhex(row->bytes, bytes);
	return records.sink.record(&records.sink, 3, &rec, row->is_begin, err);
}

static void
check_row(void **state)
{
	const struct row *row = *state;
	struct error err = { 0 };

	memset(&fake, 0, sizeof(fake));
	fake.has_suspects = !row->is_quiet;
	fake.fails = row->fails;
	assert_int_equal(take(row, &err), row->fails ? -1 : 0);
	assert_string_equal(fake.told, row->told);
	assert_int_equal(err.kind, row->fails ? ERROR_MEMORY : ERROR_NONE);
}

/* Each of three is reason enough to look at the pages. */
static void
asked_for(void **state)
{
	static const struct row one = { "", HEAP, 0,
		BLOCK("00", "20", OTHER, "07000000") "1111", .told = NULL };
	struct error err = { 0 };

	(void)state;
	for (int i = 0; i < 3; i++) {
		memset(&fake, 0, sizeof(fake));
		fake.has_suspects = i == 0;
		fake.watches = i == 1;
		fake.listens = i == 2;
		assert_int_equal(take(&one, &err), 0);
		assert_non_null(strstr(fake.told, "page 16400"));
	}
}

int
main(void)
{
	enum { ROWS = sizeof(rows) / sizeof(rows[0]) };
	struct CMUnitTest tests[1 + ROWS] = { cmocka_unit_test(asked_for) };

	for (size_t i = 0; i < ROWS; i++)
		tests[1 + i] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = check_row,
			.initial_state = (void *)(uintptr_t)&rows[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
