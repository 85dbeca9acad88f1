/* The body of a WAL segment: what passes is given to the proof, and its errors get names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "archive/walbody.h"
#include "support/walimage.h"

#define NAME "000000010000000000000003"

static struct walimage image;
static struct walpage_expect expect;
static uint64_t stop; /* the end of a record in the first segment */

static int
setup(void **state)
{
	(void)state;
	if (!walimage_start(&image))
		return -1;
	walimage_heaps(&image, 20, 40);
	for (size_t i = 0; i < image.count; i++)
		if (image.records[i].end_lsn < WALIMAGE_START + WALIMAGE_SEGMENT)
			stop = image.records[i].end_lsn;
	expect = walimage_expect(&image);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	walimage_free(&image);
	return 0;
}

static struct walproof *
new_proof(void)
{
	const struct walproof_options opt = {
		.expect = &expect, .start_lsn = image.records[0].lsn, .stop_lsn = stop
	};
	struct error err = { 0 };
	struct walproof *proof;

	assert_int_equal(walproof_new(&proof, &opt, &err), 0);
	return proof;
}

/* Tell the segment in pieces of ${step}, of the last of which ${missing} are gone. */
static int
tell(struct walproof *proof, size_t step, size_t missing, struct error *err)
{
	const struct walbody_options opt = { proof, 1, WALIMAGE_START };
	struct body *body;
	int rc = 0;

	assert_int_equal(walbody_new(&body, NAME, &opt, err), 0);
	assert_string_equal(body->name, NAME);
	assert_false(body->wants_crc32c);
	for (size_t at = 0; rc == 0 && at < WALIMAGE_SEGMENT; at += step) {
		size_t len = WALIMAGE_SEGMENT - at < step ? WALIMAGE_SEGMENT - at : step;
		const struct piece piece = { .bytes = image.bytes + at,
			.len = len,
			.offset = at,
			.missing = at + len == WALIMAGE_SEGMENT ? missing : 0 };

		rc = body->ops->piece(body, &piece, err);
	}
	if (rc == 0 && body->ops->end)
		rc = body->ops->end(body, err);
	body->ops->free(body);
	return rc;
}

static void
a_sound_segment(void **state)
{
	(void)state;
	for (size_t pages = 1; pages <= 8; pages++) {
		struct walproof *proof = new_proof();
		struct error err = { 0 };

		assert_int_equal(tell(proof, pages * WALIMAGE_PAGE, 0, &err), 0);
		assert_int_equal(walproof_finish(proof, &err), 0);
		assert_true(walproof_records(proof) > 5);
		walproof_free(proof);
	}
}

/* A record that is not what it was: told with the file's name, and what to do. */
static void
a_damaged_record(void **state)
{
	static const char begins[] = "WAL file \"" NAME "\": WAL record at 2/";
	uint8_t *damaged = walimage_at(&image, image.records[3].lsn + 30);
	struct walproof *proof = new_proof();
	struct error err = { 0 };

	(void)state;
	*damaged ^= 1;
	assert_int_equal(tell(proof, 2 * WALIMAGE_PAGE, 0, &err), -1);
	assert_int_equal(err.kind, ERROR_FORMAT);
	assert_memory_equal(err.text, begins, sizeof(begins) - 1);
	assert_non_null(strstr(err.hint, "pg_wal"));
	walproof_free(proof);
	/* where nothing is to be proved it means nothing */
	assert_int_equal(tell(NULL, 2 * WALIMAGE_PAGE, 0, &err), 0);
	*damaged ^= 1;
}

/* Nothing the server does makes a segment shorter, needed or not. */
static void
a_cut_segment(void **state)
{
	(void)state;
	for (int is_needed = 0; is_needed <= 1; is_needed++) {
		struct walproof *proof = is_needed ? new_proof() : NULL;
		struct error err = { 0 };

		assert_int_equal(tell(proof, 4 * WALIMAGE_PAGE, 1, &err), -1);
		assert_string_equal(
		    err.text, "WAL file \"" NAME "\" was truncated while it was sent");
		assert_int_equal(err.kind, ERROR_STATE);
		assert_non_null(strstr(err.hint, "run the backup again"));
		walproof_free(proof);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sound_segment),
		cmocka_unit_test(a_damaged_record),
		cmocka_unit_test(a_cut_segment),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
