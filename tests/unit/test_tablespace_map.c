#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pg/tablespace_map.h"

/* Texts as servers of that release wrote them for links with those targets. */
static struct row {
	const char *name;
	unsigned major;
	const char *text;
	struct {
		uint32_t oid;
		const char *target;
	} rows[3]; /* in the order of their OIDs */
} rows[] = {
	{ "none", 15, "", { { 0, NULL } } },
	{ "one", 15, "16384 /srv/one\n", { { 16384, "/srv/one" } } },
	{ "any order", 15, "16390 /b\n16384 /a\n4294967295 /c\n",
	    { { 16384, "/a" }, { 16390, "/b" }, { UINT32_MAX, "/c" } } },
	{ "blanks", 15, "16384  /two  blanks \n", { { 16384, " /two  blanks " } } },
	{ "not UTF-8", 15, "16384 /\xFF\xFE\n", { { 16384, "/\xFF\xFE" } } },
	{ "line ends, 15", 15, "1 /a\\\nb\\\rc\n", { { 1, "/a\nb\rc" } } },
	{ "line ends, 10", 10, "1 /a\\\nb\\\rc\n", { { 1, "/a\nb\rc" } } },
	{ "backslash, 14", 14, "1 /a\\\\b\n", { { 1, "/a\\b" } } },
	{ "backslash, 13", 13, "1 /a\\b\n", { { 1, "/a\\b" } } },
	{ "backslash at the end, 14", 14, "1 /a\\\\\n2 /b\n",
	    { { 1, "/a\\" }, { 2, "/b" } } },
	{ "two backslashes, 13", 13, "1 /a\\\\b\n", { { 1, "/a\\\\b" } } },
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static size_t
row_count(const struct row *row)
{
	size_t count = 0;

	while (count < 3 && row->rows[count].target)
		count++;
	return count;
}

static void
parse_row(void **state)
{
	const struct row *row = *state;
	struct tablespace_map map;
	struct error err = { 0 };

	assert_int_equal(tablespace_map_parse(row->text, strlen(row->text),
			     cluster_version(row->major), &map, &err),
	    0);
	assert_int_equal(map.count, row_count(row));
	for (size_t i = 0; i < map.count; i++) {
		assert_int_equal(map.rows[i].oid, row->rows[i].oid);
		assert_string_equal(map.rows[i].target, row->rows[i].target);
		assert_ptr_equal(
		    tablespace_map_find(&map, map.rows[i].oid), map.rows[i].target);
	}
	assert_null(tablespace_map_find(&map, 77));
	tablespace_map_free(&map);
}

/* What is built reads as the same; where our order is the text's, it is the text. */
static void
build_row(void **state)
{
	const struct row *row = *state;
	const struct pg_version *version = cluster_version(row->major);
	struct tablespace_map map = { 0 }, again;
	struct buf text = { 0 };
	struct error err = { 0 };

	for (size_t i = 0; i < row_count(row); i++)
		assert_int_equal(
		    tablespace_map_add(&map, row->rows[i].oid, row->rows[i].target, &err),
		    0);
	assert_int_equal(tablespace_map_build(&text, &map, version, &err), 0);
	if (strcmp(row->name, "any order") != 0)
		assert_string_equal(buf_text(&text), row->text);
	assert_int_equal(
	    tablespace_map_parse(buf_text(&text), text.len, version, &again, &err), 0);
	assert_int_equal(again.count, map.count);
	for (size_t i = 0; i < map.count; i++)
		assert_string_equal(again.rows[i].target, map.rows[i].target);
	tablespace_map_free(&again);
	tablespace_map_free(&map);
	buf_free(&text);
}

static void
no_map(void **state)
{
	static const struct {
		const char *text, *what;
	} bad[] = {
		{ "\n", "expected an OID at byte 0" },
		{ "16384\n", "expected an OID at byte 0" },
		{ " /a\n", "expected an OID at byte 0" },
		{ "0 /a\n", "expected an OID at byte 0" },
		{ "016384 /a\n", "expected an OID at byte 0" },
		{ "-1 /a\n", "expected an OID at byte 0" },
		{ "4294967296 /a\n", "expected an OID at byte 0" },
		{ "1 /a\nx /b\n", "expected an OID at byte 5" },
		{ "1 \n", "a location is missing before byte 3" },
		{ "1 /a", "the last line is not complete before byte 4" },
		{ "1 /a\\", "the last line is not complete before byte 5" },
		{ "1 /a\\\n", "the last line is not complete before byte 6" },
		{ "1 /a\r\n", "a location has a control character before byte 5" },
		{ "1 /a\n1 /b\n", "tablespace 1 twice" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct tablespace_map map = { .count = 7 };
		struct error err = { 0 };

		assert_int_equal(tablespace_map_parse(bad[i].text, strlen(bad[i].text),
				     cluster_version(15), &map, &err),
		    -1);
		assert_int_equal(err.kind, ERROR_FORMAT);
		assert_string_equal(err.text, bad[i].what);
		assert_int_equal(map.count, 7);
	}
}

static void
zero_byte_and_length(void **state)
{
	struct tablespace_map map;
	struct error err = { 0 };
	char text[4200] = "1 /";

	(void)state;
	assert_int_equal(
	    tablespace_map_parse("1 /\0a\n", 6, cluster_version(15), &map, &err), -1);
	assert_string_equal(err.text, "a location has a control character before byte 4");

	memset(text + 3, 'a', sizeof(text) - 3);
	text[2 + 4096] = '\n';
	assert_int_equal(
	    tablespace_map_parse(text, 2 + 4097, cluster_version(15), &map, &err), -1);
	assert_string_equal(err.text, "a location is too long before byte 4098");
	text[2 + 4095] = '\n';
	assert_int_equal(
	    tablespace_map_parse(text, 2 + 4096, cluster_version(15), &map, &err), 0);
	tablespace_map_free(&map);
}

/* Up to 13 the server writes this text for two tablespaces, and reads one out of it. */
static void
ambiguous_up_to_13(void **state)
{
	static const char text[] = "1 /a\\\n2 /b\n";
	struct tablespace_map map;
	struct error err = { 0 };

	(void)state;
	assert_int_equal(
	    tablespace_map_parse(text, strlen(text), cluster_version(13), &map, &err), 0);
	assert_int_equal(map.count, 1);
	assert_string_equal(map.rows[0].target, "/a\n2 /b");
	tablespace_map_free(&map);
	tablespace_map_free(NULL);
}

int
main(void)
{
	struct CMUnitTest tests[2 * ROWS + 3] = { cmocka_unit_test(no_map),
		cmocka_unit_test(zero_byte_and_length),
		cmocka_unit_test(ambiguous_up_to_13) };

	for (size_t i = 0; i < ROWS; i++) {
		tests[3 + i] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = parse_row,
			.initial_state = &rows[i] };
		tests[3 + ROWS + i] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = build_row,
			.initial_state = &rows[i] };
	}
	return cmocka_run_group_tests_name("tablespace_map", tests, NULL, NULL);
}
