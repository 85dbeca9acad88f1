/* Characters that are seen, and those that steer a terminal or are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/utf8.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
defused(void **state)
{
	static const struct {
		const char *text, *said;
	} rows[] = {
		{ "", "" },
		{ "base/5/1259", "base/5/1259" },
		{ "a\nhint: b\r\033[2J\177c\td", "a?hint: b??[2J?c?d" },
		{ "caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x90\x98",
		    "caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x90\x98" },
		{ "caf\xE9", "caf\\xE9" }, /* Latin-1 */
		{ "\x9B"
		  "2J",
		    "\\x9B2J" }, /* CSI of a terminal of 8 bits */
		{ "\xC2\x9B"
		  "2J",
		    "\\xC2\\x9B2J" },
		{ "\xC2\x80\xC2\x9F\xC2\xA0", "\\xC2\\x80\\xC2\\x9F\xC2\xA0" },
		{ "\xE2\x80\x8D\xE2\x80\x8E\xE2\x80\x8F\xE2\x80\x90",
		    "\xE2\x80\x8D\\xE2\\x80\\x8E\\xE2\\x80\\x8F\xE2\x80\x90" },
		{ "\xE2\x80\xA7\xE2\x80\xA8\xE2\x80\xAE\xE2\x80\xAF",
		    "\xE2\x80\xA7\\xE2\\x80\\xA8\\xE2\\x80\\xAE\xE2\x80\xAF" },
		{ "\xE2\x81\xA5\xE2\x81\xA6\xE2\x81\xA9\xE2\x81\xAA",
		    "\xE2\x81\xA5\\xE2\\x81\\xA6\\xE2\\x81\\xA9\xE2\x81\xAA" },
		{ "\xD8\x9B\xD8\x9C\xD8\x9D", "\xD8\x9B\\xD8\\x9C\xD8\x9D" },
		{ "\xE2\x80", "\\xE2\\x80" }, /* cut */
		{ "\xC0\x8A", "\\xC0\\x8A" }, /* a line feed in two bytes */
		{ "\xED\xA0\x80", "\\xED\\xA0\\x80" },
	};
	char out[128];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		utf8_defuse(out, sizeof(out), rows[i].text);
		assert_string_equal(out, rows[i].said);
	}
}

/* Nothing is written past the end, and no character or escape is cut in two. */
static void
cut(void **state)
{
	static const char text[] = "a\xC3\xA9\x9B"
				   "b";
	static const char *const said[] = { "", "a", "a", "a\xC3\xA9", "a\xC3\xA9",
		"a\xC3\xA9", "a\xC3\xA9", "a\xC3\xA9\\x9B", "a\xC3\xA9\\x9B\x62" };

	(void)state;
	for (size_t size = 1; size <= COUNT(said); size++) {
		char out[16];

		memset(out, '#', sizeof(out));
		utf8_defuse(out, size, text);
		assert_string_equal(out, said[size - 1]);
		assert_int_equal(out[size], '#');
	}
}

/* Every character of two and three bytes that is not of these ranges is seen. */
static void
steering(void **state)
{
	(void)state;
	for (uint32_t c = 0x80; c < 0x10000; c++) {
		const int is_steering = c <= 0x9F || c == 0x61C || c == 0x200E ||
		    c == 0x200F || (c >= 0x2028 && c <= 0x202E) ||
		    (c >= 0x2066 && c <= 0x2069);
		char s[4] = "";

		if (c < 0x800) {
			s[0] = (char)(0xC0 | c >> 6);
			s[1] = (char)(0x80 | (c & 0x3F));
		} else {
			s[0] = (char)(0xE0 | c >> 12);
			s[1] = (char)(0x80 | (c >> 6 & 0x3F));
			s[2] = (char)(0x80 | (c & 0x3F));
		}
		assert_int_equal(utf8_steering(s), is_steering ? c : 0);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(defused),
		cmocka_unit_test(cut),
		cmocka_unit_test(steering),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
