/* One archive as a command reads it: what it is told of members and bodies, and what ends that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/interrupt.h"
#include "reading/archive.h"
#include "reading/reading.h"
#include "stream/infile.h"
#include "support/faketree.h"
#include "support/openfds.h"
#include "support/tarparts.h"

enum { PIECE = 512 * 1024 };

/* ---- a command, which writes down what it is told ---- */

static struct {
	char told[512];
	const char *fails;    /* what begins with that; NULL: nothing */
	const char *unwanted; /* a member whose body is not; NULL: none */
	const char *last;     /* of this member nothing more is wanted; NULL */
	const char *raises;   /* then the run is over */
} fake;

static struct reading reading;

static int
tell(struct error *err, const char *fmt, ...)
{
	const size_t len = strlen(fake.told);
	va_list args;

	va_start(args, fmt);
	vsnprintf(fake.told + len, sizeof(fake.told) - len, fmt, args);
	va_end(args);
	if (fake.raises && strcmp(fake.told + len, fake.raises) == 0)
		cancel_raise(&reading.cancel);
	if (fake.fails == NULL ||
	    strncmp(fake.told + len, fake.fails, strlen(fake.fails)) != 0)
		return 0;
	return error_set(err, ERROR_STATE, 0, "injected");
}

static int
archive(struct reading *r, const struct archivepart *part, struct error *err)
{
	(void)r;
	return tell(err, "archive %d\n", (int)part->kind);
}

static int
member(struct reading *r, const struct tar_entry *entry, uint64_t offset, bool *is_wanted,
    struct error *err)
{
	assert_true(*is_wanted);
	*is_wanted = fake.unwanted == NULL || strcmp(entry->name, fake.unwanted) != 0;
	r->is_over = fake.last && strcmp(entry->name, fake.last) == 0;
	return tell(
	    err, "%s %u at %u\n", entry->name, (unsigned)entry->size, (unsigned)offset);
}

static int
bytes(struct reading *r, const uint8_t *data, size_t len, struct error *err)
{
	(void)r;
	(void)data;
	return tell(err, "bytes %u\n", (unsigned)len);
}

static int
member_end(struct reading *r, struct error *err)
{
	(void)r;
	return tell(err, "end\n");
}

static int
archive_end(struct reading *r, struct error *err)
{
	(void)r;
	return tell(err, "over\n");
}

static const struct reading_ops whole = { .archive = archive,
	.member = member,
	.bytes = bytes,
	.member_end = member_end,
	.archive_end = archive_end };
static const struct reading_ops sparse = { .is_sparse = true,
	.archive = archive,
	.member = member,
	.bytes = bytes,
	.member_end = member_end };

/* ---- an archive ---- */

static char *root;

/* A member that is empty, one of two pieces and a half, one of a few bytes. */
static void
make_archive(struct buf *out, const char *first)
{
	static const uint8_t end[1024];
	struct error err = { 0 };

	assert_int_equal(tarparts_header(out, '0', first, 0, &err), 0);
	assert_int_equal(
	    tarparts_header(out, '0', "large", 2 * PIECE + PIECE / 2, &err), 0);
	assert_int_equal(tarparts_header(out, '0', "small", 3, &err), 0);
	assert_int_equal(buf_append(out, end, sizeof(end), &err), 0);
}

static void
write_file(const void *data, size_t len)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/a.tar", root);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(len == 0 || fwrite(data, len, 1, file) == 1);
	assert_int_equal(fclose(file), 0);
}

static int
begin(void **state)
{
	static const struct fake_file nothing[] = { { "a.tar", "" } };
	struct buf out = { 0 };

	(void)state;
	memset(&fake, 0, sizeof(fake));
	root = faketree_new(nothing, 1);
	make_archive(&out, "empty");
	write_file(out.data, out.len);
	buf_free(&out);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	faketree_free(root);
	return 0;
}

static int
run(const struct reading_ops *ops, struct error *err)
{
	static const struct options opt = { .input = "a.tar" };
	const struct archivepart part = { .kind = ARCHIVEPART_BASE };
	const size_t fds = openfds_count();
	struct source *file;
	char path[512];
	int rc;

	reading_init(&reading, &opt, ops, "nothing came of it");
	snprintf(path, sizeof(path), "%s/a.tar", root);
	assert_int_equal(infile_open(&file, path, &reading.cancel, err), 0);
	rc = reading_archive(&reading, file, "a.tar", &part, err);
	assert_null(reading.file);
	assert_null(reading.source);
	assert_int_equal(cancel_is_raised(&reading.cancel), rc == -1);
	assert_int_equal(openfds_count(), fds);
	reading_cut(&reading); /* there is nothing to be cut any more */
	reading_free(&reading);
	return rc;
}

