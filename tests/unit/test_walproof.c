/* The proof that a backup's WAL leads to its end, and what it says of tablespaces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/walimage.h"
#include "support/walsample.h"
#include "wal/walproof.h"

static struct walimage image;
static bool skips_filler;

/* From the first record to the end of the last. */
static struct oids absent;

static int
prove(struct walproof **p, bool is_primary, struct error *err)
{
	const struct walpage_expect expect = walimage_expect(&image);
	const struct walproof_options opt = {
		.expect = &expect,
		.start_lsn = image.records[0].lsn,
		.stop_lsn = image.records[image.count - 1].end_lsn,
		.is_primary = is_primary,
		.absent = &absent,
		.skips_filler = skips_filler,
	};

	if (walproof_new(p, &opt, err))
		return -1;
	for (size_t at = 0; at < WALIMAGE_SIZE; at += WALIMAGE_SEGMENT)
		if (walproof_segment(*p, 1, WALIMAGE_START + at, err) ||
		    walproof_bytes(*p, image.bytes + at, WALIMAGE_SEGMENT, err))
			return -1;
	return walproof_finish(*p, err);
}

/* The last records of a backup, and what is said of them; NULL: all is well. */
static struct row {
	const char *name;
	bool is_primary;
	uint64_t start; /* in the end-of-backup record; 0: there is none */
	bool goes_on;   /* another record after it */
	const char *error;
} rows[] = {
	{ "primary", true, WALIMAGE_START + 40, false, NULL },
	{ "standby", false, 0, false, NULL },
	{ "standby, with the end of another backup", false, 99, false, NULL },
	{ "primary without an end", true, 0, false,
	    "WAL record at 2/1050: it is the last before the stop position 2/1080, but "
	    "does not end the backup that began at 2/1028" },
	{ "primary with the end before", true, WALIMAGE_START + 40, true,
	    "WAL record at 2/10C0: it is the last before the stop position 2/10E8, but "
	    "does not end the backup that began at 2/1028" },
	{ "end of another backup", true, 0x28, false,
	    "WAL record at 2/1098 ends the backup that began at 0/28, expected 2/1028" },
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static void
check_row(void **state)
{
	const struct row *row = *state;
	struct walproof *p = NULL;
	struct error err = { 0 };
	int rc;

	assert_true(walimage_start(&image));
	walimage_heaps(&image, 2, 40);
	if (row->start > 0)
		walimage_backup_end(&image, row->start);
	if (row->goes_on)
		walimage_heap(&image, 40);
	rc = prove(&p, row->is_primary, &err);
	assert_string_equal(err.text, row->error ? row->error : "");
	assert_int_equal(rc, row->error ? -1 : 0);
	assert_int_equal(walproof_records(p), image.count);
	walproof_free(p);
	walimage_free(&image);
}

/* A tablespace that the copy has not: the first record that makes a file in it counts. */
static void
absent_tablespace(void **state)
{
	static const uint8_t create[] = { 4, 0x40, 0, 0, 5, 0, 0, 0, 1, 0x40, 0, 0, 0, 0,
		0, 0 };
	static const char *const oids[] = { "16389", "16388" };
	struct walproof *p = NULL;
	struct error err = { 0 };
	uint64_t lsn;

	(void)state;
	assert_true(walimage_start(&image));
	walimage_heap(&image, 40);
	walimage_main(&image, 2, 0x10, create, sizeof(create));
	walimage_main(&image, 2, 0x10, create, sizeof(create));
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(oids_add(&absent, oids[i], &err), 0);
		assert_int_equal(prove(&p, false, &err), 0);
		assert_int_equal(walproof_absent(p, &lsn), i == 0 ? 0 : 16388);
		assert_true(i == 0 || lsn == image.records[1].lsn);
		walproof_free(p);
	}
	oids_free(&absent);
	walimage_free(&image);
}

