/* Tar headers: encoded to the byte, decoded, and refused. */
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

/* As print_tar_number() of PostgreSQL 10 to 18 puts it: seen from 15, of a file of 1969. */
static void
postgres_has_no_sign(void **state)
{
	struct buf out = encode(&plain);
	struct error err = { 0 };
	struct tar_raw raw;
	unsigned sum = 0;

	(void)state;
	memcpy(out.data + 136, "\x80\0\0\0\xff\xff\xff\xff\xff\xff\x57\x40", 12);
	memset(out.data + 148, ' ', 8);
	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += out.data[i];
	snprintf((char *)out.data + 148, 8, "%06o", sum);
	assert_int_equal(tar_header_decode(out.data, &raw, &err), 0);
	assert_true(raw.mtime == -43200);
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

/* What has no place in tar is an error, and leaves the buffer alone. */
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
	check_refused(&entry, "owner 72057594037927936:112 has no place in tar");
	entry = plain;
	entry.gid = UINT64_MAX;
	check_refused(&entry, "owner 107:18446744073709551615 has no place in tar");
	entry = plain;
	entry.name = "";
	check_refused(&entry, "a tar member needs a name");
	entry.name = name_of(name, TAR_PAX_MAX, 'n', 'n');
	check_refused(&entry, "name and link target need 65548 bytes, more than 65536");
	free(name);
}

static const char zeros[TAR_BLOCK];

/* A header, one field of it replaced, with or without the sum put right. */
static const struct bad {
	const char *name;
	size_t at;
	const char *bytes;
	size_t len;
	bool has_right_sum;
	enum error_kind kind;
	const char *message;
} bad_rows[] = {
	{ "one bit of a name", 0, BYTES("c"), false, ERROR_FORMAT,
	    "tar header has checksum 10650, its bytes 10651" },
	{ "no checksum", 148, BYTES("        "), false, ERROR_FORMAT,
	    "bad checksum in a tar header" },
	{ "a block of zeros", 0, zeros, sizeof(zeros), false, ERROR_FORMAT,
	    "bad checksum in a tar header" },
	{ "GNU tar's own format", 257, BYTES("ustar  \0"), true, ERROR_UNSUPPORTED,
	    "tar header is GNU's, not ustar" },
	{ "a tar before ustar", 257, BYTES("\0\0\0\0\0\0\0\0"), true, ERROR_UNSUPPORTED,
	    "tar header is not ustar" },
	{ "ustar of another version", 263, BYTES("01"), true, ERROR_UNSUPPORTED,
	    "tar header is not ustar" },
	{ "mode with a file type", 100, BYTES("0100600\0"), true, ERROR_FORMAT,
	    "bad mode in a tar header" },
	{ "empty uid", 108, BYTES("\0\0\0\0\0\0\0\0"), true, ERROR_FORMAT,
	    "bad uid in a tar header" },
	{ "uid of spaces", 108, BYTES("        "), true, ERROR_FORMAT,
	    "bad uid in a tar header" },
	{ "decimal uid", 108, BYTES("0000008\0"), true, ERROR_FORMAT,
	    "bad uid in a tar header" },
	{ "negative gid", 116, BYTES("-000001\0"), true, ERROR_FORMAT,
	    "bad gid in a tar header" },
	{ "digits after the end", 116, BYTES("00001\0001"), true, ERROR_FORMAT,
	    "bad gid in a tar header" },
	{ "negative base-256 uid", 108, BYTES("\xff\xff\xff\xff\xff\xff\xff\xff"), true,
	    ERROR_FORMAT, "bad uid in a tar header" },
	{ "base-256 of an unknown first byte", 124, BYTES("\x81\0\0\0\0\0\0\0\0\0\0\0"),
	    true, ERROR_FORMAT, "bad size in a tar header" },
	{ "size of 2^63", 124, BYTES("\x80\0\0\0\x80\0\0\0\0\0\0\0"), true, ERROR_FORMAT,
	    "bad size in a tar header" },
	{ "size whose padding passes 2^63", 124,
	    BYTES("\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff"), true, ERROR_FORMAT,
	    "bad size in a tar header" },
	{ "size of 2^64 and 1", 124, BYTES("\x80\0\0\x01\0\0\0\0\0\0\0\x01"), true,
	    ERROR_FORMAT, "bad size in a tar header" },
	{ "size of 2^80", 124, BYTES("\x80\x01\0\0\0\0\0\0\0\0\0\0"), true, ERROR_FORMAT,
	    "bad size in a tar header" },
	{ "mtime of 2^64", 136, BYTES("\x80\0\0\x01\0\0\0\0\0\0\0\0"), true, ERROR_FORMAT,
	    "bad mtime in a tar header" },
	{ "mtime below -2^63", 136,
	    BYTES("\xff\xff\xff\xff\x7f\xff\xff\xff\xff\xff\xff\xff"), true, ERROR_FORMAT,
	    "bad mtime in a tar header" },
	{ "mtime of -2^72", 136, BYTES("\xff\xff\xff\0\0\0\0\0\0\0\0\0"), true,
	    ERROR_FORMAT, "bad mtime in a tar header" },
};

