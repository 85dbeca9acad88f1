/* What makes a WAL record one that recovery would not replay, and what is said of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wal/walreader_check.h"
#include "wal/walreader_internal.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define OF_RECORD "WAL record at 0/2000: "

static struct walpage_expect expect;

/* A walk that is at the record at 0/2000, after the one at 0/1F00, and ends at 0/3000. */
static struct walreader
reader(void)
{
	expect.version = cluster_version(15);
	return (struct walreader){ .expect = &expect,
		.stop_lsn = 0x3000,
		.end = 0x1f80,
		.next = 0x2000,
		.prev = 0x1f00,
		.abandoned = NONE };
}

/* ${text} NULL: it is sound. */
static void
expect_said(int rc, const struct error *err, const char *text)
{
	assert_int_equal(rc, text ? -1 : 0);
	if (text == NULL)
		return;
	assert_int_equal(err->kind, ERROR_FORMAT);
	assert_string_equal(err->text, text);
}

static void
lengths(void **state)
{
	static const struct {
		uint32_t len;
		const char *text;
	} rows[] = {
		{ 0, "WAL ends at 0/1F80, before the stop position 0/3000" },
		{ 1,
		    OF_RECORD
		    "1 bytes is not a valid length, expected 24 to 1069547520" },
		{ 23,
		    OF_RECORD
		    "23 bytes is not a valid length, expected 24 to 1069547520" },
		{ 24, NULL },
		{ 1069547520, NULL },
		{ 1069547521,
		    OF_RECORD
		    "1069547521 bytes is not a valid length, expected 24 to 1069547520" },
		{ UINT32_MAX,
		    OF_RECORD
		    "4294967295 bytes is not a valid length, expected 24 to 1069547520" },
	};
	const struct walreader r = reader();

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct error err = { 0 };

		expect_said(
		    walreader_check_length(&r, rows[i].len, &err), &err, rows[i].text);
	}
}