static void
tablespaces(void **state)
{
	static const uint8_t first[] = "\x04\x40\0\0/srv/a b";
	static const uint8_t second[] = "\x05\x40\0\0";
	const struct walproof_tablespace *found;
	struct walproof *p = NULL;
	struct error err = { 0 };
	size_t count;

	(void)state;
	assert_true(walimage_start(&image));
	walimage_heap(&image, 40);
	walimage_main(&image, WALIMAGE_TABLESPACE, 0, first, sizeof(first));
	walimage_main(&image, WALIMAGE_TABLESPACE, 0x10, second, 4); /* DROP */
	walimage_main(&image, WALIMAGE_TABLESPACE, 0, second, sizeof(second));
	assert_int_equal(prove(&p, false, &err), 0);
	found = walproof_tablespaces(p, &count);
	assert_int_equal(count, 2);
	assert_int_equal(found[0].oid, 16388);
	assert_string_equal(found[0].path, "/srv/a b");
	assert_int_equal(found[1].oid, 16389);
	assert_string_equal(found[1].path, "");
	walproof_free(p);
	walimage_free(&image);
}

/* Its checksum is right, its content is no tablespace's: the reader would have failed. */
static void
bad_tablespace(void **state)
{
	struct walproof *p = NULL;
	struct error err = { 0 };

	(void)state;
	assert_true(walimage_start(&image));
	walimage_heap(&image, 40);
	walimage_main(&image, WALIMAGE_TABLESPACE, 0, "abc", 3);
	assert_int_equal(prove(&p, false, &err), -1);
	assert_string_equal(err.text,
	    "WAL record at 2/1050: it does not hold the OID and location of a tablespace");
	walproof_free(p);
	walimage_free(&image);
}

/* Left by a crash: recovery does not look there, and neither need a proof. */
static void
filler(void **state)
{
	(void)state;
	assert_true(walimage_start(&image));
	walimage_heap(&image, 40);
	walimage_switch(&image, false);
	walimage_heap(&image, 40);
	*walimage_at(&image, WALIMAGE_START + 3 * WALIMAGE_PAGE) = 1;
	for (int skips = 0; skips < 2; skips++) {
		struct walproof *p = NULL;
		struct error err = { 0 };

		skips_filler = skips;
		assert_int_equal(prove(&p, false, &err), skips ? 0 : -1);
		walproof_free(p);
	}
	skips_filler = false;
	walimage_free(&image);
}

/* Which segments are missing, a bit each; records that are whole in the others are read. */
static void
check_lacking(const char *name, unsigned missing)
{
	const struct walpage_expect expect = walimage_expect(&image);
	const struct walproof_options opt = { .expect = &expect,
		.start_lsn = image.records[0].lsn,
		.stop_lsn = image.records[image.count - 1].end_lsn,
		.skips_filler = true };
	struct walproof *p = NULL;
	struct error err = { 0 };
	uint64_t records = 0;

	for (size_t i = 0; i < image.count; i++) {
		const struct walrecord *r = &image.records[i];
		uint64_t first = (r->lsn - WALIMAGE_START) / WALIMAGE_SEGMENT;
		bool is_whole = true;

		for (; first <= (r->end_lsn - 1 - WALIMAGE_START) / WALIMAGE_SEGMENT;
		     first++)
			is_whole = is_whole && !(missing >> first & 1);
		records += is_whole;
	}
	assert_int_equal(walproof_new(&p, &opt, &err), 0);
	for (unsigned i = 0; WALIMAGE_START + i * WALIMAGE_SEGMENT < opt.stop_lsn; i++) {
		const uint64_t lsn = WALIMAGE_START + (uint64_t)i * WALIMAGE_SEGMENT;
		const uint8_t *bytes = image.bytes + i * WALIMAGE_SEGMENT;

		if (missing >> i & 1) {
			walproof_skip(p);
			continue;
		}
		if (walproof_segment(p,
			walhistory_at(&image.history, lsn + WALIMAGE_SEGMENT - 1), lsn,
			&err) ||
		    walproof_bytes(p, bytes, WALIMAGE_PAGE, &err) ||
		    walproof_bytes(
			p, bytes + WALIMAGE_PAGE, WALIMAGE_SEGMENT - WALIMAGE_PAGE, &err))
			fail_msg("%s, without %02X: %s", name, missing, err.text);
	}
	assert_int_equal(walproof_is_whole(p), missing == 0);
	if (walproof_finish(p, &err) || walproof_records(p) != records)
		fail_msg("%s, without %02X: %d of %d: %s", name, missing,
		    (int)walproof_records(p), (int)records, err.text);
	walproof_free(p);
}

