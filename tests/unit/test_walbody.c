/* The body of a WAL segment: every page of what passes is looked at, up to the stop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "archive/walbody.h"

enum { SEGMENT = 256 * 1024, PAGE = 8192 };

#define NAME "000000010000000000000003"
#define START ((uint64_t)3 * SEGMENT)
#define ID UINT64_C(7710953701937684148)

static struct walhistory history;
static uint8_t segment[SEGMENT];

static void
put(uint8_t *at, const void *value, size_t len)
{
	memcpy(at, value, len);
}

/* The pages of a segment as the server leaves them behind. */
static int
setup(void **state)
{
	const uint16_t magic = 0xD110, flags = 2;
	const uint32_t timeline = 1, segment_size = SEGMENT, page_size = PAGE;
	const uint64_t id = ID;
	struct error err = { 0 };

	(void)state;
	memset(segment, 'x', sizeof(segment));
	for (size_t at = 0; at < SEGMENT; at += PAGE) {
		const uint64_t lsn = START + at;

		memset(segment + at, 0, 40);
		put(segment + at, &magic, 2);
		put(segment + at + 4, &timeline, 4);
		put(segment + at + 8, &lsn, 8);
	}
	put(segment + 2, &flags, 2);
	put(segment + 24, &id, 8);
	put(segment + 32, &segment_size, 4);
	put(segment + 36, &page_size, 4);
	return walhistory_single(&history, 1, &err);
}

static int
teardown(void **state)
{
	(void)state;
	walhistory_free(&history);
	return 0;
}

/* Tell the segment in pieces of ${step}, of the last of which ${missing} are gone. */
static int
tell(struct body *body, size_t step, size_t missing, struct error *err)
{
	int rc = 0;

	for (size_t at = 0; rc == 0 && at < SEGMENT; at += step) {
		size_t len = SEGMENT - at < step ? SEGMENT - at : step;
		const struct piece piece = { .bytes = segment + at,
			.len = len,
			.offset = at,
			.missing = at + len == SEGMENT ? missing : 0 };

		rc = body->ops->piece(body, &piece, err);
	}
	if (rc == 0 && body->ops->end)
		rc = body->ops->end(body, err);
	body->ops->free(body);
	return rc;
}

static struct body *
new_body(bool is_checked, uint64_t stop_lsn)
{
	static const struct walpage_expect expect = { 0xD110, ID, SEGMENT, PAGE,
		&history };
	const struct walbody_options opt = { is_checked ? &expect : NULL, 1, START,
		stop_lsn };
	struct error err = { 0 };
	struct body *body;

	assert_int_equal(walbody_new(&body, NAME, &opt, &err), 0);
	assert_string_equal(body->name, NAME);
	assert_false(body->wants_crc32c);
	return body;
}

static void
a_sound_segment(void **state)
{
	struct error err = { 0 };

	(void)state;
	for (size_t pages = 1; pages <= 40; pages *= 3)
		assert_int_equal(
		    tell(new_body(true, START + SEGMENT), pages * PAGE, 0, &err), 0);
}

/* A page of another place: told with the file's name, and what to do. */
static void
a_recycled_page(void **state)
{
	struct error err = { 0 };

	(void)state;
	segment[5 * PAGE + 10] ^= 1;
	assert_int_equal(tell(new_body(true, START + SEGMENT), 2 * PAGE, 0, &err), -1);
	assert_int_equal(err.kind, ERROR_FORMAT);
	assert_memory_equal(err.text, "WAL file \"" NAME "\": WAL page at 0/CA000: ", 55);
	assert_non_null(strstr(err.hint, "pg_wal"));
	/* behind the stop it means nothing, nor where nothing is expected */
	assert_int_equal(tell(new_body(true, START + 5 * PAGE), 2 * PAGE, 0, &err), 0);
	assert_int_equal(
	    tell(new_body(true, START + 5 * PAGE + 1), 2 * PAGE, 0, &err), -1);
	assert_int_equal(tell(new_body(false, START + SEGMENT), 2 * PAGE, 0, &err), 0);
	segment[5 * PAGE + 10] ^= 1;
}

/* Nothing the server does makes a segment shorter, needed or not. */
static void
a_cut_segment(void **state)
{
	struct error err = { 0 };

	(void)state;
	for (int is_checked = 0; is_checked <= 1; is_checked++) {
		assert_int_equal(
		    tell(new_body(is_checked, START + SEGMENT), 4 * PAGE, 1, &err), -1);
		assert_string_equal(
		    err.text, "WAL file \"" NAME "\" was cut while it was sent");
		assert_int_equal(err.kind, ERROR_STATE);
		assert_non_null(strstr(err.hint, "run the backup again"));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sound_segment),
		cmocka_unit_test(a_recycled_page),
		cmocka_unit_test(a_cut_segment),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
