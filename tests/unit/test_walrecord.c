/* One record: its header, its checksum, its parts, and the kinds that are known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/walbytes.c.inc"

/*
 * The bytes after a header in hexadecimal, and what of them is the main data.
 */
static struct row {
	const char *name;
	const char *bytes;
	unsigned major;
	const char *main;  /* NULL: not to be found */
	const char *error; /* follows "WAL record at 0/2000028: " */
} rows[] = {
	{ "nothing", "", 15, "", NULL },
	{ "short main data", "FF03 AABBCC", 15, "AABBCC", NULL },
	{ "long main data", "FE03000000 AABBCC", 15, "AABBCC", NULL },
	{ "no main data", "FF00", 15, "", NULL },
	{ "origin", "FD0100 FF01 AA", 15, "AA", NULL },
	{ "top-level transaction", "FC01020304 FF01 AA", 15, "AA", NULL },
	{ "block with data", "00200200 000000000000000000000000 00000000 FF01 1111 AA",
	    15, "AA", NULL },
	{ "block with data only", "00200200 000000000000000000000000 00000000 1111", 15,
	    "", NULL },
	{ "block without data", "00000000 000000000000000000000000 00000000", 15, "",
	    NULL },
	{ "two blocks of one relation",
	    "00200200 000000000000000000000000 00000000 01A00100 00000000 FF02 "
	    "1111 22 AABB",
	    15, "AABB", NULL },
	{ "last block's number", "20A00100 00000000 FF01 11 AA", 15, "AA", NULL },
	{ "image with a hole", "00900000 0300 0000 01 00000000 FF01 111111 AA", 15, "AA",
	    NULL },
	{ "image with a hole, to be applied",
	    "00900000 0300 0000 03 00000000 FF01 111111 AA", 15, "AA", NULL },
	{ "image by pglz", "00900000 0300 0000 05 0000 00000000 FF01 111111 AA", 15, "AA",
	    NULL },
	{ "image by lz4", "00900000 0300 0000 09 0000 00000000 FF01 111111 AA", 15, "AA",
	    NULL },
	{ "image by zstd", "00900000 0300 0000 13 0000 00000000 FF01 111111 AA", 15, "AA",
	    NULL },
	{ "image by zstd, no hole", "00900000 0300 0000 12 00000000 FF01 111111 AA", 15,
	    "AA", NULL },
	{ "image of 14", "00900000 0300 0000 05 00000000 FF01 111111 AA", 14, "AA",
	    NULL },
	{ "compressed image of 14", "00900000 0300 0000 03 0000 00000000 FF01 111111 AA",
	    14, "AA", NULL },

	{ "too short", "FF03 AABB", 15, NULL,
	    "the lengths in it do not add up to its 4 bytes" },
	{ "too long", "FF03 AABBCCDD", 15, NULL,
	    "the lengths in it do not add up to its 6 bytes" },
	{ "far too short", "FEFFFFFFFF AABB", 15, NULL,
	    "the lengths in it do not add up to its 7 bytes" },
	{ "cut in a length", "FE0300", 15, NULL,
	    "the lengths in it do not add up to its 3 bytes" },
	{ "cut before a length", "FF", 15, NULL,
	    "the lengths in it do not add up to its 1 bytes" },
	{ "cut in a block", "00200200 0000", 15, NULL,
	    "the lengths in it do not add up to its 6 bytes" },
	{ "cut in an image", "0090000003", 15, NULL,
	    "the lengths in it do not add up to its 5 bytes" },
	{ "block's data is cut", "00A00200 00000000 11", 15, NULL,
	    "the lengths in it do not add up to its 9 bytes" },
	{ "unknown part", "FB0000", 15, NULL, "unknown block ID 251" },
	{ "unknown block", "21A00100 00000000 11", 15, NULL, "unknown block ID 33" },
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static void
check_row(void **state)
{
	const struct row *row = *state;
	struct walrecord rec = { .lsn = 0x2000028,
		.version = cluster_version(row->major) };
	char expected[128] = "";
	struct error err = { 0 };
	const uint8_t *data = NULL;
	uint8_t *bytes, *wanted;
	size_t len = 0, wanted_len;

	bytes = unhex(row->bytes, &rec.len);
	bytes = exactly(bytes, rec.len);
	rec.data = bytes;
	assert_int_equal(
	    walrecord_main_data(&rec, &data, &len, &err), row->error ? -1 : 0);
	if (row->error)
		snprintf(expected, sizeof(expected), "WAL record at 0/2000028: %s",
		    row->error);
	assert_string_equal(err.text, expected);
	if (row->main) {
		wanted = unhex(row->main, &wanted_len);
		assert_int_equal(len, wanted_len);
		assert_memory_equal(data, wanted, len);
		free(wanted);
	}
	free(bytes);
}

/* XLOG_BACKUP_END as a 15 wrote it at 0/3B000188. */
static void
real(void **state)
{
	static const char text[] =
	    "22000000 00000000 1001003B00000000 50 00 0000 3C58DC80"
	    "FF08 D800003B00000000";
	struct walrecord rec = { 0 };
	uint32_t crc = 0;
	uint64_t start = 0;
	size_t len;
	uint8_t *bytes = unhex(text, &len);

	(void)state;
	walrecord_decode(bytes, &rec, &crc);
	assert_int_equal(rec.total_len, len);
	assert_int_equal(rec.xid, 0);
	assert_int_equal(rec.prev, 0x3B000110);
	assert_int_equal(rec.info, 0x50);
	assert_int_equal(rec.rmid, 0);
	assert_int_equal(crc, 0x80DC583C);
	rec.data = bytes + WALRECORD_HEADER;
	rec.len = len - WALRECORD_HEADER;
	assert_int_equal(walrecord_crc(bytes, rec.data, rec.len), crc);
	assert_true(walrecord_is_backup_end(&rec, &start));
	assert_int_equal(start, 0x3B0000D8);
	free(bytes);
}

static void
kinds(void **state)
{
	static const uint8_t seven[] = { 255, 7, 1, 2, 3, 4, 5, 6, 7 };
	static const uint8_t eight[] = { 255, 8, 1, 2, 3, 4, 5, 6, 7, 8 };
	static const uint8_t sixteen[2 + 16] = { 255, 16, 9 };
	struct walrecord rec;
	uint64_t lsn = 77;

	(void)state;
	rec = record(0, 0x40, NULL, 0);
	assert_true(walrecord_is_switch(&rec));
	rec = record(0, 0x4F, NULL, 0); /* the low half is not the kind's */
	assert_true(walrecord_is_switch(&rec));
	rec = record(1, 0x40, NULL, 0);
	assert_false(walrecord_is_switch(&rec));
	rec = record(0, 0x50, sixteen, sizeof(sixteen));
	assert_false(walrecord_is_backup_end(&rec, &lsn));
	rec = record(1, 0x50, eight, sizeof(eight));
	assert_false(walrecord_is_backup_end(&rec, &lsn));
	rec = record(0, 0x40, eight, sizeof(eight));
	assert_false(walrecord_is_backup_end(&rec, &lsn));
	rec = record(0, 0xD0, eight, sizeof(eight));
	assert_false(walrecord_is_overwrite(&rec, &lsn));
	assert_int_equal(lsn, 77);
	rec = record(0, 0xD0, sixteen, sizeof(sixteen));
	assert_true(walrecord_is_overwrite(&rec, &lsn));
	assert_int_equal(lsn, 9);
	for (uint8_t kind = 0x00; kind <= 0x10; kind += 0x10) {
		rec = record(0, kind, sixteen, sizeof(sixteen));
		lsn = 77;
		assert_true(walrecord_is_checkpoint(&rec, &lsn));
		assert_int_equal(lsn, 9);
		rec = record(1, kind, sixteen, sizeof(sixteen));
		assert_false(walrecord_is_checkpoint(&rec, &lsn));
		rec = record(0, kind, seven, sizeof(seven));
		assert_false(walrecord_is_checkpoint(&rec, &lsn));
	}
	rec = record(0, 0x20, sixteen, sizeof(sixteen));
	assert_false(walrecord_is_checkpoint(&rec, &lsn));
	assert_true(walrecord_knows(cluster_version(15), 21));
	assert_false(walrecord_knows(cluster_version(15), 22));
	assert_false(walrecord_knows(cluster_version(15), 127));
	assert_true(walrecord_knows(cluster_version(15), 128));
}

static void
tablespace(void **state)
{
	static const uint8_t place[] = "\xFF\x0D\x04\x40\0\0/srv/a b";
	static const uint8_t in_place[] = "\xFF\x05\x04\x40\0\0";
	struct walrecord rec = record(5, 0x0F, place, sizeof(place));
	struct error err = { 0 };
	const char *path = NULL;
	uint32_t oid = 0;

	(void)state;
	assert_true(walrecord_is_tablespace(&rec));
	assert_int_equal(walrecord_tablespace(&rec, &oid, &path, &err), 0);
	assert_int_equal(oid, 16388);
	assert_string_equal(path, "/srv/a b");
	rec = record(5, 0, in_place, sizeof(in_place));
	assert_int_equal(walrecord_tablespace(&rec, &oid, &path, &err), 0);
	assert_string_equal(path, "");
	rec = record(5, 0x10, in_place, sizeof(in_place));
	assert_false(walrecord_is_tablespace(&rec));
	rec = record(4, 0, in_place, sizeof(in_place));
	assert_false(walrecord_is_tablespace(&rec));
}

/* Main data that is no tablespace's. */
static void
no_tablespace(void **state)
{
	static const uint8_t bad[][16] = {
		"\xFF\x04\x04\x40\0\0",     /* no path */
		"\xFF\x06\x04\x40\0\0ab",   /* no end of it */
		"\xFF\x07\x04\x40\0\0a\0b", /* a NUL inside */
		"\xFF\x03\x04\x40\0",       /* half a number */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct walrecord rec = record(5, 0, bad[i], 2U + bad[i][1]);
		struct error err = { 0 };
		const char *path;
		uint32_t oid;

		assert_int_equal(walrecord_tablespace(&rec, &oid, &path, &err), -1);
		assert_int_equal(err.kind, ERROR_FORMAT);
	}
}

static void
dropped_tablespace(void **state)
{
	static const uint8_t oid_alone[] = { 0xFF, 4, 4, 0x40, 0, 0 };
	static const uint8_t longer[] = { 0xFF, 5, 4, 0x40, 0, 0, 0 };
	struct walrecord rec = record(5, 0x10, oid_alone, sizeof(oid_alone));
	uint32_t oid = 0;

	(void)state;
	assert_true(walrecord_drops_tablespace(&rec, &oid));
	assert_int_equal(oid, 16388);
	rec = record(5, 0, oid_alone, sizeof(oid_alone));
	assert_false(walrecord_drops_tablespace(&rec, &oid));
	rec = record(5, 0x10, longer, sizeof(longer));
	assert_false(walrecord_drops_tablespace(&rec, &oid));
}

static void
hint(void **state)
{
	struct walrecord rec = record(0, 0xA0, NULL, 0);

	(void)state;
	assert_true(walrecord_is_hint(&rec));
	rec = record(0, 0xB0, NULL, 0); /* an image of anything else */
	assert_false(walrecord_is_hint(&rec));
	rec = record(10, 0xA0, NULL, 0);
	assert_false(walrecord_is_hint(&rec));
}

/* What goes away, as each release says it. */
static void
truncations(void **state)
{
	static const struct {
		unsigned major;
		uint8_t rmid, info;
		uint8_t bytes[40];
		size_t len;
		enum walrecord_truncated kind;
		uint32_t oldest;
		uint64_t member;
	} all[] = {
		{ 16, 3, 0x10, { 0xFF, 12, 9, 0, 0, 0, 5, 1, 0, 0, 7, 0, 0, 0 }, 14,
		    WALRECORD_XACT, 261, 0 },
		{ 17, 3, 0x10,
		    { 0xFF, 16, 9, 0, 0, 0, 0, 0, 0, 0, 5, 1, 0, 0, 7, 0, 0, 0 }, 18,
		    WALRECORD_XACT, 261, 0 },
		{ 16, 18, 0x10, { 0xFF, 8, 9, 0, 0, 0, 5, 1, 0, 0 }, 10,
		    WALRECORD_COMMIT_TS, 261, 0 },
		{ 17, 18, 0x10, { 0xFF, 12, 9, 0, 0, 0, 0, 0, 0, 0, 5, 1, 0, 0 }, 14,
		    WALRECORD_COMMIT_TS, 261, 0 },
		{ 18, 6, 0x30,
		    { 0xFF, 20, 1, 0, 0, 0, 2, 0, 0, 0, 5, 1, 0, 0, 3, 0, 0, 0, 4, 2, 0,
			0 },
		    22, WALRECORD_MULTIXACT, 261, 516 },
		/* a 19rc1 wrote this one, but for the upper half of the member */
		{ 19, 6, 0x30,
		    { 0xFF, 16, 4, 0, 0, 0, 5, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0 }, 18,
		    WALRECORD_MULTIXACT, 5, UINT64_C(0x100000009) },
	};
	const uint8_t zero_page[] = { 0xFF, 4, 9, 0, 0, 0 };
	struct walrecord rec = record(3, 0, zero_page, sizeof(zero_page));
	struct walrecord_truncation t;

	(void)state;
	assert_false(walrecord_truncates(&rec, &t));
	rec = record(3, 0x10, zero_page, sizeof(zero_page)); /* too short */
	assert_false(walrecord_truncates(&rec, &t));
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		rec = record(all[i].rmid, all[i].info, all[i].bytes, all[i].len);
		rec.version = cluster_version(all[i].major);
		if (!walrecord_truncates(&rec, &t) || t.kind != all[i].kind ||
		    t.oldest != all[i].oldest || t.member != all[i].member)
			fail_msg("row %zu", i);
		rec.info = 0x40;
		assert_false(walrecord_truncates(&rec, &t));
	}
}

