/* Settings of a configuration file; what each text means was asked of a server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pg/conftext.h"

static struct row {
	const char *name, *text;
	const char *settings; /* "NAME|VALUE\n" each */
} rows[] = {
	{ "nothing", "", "" },
	{ "a comment, an empty line", "# a = b\n\n  \t\r\n#", "" },
	{ "with a sign, without, without an end", "a=b\nc d\ne = f", "a|b\nc|d\ne|f\n" },
	{ "blanks", " \ta\t =\r b \r\n", "a|b\n" },
	{ "a comment after it", "a = b# c\na = 'b' #c\na 1#", "a|b\na|b\na|1\n" },
	{ "capitals", "Include_DIR 'Conf.D'\n", "include_dir|Conf.D\n" },
	{ "an extension's", "pg_stat.max = 5\n", "pg_stat.max|5\n" },
	{ "quotes", "a = 'it''s'\na=''\na = ''''\n", "a|it's\na|\na|'\n" },
	{ "a sharp and blanks in quotes", "a = ' # b '\n", "a| # b \n" },
	{ "escapes", "a = '\\'\\\\\\b\\t\\n\\q'\n", "a|'\\\b\t\nq\n" },
	{ "octal ones", "a = '\\101\\1018\\7x\\0601'\n", "a|AA8\007x01\n" },
	{ "a NUL ends a value", "a = 'b\\0c'\n", "a|b\n" },
	{ "no quotes", "a = conf.d/b-c_1:2\na -5\na 1.5e+3\na 64MB\n",
	    "a|conf.d/b-c_1:2\na|-5\na|1.5e+3\na|64MB\n" },
	{ "other letters", "\xc3\xa4 = \xc3\xb6\n", "\xc3\xa4|\xc3\xb6\n" },
	/* a server takes no file that has such a line */
	{ "not a valid value", "a\na =\na = # b\n", "" },
	{ "two values", "a b c\na = 'b' c\na = 'b''c' 'd'\n", "" },
	{ "no name", "= b\n'a' = b\n1a = b\n-a = b\n", "" },
	{ "no end of quotes", "a = 'b\nc = 'd\\\ne = f\na = 'b\\'\n", "e|f\n" },
	{ "and what is after it", "a = 'b\nc = d\n", "c|d\n" },
	{ "not a valid value in any syntax", "a = \"b\"\na = $b\na == b\n", "" },
};

static void
reads(void **state)
{
	const struct row *row = *state;
	struct error err = { 0 };
	struct conftext c;
	const char *name, *value;
	char text[256] = "";

	conftext_begin(&c, row->text, strlen(row->text));
	while (conftext_next(&c, &name, &value, &err) == 0 && name)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s|%s\n",
		    name, value);
	assert_int_equal(err.kind, ERROR_NONE);
	assert_string_equal(text, row->settings);
	assert_int_equal(conftext_next(&c, &name, &value, &err), 0);
	assert_null(name);
	conftext_end(&c);
}

static void
long_names(void **state)
{
	char text[CONFTEXT_NAME_MOST + 8];
	struct error err = { 0 };
	struct conftext c;
	const char *name, *value;

	(void)state;
	for (size_t len = CONFTEXT_NAME_MOST; len <= CONFTEXT_NAME_MOST + 1; len++) {
		memset(text, 'a', len);
		memcpy(text + len, "=b\n", 4);
		conftext_begin(&c, text, strlen(text));
		assert_int_equal(conftext_next(&c, &name, &value, &err), 0);
		assert_int_equal(name != NULL, len <= CONFTEXT_NAME_MOST);
		conftext_end(&c);
	}
}

static void
a_nul_is_a_byte(void **state)
{
	static const char text[] = "a = b\0c\nd = 'e\0f'\ng = h\n";
	struct error err = { 0 };
	struct conftext c;
	const char *name, *value;

	(void)state;
	conftext_begin(&c, text, sizeof(text) - 1);
	assert_int_equal(conftext_next(&c, &name, &value, &err), 0);
	assert_string_equal(name, "d");
	assert_int_equal(conftext_next(&c, &name, &value, &err), 0);
	assert_string_equal(name, "g");
	conftext_end(&c);
}

static void
booleans(void **state)
{
	static const char *const on[] = { "on", "ON", "true", "t", "TRU", "y", "yes",
		"1" };
	static const char *const off[] = { "", "o", "off", "of", "onn", "no", "false",
		"0", "10", "truely", "2" };

	bool is_on;

	(void)state;
	assert_false(conftext_is_on(NULL));
	assert_false(conftext_bool(NULL, &is_on));
	assert_false(conftext_bool("o", &is_on));
	assert_true(conftext_bool("of", &is_on));
	assert_false(is_on);
	for (size_t i = 0; i < sizeof(on) / sizeof(on[0]); i++)
		assert_true(conftext_is_on(on[i]));
	for (size_t i = 0; i < sizeof(off) / sizeof(off[0]); i++)
		assert_false(conftext_is_on(off[i]));
}

#define ROWS (sizeof(rows) / sizeof(rows[0]))

int
main(void)
{
	struct CMUnitTest tests[ROWS + 3];

	for (size_t i = 0; i < ROWS; i++)
		tests[i] =
		    (struct CMUnitTest){ rows[i].name, reads, NULL, NULL, &rows[i] };
	tests[ROWS] = (struct CMUnitTest)cmocka_unit_test(long_names);
	tests[ROWS + 1] = (struct CMUnitTest)cmocka_unit_test(a_nul_is_a_byte);
	tests[ROWS + 2] = (struct CMUnitTest)cmocka_unit_test(booleans);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