static void
lacking(void **state)
{
	(void)state;
	for (size_t i = 0; i < WALSAMPLE_COUNT; i++) {
		unsigned used;

		assert_true(walimage_start(&image));
		walsamples[i].make(&image);
		used = (unsigned)((image.records[image.count - 1].end_lsn - 1 -
				      WALIMAGE_START) /
			   WALIMAGE_SEGMENT) +
		    1;
		for (unsigned missing = 0; missing < 1U << used; missing++)
			check_lacking(walsamples[i].name, missing);
		walimage_free(&image);
	}
}

/* An error is over with the segment that it came of; one in the next is another. */
static void
skipped_error(void **state)
{
	const struct walpage_expect expect = walimage_expect(&image);
	struct walproof_options opt = { .expect = &expect };
	struct walproof *p = NULL;
	struct error err = { 0 };

	(void)state;
	assert_true(walimage_start(&image));
	walimage_heaps(&image, 60, 40);
	opt.start_lsn = image.records[0].lsn;
	opt.stop_lsn = image.records[59].end_lsn;
	assert_true(opt.stop_lsn > WALIMAGE_START + 2 * WALIMAGE_SEGMENT);
	image.bytes[70] ^= 1;
	image.bytes[2 * WALIMAGE_SEGMENT] ^= 1;
	assert_int_equal(walproof_new(&p, &opt, &err), 0);
	assert_int_equal(walproof_segment(p, 1, WALIMAGE_START, &err), 0);
	assert_int_equal(walproof_bytes(p, image.bytes, WALIMAGE_SEGMENT, &err), -1);
	walproof_skip(p);
	assert_int_equal(
	    walproof_segment(p, 1, WALIMAGE_START + WALIMAGE_SEGMENT, &err), 0);
	assert_int_equal(
	    walproof_bytes(p, image.bytes + WALIMAGE_SEGMENT, WALIMAGE_SEGMENT, &err), 0);
	walproof_skip(p);
	assert_int_equal(
	    walproof_segment(p, 1, WALIMAGE_START + 2 * WALIMAGE_SEGMENT, &err), 0);
	assert_int_equal(
	    walproof_bytes(p, image.bytes + 2 * WALIMAGE_SEGMENT, WALIMAGE_SEGMENT, &err),
	    -1);
	assert_string_equal(
	    err.text, "WAL page at 2/1800: magic number D111, expected D110");
	walproof_free(p);
	walimage_free(&image);
}

static void
wrong_call(void **state)
{
	struct walproof *p = NULL;
	struct error err = { 0 };
	const struct walpage_expect expect = walimage_expect(&image);
	const struct walproof_options opt = {
		.expect = &expect, .start_lsn = 16, .stop_lsn = 16
	};

	(void)state;
	assert_int_equal(walproof_new(&p, &opt, &err), -1);
	assert_null(p);
	walproof_free(NULL);
}

int
main(void)
{
	enum { SINGLE = 7 };
	struct CMUnitTest tests[SINGLE + ROWS] = {
		cmocka_unit_test(tablespaces),
		cmocka_unit_test(absent_tablespace),
		cmocka_unit_test(bad_tablespace),
		cmocka_unit_test(filler),
		cmocka_unit_test(wrong_call),
		cmocka_unit_test(lacking),
		cmocka_unit_test(skipped_error),
	};

	for (size_t i = 0; i < ROWS; i++)
		tests[SINGLE + i] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = check_row,
			.initial_state = &rows[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
