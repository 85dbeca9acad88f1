/* The tablespaces of a backup, named by its members and by what describes it, in one list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "format/spacelist.h"

static struct spacelist list;

static int
end(void **state)
{
	(void)state;
	spacelist_free(&list);
	assert_null(list.rows);
	return 0;
}

static void
count(const char *path, uint64_t bytes)
{
	struct error err = { 0 };

	assert_int_equal(spacelist_count(&list, path, bytes, &err), 0);
}

static void
add(uint32_t oid, const char *location)
{
	struct error err = { 0 };

	assert_int_equal(spacelist_add(&list, oid, location, &err), 0);
}

/* Which files are a tablespace's, and the OID in their names. */
static void
files(void **state)
{
	static const struct {
		const char *path;
		uint32_t oid; /* 0: of none */
	} rows[] = {
		{ "pg_tblspc/16400/PG_15_202209061/5/1", 16400 },
		{ "pg_tblspc/16400", 16400 },
		{ "pg_tblspc/4294967295/x", 4294967295U },
		{ "pg_tblspc/4294967296/x", 0 },
		{ "pg_tblspc/016400/x", 0 },
		{ "pg_tblspc/x/16400", 0 },
		{ "pg_tblspc/", 0 },
		{ "pg_tblspc", 0 },
		{ "base/5/16400", 0 },
		{ "pg_basetar_tblspc/16400/x", 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		count(rows[i].path, 7);
		assert_int_equal(list.count, rows[i].oid ? 1 : 0);
		if (rows[i].oid) {
			assert_int_equal(list.rows[0].oid, rows[i].oid);
			assert_int_equal(list.rows[0].bytes, 7);
			assert_null(list.rows[0].location);
		}
		end(state);
	}
}

/* Each in an order of its own; what is known of one is put together. */
static void
merged(void **state)
{
	char text[SPACELIST_IN_PLACE];

	(void)state;
	spacelist_merge(&list);
	assert_int_equal(list.count, 0);
	count("pg_tblspc/16402/a", 1);
	count("pg_tblspc/16400/a", 10);
	count("pg_tblspc/16400/b", UINT64_C(1) << 40);
	count("pg_tblspc/16402/b", 2);
	add(16400, "/srv/one");
	add(16401, "/srv/two");
	assert_int_equal(list.count, 5);
	spacelist_merge(&list);
	assert_int_equal(list.count, 3);
	assert_int_equal(list.rows[0].oid, 16400);
	assert_int_equal(list.rows[0].bytes, 10 + (UINT64_C(1) << 40));
	assert_string_equal(list.rows[0].location, "/srv/one");
	assert_int_equal(list.rows[1].bytes, 0);
	assert_int_equal(list.rows[2].bytes, 3);
	assert_null(spacelist_location(&list.rows[2], text)); /* not told yet */
	spacelist_rest_in_place(&list);
	assert_false(list.rows[0].is_in_place);
	assert_true(list.rows[2].is_in_place);
	assert_string_equal(spacelist_location(&list.rows[0], text), "/srv/one");
	assert_string_equal(spacelist_location(&list.rows[2], text), "pg_tblspc/16402");
	/* and more may come after that */
	for (uint32_t i = 0; i < 100; i++)
		add(4294967295U - i, NULL);
	spacelist_merge(&list);
	assert_int_equal(list.count, 103);
	spacelist_rest_in_place(&list);
	assert_string_equal(
	    spacelist_location(&list.rows[102], text), "pg_tblspc/4294967295");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(files, end),
		cmocka_unit_test_teardown(merged, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
