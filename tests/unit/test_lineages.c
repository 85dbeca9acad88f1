/* WAL that passes before its history is known: the right line is found, and told what it is. */
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
	struct wallines_sink sink;
	size_t records;
};

static int
count(struct wallines_sink *sink, unsigned line, const struct walrecord *rec,
    struct error *err)
{
	(void)line;
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
static struct wallines *
begun(void)
{
	struct wallines *w;
	struct error err = { 0 };

	expect = walimage_expect(&image);
	expect.history = NULL;
	counter.records = 0;
	assert_int_equal(wallines_new(&w,
			     &(struct wallines_options){ .expect = &expect,
				 .start_lsn = image.records[0].lsn,
				 .start_timeline = 1,
				 .sink = &counter.sink },
			     &err),
	    0);
	return w;
}

/* The ${n}th segment as a file of ${timeline}, which has nothing from ${end} on. */
static void
give(struct wallines *w, unsigned n, uint32_t timeline, uint64_t end)
{
	const uint64_t lsn = WALIMAGE_START + (uint64_t)n * WALIMAGE_SEGMENT;
	uint8_t bytes[WALIMAGE_SEGMENT];
	struct error err = { 0 };

	memcpy(bytes, image.bytes + (size_t)n * WALIMAGE_SEGMENT, sizeof(bytes));
	if (end < lsn + WALIMAGE_SEGMENT)
		memset(bytes + (end > lsn ? end - lsn : 0), 0,
		    WALIMAGE_SEGMENT - (size_t)(end > lsn ? end - lsn : 0));
	assert_int_equal(wallines_segment(w, timeline, lsn, &err), 0);
	assert_int_equal(wallines_bytes(w, bytes, sizeof(bytes), &err), 0);
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
	struct wallines_line line;
	struct walhistory h;
	struct wallines *w;
	struct error why;

	(void)state;
	make_image();
	walimage_backup_end(&image, image.records[0].lsn);
	walimage_heaps(&image, 3, 60);
	w = begun();
	for (unsigned n = 0; n < WALIMAGE_SIZE / WALIMAGE_SEGMENT; n++)
		give(w, n, 1, no_end);
	single(&h, 1);
	assert_true(wallines_find(w, &h, &line, &why));
	assert_int_equal(line.position, image.records[image.count - 1].end_lsn);
	assert_int_equal(line.records, image.count);
	assert_int_equal(counter.records, image.count);
	assert_int_equal(line.backup_end, image.records[30].end_lsn);
	assert_non_null(line.why); /* the WAL ends in the middle of a segment */
	assert_false(line.has_later);
	walhistory_free(&h);
	wallines_free(w);
	walimage_free(&image);
}

/*
 * Promoted in the middle of a segment, without the old timeline's file, or with that before or after
 * the new one's.
 */
static void
promoted(void **state)
{
	(void)state;
	for (int has_old = 0; has_old < 3; has_old++) {
		struct wallines_line line;
		struct walhistory h;
		struct wallines *w;
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
		if (!wallines_find(w, &image.history, &line, &why))
			fail_msg("%s", why.text);
		assert_int_equal(line.timeline, 2);
		assert_int_equal(line.position, image.records[image.count - 1].end_lsn);
		assert_int_equal(line.records, image.count);
		/* what was read before it branched off is the other line's */
		assert_true(wallines_has(w, line.number, line.number, no_end - 1));
		assert_true(wallines_has(
		    w, line.number, 0, WALIMAGE_START + segment * WALIMAGE_SEGMENT));
		assert_false(wallines_has(
		    w, line.number, 0, WALIMAGE_START + segment * WALIMAGE_SEGMENT + 8));
		assert_false(wallines_has(w, 0, line.number, 8));
		/* the old line is there as well, if its file is */
		single(&h, 1);
		assert_true(wallines_find(w, &h, &line, &why));
		assert_true(line.position <= left);
		walhistory_free(&h);
		/* and a history that has not this switch finds none */
		single(&h, 2);
		assert_false(wallines_find(w, &h, &line, &why));
		assert_non_null(strstr(why.text, "timeline 1, expected 2"));
		walhistory_free(&h);
		wallines_free(w);
		walimage_free(&image);
	}
}

/* ${n} is left out, or damaged; what is found, with more after it. */
static void
broken(void (*damage)(void), unsigned leave_out, const char *text, bool has_later)
{
	struct wallines_line line;
	struct walhistory h;
	struct wallines *w;
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
	assert_true(wallines_find(w, &h, &line, &why));
	assert_non_null(line.why);
	assert_non_null(strstr(line.why->text, text));
	assert_int_equal(line.has_later, has_later);
	assert_true(line.position < image.records[image.count - 1].end_lsn);
	if (damage) {
		assert_string_equal(line.missing, "");
	} else {
		assert_int_equal(line.missing_lsn,
		    WALIMAGE_START + (uint64_t)leave_out * WALIMAGE_SEGMENT);
		assert_int_equal(
		    line.last_lsn, WALIMAGE_START + (uint64_t)last * WALIMAGE_SEGMENT);
		assert_non_null(strstr(text, line.missing));
	}
	walhistory_free(&h);
	wallines_free(w);
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
 * Promoted in a segment, whose number is SWITCH; of which timeline which segment is left out, or all
 * from it on, and which one recovery then asks for.
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
	struct wallines_line line;
	char name[WALNAME_SIZE];
	struct wallines *w;
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
	if (wallines_find(w, &image.history, &line, &why) != row->is_found)
		fail_msg("%s: %s", row->name, why.text);
	missing = row->missing == SWITCH ? at_switch : row->missing;
	if (!row->is_found) {
		walname_build(name, row->missing_timeline,
		    WALIMAGE_START / size + (uint64_t)missing, (uint32_t)size);
		assert_string_equal(line.missing, name);
		assert_int_equal(
		    line.missing_lsn, WALIMAGE_START + (uint64_t)missing * size);
		assert_true(line.position <= left);
	}
	walhistory_free(&image.history);
	wallines_free(w);
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
	struct wallines_line line;
	char name[WALNAME_SIZE];
	struct walhistory h;
	struct wallines *w;
	struct error why;

	(void)state;
	make_image();
	walimage_heaps(&image, 30, 60);
	w = begun();
	give(w, 0, 1, no_end);
	single(&h, 1);
	assert_true(wallines_find(w, &h, &line, &why));
	assert_null(line.why);
	walname_build(name, 1, WALIMAGE_START / WALIMAGE_SEGMENT + 1, WALIMAGE_SEGMENT);
	assert_string_equal(line.missing, name);
	assert_int_equal(line.missing_lsn, WALIMAGE_START + WALIMAGE_SEGMENT);
	walhistory_free(&h);
	wallines_free(w);
	walimage_free(&image);
}

static void
out_of_order(void **state)
{
	struct error err = { 0 };
	struct wallines *w;

	(void)state;
	make_image();
	w = begun();
	give(w, 1, 1, no_end);
	assert_int_equal(wallines_segment(w, 1, WALIMAGE_START, &err), -1);
	assert_int_equal(err.kind, ERROR_STATE);
	assert_int_equal(
	    wallines_segment(w, 1, WALIMAGE_START + WALIMAGE_SEGMENT, &err), -1);
	assert_int_equal(
	    wallines_segment(w, 2, WALIMAGE_START + WALIMAGE_SEGMENT, &err), 0);
	wallines_free(w);
	walimage_free(&image);
}

/* More timelines than are followed: no crash, and the first line is still known. */
static void
many(void **state)
{
	struct wallines_line line;
	struct walhistory h;
	struct wallines *w;
	struct error why;

	(void)state;
	make_image();
	w = begun();
	for (uint32_t timeline = 1; timeline <= 40; timeline++)
		give(w, 0, timeline, no_end);
	give(w, 1, 1, no_end);
	single(&h, 1);
	assert_true(wallines_find(w, &h, &line, &why));
	walhistory_free(&h);
	wallines_free(w);
	walimage_free(&image);
}

/* Of a timeline that was not followed it is not known what is missing. */
static void
left_out(void **state)
{
	static const char text[] = "1\tFF/FFFFFFF\tno reason\n";
	struct error err = { 0 }, why = { 0 };
	struct wallines_line line;
	struct walhistory h;
	struct wallines *w;

	(void)state;
	make_image();
	w = begun();
	for (uint32_t timeline = 1; timeline <= WALLINES_MOST + 2; timeline++)
		give(w, 0, timeline, no_end);
	assert_int_equal(
	    walhistory_parse(text, strlen(text), WALLINES_MOST + 2, &h, &err), 0);
	assert_false(wallines_find(w, &h, &line, &why));
	assert_int_equal(why.kind, ERROR_UNSUPPORTED);
	assert_string_equal(line.missing, "");
	walhistory_free(&h);
	wallines_free(w);
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
