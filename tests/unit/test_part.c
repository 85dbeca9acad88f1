/* A file that is one archive of several, named without the others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "reading/part.h"
#include "support/faketree.h"
#include "support/openfds.h"
#include "support/tarparts.h"

enum { MEMBERS = 3 };

static const struct row {
	const char *name, *input;
	const char *members[MEMBERS]; /* of the archive; NULL first: it is no archive */
	const char *other;            /* next to it; NULL: nothing is */
	bool is_refused;
} rows[] = {
	{ "base.tar with others", "base.tar", { "backup_label", "base" }, "16400.tar",
	    true },
	{ "with a map", "base.tar", { "backup_label", "tablespace_map", "base" },
	    "pg_wal.tar.gz", true },
	{ "of a server that was stopped", "base.tar", { "PG_VERSION" }, "16400.tar",
	    true },
	{ "a tablespace", "16400.tar", { "PG_15_202209061" }, "base.tar", true },
	{ "pg_wal.tar", "pg_wal.tar", { "000000010000000000000001" }, "base.tar", true },
	{ "base.tar alone", "base.tar", { "backup_label", "base" }, NULL, false },
	{ "base.tar with something else", "base.tar", { "backup_label", "base" },
	    "other.tar", false },
	{ "another name", "nightly.tar", { "backup_label", "base" }, "16400.tar", false },
	/* one whole backup of pg_basetar may be called so as well */
	{ "ours", "base.tar", { "backup_label", "pg_basetar.info", "base" }, "16400.tar",
	    false },
	{ "ours, without a label", "base.tar", { "pg_basetar.info", "base" }, "16400.tar",
	    false },
	/* what cannot be read is refused with its reason later */
	{ "nothing but a label", "base.tar", { "backup_label" }, "16400.tar", false },
	{ "no archive", "base.tar", { NULL }, "16400.tar", false },
};

static void
write_archive(const char *path, const char *const *members)
{
	static const uint8_t end[1024];
	struct buf out = { 0 };
	struct error err = { 0 };
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	for (size_t i = 0; i < MEMBERS && members[i]; i++)
		assert_int_equal(tarparts_header(&out, '0', members[i], 3, &err), 0);
	if (members[0])
		assert_int_equal(buf_append(&out, end, sizeof(end), &err), 0);
	else
		assert_int_equal(buf_printf(&out, &err, "no archive"), 0);
	assert_int_equal(fwrite(out.data, out.len, 1, file), 1);
	assert_int_equal(fclose(file), 0);
	buf_free(&out);
}

static int
refuse(const char *path, struct error *err)
{
	const struct options opt = { .input = path };
	struct reading reading = { .opt = &opt };
	const size_t fds = openfds_count();
	const int rc = reading_refuse_part(&reading, err);

	assert_int_equal(openfds_count(), fds);
	return rc;
}

static void
check_row(void **state)
{
	static const struct fake_file nothing[] = { { "empty", DIRECTORY } };
	const struct row *row = *state;
	char *root = faketree_new(nothing, 1), path[512], expected[2048];
	struct error err = { 0 };

	if (row->other)
		faketree_put(root, row->other, "");
	snprintf(path, sizeof(path), "%s/%s", root, row->input);
	write_archive(path, row->members);
	assert_int_equal(refuse(path, &err), row->is_refused ? -1 : 0);
	if (row->is_refused) {
		assert_int_equal(err.kind, ERROR_STATE);
		snprintf(expected, sizeof(expected),
		    "%s: is one archive of a backup that has others: \"%s\" is in the same directory",
		    path, row->other);
		assert_string_equal(err.text, expected);
		snprintf(expected, sizeof(expected), "Name the directory: \"%s\".", root);
		assert_string_equal(err.hint, expected);
	}
	faketree_free(root);
}

/* What is no file is not opened: a pipe would lose what it has. */
static void
no_file(void **state)
{
	static const struct fake_file files[] = { { "base.tar", FIFO },
		{ "16400.tar", "" } };
	char *root = faketree_new(files, 2), path[512];
	struct error err = { 0 };

	(void)state;
	assert_int_equal(refuse(NULL, &err), 0);
	snprintf(path, sizeof(path), "%s/base.tar", root);
	assert_int_equal(refuse(path, &err), 0);
	snprintf(path, sizeof(path), "%s/none/base.tar", root);
	assert_int_equal(refuse(path, &err), 0);
	assert_int_equal(refuse(root, &err), 0);
	faketree_free(root);
}

int
main(void)
{
	enum { ROWS = sizeof(rows) / sizeof(rows[0]) };
	struct CMUnitTest tests[1 + ROWS] = { cmocka_unit_test(no_file) };

	for (size_t i = 0; i < ROWS; i++)
		tests[1 + i] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = check_row,
			.initial_state = (void *)(uintptr_t)&rows[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
