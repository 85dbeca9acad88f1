/* The struct of a checkpoint, as each release writes it into pg_control. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pg/checkpoint.h"
#include "pg/control.h"
#include "support/controlimage.h"

/* The versions of pg_control that there are, and bytes of the struct in each. */
static const struct {
	unsigned version;
	size_t size;
} rows[] = {
	{ 1002, 80 },
	{ 1100, 80 },
	{ 1201, 88 },
	{ 1300, 88 },
	{ 1700, 88 },
	{ 1800, 88 },
	{ 1905, 96 },
};

/* No more memory than the struct has, so that a byte too many is noticed. */
static uint8_t *
take(const uint8_t *image, unsigned version, size_t size)
{
	uint8_t *bytes = malloc(size);

	assert_non_null(bytes);
	memcpy(bytes, image + controlimage_at(version, "redo"), size);
	return bytes;
}

static void
fields(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t image[CONTROL_SIZE], *bytes;
		struct checkpoint c = { 0 };
		struct error err = { 0 };

		controlimage_make(image, rows[i].version);
		bytes = take(image, rows[i].version, rows[i].size);
		assert_int_equal(
		    checkpoint_decode(bytes, rows[i].size, rows[i].version, &c, &err), 0);
		/* the values of controlimage_make() */
		assert_int_equal(c.next_xid, 0x100000320);
		assert_int_equal(c.oldest_xid, 700);
		assert_int_equal(c.oldest_xid_database, 1);
		assert_int_equal(c.oldest_active_xid, 795);
		assert_int_equal(c.next_multi, 20);
		assert_int_equal(c.oldest_multi, 9);
		assert_int_equal(c.oldest_multi_database, 5);
		assert_int_equal(c.next_offset, 55);
		assert_int_equal(c.oldest_commit_ts, 710);
		assert_int_equal(c.newest_commit_ts, 790);
		free(bytes);
	}
}

static void
refused(void **state)
{
	static const unsigned unknown[] = { 0, 1001, 1101, 1200, 1801, 1904, 1906,
		4294967295 };
	static const uint8_t bytes[96];
	struct checkpoint c = { .oldest_xid = 77 };
	struct error err = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		assert_int_equal(
		    checkpoint_decode(bytes, sizeof(bytes), unknown[i], &c, &err), -1);
		assert_int_equal(err.kind, ERROR_UNSUPPORTED);
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t image[CONTROL_SIZE], *cut;

		controlimage_make(image, rows[i].version);
		cut = take(image, rows[i].version, rows[i].size - 1);
		assert_int_equal(
		    checkpoint_decode(cut, rows[i].size - 1, rows[i].version, &c, &err),
		    -1);
		assert_int_equal(err.kind, ERROR_FORMAT);
		free(cut);
	}
	assert_int_equal(c.oldest_xid, 77);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
