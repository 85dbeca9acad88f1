/* Pages judged after they have passed: by pg_control, the WAL's images, and its end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proof/pagesuspect.h"
#include "support/growth.h"
#include "support/pages.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char told[4096];
static unsigned benign;

static void
tell(const struct finding *f)
{
	strcat(told, f->text);
	strcat(told, "\n");
}

static void
tell_benign(const char *text)
{
	assert_non_null(strstr(text, "\"base/5/16384\", block "));
	benign++;
}

enum damage { NONE, FLIPPED, NO_CHECKSUM, NOT_ZERO, LATER, GARBAGE, CUT };
enum { START = 1000, STOP = 5000, LSN = 2000 };
static struct memberset_row member; /* that file, as the manifest has it */

/* Three pages of base/5/16384, the second damaged. */
static struct pagesuspect *
passed(enum damage damage)
{
	static uint8_t pages[3 * PAGE_BYTES + 100]; /* and a piece of one */
	struct pagesuspect_file file;
	struct pagesuspect *p;
	struct error err = { 0 };

	told[0] = '\0';
	benign = 0;
	for (uint32_t b = 0; b < 3; b++)
		pages_make(pages + (size_t)b * PAGE_BYTES, b,
		    b != 1                ? LSN :
			damage == LATER   ? STOP + 8 :
			damage == GARBAGE ? UINT64_MAX / 2 :
					    LSN,
		    b);
	if (damage == FLIPPED)
		pages[PAGE_BYTES + 4000] ^= 1;
	if (damage == NO_CHECKSUM)
		pages[PAGE_BYTES + 8] = pages[PAGE_BYTES + 9] = 0;
	if (damage == NOT_ZERO) {
		memset(pages + PAGE_BYTES, 0, PAGE_BYTES);
		pages[PAGE_BYTES + 5000] = 1;
	}
	memset(pages + 3 * PAGE_BYTES, damage == CUT ? 7 : 0, 100);
	assert_int_equal(pagesuspect_new(&p, &err), 0);
	assert_true(pagesuspect_is_relation("base/5/16384", &file));
	file.row = &member;
	assert_int_equal(pagesuspect_bytes(p, &file, 0, pages, PAGE_BYTES, &err), 0);
	assert_int_equal(pagesuspect_bytes(p, &file, PAGE_BYTES, pages + PAGE_BYTES,
			     2 * PAGE_BYTES + 100, &err),
	    0);
	return p;
}

static void
mention(struct pagesuspect *p, uint32_t database, unsigned fork, uint32_t block,
    struct pagesuspect_mention m)
{
	struct error err = { 0 };

	assert_int_equal(
	    pagesuspect_mention(p, 1663, database, 16384, fork, block, &m, &err), 0);
}

/* Lineage 0, and of lineage 1 what is before 3000. */
static bool
is_read(const struct pagesuspect_limits *limits, unsigned lineage, uint64_t end_lsn)
{
	(void)limits;
	return lineage == 0 || (lineage == 1 && end_lsn <= 3000);
}

static const struct pagesuspect_limits replayed = { .is_replayed = true,
	.has_wal = true,
	.start_lsn = START,
	.stop_lsn = STOP,
	.is_read = is_read };

/* Which mentions mend the damaged page. */
static void
mentioned(void **state)
{
	static const struct {
		const char *name;
		struct pagesuspect_mention m[3]; /* in the order in which they are told */
		bool is_mended;
	} rows[] = {
		{ "none", { { 0, 0, 0, false } }, false },
		{ "an image", { { 0, 1100, 1200, true } }, true },
		{ "an image up to the stop", { { 0, 4900, STOP, true } }, true },
		{ "an image after the stop", { { 0, 4900, STOP + 8, true } }, false },
		{ "a change before the image",
		    { { 0, 1100, 1200, false }, { 0, 1200, 1300, true } }, false },
		{ "a change after the image",
		    { { 0, 1100, 1200, true }, { 0, 1200, 1300, false } }, true },
		{ "an image of another lineage", { { 2, 1100, 1200, true } }, false },
		{ "an image of the lineage before it branched off",
		    { { 1, 1100, 1200, true } }, true },
		{ "a later image of that lineage", { { 1, 2900, 3008, true } }, false },
		{ "a change on the lineage before it branched off, a later image",
		    { { 0, 3100, 3200, true }, { 1, 1100, 1200, false } }, false },
		{ "a change of another lineage before",
		    { { 2, 1100, 1200, false }, { 0, 1300, 1400, true } }, true },
	};
	const struct control control = {
		.data_checksums = 1, .block_size = PAGE_BYTES, .segment_blocks = 131072
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct findings findings = { .tell = tell };
		struct pagesuspect *p = passed(FLIPPED);
		struct error err = { 0 };

		pagesuspect_control(p, &control);
		for (size_t m = 0; m < COUNT(rows[i].m) && rows[i].m[m].lsn > 0; m++)
			mention(p, 5, 0, 1, rows[i].m[m]);
		assert_int_equal(
		    pagesuspect_judge(p, &replayed, &findings, tell_benign, &err), 0);
		if (benign != rows[i].is_mended)
			fail_msg("%s: %s", rows[i].name, told);
		pagesuspect_free(p);
	}
}

