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
 *	L K	GNU's long name and long target, of the row's text and its NUL
 *	m k	the same, the first without a NUL and the second empty
 *	M	a long name of 64 KiB and a byte
 *	z	a block of zeros
 *	r	a block of rubbish
 *	F D E P	a file whose name ends in a slash, a directory with a body, a link
 *		without a target, a pax header of 64 KiB and a byte
 *	t h s	a file, a directory and a link in GNU's format, with a time of access
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
	{ "rubbish", "r", NULL, ERROR_FORMAT,
	    "not a tar archive: offset 0: checksum in a tar header is not valid" },
	{ "rubbish after a member", "dr", NULL, ERROR_FORMAT,
	    "offset 512: checksum in a tar header is not valid" },
	{ "half an end", "dzd", NULL, ERROR_FORMAT,
	    "archive continues after its end, at offset 1024" },
	{ "a member after the end", "dzzd", NULL, ERROR_FORMAT,
	    "archive continues after its end, at offset 1536" },
	{ "two pax headers", "xxdzz", "9 path=a\n", ERROR_UNSUPPORTED,
	    "offset 1024: pax header after a pax header" },
	{ "a pax header and the end", "xzz", "9 path=a\n", ERROR_FORMAT,
	    "offset 1024: a member must follow a pax header" },
	{ "broken records", "xd", "9 path=a", ERROR_FORMAT,
	    "offset 512: pax header: record at byte 0 of 8 is not valid" },
	{ "records too long", "P", NULL, ERROR_UNSUPPORTED,
	    "pax header of 65537 bytes at offset 512 is too long" },
	{ "a name that ends in a slash", "F", NULL, ERROR_FORMAT,
	    "offset 0: name of member \"f/\" is not valid" },
	{ "no name but a slash", "xd", "9 path=/\n", ERROR_FORMAT,
	    "offset 1024: name of member \"/\" is not valid" },
	{ "a directory with a body", "D", NULL, ERROR_FORMAT,
	    "offset 0: member \"f\" is not a file, but has content" },
	{ "a link without a target", "E", NULL, ERROR_FORMAT,
	    "offset 0: link \"f\" has no target" },
	{ "a hard link", "1", NULL, ERROR_UNSUPPORTED,
	    "offset 0: member \"f\" is a hard link" },
	{ "a device", "d3", NULL, ERROR_UNSUPPORTED,
	    "offset 512: unknown type 0x33 of member \"f\"" },
	{ "GNU's sparse file", "S", NULL, ERROR_UNSUPPORTED,
	    "offset 0: member \"f\" is a sparse file, packed with --sparse" },
	{ "a directory of GNU's incremental archives", "G", NULL, ERROR_UNSUPPORTED,
	    "offset 0: member \"f\" is a directory of an incremental archive" },
	{ "a file with GNU's times", "t", NULL, ERROR_UNSUPPORTED,
	    "offset 0: member \"f\" has times or parts of a sparse file in its header" },
	{ "a directory with GNU's times", "h", NULL, ERROR_UNSUPPORTED,
	    "offset 0: member \"f\" has times or parts of a sparse file in its header" },
	{ "a link with GNU's times", "s", NULL, ERROR_UNSUPPORTED,
	    "offset 0: member \"f\" has times or parts of a sparse file in its header" },
	{ "a label, with a magic", "V", NULL, ERROR_UNSUPPORTED,
	    "offset 0: member \"f\" is the label of a volume" },
	{ "a pax header for all", "g", NULL, ERROR_UNSUPPORTED,
	    "offset 0: member \"f\" is a pax header for all members" },
	{ "GNU's long name of before 1.13", "N", NULL, ERROR_UNSUPPORTED,
	    "offset 0: unknown type 0x4e of member \"f\"" },

	{ "a long name", "Ldzz", "a", ERROR_NONE, NULL },
	{ "a long target", "Klzz", "a", ERROR_NONE, NULL },
	{ "a long name and target", "LKlKLlzz", "a", ERROR_NONE, NULL },
	{ "a long name, then a pax header of another", "Ldxdzz", "9 path=a\n", ERROR_NONE,
	    NULL },
	{ "two long names", "LLdzz", "a", ERROR_UNSUPPORTED,
	    "offset 1024: long name after a long name" },
	{ "two long targets", "KKlzz", "a", ERROR_UNSUPPORTED,
	    "offset 1024: long link target after a long link target" },
	{ "three of them", "LKLlzz", "a", ERROR_UNSUPPORTED,
	    "offset 2048: long name after a long link target" },
	{ "a long name after a pax header", "xLdzz", "9 path=a\n", ERROR_UNSUPPORTED,
	    "offset 1024: long name after a pax header" },
	{ "a pax header after a long name", "Lxdzz", "9 path=a\n", ERROR_UNSUPPORTED,
	    "offset 1024: pax header after a long name" },
	{ "a pax header after a long target", "Kxlzz", "9 path=a\n", ERROR_UNSUPPORTED,
	    "offset 1024: pax header after a long link target" },
	{ "a long target of a file", "Kfzz", "a", ERROR_FORMAT,
	    "offset 1024: member \"f\" is not a link, but has a long link target" },
	{ "a long target of a directory", "LKdzz", "a", ERROR_FORMAT,
	    "offset 2048: member \"a\" is not a link, but has a long link target" },
	{ "a long name and the end", "Lzz", "a", ERROR_FORMAT,
	    "offset 1024: a member must follow a long name" },
	{ "a long target and the end", "Kzz", "a", ERROR_FORMAT,
	    "offset 1024: a member must follow a long link target" },
	{ "a long name and target, and the end", "LKzz", "a", ERROR_FORMAT,
	    "offset 2048: a member must follow a long link target" },
	{ "a long name and nothing", "L", "a", ERROR_FORMAT,
	    "archive is cut short at offset 1024, before the end of the archive" },
	{ "a long name and rubbish", "Lr", "a", ERROR_FORMAT,
	    "offset 1024: checksum in a tar header is not valid" },
	{ "a long name without a NUL", "md", "a", ERROR_FORMAT,
	    "offset 512: long name does not end in a NUL" },
	{ "a long target that is empty", "kl", "", ERROR_FORMAT,
	    "offset 512: long link target is empty" },
	{ "a long name of a slash", "Ldzz", "/", ERROR_FORMAT,
	    "offset 1024: name of member \"/\" is not valid" },
	{ "a long name of a file that ends in a slash", "Lfzz", "a/", ERROR_FORMAT,
	    "offset 1024: name of member \"a/\" is not valid" },
	{ "a long name that is too long", "M", NULL, ERROR_UNSUPPORTED,
	    "long name of 65537 bytes at offset 512 is too long" },
	{ "a sparse file with a long name", "LS", "a", ERROR_UNSUPPORTED,
	    "offset 1024: member \"a\" is a sparse file, packed with --sparse" },
};

