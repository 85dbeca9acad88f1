#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pg/cluster.h"

/* A directory with one file PG_VERSION, or none. */
struct fixture {
	char path[64];
	int fd;
};

static void
make_fixture(struct fixture *f, const char *text, size_t len)
{
	int fd;

	snprintf(f->path, sizeof(f->path), "%s", "/tmp/test_cluster.XXXXXX");
	assert_non_null(mkdtemp(f->path));
	f->fd = open(f->path, O_RDONLY | O_DIRECTORY);
	assert_true(f->fd >= 0);
	if (text == NULL)
		return;
	fd = openat(f->fd, "PG_VERSION", O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, text, len), len);
	close(fd);
}

static void
drop_fixture(struct fixture *f)
{
	(void)unlinkat(f->fd, "PG_VERSION", 0);
	close(f->fd);
	assert_int_equal(rmdir(f->path), 0);
}

static struct row {
	const char *name, *text;
	unsigned major;       /* 0: an error */
	enum error_kind kind; /* of the error */
	const char *what;
} rows[] = {
	{ "10", "10\n", 10, ERROR_NONE, NULL },
	{ "15", "15\n", 15, ERROR_NONE, NULL },
	{ "18", "18\n", 18, ERROR_NONE, NULL },
	{ "no newline", "16", 16, ERROR_NONE, NULL },
	{ "9.6", "9.6\n", 0, ERROR_UNSUPPORTED,
	    "file \"PG_VERSION\": PostgreSQL 9.6 is not supported by this release of "
	    "pg_basetar (10 to 18)" },
	{ "8.4", "8.4\n", 0, ERROR_UNSUPPORTED,
	    "file \"PG_VERSION\": PostgreSQL 8.4 is not supported by this release of "
	    "pg_basetar (10 to 18)" },
	{ "19", "19\n", 0, ERROR_UNSUPPORTED,
	    "file \"PG_VERSION\": PostgreSQL 19 is not supported by this release of "
	    "pg_basetar (10 to 18)" },
	{ "9", "9\n", 0, ERROR_UNSUPPORTED,
	    "file \"PG_VERSION\": PostgreSQL 9 is not supported by this release of "
	    "pg_basetar (10 to 18)" },
	{ "missing", NULL, 0, ERROR_STATE,
	    "file \"PG_VERSION\": open: No such file or directory" },
	{ "too long",
	    "1111111111222222222233333333334444444444555555555566666666667777\n", 0,
	    ERROR_FORMAT, "file \"PG_VERSION\": is larger than 64 bytes" },
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static void
read_row(void **state)
{
	const struct row *row = *state;
	const struct pg_version *version = NULL;
	struct error err = { 0 };
	struct fixture f;

	make_fixture(&f, row->text, row->text ? strlen(row->text) : 0);
	assert_int_equal(cluster_read_version(f.fd, &version, &err), row->major ? 0 : -1);
	if (row->major)
		assert_int_equal(version->major, row->major);
	else {
		assert_int_equal(err.kind, row->kind);
		assert_string_equal(err.text, row->what);
		assert_null(version);
	}
	if (row->kind == ERROR_STATE)
		assert_int_equal(err.sys, ENOENT);
	drop_fixture(&f);
}

static void
no_version(void **state)
{
	static const char *const bad[] = { "", "\n", "x\n", "15\r\n", "15\n\n", "15 \n",
		" 15\n", "+15\n", "015\n", "15.\n", "15.1\n", "9.\n", "9.06\n", "9.6.1\n",
		"1000\n", "19devel\n", "99999999999999999999\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const struct pg_version *version = NULL;
		struct error err = { 0 };
		struct fixture f;

		make_fixture(&f, bad[i], strlen(bad[i]));
		assert_int_equal(cluster_read_version(f.fd, &version, &err), -1);
		assert_int_equal(err.kind, ERROR_FORMAT);
		assert_string_equal(
		    err.text, "file \"PG_VERSION\": holds no version of PostgreSQL");
		drop_fixture(&f);
	}
}

static void
no_file(void **state)
{
	const struct pg_version *version = NULL;
	struct error err = { 0 };
	struct fixture f;

	(void)state;
	make_fixture(&f, "15\0\n", 4);
	assert_int_equal(cluster_read_version(f.fd, &version, &err), -1);
	assert_int_equal(err.kind, ERROR_FORMAT);
	drop_fixture(&f);

	make_fixture(&f, NULL, 0);
	assert_int_equal(symlinkat("/etc/hostname", f.fd, "PG_VERSION"), 0);
	assert_int_equal(cluster_read_version(f.fd, &version, &err), -1);
	assert_int_equal(err.kind, ERROR_FORMAT);
	assert_string_equal(err.text, "file \"PG_VERSION\": is a symbolic link");
	drop_fixture(&f);
}

/* Each row is whole, and they are the releases that the text names. */
static void
table(void **state)
{
	unsigned first, last;

	(void)state;
	assert_int_equal(sscanf(cluster_versions_text(), "%u to %u", &first, &last), 2);
	assert_null(cluster_version(0));
	assert_null(cluster_version(first - 1));
	assert_null(cluster_version(last + 1));
	for (unsigned major = first; major <= last; major++) {
		const struct pg_version *v = cluster_version(major);
		char dir[32];

		assert_non_null(v);
		assert_int_equal(v->major, major);
		snprintf(dir, sizeof(dir), "PG_%u_%u", major, v->catalog_version);
		assert_string_equal(v->tablespace_dir, dir);
		assert_int_equal(
		    v->control_version / 100, major >= 13 && major <= 16 ? 13 : major);
		assert_int_equal(v->wal_magic >> 8, major < 12 ? 0xD0 : 0xD1);
		assert_int_equal(v->manifest_version, major < 17 ? 1 : 2);
		assert_non_null(strstr(v->start_sql,
		    major < 15 ? "pg_start_backup($1, $2, false)" :
				 "pg_backup_start($1, $2)"));
		assert_non_null(strstr(v->stop_sql,
		    major < 15 ? "pg_stop_backup(false, $1)" : "pg_backup_stop($1)"));
		assert_non_null(strstr(v->functions,
		    major < 15 ? "pg_start_backup(text" : "pg_backup_start(text"));
		assert_string_equal(v->primary_word, major < 14 ? "master" : "primary");
		assert_int_equal(v->label_has_timeline, major >= 11);
		assert_int_equal(v->map_escapes_backslash, major >= 14);
		assert_int_equal(v->summarizes_wal, major >= 17);
	}
}

int
main(void)
{
	struct CMUnitTest tests[ROWS + 3] = { cmocka_unit_test(no_version),
		cmocka_unit_test(no_file), cmocka_unit_test(table) };

	for (size_t i = 0; i < ROWS; i++)
		tests[i + 3] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = read_row,
			.initial_state = &rows[i] };
	return cmocka_run_group_tests_name("cluster", tests, NULL, NULL);
}
