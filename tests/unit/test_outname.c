/* Names of outputs that are patterns: what they become, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/outname.h"
#include "support/rows.h"

/* Friday, 2021-01-01 02:03:04 in UTC: of the last week of 2020. */
enum { WHEN = 1609466584 };

static const struct made {
	const char *name, *pattern, *expected, *zone;
} made[] = {
	{ "no conversion", "/backup/base.tar", "/backup/base.tar", "UTC" },
	{ "a day", "/backup/%Y-%m-%d.tar.zst", "/backup/2021-01-01.tar.zst", "UTC" },
	{ "%F", "%F.tar", "2021-01-01.tar", "UTC" },
	{ "a time", "%H%M%S", "020304", "UTC" },
	{ "the day of the year", "%j", "001", "UTC" },
	{ "ISO 8601", "%G-W%V-%u", "2020-W53-5", "UTC" },
	{ "local time", "%F %H:%M", "2020-12-31 21:03", "EST5" },
	{ "percent signs", "100%%-%Y%%", "100%-2021%", "UTC" },
	{ "of a directory, too", "%Y/%m.tar", "2021/01.tar", "UTC" },
};

static void
expect_made(void **state)
{
	const struct made *row = *state;
	struct error err = { 0 };
	struct buf out = { 0 };

	setenv("TZ", row->zone, 1);
	assert_int_equal(outname_expand(&out, row->pattern, WHEN, &err), 0);
	assert_string_equal(buf_text(&out), row->expected);
	buf_free(&out);
}

static const struct refused {
	const char *name, *pattern, *text;
} refused[] = {
	{ "names of months depend on the locale", "%b.tar",
	    "\"%b\" is not a conversion of a name" },
	{ "as many digits as it likes", "%s", "\"%s\" is not a conversion of a name" },
	{ "two digits of the year", "%y%m%d", "\"%y\" is not a conversion of a name" },
	{ "a flag", "%-d.tar", "\"%-\" is not a conversion of a name" },
	{ "a slash", "%D", "\"%D\" is not a conversion of a name" },
	{ "printf", "%n", "\"%n\" is not a conversion of a name" },
	{ "the end", "base%", "the name ends with a \"%\"" },
	{ "the end after percent signs", "base%%%", "the name ends with a \"%\"" },
};

static void
expect_refused(void **state)
{
	const struct refused *row = *state;
	struct error err = { 0 };
	struct buf out = { 0 };

	assert_int_equal(outname_expand(&out, row->pattern, WHEN, &err), -1);
	assert_int_equal(err.kind, ERROR_USAGE);
	assert_string_equal(err.text, row->text);
	assert_non_null(strstr(err.hint, "a percent sign is %%"));
	buf_free(&out);
}

static void
test_is_pattern(void **state)
{
	(void)state;
	assert_true(outname_is_pattern("%Y"));
	assert_true(outname_is_pattern("100%%"));
	assert_false(outname_is_pattern("base.tar"));
}

/* What a pattern makes, and what it does not: the latter is not ours, and is left alone. */
static void
test_matches(void **state)
{
	static const struct {
		const char *pattern, *name;
		bool is_one;
	} names[] = {
		{ "%F.tar.zst", "2026-12-01.tar.zst", true },
		{ "%F.tar.zst", "2026-12-01.tar.zst~", false },
		{ "%F.tar.zst", "2026-12-01.tar.gz", false },
		{ "%F.tar.zst", "2026-12-01.tar", false },
		{ "%F.tar.zst", "2026-13-01.tar.zst", false },
		{ "%F.tar.zst", "2026-00-01.tar.zst", false },
		{ "%F.tar.zst", "2026-1-01.tar.zst", false },
		{ "%F.tar.zst", "2026/12/01.tar.zst", false },
		{ "%F.tar.zst", "12026-12-01.tar.zst", false },
		{ "%F.tar.zst", "%F.tar.zst", false },
		{ "%F.tar.zst", "", false },
		{ "%F", "2026-12-0", false },
		{ "%F", "2026-12-", false },
		{ "%F", "2026", false },
		{ "base-%Y%m%d-%H%M%S", "base-20261201-235960", true },
		{ "base-%Y%m%d-%H%M%S", "base-20261201-240000", false },
		{ "base-%Y%m%d-%H%M%S", "base-20261201-0235 0", false },
		{ "%Y-%j", "2026-366", true },
		{ "%Y-%j", "2026-367", false },
		{ "%G-W%V-%u", "2020-W53-5", true },
		{ "%G-W%V-%u", "2020-W54-5", false },
		{ "%G-W%V-%u", "2020-w53-5", false },
		{ "100%%-%Y", "100%-2026", true },
		{ "100%%-%Y", "100%%-2026", false },
		{ "%F/", "2026-12-01", true },
		{ "%F//", "2026-12-01", true },
		{ "%F/", "2026-12-01/", false },
		{ "base.tar", "base.tar", true },
		{ "base.tar", "base.tar.gz", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (outname_matches(names[i].pattern, names[i].name) != names[i].is_one)
			fail_msg("\"%s\" of \"%s\"", names[i].name, names[i].pattern);
}

static void
test_has_year(void **state)
{
	(void)state;
	assert_true(outname_has_year("%F.tar"));
	assert_true(outname_has_year("a%%%Y"));
	assert_true(outname_has_year("%G-%V"));
	assert_false(outname_has_year("%m-%d"));
	assert_false(outname_has_year("100%%F"));
	assert_false(outname_has_year("%%Y"));
	assert_false(outname_has_year("base.tar"));
}

enum {
	MADE = sizeof(made) / sizeof(made[0]),
	REFUSED = sizeof(refused) / sizeof(refused[0])
};

int
main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(test_is_pattern),
		cmocka_unit_test(test_matches),
		cmocka_unit_test(test_has_year),
	};
	struct CMUnitTest tests[MADE + REFUSED + sizeof(others) / sizeof(others[0])];

	rows_name(tests, made, sizeof(made[0]), MADE, expect_made);
	rows_name(tests + MADE, refused, sizeof(refused[0]), REFUSED, expect_refused);
	memcpy(tests + MADE + REFUSED, others, sizeof(others));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
