/* XXH32: sums that lz4(1) puts at the end of its frames. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/xxh32.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
known_sums(void **state)
{
	static const struct {
		const char *text;
		uint32_t sum;
	} rows[] = {
		{ "", 0x02CC5D05 },
		{ "a", 0x550D7456 },
		{ "abc", 0x32D153FF },
		{ "0123456789abcdef", 0xC2C45B69 },
		{ "0123456789abcdefg", 0xCC79B217 },
		{ "The quick brown fox jumps over the lazy dog", 0xE85EA4DE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(xxh32(rows[i].text, strlen(rows[i].text)), rows[i].sum);
}

/* Where the bytes stand in memory makes no difference. */
static void
any_address(void **state)
{
	static const char text[] = "The quick brown fox jumps over the lazy dog";
	char moved[sizeof(text) + 16];

	(void)state;
	for (size_t at = 0; at < 16; at++) {
		memcpy(moved + at, text, sizeof(text));
		assert_int_equal(xxh32(moved + at, sizeof(text) - 1), 0xE85EA4DE);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_sums),
		cmocka_unit_test(any_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
