/* Which files of a data directory the catalogs are read from, and what is passed over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "datadir/catalogread.h"
#include "support/faketree.h"
#include "support/rows.h"

/* ---- in place of pg/catalogset.c: what it is given, a line each ---- */

struct catalogset {
	bool knows_tablespaces, knows_databases;
	const char *wanted;  /* how names of segments begin that are */
	const char *fail_at; /* a file whose bytes cannot be kept; NULL: none */
	char path[64];       /* the file that has begun */
	char given[1024];
};

bool
catalogset_begin(struct catalogset *s, const char *path)
{
	snprintf(s->path, sizeof(s->path), "%s", path);
	return strncmp(path, "pg_xact/", 8) != 0 ||
	    strncmp(path + 8, s->wanted, strlen(s->wanted)) == 0;
}

int
catalogset_bytes(struct catalogset *s, uint64_t at, const uint8_t *bytes, size_t len,
    struct error *err)
{
	const size_t used = strlen(s->given);

	if (s->fail_at && strcmp(s->path, s->fail_at) == 0)
		return error_memory(err);
	assert_int_equal(at, 0);
	snprintf(s->given + used, sizeof(s->given) - used, "%s=%.*s;", s->path, (int)len,
	    len > 0 ? (const char *)bytes : "");
	return 0;
}

bool
catalogset_file(const struct catalogset *s, enum catalogrow_kind kind, uint32_t *relnode)
{
	*relnode = kind == CATALOGROW_TABLESPACE ? 1213 : 4294967295;
	return kind == CATALOGROW_TABLESPACE ? s->knows_tablespaces : s->knows_databases;
}

/* ---- a tree, and what is read of it ---- */

enum { FILES = 6 };

struct row {
	const char *name;
	struct fake_file files[FILES];
	bool knows_tablespaces, knows_databases;
	const char *fail_at;
	const char *given;
};

#define MAP "global/pg_filenode.map"
#define TABLESPACES "global/1213"
#define DATABASES "global/4294967295"

static const struct row rows[] = {
	{ "all",
	    { { MAP, "map" }, { TABLESPACES, "t" }, { DATABASES, "d" },
		{ "pg_xact/0000", "zero" }, { "pg_xact/0001", "one" } },
	    true, true, NULL,
	    MAP "=map;" TABLESPACES "=t;" DATABASES
		"=d;pg_xact/0000=zero;pg_xact/0001=one;" },
	{ "an empty directory", { { "base", DIRECTORY } }, true, true, NULL, "" },
	{ "the map does not say where they are",
	    { { MAP, "map" }, { TABLESPACES, "t" }, { DATABASES, "d" } }, false, false,
	    NULL, MAP "=map;" },
	{ "nor where the databases are",
	    { { MAP, "map" }, { TABLESPACES, "t" }, { DATABASES, "d" } }, true, false,
	    NULL, MAP "=map;" TABLESPACES "=t;" },
	{ "the first is missing", { { MAP, "map" }, { DATABASES, "d" } }, true, true,
	    NULL, MAP "=map;" DATABASES "=d;" },
	{ "it cannot be read", { { TABLESPACES, DIRECTORY }, { DATABASES, "d" } }, true,
	    true, NULL, DATABASES "=d;" },
	{ "what is not wanted", { { "pg_xact/0010", "ten" } }, true, true, NULL, "" },
	{ "a segment that cannot be read", { { "pg_xact/0001", DIRECTORY } }, true, true,
	    NULL, "" },
	{ "pg_xact is a file", { { "pg_xact", "file" }, { MAP, "map" } }, true, true,
	    NULL, MAP "=map;" },
	{ "no memory for the map", { { MAP, "map" }, { TABLESPACES, "t" } }, true, true,
	    MAP, "" },
	{ "no memory for a catalog", { { TABLESPACES, "t" }, { DATABASES, "d" } }, true,
	    true, TABLESPACES, "" },
	{ "no memory for a segment",
	    { { DATABASES, "d" }, { "pg_xact/0000", "zero" }, { "pg_xact/0001", "one" } },
	    true, true, "pg_xact/0000", DATABASES "=d;" },
};

static void
expect_row(void **state)
{
	const struct row *row = *state;
	struct catalogset set = { row->knows_tablespaces, row->knows_databases, "000",
		row->fail_at, "", "" };
	struct error err = { 0 };
	size_t count = 0;
	char *root;
	int fd;

	while (count < FILES && row->files[count].path)
		count++;
	root = faketree_new(row->files, count);
	fd = faketree_open(root);
	assert_int_equal(catalogread(fd, &set, &err), row->fail_at ? -1 : 0);
	assert_int_equal(err.kind, row->fail_at ? ERROR_MEMORY : ERROR_NONE);
	assert_string_equal(set.given, row->given);
	close(fd);
	faketree_free(root);
}

int
main(void)
{
	enum { ROWS = sizeof(rows) / sizeof(rows[0]) };
	struct CMUnitTest tests[ROWS];

	rows_name(tests, rows, sizeof(rows[0]), ROWS, expect_row);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
