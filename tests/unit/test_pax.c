/* The records of a pax extended header: built, parsed, and refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tar/pax.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What is built, to the byte; each is parsed back too. */
static const struct good {
	const char *name;
	const char *path, *link;
	const char *text;
} good_rows[] = {
	{ "build: a path", "base/5", NULL, "15 path=base/5\n" },
	{ "build: a link target", NULL, "../t", "17 linkpath=../t\n" },
	{ "build: both", "p", "l", "9 path=p\n14 linkpath=l\n" },
	{ "build: the values may hold the format's own signs", "a=b\n9 c=d", NULL,
	    "18 path=a=b\n9 c=d\n" },
	{ "build: bytes that are not UTF-8", "\xff\xfe", NULL,
	    "21 hdrcharset=BINARY\n11 path=\xff\xfe\n" },
	{ "build: UTF-8 is sent as bytes too", NULL, "\xc3\xa9",
	    "21 hdrcharset=BINARY\n15 linkpath=\xc3\xa9\n" },
	{ "build: the charset once for two", "\x80", "\x81",
	    "21 hdrcharset=BINARY\n9 path=\x80\n14 linkpath=\x81\n" },
	{ "build: nothing", NULL, NULL, "" },
};

static void
assert_same_string(const char *a, const char *b)
{
	assert_int_equal(a == NULL, b == NULL);
	if (a && b)
		assert_string_equal(a, b);
}

static void
check_good(void **state)
{
	const struct good *row = *state;
	struct error err = { 0 };
	struct buf out = { 0 };
	struct tar_pax pax = { 0 };

	assert_int_equal(tar_pax_build(&out, row->path, row->link, &err), 0);
	assert_string_equal(buf_text(&out), row->text);
	assert_int_equal(
	    tar_pax_parse((const uint8_t *)buf_text(&out), out.len, &pax, &err), 0);
	assert_same_string(pax.path, row->path);
	assert_same_string(pax.link, row->link);
	tar_pax_free(&pax);
	buf_free(&out);
}

/* A length counts its own digits: each length around those where one more is needed. */
static void
counts_its_own_digits(void **state)
{
	static const struct {
		size_t from, to;
	} spans[] = { { 1, 130 }, { 980, 1010 }, { 9980, 10010 }, { 65000, 65020 } };
	static char path[65021];
	struct error err = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(spans); i++) {
		for (size_t len = spans[i].from; len <= spans[i].to; len++) {
			struct buf out = { 0 };
			struct tar_pax pax = { 0 };

			memset(path, 'p', len);
			path[len] = '\0';
			assert_int_equal(tar_pax_build(&out, path, NULL, &err), 0);
			assert_int_equal(strtoul(buf_text(&out), NULL, 10), out.len);
			assert_int_equal(tar_pax_parse(out.data, out.len, &pax, &err), 0);
			assert_string_equal(pax.path, path);
			tar_pax_free(&pax);
			buf_free(&out);
		}
	}
}

/* What is too long to be read again is not built, and leaves the buffer alone. */
static void
build_is_bounded(void **state)
{
	char *path = malloc(TAR_PAX_MAX);
	struct error err = { 0 };
	struct buf out = { 0 };

	(void)state;
	memset(path, 'p', TAR_PAX_MAX - 1);
	path[TAR_PAX_MAX - 1] = '\0';
	assert_int_equal(buf_append(&out, "before", 6, &err), 0);
	assert_int_equal(tar_pax_build(&out, path, NULL, &err), -1);
	assert_int_equal(err.kind, ERROR_UNSUPPORTED);
	assert_string_equal(
	    err.text, "name and link target need 65547 bytes, more than 65536");
	assert_string_equal(buf_text(&out), "before");

	path[TAR_PAX_MAX - strlen("65536 path=\n")] = '\0';
	buf_clear(&out);
	assert_int_equal(tar_pax_build(&out, path, NULL, &err), 0);
	assert_int_equal(out.len, TAR_PAX_MAX);
	buf_free(&out);
	free(path);
}

/* The text may hold NULs: its length is that of the literal. */
#define TEXT(literal) (literal), sizeof(literal) - 1

