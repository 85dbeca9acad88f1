/* Damaged pages that the WAL mends: by its images, and by the copy of their database. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/growth.h"
#include "support/suspectpages.c.inc"

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

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct findings findings = { .tell = tell };
		struct pagesuspect *p = passed(FLIPPED);
		struct error err = { 0 };

		pagesuspect_control(p, &checksums);
		for (size_t m = 0; m < COUNT(rows[i].m) && rows[i].m[m].lsn > 0; m++)
			mention(p, 5, 0, 1, rows[i].m[m]);
		assert_int_equal(
		    pagesuspect_judge(p, &replayed, &findings, tell_benign, &err), 0);
		if (benign != rows[i].is_mended)
			fail_msg("%s: %s", rows[i].name, told);
		pagesuspect_free(p);
	}
}

/* The copy of a database mends what was copied of it. */
static void
copied_database(void **state)
{
	const struct pagesuspect_mention copy = { 0, 1100, 1200, true };

	(void)state;
	for (uint32_t database = 4; database <= 5; database++) {
		struct findings findings = { .tell = tell };
		struct pagesuspect *p = passed(FLIPPED);
		struct error err = { 0 };

		pagesuspect_control(p, &checksums);
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

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct pagesuspect_mention copy = { 0, rows[i].copy,
			rows[i].copy + 50, rows[i].is_made_anew };
		struct findings findings = { .tell = tell };
		struct pagesuspect *p = passed(FLIPPED);
		struct error err = { 0 };

		pagesuspect_control(p, &checksums);
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
	pagesuspect_control(p, &checksums);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mentioned),
		cmocka_unit_test(copied_database),
		cmocka_unit_test(copied_and_changed),
		cmocka_unit_test(copies_are_cheap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
