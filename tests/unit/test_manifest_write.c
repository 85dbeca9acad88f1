#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/buf.h"
#include "pg/manifest_write.h"

static const uint8_t crc[4] = { 0xb8, 0x14, 0x8d, 0x57 };

static struct manifest *
new_manifest(unsigned major)
{
	struct error err = { 0 };
	struct manifest *m;

	assert_int_equal(
	    manifest_new(&m, cluster_version(major), UINT64_C(7710953701937684148), &err),
	    0);
	assert_non_null(m);
	return m;
}

static void
add_file(struct manifest *m, const char *path, int64_t mtime)
{
	struct error err = { 0 };

	assert_int_equal(
	    manifest_add_file(m, path, 225, mtime, DIGEST_CRC32C, crc, 4, &err), 0);
}

/* Finish, read all in steps of ${step} bytes, free; the text is the caller's. */
static struct buf
text_of(struct manifest *m, size_t step)
{
	struct buf text = { 0 };
	struct error err = { 0 };
	uint64_t size;
	size_t got;

	assert_int_equal(manifest_finish(m, &err), 0);
	size = manifest_size(m);
	do {
		assert_int_equal(buf_reserve(&text, step, &err), 0);
		assert_int_equal(
		    manifest_read(m, text.data + text.len, step, &got, &err), 0);
		text.len += got;
	} while (got == step);
	assert_int_equal(text.len, size);
	assert_int_equal(buf_append(&text, "", 0, &err), 0);
	text.data[text.len] = '\0';
	assert_int_equal(manifest_read(m, &got, sizeof(got), &got, &err), 0);
	assert_int_equal(got, 0);
	manifest_free(m);
	return text;
}

/* The last line holds the SHA-256 of all that stands before it. */
static void
check_checksum(const struct buf *text)
{
	static const char key[] = "\"Manifest-Checksum\": \"";
	char line[128], *to = line;
	uint8_t sum[DIGEST_MAX];
	struct error err = { 0 };
	struct digest *d;
	const char *last = strstr(buf_text(text), key);
	size_t len;

	assert_non_null(last);
	assert_int_equal(digest_new(&d, DIGEST_SHA256, &err), 0);
	assert_int_equal(
	    digest_update(d, text->data, (size_t)(last - buf_text(text)), &err), 0);
	assert_int_equal(digest_final(d, sum, &len, &err), 0);
	digest_free(d);
	to += sprintf(to, "%s", key);
	for (size_t i = 0; i < len; i++)
		to += sprintf(to, "%02x", sum[i]);
	sprintf(to, "\"}\n");
	assert_string_equal(last, line);
}

/* The form is that of servers 13 to 18; the checksum at the end is sha256sum's. */
#define FILES(zero) \
	"\"Files\": [\n" \
	"{ \"Path\": \"backup_label\", \"Size\": 225, " \
	"\"Last-Modified\": \"2026-11-22 11:59:44 GMT\", " \
	"\"Checksum-Algorithm\": \"CRC32C\", \"Checksum\": \"b8148d57\" },\n" \
	"{ \"Encoded-Path\": \"626164fffe6e616d65\", \"Size\": 18446744073709551615, " \
	"\"Last-Modified\": \"2026-11-22 11:26:40 GMT\" },\n" \
	"{ \"Path\": \"global/pg_control\", \"Size\": 8192, " \
	"\"Last-Modified\": \"2026-11-22 11:59:44 GMT\", " \
	"\"Checksum-Algorithm\": \"SHA224\", " \
	"\"Checksum\": \"00112233445566778899aabbccddeeff00112233445566778899aabb\" }\n" \
	"],\n" \
	"\"WAL-Ranges\": [\n" \
	"{ \"Timeline\": 2, \"Start-LSN\": \"0/" zero "7000128\", " \
	"\"End-LSN\": \"1/" zero "7000138\" },\n" \
	"{ \"Timeline\": 1, \"Start-LSN\": \"0/" zero "7000028\", " \
	"\"End-LSN\": \"0/" zero "7000128\" }\n" \
	"],\n" \
	"\"Manifest-Checksum\": \""