static const struct bad {
	const char *name;
	const char *text;
	size_t len;
	enum error_kind kind;
	const char *message;
} bad_rows[] = {
	{ "parse: no digits", TEXT(" path=x\n"), ERROR_FORMAT,
	    "pax header: record at byte 0 of 8 is not valid" },
	{ "parse: no space", TEXT("9\tpath=x\n"), ERROR_FORMAT,
	    "pax header: record at byte 0 of 9 is not valid" },
	{ "parse: no newline", TEXT("10 path=x"), ERROR_FORMAT,
	    "pax header: record at byte 0 of 9 is not valid" },
	{ "parse: newline elsewhere", TEXT("8 path=x\n"), ERROR_FORMAT,
	    "pax header: record at byte 0 of 9 is not valid" },
	{ "parse: length zero", TEXT("0 path=x\n"), ERROR_FORMAT,
	    "pax header: record at byte 0 of 9 is not valid" },
	{ "parse: length of its digits only", TEXT("2 \n"), ERROR_FORMAT,
	    "pax header: record at byte 0 of 3 is not valid" },
	{ "parse: leading zero", TEXT("011 path=xy\n"), ERROR_FORMAT,
	    "pax header: record at byte 0 of 12 is not valid" },
	{ "parse: negative length", TEXT("-9 path=x\n"), ERROR_FORMAT,
	    "pax header: record at byte 0 of 10 is not valid" },
	{ "parse: length past the end", TEXT("99 path=x\n"), ERROR_FORMAT,
	    "pax header: record at byte 0 of 10 is not valid" },
	{ "parse: length past 64 bits", TEXT("18446744073709551626 path=x\n"),
	    ERROR_FORMAT, "pax header: record at byte 0 of 28 is not valid" },
	{ "parse: no equals sign", TEXT("9 pathx\n\n"), ERROR_FORMAT,
	    "pax header: record at byte 0 of 9 is not valid" },
	{ "parse: equals sign of the next record", TEXT("7 path\n10 path=x\n"),
	    ERROR_FORMAT, "pax header: record at byte 0 of 17 is not valid" },
	{ "parse: no key", TEXT("5 =x\n"), ERROR_FORMAT,
	    "pax header: record at byte 0 of 5 is not valid" },
	{ "parse: rubbish after a record", TEXT("10 path=x\nrubbish"), ERROR_FORMAT,
	    "pax header: record at byte 10 of 17 is not valid" },
	{ "parse: zeros after a record", TEXT("10 path=x\n\0\0"), ERROR_FORMAT,
	    "pax header: record at byte 10 of 12 is not valid" },
	{ "parse: empty value", TEXT("8 path=\n"), ERROR_FORMAT,
	    "pax header: value of path is not valid" },
	{ "parse: a NUL in a value", TEXT("12 path=a\0b\n"), ERROR_FORMAT,
	    "pax header: value of path is not valid" },
	{ "parse: a key twice", TEXT("10 path=x\n10 path=y\n"), ERROR_FORMAT,
	    "pax header: path is given twice" },
	{ "parse: unknown key", TEXT("22 GNU.sparse.major=1\n"), ERROR_UNSUPPORTED,
	    "pax header: unknown key \"GNU.sparse.major\"" },
	{ "parse: the beginning of a known key", TEXT("9 pat=xy\n"), ERROR_UNSUPPORTED,
	    "pax header: unknown key \"pat\"" },
	{ "parse: an owner twice", TEXT("8 uid=1\n8 uid=1\n"), ERROR_FORMAT,
	    "pax header: uid is given twice" },
	{ "parse: a size twice", TEXT("10 size=1\n10 size=1\n"), ERROR_FORMAT,
	    "pax header: size is given twice" },
	{ "parse: a size that is not a valid number", TEXT("11 size=-1\n"), ERROR_FORMAT,
	    "pax header: value of size is not valid" },
	{ "parse: a size of 2^64", TEXT("29 size=18446744073709551616\n"), ERROR_FORMAT,
	    "pax header: value of size is not valid" },
	{ "parse: unknown charset", TEXT("20 hdrcharset=KOI-8\n"), ERROR_UNSUPPORTED,
	    "pax header: value of hdrcharset is not supported" },
};

static void
check_bad(void **state)
{
	const struct bad *row = *state;
	struct error err = { 0 };
	struct tar_pax pax = { 0 };

	assert_int_equal(
	    tar_pax_parse((const uint8_t *)row->text, row->len, &pax, &err), -1);
	assert_string_equal(err.text, row->message);
	assert_int_equal(err.kind, row->kind);
	assert_null(pax.path);
	assert_null(pax.link);
}