static void
set_checksum(uint8_t *block)
{
	unsigned sum = 0;

	memset(block + 148, ' ', 8);
	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += block[i];
	snprintf((char *)block + 148, 8, "%06o", sum);
}

static void
check_bad(void **state)
{
	const struct bad *row = *state;
	struct buf out = encode(&plain);
	struct error err = { 0 };
	struct tar_raw raw = { .size = 42 };

	memcpy(out.data + row->at, row->bytes, row->len);
	if (row->has_right_sum)
		set_checksum(out.data);
	assert_int_equal(tar_header_decode(out.data, &raw, &err), -1);
	assert_string_equal(err.text, row->message);
	assert_int_equal(err.kind, row->kind);
	assert_int_equal(raw.size, 42);
	buf_free(&out);
}

/* Headers that others write: numbers end in a space or not at all, a prefix is used. */
static void
decodes_what_others_write(void **state)
{
	static char prefix[156], name[101];
	struct buf out = encode(&plain);
	struct error err = { 0 };
	struct tar_raw raw;
	char whole[257];

	(void)state;
	memcpy(out.data + 100, "   600 \0", 8); /* before POSIX */
	memcpy(out.data + 116, "0000160 ", 8);  /* PostgreSQL */
	memcpy(out.data + 124, "000000000012", 12);
	memcpy(out.data, name_of(name, 100, 'n', 'n'), 100);
	memcpy(out.data + 345, name_of(prefix, 155, 'p', 'p'), 155);
	memset(out.data + 157, 't', 100);
	set_checksum(out.data);
	assert_int_equal(tar_header_decode(out.data, &raw, &err), 0);
	snprintf(whole, sizeof(whole), "%s/%s", prefix, name);
	assert_string_equal(raw.name, whole);
	assert_int_equal(strlen(raw.link), 100);
	assert_int_equal(raw.mode, 0600);
	assert_int_equal(raw.gid, 0160);
	assert_int_equal(raw.size, 10);
	buf_free(&out);
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
		cmocka_unit_test(postgres_has_no_sign),
		cmocka_unit_test(owners_have_names),
		cmocka_unit_test(directory_may_bring_its_slash),
		cmocka_unit_test(encode_refuses),
		cmocka_unit_test(decodes_what_others_write),
		cmocka_unit_test(padding_fills_the_block),
	};
	struct CMUnitTest numbers[COUNT(number_rows)], lengths[COUNT(length_rows)];
	struct CMUnitTest bad[COUNT(bad_rows)];
	int failed;

	ROWS(numbers, number_rows, check_number);
	ROWS(lengths, length_rows, check_length);
	ROWS(bad, bad_rows, check_bad);
	failed = cmocka_run_group_tests_name("header", single, NULL, NULL);
	failed += cmocka_run_group_tests_name("header: numbers", numbers, NULL, NULL);
	failed += cmocka_run_group_tests_name("header: lengths", lengths, NULL, NULL);
	failed += cmocka_run_group_tests_name("header: refused", bad, NULL, NULL);
	return failed != 0;
}
