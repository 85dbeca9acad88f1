/* Tar headers of other programs, and of none: decoded, or refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tar/header.h"

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

static void
set_checksum(uint8_t *block)
{
	unsigned sum = 0;

	memset(block + 148, ' ', 8);
	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += block[i];
	snprintf((char *)block + 148, 8, "%06o", sum);
}

/* As print_tar_number() of PostgreSQL 10 to 18 puts it: seen from 15, of a file of 1969. */
static void
postgres_has_no_sign(void **state)
{
	struct buf out = encode(&plain);
	struct error err = { 0 };
	struct tar_raw raw;

	(void)state;
	memcpy(out.data + 136, "\x80\0\0\0\xff\xff\xff\xff\xff\xff\x57\x40", 12);
	set_checksum(out.data);
	assert_int_equal(tar_header_decode(out.data, &raw, &err), 0);
	assert_true(raw.mtime == -43200);
	buf_free(&out);
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
	    "tar header has checksum 10650, but that of its bytes is 10651" },
	{ "no checksum", 148, BYTES("        "), false, ERROR_FORMAT,
	    "checksum in a tar header is not valid" },
	{ "a block of zeros", 0, zeros, sizeof(zeros), false, ERROR_FORMAT,
	    "checksum in a tar header is not valid" },
	{ "a tar before ustar", 257, BYTES("\0\0\0\0\0\0\0\0"), true, ERROR_UNSUPPORTED,
	    "tar header is neither of the ustar nor of the GNU format" },
	{ "ustar of another version", 263, BYTES("01"), true, ERROR_UNSUPPORTED,
	    "tar header is neither of the ustar nor of the GNU format" },
	{ "half of GNU's magic", 262, BYTES(" "), true, ERROR_UNSUPPORTED,
	    "tar header is neither of the ustar nor of the GNU format" },
	{ "mode with a file type", 100, BYTES("0100600\0"), true, ERROR_FORMAT,
	    "mode in a tar header is not valid" },
	{ "empty uid", 108, BYTES("\0\0\0\0\0\0\0\0"), true, ERROR_FORMAT,
	    "uid in a tar header is not valid" },
	{ "uid of spaces", 108, BYTES("        "), true, ERROR_FORMAT,
	    "uid in a tar header is not valid" },
	{ "decimal uid", 108, BYTES("0000008\0"), true, ERROR_FORMAT,
	    "uid in a tar header is not valid" },
	{ "negative gid", 116, BYTES("-000001\0"), true, ERROR_FORMAT,
	    "gid in a tar header is not valid" },
	{ "digits after the end", 116, BYTES("00001\0001"), true, ERROR_FORMAT,
	    "gid in a tar header is not valid" },
	{ "negative base-256 uid", 108, BYTES("\xff\xff\xff\xff\xff\xff\xff\xff"), true,
	    ERROR_FORMAT, "uid in a tar header is not valid" },
	{ "base-256 of an unknown first byte", 124, BYTES("\x81\0\0\0\0\0\0\0\0\0\0\0"),
	    true, ERROR_FORMAT, "size in a tar header is not valid" },
	{ "size of 2^63", 124, BYTES("\x80\0\0\0\x80\0\0\0\0\0\0\0"), true, ERROR_FORMAT,
	    "size in a tar header is not valid" },
	{ "size whose padding passes 2^63", 124,
	    BYTES("\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff"), true, ERROR_FORMAT,
	    "size in a tar header is not valid" },
	{ "size of 2^64 and 1", 124, BYTES("\x80\0\0\x01\0\0\0\0\0\0\0\x01"), true,
	    ERROR_FORMAT, "size in a tar header is not valid" },
	{ "size of 2^80", 124, BYTES("\x80\x01\0\0\0\0\0\0\0\0\0\0"), true, ERROR_FORMAT,
	    "size in a tar header is not valid" },
	{ "mtime of 2^64", 136, BYTES("\x80\0\0\x01\0\0\0\0\0\0\0\0"), true, ERROR_FORMAT,
	    "mtime in a tar header is not valid" },
	{ "mtime below -2^63", 136,
	    BYTES("\xff\xff\xff\xff\x7f\xff\xff\xff\xff\xff\xff\xff"), true, ERROR_FORMAT,
	    "mtime in a tar header is not valid" },
	{ "mtime of -2^72", 136, BYTES("\xff\xff\xff\0\0\0\0\0\0\0\0\0"), true,
	    ERROR_FORMAT, "mtime in a tar header is not valid" },
};

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
	struct buf out = encode(&plain);
	struct error err = { 0 };
	struct tar_raw raw;
	char whole[257];

	(void)state;
	memcpy(out.data + 100, "   600 \0", 8); /* before POSIX */
	memcpy(out.data + 116, "0000160 ", 8);  /* PostgreSQL */
	memcpy(out.data + 124, "000000000012", 12);
	memset(out.data, 'n', 100);
	memset(out.data + 345, 'p', 155);
	memset(out.data + 157, 't', 100);
	set_checksum(out.data);
	assert_int_equal(tar_header_decode(out.data, &raw, &err), 0);
	snprintf(whole, sizeof(whole), "%.155s/%.100s", (char *)out.data + 345,
	    (char *)out.data);
	assert_string_equal(raw.name, whole);
	assert_int_equal(strlen(raw.link), 100);
	assert_int_equal(raw.mode, 0600);
	assert_int_equal(raw.gid, 0160);
	assert_int_equal(raw.size, 10);
	buf_free(&out);
}

