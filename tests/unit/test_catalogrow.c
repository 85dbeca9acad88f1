/* Rows of shared catalogs in pages as servers wrote them, and in others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdbool.h>

#include "lib/bytes.h"
#include "pg/catalogrow.h"

static void
put_u16(uint8_t *p, uint16_t v)
{
	memcpy(p, &v, sizeof(v));
}

static void
begin_page(uint8_t page[PAGE_BYTES])
{
	memset(page, 0, PAGE_BYTES);
	put_u16(page + 12, 24);
	put_u16(page + 14, PAGE_BYTES);
	put_u16(page + 16, PAGE_BYTES);
	put_u16(page + 18, PAGE_BYTES | 4);
}

/* One more row, of 96 bytes as since 12, or with the OID before the columns. */
static void
add_row(uint8_t page[PAGE_BYTES], uint32_t oid, uint32_t made_by, uint32_t removed_by,
    uint16_t marks)
{
	const bool has_oid = marks & 0x0008;
	const uint16_t len = has_oid ? 100 : 96, lower = get_u16native(page + 12),
		       upper = (uint16_t)(get_u16native(page + 14) - 104);
	uint8_t *row = page + upper;

	put_u32native(page + lower, (uint32_t)len << 17 | 1U << 15 | upper);
	put_u16(page + 12, (uint16_t)(lower + 4));
	put_u16(page + 14, upper);
	put_u32native(row, made_by);
	put_u32native(row + 4, removed_by);
	put_u16(row + 18, has_oid ? 4 : 5);
	put_u16(row + 20, marks);
	row[22] = has_oid ? 32 : 24;
	put_u32native(row + (has_oid ? 28 : 24), oid);
}

static struct row {
	const char *name;
	uint32_t made_by, removed_by;
	uint16_t marks;
	bool is_one;
	struct {
		uint32_t oid, made_by, removed_by;
		bool is_unclear;
	} wanted;
} rows[] = {
	{ "committed", 733, 0, 0x0901, true, { 16384, 0, 0, false } },
	{ "committed, 10", 733, 0, 0x0909, true, { 16384, 0, 0, false } },
	{ "frozen", 733, 0, 0x0B01, true, { 16384, 0, 0, false } },
	{ "of initdb", 1, 0, 0x0001, true, { 16384, 0, 0, false } },
	{ "no mark", 733, 0, 0x0801, true, { 16384, 733, 0, false } },
	{ "rolled back", 733, 0, 0x0A01, false, { 0 } },
	{ "of no transaction", 0, 0, 0x0901, false, { 0 } },
	{ "removed", 733, 734, 0x0501, false, { 0 } },
	{ "removed, 10", 733, 734, 0x0509, false, { 0 } },
	{ "removed, no mark", 733, 734, 0x0101, true, { 16384, 0, 734, false } },
	{ "removed in vain", 733, 734, 0x0901, true, { 16384, 0, 0, false } },
	{ "locked", 733, 734, 0x01C1, true, { 16384, 0, 0, false } },
	{ "locked by several", 733, 4, 0x1181, true, { 16384, 0, 0, false } },
	{ "changed by several", 733, 4, 0x1101, true, { 16384, 0, 0, true } },
	{ "changed by several, as a mark says", 733, 4, 0x1501, true,
	    { 16384, 0, 0, true } },
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static void
one_row(void **state)
{
	const struct row *row = *state;
	struct catalogrow found[CATALOGROW_MOST];
	uint8_t page[PAGE_BYTES];

	begin_page(page);
	add_row(page, 16384, row->made_by, row->removed_by, row->marks);
	assert_int_equal(catalogrow_page(page, found), row->is_one);
	if (!row->is_one)
		return;
	assert_int_equal(found[0].oid, row->wanted.oid);
	assert_int_equal(found[0].made_by, row->wanted.made_by);
	assert_int_equal(found[0].removed_by, row->wanted.removed_by);
	assert_int_equal(found[0].is_unclear, row->wanted.is_unclear);
}

/* Rows of pg_database, by their number of columns. */
static void
databases(void **state)
{
	static const struct {
		uint16_t columns, marks;
		size_t limit_at, frozen_at;
	} all[] = { { 13, 0x0909, 204, 212 }, { 14, 0x0901, 208, 216 },
		{ 16, 0x0901, 80, 84 }, { 17, 0x0901, 80, 84 }, { 18, 0x0901, 80, 84 } };

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct catalogrow found[CATALOGROW_MOST];
		uint8_t page[PAGE_BYTES];
		uint8_t *row = page + PAGE_BYTES - 300;
		const size_t begin = all[i].columns == 13 ? 32 : 24;

		begin_page(page);
		put_u16(page + 12, 28);
		put_u16(page + 14, PAGE_BYTES - 300);
		put_u32native(page + 24, 300U << 17 | 1U << 15 | (PAGE_BYTES - 300));
		put_u32native(row, 733);
		put_u16(row + 18, all[i].columns);
		put_u16(row + 20, all[i].marks);
		row[22] = (uint8_t)begin;
		put_u32native(row + (begin == 32 ? 28 : 24), 16400);
		put_u32native(row + begin + all[i].limit_at, (uint32_t)-1);
		put_u32native(row + begin + all[i].frozen_at, 716);
		assert_int_equal(catalogrow_page(page, found), 1);
		assert_int_equal(found[0].kind, CATALOGROW_DATABASE);
		assert_int_equal(found[0].oid, 16400);
		assert_int_equal(found[0].frozen_xid, 716);
		assert_false(found[0].is_invalid);
		put_u32native(row + begin + all[i].limit_at, (uint32_t)-2);
		assert_int_equal(catalogrow_page(page, found), 1);
		assert_true(found[0].is_invalid);
	}
}

