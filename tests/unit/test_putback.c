/* What was read too far comes once more, then what follows it, or the error that did. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "codec/putback.h"
#include "support/rows.h"

/* The source below: it can skip, and notices that it was freed. */
struct below {
	struct source source;
	const char *text;
	size_t at;
	bool is_freed;
};

static size_t
take(struct below *b, uint64_t len)
{
	const size_t left = strlen(b->text) - b->at;
	const size_t n = len < left ? (size_t)len : left;

	b->at += n;
	return n;
}

static int
below_read(struct source *s, void *into, size_t len, size_t *got, struct error *err)
{
	struct below *b = (struct below *)s;
	const char *from = b->text + b->at;

	(void)err;
	*got = take(b, len);
	memcpy(into, from, *got);
	return 0;
}

static int
below_skip(struct source *s, uint64_t len, uint64_t *got, struct error *err)
{
	(void)err;
	*got = take((struct below *)s, len);
	return 0;
}

static void
below_free(struct source *s)
{
	((struct below *)s)->is_freed = true;
}

static const struct source_ops below_ops = { below_read, below_free, below_skip };

struct row {
	const char *name, *bytes, *below;
	size_t step;
	const char *why; /* the error after the bytes; NULL: none */
	const char *comes;
};

static const struct row rows[] = {
	{ "nothing was read", "", "defg", 2, NULL, "defg" },
	{ "bytes, then the rest", "abc", "defg", 2, NULL, "abcdefg" },
	{ "one at a time", "abc", "defg", 1, NULL, "abcdefg" },
	{ "all at once", "abc", "defg", 16, NULL, "abcdefg" },
	{ "nothing follows", "abc", "", 2, NULL, "abc" },
	{ "an error follows", "abc", "never", 2, "injected", "abc" },
	{ "an error at once", "", "never", 2, "injected", "" },
};

static void
expect_row(void **state)
{
	const struct row *row = *state;
	struct below below = { .source = { &below_ops, true }, .text = row->below };
	struct source *s = &below.source;
	struct error why = { 0 }, err = { 0 };
	struct buf bytes = { 0 };
	char text[32] = "";
	size_t len = 0, got = 1;
	int rc = 0;

	if (row->why)
		(void)error_set(&why, ERROR_FORMAT, 0, "%s", row->why);
	assert_int_equal(buf_append(&bytes, row->bytes, strlen(row->bytes), &err), 0);
	assert_int_equal(putback_push(&s, &bytes, row->why ? &why : NULL, &err), 0);
	assert_ptr_not_equal(s, &below.source);
	assert_null(bytes.data);
	assert_true(s->goes_on);
	for (; rc == 0 && got > 0; len += rc == 0 ? got : 0)
		rc = source_read(s, text + len, row->step, &got, &err);
	text[len] = '\0';
	assert_string_equal(text, row->comes);
	assert_int_equal(rc, row->why ? -1 : 0);
	if (row->why) { /* and again */
		assert_string_equal(err.text, row->why);
		assert_int_equal(source_read(s, text, 1, &got, &err), -1);
		assert_int_equal(err.kind, ERROR_FORMAT);
	}
	source_free(s);
	assert_true(below.is_freed);
}

/* What is to be handed out cannot be skipped: it is read, and the source below has not moved. */
static void
skips_after_the_bytes(void **state)
{
	struct below below = { .source = { &below_ops, false }, .text = "defg" };
	struct source *s = &below.source;
	struct error err = { 0 };
	struct buf bytes = { 0 };
	uint64_t skipped = 9;
	char text[8];
	size_t got;

	(void)state;
	assert_int_equal(buf_append(&bytes, "abc", 3, &err), 0);
	assert_int_equal(putback_push(&s, &bytes, NULL, &err), 0);
	assert_false(s->goes_on);
	assert_int_equal(source_skip(s, 5, &skipped, &err), 0);
	assert_int_equal(skipped, 0);
	assert_int_equal(source_read(s, text, 3, &got, &err), 0);
	assert_int_equal(got, 3);
	assert_int_equal(source_skip(s, 2, &skipped, &err), 0);
	assert_int_equal(skipped, 2);
	assert_int_equal(source_read(s, text, 8, &got, &err), 0);
	assert_int_equal(got, 2);
	assert_memory_equal(text, "fg", 2);
	source_free(s);
}

/* Nothing is skipped that comes after an error: the error would be lost. */
static void
skips_no_error(void **state)
{
	struct below below = { .source = { &below_ops, false }, .text = "defg" };
	struct source *s = &below.source;
	struct error why = { 0 }, err = { 0 };
	struct buf bytes = { 0 };
	uint64_t skipped = 0;
	uint8_t byte;
	size_t got;

	(void)state;
	(void)error_set(&why, ERROR_IO, 0, "injected");
	assert_int_equal(putback_push(&s, &bytes, &why, &err), 0);
	assert_int_equal(source_skip(s, 2, &skipped, &err), 0);
	assert_int_equal(skipped, 0);
	assert_int_equal(below.at, 0);
	assert_int_equal(source_read(s, &byte, 1, &got, &err), -1);
	source_free(s);
}

int
main(void)
{
	enum { ROWS = sizeof(rows) / sizeof(rows[0]) };
	struct CMUnitTest tests[ROWS + 2] = {
		[ROWS] = cmocka_unit_test(skips_after_the_bytes),
		[ROWS + 1] = cmocka_unit_test(skips_no_error),
	};

	rows_name(tests, rows, sizeof(rows[0]), ROWS, expect_row);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