static void
exact_text(unsigned major, const char *expected)
{
	uint8_t sha224[28];
	struct manifest *m = new_manifest(major);
	struct error err = { 0 };
	struct buf text;

	for (size_t i = 0; i < sizeof(sha224); i++)
		sha224[i] = (uint8_t)(i % 16 * 0x11);
	add_file(m, "backup_label", 1795348784);
	assert_int_equal(manifest_add_file(m, "bad\xff\xfename", UINT64_MAX, 1795346800,
			     DIGEST_NONE, NULL, 0, &err),
	    0);
	assert_int_equal(manifest_add_file(m, "global/pg_control", 8192, 1795348784,
			     DIGEST_SHA224, sha224, sizeof(sha224), &err),
	    0);
	assert_int_equal(manifest_add_wal(m, 2, 0x7000128, 0x107000138, &err), 0);
	assert_int_equal(manifest_add_wal(m, 1, 0x7000028, 0x7000128, &err), 0);
	text = text_of(m, 4096);
	assert_string_equal(buf_text(&text), expected);
	check_checksum(&text);
	buf_free(&text);
}

static void
version_1(void **state)
{
	(void)state;
	exact_text(15,
	    "{ \"PostgreSQL-Backup-Manifest-Version\": 1,\n" FILES(
		"") "d4dfbb10ad126d4adff26733bb73ab68fecd836b9773adc5671c6536148643a2\"}\n");
}

static void
version_2(void **state)
{
	(void)state;
	exact_text(18,
	    "{ \"PostgreSQL-Backup-Manifest-Version\": 2,\n"
	    "\"System-Identifier\": 7710953701937684148,\n" FILES(
		"") "c1ec92a7099d360fc795d1f44fbcc65108492e781a8350d8b39c30fa71558fb7\"}\n");
}

/* 19 writes 8 digits after the slash. */
static void
padded_positions(void **state)
{
	(void)state;
	exact_text(19,
	    "{ \"PostgreSQL-Backup-Manifest-Version\": 2,\n"
	    "\"System-Identifier\": 7710953701937684148,\n" FILES(
		"0") "d9a16c404cc328ca0fe2234502782db8427b4d2e487bb0d751c54aeecc86a73a\"}\n");
}

static void
nothing_listed(void **state)
{
	static const char start[] = "{ \"PostgreSQL-Backup-Manifest-Version\": 1,\n"
				    "\"Files\": [\n],\n\"WAL-Ranges\": [\n],\n"
				    "\"Manifest-Checksum\": \"";
	struct buf text = text_of(new_manifest(15), 4096);

	(void)state;
	assert_memory_equal(text.data, start, sizeof(start) - 1);
	check_checksum(&text);
	buf_free(&text);
}