static void
full_page(void **state)
{
	struct catalogrow found[CATALOGROW_MOST];
	uint8_t page[PAGE_BYTES];

	(void)state;
	begin_page(page);
	for (uint32_t i = 0; i < 70; i++)
		add_row(page, 16384 + i, 733, 0, 0x0901);
	assert_int_equal(catalogrow_page(page, found), 70);
	assert_int_equal(found[69].oid, 16453);
	/* each line pointer the same row: no more than have room */
	put_u16(page + 12, 24 + 4 * 200);
	put_u16(page + 14, 24 + 4 * 200);
	for (size_t i = 0; i < 200; i++)
		put_u32native(page + 24 + 4 * i, 96U << 17 | 1U << 15 | 8088);
	assert_int_equal(catalogrow_page(page, found), CATALOGROW_MOST);
}

/* Each is what a row or a page of this catalog is not. */
static void
others(void **state)
{
	static const struct {
		size_t at;
		uint16_t value;
	} changes[] = {
		{ 12, 8100 },          /* line pointers that reach into the first row */
		{ 14, 9000 },          /* rows begin after the end */
		{ 16, 8176 },          /* an index */
		{ 18, 0x4004 },        /* pages of 16384 bytes */
		{ 24, 0x8000 | 100 },  /* a row among the line pointers */
		{ 24, 0x8000 | 8150 }, /* and one that ends after the end */
		{ 24, 8088 },          /* a pointer that is not in use */
		{ 26, 23 << 1 },       /* a short row, */
		{ 26, 90 << 1 },       /* and one that ends before its owner */
		{ 8088 + 18, 4 },      /* other columns */
		{ 8088 + 20, 0x0909 }, /* as up to 11, but with one column more */
		{ 8088 + 22, 22 },     /* columns in the header */
		{ 8088 + 22, 100 },    /* and after the end */
	};
	struct catalogrow found[CATALOGROW_MOST];
	uint8_t page[PAGE_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		begin_page(page);
		add_row(page, 16384, 733, 0, 0x0901);
		assert_int_equal(catalogrow_page(page, found), 1);
		put_u16(page + changes[i].at, changes[i].value);
		if (catalogrow_page(page, found) != 0)
			fail_msg("change %zu", i);
	}
	memset(page, 0, sizeof(page));
	assert_int_equal(catalogrow_page(page, found), 0);
	memset(page, 0xFF, sizeof(page));
	assert_int_equal(catalogrow_page(page, found), 0);
}

int
main(void)
{
	struct CMUnitTest tests[ROWS + 3];

	for (size_t i = 0; i < ROWS; i++)
		tests[i] =
		    (struct CMUnitTest){ rows[i].name, one_row, NULL, NULL, &rows[i] };
	tests[ROWS] = (struct CMUnitTest)cmocka_unit_test(full_page);
	tests[ROWS + 1] = (struct CMUnitTest)cmocka_unit_test(others);
	tests[ROWS + 2] = (struct CMUnitTest)cmocka_unit_test(databases);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
