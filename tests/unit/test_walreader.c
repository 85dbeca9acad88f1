/* WAL record by record: whatever a server writes is read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/walsample.h"
#include "support/walwalk.h"

enum { PAGE = WALIMAGE_PAGE, SEGMENT = WALIMAGE_SEGMENT };
#define START WALIMAGE_START

static struct walimage image;

static void
make_of(unsigned major, void (*how)(struct walimage *))
{
	walimage_free(&image);
	assert_true(walimage_start_of(&image, major));
	how(&image);
}

static void
make(void (*how)(struct walimage *))
{
	make_of(15, how);
}

static void
read_sound_of(const struct walsample *row, unsigned major)
{
	static const size_t pieces[] = { SEGMENT, PAGE, 3 * PAGE, PAGE / 2, 43 };

	make_of(major, row->make);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		struct walwalk k = walwalk_whole(&image, pieces[i]);
		struct error err = { 0 };
		int rc;

		rc = walwalk_run(&k, &err);
		assert_string_equal(err.text, "");
		assert_int_equal(rc, 0);
		assert_int_equal(k.count, image.count);
		assert_false(k.differs);
		assert_int_equal(k.position, k.stop);
	}
}

/* The releases between which something of the WAL changed. */
static void
read_sound(void **state)
{
	static const unsigned majors[] = { 10, 14, 15, 18, 19 };

	for (size_t i = 0; i < sizeof(majors) / sizeof(majors[0]); i++)
		read_sound_of(*state, majors[i]);
}

/* From every record on, and from its page's start if it is the first there. */
static void
start_anywhere(void **state)
{
	(void)state;
	make(walsample_long_ones);
	for (size_t i = 0; i + 1 < image.count; i++) {
		struct walwalk k = walwalk_whole(&image, PAGE);
		struct error err = { 0 };

		k.start = image.records[i].lsn;
		k.first = i;
		assert_int_equal(walwalk_run(&k, &err), 0);
		assert_int_equal(k.count, image.count - i);
		assert_false(k.differs);
	}
	make(walsample_small);
	for (int at_page = 0; at_page < 2; at_page++) {
		struct walwalk k = walwalk_whole(&image, PAGE);
		struct error err = { 0 };

		k.start -= at_page ? WALPAGE_LONG_HEADER : 0;
		assert_int_equal(walwalk_run(&k, &err), 0);
		assert_int_equal(k.count, image.count);
	}
}

/* Is it a place to stop: a record's end, or after a switch? */
static bool
is_end(uint64_t stop, size_t *count)
{
	for (size_t i = 0; i < image.count; i++) {
		const struct walrecord *rec = &image.records[i];

		*count = i + 1;
		if (rec->end_lsn == stop)
			return true;
		if (rec->info == WALIMAGE_SWITCH && stop < rec->end_lsn &&
		    stop >= rec->lsn + WALRECORD_HEADER)
			return true;
	}
	return false;
}

/* Every position as the stop, and no byte after its page. */
static void
stop_anywhere(void **state)
{
	uint64_t last;

	(void)state;
	make(walsample_switch_headers);
	last = image.records[image.count - 1].end_lsn;
	for (uint64_t stop = image.records[0].lsn + 8; stop <= last; stop += 8) {
		struct walwalk k = walwalk_whole(&image, PAGE);
		struct error err = { 0 };
		size_t count = 0;
		int rc;

		k.stop = stop;
		k.end = (stop + PAGE - 1) / PAGE * PAGE;
		rc = walwalk_run(&k, &err);
		assert_int_equal(rc, is_end(stop, &count) ? 0 : -1);
		if (rc == 0)
			assert_int_equal(k.count, count);
		else
			assert_int_equal(err.kind, ERROR_FORMAT);
	}
}

/* Every cut of what comes is told as such. */
static void
cut_anywhere(void **state)
{
	(void)state;
	make(walsample_long_ones);
	for (uint64_t end = START + PAGE; end < image.lsn; end += PAGE) {
		struct walwalk k = walwalk_whole(&image, PAGE);
		struct error err = { 0 };
		char expected[64];

		k.end = end;
		if (end == image.lsn / PAGE * PAGE + PAGE)
			break;
		assert_int_equal(walwalk_run(&k, &err), -1);
		snprintf(expected, sizeof(expected),
		    "WAL ends at 2/%X, before the stop position 2/%X",
		    (unsigned)k.position, (unsigned)k.stop);
		assert_string_equal(err.text, expected);
	}
}

/* A stop without a limit: the walk finds the end, whether pages follow it or not. */
static void
find_end(void **state)
{
	(void)state;
	for (size_t i = 0; i < WALSAMPLE_COUNT; i++) {
		struct walwalk k;
		struct error err = { 0 };

		make(walsamples[i].make);
		k = walwalk_whole(&image, PAGE);
		k.stop = UINT64_MAX;
		assert_int_equal(walwalk_run(&k, &err), -1);
		assert_int_equal(k.position, image.records[image.count - 1].end_lsn);
		assert_int_equal(k.count, image.count);
		walimage_heap(&image, 200);
		memset(walimage_at(&image, image.records[image.count - 1].lsn), 0, 24);
		image.count--;
		k.count = 0;
		assert_int_equal(walwalk_run(&k, &err), -1);
		assert_int_equal(k.position, image.records[image.count - 1].end_lsn);
		assert_int_equal(k.count, image.count);
	}
}

/*
 * What no check can see: the padding of page headers and after records, the flag that
 * concerns archivers only, the one of an incomplete record where none is.
 */
