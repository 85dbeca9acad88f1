/* Which tablespaces and databases the catalogs list, by rows, the map and pg_xact in any order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>

#include "lib/bytes.h"
#include "pg/catalogset.h"
#include "pg/page.h"
#include "pg/slru.h"

enum { CATALOG_FILE = 20000, MADE_BY = 5 };

static void
put_u16(uint8_t *p, uint16_t v)
{
	memcpy(p, &v, sizeof(v));
}

/* A page with one row, made by a transaction that left no mark; a right checksum, or none. */
static void
give_catalog(struct catalogset *s, uint32_t relnode, uint32_t oid, uint32_t made_by,
    bool has_checksum)
{
	uint8_t page[PAGE_BYTES] = { 0 }, *row = page + 8000;
	struct error err = { 0 };
	char path[32];

	put_u32native(page + 4, 77);
	put_u16(page + 12, 28);
	put_u16(page + 14, 8000);
	put_u16(page + 16, PAGE_BYTES);
	put_u16(page + 18, PAGE_BYTES | 4);
	put_u32native(page + 24, 96U << 17 | 1U << 15 | 8000);
	put_u32native(row, made_by);
	put_u16(row + 18, 5);
	put_u16(row + 20, 0x0801);
	row[22] = 24;
	put_u32native(row + 24, oid);
	if (has_checksum)
		put_u16(page + 8, page_checksum(page, 0));
	snprintf(path, sizeof(path), "global/%u", (unsigned)relnode);
	assert_true(catalogset_begin(s, path));
	assert_int_equal(catalogset_bytes(s, 0, page, sizeof(page), &err), 0);
}

static void
give_map(struct catalogset *s)
{
	uint8_t map[512] = { 0 };
	struct error err = { 0 };

	put_u32native(map, 0x592717);
	put_u32native(map + 4, 3);
	put_u32native(map + 8, 1260);
	put_u32native(map + 12, 1260);
	put_u32native(map + 16, 1213);
	put_u32native(map + 20, CATALOG_FILE);
	put_u32native(map + 24, 1262);
	put_u32native(map + 28, 1262);
	assert_true(catalogset_begin(s, "global/pg_filenode.map"));
	assert_int_equal(catalogset_bytes(s, 0, map, sizeof(map), &err), 0);
}

/* ${status} of transaction MADE_BY of the segment; false: it was not wanted. */
static bool
give_xact(struct catalogset *s, unsigned segment, unsigned status)
{
	uint8_t bytes[PAGE_BYTES] = { 0 };
	struct error err = { 0 };
	char path[32];

	bytes[MADE_BY / 4] = (uint8_t)(status << MADE_BY % 4 * 2);
	snprintf(path, sizeof(path), "pg_xact/%04X", segment);
	if (!catalogset_begin(s, path))
		return false;
	assert_int_equal(catalogset_bytes(s, 0, bytes, sizeof(bytes), &err), 0);
	return true;
}

static const struct catalogset_row *
find(struct catalogset *s, size_t wanted)
{
	const struct catalogset_row *rows;
	struct error err = { 0 };
	size_t count;

	assert_int_equal(
	    catalogset_find(s, CATALOGROW_TABLESPACE, &rows, &count, &err), 0);
	assert_int_equal(count, wanted);
	return rows;
}

static struct catalogset *
begin(void)
{
	struct catalogset *s;
	struct error err = { 0 };

	assert_int_equal(catalogset_new(&s, &err), 0);
	return s;
}

static void
any_order(void **state)
{
	(void)state;
	for (unsigned order = 0; order < 2; order++) {
		struct catalogset *s = begin();

		if (order == 0)
			give_xact(s, 0, 1);
		give_catalog(s, CATALOG_FILE, 16384, MADE_BY, false);
		give_catalog(s, 1213, 16400, MADE_BY, false); /* of before VACUUM FULL */
		if (order == 1)
			assert_true(give_xact(s, 0, 1));
		give_map(s);
		assert_int_equal(find(s, 1)->oid, 16384);
		assert_int_equal(find(s, 1)->state, CATALOGSET_THERE);
		assert_int_equal(find(s, 1)->lsn, 77);
		catalogset_free(s);
	}
}

static void
transactions(void **state)
{
	static const struct {
		unsigned status;
		size_t count;
		enum catalogset_state state;
	} all[] = { { 0, 1, CATALOGSET_UNCLEAR }, { 1, 1, CATALOGSET_THERE },
		{ 2, 0, CATALOGSET_THERE }, { 3, 1, CATALOGSET_UNCLEAR } };

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct catalogset *s = begin();

		give_map(s);
		give_catalog(s, CATALOG_FILE, 16384, MADE_BY, false);
		assert_int_equal(find(s, 1)->state, CATALOGSET_UNCLEAR);
		give_xact(s, 0, all[i].status);
		if (all[i].count > 0)
			assert_int_equal(find(s, 1)->state, all[i].state);
		find(s, all[i].count);
		catalogset_free(s);
	}
}

/* Where the WAL has a record about the file only a checksum shows that it is not torn. */
static void
changed(void **state)
{
	(void)state;
	for (unsigned has_checksum = 0; has_checksum < 2; has_checksum++) {
		struct catalogset *s = begin();

		give_map(s);
		give_catalog(s, CATALOG_FILE, 16384, MADE_BY, has_checksum);
		give_xact(s, 0, 1);
		catalogset_changed(s, 1260);
		assert_int_equal(find(s, 1)->state, CATALOGSET_THERE);
		catalogset_changed(s, CATALOG_FILE);
		assert_int_equal(find(s, 1)->state,
		    has_checksum ? CATALOGSET_THERE : CATALOGSET_UNCLEAR);
		catalogset_free(s);
	}
}

