/* The tar reader: whole archives, archives cut at every byte, archives it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/memstream.h"
#include "tar/pax.h"
#include "tar/reader.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TEN(text) text text text text text text text text text text

static const uint8_t zeros[20 * TAR_BLOCK];
static const uint8_t rubbish[TAR_BLOCK] = "rubbish";

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

/* Read on until the end or an error; counts the members. */
static int
read_all(struct source *source, size_t *count, struct error *err)
{
	struct tar_reader *reader = NULL;
	struct tar_entry entry;
	uint8_t bytes[300];
	size_t got;
	bool end = false;
	int rc = -1;

	*count = 0;
	if (tar_reader_open(&reader, source, err))
		return -1;
	while (!end) {
		if (tar_reader_next(reader, &entry, &end, err))
			goto out;
		*count += !end;
		for (got = 1; got > 0 && !end;)
			if (tar_reader_read(reader, bytes, sizeof(bytes), &got, err))
				goto out;
	}
	rc = 0;
out:
	tar_reader_free(reader);
	return rc;
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

		assert_int_equal(read_all(&m.source, &count, &err), -1);
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

	assert_int_equal(read_all(&m.source, &count, &err), -1);
	assert_string_equal(strchr(err.text, ',') + 2, where);
}

static void
cut_says_where(void **state)
{
	size_t starts[COUNT(members) + 1];
	struct buf archive = make_archive(starts);

	(void)state;
	check_cut(&archive, 0, "without the end of an archive");
	check_cut(&archive, 1, "in a header");
	check_cut(&archive, 512, "in the body of a member");
	check_cut(&archive, 1023, "in the body of a member");
	check_cut(&archive, 1024, "without the end of an archive");
	check_cut(&archive, starts[4] + TAR_BLOCK + 7, "in a pax header");
	check_cut(&archive, starts[4] + 2 * TAR_BLOCK, "without the end of an archive");
	check_cut(&archive, starts[COUNT(members)] + 1023, "in the end of the archive");
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
		assert_int_equal(read_all(&m.source, &count, &err), -1);
		assert_int_equal(err.kind, ERROR_IO);
		assert_string_equal(err.text, "injected: No space left on device");
	}
	buf_free(&archive);
}

/*
 * Archives, a letter for each part:
 *
 *	f d l	a file with a body of three bytes, a directory, a link
 *	x	a pax header with the row's records
 *	z	a block of zeros
 *	r	a block of rubbish
 *	F D E P	a file whose name ends in a slash, a directory with a body, a link
 *		without a target, a pax header of 64 KiB and a byte
 *	others	a header of that type
 */
