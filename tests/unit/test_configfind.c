/* Where in a copy a file is that the configuration of the original names. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "support/openedcopy.c.inc"
#include "support/rows.h"

/* The original was /old, also called /link; its main file was in /etc/pg. */
static struct infofile_pair config[] = {
	{ (char[]){ "conf.d/a.conf" }, (char[]){ "/etc/pg/conf.d/a.conf" } },
	{ (char[]){ "elsewhere/srv/tls/key" }, (char[]){ "/srv/tls/key" } },
	{ (char[]){ "gone.conf" }, (char[]){ "/etc/pg/gone.conf" } },
	{ (char[]){ "postgresql.conf" }, (char[]){ "/etc/pg/main.conf" } },
};
static struct infofile_pair datadirs[] = { { (char[]){ "/link" }, NULL } };
static const struct infofile info = {
	.config = { sizeof(config) / sizeof(config[0]), config },
	.datadirs = { 1, datadirs },
};

static const struct fake_file files[] = {
	{ "new/pg_hba.conf", "" },
	{ "new/sub/b.conf", "" },
	{ "new/two\nlines", "" },
	{ "new/out.conf", LINK("/etc/passwd") },
	{ "new/pg_basetar_config/postgresql.conf", "" },
	{ "new/pg_basetar_config/conf.d/a.conf", "" },
	{ "new/pg_basetar_config/empty.d", DIRECTORY },
	{ "new/pg_basetar_config/elsewhere/srv/tls/key", "" },
	{ "new/pg_basetar_config/elsewhere/srv/none", DIRECTORY },
};

static int
begin(void **state)
{
	(void)state;
	return open_copy(files, sizeof(files) / sizeof(files[0]), &info);
}

static int
end(void **state)
{
	(void)state;
	close_copy();
	return 0;
}

static const struct configfile main_file = { "postgresql.conf", "/etc/pg/main.conf" };
static const struct configfile a_file = { "pg_basetar_config/conf.d/a.conf",
	"/etc/pg/conf.d/a.conf" };

static struct row {
	const char *name;
	const struct configfile *from; /* NULL: as the server names it */
	const char *called, *found;
	bool is_directory;
} rows[] = {
	{ "by its path", NULL, "/etc/pg/main.conf", "pg_basetar_config/postgresql.conf",
	    false },
	{ "by a longer path", NULL, "/etc/./pg//x/../main.conf",
	    "pg_basetar_config/postgresql.conf", false },
	{ "next to the main file", &main_file, "conf.d/a.conf",
	    "pg_basetar_config/conf.d/a.conf", false },
	{ "above the file that names it", &a_file, "../main.conf",
	    "pg_basetar_config/postgresql.conf", false },
	{ "elsewhere", &main_file, "../../srv/tls/key",
	    "pg_basetar_config/elsewhere/srv/tls/key", false },
	{ "in the data directory", NULL, "/old/sub/b.conf", "sub/b.conf", false },
	{ "by its other name", NULL, "/link/sub/b.conf", "sub/b.conf", false },
	{ "where the server works", NULL, "sub/b.conf", "sub/b.conf", false },
	{ "not where the file is that names it", &main_file, "sub/b.conf", "", false },
	{ "not in the archive", NULL, "/etc/pg/gone.conf", "", false },
	{ "not listed", NULL, "/etc/passwd", "", false },
	{ "through a link", NULL, "/old/out.conf", "", false },
	{ "out of the directory", NULL, "../etc/passwd", "", false },
	{ "blanks", &main_file, " \t", "", false },
	{ "two lines", NULL, "/old/two\nlines", "", false },
	{ "a directory is no file", NULL, "/old/sub", "", false },
	{ "a file is no directory", NULL, "/old/pg_hba.conf", "", true },
	{ "a directory below", NULL, "/old/sub", "sub", true },
	{ "the directory itself", NULL, "/old", "", true },
	{ "a directory, by a file in it", &main_file, "conf.d",
	    "pg_basetar_config/conf.d", true },
	{ "a directory elsewhere, by a file in it", NULL, "/srv/tls/",
	    "pg_basetar_config/elsewhere/srv/tls", true },
	{ "a directory that no file was in", &main_file, "empty.d",
	    "pg_basetar_config/empty.d", true },
	{ "one elsewhere that no file was in", NULL, "/srv/none",
	    "pg_basetar_config/elsewhere/srv/none", true },
	{ "part of a name is no directory", NULL, "/etc/pg/conf", "", true },
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static void
check_row(void **state)
{
	const struct row *row = *state;
	struct buf found = { 0 };
	struct error err;

	assert_int_equal(configfind_path(&find, row->from, row->called, row->is_directory,
			     &found, &err),
	    0);
	assert_string_equal(buf_text(&found), row->found);
	buf_free(&found);
}

/* From the copy to where the original had it. */
static void
was(void **state)
{
	static const struct {
		const char *path, *was;
	} files_were[] = {
		{ "pg_basetar_config/postgresql.conf", "/etc/pg/main.conf" },
		{ "pg_basetar_config/elsewhere/srv/tls/key", "/srv/tls/key" },
		{ "pg_hba.conf", "/old/pg_hba.conf" },
		{ "pg_basetar_config/unknown", "/old/pg_basetar_config/unknown" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(files_were) / sizeof(files_were[0]); i++) {
		struct buf text = { 0 };
		struct error err;

		assert_int_equal(
		    configfind_was(&find, files_were[i].path, &text, &err), 0);
		assert_string_equal(buf_text(&text), files_were[i].was);
		buf_free(&text);
	}
}

/* What a file has to say to lead there: as many steps up as it is deep. */
static void
call(void **state)
{
	static const struct {
		const struct configfile *from;
		const char *name;
	} calls[] = { { NULL, "sub/b.conf" }, { &main_file, "sub/b.conf" },
		{ &a_file, "../../sub/b.conf" } };

	(void)state;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		struct buf text = { 0 };
		struct error err;

		assert_int_equal(
		    configfind_call(calls[i].from, "sub/b.conf", &text, &err), 0);
		assert_string_equal(buf_text(&text), calls[i].name);
		buf_free(&text);
	}
}

/* Without a name of the original, or with one that is here, the copy is where it was. */
static void
original(void **state)
{
	struct configfind other = { .datadir = &datadir, .info = &info };
	struct error err;

	(void)state;
	assert_false(find.is_in_place);
	assert_true(configfind_is_here(&find, datadir.path));
	assert_false(configfind_is_here(&find, "/"));
	assert_int_equal(configfind_original(&other, NULL, &err), 0);
	assert_false(other.is_in_place);
	assert_string_equal(buf_text(&other.original), datadir.path);
	configfind_free(&other);
	other = (struct configfind){ .datadir = &datadir, .info = &info };
	assert_int_equal(configfind_original(&other, datadir.path, &err), 0);
	assert_true(other.is_in_place);
	assert_string_equal(buf_text(&other.here), datadir.path);
	configfind_free(&other);
}

int
main(void)
{
	enum { SINGLE = 3 };
	struct CMUnitTest tests[SINGLE + ROWS] = {
		cmocka_unit_test(was),
		cmocka_unit_test(call),
		cmocka_unit_test(original),
	};

	rows_name(tests + SINGLE, rows, sizeof(rows[0]), ROWS, check_row);
	return cmocka_run_group_tests(tests, begin, end);
}