/* A path, and its key and value. */
static struct path_row {
	const char *name, *path, *text;
} paths[] = {
	{ "plain", "base/5/1259_fsm", "\"Path\": \"base/5/1259_fsm\"" },
	{ "quote and backslash", "a\"b\\c/d", "\"Path\": \"a\\\"b\\\\c/d\"" },
	{ "controls", "\x01\b\t\n\v\f\r\x1f\x7f",
	    "\"Path\": \"\\u0001\\b\\t\\n\\u000b\\f\\r\\u001f\x7f\"" },
	{ "two bytes", "\xc2\x80\xdf\xbf", "\"Path\": \"\xc2\x80\xdf\xbf\"" },
	{ "three bytes", "\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf",
	    "\"Path\": \"\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\"" },
	{ "four bytes", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf",
	    "\"Path\": \"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"" },
	{ "lone continuation", "\x80", "\"Encoded-Path\": \"80\"" },
	{ "overlong of two", "\xc1\xbf", "\"Encoded-Path\": \"c1bf\"" },
	{ "overlong of three", "\xe0\x9f\xbf", "\"Encoded-Path\": \"e09fbf\"" },
	{ "overlong of four", "\xf0\x8f\xbf\xbf", "\"Encoded-Path\": \"f08fbfbf\"" },
	{ "surrogate", "\xed\xa0\x80", "\"Encoded-Path\": \"eda080\"" },
	{ "above U+10FFFF", "\xf4\x90\x80\x80", "\"Encoded-Path\": \"f4908080\"" },
	{ "lead of five", "\xf8\x88\x80\x80\x80", "\"Encoded-Path\": \"f888808080\"" },
	{ "cut after one", "a\xc3", "\"Encoded-Path\": \"61c3\"" },
	{ "cut after two", "a\xe2\x82", "\"Encoded-Path\": \"61e282\"" },
	{ "cut after three", "a\xf0\x9f\x98", "\"Encoded-Path\": \"61f09f98\"" },
	{ "no continuation", "\xc3(", "\"Encoded-Path\": \"c328\"" },
};

static void
path_row(void **state)
{
	const struct path_row *row = *state;
	struct manifest *m = new_manifest(15);
	char entry[256];
	struct buf text;

	add_file(m, row->path, 0);
	text = text_of(m, 4096);
	snprintf(entry, sizeof(entry), "[\n{ %s, \"Size\": 225, ", row->text);
	assert_non_null(strstr(buf_text(&text), entry));
	buf_free(&text);
}

static void
times(void **state)
{
	static const struct {
		int64_t mtime;
		const char *text;
	} rows[] = {
		{ 0, "225, \"Last-Modified\": \"1970-01-01 00:00:00 GMT\", \"Ch" },
		{ -1, "225, \"Last-Modified\": \"1969-12-31 23:59:59 GMT\", \"Ch" },
		{ INT64_C(1) << 32,
		    "225, \"Last-Modified\": \"2106-02-07 06:28:16 GMT\", \"Ch" },
		{ INT64_MAX, "225, \"Checksum-Algorithm\"" },
		{ INT64_MIN, "225, \"Checksum-Algorithm\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct manifest *m = new_manifest(15);
		struct buf text;

		add_file(m, "x", rows[i].mtime);
		text = text_of(m, 4096);
		assert_non_null(strstr(buf_text(&text), rows[i].text));
		buf_free(&text);
	}
}

/* Enough to fill several links of the chain, read in steps that fit nothing. */
static void
many_entries(void **state)
{
	static const size_t steps[] = { 1, 7, 65536, 1000003 };
	struct buf first = { 0 };

	(void)state;
	for (size_t s = 0; s < sizeof(steps) / sizeof(steps[0]); s++) {
		struct manifest *m = new_manifest(18);
		uint32_t x = 2463534242U;
		struct buf text;

		for (int i = 0; i < 5000; i++) {
			uint8_t sum[64];
			char path[64];
			struct error err = { 0 };

			for (size_t k = 0; k < sizeof(sum); k++) {
				x ^= x << 13;
				x ^= x >> 17;
				x ^= x << 5;
				sum[k] = (uint8_t)x;
			}
			snprintf(path, sizeof(path), "base/%u/%u", x % 97, x);
			assert_int_equal(manifest_add_file(m, path, x, x, DIGEST_SHA512,
					     sum, sizeof(sum), &err),
			    0);
		}
		text = text_of(m, steps[s]);
		check_checksum(&text);
		if (s == 0) {
			first = text;
			continue;
		}
		assert_int_equal(text.len, first.len);
		assert_memory_equal(text.data, first.data, text.len);
		buf_free(&text);
	}
	buf_free(&first);
}

static void
wrong_order(void **state)
{
	struct manifest *m = new_manifest(15);
	struct error err = { 0 };
	uint8_t byte;
	size_t got = 7;

	(void)state;
	assert_int_equal(manifest_read(m, &byte, 1, &got, &err), -1);
	assert_int_equal(got, 0);
	assert_string_equal(err.text, "manifest: it is not complete yet");
	assert_int_equal(manifest_add_wal(m, 1, 1, 2, &err), 0);
	assert_int_equal(manifest_add_file(m, "x", 1, 1, DIGEST_NONE, NULL, 0, &err), -1);
	assert_string_equal(err.text, "manifest: a file after the WAL");
	assert_int_equal(manifest_finish(m, &err), 0);
	assert_int_equal(manifest_add_wal(m, 1, 1, 2, &err), -1);
	assert_string_equal(err.text, "manifest: it is complete");
	assert_int_equal(manifest_finish(m, &err), -1);
	assert_int_equal(err.kind, ERROR_STATE);
	manifest_free(m);
}

enum { PATHS = sizeof(paths) / sizeof(paths[0]), OTHERS = 7 };

int
main(void)
{
	struct CMUnitTest tests[OTHERS + PATHS] = {
		cmocka_unit_test(version_1),
		cmocka_unit_test(version_2),
		cmocka_unit_test(nothing_listed),
		cmocka_unit_test(times),
		cmocka_unit_test(many_entries),
		cmocka_unit_test(wrong_order),
		cmocka_unit_test(padded_positions),
	};

	for (size_t i = 0; i < PATHS; i++)
		tests[OTHERS + i] = (struct CMUnitTest){ .name = paths[i].name,
			.test_func = path_row,
			.initial_state = &paths[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