/* Of each row a byte after the fields that all programs agree on; in ustar they are a prefix. */
static const struct more {
	size_t at;
	bool has_more;
} more_rows[] = {
	{ 344, false }, /* the device of what is no device */
	{ 345, true },  /* when it was read, where ustar has the prefix */
	{ 357, true },  /* when it was changed */
	{ 386, true },  /* where the data of a sparse file is */
	{ 482, true },  /* and whether more of that follows */
	{ 495, true },
	{ 511, true },
};

static void
gnu_has_no_prefix(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(more_rows); i++) {
		struct buf out = encode(&plain);
		struct error err = { 0 };
		struct tar_raw raw;

		memcpy(out.data + 257, "ustar  \0", 8);
		out.data[more_rows[i].at] = '1';
		set_checksum(out.data);
		assert_int_equal(tar_header_decode(out.data, &raw, &err), 0);
		assert_string_equal(raw.name, plain.name);
		assert_true(raw.uid == plain.uid && raw.size == plain.size);
		assert_true(raw.has_more == more_rows[i].has_more);
		memcpy(out.data + 257,
		    "ustar\0"
		    "00",
		    8);
		set_checksum(out.data);
		assert_int_equal(tar_header_decode(out.data, &raw, &err), 0);
		assert_false(raw.has_more);
		buf_free(&out);
	}
}

/* As GNU tar 1.34 writes them: no magic, and of a label neither mode nor owner nor size. */
static void
labels_have_no_magic(void **state)
{
	static const char types[] = { 'V', 'M' };

	(void)state;
	for (size_t i = 0; i < COUNT(types); i++) {
		uint8_t block[TAR_BLOCK] = "weekly";
		struct error err = { 0 };
		struct tar_raw raw;

		memcpy(block + 136, "15303367077", 11);
		block[156] = (uint8_t)types[i];
		set_checksum(block);
		assert_int_equal(tar_header_decode(block, &raw, &err), -1);
		assert_int_equal(err.kind, ERROR_UNSUPPORTED);
		assert_non_null(strstr(err.text, "member \"weekly\" is the "));
		assert_non_null(strstr(err.hint, types[i] == 'V' ? "(-V)" : "(-M)"));
	}
}

int
main(void)
{
	static const struct CMUnitTest single[] = {
		cmocka_unit_test(postgres_has_no_sign),
		cmocka_unit_test(decodes_what_others_write),
		cmocka_unit_test(gnu_has_no_prefix),
		cmocka_unit_test(labels_have_no_magic),
	};
	struct CMUnitTest bad[COUNT(bad_rows)];
	int failed;

	for (size_t i = 0; i < COUNT(bad_rows); i++)
		bad[i] = (struct CMUnitTest){ .name = bad_rows[i].name,
			.test_func = check_bad,
			.initial_state = (void *)(uintptr_t)&bad_rows[i] };
	failed = cmocka_run_group_tests_name("header: decoded", single, NULL, NULL);
	failed += cmocka_run_group_tests_name("header: refused", bad, NULL, NULL);
	return failed != 0;
}