/* A row that was changed is there twice, and once is enough. */
static void
twice(void **state)
{
	struct catalogset *s = begin();

	(void)state;
	give_map(s);
	give_catalog(s, CATALOG_FILE, 16384, MADE_BY + 1, false);
	give_catalog(s, CATALOG_FILE, 16384, MADE_BY, false);
	give_catalog(s, CATALOG_FILE, 1663, MADE_BY, false);
	give_xact(s, 0, 1);
	assert_int_equal(find(s, 2)[0].oid, 1663);
	assert_int_equal(find(s, 2)[1].oid, 16384);
	assert_int_equal(find(s, 2)[1].state, CATALOGSET_THERE);
	catalogset_free(s);
}

/* Of more segments than are kept the newest stay, where the numbers begin again, too. */
static void
many_segments(void **state)
{
	const unsigned per_segment = SLRU_XACT_SEGMENT_BYTES * 4;
	struct catalogset *s = begin();

	(void)state;
	give_map(s);
	for (unsigned i = 0; i < 2 * CATALOGSET_SEGMENTS; i++)
		give_xact(s, (4090 + i) % 4096, 1);
	assert_false(give_xact(s, 4089, 1));
	give_catalog(s, CATALOG_FILE, 16384, 30 * per_segment + MADE_BY, false);
	assert_int_equal(find(s, 1)->state, CATALOGSET_THERE);
	give_catalog(s, CATALOG_FILE, 16385, 4091U * per_segment + MADE_BY, false);
	assert_int_equal(find(s, 2)[1].state, CATALOGSET_UNCLEAR);
	assert_false(give_xact(s, 4092, 1)); /* no row asks for it */
	catalogset_free(s);
}

/* One row of a database, as since 17. */
static void
give_database(struct catalogset *s, uint32_t oid, uint32_t frozen_xid, uint32_t limit,
    uint32_t made_by)
{
	uint8_t page[PAGE_BYTES] = { 0 }, *row = page + 8000;
	struct error err = { 0 };

	put_u16(page + 12, 28);
	put_u16(page + 14, 8000);
	put_u16(page + 16, PAGE_BYTES);
	put_u16(page + 18, PAGE_BYTES | 4);
	put_u32native(page + 24, 190U << 17 | 1U << 15 | 8000);
	put_u32native(row, made_by);
	put_u16(row + 18, 18);
	put_u16(row + 20, made_by == MADE_BY ? 0x0801 : 0x0901);
	row[22] = 24;
	put_u32native(row + 24, oid);
	put_u32native(row + 24 + 80, limit);
	put_u32native(row + 24 + 84, frozen_xid);
	assert_true(catalogset_begin(s, "global/1262"));
	assert_int_equal(catalogset_bytes(s, 0, page, sizeof(page), &err), 0);
}

static uint32_t
oldest_xid(struct catalogset *s)
{
	struct error err = { 0 };
	uint32_t xid;

	assert_int_equal(catalogset_oldest_xid(s, &xid, &err), 0);
	return xid;
}

/* The oldest in a circle, of those whose DROP DATABASE was not interrupted for sure. */
static void
databases(void **state)
{
	struct catalogset *s = begin();
	const struct catalogset_row *rows;
	struct error err = { 0 };
	size_t count;

	(void)state;
	give_map(s);
	assert_int_equal(oldest_xid(s), 0);
	give_database(s, 1, 900, UINT32_MAX, 9);
	assert_int_equal(oldest_xid(s), 900);
	give_database(s, 5, 4294967000U, UINT32_MAX, 9);
	assert_int_equal(oldest_xid(s), 4294967000U);
	give_database(s, 16400, 4294966000U, UINT32_MAX - 1, 9);
	assert_int_equal(oldest_xid(s), 4294967000U);
	give_database(s, 16401, 4294965000U, UINT32_MAX - 1, MADE_BY);
	assert_int_equal(oldest_xid(s), 4294965000U);
	give_catalog(s, CATALOG_FILE, 16384, MADE_BY, false);
	assert_int_equal(catalogset_find(s, CATALOGROW_DATABASE, &rows, &count, &err), 0);
	assert_int_equal(count, 4);
	assert_true(rows[2].is_invalid);
	/* another row of it */
	give_database(s, 16400, 4294966000U, 10, 9);
	assert_int_equal(catalogset_find(s, CATALOGROW_DATABASE, &rows, &count, &err), 0);
	assert_int_equal(count, 4);
	assert_false(rows[2].is_invalid);
	catalogset_free(s);
}

static void
not_wanted(void **state)
{
	static const char *const paths[] = { "global/1213_fsm", "global/1213.1",
		"global/t3_1213", "global/pg_control", "base/5/1213",
		"base/5/pg_filenode.map", "pg_xact/10000", "pg_multixact/offsets/0000",
		"pg_xact", "" };
	struct catalogset *s = begin();

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (catalogset_begin(s, paths[i]))
			fail_msg("\"%s\"", paths[i]);
	find(s, 0);
	give_catalog(s, CATALOG_FILE, 16384, MADE_BY, false);
	find(s, 0); /* no map */
	catalogset_free(s);
	catalogset_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_order),
		cmocka_unit_test(transactions),
		cmocka_unit_test(changed),
		cmocka_unit_test(twice),
		cmocka_unit_test(many_segments),
		cmocka_unit_test(databases),
		cmocka_unit_test(not_wanted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