static void
headers(void **state)
{
	static const struct {
		unsigned major;
		uint8_t rmid;
		uint64_t before, prev; /* the record that was read before, and the link */
		const char *text;
	} rows[] = {
		{ 15, 0, 0x1f00, 0x1f00, NULL },
		{ 15, 21, 0x1f00, 0x1f00, NULL },
		{ 15, 22, 0x1f00, 0x1f00, OF_RECORD "invalid resource manager ID 22" },
		/* of an extension */
		{ 15, 127, 0x1f00, 0x1f00, OF_RECORD "invalid resource manager ID 127" },
		{ 15, 128, 0x1f00, 0x1f00, NULL },
		{ 15, 0, 0x1f00, 0x1f08,
		    OF_RECORD
		    "its link to the previous record is 0/1F08, expected 0/1F00" },
		{ 15, 0, 0x1f00, 0,
		    OF_RECORD "its link to the previous record is 0/0, expected 0/1F00" },
		/* of the first record no more is known */
		{ 15, 0, NONE, 0, NULL },
		{ 15, 0, NONE, 0x1ff8, NULL },
		{ 15, 0, NONE, 0x2000,
		    OF_RECORD
		    "its link to the previous record is 0/2000, which is after it" },
		{ 15, 0, NONE, 0x2008,
		    OF_RECORD
		    "its link to the previous record is 0/2008, which is after it" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct walrecord rec = { .rmid = rows[i].rmid,
			.prev = rows[i].prev };
		struct walreader r = reader();
		struct error err = { 0 };

		expect.version = cluster_version(rows[i].major);
		r.prev = rows[i].before;
		expect_said(walreader_check_header(&r, &rec, &err), &err, rows[i].text);
	}
}

/* A record of XLOG_OVERWRITE_CONTRECORD about the one at ${lsn}; 0: one of another kind. */
static struct walrecord
overwrite(uint64_t lsn, uint8_t bytes[18])
{
	memset(bytes, 0, 18);
	bytes[0] = 255;
	bytes[1] = 16;
	memcpy(bytes + 2, &lsn, sizeof(lsn));
	return (struct walrecord){ .rmid = 0,
		.info = lsn == 0 ? 0x30 : 0xd0,
		.version = cluster_version(15),
		.data = bytes,
		.len = 18 };
}

static void
overwrites(void **state)
{
	static const struct {
		uint64_t abandoned, says; /* says 0: it is no such record */
		bool is_blind, is_first;
		const char *text;
	} rows[] = {
		{ NONE, 0, false, false, NULL },
		{ 0x1f80, 0x1f80, false, false, NULL },
		{ 0x1f80, 0, false, false,
		    OF_RECORD "it does not say that the record at 0/1F80 is incomplete" },
		{ 0x1f80, 0x1f00, false, false,
		    OF_RECORD "it does not say that the record at 0/1F80 is incomplete" },
		{ NONE, 0x1f80, false, false,
		    OF_RECORD
		    "it says that the record at 0/1F80 is incomplete, but that is complete" },
		/* what was before the first was not read */
		{ NONE, 0x1f80, false, true,
		    OF_RECORD
		    "it says that the record at 0/1F80 is incomplete, but that is complete" },
		{ NONE, 0x1f80, true, true, NULL },
		{ 0x1f80, 0, true, true, NULL },
		{ NONE, 0x1f80, true, false,
		    OF_RECORD
		    "it says that the record at 0/1F80 is incomplete, but that is complete" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint8_t bytes[18];
		const struct walrecord rec = overwrite(rows[i].says, bytes);
		struct walreader r = reader();
		struct error err = { 0 };

		r.abandoned = rows[i].abandoned;
		r.is_blind = rows[i].is_blind;
		if (rows[i].is_first)
			r.prev = NONE;
		expect_said(
		    walreader_check_overwrite(&r, &rec, &err), &err, rows[i].text);
		if (rows[i].text == NULL) /* and the next must not say so again */
			assert_true(r.abandoned == NONE);
	}
}

/* CRC-32C of the data first, then of the header up to the checksum. */
static void
checksums(void **state)
{
	uint8_t header[WALRECORD_HEADER] = { 28, 0, 0, 0, 7 }, data[] = "data";
	const struct walrecord rec = { .data = data, .len = 4 };
	struct walreader r = reader();
	struct error err = { 0 };
	uint32_t right;

	(void)state;
	r.crc = right = walrecord_crc(header, data, 4);
	assert_int_equal(walreader_check_crc(&r, &rec, header, &err), 0);
	data[3] ^= 1;
	assert_int_equal(walreader_check_crc(&r, &rec, header, &err), -1);
	data[3] ^= 1;
	header[4] ^= 1;
	assert_int_equal(walreader_check_crc(&r, &rec, header, &err), -1);
	header[4] ^= 1;
	header[20] ^= 1; /* the field of the checksum is no part of it */
	assert_int_equal(walreader_check_crc(&r, &rec, header, &err), 0);
	r.crc = 0x1a2b;
	assert_int_equal(walreader_check_crc(&r, &rec, header, &err), -1);
	assert_memory_equal(
	    err.text, OF_RECORD "checksum 00001A2B, expected ", strlen(err.text) - 8);
	assert_int_equal(strtoul(err.text + strlen(err.text) - 8, NULL, 16), right);
}

static void
ends(void **state)
{
	const struct walreader r = reader();
	struct error err = { 0 };

	(void)state;
	expect_said(walreader_check_end(&r, 0x2ff8, &err), &err, NULL);
	expect_said(walreader_check_end(&r, 0x3000, &err), &err, NULL);
	expect_said(walreader_check_end(&r, 0x3008, &err), &err,
	    OF_RECORD "it ends at 0/3008, after the stop position 0/3000");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lengths),
		cmocka_unit_test(headers),
		cmocka_unit_test(overwrites),
		cmocka_unit_test(checksums),
		cmocka_unit_test(ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
