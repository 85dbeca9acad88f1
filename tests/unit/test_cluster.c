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
#include "pg/control.h"
#include "support/controlimage.h"

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
	{ "19", "19\n", 19, ERROR_NONE, NULL },
	{ "no newline", "16", 16, ERROR_NONE, NULL },
	{ "9.6", "9.6\n", 0, ERROR_UNSUPPORTED,
	    "file \"PG_VERSION\": PostgreSQL 9.6 is not supported by this release of "
	    "pg_basetar (10 to 19)" },
	{ "8.4", "8.4\n", 0, ERROR_UNSUPPORTED,
	    "file \"PG_VERSION\": PostgreSQL 8.4 is not supported by this release of "
	    "pg_basetar (10 to 19)" },
	{ "20", "20\n", 0, ERROR_UNSUPPORTED,
	    "file \"PG_VERSION\": PostgreSQL 20 is not supported by this release of "
	    "pg_basetar (10 to 19)" },
	{ "9", "9\n", 0, ERROR_UNSUPPORTED,
	    "file \"PG_VERSION\": PostgreSQL 9 is not supported by this release of "
	    "pg_basetar (10 to 19)" },
	{ "missing", NULL, 0, ERROR_STATE,
	    "file \"PG_VERSION\": could not open: No such file or directory" },
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
		assert_string_equal(err.text,
		    "file \"PG_VERSION\": does not contain a version of PostgreSQL");
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

/* They are the releases that the text names, without a gap. */
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
		assert_ptr_equal(v, cluster_release(major - first));
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
		assert_int_equal(v->wal_overwrite_flag, major < 19 ? 8 : 4);
		assert_int_equal(
		    v->wal_overwrite_flag & v->wal_page_flags, v->wal_overwrite_flag);
	}
	assert_null(cluster_release(last - first + 1));
}

/*
 * The fields of a row.  Each is other than 0 in the releases from ${first} to ${last}, and 0 in
 * those outside, because there the fact is not so.  A new release is one more row in which
 * nothing may be left out: where 0 is meant in it, ${last} says so.
 */
enum { NEWEST = 999 };
#define FIELD(name_, first, last) \
	{ \
#name_, offsetof(struct pg_version, name_), \
		    sizeof(((const struct pg_version *)NULL)->name_), first, last \
	}

static const struct field {
	const char *name;
	size_t at, size;
	unsigned first, last;
} fields[] = {
	FIELD(major, 10, NEWEST),
	FIELD(control_version, 10, NEWEST),
	FIELD(catalog_version, 10, NEWEST),
	FIELD(manifest_version, 10, NEWEST),
	FIELD(tablespace_dir, 10, NEWEST),
	FIELD(start_sql, 10, NEWEST),
	FIELD(stop_sql, 10, NEWEST),
	FIELD(functions, 10, NEWEST),
	FIELD(session_settings, 14, NEWEST), /* before, nothing ends an idle session */
	FIELD(primary_word, 10, NEWEST),
	FIELD(label_has_timeline, 11, NEWEST),
	FIELD(pads_lsn, 19, NEWEST),
	FIELD(map_escapes_backslash, 14, NEWEST),
	FIELD(has_recovery_conf, 10, 11), /* settings and signal files since */
	FIELD(has_auth_includes, 16, NEWEST),
	FIELD(has_hosts_file, 19, NEWEST),
	FIELD(summarizes_wal, 17, NEWEST),
	FIELD(sends_old_manifest, 10, 12), /* it has a meaning since */
	FIELD(sends_in_place, 16, NEWEST),
	FIELD(wal_magic, 10, NEWEST),
	FIELD(wal_page_flags, 10, NEWEST),
	FIELD(wal_overwrite_flag, 10, NEWEST),
	FIELD(wal_last_manager, 10, NEWEST),
	FIELD(wal_image_compressed, 10, NEWEST),
	FIELD(wal_image_apply, 10, NEWEST),
	FIELD(wal_database_drop, 10, NEWEST),
	FIELD(wal_database_empty, 15,
	    NEWEST), /* before, replay copied every new database */
	FIELD(wal_drops_count, 13, NEWEST),
	FIELD(relmap_size, 10, NEWEST),
	FIELD(twophase_magic, 10, NEWEST),
	FIELD(offset_bytes, 10, NEWEST),
	FIELD(member_digits, 10, NEWEST),
};