/* The file of a relation in 16388 is made; one is cut at block 7. */
static void
made_file(void **state)
{
	static const uint8_t create[] = { 0xFF, 16, 4, 0x40, 0, 0, 5, 0, 0, 0, 1, 0x40, 0,
		0, 0, 0, 0, 0 };
	static const uint8_t cut[] = { 0xFF, 20, 7, 0, 0, 0, 4, 0x40, 0, 0, 5, 0, 0, 0, 1,
		0x40, 0, 0, 7, 0, 0, 0 };
	struct walrecord rec = record(2, 0x10, create, sizeof(create));
	uint32_t space = 0;

	(void)state;
	assert_true(walrecord_makes_file(&rec, &space));
	assert_int_equal(space, 16388);
	space = 0;
	rec = record(2, 0x20, cut, sizeof(cut));
	assert_true(walrecord_makes_file(&rec, &space));
	assert_int_equal(space, 16388);
	rec = record(2, 0x10, cut, 8);
	assert_false(walrecord_makes_file(&rec, &space));
	rec = record(3, 0x10, create, sizeof(create));
	assert_false(walrecord_makes_file(&rec, &space));
}

int
main(void)
{
	enum { SINGLE = 8 };
	struct CMUnitTest tests[ROWS + SINGLE] = {
		cmocka_unit_test(truncations),
		cmocka_unit_test(made_file),
		cmocka_unit_test(real),
		cmocka_unit_test(kinds),
		cmocka_unit_test(tablespace),
		cmocka_unit_test(no_tablespace),
		cmocka_unit_test(dropped_tablespace),
		cmocka_unit_test(hint),
	};

	for (size_t i = 0; i < ROWS; i++)
		tests[SINGLE + i] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = check_row,
			.initial_state = &rows[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
