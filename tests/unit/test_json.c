/* JSON: what text becomes in it, and the whole of a text, line by line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/json.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define LOST "\xEF\xBF\xBD"

static struct row {
	const char *name, *text, *json;
} rows[] = {
	{ "plain", "a b/c", "\"t\": \"a b/c\"" },
	{ "empty", "", "\"t\": \"\"" },
	{ "null", NULL, "\"t\": null" },
	{ "quotes and backslashes", "\"\\", "\"t\": \"\\\"\\\\\"" },
	{ "letters for control characters", "\b\f\n\r\t", "\"t\": \"\\b\\f\\n\\r\\t\"" },
	{ "other control characters", "\001\033[2J\037",
	    "\"t\": \"\\u0001\\u001b[2J\\u001f\"" },
	{ "DEL is plain", "\177", "\"t\": \"\177\"" },
	{ "UTF-8", "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x90\x98",
	    "\"t\": \"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x90\x98\"" },
	{ "Latin-1", "caf\xE9 \xC3\xA9",
	    "\"t\": \"caf" LOST " \xC3\xA9\", "
	    "\"t_hex\": \"636166e920c3a9\"" },
	{ "what steers a terminal",
	    "\xC2\x9B"
	    "2J\xE2\x80\xAE\xE2\x81\xA9",
	    "\"t\": \"\\u009b2J\\u202e\\u2069\"" },
	{ "Latin-1 at the end, a quote before", "\"\xE9",
	    "\"t\": \"\\\"" LOST "\", \"t_hex\": \"22e9\"" },
	{ "a character that is cut", "\xE2\x82",
	    "\"t\": \"" LOST LOST "\", \"t_hex\": \"e282\"" },
	{ "a NUL in two bytes", "\xC0\x80",
	    "\"t\": \"" LOST LOST "\", \"t_hex\": \"c080\"" },
	{ "a surrogate", "\xED\xA0\x80",
	    "\"t\": \"" LOST LOST LOST "\", \"t_hex\": \"eda080\"" },
	{ "above U+10FFFF", "\xF4\x90\x80\x80",
	    "\"t\": \"" LOST LOST LOST LOST "\", \"t_hex\": \"f4908080\"" },
};

/* In an object deep down, where all is in one line. */
static void
text_becomes(void **state)
{
	const struct row *row = *state;
	struct json j = { 0 };
	struct error err = { 0 };
	char expected[256];

	json_object(&j, NULL);
	json_array(&j, "a");
	json_object(&j, NULL);
	json_text(&j, "t", row->text);
	json_end(&j);
	json_end(&j);
	json_end(&j);
	assert_int_equal(json_finish(&j, &err), 0);
	snprintf(
	    expected, sizeof(expected), "{\n  \"a\": [\n    { %s }\n  ]\n}\n", row->json);
	assert_string_equal(buf_text(&j.text), expected);
	json_free(&j);
}

static void
a_whole_text(void **state)
{
	static const char expected[] = "{\n"
				       "  \"none\": [],\n"
				       "  \"nothing\": {},\n"
				       "  \"name\": \"x" LOST "\",\n"
				       "  \"name_hex\": \"78ff\",\n"
				       "  \"most\": 18446744073709551615,\n"
				       "  \"seconds\": 1.500,\n"
				       "  \"list\": [\n"
				       "    1,\n"
				       "    { \"a\": null, \"b\": [ 2, 3 ] },\n"
				       "    \"" LOST "\"\n"
				       "  ],\n"
				       "  \"last\": 0\n"
				       "}\n";
	struct json j = { 0 };
	struct error err = { 0 };

	(void)state;
	json_object(&j, NULL);
	json_array(&j, "none");
	json_end(&j);
	json_object(&j, "nothing");
	json_end(&j);
	json_text(&j, "name", "x\xFF");
	json_number(&j, "most", UINT64_MAX);
	json_seconds(&j, "seconds", 1.4996);
	json_array(&j, "list");
	json_number(&j, NULL, 1);
	json_object(&j, NULL);
	json_null(&j, "a");
	json_array(&j, "b");
	json_number(&j, NULL, 2);
	json_number(&j, NULL, 3);
	json_end(&j);
	json_end(&j);
	json_text(&j, NULL, "\xFF"); /* an element has no key to put its bytes under */
	json_end(&j);
	json_number(&j, "last", 0);
	json_end(&j);
	assert_int_equal(json_finish(&j, &err), 0);
	assert_string_equal(buf_text(&j.text), expected);
	json_free(&j);
}

/* What would not be JSON fails, and says so at the end. */
static void
mistakes_are_told(void **state)
{
	struct json deep = { 0 }, open = { 0 };
	struct error err = { 0 };

	(void)state;
	for (size_t i = 0; i < JSON_DEEPEST + 2; i++)
		json_array(&deep, NULL);
	json_number(&deep, NULL, 1);
	for (size_t i = 0; i < JSON_DEEPEST + 2; i++)
		json_end(&deep);
	assert_int_equal(json_finish(&deep, &err), -1);
	assert_string_equal(err.text, "JSON of more than 4 levels");
	json_free(&deep);

	json_object(&open, NULL);
	assert_int_equal(json_finish(&open, &err), -1);
	assert_string_equal(err.text, "JSON that has not ended");
	json_free(&open);
}

static void
no_memory(void **state)
{
	struct json j = { .err = { .kind = ERROR_MEMORY, .text = "out of memory" } };
	struct error err = { 0 };

	(void)state;
	json_object(&j, NULL);
	json_text(&j, "a", "b\xFF");
	json_end(&j);
	assert_int_equal(json_finish(&j, &err), -1);
	assert_int_equal(err.kind, ERROR_MEMORY);
	assert_string_equal(buf_text(&j.text), "");
	json_free(&j);
}

int
main(void)
{
	struct CMUnitTest tests[COUNT(rows) + 3];

	for (size_t i = 0; i < COUNT(rows); i++)
		tests[i] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = text_becomes,
			.initial_state = &rows[i] };
	tests[COUNT(rows)] = (struct CMUnitTest)cmocka_unit_test(a_whole_text);
	tests[COUNT(rows) + 1] = (struct CMUnitTest)cmocka_unit_test(mistakes_are_told);
	tests[COUNT(rows) + 2] = (struct CMUnitTest)cmocka_unit_test(no_memory);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