enum { FIELDS = sizeof(fields) / sizeof(fields[0]) };

static bool
is_set(const struct pg_version *version, const struct field *field)
{
	static const uint8_t zeros[sizeof(void *)];

	return memcmp((const uint8_t *)version + field->at, zeros, field->size) != 0;
}

static void
each_row_is_whole(void **state)
{
	(void)state;
	for (unsigned n = 0; cluster_release(n); n++) {
		const struct pg_version *v = cluster_release(n);

		for (size_t i = 0; i < FIELDS; i++)
			if (is_set(v, &fields[i]) !=
			    (v->major >= fields[i].first && v->major <= fields[i].last))
				fail_msg("release %u: \"%s\" is %s", v->major,
				    fields[i].name,
				    is_set(v, &fields[i]) ? "set, and declared as 0" :
							    "missing");
	}
}

/* The name that a line of the struct declares, "" for none. */
static void
name_of_line(const char *line, char name[64])
{
	const char *end = strchr(line, ';'), *comment = strstr(line, "/*"), *at;

	name[0] = '\0';
	if (end == NULL || (comment && comment < end) || strncmp(line, "\t *", 3) == 0)
		return;
	for (at = end; at > line && strchr(" *", at[-1]) == NULL;)
		at--;
	assert_true((size_t)(end - at) < 64);
	memcpy(name, at, (size_t)(end - at));
	name[end - at] = '\0';
}

/* No field of the struct is missing in the list above, which would not see that it is not set. */
static void
each_field_is_listed(void **state)
{
	FILE *header = fopen("src/pg/cluster.h", "r");
	char line[256], name[64];
	bool is_inside = false;
	size_t count = 0, i;

	(void)state;
	if (header == NULL)
		skip(); /* not run from the top of the checkout */
	while (fgets(line, sizeof(line), header)) {
		if (strcmp(line, "};\n") == 0)
			is_inside = false;
		name_of_line(line, name);
		for (i = 0; is_inside && name[0] && strcmp(name, fields[i].name) != 0;)
			if (++i == FIELDS)
				fail_msg("\"%s\" is not in fields[]", name);
		count += is_inside && name[0];
		if (strcmp(line, "struct pg_version {\n") == 0)
			is_inside = true;
	}
	fclose(header);
	assert_int_equal(count, FIELDS);
}

/* Where the fields of pg_control are, and those of the checkpoint in it, is known of each. */
static void
each_row_has_its_control(void **state)
{
	(void)state;
	for (unsigned n = 0; cluster_release(n); n++) {
		const struct pg_version *v = cluster_release(n);
		uint8_t image[CONTROL_SIZE];
		struct error err = { 0 };
		struct control control;

		controlimage_make(image, v->control_version);
		if (control_decode(image, sizeof(image), &control, &err))
			fail_msg("release %u: %s", v->major, err.text);
		assert_int_equal(control.wal_segment_size, 64 << 20);
		assert_int_equal(control.checkpoint.next_multi, 20);
	}
}

int
main(void)
{
	struct CMUnitTest tests[ROWS + 6] = { cmocka_unit_test(each_row_is_whole),
		cmocka_unit_test(each_field_is_listed),
		cmocka_unit_test(each_row_has_its_control), cmocka_unit_test(no_version),
		cmocka_unit_test(no_file), cmocka_unit_test(table) };

	for (size_t i = 0; i < ROWS; i++)
		tests[i + 6] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = read_row,
			.initial_state = &rows[i] };
	return cmocka_run_group_tests_name("cluster", tests, NULL, NULL);
}
