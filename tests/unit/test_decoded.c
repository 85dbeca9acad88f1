/* What decodes a stream is found by its first bytes, and none of them is lost. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "codec/decoded.h"
#include "lib/buf.h"
#include "support/memstream.h"
#include "support/rows.h"

#define PLAIN "a stream that is not compressed"
#define XZ \
	"\xFD" \
	"7zXZ\0 and so on"

static const struct row {
	const char *name, *bytes;
	size_t len;
	const char *codec; /* what it is said to be; NULL: nothing */
	const char *error, *hint;
} rows[] = {
	{ "plain", PLAIN, sizeof(PLAIN) - 1, "none", NULL, NULL },
	{ "one byte", "x", 1, "none", NULL, NULL },
	{ "shorter than a magic number", "\x28\xB5\x2F", 3, "none", NULL, NULL },
	{ "xz", XZ, sizeof(XZ) - 1, "xz",
	    "compressed with xz, which this version does not read",
	    "Decode it on the way: xz -dc FILE | pg_basetar ... -" },
	{ "bzip2", "BZh91AY&SY....", 14, "bzip2",
	    "compressed with bzip2, which this version does not read",
	    "Decode it on the way: bzip2 -dc FILE | pg_basetar ... -" },
	{ "empty", "", 0, NULL, "empty", "" },
};

/* All of it, by ${step} bytes at a time. */
static void
expect_bytes(struct source *s, size_t step, const struct row *row)
{
	struct error err = { 0 };
	struct buf out = { 0 };
	uint8_t bytes[64];
	size_t got;

	do {
		assert_int_equal(source_read(s, bytes, step, &got, &err), 0);
		assert_int_equal(buf_append(&out, bytes, got, &err), 0);
	} while (got > 0);
	assert_int_equal(out.len, row->len);
	assert_memory_equal(out.data, row->bytes, row->len);
	buf_free(&out);
}

static void
check_row(void **state)
{
	const struct row *row = *state;

	for (size_t chunk = 0; chunk < 3; chunk++)
		for (size_t step = 1; step <= 64; step += 21) {
			struct memsource m =
			    memstream_source(row->bytes, row->len, chunk);
			struct source *s = &m.source;
			const char *name = NULL;
			struct error err = { 0 };

			assert_int_equal(
			    decoded_push(&s, &name, &err), row->error ? -1 : 0);
			assert_string_equal(err.text, row->error ? row->error : "");
			assert_string_equal(err.hint, row->hint ? row->hint : "");
			if (row->codec)
				assert_string_equal(name, row->codec);
			else
				assert_ptr_equal(s, &m.source);
			if (row->error == NULL)
				expect_bytes(s, step, row);
			if (s != &m.source)
				source_free(s);
		}
}

/* What was looked at cannot be skipped, it is there already; what follows can. */
static void
skipped(void **state)
{
	struct memsource m = memstream_source(PLAIN, sizeof(PLAIN) - 1, 0);
	struct source *s = &m.source;
	struct error err = { 0 };
	const char *name;
	uint8_t byte;
	uint64_t skipped = 7;
	size_t got;

	(void)state;
	m.source.goes_on = true;
	assert_int_equal(decoded_push(&s, &name, &err), 0);
	assert_true(s->goes_on);
	assert_int_equal(source_skip(s, 4, &skipped, &err), 0);
	assert_int_equal(skipped, 0);
	assert_int_equal(source_read(s, &byte, 1, &got, &err), 0);
	assert_int_equal(byte, 'a');
	source_free(s);
}

/* The error of the source is passed on, and the source is still the caller's. */
static void
fails(void **state)
{
	struct memsource m = memstream_source(PLAIN, sizeof(PLAIN) - 1, 1);
	struct source *s = &m.source;
	struct error err = { 0 };
	const char *name;

	(void)state;
	m.fail_at = 2;
	assert_int_equal(decoded_push(&s, &name, &err), -1);
	assert_int_equal(err.sys, ENOSPC);
	assert_ptr_equal(s, &m.source);
}

int
main(void)
{
	enum { ROWS = sizeof(rows) / sizeof(rows[0]), OTHERS = 2 };
	struct CMUnitTest tests[OTHERS + ROWS] = {
		cmocka_unit_test(skipped),
		cmocka_unit_test(fails),
	};

	rows_name(tests + OTHERS, rows, sizeof(rows[0]), ROWS, check_row);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