static const struct refused {
	const char *name;
	const char *parts;
	const char *records;
	enum error_kind kind;
	const char *message;
} refused_rows[] = {
	{ "nothing but an end", "zz", NULL, ERROR_NONE, NULL },
	{ "an end and a record of zeros", "fdlzzzzzz", NULL, ERROR_NONE, NULL },
	{ "a pax header without records", "xdzz", "", ERROR_NONE, NULL },
	{ "rubbish", "r", NULL, ERROR_FORMAT, "offset 0: bad checksum in a tar header" },
	{ "rubbish after a member", "dr", NULL, ERROR_FORMAT,
	    "offset 512: bad checksum in a tar header" },
	{ "half an end", "dzd", NULL, ERROR_FORMAT,
	    "archive goes on behind its end, at offset 1024" },
	{ "a member after the end", "dzzd", NULL, ERROR_FORMAT,
	    "archive goes on behind its end, at offset 1536" },
	{ "two pax headers", "xxdzz", "9 path=a\n", ERROR_UNSUPPORTED,
	    "offset 1024: unknown type 0x78 of member \"a\"" },
	{ "a pax header and the end", "xzz", "9 path=a\n", ERROR_FORMAT,
	    "offset 1024: no member after a pax header" },
	{ "broken records", "xd", "9 path=a", ERROR_FORMAT,
	    "offset 512: pax header: no record at byte 0 of 8" },
	{ "records too long", "P", NULL, ERROR_UNSUPPORTED,
	    "pax header of 65537 bytes at offset 512 is too long" },
	{ "a name that ends in a slash", "F", NULL, ERROR_FORMAT,
	    "offset 0: bad name of member \"f/\"" },
	{ "no name but a slash", "xd", "9 path=/\n", ERROR_FORMAT,
	    "offset 1024: bad name of member \"/\"" },
	{ "a directory with a body", "D", NULL, ERROR_FORMAT,
	    "offset 0: no body belongs to \"f\"" },
	{ "a link without a target", "E", NULL, ERROR_FORMAT,
	    "offset 0: no target of link \"f\"" },
	{ "a hard link", "1", NULL, ERROR_UNSUPPORTED,
	    "offset 0: unknown type 0x31 of member \"f\"" },
	{ "a device", "d3", NULL, ERROR_UNSUPPORTED,
	    "offset 512: unknown type 0x33 of member \"f\"" },
	{ "GNU's long name", "L", NULL, ERROR_UNSUPPORTED,
	    "offset 0: unknown type 0x4c of member \"f\"" },
	{ "GNU's long target", "K", NULL, ERROR_UNSUPPORTED,
	    "offset 0: unknown type 0x4b of member \"f\"" },
	{ "GNU's sparse file", "S", NULL, ERROR_UNSUPPORTED,
	    "offset 0: unknown type 0x53 of member \"f\"" },
	{ "a global pax header", "g", NULL, ERROR_UNSUPPORTED,
	    "offset 0: unknown type 0x67 of member \"f\"" },
};

/* A header of any type and size, and its body of zeros. */
static int
append_odd(struct buf *out, char type, const char *name, size_t size, struct error *err)
{
	struct tar_entry entry = { .name = name, .type = TAR_FILE, .size = size };
	size_t body = size + tar_header_padding(size);
	unsigned sum = 0;
	uint8_t *block;

	if (tar_header_encode(out, &entry, err) || buf_reserve(out, body, err))
		return -1;
	block = out->data + out->len - TAR_BLOCK;
	block[156] = (uint8_t)type;
	memset(block + 148, ' ', 8);
	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += block[i];
	snprintf((char *)block + 148, 8, "%06o", sum);
	memset(out->data + out->len, 0, body);
	out->len += body;
	return 0;
}

static int
append_records(struct buf *out, const char *records, struct error *err)
{
	size_t at = out->len + TAR_BLOCK;

	if (append_odd(out, TAR_PAX, "pax", strlen(records), err))
		return -1;
	memcpy(out->data + at, records, strlen(records));
	return 0;
}

static int
append_part(struct buf *out, char part, const char *records, struct error *err)
{
	static const struct tar_entry dir = { "d", NULL, TAR_DIRECTORY, 0, 0, 0, 0, 0, "",
		"" };
	static const struct tar_entry link = { "l", "t", TAR_SYMLINK, 0, 0, 0, 0, 0, "",
		"" };

	switch (part) {
	case 'f':
		return append_odd(out, TAR_FILE, "f", 3, err);
	case 'd':
		return tar_header_encode(out, &dir, err);
	case 'l':
		return tar_header_encode(out, &link, err);
	case 'x':
		return append_records(out, records, err);
	case 'z':
		return buf_append(out, zeros, TAR_BLOCK, err);
	case 'r':
		return buf_append(out, rubbish, sizeof(rubbish), err);
	case 'F':
		return append_odd(out, TAR_FILE, "f/", 0, err);
	case 'D':
		return append_odd(out, TAR_DIRECTORY, "f", 1, err);
	case 'E':
		return append_odd(out, TAR_SYMLINK, "f", 0, err);
	case 'P':
		return append_odd(out, TAR_PAX, "pax", TAR_PAX_MAX + 1, err);
	default:
		return append_odd(out, part, "f", 0, err);
	}
}

