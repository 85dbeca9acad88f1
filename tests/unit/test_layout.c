/* Where what PostgreSQL calls a path lies in the archive. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "format/layout.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
names(void **state)
{
	static const struct {
		enum layout_part part;
		const char *path, *name;
	} rows[] = {
		{ LAYOUT_TREE, "base/5/1259", "base/5/1259" },
		{ LAYOUT_TREE, "PG_VERSION", "PG_VERSION" },
		{ LAYOUT_TREE, "pg_tblspc", "pg_tblspc" },
		{ LAYOUT_TREE, "a%sb", "a%sb" },
		{ LAYOUT_TABLESPACE, "pg_tblspc/16400", "pg_basetar_tblspc/16400" },
		{ LAYOUT_TABLESPACE, "pg_tblspc/16400/PG_15_202209061/5/16401",
		    "pg_basetar_tblspc/16400/PG_15_202209061/5/16401" },
		{ LAYOUT_LOCATION, "pg_tblspc/16400/PG_15_202209061", "PG_15_202209061" },
		{ LAYOUT_LOCATION, "pg_tblspc/16400/PG_15_202209061/5/16401",
		    "PG_15_202209061/5/16401" },
	};
	struct error err = { 0 };
	struct buf name = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(layout_name(&name, rows[i].part, rows[i].path, &err), 0);
		assert_string_equal(buf_text(&name), rows[i].name);
	}
	buf_free(&name);
}

/* Relative to pg_tblspc, so that it leads nowhere but into the unpacked tree. */
static void
link_target(void **state)
{
	struct error err = { 0 };
	struct buf target = { 0 };

	(void)state;
	assert_int_equal(buf_append(&target, "old", 3, &err), 0);
	assert_int_equal(layout_link_target(&target, "16400", &err), 0);
	assert_string_equal(buf_text(&target), "../pg_basetar_tblspc/16400");
	assert_true(layout_is_link_target(buf_text(&target), "16400"));
	assert_false(layout_is_link_target(buf_text(&target), "1640"));
	assert_false(layout_is_link_target(buf_text(&target), "164000"));
	assert_false(layout_is_link_target("/srv/16400", "16400"));
	assert_false(layout_is_link_target("", ""));
	buf_free(&target);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(link_target),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
