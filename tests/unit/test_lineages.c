/* WAL that passes before its history is known: the right lineage is found and described. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/lsn.h"
#include "support/walimage.h"
#include "wal/lineages.h"

static struct walimage image;
static struct walpage_expect expect;

struct counter {
	struct lineages_sink sink;
	size_t records;
};

static int
count(struct lineages_sink *sink, unsigned lineage, const struct walrecord *rec,
    struct error *err)
{
	(void)lineage;
	(void)rec;
	(void)err;
	((struct counter *)sink)->records++;
	return 0;
}

static struct counter counter = { .sink = { count } };

static void
make_image(void)
{
	assert_true(walimage_start(&image));
	walimage_heaps(&image, 30, 60);
}

/* From its first record on, on timeline 1. */
static struct lineages *
begun(void)
{
	struct lineages *w;
	struct error err = { 0 };

	expect = walimage_expect(&image);
	expect.history = NULL;
	counter.records = 0;
	assert_int_equal(lineages_new(&w,
			     &(struct lineages_options){ .expect = &expect,
				 .start_lsn = image.records[0].lsn,
				 .start_timeline = 1,
				 .sink = &counter.sink },
			     &err),
	    0);
	return w;
}

/* The ${n}th segment as a file of ${timeline}, which has nothing from ${end} on. */
static void
give(struct lineages *w, unsigned n, uint32_t timeline, uint64_t end)
{
	const uint64_t lsn = WALIMAGE_START + (uint64_t)n * WALIMAGE_SEGMENT;
	uint8_t bytes[WALIMAGE_SEGMENT];
	struct error err = { 0 };

	memcpy(bytes, image.bytes + (size_t)n * WALIMAGE_SEGMENT, sizeof(bytes));
	if (end < lsn + WALIMAGE_SEGMENT)
		memset(bytes + (end > lsn ? end - lsn : 0), 0,
		    WALIMAGE_SEGMENT - (size_t)(end > lsn ? end - lsn : 0));
	assert_int_equal(lineages_segment(w, timeline, lsn, &err), 0);
	assert_int_equal(lineages_bytes(w, bytes, sizeof(bytes), &err), 0);
}

static void
single(struct walhistory *h, uint32_t timeline)
{
	struct error err = { 0 };

	assert_int_equal(walhistory_single(h, timeline, &err), 0);
}

static const uint64_t no_end = UINT64_MAX;

static void
one_timeline(void **state)
{
	struct lineage lineage;
	struct walhistory h;
	struct lineages *w;
	struct error why;

	(void)state;
	make_image();
	walimage_backup_end(&image, image.records[0].lsn);
	walimage_heaps(&image, 3, 60);
	w = begun();
	for (unsigned n = 0; n < WALIMAGE_SIZE / WALIMAGE_SEGMENT; n++)
		give(w, n, 1, no_end);
	single(&h, 1);
	assert_true(lineages_find(w, &h, &lineage, &why));
	assert_int_equal(lineage.position, image.records[image.count - 1].end_lsn);
	assert_int_equal(lineage.records, image.count);
	assert_int_equal(counter.records, image.count);
	assert_int_equal(lineage.backup_end, image.records[30].end_lsn);
	assert_non_null(lineage.why); /* the WAL ends in the middle of a segment */
	assert_false(lineage.has_later);
	walhistory_free(&h);
	lineages_free(w);
	walimage_free(&image);
}

/*
 * Promoted in the middle of a segment, without the old timeline's file, or with that before or
 * after the new one's.
 */
static void
promoted(void **state)
{
	(void)state;
	for (int has_old = 0; has_old < 3; has_old++) {
		struct lineage lineage;
		struct walhistory h;
		struct lineages *w;
		struct error why;
		uint64_t left, segment;

		make_image();
		left = image.lsn;
		walimage_promote(&image);
		walimage_heaps(&image, 30, 60);
		segment = (left - WALIMAGE_START) / WALIMAGE_SEGMENT;
		assert_true(left % WALIMAGE_SEGMENT != 0);
		w = begun();
		for (unsigned n = 0; n < WALIMAGE_SIZE / WALIMAGE_SEGMENT; n++) {
			if (n < segment || (n == segment && has_old == 1))
				give(w, n, 1, left);
			if (n >= segment)
				give(w, n, 2, no_end);
			if (n == segment && has_old == 2)
				give(w, n, 1, left); /* the newer one came first */
		}
		if (!lineages_find(w, &image.history, &lineage, &why))
			fail_msg("%s", why.text);
		assert_int_equal(lineage.timeline, 2);
		assert_int_equal(
		    lineage.position, image.records[image.count - 1].end_lsn);
		assert_int_equal(lineage.records, image.count);
		/* what was read before it branched off is the other lineage's */
		assert_true(lineages_has(w, lineage.number, lineage.number, no_end - 1));
		assert_true(lineages_has(
		    w, lineage.number, 0, WALIMAGE_START + segment * WALIMAGE_SEGMENT));
		assert_false(lineages_has(w, lineage.number, 0,
		    WALIMAGE_START + segment * WALIMAGE_SEGMENT + 8));
		assert_false(lineages_has(w, 0, lineage.number, 8));
		/* the old lineage is there as well, if its file is */
		single(&h, 1);
		assert_true(lineages_find(w, &h, &lineage, &why));
		assert_true(lineage.position <= left);
		walhistory_free(&h);
		/* and a history that has not this switch finds none */
		single(&h, 2);
		assert_false(lineages_find(w, &h, &lineage, &why));
		assert_non_null(strstr(why.text, "timeline 1, expected 2"));
		walhistory_free(&h);
		lineages_free(w);
		walimage_free(&image);
	}
}

