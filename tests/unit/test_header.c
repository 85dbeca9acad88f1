/* Tar headers: encoded to the byte, and decoded as what they were. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tar/header.h"
#include "tar/pax.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Bytes of a literal, which may hold NULs. */
#define BYTES(literal) (literal), sizeof(literal) - 1

static const struct tar_entry plain = {
	.name = "base/5/1259",
	.type = TAR_FILE,
	.mode = 0100600,
	.uid = 107,
	.gid = 112,
	.size = 8192,
	.mtime = 1700000000,
};

static struct buf
encode(const struct tar_entry *entry)
{
	struct error err = { 0 };
	struct buf out = { 0 };

	assert_int_equal(tar_header_encode(&out, entry, &err), 0);
	assert_int_equal(out.len % TAR_BLOCK, 0);
	return out;
}

/* The whole block, field by field in file order; the sum was worked out apart. */
static void
encodes_to_the_byte(void **state)
{
	static const struct {
		size_t at;
		const char *bytes;
		size_t len;
	} fields[] = {
		{ 0, BYTES("base/5/1259") },
		{ 100, BYTES("0000600\0") },
		{ 108, BYTES("0000153\0") },
		{ 116, BYTES("0000160\0") },
		{ 124, BYTES("00000020000\0") },
		{ 136, BYTES("14524770400\0") },
		{ 148, BYTES("010650\0 ") },
		{ 156, BYTES("0") },
		{ 257,
		    BYTES("ustar\0"
			  "00") },
		{ 329, BYTES("0000000\0") },
		{ 337, BYTES("0000000\0") },
	};
	uint8_t block[TAR_BLOCK] = { 0 };
	struct buf out = encode(&plain);

	(void)state;
	for (size_t i = 0; i < COUNT(fields); i++)
		memcpy(block + fields[i].at, fields[i].bytes, fields[i].len);
	assert_int_equal(out.len, TAR_BLOCK);
	assert_memory_equal(out.data, block, TAR_BLOCK);
	buf_free(&out);
}