static void
check_refused(void **state)
{
	const struct refused *row = *state;
	struct error err = { 0 };
	struct buf archive = { 0 };
	struct memsource m;
	size_t count;

	for (const char *part = row->parts; *part; part++)
		assert_int_equal(append_part(&archive, *part, row->records, &err), 0);
	m = memstream_source(archive.data, archive.len, 0);
	assert_int_equal(read_all(&m.source, &count, &err), row->message ? -1 : 0);
	assert_string_equal(err.text, row->message ? row->message : "");
	assert_int_equal(err.kind, row->kind);
	buf_free(&archive);
}

/* pg_basebackup ends the name of a link in a slash, and POSIX allows it in a pax path. */
static void
slashes_are_stripped_once(void **state)
{
	static const struct {
		char type;
		const char *records;
		const char *name;
	} rows[] = { { '2', "11 path=l/\n23 linkpath=/a/target/\n", "l" },
		{ '5', "11 path=d/\n", "d" } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct error err = { 0 };
		struct buf archive = { 0 };
		struct tar_reader *reader;
		struct tar_entry entry;
		struct memsource m;
		bool end;

		assert_int_equal(append_records(&archive, rows[i].records, &err), 0);
		assert_int_equal(append_odd(&archive, rows[i].type, "odd/", 0, &err), 0);
		m = memstream_source(archive.data, archive.len, 0);
		assert_int_equal(tar_reader_open(&reader, &m.source, &err), 0);
		assert_int_equal(tar_reader_next(reader, &entry, &end, &err), 0);
		assert_string_equal(entry.name, rows[i].name);
		assert_string_equal(entry.link ? entry.link : "/a/target/", "/a/target/");
		tar_reader_free(reader);
		buf_free(&archive);
	}
}

/* GNU tar and Python say in records what a field of the header cannot hold: a size, too. */
static void
records_win(void **state)
{
	struct error err = { 0 };
	struct buf archive = { 0 };
	struct tar_reader *reader;
	struct tar_entry entry;
	struct memsource m;
	bool end;

	(void)state;
	assert_int_equal(
	    append_records(&archive, "9 size=3\n15 uid=3000000\n13 gname=ops\n", &err),
	    0);
	assert_int_equal(append_odd(&archive, TAR_FILE, "f", 0, &err), 0);
	assert_int_equal(buf_append(&archive, rubbish, TAR_BLOCK, &err), 0);
	assert_int_equal(append_odd(&archive, TAR_FILE, "g", 0, &err), 0);
	assert_int_equal(buf_append(&archive, zeros, 2 * TAR_BLOCK, &err), 0);
	m = memstream_source(archive.data, archive.len, 0);
	assert_int_equal(tar_reader_open(&reader, &m.source, &err), 0);
	assert_int_equal(tar_reader_next(reader, &entry, &end, &err), 0);
	assert_true(entry.size == 3 && entry.uid == 3000000 && entry.gid == 0);
	assert_string_equal(entry.uname, "");
	assert_string_equal(entry.gname, "ops");
	assert_int_equal(tar_reader_next(reader, &entry, &end, &err), 0);
	assert_string_equal(entry.name, "g");
	assert_true(entry.size == 0 && entry.uid == 0);
	assert_string_equal(entry.gname, "");
	assert_int_equal(tar_reader_next(reader, &entry, &end, &err), 0);
	assert_true(end);
	tar_reader_free(reader);
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
		cmocka_unit_test(slashes_are_stripped_once),
		cmocka_unit_test(records_win),
		cmocka_unit_test(no_reader_is_legal),
	};
	struct CMUnitTest refused[COUNT(refused_rows)];
	int failed;

	for (size_t i = 0; i < COUNT(refused_rows); i++)
		refused[i] = (struct CMUnitTest){ .name = refused_rows[i].name,
			.test_func = check_refused,
			.initial_state = (void *)(uintptr_t)&refused_rows[i] };
	failed = cmocka_run_group_tests_name("reader", single, NULL, NULL);
	failed += cmocka_run_group_tests_name("reader: parts", refused, NULL, NULL);
	return failed != 0;
}