/* ${n} is left out, or damaged; what is found, with more after it. */
static void
broken(void (*damage)(void), unsigned leave_out, const char *text, bool has_later)
{
	struct lineage lineage;
	struct walhistory h;
	struct lineages *w;
	unsigned last = 0;
	struct error why;

	make_image();
	walimage_heaps(&image, 30, 60);
	if (damage)
		damage();
	w = begun();
	for (unsigned n = 0; n * WALIMAGE_SEGMENT < image.lsn - WALIMAGE_START; n++) {
		if (n == leave_out)
			continue;
		give(w, n, 1, no_end);
		last = n;
	}
	single(&h, 1);
	assert_true(lineages_find(w, &h, &lineage, &why));
	assert_non_null(lineage.why);
	assert_non_null(strstr(lineage.why->text, text));
	assert_int_equal(lineage.has_later, has_later);
	assert_true(lineage.position < image.records[image.count - 1].end_lsn);
	if (damage) {
		assert_string_equal(lineage.missing, "");
	} else {
		assert_int_equal(lineage.missing_lsn,
		    WALIMAGE_START + (uint64_t)leave_out * WALIMAGE_SEGMENT);
		assert_int_equal(
		    lineage.last_lsn, WALIMAGE_START + (uint64_t)last * WALIMAGE_SEGMENT);
		assert_non_null(strstr(text, lineage.missing));
	}
	walhistory_free(&h);
	lineages_free(w);
	walimage_free(&image);
}

static void
flip_record(void)
{
	*walimage_at(&image, image.records[10].lsn + 30) ^= 1;
}

static void
recycle(void)
{
	*walimage_at(&image, WALIMAGE_START + 2 * WALIMAGE_SEGMENT + 8) ^= 1;
}

static void
gaps_and_damage(void **state)
{
	char text[64], name[WALNAME_SIZE];

	(void)state;
	walname_build(name, 1, WALIMAGE_START / WALIMAGE_SEGMENT + 1, WALIMAGE_SEGMENT);
	snprintf(text, sizeof(text), "WAL segment \"%s\" is missing", name);
	broken(NULL, 1, text, true);
	broken(flip_record, 99, "checksum", true);
	broken(recycle, 99, "the segment was recycled", true);
}

/*
 * Promoted in a segment, whose number is SWITCH; of which timeline which segment is left out, or
 * all from it on, and which one recovery then asks for.
 */
enum { SWITCH = -1 };

static const struct lacking {
	const char *name;
	int first, last;   /* of those that are left out; the second counts from SWITCH */
	uint32_t timeline; /* of it; 0: of both */
	int missing;       /* of these */
	uint32_t missing_timeline;
	bool is_found;
} lackings[] = {
	{ "the first", 0, 0, 0, 0, 1, false },
	{ "the first, where later ones of both are there", 0, 0, 1, 0, 1, false },
	{ "that of the switch, of the new timeline", SWITCH, SWITCH, 2, SWITCH, 2,
	    false },
	{ "that of the switch, of the old one, which is not needed", SWITCH, SWITCH, 1,
	    -9, 0, true },
	{ "all of the new timeline", SWITCH, 99, 2, SWITCH, 2, false },
};

static bool
is_left_out(const struct lacking *row, int n, int at_switch, uint32_t timeline)
{
	const int first = row->first == SWITCH ? at_switch : row->first;
	const int last = row->last == SWITCH ? at_switch : row->last;

	return n >= first && n <= last &&
	    (row->timeline == 0 || row->timeline == timeline);
}

