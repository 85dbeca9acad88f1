#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdbool.h>

#include "format/databaseset.h"
#include "lib/buf.h"

#define SPC "pg_tblspc/16400/PG_15_202209061/"

static struct row {
	const char *name;
	const char *paths[8];
	unsigned major;     /* of each PG_VERSION */
	uint32_t exempt;    /* a database that replay makes */
	const char *wanted; /* what the judge is told */
} rows[] = {
	{ "whole", { "base/5/1259", "base/5/PG_VERSION", "base/5/pg_filenode.map" }, 15,
	    0, "" },
	{ "of a tablespace, with a directory in the default one",
	    { "base/16500/16600", SPC "16500/1259", SPC "16500/PG_VERSION",
		SPC "16500/pg_filenode.map" },
	    15, 0, "" },
	{ "no version", { "base/5/1259", "base/5/pg_filenode.map" }, 15, 0,
	    "base/5/PG_VERSION\n" },
	{ "no map", { "base/5/1259", "base/5/PG_VERSION" }, 15, 0,
	    "base/5/pg_filenode.map\n" },
	{ "neither, of a database that initdb made", { "base/5/1259" }, 0, 0,
	    "base/5/PG_VERSION\n" },
	{ "neither, and what each database has is there",
	    { "base/5/1259", "base/5/2619", "base/5/PG_VERSION", "base/5/pg_filenode.map",
		"base/16500/1259", "base/16500/2619", "base/16500/16600" },
	    0, 0, "base/16500/PG_VERSION\n" },
	{ "neither, and what each database has is not there",
	    { "base/5/1259", "base/5/2619", "base/5/PG_VERSION", "base/5/pg_filenode.map",
		"base/16500/1259", "base/16500/2619_fsm", "base/16500/16600" },
	    0, 0, "doubt base/16500\n" },
	{ "no map, and what each database has is there",
	    { "base/5/1259", "base/5/PG_VERSION", "base/5/pg_filenode.map",
		"base/16500/1259", "base/16500/PG_VERSION" },
	    15, 0, "base/16500/pg_filenode.map\n" },
	{ "no version, and what each database has is not there",
	    { "base/5/1259", "base/5/PG_VERSION", "base/5/pg_filenode.map",
		"base/16500/pg_filenode.map" },
	    15, 0, "doubt base/16500\n" },
	{ "neither, in two places",
	    { "base/5/1259", "base/5/PG_VERSION", "base/5/pg_filenode.map",
		"base/16500/16700", SPC "16500/1259" },
	    0, 0, SPC "16500/PG_VERSION\n" },
	{ "nothing in it but a temporary relation", { "base/16500/t3_16700" }, 0, 0, "" },
	{ "replay makes it", { "base/16500/PG_VERSION", "base/16500/16600" }, 15, 16500,
	    "" },
	{ "replay makes another", { "base/5/PG_VERSION" }, 15, 16501,
	    "base/5/pg_filenode.map\n" },
	{ "of another release", { "base/5/PG_VERSION", "base/5/pg_filenode.map" }, 14, 0,
	    "base/5/PG_VERSION\n" },
	{ "not known of which release", { "base/5/PG_VERSION", "base/5/pg_filenode.map" },
	    0, 0, "" },
	{ "files of two in turn",
	    { "base/5/PG_VERSION", "base/4/PG_VERSION", "base/5/pg_filenode.map",
		"base/4/pg_filenode.map", "base/5/1259", "base/4/1259" },
	    15, 0, "" },
	{ "no databases", { "global/1262", "base/pgsql_tmp/x", "PG_VERSION" }, 15, 0,
	    "" },
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

struct told {
	struct databaseset_judge judge;
	struct buf text;
	uint32_t exempt, none;
};

static int
fault(struct databaseset_judge *judge, const char *path, const char *text,
    struct error *err)
{
	assert_true(strlen(text) > 0);
	return buf_printf(&((struct told *)judge)->text, err, "%s\n", path);
}

static void
doubt(struct databaseset_judge *judge, const char *text)
{
	struct error err;

	assert_non_null(
	    strstr(text, "directory \"base/16500\" has no file \"PG_VERSION\""));
	assert_int_equal(
	    buf_printf(&((struct told *)judge)->text, &err, "doubt base/16500\n"), 0);
}

static bool
is_exempt(struct databaseset_judge *judge, uint32_t database)
{
	return ((struct told *)judge)->exempt == database;
}

/* Known to be none. */
static bool
is_none(struct databaseset_judge *judge, uint32_t database)
{
	return ((struct told *)judge)->none == database;
}

static struct databaseset *
of_row(const struct row *row)
{
	struct databaseset *set;
	struct error err = { 0 };

	assert_int_equal(databaseset_new(&set, &err), 0);
	for (size_t i = 0; i < 8 && row->paths[i]; i++)
		assert_int_equal(
		    databaseset_add(set, row->paths[i], row->major, &err), 0);
	return set;
}

static void
judge_row(void **state)
{
	const struct row *row = *state;
	struct told told = { .judge = { fault, doubt, is_exempt, is_none },
		.exempt = row->exempt };
	struct databaseset *set = of_row(row);
	struct error err = { 0 };

	assert_int_equal(
	    databaseset_judge(set, cluster_version(15), &told.judge, &err), 0);
	assert_string_equal(buf_text(&told.text), row->wanted);
	buf_free(&told.text);
	databaseset_free(set);
}

static void
one(void **state)
{
	static const struct row row = { .paths = { "base/5/PG_VERSION",
					    "base/5/pg_filenode.map", "base/4/PG_VERSION",
					    SPC "6/PG_VERSION", SPC "6/pg_filenode.map",
					    "base/6/16700" },
		.major = 15 };
	static const struct {
		uint32_t space, database;
		const char *wanted;
	} all[] = {
		{ 1663, 5, "" },
		{ 1663, 4, "base/4/pg_filenode.map\n" },
		{ 16400, 6, "" },
		{ 1663, 6, "base/6/PG_VERSION\n" },
		{ 16400, 5, SPC "5/PG_VERSION\n" },
		{ 1663, 7, "base/7/PG_VERSION\n" },
	};
	struct databaseset *set = of_row(&row);
	struct error err = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct told told = { .judge = { fault, doubt, is_exempt, is_none } };

		assert_int_equal(databaseset_judge_one(set, cluster_version(15),
				     all[i].space, all[i].database, &told.judge, &err),
		    0);
		assert_string_equal(buf_text(&told.text), all[i].wanted);
		buf_free(&told.text);
	}
	databaseset_free(set);
}

