/* JSON in pieces of any size: what is told, and what is refused, and where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/buf.h"
#include "lib/jsonparser.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Writes down what it is told. */
struct notes {
	struct jsonparser_sink sink;
	struct buf text;
};

static int
note(
    struct jsonparser_sink *sink, const char *before, const char *text, struct error *err)
{
	return buf_printf(&((struct notes *)sink)->text, err, "%s%s ", before, text);
}

static int
note_open(struct jsonparser_sink *sink, char kind, struct error *err)
{
	return note(sink, kind == '{' ? "{" : "[", "", err);
}

static int
note_close(struct jsonparser_sink *sink, char kind, struct error *err)
{
	return note(sink, kind == '{' ? "}" : "]", "", err);
}

static int
note_key(struct jsonparser_sink *sink, const char *text, size_t len, struct error *err)
{
	assert_int_equal(strlen(text), len);
	return note(sink, "key:", text, err);
}

static int
note_value(struct jsonparser_sink *sink, char kind, const char *text, size_t len,
    struct error *err)
{
	const char before[] = { kind, '\0' };

	assert_int_equal(strlen(text), len);
	return note(sink, before, text, err);
}

static const struct jsonparser_sink_ops ops = { note_open, note_close, note_key,
	note_value };

/* In pieces of ${step} bytes. */
static int
parse(struct notes *notes, const char *text, size_t step, struct error *err)
{
	const size_t len = strlen(text);
	struct jsonparser *p;
	int rc = 0;

	notes->sink.ops = &ops;
	buf_clear(&notes->text);
	assert_int_equal(jsonparser_new(&p, &notes->sink, err), 0);
	for (size_t at = 0; at < len && rc == 0; at += step)
		rc = jsonparser_bytes(p, (const uint8_t *)text + at,
		    len - at < step ? len - at : step, err);
	if (rc == 0)
		rc = jsonparser_finish(p, err);
	jsonparser_free(p);
	return rc;
}

static void
good(void **state)
{
	static const struct {
		const char *text, *told;
	} rows[] = {
		{ "{}", "{ } " },
		{ " [ ] ", "[ ] " },
		{ "[1, -0.5e+3 ,\n0]", "[ 01 0-0.5e+3 00 ] " },
		{ "7", "07 " },
		{ "true", "ttrue " },
		{ "\"a\"", "\"a " },
		{ "{\"a\": {\"b\": [null, false, \"\"]}, \"c\": 1}",
		    "{ key:a { key:b [ tnull tfalse \" ] } key:c 01 } " },
		{ "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\"\\/\b\f\n\r\t " },
		{ "\"\\u0041\\u00e9\\u20AC\\ud83d\\ude00\"",
		    "\"A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80 " },
		{ "\"\xc3\xa9\"", "\"\xc3\xa9 " },
		{ "[[[[[[[[]]]]]]]]", "[ [ [ [ [ [ [ [ ] ] ] ] ] ] ] ] " },
	};
	struct notes notes = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t step = 1; step <= 100; step += step == 1 ? 1 : 49) {
			struct error err = { 0 };

			if (parse(&notes, rows[i].text, step, &err))
				fail_msg("%s: %s", rows[i].text, err.text);
			assert_string_equal(buf_text(&notes.text), rows[i].told);
		}
	buf_free(&notes.text);
}