#define ARCHIVE "archive 1\n"
#define EMPTY "empty 0 at 0\n"
#define LARGE "large 1310720 at 512\n"
#define PIECES "bytes 524288\nbytes 524288\nbytes 262144\nend\n"
#define SMALL "small 3 at 1311744\nbytes 3\nend\n"

static const struct row {
	const char *name;
	bool is_sparse;
	const char *fails, *unwanted, *last, *raises;
	const char *told, *error; /* NULL: none */
} rows[] = {
	{ "whole", false, .told = ARCHIVE EMPTY "end\n" LARGE PIECES SMALL "over\n" },
	{ "sparse", true, .unwanted = "large",
	    .told = ARCHIVE EMPTY "end\n" LARGE SMALL },
	{ "a body that is not wanted", false, .unwanted = "large",
	    .told = ARCHIVE EMPTY "end\n" LARGE SMALL "over\n" },
	{ "over", true, .last = "large", .told = ARCHIVE EMPTY "end\n" LARGE },
	{ "over, whole", false, .last = "empty", .told = ARCHIVE EMPTY },
	{ "the archive is refused", false, .fails = "archive", .told = ARCHIVE,
	    .error = "a.tar: injected" },
	{ "a member is refused", false, .fails = "large",
	    .told = ARCHIVE EMPTY "end\n" LARGE, .error = "a.tar: injected" },
	{ "bytes are refused", false, .fails = "bytes",
	    .told = ARCHIVE EMPTY "end\n" LARGE "bytes 524288\n",
	    .error = "a.tar: injected" },
	{ "its end is refused", false, .fails = "over",
	    .told = ARCHIVE EMPTY "end\n" LARGE PIECES SMALL "over\n",
	    .error = "a.tar: injected" },
	{ "cancelled", true, .raises = EMPTY, .told = ARCHIVE EMPTY,
	    .error = "a.tar: cancelled" },
};

static void
check_row(void **state)
{
	const struct row *row = *state;
	struct error err = { 0 };

	assert_int_equal(begin(NULL), 0);
	fake.fails = row->fails;
	fake.unwanted = row->unwanted;
	fake.last = row->last;
	fake.raises = row->raises;
	assert_int_equal(
	    run(row->is_sparse ? &sparse : &whole, &err), row->error ? -1 : 0);
	assert_string_equal(fake.told, row->told);
	assert_string_equal(err.text, row->error ? row->error : "");
	if (row->error == NULL)
		assert_string_equal(reading.compression, "none");
	end(NULL);
}

/* How far it is: bytes of those that are over, and decoded ones of those read to their end. */
static void
counted(void **state)
{
	struct error err = { 0 };

	(void)state;
	assert_int_equal(run(&whole, &err), 0);
	/* what is behind the end is read as well, to see that it is nothing */
	assert_int_equal(reading.past, 1313792);
	assert_int_equal(reading.raw, 1313792);
	fake.told[0] = '\0';
	fake.last = "large";
	assert_int_equal(run(&whole, &err), 0);
	assert_int_equal(reading.raw, 0);
}

static void
damaged(void **state)
{
	struct buf out = { 0 };
	struct error err = { 0 };

	(void)state;
	make_archive(&out, "./base");
	write_file(out.data, out.len);
	assert_int_equal(run(&whole, &err), -1);
	assert_int_equal(err.kind, ERROR_UNSUPPORTED);
	assert_non_null(strstr(err.text, "it was packed with \"tar -C DIR .\""));
	assert_non_null(strstr(err.hint, "pg_basetar-verify(1)"));
	buf_clear(&out);
	make_archive(&out, "empty");
	/* cut in a body, and before the end of the archive */
	write_file(out.data, 100000);
	err = (struct error){ 0 };
	assert_int_equal(run(&whole, &err), -1);
	assert_int_equal(err.kind, ERROR_FORMAT);
	write_file(out.data, 0);
	assert_int_equal(run(&whole, &err), -1);
	assert_string_equal(err.text, "a.tar: empty");
	buf_free(&out);
}

int
main(void)
{
	enum { ROWS = sizeof(rows) / sizeof(rows[0]) };
	struct error err = { 0 };
	struct CMUnitTest tests[2 + ROWS] = {
		cmocka_unit_test_setup_teardown(counted, begin, end),
		cmocka_unit_test_setup_teardown(damaged, begin, end),
	};

	if (interrupt_install(&err))
		return 1;
	for (size_t i = 0; i < ROWS; i++)
		tests[2 + i] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = check_row,
			.initial_state = (void *)(uintptr_t)&rows[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