/* What is known to be no database may lack any file, all originals there or not. */
static void
none(void **state)
{
	static const struct row row = {
		.paths = { "base/5/1259", "base/5/PG_VERSION", "base/5/pg_filenode.map",
		    "base/16500/1259", "base/16500/pg_filenode.map", "base/16501/1259",
		    "base/16501/pg_filenode.map" },
		.major = 15
	};
	struct databaseset *set = of_row(&row);
	struct error err = { 0 };
	struct told told = { .judge = { fault, doubt, is_exempt, is_none },
		.none = 16500 };

	(void)state;
	assert_int_equal(
	    databaseset_judge(set, cluster_version(15), &told.judge, &err), 0);
	assert_string_equal(
	    buf_text(&told.text), "doubt base/16500\nbase/16501/PG_VERSION\n");
	buf_clear(&told.text);
	assert_int_equal(
	    databaseset_judge_none(set, cluster_version(15), &told.judge, &err), 0);
	assert_string_equal(buf_text(&told.text), "doubt base/16500\n");
	buf_free(&told.text);
	databaseset_free(set);
}

static void
shared(void **state)
{
	static const struct row with = { .paths = { "global/pg_filenode.map" } };
	static const struct row without = { .paths = { "base/5/pg_filenode.map" } };
	struct told told = { .judge = { fault, doubt, is_exempt, is_none } };
	struct databaseset *set = of_row(&with);
	struct error err = { 0 };

	(void)state;
	assert_int_equal(databaseset_judge_shared(set, &told.judge, &err), 0);
	assert_string_equal(buf_text(&told.text), "");
	databaseset_free(set);
	set = of_row(&without);
	assert_int_equal(databaseset_judge_shared(set, &told.judge, &err), 0);
	assert_string_equal(buf_text(&told.text), "global/pg_filenode.map\n");
	databaseset_free(set);
	buf_free(&told.text);
}

int
main(void)
{
	struct CMUnitTest tests[ROWS + 3] = { cmocka_unit_test(one),
		cmocka_unit_test(none), cmocka_unit_test(shared) };

	for (size_t i = 0; i < ROWS; i++)
		tests[i + 3] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = judge_row,
			.initial_state = &rows[i] };
	return cmocka_run_group_tests_name("databaseset", tests, NULL, NULL);
}