static void
bad(void **state)
{
	static const struct {
		const char *text, *error;
	} rows[] = {
		{ "", "invalid JSON at byte 0: input is cut short" },
		{ "{", "invalid JSON at byte 1: input is cut short" },
		{ "[1", "invalid JSON at byte 2: input is cut short" },
		{ "\"a", "invalid JSON at byte 2: input is cut short" },
		{ "{\"a\"", "invalid JSON at byte 4: input is cut short" },
		{ "{} x", "invalid JSON at byte 3: expected end of input" },
		{ "1 2", "invalid JSON at byte 2: expected end of input" },
		{ "[1,]",
		    "invalid JSON at byte 3: unexpected end of an object or array" },
		{ "{\"a\":1,}",
		    "invalid JSON at byte 7: unexpected end of an object or array" },
		{ "{\"a\"}",
		    "invalid JSON at byte 4: unexpected end of an object or array" },
		{ "[1}", "invalid JSON at byte 2: unexpected end of an object or array" },
		{ "]", "invalid JSON at byte 0: unexpected end of an object or array" },
		{ "[1 2]",
		    "invalid JSON at byte 3: expected a comma or the end of the object or array" },
		{ "{1:2}", "invalid JSON at byte 1: expected a key" },
		{ "{\"a\" 1}", "invalid JSON at byte 5: expected a colon" },
		{ "[01]", "invalid JSON at byte 3: not a valid number" },
		{ "[-]", "invalid JSON at byte 2: not a valid number" },
		{ "[1.]", "invalid JSON at byte 3: not a valid number" },
		{ "[1e]", "invalid JSON at byte 3: not a valid number" },
		{ "[1-2]", "invalid JSON at byte 4: not a valid number" },
		{ "[tru]", "invalid JSON at byte 4: not a valid value" },
		{ "[True]", "invalid JSON at byte 1: expected a value" },
		{ "[+1]", "invalid JSON at byte 1: expected a value" },
		{ "\"\n\"", "invalid JSON at byte 1: string has a control character" },
		{ "\"\\x\"", "invalid JSON at byte 2: unknown escape sequence" },
		{ "\"\\u12g4\"",
		    "invalid JSON at byte 5: \\u must be followed by four hexadecimal digits" },
		{ "\"\\u0000\"", "invalid JSON at byte 6: string has a NUL" },
		{ "\"\\ud800\"",
		    "invalid JSON at byte 7: surrogate pair is not complete" },
		{ "\"\\ud800x\"",
		    "invalid JSON at byte 7: surrogate pair is not complete" },
		{ "\"\\ud800\\n\"",
		    "invalid JSON at byte 8: surrogate pair is not complete" },
		{ "\"\\ud800\\ud800\"",
		    "invalid JSON at byte 12: surrogate pair is not complete" },
		{ "\"\\udc00\"",
		    "invalid JSON at byte 6: surrogate pair is not complete" },
		{ "\"\xff\"", "invalid JSON at byte 2: string is not UTF-8" },
		{ "[[[[[[[[[1]]]]]]]]]",
		    "invalid JSON at byte 8: values are nested too deep" },
		{ "123456789012345678901234567890123",
		    "invalid JSON at byte 32: number is too long" },
	};
	struct notes notes = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t step = 1; step <= 100; step += 99) {
			struct error err = { 0 };

			assert_int_equal(parse(&notes, rows[i].text, step, &err), -1);
			assert_int_equal(err.kind, ERROR_FORMAT);
			assert_string_equal(err.text, rows[i].error);
		}
	buf_free(&notes.text);
}

/* ${count} bytes ${byte} after ${first}; the error that must come of them. */
static void
endless(const char *first, char byte, size_t count, const char *error)
{
	char *text = malloc(strlen(first) + count + 1);
	struct notes notes = { 0 };
	struct error err = { 0 };

	strcpy(text, first);
	memset(text + strlen(first), byte, count);
	text[strlen(first) + count] = '\0';
	assert_int_equal(parse(&notes, text, 4096, &err), -1);
	assert_non_null(strstr(err.text, error));
	assert_true(notes.text.cap < 1024 * 1024);
	buf_free(&notes.text);
	free(text);
}

static void
limits(void **state)
{
	(void)state;
	endless("\"", 'a', 10 * 1024 * 1024, "string is too long");
	endless("{\"", 'a', 10 * 1024 * 1024, "string is too long");
	endless("", '[', 10000, "values are nested too deep");
	endless("", '9', 10000, "number is too long");
	endless("", ' ', 10 * 1024 * 1024, "cut short");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good),
		cmocka_unit_test(bad),
		cmocka_unit_test(limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
