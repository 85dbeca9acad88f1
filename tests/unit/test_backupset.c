/* A directory as a backup: which of its files are archives, in which order they are read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "format/backupset.h"
#include "support/faketree.h"
#include "support/rows.h"

enum { FILES = 8 };

static struct row {
	const char *name;
	const char *files[FILES];
	/* the archives, " m" if there is a manifest, the others in brackets; or the error */
	const char *wanted;
} rows[] = {
	{ "base alone", { "base.tar" }, "base.tar" },
	{ "the order of reading",
	    { "pg_wal.tar", "base.tar", "16401.tar", "16400.tar", "backup_manifest" },
	    "16400.tar 16401.tar base.tar pg_wal.tar m" },
	{ "each compressed in its own way",
	    { "base.tar.gz", "16400.tar.zst", "16401.tar", "pg_wal.tar.lz4" },
	    "16400.tar.zst 16401.tar base.tar.gz pg_wal.tar.lz4" },
	{ "what is no archive",
	    { "base.tar", "base.tar.asc", "base.tar.gz.part", "notes", "16400",
		"x16400.tar" },
	    "base.tar [16400] [base.tar.asc] [base.tar.gz.part] [notes] [x16400.tar]" },
	{ "no OID", { "base.tar", "4294967296.tar", "-1.tar", ".tar" },
	    "base.tar [-1.tar] [.tar] [4294967296.tar]" },
	{ "the largest OID", { "base.tar", "4294967295.tar" },
	    "4294967295.tar base.tar" },
	{ "another order than that of digits", { "base.tar", "9.tar", "10.tar" },
	    "10.tar 9.tar base.tar" },
	{ "nothing", { NULL }, "archive \"base.tar\" is missing" },
	{ "no base", { "16400.tar", "pg_wal.tar", "backup_manifest" },
	    "archive \"base.tar\" is missing" },
	{ "base twice", { "base.tar", "base.tar.gz", "16400.tar" },
	    "\"base.tar\" and \"base.tar.gz\" belong to two different backups" },
	{ "a tablespace twice", { "base.tar", "16400.tar", "16400.tar.lz4" },
	    "\"16400.tar\" and \"16400.tar.lz4\" belong to two different backups" },
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static char *
new_tree(const char *const files[FILES])
{
	struct fake_file tree[FILES];
	size_t n = 0;

	for (; n < FILES && files[n]; n++)
		tree[n] = (struct fake_file){ files[n], "" };
	return faketree_new(tree, n);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What no order is promised of is sorted. */
static void
describe(struct backupset *set, char *out, size_t size)
{
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < set->count; i++)
		n += (size_t)snprintf(
		    out + n, size - n, "%s%s", i ? " " : "", set->rows[i].name);
	if (set->has_manifest)
		n += (size_t)snprintf(out + n, size - n, " m");
	if (set->nothers > 0)
		qsort(set->others, set->nothers, sizeof(*set->others), by_name);
	for (size_t i = 0; i < set->nothers; i++)
		n += (size_t)snprintf(out + n, size - n, " [%s]", set->others[i]);
}

static void
read_row(void **state)
{
	const struct row *row = *state;
	char *root = new_tree(row->files), said[256];
	int fd = faketree_open(root);
	struct backupset set;
	struct error err = { 0 };

	if (backupset_read(fd, &set, &err)) {
		assert_int_equal(err.kind, ERROR_STATE);
		assert_string_equal(err.text, row->wanted);
		assert_true(err.hint[0] != '\0');
		assert_true(set.count == 0 && set.rows == NULL && set.others == NULL);
	} else {
		describe(&set, said, sizeof(said));
		assert_string_equal(said, row->wanted);
	}
	backupset_free(&set);
	close(fd);
	faketree_free(root);
}

static void
kinds(void **state)
{
	static const char *const files[FILES] = { "base.tar.gz", "16400.tar",
		"pg_wal.tar" };
	char *root = new_tree(files);
	int fd = faketree_open(root);
	struct backupset set;
	struct error err;

	(void)state;
	assert_int_equal(backupset_read(fd, &set, &err), 0);
	assert_int_equal(set.rows[0].part.kind, ARCHIVEPART_TABLESPACE);
	assert_string_equal(set.rows[0].part.oid, "16400");
	assert_int_equal(set.rows[1].part.kind, ARCHIVEPART_BASE);
	assert_string_equal(set.rows[1].part.oid, "");
	assert_int_equal(set.rows[2].part.kind, ARCHIVEPART_WAL);
	backupset_free(&set);
	close(fd);
	faketree_free(root);
}

/* One file of a set: the base next to it is named first, and without others it is alone. */
static void
others(void **state)
{
	static const struct {
		const char *files[FILES], *path, *other; /* "": none */
	} sets[] = {
		{ { "base.tar", "16400.tar" }, "16400.tar", "base.tar" },
		{ { "base.tar.gz", "16400.tar.gz", "pg_wal.tar.gz" }, "16400.tar.gz",
		    "base.tar.gz" },
		{ { "base.tar", "pg_wal.tar" }, "base.tar", "pg_wal.tar" },
		{ { "base.tar", "notes", "backup_manifest" }, "base.tar", "" },
		{ { "nightly.tar", "base.tar" }, "nightly.tar", "" },
		{ { "base.tar" }, "16400.tar", "base.tar" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		char *root = new_tree(sets[i].files), path[512], *directory;
		char other[BACKUPSET_NAME];
		struct error err;

		snprintf(path, sizeof(path), "%s/%s", root, sets[i].path);
		assert_int_equal(backupset_other(path, &directory, other, &err), 0);
		assert_string_equal(other, sets[i].other);
		if (other[0] != '\0')
			assert_string_equal(directory, root);
		else
			assert_null(directory);
		free(directory);
		faketree_free(root);
	}
}

/* Where the directory cannot be read the file is taken as it was named. */
static void
no_directory(void **state)
{
	char *directory, other[BACKUPSET_NAME];
	struct error err;

	(void)state;
	assert_int_equal(
	    backupset_other("/no/such/base.tar", &directory, other, &err), 0);
	assert_null(directory);
	assert_string_equal(other, "");
}

int
main(void)
{
	enum { SINGLE = 3 };
	struct CMUnitTest tests[SINGLE + ROWS] = {
		cmocka_unit_test(kinds),
		cmocka_unit_test(others),
		cmocka_unit_test(no_directory),
	};

	rows_name(tests + SINGLE, rows, sizeof(rows[0]), ROWS, read_row);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
