/* Records of WAL that make, copy or drop a database, as each release writes them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/walbytes.c.inc"

/* Database 5 in tablespace 1663, copied from 4 in 16388. */
static void
made_database(void **state)
{
	static const uint8_t copy[] = { 0xFF, 16, 5, 0, 0, 0, 0x7F, 6, 0, 0, 4, 0, 0, 0,
		4, 0x40, 0, 0 };
	static const uint8_t empty[] = { 0xFF, 8, 5, 0, 0, 0, 0x7F, 6, 0, 0 };
	struct walrecord rec = record(4, 0, copy, sizeof(copy));
	struct walrecord_database made;

	(void)state;
	assert_true(walrecord_makes_database(&rec, &made));
	assert_true(made.is_copy);
	assert_int_equal(made.space, 1663);
	assert_int_equal(made.database, 5);
	assert_int_equal(made.from_space, 16388);
	assert_int_equal(made.from_database, 4);
	rec = record(4, 0, empty, sizeof(empty));
	assert_false(walrecord_makes_database(&rec, &made));
	rec = record(4, 0x10, empty, sizeof(empty));
	assert_true(walrecord_makes_database(&rec, &made));
	assert_false(made.is_copy);
	assert_int_equal(made.database, 5);
	rec.version = cluster_version(14); /* it drops one */
	assert_false(walrecord_makes_database(&rec, &made));
	rec = record(5, 0, copy, sizeof(copy));
	assert_false(walrecord_makes_database(&rec, &made));
}

/* DROP DATABASE of database 5, as 12, 14 and 15 write it, and what is none. */
static const struct {
	const char *bytes;
	unsigned major;
	uint8_t info;
	size_t count; /* of tablespaces; 0: not such a record */
} drops[] = {
	{ "FF08 05000000 7F060000", 12, 0x10, 1 },
	{ "FF08 05000000 7F060000", 12, 0x20, 0 },
	{ "FF0C 05000000 7F060000 04400000", 12, 0x10, 0 },
	{ "FF0C 05000000 01000000 7F060000", 13, 0x10, 1 },
	{ "FF10 05000000 02000000 7F060000 04400000", 14, 0x10, 2 },
	{ "FF10 05000000 02000000 7F060000 04400000", 14, 0x20, 0 },
	{ "FF10 05000000 02000000 7F060000 04400000", 15, 0x20, 2 },
	{ "FF10 05000000 02000000 7F060000 04400000", 15, 0x10, 0 },
	{ "FF10 05000000 03000000 7F060000 04400000", 15, 0x20, 0 },
	{ "FF10 05000000 01000000 7F060000 04400000", 15, 0x20, 0 },
	{ "FF10 05000000 FFFFFFFF 7F060000 04400000", 15, 0x20, 0 },
	{ "FF08 05000000 00000000", 15, 0x20, 0 },
	{ "FF04 05000000", 15, 0x20, 0 },
	{ "FF0D 05000000 01000000 7F060000 04", 15, 0x20, 0 },
	{ "", 15, 0x20, 0 },
};

static void
dropped_database(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(drops) / sizeof(drops[0]); i++) {
		struct walrecord_dropped dropped = { .count = 77 };
		struct walrecord rec;
		uint8_t *bytes;
		size_t len;

		bytes = unhex(drops[i].bytes, &len);
		bytes = exactly(bytes, len);
		rec = record(4, drops[i].info, bytes, len);
		rec.version = cluster_version(drops[i].major);
		assert_int_equal(
		    walrecord_drops_database(&rec, &dropped), drops[i].count > 0);
		assert_int_equal(dropped.count, drops[i].count ? drops[i].count : 77);
		if (drops[i].count > 0) {
			assert_int_equal(dropped.database, 5);
			assert_int_equal(walrecord_dropped_space(&dropped, 0), 1663);
		}
		if (drops[i].count == 2)
			assert_int_equal(walrecord_dropped_space(&dropped, 1), 16388);
		rec.rmid = 5;
		assert_false(walrecord_drops_database(&rec, &dropped));
		free(bytes);
	}
}

static void
of_database(void **state)
{
	static const uint8_t data[] = { 0xFF, 8, 5, 0, 0, 0, 0x7F, 6, 0, 0 };
	static const uint8_t none[] = { 0xFF, 2, 5, 0 };
	struct walrecord rec = record(4, 0x20, data, sizeof(data));
	uint32_t database = 0;

	(void)state;
	assert_true(walrecord_of_database(&rec, &database));
	assert_int_equal(database, 5);
	rec = record(4, 0x20, none, sizeof(none));
	assert_false(walrecord_of_database(&rec, &database));
	rec = record(5, 0x20, data, sizeof(data));
	assert_false(walrecord_of_database(&rec, &database));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(made_database),
		cmocka_unit_test(dropped_database),
		cmocka_unit_test(of_database),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
