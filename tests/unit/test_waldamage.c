/* WAL record by record: damage is found, and it is said where and what. */
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
make(void (*how)(struct walimage *))
{
	walimage_free(&image);
	assert_true(walimage_start(&image));
	how(&image);
}

/* The damages, each with what is said of it. */

static uint8_t *
field(struct walimage *w, size_t n, size_t offset)
{
	return walimage_at(w, w->records[n].lsn + offset);
}

static void
seal(struct walimage *w, size_t n)
{
	walimage_seal(w, w->records[n].lsn);
}

static void
wrong_prev(struct walimage *w)
{
	walsample_small(w);
	*field(w, 3, 8) = 0x28;
	seal(w, 3);
}

static void
prev_points_forward(struct walimage *w)
{
	walsample_small(w);
	*field(w, 0, 9) = 0x77;
	seal(w, 0);
}

static void
wrong_data(struct walimage *w)
{
	walsample_small(w);
	*field(w, 1, 25) ^= 1;
}

static void
wrong_header(struct walimage *w)
{
	walsample_small(w);
	*field(w, 2, 4) ^= 1;
}

static void
wrong_manager(struct walimage *w)
{
	walsample_small(w);
	*field(w, 1, 17) = 22;
	seal(w, 1);
}

static void
too_short(struct walimage *w)
{
	walsample_small(w);
	*field(w, 1, 0) = 23;
}

static void
too_long(struct walimage *w)
{
	walsample_small(w);
	memcpy(field(w, 1, 0), &(uint32_t){ WALRECORD_MAX + 1 }, 4);
}

/* No memory is asked for what never comes. */
static void
longest(struct walimage *w)
{
	walsample_small(w);
	memcpy(field(w, 1, 0), &(uint32_t){ WALRECORD_MAX }, 4);
}

static void
wal_ends(struct walimage *w)
{
	walsample_small(w);
	memset(field(w, 2, 0), 0, 4);
}

static void
page_empty(struct walimage *w)
{
	walsample_small(w);
	memset(walimage_at(w, START + 2 * PAGE), 0, PAGE);
}

static void
page_stale(struct walimage *w)
{
	walsample_small(w);
	*walimage_at(w, START + 2 * PAGE + 9) ^= 0x40;
}

static void
rest_differs(struct walimage *w)
{
	walsample_long_ones(w);
	*walimage_at(w, START + 3 * PAGE + 16) ^= 1;
}

static void
rest_is_missing(struct walimage *w)
{
	walsample_long_ones(w);
	*walimage_at(w, START + 3 * PAGE + 2) = 0;
	memset(walimage_at(w, START + 3 * PAGE + 16), 0, 4);
}

static void
rest_of_nothing(struct walimage *w)
{
	uint64_t page;

	walimage_heap(w, 24);
	walimage_until(w, 0);
	page = w->lsn;
	walimage_heaps(w, 2, 40);
	*walimage_at(w, page + 2) |= 1;
	*walimage_at(w, page + 16) = 9;
}

static void
filler_in_page(struct walimage *w)
{
	walsample_switch_zeros(w);
	*walimage_at(w, w->records[3].lsn + 32) = 1;
}

static void
filler_in_zeros(struct walimage *w)
{
	walsample_switch_zeros(w);
	*walimage_at(w, START + 4 * PAGE + 70) = 1;
}

static void
filler_in_header(struct walimage *w)
{
	walsample_switch_headers(w);
	*walimage_at(w, START + 4 * PAGE + 70) = 1;
}

static void
filler_begins_record(struct walimage *w)
{
	walsample_switch_headers(w);
	*walimage_at(w, START + 4 * PAGE + 2) |= 1;
	*walimage_at(w, START + 4 * PAGE + 16) = 9;
}

/* A server that crashed between the switch record and its filler. */
static void
filler_is_stale(struct walimage *w)
{
	uint64_t page = START + 4 * PAGE;

	walsample_switch_zeros(w);
	memcpy(walimage_at(w, page), walimage_at(w, START + PAGE), PAGE);
}