/*
 * A file that ends in the middle of a page: with checksums or without, unless the WAL has the
 * page; nothing is said where the file's pages are of another size.
 */
static void
cut(void **state)
{
	static const struct {
		enum damage damage;
		struct control control;
		bool is_replayed, is_mentioned;
		unsigned findings, benign;
	} rows[] = {
		{ CUT,
		    { .data_checksums = 1,
			.block_size = PAGE_BYTES,
			.segment_blocks = 131072 },
		    false, true, 1, 0 },
		{ CUT,
		    { .data_checksums = 1,
			.block_size = PAGE_BYTES,
			.segment_blocks = 131072 },
		    true, true, 0, 1 },
		{ CUT,
		    { .data_checksums = 1,
			.block_size = PAGE_BYTES,
			.segment_blocks = 131072 },
		    true, false, 1, 0 },
		{ CUT, { .block_size = PAGE_BYTES, .segment_blocks = 131072 }, true,
		    false, 1, 0 },
		{ CUT, { .block_size = 16384, .segment_blocks = 65536 }, true, false, 0,
		    0 },
		{ NONE,
		    { .data_checksums = 1,
			.block_size = PAGE_BYTES,
			.segment_blocks = 131072 },
		    false, false, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct findings findings = { .tell = tell };
		struct pagesuspect *p = passed(rows[i].damage);
		struct error err = { 0 };

		pagesuspect_control(p, &rows[i].control);
		if (rows[i].is_mentioned)
			mention(p, 5, 0, 3,
			    (struct pagesuspect_mention){ 0, 1100, 1200, true });
		assert_int_equal(
		    pagesuspect_judge(p,
			&(struct pagesuspect_limits){ .is_replayed = rows[i].is_replayed,
			    .has_wal = true,
			    .start_lsn = START,
			    .stop_lsn = STOP,
			    .is_read = is_read },
			&findings, tell_benign, &err),
		    0);
		if (findings.count != rows[i].findings || benign != rows[i].benign)
			fail_msg("row %zu: %s", i, told);
		if (findings.count > 0)
			assert_string_equal(told,
			    "size: \"base/5/16384\", block 3, at offset 24576: ends in the middle of "
			    "a page: 8192 bytes expected, 100 found\n");
		pagesuspect_free(p);
	}
}

/*
 * One cause is one finding: a page that is damaged explains another digest of its file, and the
 * digest when it was damaged; a wrong size explains what is too much of it, or cut.
 */
static void
manifest_knows(void **state)
{
	static const char
	    matches[] = "; the digest of the file matches the manifest: it was like this "
			"when it was backed up\n",
	    differs[] = "; the digest of the file does not match the manifest: it was "
			"changed after it was backed up\n";
	static const struct {
		enum damage damage;
		bool has_checksums, has_digests;
		struct memberset_row member;
		const char *end; /* of what is told; NULL: nothing */
		bool explains_digest;
	} rows[] = {
		{ FLIPPED, true, true, { .digest = FINDING_NOT_COMPARED }, " found\n",
		    true },
		{ FLIPPED, true, true, { .digest = FINDING_DIGEST_MATCHES }, matches,
		    true },
		{ FLIPPED, true, true, { .digest = FINDING_DIGEST_DIFFERS }, differs,
		    true },
		{ FLIPPED, true, false, { .digest = FINDING_DIGEST_DIFFERS }, " found\n",
		    true },
		{ NOT_ZERO, true, true, { .digest = FINDING_DIGEST_DIFFERS }, differs,
		    true },
		{ CUT, true, true, { .digest = FINDING_DIGEST_MATCHES }, matches, true },
		{ LATER, true, true, { .digest = FINDING_DIGEST_DIFFERS }, differs,
		    false },
		{ LATER, false, true, { .digest = FINDING_DIGEST_DIFFERS }, differs,
		    true },
		{ NONE, true, true, { .digest = FINDING_DIGEST_DIFFERS }, NULL, false },
		{ CUT, true, true, { .is_size_told = true }, NULL, false },
		{ FLIPPED, true, true,
		    { .is_size_told = true, .is_listed = true, .listed_size = 8192 },
		    NULL, false },
		{ FLIPPED, true, true,
		    { .is_size_told = true, .is_listed = true, .listed_size = 8193 },
		    " found\n", true },
		{ FLIPPED, true, true, { .is_size_told = true }, " found\n", true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct control control = { .data_checksums = rows[i].has_checksums,
			.block_size = PAGE_BYTES,
			.segment_blocks = 131072 };
		struct pagesuspect_limits limits = replayed;
		struct findings findings = { .tell = tell };
		struct pagesuspect *p = passed(rows[i].damage);
		struct error err = { 0 };
		size_t len;

		member = rows[i].member;
		limits.has_digests = rows[i].has_digests;
		pagesuspect_control(p, &control);
		assert_int_equal(
		    pagesuspect_judge(p, &limits, &findings, tell_benign, &err), 0);
		len = rows[i].end ? strlen(rows[i].end) : strlen(told);
		if (findings.count != (rows[i].end ? 1 : 0) || strlen(told) < len ||
		    strcmp(told + strlen(told) - len, rows[i].end ? rows[i].end : "") !=
			0)
			fail_msg("row %zu: %s", i, told);
		if (member.is_damage_told != rows[i].explains_digest)
			fail_msg("row %zu: %d", i, member.is_damage_told);
		pagesuspect_free(p);
		member = (struct memberset_row){ 0 };
	}
}

/* The copy of a database mends what was copied of it. */
static void
copied_database(void **state)
{
	const struct pagesuspect_mention copy = { 0, 1100, 1200, true };
	const struct control control = {
		.data_checksums = 1, .block_size = PAGE_BYTES, .segment_blocks = 131072
	};

	(void)state;
	for (uint32_t database = 4; database <= 5; database++) {
		struct findings findings = { .tell = tell };
		struct pagesuspect *p = passed(FLIPPED);
		struct error err = { 0 };

		pagesuspect_control(p, &control);
		assert_int_equal(pagesuspect_database(p, 1663, database, &copy, &err), 0);
		assert_int_equal(
		    pagesuspect_judge(p, &replayed, &findings, tell_benign, &err), 0);
		assert_int_equal(benign, database == 5);
		pagesuspect_free(p);
	}
}

/* Of a page and of its database: what the WAL says first counts, whoever is told of it. */
static void
copied_and_changed(void **state)
{
	static const struct {
		uint64_t copy, page; /* where the records are */
		bool is_made_anew;   /* by the copy; by the other record it is not */
		bool is_mended;
	} rows[] = {
		{ 1100, 1200, true, true },
		{ 1200, 1100, true, false },
		{ 1100, 1200, false, false },
		{ 1200, 1100, false, false },
	};
	const struct control control = {
		.data_checksums = 1, .block_size = PAGE_BYTES, .segment_blocks = 131072
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct pagesuspect_mention copy = { 0, rows[i].copy,
			rows[i].copy + 50, rows[i].is_made_anew };
		struct findings findings = { .tell = tell };
		struct pagesuspect *p = passed(FLIPPED);
		struct error err = { 0 };

		pagesuspect_control(p, &control);
		assert_int_equal(pagesuspect_database(p, 1663, 5, &copy, &err), 0);
		mention(p, 5, 0, 1,
		    (struct pagesuspect_mention){
			0, rows[i].page, rows[i].page + 50, false });
		assert_int_equal(
		    pagesuspect_judge(p, &replayed, &findings, tell_benign, &err), 0);
		assert_int_equal(benign, rows[i].is_mended);
		pagesuspect_free(p);
	}
}

/* As many records that copy a database as it has damaged pages. */
static double
many_copies(size_t n)
{
	static uint8_t page[PAGE_BYTES];
	const struct control control = {
		.data_checksums = 1, .block_size = PAGE_BYTES, .segment_blocks = 131072
	};
	struct pagesuspect_file file;
	struct pagesuspect *p;
	struct error err = { 0 };
	double start, took;

	pages_make(page, 0, LSN, 0);
	page[4000] ^= 1;
	assert_int_equal(pagesuspect_new(&p, &err), 0);
	assert_true(pagesuspect_is_relation("base/5/16384", &file));
	for (size_t i = 0; i < n; i++)
		assert_int_equal(
		    pagesuspect_bytes(p, &file, i * PAGE_BYTES, page, PAGE_BYTES, &err),
		    0);
	pagesuspect_control(p, &control);
	start = growth_clock();
	for (uint64_t i = 0; i < 10 * n; i++)
		assert_int_equal(
		    pagesuspect_database(p, 1663, 5,
			&(struct pagesuspect_mention){ 0, i, i + 1, true }, &err),
		    0);
	took = growth_clock() - start;
	pagesuspect_free(p);
	return took;
}

static void
copies_are_cheap(void **state)
{
	(void)state;
	growth_check(many_copies, 500);
}

static void
judged(void **state)
{
	static const struct {
		enum damage damage;
		bool has_checksums, is_replayed, has_wal, has_image;
		const char *told; /* "": nothing */
		unsigned benign, left;
	} rows[] = {
		{ NONE, true, true, true, false, "", 0, 0 },
		{ FLIPPED, true, true, true, false, "checksum: \"base/5/16384\", block 1",
		    0, 0 },
		{ FLIPPED, true, true, true, true, "", 1, 0 },
		{ FLIPPED, true, false, true, true, "checksum: \"base/5/16384\", block 1",
		    0, 0 },
		{ FLIPPED, true, true, false, false, "", 0, 1 },
		{ FLIPPED, false, true, true, false, "", 0, 0 },
		{ NO_CHECKSUM, true, true, true, false,
		    "checksum: \"base/5/16384\", block 1", 0, 0 },
		{ NO_CHECKSUM, false, true, true, false, "", 0, 0 },
		{ NOT_ZERO, true, true, true, false,
		    "not_zero: \"base/5/16384\", block 1", 0, 0 },
		{ LATER, true, true, true, false, "lsn: \"base/5/16384\", block 1", 0,
		    0 },
		{ LATER, true, false, true, false, "lsn: \"base/5/16384\", block 1", 0,
		    0 },
		/* without checksums pages of garbage are nothing new to the server */
		{ GARBAGE, true, true, true, false, "lsn: \"base/5/16384\", block 1", 0,
		    0 },
		{ GARBAGE, false, true, true, false, "", 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct findings findings = { .tell = tell };
		struct pagesuspect *p = passed(rows[i].damage);
		const struct control control = { .data_checksums = rows[i].has_checksums,
			.block_size = PAGE_BYTES,
			.segment_blocks = 131072 };
		struct error err = { 0 };

		pagesuspect_control(p, &control);
		mention(p, 5, 0, 0, (struct pagesuspect_mention){ 0, 1100, 1200, true });
		mention(p, 5, 1, 1, (struct pagesuspect_mention){ 0, 1100, 1200, true });
		mention(p, 4, 0, 1, (struct pagesuspect_mention){ 0, 1100, 1200, true });
		if (rows[i].has_image)
			mention(p, 5, 0, 1,
			    (struct pagesuspect_mention){ 0, 1100, 1200, true });
		assert_int_equal(
		    pagesuspect_judge(p,
			&(struct pagesuspect_limits){ .is_replayed = rows[i].is_replayed,
			    .has_wal = rows[i].has_wal,
			    .start_lsn = START,
			    .stop_lsn = STOP,
			    .is_read = is_read },
			&findings, tell_benign, &err),
		    0);
		if (strncmp(told, rows[i].told, strlen(rows[i].told)) != 0 ||
		    (rows[i].told[0] == '\0') != (told[0] == '\0'))
			fail_msg("row %zu: %s", i, told);
		assert_int_equal(benign, rows[i].benign);
		assert_int_equal(pagesuspect_sum(p).left_pages, rows[i].left);
		assert_int_equal(pagesuspect_sum(p).pages, 3);
		assert_int_equal(pagesuspect_sum(p).files, 1);
		pagesuspect_free(p);
	}
}

static void
places(void **state)
{
	static const struct {
		const char *path;
		bool is_one;
		uint32_t space, database;
	} rows[] = {
		{ "base/5/1259", true, 1663, 5 },
		{ "base/5/1259_fsm.3", true, 1663, 5 },
		{ "global/1262", true, 1664, 0 },
		{ "pg_tblspc/16400/PG_15_202209061/5/16401_init", true, 16400, 5 },
		{ "base/5/t3_16384", false, 0, 0 },
		{ "base/5/PG_VERSION", false, 0, 0 },
		{ "global/pg_control", false, 0, 0 },
		{ "pg_xact/0000", false, 0, 0 },
		{ "1259", false, 0, 0 },
		{ "base/5/1259.40000", false, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pagesuspect_file file;

		assert_int_equal(
		    pagesuspect_is_relation(rows[i].path, &file), rows[i].is_one);
		if (!rows[i].is_one)
			continue;
		assert_int_equal(file.at.space, rows[i].space);
		assert_int_equal(file.at.database, rows[i].database);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mentioned),
		cmocka_unit_test(cut),
		cmocka_unit_test(manifest_knows),
		cmocka_unit_test(copied_database),
		cmocka_unit_test(copied_and_changed),
		cmocka_unit_test(copies_are_cheap),
		cmocka_unit_test(judged),
		cmocka_unit_test(places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
