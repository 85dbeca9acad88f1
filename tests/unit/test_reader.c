/* The tar reader: whole archives, and archives cut at every byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/memstream.h"
#include "support/tarparts.h"
#include "tar/reader.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TEN(text) text text text text text text text text text text

static const uint8_t zeros[20 * TAR_BLOCK];

/* One of each kind; ${size} bytes of body are made by body_byte(). */
static const struct tar_entry members[] = {
	{ "backup_label", NULL, TAR_FILE, 0600, 107, 112, 225, 1700000000, "postgres",
	    "dba" },
	{ "base", NULL, TAR_DIRECTORY, 0700, 107, 112, 0, 1700000000, "", "" },
	{ "base/empty", NULL, TAR_FILE, 0640, 107, 112, 0, -1, "", "" },
	{ "base/block", NULL, TAR_FILE, 0600, 3000000, 3000001, 512, 8589934592, "", "" },
	{ TEN("a/ten/bytes") "", NULL, TAR_FILE, 0600, 0, 0, 513, 0, "", "" },
	{ TEN("a/ten/bytes") "d", NULL, TAR_DIRECTORY, 0700, 0, 0, 0, 0, "", "" },
	{ "pg_tblspc/7", "../pg_basetar_tblspc/7", TAR_SYMLINK, 0777, 1, 1, 0, 1, "",
	    "" },
	{ "\xff\xfe", TEN("/\xe9/ten/by"), TAR_SYMLINK, 0777, 1, 1, 0, 1, "", "" },
	{ "backup_manifest", NULL, TAR_FILE, 0600, 107, 112, 1, 1700000000, "", "" },
};

static uint8_t
body_byte(const struct tar_entry *entry, uint64_t at)
{
	return (uint8_t)((uint8_t)entry->name[0] + 31 * at);
}

/* Members and the end of the archive; ${starts} is where each begins, and the end. */
static struct buf
make_archive(size_t starts[COUNT(members) + 1])
{
	struct error err = { 0 };
	struct buf out = { 0 };

	for (size_t i = 0; i < COUNT(members); i++) {
		size_t padding = tar_header_padding(members[i].size);

		starts[i] = out.len;
		assert_int_equal(tar_header_encode(&out, &members[i], &err), 0);
		for (uint64_t at = 0; at < members[i].size; at++) {
			uint8_t byte = body_byte(&members[i], at);

			assert_int_equal(buf_append(&out, &byte, 1, &err), 0);
		}
		assert_int_equal(buf_append(&out, zeros, padding, &err), 0);
	}
	starts[COUNT(members)] = out.len;
	assert_int_equal(buf_append(&out, zeros, 2 * TAR_BLOCK, &err), 0);
	return out;
}

static void
assert_same_entry(const struct tar_entry *a, const struct tar_entry *b)
{
	assert_string_equal(a->name, b->name);
	assert_int_equal(a->link == NULL, b->link == NULL);
	if (a->link)
		assert_string_equal(a->link, b->link);
	assert_int_equal(a->type, b->type);
	assert_int_equal(a->mode, b->mode);
	assert_true(a->uid == b->uid && a->gid == b->gid);
	assert_true(a->size == b->size && a->mtime == b->mtime);
	assert_string_equal(a->uname, b->uname);
	assert_string_equal(a->gname, b->gname);
}

static void
assert_same_body(struct tar_reader *reader, const struct tar_entry *entry, size_t piece)
{
	struct error err = { 0 };
	uint8_t bytes[1024];
	size_t got;
	uint64_t at = 0;

	assert_true(piece <= sizeof(bytes));
	do {
		assert_int_equal(tar_reader_read(reader, bytes, piece, &got, &err), 0);
		for (size_t i = 0; i < got; i++)
			assert_int_equal(bytes[i], body_byte(entry, at++));
	} while (got > 0);
	assert_true(at == entry->size);
}

static void
expect_all(const struct buf *archive, size_t chunk, size_t piece)
{
	struct memsource m = memstream_source(archive->data, archive->len, chunk);
	struct tar_reader *reader;
	struct tar_entry entry;
	struct error err = { 0 };
	bool end;

	assert_int_equal(tar_reader_open(&reader, &m.source, &err), 0);
	for (size_t i = 0; i < COUNT(members); i++) {
		assert_int_equal(tar_reader_next(reader, &entry, &end, &err), 0);
		assert_false(end);
		assert_same_entry(&entry, &members[i]);
		if (piece > 0)
			assert_same_body(reader, &members[i], piece);
	}
	for (int again = 0; again < 2; again++) {
		assert_int_equal(tar_reader_next(reader, &entry, &end, &err), 0);
		assert_true(end);
	}
	assert_int_equal(m.at, archive->len);
	tar_reader_free(reader);
}