static void
overwrite_of_other(struct walimage *w)
{
	walsample_abandoned(w);
	*field(w, 3, 26) ^= 8;
	seal(w, 3);
}

static void
overwrite_of_none(struct walimage *w)
{
	static const uint8_t data[16] = { 0x28, 0x10, 0, 0, 2 };

	walimage_heaps(w, 3, 40);
	walimage_main(w, WALIMAGE_XLOG, WALIMAGE_OVERWRITE, data, sizeof(data));
}

static void
overwrite_is_missing(struct walimage *w)
{
	walsample_abandoned(w);
	*field(w, 3, 16) = 0x20;
	seal(w, 3);
}

/* The new timeline's first record links to nothing that was read. */
static void
promoted_from_elsewhere(struct walimage *w)
{
	walimage_heaps(w, 20, 40);
	walimage_promote(w);
	w->prev -= 8;
	walimage_heaps(w, 20, 40);
}

static void
wrong_timeline(struct walimage *w)
{
	walsample_promoted(w);
	*walimage_at(w, START + SEGMENT + 4 * PAGE + 4) = 1;
}

static struct damage {
	const char *name;
	void (*make)(struct walimage *);
	const char *error;
} damages[] = {
	{ "wrong link", wrong_prev,
	    "WAL record at 2/10A0: its link to the previous record is 2/1028, expected 2/1068" },
	{ "first record links forward", prev_points_forward,
	    "WAL record at 2/1028: its link to the previous record is 2/7700, which is after it" },
	{ "wrong data", wrong_data, "WAL record at 2/1048: checksum *" },
	{ "wrong header", wrong_header, "WAL record at 2/1068: checksum *" },
	{ "wrong resource manager", wrong_manager,
	    "WAL record at 2/1048: invalid resource manager ID 22" },
	{ "too short", too_short,
	    "WAL record at 2/1048: 23 bytes is not a valid length, expected 24 to 1069547520" },
	{ "too long", too_long,
	    "WAL record at 2/1048: 1069547521 bytes is not a valid length, expected 24 to 1069547520" },
	{ "longest", longest,
	    "WAL page at 2/1080: * bytes are left of a record, expected *" },
	{ "WAL ends", wal_ends, "WAL ends at 2/1068, before the stop position 2/*" },
	{ "page is empty", page_empty,
	    "WAL page at 2/1100: page is empty: it was never written" },
	{ "page is stale", page_stale,
	    "WAL page at 2/1100: unexpected page address 2/5100: *" },
	{ "rest of a record differs", rest_differs,
	    "WAL page at 2/1180: * bytes are left of a record, expected * of the record at "
	    "2/10C8" },
	{ "rest of a record is missing", rest_is_missing,
	    "WAL page at 2/1180: 0 bytes are left of a record, expected * of the record at "
	    "2/10C8" },
	{ "rest of no record", rest_of_nothing,
	    "WAL page at *: 9 bytes are left of a record, expected the start of a record" },
	{ "not empty in the switch's page", filler_in_page,
	    "WAL at 2/1080: the rest of the segment is not empty, although the record at 2/10C8 "
	    "ended it" },
	{ "not empty after a switch", filler_in_zeros,
	    "WAL at 2/1200: the rest of the segment is not empty, although the record at 2/10C8 "
	    "ended it" },
	{ "not empty in an empty page", filler_in_header,
	    "WAL at 2/1200: the rest of the segment is not empty, although the record at 2/10C8 "
	    "ended it" },
	{ "record goes on after a switch", filler_begins_record,
	    "WAL page at 2/1200: 9 bytes are left of a record, expected the start of a record" },
	{ "stale after a switch", filler_is_stale,
	    "WAL page at 2/1200: unexpected page address 2/1080: the page was not written since the segment was "
	    "recycled" },
	{ "other record is incomplete", overwrite_of_other,
	    "WAL record at *: it does not say that the record at 2/10C8 is incomplete*" },
	{ "no record is incomplete", overwrite_of_none,
	    "WAL record at 2/10C8: it says that the record at 2/1028 is incomplete, *" },
	{ "record that tells is missing", overwrite_is_missing,
	    "WAL record at *: it does not say that the record at 2/10C8 is incomplete*" },
	{ "promoted from elsewhere", promoted_from_elsewhere,
	    "WAL record at 2/*: its link to the previous record is 2/*, expected 2/*" },
	{ "wrong timeline", wrong_timeline,
	    "WAL page at 2/1600: timeline 1, expected 2" },
};

