/* Bytes that grow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/buf.h"

static void
is_always_a_string(void **state)
{
	struct error err = { 0 };
	struct buf b = { 0 };

	(void)state;
	assert_string_equal(buf_text(&b), "");
	buf_clear(&b);
	assert_string_equal(buf_text(&b), "");
	assert_int_equal(buf_append(&b, NULL, 0, &err), 0);
	assert_string_equal(buf_text(&b), "");
	assert_int_equal(buf_append(&b, "ab", 2, &err), 0);
	assert_int_equal(buf_append(&b, "", 1, &err), 0);
	assert_int_equal(b.len, 3);
	assert_int_equal(b.data[3], 0);
	assert_int_equal(buf_reserve(&b, 100000, &err), 0);
	assert_string_equal(buf_text(&b), "ab");
	assert_int_equal(b.data[3], 0);
	buf_clear(&b);
	assert_int_equal(b.len, 0);
	assert_string_equal(buf_text(&b), "");
	buf_free(&b);
	assert_null(b.data);
	assert_int_equal(buf_printf(&b, &err, "%s", "again"), 0);
	assert_string_equal(buf_text(&b), "again");
	buf_free(&b);
	buf_free(&b);
}

static void
grows_by_any_step(void **state)
{
	static uint8_t bytes[70000];
	struct error err = { 0 };

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	for (size_t step = 1; step <= sizeof(bytes); step = step * 3 + 1) {
		struct buf b = { 0 };

		for (size_t len = 0; len < 2 * sizeof(bytes); len += step)
			assert_int_equal(buf_append(&b, bytes, step, &err), 0);
		assert_true(b.len >= 2 * sizeof(bytes) && b.len < b.cap);
		assert_null(memchr(b.data, 0, b.len));
		assert_int_equal(b.data[b.len], 0);
		buf_free(&b);
	}
}

static void
prints_across_its_end(void **state)
{
	struct error err = { 0 };
	struct buf b = { 0 };

	(void)state;
	for (int i = 100; i < 200; i++)
		assert_int_equal(buf_printf(&b, &err, "%d%s", i, ""), 0);
	assert_int_equal(buf_printf(&b, &err, "%s", ""), 0);
	assert_int_equal(b.len, 300);
	assert_memory_equal(b.data, "100101102", 9);
	assert_string_equal(buf_text(&b) + 297, "199");
	buf_free(&b);
}

/* What cannot be had leaves all as it was. */
static void
no_memory_changes_nothing(void **state)
{
	static const size_t wants[] = { SIZE_MAX, SIZE_MAX - 1, SIZE_MAX - 3,
		SIZE_MAX - 4, SIZE_MAX / 2, SIZE_MAX / 2 + 1 };
	struct buf b = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(wants) / sizeof(wants[0]); i++) {
		struct error err = { 0 };
		struct buf before;

		assert_int_equal(buf_append(&b, "abc", i == 0 ? 3 : 0, &err), 0);
		before = b;
		assert_int_equal(buf_reserve(&b, wants[i], &err), -1);
		assert_int_equal(err.kind, ERROR_MEMORY);
		assert_memory_equal(&b, &before, sizeof(b));
		assert_string_equal(buf_text(&b), "abc");
	}
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_always_a_string),
		cmocka_unit_test(grows_by_any_step),
		cmocka_unit_test(prints_across_its_end),
		cmocka_unit_test(no_memory_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