static void
lacks(const struct lacking *row)
{
	const uint64_t size = WALIMAGE_SEGMENT;
	struct lineage lineage;
	char name[WALNAME_SIZE];
	struct lineages *w;
	struct error why;
	int at_switch, missing;
	uint64_t left;

	make_image();
	left = image.lsn;
	at_switch = (int)((left - WALIMAGE_START) / size);
	walimage_promote(&image);
	walimage_heaps(&image, 30, 60);
	w = begun();
	for (int n = 0; (uint64_t)n * size < image.lsn - WALIMAGE_START; n++) {
		if (n <= at_switch && !is_left_out(row, n, at_switch, 1))
			give(w, (unsigned)n, 1, left);
		if (n >= at_switch && !is_left_out(row, n, at_switch, 2))
			give(w, (unsigned)n, 2, no_end);
	}
	if (lineages_find(w, &image.history, &lineage, &why) != row->is_found)
		fail_msg("%s: %s", row->name, why.text);
	missing = row->missing == SWITCH ? at_switch : row->missing;
	if (!row->is_found) {
		walname_build(name, row->missing_timeline,
		    WALIMAGE_START / size + (uint64_t)missing, (uint32_t)size);
		assert_string_equal(lineage.missing, name);
		assert_int_equal(
		    lineage.missing_lsn, WALIMAGE_START + (uint64_t)missing * size);
		assert_true(lineage.position <= left);
	}
	walhistory_free(&image.history);
	lineages_free(w);
	walimage_free(&image);
}

static void
missing_of_two(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(lackings) / sizeof(lackings[0]); i++)
		lacks(&lackings[i]);
}

/* The files end before the WAL does: the next segment is the one that is asked for. */
static void
no_more_files(void **state)
{
	struct lineage lineage;
	char name[WALNAME_SIZE];
	struct walhistory h;
	struct lineages *w;
	struct error why;

	(void)state;
	make_image();
	walimage_heaps(&image, 30, 60);
	w = begun();
	give(w, 0, 1, no_end);
	single(&h, 1);
	assert_true(lineages_find(w, &h, &lineage, &why));
	assert_null(lineage.why);
	walname_build(name, 1, WALIMAGE_START / WALIMAGE_SEGMENT + 1, WALIMAGE_SEGMENT);
	assert_string_equal(lineage.missing, name);
	assert_int_equal(lineage.missing_lsn, WALIMAGE_START + WALIMAGE_SEGMENT);
	walhistory_free(&h);
	lineages_free(w);
	walimage_free(&image);
}

static void
out_of_order(void **state)
{
	struct error err = { 0 };
	struct lineages *w;

	(void)state;
	make_image();
	w = begun();
	give(w, 1, 1, no_end);
	assert_int_equal(lineages_segment(w, 1, WALIMAGE_START, &err), -1);
	assert_int_equal(err.kind, ERROR_STATE);
	assert_int_equal(
	    lineages_segment(w, 1, WALIMAGE_START + WALIMAGE_SEGMENT, &err), -1);
	assert_int_equal(
	    lineages_segment(w, 2, WALIMAGE_START + WALIMAGE_SEGMENT, &err), 0);
	lineages_free(w);
	walimage_free(&image);
}

/* More timelines than are followed: no crash, and the first lineage is still known. */
static void
many(void **state)
{
	struct lineage lineage;
	struct walhistory h;
	struct lineages *w;
	struct error why;

	(void)state;
	make_image();
	w = begun();
	for (uint32_t timeline = 1; timeline <= 40; timeline++)
		give(w, 0, timeline, no_end);
	give(w, 1, 1, no_end);
	single(&h, 1);
	assert_true(lineages_find(w, &h, &lineage, &why));
	walhistory_free(&h);
	lineages_free(w);
	walimage_free(&image);
}

/* Of a timeline that was not followed it is not known what is missing. */
static void
left_out(void **state)
{
	static const char text[] = "1\tFF/FFFFFFF\tno reason\n";
	struct error err = { 0 }, why = { 0 };
	struct lineage lineage;
	struct walhistory h;
	struct lineages *w;

	(void)state;
	make_image();
	w = begun();
	for (uint32_t timeline = 1; timeline <= LINEAGES_MOST + 2; timeline++)
		give(w, 0, timeline, no_end);
	assert_int_equal(
	    walhistory_parse(text, strlen(text), LINEAGES_MOST + 2, &h, &err), 0);
	assert_false(lineages_find(w, &h, &lineage, &why));
	assert_int_equal(why.kind, ERROR_UNSUPPORTED);
	assert_string_equal(lineage.missing, "");
	walhistory_free(&h);
	lineages_free(w);
	walimage_free(&image);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_timeline),
		cmocka_unit_test(promoted),
		cmocka_unit_test(gaps_and_damage),
		cmocka_unit_test(missing_of_two),
		cmocka_unit_test(no_more_files),
		cmocka_unit_test(out_of_order),
		cmocka_unit_test(many),
		cmocka_unit_test(left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