enum { DAMAGES = sizeof(damages) / sizeof(damages[0]) };

/* Is it the text, in which "*" stands for anything? */
static bool
matches(const char *text, const char *form)
{
	for (; *form != '*'; text++, form++)
		if (*text != *form)
			return false;
		else if (*form == '\0')
			return true;
	do
		if (matches(text, form + 1))
			return true;
	while (*text++ != '\0');
	return false;
}

static void
read_damage(void **state)
{
	static const size_t pieces[] = { SEGMENT, PAGE, 3 * PAGE };
	const struct damage *row = *state;

	make(row->make);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		struct walwalk k = walwalk_whole(&image, pieces[i]);
		struct error err = { 0 };

		assert_int_equal(walwalk_run(&k, &err), -1);
		assert_int_equal(err.kind, ERROR_FORMAT);
		if (!matches(err.text, row->error))
			assert_string_equal(err.text, row->error);
		assert_false(k.differs);
	}
}

/* A reader that is told to does not look after a switch. */
static void
filler_is_skipped(void **state)
{
	static void (*const makes[])(struct walimage *) = { filler_in_page,
		filler_in_zeros, filler_in_header, filler_begins_record,
		filler_is_stale };
	static const size_t pieces[] = { SEGMENT, PAGE, 3 * PAGE, 43 };

	(void)state;
	for (size_t i = 0; i < 4 * sizeof(makes) / sizeof(makes[0]); i++) {
		struct walwalk k;
		struct error err = { 0 };

		make(makes[i / 4]);
		k = walwalk_whole(&image, pieces[i % 4]);
		k.skips_filler = true;
		assert_int_equal(walwalk_run(&k, &err), 0);
		assert_int_equal(k.count, image.count);
		assert_int_equal(k.position, k.stop);
	}
}

/* All else is found by such a reader, too: also where a switch is not far. */
static void
past_filler(void **state)
{
	struct walwalk k;
	struct error err = { 0 };

	(void)state;
	make(walsample_switch_zeros);
	memset(walimage_at(&image, START + SEGMENT), 0, PAGE);
	k = walwalk_whole(&image, PAGE);
	k.skips_filler = true;
	assert_int_equal(walwalk_run(&k, &err), -1);
	assert_string_equal(
	    err.text, "WAL page at 2/1400: page is empty: it was never written");
}

static void
past_stop(void **state)
{
	struct walwalk k;
	struct error err = { 0 };

	(void)state;
	make(walsample_small);
	k = walwalk_whole(&image, PAGE);
	k.stop = image.records[3].end_lsn - 8;
	assert_int_equal(walwalk_run(&k, &err), -1);
	assert_string_equal(err.text,
	    "WAL record at 2/10A0: it ends at 2/10C0, after the "
	    "stop position 2/10B8");
	assert_int_equal(k.count, 3);
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
	enum { SINGLE = 3 };
	struct CMUnitTest tests[SINGLE + DAMAGES] = {
		cmocka_unit_test(filler_is_skipped),
		cmocka_unit_test(past_filler),
		cmocka_unit_test(past_stop),
	};

	for (size_t i = 0; i < DAMAGES; i++)
		tests[SINGLE + i] = (struct CMUnitTest){ .name = damages[i].name,
			.test_func = read_damage,
			.initial_state = &damages[i] };
	return cmocka_run_group_tests(tests, NULL, teardown);
}
