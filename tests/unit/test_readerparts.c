/* The tar reader: members of every type, in every order, and what their headers say. */
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
#include "tar/pax.h"
#include "tar/reader.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const uint8_t zeros[2 * TAR_BLOCK];
static const uint8_t rubbish[TAR_BLOCK] = "rubbish";

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

static int
append_records(struct buf *out, const char *records, struct error *err)
{
	return tarparts_member(out, TAR_PAX, records, strlen(records), err);
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
		return tarparts_header(out, TAR_FILE, "f", 3, err);
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
		return tarparts_header(out, TAR_FILE, "f/", 0, err);
	case 'D':
		return tarparts_header(out, TAR_DIRECTORY, "f", 1, err);
	case 'E':
		return tarparts_header(out, TAR_SYMLINK, "f", 0, err);
	case 'P':
		return tarparts_header(out, TAR_PAX, "pax", TAR_PAX_MAX + 1, err);
	default:
		return tarparts_header(out, part, "f", 0, err);
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
	assert_int_equal(tarparts_read(&m.source, &count, &err), row->message ? -1 : 0);
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
		assert_int_equal(
		    tarparts_header(&archive, rows[i].type, "odd/", 0, &err), 0);
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
	assert_int_equal(tarparts_header(&archive, TAR_FILE, "f", 0, &err), 0);
	assert_int_equal(buf_append(&archive, rubbish, TAR_BLOCK, &err), 0);
	assert_int_equal(tarparts_header(&archive, TAR_FILE, "g", 0, &err), 0);
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

int
main(void)
{
	static const struct CMUnitTest single[] = {
		cmocka_unit_test(slashes_are_stripped_once),
		cmocka_unit_test(records_win),
	};
	struct CMUnitTest refused[COUNT(refused_rows)];
	int failed;

	for (size_t i = 0; i < COUNT(refused_rows); i++)
		refused[i] = (struct CMUnitTest){ .name = refused_rows[i].name,
			.test_func = check_refused,
			.initial_state = (void *)(uintptr_t)&refused_rows[i] };
	failed = cmocka_run_group_tests_name("reader: members", single, NULL, NULL);
	failed += cmocka_run_group_tests_name("reader: parts", refused, NULL, NULL);
	return failed != 0;
}