static void
parse_is_bounded(void **state)
{
	uint8_t *bytes = calloc(1, TAR_PAX_MAX + 1);
	struct error err = { 0 };
	struct tar_pax pax;

	(void)state;
	assert_int_equal(tar_pax_parse(bytes, TAR_PAX_MAX + 1, &pax, &err), -1);
	assert_int_equal(err.kind, ERROR_UNSUPPORTED);
	assert_string_equal(
	    err.text, "pax header: 65537 bytes are too many, at most 65536 are allowed");
	free(bytes);
}

/* What GNU tar and Python write more than we do. */
static void
others_are_read(void **state)
{
	static const char text[] = "20 mtime=1700000000\n"
				   "27 atime=1700000000.123456\n"
				   "15 ctime=-1.25\n"
				   "15 uid=3000000\n"
				   "15 gid=3000001\n"
				   "19 size=9663676416\n"
				   "13 uname=dba\n"
				   "13 gname=ops\n";
	struct error err = { 0 };
	struct tar_pax pax;

	(void)state;
	assert_int_equal(
	    tar_pax_parse((const uint8_t *)text, sizeof(text) - 1, &pax, &err), 0);
	assert_true(pax.has_uid && pax.has_gid && pax.has_size);
	assert_true(pax.uid == 3000000 && pax.gid == 3000001 && pax.size == 9663676416);
	assert_string_equal(pax.uname, "dba");
	assert_string_equal(pax.gname, "ops");
	assert_null(pax.path);
	tar_pax_free(&pax);
}

/* POSIX's own name of UTF-8 is no surprise. */
static void
utf8_may_be_named(void **state)
{
	static const char text[] = "38 hdrcharset=ISO-IR 10646 2000 UTF-8\n"
				   "11 path=\xc3\xa9\n";
	struct error err = { 0 };
	struct tar_pax pax;

	(void)state;
	assert_int_equal(
	    tar_pax_parse((const uint8_t *)text, sizeof(text) - 1, &pax, &err), 0);
	assert_string_equal(pax.path, "\xc3\xa9");
	tar_pax_free(&pax);
}

/* bsdtar writes such without being asked, where a file has a hole. */
static void
sparse_files_have_a_hint(void **state)
{
	static const char *const records[] = { "22 GNU.sparse.major=1\n",
		"19 GNU.sparser=abc\n" };

	(void)state;
	for (size_t i = 0; i < COUNT(records); i++) {
		struct error err = { 0 };
		struct tar_pax pax;

		assert_int_equal(tar_pax_parse((const uint8_t *)records[i],
				     strlen(records[i]), &pax, &err),
		    -1);
		assert_int_equal(err.kind, ERROR_UNSUPPORTED);
		assert_int_equal(strstr(err.hint, "--no-read-sparse") != NULL, i == 0);
	}
}

int
main(void)
{
	static const struct CMUnitTest plain[] = {
		cmocka_unit_test(counts_its_own_digits),
		cmocka_unit_test(build_is_bounded),
		cmocka_unit_test(parse_is_bounded),
		cmocka_unit_test(utf8_may_be_named),
		cmocka_unit_test(others_are_read),
		cmocka_unit_test(sparse_files_have_a_hint),
	};
	struct CMUnitTest good[COUNT(good_rows)], bad[COUNT(bad_rows)];
	int failed;

	for (size_t i = 0; i < COUNT(good_rows); i++)
		good[i] = (struct CMUnitTest){ .name = good_rows[i].name,
			.test_func = check_good,
			.initial_state = (void *)(uintptr_t)&good_rows[i] };
	for (size_t i = 0; i < COUNT(bad_rows); i++)
		bad[i] = (struct CMUnitTest){ .name = bad_rows[i].name,
			.test_func = check_bad,
			.initial_state = (void *)(uintptr_t)&bad_rows[i] };
	failed = cmocka_run_group_tests_name("pax", plain, NULL, NULL);
	failed += cmocka_run_group_tests_name("pax: build", good, NULL, NULL);
	failed += cmocka_run_group_tests_name("pax: parse", bad, NULL, NULL);
	return failed != 0;
}