static bool
is_meaningless(uint64_t lsn, int bit)
{
	uint64_t page = lsn - lsn % PAGE;
	uint8_t flags = image.bytes[page + 2 - START];

	if (image.bytes[page - START] == 0) /* zeros after a switch */
		return false;
	if (lsn % PAGE >= 20 && lsn % PAGE < WALPAGE_SHORT_HEADER)
		return true;
	if (lsn % PAGE == 2 && (bit == 2 || (bit == 3 && (flags & 1) == 0)))
		return true;
	for (size_t i = 0; i < image.count; i++) {
		const struct walrecord *rec = &image.records[i];
		uint64_t pad = (8 - rec->total_len % 8) % 8;

		if (lsn < rec->end_lsn && lsn >= rec->end_lsn - pad)
			return true;
	}
	return false;
}

static void
many_things(struct walimage *w)
{
	walimage_heaps(w, 4, 40);
	walimage_heap(w, 300);
	walimage_until(w, 16);
	walimage_heaps(w, 2, 41);
	walimage_switch(w, true);
	walimage_heaps(w, 2, 90);
	walimage_switch(w, false);
	walimage_heaps(w, 2, 90);
	walimage_promote(w);
	walimage_heaps(w, 10, 90);
}

/* Every bit between start and stop. */
static void
flip_anywhere(void **state)
{
	struct walwalk k;

	(void)state;
	make(many_things);
	k = walwalk_whole(&image, SEGMENT);
	for (uint64_t lsn = k.start; lsn < k.stop; lsn++)
		for (int bit = 0; bit < 8; bit++) {
			bool is_fine = is_meaningless(lsn, bit);
			struct error err = { 0 };

			image.bytes[lsn - START] ^= (uint8_t)(1 << bit);
			k = walwalk_whole(&image, SEGMENT);
			assert_int_equal(walwalk_run(&k, &err), is_fine ? 0 : -1);
			if (!is_fine)
				assert_int_equal(err.kind, ERROR_FORMAT);
			image.bytes[lsn - START] ^= (uint8_t)(1 << bit);
		}
}

static void
refused(void **state)
{
	struct walwalk k;
	struct error err = { 0 };

	(void)state;
	make(walsample_small);
	k = walwalk_whole(&image, PAGE);
	k.fail_at = 5;
	assert_int_equal(walwalk_run(&k, &err), -1);
	assert_string_equal(err.text, "refused");
	assert_int_equal(k.position, image.records[4].lsn);
}

/* Positions that are none, and segments that are not the next. */
static void
wrong_call(void **state)
{
	const struct walpage_expect expect = walimage_expect(&image);
	struct walreader_options opt = {
		.expect = &expect, .start_lsn = START + 41, .stop_lsn = START + PAGE
	};
	struct walreader *r;
	struct error err = { 0 };

	(void)state;
	make(walsample_small);
	assert_int_equal(walreader_new(&r, &opt, &err), -1);
	assert_null(r);
	assert_string_equal(err.text, "no WAL record can begin at 2/1029");
	opt.start_lsn = opt.stop_lsn;
	assert_int_equal(walreader_new(&r, &opt, &err), -1);
	assert_string_equal(err.text,
	    "there is no WAL between the start position 2/1080 and the "
	    "stop position 2/1080");
	opt.start_lsn = START + 8;
	assert_int_equal(walreader_new(&r, &opt, &err), 0);
	assert_int_equal(walreader_segment(r, 1, START + SEGMENT, &err), -1);
	assert_string_equal(err.text,
	    "WAL segment begins at 2/1400, expected the one that begins at 2/1000");
	assert_int_equal(walreader_segment(r, 1, START, &err), 0);
	assert_int_equal(walreader_bytes(r, image.bytes, PAGE, &err), -1);
	assert_string_equal(err.text, "WAL position 2/1008 is within a page header");
	walreader_free(r);
	walreader_free(NULL);
}

static void
segment_is_short(void **state)
{
	const struct walpage_expect expect = walimage_expect(&image);
	const struct walreader_options opt = {
		.expect = &expect, .start_lsn = START + 40, .stop_lsn = UINT64_MAX
	};
	struct walreader *r;
	struct error err = { 0 };

	(void)state;
	make(walsample_small);
	assert_int_equal(walreader_new(&r, &opt, &err), 0);
	assert_int_equal(walreader_segment(r, 1, START, &err), 0);
	assert_int_equal(walreader_bytes(r, image.bytes, 2 * PAGE, &err), 0);
	assert_int_equal(walreader_segment(r, 1, START + SEGMENT, &err), -1);
	assert_int_equal(err.kind, ERROR_STATE);
	walreader_free(r);
}

static int
teardown(void **state)
{
	(void)state;
	walimage_free(&image);
	return 0;
}

int
main(void)
{
	enum { SINGLE = 8 };
	struct CMUnitTest tests[SINGLE + WALSAMPLE_COUNT] = {
		cmocka_unit_test(start_anywhere),
		cmocka_unit_test(stop_anywhere),
		cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(find_end),
		cmocka_unit_test(flip_anywhere),
		cmocka_unit_test(refused),
		cmocka_unit_test(wrong_call),
		cmocka_unit_test(segment_is_short),
	};

	for (size_t i = 0; i < WALSAMPLE_COUNT; i++)
		tests[SINGLE + i] = (struct CMUnitTest){ .name = walsamples[i].name,
			.test_func = read_sound,
			.initial_state = &walsamples[i] };
	return cmocka_run_group_tests(tests, NULL, teardown);
}