/* Whatever the source hands out at once, and whether bodies are read or passed over. */
static void
reads_what_was_encoded(void **state)
{
	static const size_t chunks[] = { 0, 1, 7, 511, 512, 513, 1000 };
	static const size_t pieces[] = { 0, 1, 100, 512, 1024 };
	size_t starts[COUNT(members) + 1];
	struct buf archive = make_archive(starts);
	struct error err = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(chunks); i++)
		for (size_t j = 0; j < COUNT(pieces); j++)
			expect_all(&archive, chunks[i], pieces[j]);
	/* padded to a record, and far beyond what the reader takes at once */
	for (int i = 0; i < 20; i++)
		assert_int_equal(buf_append(&archive, zeros, sizeof(zeros), &err), 0);
	expect_all(&archive, 0, 0);
	expect_all(&archive, 4096, 100);
	buf_free(&archive);
}

/* Cut anywhere, an archive never looks whole, and the place is told. */
static void
cut_anywhere_is_an_error(void **state)
{
	size_t starts[COUNT(members) + 1], count;
	struct buf archive = make_archive(starts);
	char cut[64];

	(void)state;
	for (size_t at = 0; at < archive.len; at++) {
		struct memsource m = memstream_source(archive.data, at, 0);
		struct error err = { 0 };

		assert_int_equal(tarparts_read(&m.source, &count, &err), -1);
		assert_int_equal(err.kind, ERROR_FORMAT);
		snprintf(cut, sizeof(cut), "archive is cut short at offset %zu, ", at);
		assert_non_null(strstr(err.text, cut));
		assert_true(count <= COUNT(members));
		assert_true(count == 0 || starts[count - 1] < at);
	}
	buf_free(&archive);
}

static void
check_cut(const struct buf *archive, size_t at, const char *where)
{
	struct memsource m = memstream_source(archive->data, at, 0);
	struct error err = { 0 };
	size_t count;

	assert_int_equal(tarparts_read(&m.source, &count, &err), -1);
	assert_string_equal(strchr(err.text, ',') + 2, where);
}

static void
cut_says_where(void **state)
{
	size_t starts[COUNT(members) + 1];
	struct buf archive = make_archive(starts);

	(void)state;
	check_cut(&archive, 0, "before the end of the archive");
	check_cut(&archive, 1, "within a header");
	check_cut(&archive, 512, "within the content of a member");
	check_cut(&archive, 1023, "within the content of a member");
	check_cut(&archive, 1024, "before the end of the archive");
	check_cut(&archive, starts[4] + TAR_BLOCK + 7, "in a pax header");
	check_cut(&archive, starts[4] + 2 * TAR_BLOCK, "before the end of the archive");
	check_cut(
	    &archive, starts[COUNT(members)] + 1023, "within the end of the archive");
	buf_free(&archive);
}

/* A body that is cut does not end: read says so, not only the next member. */
static void
cut_body_has_no_end(void **state)
{
	size_t starts[COUNT(members) + 1], got;
	struct buf archive = make_archive(starts);
	struct memsource m = memstream_source(archive.data, TAR_BLOCK + 100, 0);
	struct tar_reader *reader;
	struct tar_entry entry;
	struct error err = { 0 };
	uint8_t bytes[300];
	bool end;

	(void)state;
	assert_int_equal(tar_reader_open(&reader, &m.source, &err), 0);
	assert_int_equal(tar_reader_next(reader, &entry, &end, &err), 0);
	assert_int_equal(tar_reader_read(reader, bytes, sizeof(bytes), &got, &err), 0);
	assert_int_equal(got, 100);
	assert_int_equal(tar_reader_read(reader, bytes, sizeof(bytes), &got, &err), -1);
	assert_int_equal(err.kind, ERROR_FORMAT);
	tar_reader_free(reader);
	buf_free(&archive);
}

/* What the source says goes through, wherever it says it. */
static void
source_errors_go_through(void **state)
{
	size_t starts[COUNT(members) + 1], count;
	struct buf archive = make_archive(starts);

	(void)state;
	for (size_t at = 0; at <= archive.len; at++) {
		struct memsource m = memstream_source(archive.data, archive.len, 0);
		struct error err = { 0 };

		m.fail_at = at;
		assert_int_equal(tarparts_read(&m.source, &count, &err), -1);
		assert_int_equal(err.kind, ERROR_IO);
		assert_string_equal(err.text, "injected: No space left on device");
	}
	buf_free(&archive);
}

static void
no_reader_is_legal(void **state)
{
	(void)state;
	tar_reader_free(NULL);
}

int
main(void)
{
	static const struct CMUnitTest single[] = {
		cmocka_unit_test(reads_what_was_encoded),
		cmocka_unit_test(cut_anywhere_is_an_error),
		cmocka_unit_test(cut_says_where),
		cmocka_unit_test(cut_body_has_no_end),
		cmocka_unit_test(source_errors_go_through),
		cmocka_unit_test(no_reader_is_legal),
	};

	return cmocka_run_group_tests_name("reader", single, NULL, NULL) != 0;
}