static int
append_records(struct buf *out, const char *records, struct error *err)
{
	return tarparts_member(out, TAR_PAX, records, strlen(records), err);
}

/* As GNU tar writes it with --incremental. */
static int
append_gnu_times(struct buf *out, enum tar_type type, struct error *err)
{
	if (tarparts_header(out, (char)type, "f", 0, err))
		return -1;
	memcpy(out->data + out->len - TAR_BLOCK + 257, "ustar  \0", 8);
	memcpy(out->data + out->len - TAR_BLOCK + 345, "15303367077", 11);
	tarparts_seal(out->data + out->len - TAR_BLOCK);
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
		return tarparts_header(out, TAR_FILE, "f", 3, err);
	case 'd':
		return tar_header_encode(out, &dir, err);
	case 'l':
		return tar_header_encode(out, &link, err);
	case 'x':
		return append_records(out, records, err);
	case 'L':
	case 'K':
		return tarparts_member(out, part, records, strlen(records) + 1, err);
	case 'm':
		return tarparts_member(out, TAR_LONG_NAME, records, strlen(records), err);
	case 'k':
		return tarparts_member(out, TAR_LONG_TARGET, records, 0, err);
	case 'M':
		return tarparts_header(out, TAR_LONG_NAME, "odd", TAR_PAX_MAX + 1, err);
	case 'G':
		return tarparts_header(out, 'D', "f", 0, err);
	case 't':
		return append_gnu_times(out, TAR_FILE, err);
	case 'h':
		return append_gnu_times(out, TAR_DIRECTORY, err);
	case 's':
		return append_gnu_times(out, TAR_SYMLINK, err);
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

/* A member, what stands before it, and what comes of both. */
static const struct told {
	const char *name;
	const char *long_name, *long_target, *records; /* each may be NULL */
	char type;
	const char *told, *target;
} told_rows[] = {
	/* pg_basebackup ends the name of a link in a slash, and POSIX allows it in a pax path */
	{ "pax: a link that ends in a slash", NULL, NULL,
	    "11 path=l/\n23 linkpath=/a/target/\n", TAR_SYMLINK, "l", "/a/target/" },
	{ "pax: a directory that ends in a slash", NULL, NULL, "11 path=d/\n",
	    TAR_DIRECTORY, "d", NULL },
	{ "a long name of a file", "a/file", NULL, NULL, TAR_FILE, "a/file", NULL },
	{ "a long name of a directory", "a/directory/", NULL, NULL, TAR_DIRECTORY,
	    "a/directory", NULL },
	{ "a long name that is absolute", "/../x", NULL, NULL, TAR_FILE, "/../x", NULL },
	{ "a long target", NULL, "/a/target/", NULL, TAR_SYMLINK, "f", "/a/target/" },
	{ "a long name and target", "link/", "../t", NULL, TAR_SYMLINK, "link", "../t" },
};

static void
check_told(void **state)
{
	const struct told *row = *state;
	struct error err = { 0 };
	struct buf archive = { 0 };
	struct tar_reader *reader;
	struct tar_entry entry;
	struct memsource m;
	bool end;

	if (row->records)
		assert_int_equal(append_records(&archive, row->records, &err), 0);
	if (row->long_target)
		assert_int_equal(append_part(&archive, 'K', row->long_target, &err), 0);
	if (row->long_name)
		assert_int_equal(append_part(&archive, 'L', row->long_name, &err), 0);
	assert_int_equal(tarparts_header(&archive, row->type, "f", 0, &err), 0);
	assert_int_equal(append_part(&archive, 'l', NULL, &err), 0);
	m = memstream_source(archive.data, archive.len, 0);
	assert_int_equal(tar_reader_open(&reader, &m.source, &err), 0);
	assert_int_equal(tar_reader_next(reader, &entry, &end, &err), 0);
	assert_true(tar_reader_offset(reader) == 0);
	assert_string_equal(entry.name, row->told);
	assert_string_equal(entry.link ? entry.link : "", row->target ? row->target : "");
	/* and nothing of it is left for the next */
	assert_int_equal(tar_reader_next(reader, &entry, &end, &err), 0);
	assert_string_equal(entry.name, "l");
	assert_string_equal(entry.link, "t");
	tar_reader_free(reader);
	buf_free(&archive);
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

#define ROWS(tests, rows, check) \
	for (size_t i = 0; i < COUNT(rows); i++) \
		tests[i] = (struct CMUnitTest) \
		{ \
			.name = (rows)[i].name, .test_func = (check), \
			.initial_state = (void *)(uintptr_t) & (rows)[i] \
		}

int
main(void)
{
	static const struct CMUnitTest single[] = {
		cmocka_unit_test(records_win),
	};
	struct CMUnitTest refused[COUNT(refused_rows)], told[COUNT(told_rows)];
	int failed;

	ROWS(refused, refused_rows, check_refused);
	ROWS(told, told_rows, check_told);
	failed = cmocka_run_group_tests_name("reader: members", single, NULL, NULL);
	failed += cmocka_run_group_tests_name("reader: parts", refused, NULL, NULL);
	failed += cmocka_run_group_tests_name("reader: told", told, NULL, NULL);
	return failed != 0;
}