/* Each side of the last number that a field holds in octal. */
static const struct number {
	const char *name;
	enum { UID, GID, SIZE, MTIME } field;
	int64_t value;
	const char *bytes;
	size_t len;
} number_rows[] = {
	{ "uid: none", UID, 0, BYTES("0000000\0") },
	{ "uid: last in octal", UID, 2097151, BYTES("7777777\0") },
	{ "uid: first in base-256", UID, 2097152, BYTES("\x80\0\0\0\0\x20\0\0") },
	{ "uid: 3000000", UID, 3000000, BYTES("\x80\0\0\0\0\x2d\xc6\xc0") },
	{ "uid: all of 32 bits", UID, 4294967295, BYTES("\x80\0\0\0\xff\xff\xff\xff") },
	{ "uid: all of 56 bits", UID, 0xffffffffffffff,
	    BYTES("\x80\xff\xff\xff\xff\xff\xff\xff") },
	{ "gid: last in octal", GID, 2097151, BYTES("7777777\0") },
	{ "gid: first in base-256", GID, 2097152, BYTES("\x80\0\0\0\0\x20\0\0") },
	{ "size: none", SIZE, 0, BYTES("00000000000\0") },
	{ "size: 8 GiB less one", SIZE, 8589934591, BYTES("77777777777\0") },
	{ "size: 8 GiB", SIZE, 8589934592, BYTES("\x80\0\0\0\0\0\0\x02\0\0\0\0") },
	{ "size: 9 GiB", SIZE, 9663676416, BYTES("\x80\0\0\0\0\0\0\x02\x40\0\0\0") },
	{ "size: 4 EiB", SIZE, 4611686018427387904,
	    BYTES("\x80\0\0\0\x40\0\0\0\0\0\0\0") },
	{ "mtime: 1970", MTIME, 0, BYTES("00000000000\0") },
	{ "mtime: last in octal", MTIME, 8589934591, BYTES("77777777777\0") },
	{ "mtime: the year 2242", MTIME, 8589934592,
	    BYTES("\x80\0\0\0\0\0\0\x02\0\0\0\0") },
	{ "mtime: the last", MTIME, INT64_MAX,
	    BYTES("\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff") },
	{ "mtime: a second before 1970", MTIME, -1,
	    BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff") },
	{ "mtime: 1901", MTIME, -2147483649,
	    BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\x7f\xff\xff\xff") },
	{ "mtime: the first", MTIME, INT64_MIN,
	    BYTES("\xff\xff\xff\xff\x80\0\0\0\0\0\0\0") },
};

static void
check_number(void **state)
{
	static const size_t at[] = { 108, 116, 124, 136 };
	const struct number *row = *state;
	struct tar_entry entry = plain;
	struct error err = { 0 };
	struct tar_raw raw;
	struct buf out;

	*(row->field == UID       ? &entry.uid :
		row->field == GID ? &entry.gid :
				    &entry.size) =
	    row->field == MTIME ? plain.size : (uint64_t)row->value;
	entry.mtime = row->field == MTIME ? row->value : plain.mtime;
	out = encode(&entry);
	assert_int_equal(out.len, TAR_BLOCK);
	assert_memory_equal(out.data + at[row->field], row->bytes, row->len);
	assert_int_equal(tar_header_decode(out.data, &raw, &err), 0);
	assert_true(raw.uid == entry.uid && raw.gid == entry.gid);
	assert_true(raw.size == entry.size && raw.mtime == entry.mtime);
	buf_free(&out);
}

/* A name of ${len} bytes, in components that file systems take; ${tag} tells it apart. */
static const char *
name_of(char *name, size_t len, char tag, char fill)
{
	for (size_t i = 0; i < len; i++)
		name[i] = i % 100 == 60 && i + 1 < len ? '/' : fill;
	name[0] = tag;
	name[len] = '\0';
	return name;
}

/* What of a name is in the header block, and how many blocks are before it. */
static const struct length {
	const char *name;
	char type;
	size_t name_len, link_len;
	size_t pax_blocks;
	bool has_path, has_link;
} length_rows[] = {
	{ "file of 1 byte", TAR_FILE, 1, 0, 0, false, false },
	{ "file of 99 bytes", TAR_FILE, 99, 0, 0, false, false },
	{ "file of 100 bytes fills the field", TAR_FILE, 100, 0, 0, false, false },
	{ "file of 101 bytes", TAR_FILE, 101, 0, 2, true, false },
	{ "file of 255 bytes", TAR_FILE, 255, 0, 2, true, false },
	{ "file of 256 bytes", TAR_FILE, 256, 0, 2, true, false },
	{ "file whose record fills a block", TAR_FILE, 502, 0, 2, true, false },
	{ "file whose record is a byte too long", TAR_FILE, 503, 0, 3, true, false },
	{ "file of 4095 bytes", TAR_FILE, 4095, 0, 10, true, false },
	{ "directory of 99 bytes and its slash", TAR_DIRECTORY, 99, 0, 0, false, false },
	{ "directory of 100 bytes and its slash", TAR_DIRECTORY, 100, 0, 2, true, false },
	{ "target of 100 bytes", TAR_SYMLINK, 4, 100, 0, false, false },
	{ "target of 101 bytes", TAR_SYMLINK, 4, 101, 2, false, true },
	{ "target of 4095 bytes", TAR_SYMLINK, 4, 4095, 10, false, true },
	{ "name and target of 101 bytes", TAR_SYMLINK, 101, 101, 2, true, true },
};

static void
check_length(void **state)
{
	const struct length *row = *state;
	char name[4097], link[4096];
	struct tar_entry entry = plain;
	struct error err = { 0 };
	struct tar_pax pax = { 0 };
	struct tar_raw raw;
	struct buf out;

	entry.name = name_of(name, row->name_len, 'n', 'n');
	entry.link = name_of(link, row->link_len, 'l', 'l');
	entry.type = row->type;
	out = encode(&entry);
	if (row->type == TAR_DIRECTORY)
		strcat(name, "/");
	assert_int_equal(out.len, (row->pax_blocks + 1) * TAR_BLOCK);
	if (row->pax_blocks > 0) {
		assert_int_equal(tar_header_decode(out.data, &raw, &err), 0);
		assert_int_equal(raw.type, TAR_PAX);
		assert_int_equal(raw.uid, plain.uid);
		assert_int_equal(
		    tar_pax_parse(out.data + TAR_BLOCK, (size_t)raw.size, &pax, &err), 0);
	}
	assert_string_equal(pax.path ? pax.path : name, name);
	assert_string_equal(pax.link ? pax.link : link, link);
	assert_int_equal(pax.path != NULL, row->has_path);
	assert_int_equal(pax.link != NULL, row->has_link);
	assert_int_equal(
	    tar_header_decode(out.data + row->pax_blocks * TAR_BLOCK, &raw, &err), 0);
	assert_memory_equal(raw.name, name, strlen(raw.name));
	assert_int_equal(strlen(raw.name), strlen(name) < 100 ? strlen(name) : 100);
	assert_int_equal(raw.size, row->type == TAR_FILE ? plain.size : 0);
	tar_pax_free(&pax);
	buf_free(&out);
}

/* A short name is sent as it is, whatever its bytes: PostgreSQL reads no pax. */
static void
short_names_are_raw(void **state)
{
	struct tar_entry entry = plain;
	struct buf out;

	(void)state;
	entry.name = "pg_log/\xff\xfe\n\x01";
	out = encode(&entry);
	assert_int_equal(out.len, TAR_BLOCK);
	assert_memory_equal(out.data, "pg_log/\xff\xfe\n\x01\0", 12);
	buf_free(&out);
}

/* A name fills its field up to the NUL, or is left out; half of it is another's. */
static void
owners_have_names(void **state)
{
	static const char longest[] = "a234567890123456789012345678901";
	static const char too_long[] = "a2345678901234567890123456789012";
	struct tar_entry entry = plain;
	struct error err = { 0 };
	struct tar_raw raw;
	struct buf out;

	(void)state;
	assert_int_equal(strlen(longest), TAR_OWNER_MOST);
	entry.uname = longest;
	entry.gname = too_long;
	out = encode(&entry);
	assert_int_equal(tar_header_decode(out.data, &raw, &err), 0);
	assert_string_equal(raw.uname, longest);
	assert_string_equal(raw.gname, "");
	buf_free(&out);
}

static void
directory_may_bring_its_slash(void **state)
{
	struct tar_entry entry = plain;
	struct buf with, without;

	(void)state;
	entry.type = TAR_DIRECTORY;
	entry.name = "base/5/";
	with = encode(&entry);
	entry.name = "base/5";
	without = encode(&entry);
	assert_int_equal(with.len, without.len);
	assert_memory_equal(with.data, without.data, with.len);
	buf_free(&with);
	buf_free(&without);
}

/* What does not fit in a tar header is an error, and leaves the buffer alone. */
static void
check_refused(const struct tar_entry *entry, const char *message)
{
	struct error err = { 0 };
	struct buf out = { 0 };

	assert_int_equal(buf_append(&out, "before", 6, &err), 0);
	assert_int_equal(tar_header_encode(&out, entry, &err), -1);
	assert_int_equal(err.kind, ERROR_UNSUPPORTED);
	assert_string_equal(err.text, message);
	assert_string_equal(buf_text(&out), "before");
	buf_free(&out);
}

static void
encode_refuses(void **state)
{
	struct tar_entry entry = plain;
	char *name = malloc(TAR_PAX_MAX + 1);

	(void)state;
	entry.uid = (uint64_t)1 << 56;
	check_refused(&entry, "owner 72057594037927936:112 does not fit in a tar header");
	entry = plain;
	entry.gid = UINT64_MAX;
	check_refused(
	    &entry, "owner 107:18446744073709551615 does not fit in a tar header");
	entry = plain;
	entry.name = "";
	check_refused(&entry, "a tar member needs a name");
	entry.name = name_of(name, TAR_PAX_MAX, 'n', 'n');
	check_refused(&entry, "name and link target need 65548 bytes, more than 65536");
	free(name);
}

static void
padding_fills_the_block(void **state)
{
	(void)state;
	assert_int_equal(tar_header_padding(0), 0);
	assert_int_equal(tar_header_padding(1), 511);
	assert_int_equal(tar_header_padding(511), 1);
	assert_int_equal(tar_header_padding(512), 0);
	assert_int_equal(tar_header_padding(513), 511);
	assert_int_equal(tar_header_padding(UINT64_MAX), 1);
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
		cmocka_unit_test(encodes_to_the_byte),
		cmocka_unit_test(short_names_are_raw),
		cmocka_unit_test(owners_have_names),
		cmocka_unit_test(directory_may_bring_its_slash),
		cmocka_unit_test(encode_refuses),
		cmocka_unit_test(padding_fills_the_block),
	};
	struct CMUnitTest numbers[COUNT(number_rows)], lengths[COUNT(length_rows)];
	int failed;

	ROWS(numbers, number_rows, check_number);
	ROWS(lengths, length_rows, check_length);
	failed = cmocka_run_group_tests_name("header", single, NULL, NULL);
	failed += cmocka_run_group_tests_name("header: numbers", numbers, NULL, NULL);
	failed += cmocka_run_group_tests_name("header: lengths", lengths, NULL, NULL);
	return failed != 0;
}
