/* Integers in bytes, and bytes that are all zeros. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/bytes.h"

/* One byte that is not 0 is seen wherever it is. */
static void
zeros(void **state)
{
	uint8_t bytes[67] = { 0 };

	(void)state;
	assert_true(bytes_are_zero(bytes, 0));
	for (size_t len = 1; len <= sizeof(bytes); len++) {
		assert_true(bytes_are_zero(bytes, len));
		for (size_t at = 0; at < len; at++) {
			bytes[at] = 0x80;
			assert_false(bytes_are_zero(bytes, len));
			assert_true(bytes_are_zero(bytes, at));
			bytes[at] = 0;
		}
	}
}

/* What is put is got, the least byte first. */
static void
little_endian(void **state)
{
	static const uint8_t expected[] = { 0x50, 0x2a, 0x4d, 0xf8 };
	uint8_t bytes[4];

	(void)state;
	put_u32le(bytes, 0xf84d2a50);
	assert_memory_equal(bytes, expected, sizeof(expected));
	assert_int_equal(get_u32le(expected), 0xf84d2a50);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(zeros),
		cmocka_unit_test(little_endian),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
