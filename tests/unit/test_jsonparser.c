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
		{ "", "JSON, byte 0: cut short" },
		{ "{", "JSON, byte 1: cut short" },
		{ "[1", "JSON, byte 2: cut short" },
		{ "\"a", "JSON, byte 2: cut short" },
		{ "{\"a\"", "JSON, byte 4: cut short" },
		{ "{} x", "JSON, byte 3: nothing more is expected" },
		{ "1 2", "JSON, byte 2: nothing more is expected" },
		{ "[1,]", "JSON, byte 3: an end of what is not open, or not complete" },
		{ "{\"a\":1,}",
		    "JSON, byte 7: an end of what is not open, or not complete" },
		{ "{\"a\"}",
		    "JSON, byte 4: an end of what is not open, or not complete" },
		{ "[1}", "JSON, byte 2: an end of what is not open, or not complete" },
		{ "]", "JSON, byte 0: an end of what is not open, or not complete" },
		{ "[1 2]",
		    "JSON, byte 3: a comma is expected, or the end of what is open" },
		{ "{1:2}", "JSON, byte 1: a key is expected" },
		{ "{\"a\" 1}", "JSON, byte 5: a colon is expected" },
		{ "[01]", "JSON, byte 3: no number" },
		{ "[-]", "JSON, byte 2: no number" },
		{ "[1.]", "JSON, byte 3: no number" },
		{ "[1e]", "JSON, byte 3: no number" },
		{ "[1-2]", "JSON, byte 4: no number" },
		{ "[tru]", "JSON, byte 4: no value" },
		{ "[True]", "JSON, byte 1: a value is expected" },
		{ "[+1]", "JSON, byte 1: a value is expected" },
		{ "\"\n\"", "JSON, byte 1: a control character in a string" },
		{ "\"\\x\"", "JSON, byte 2: an unknown escape" },
		{ "\"\\u12g4\"",
		    "JSON, byte 5: four hexadecimal digits belong behind \\u" },
		{ "\"\\u0000\"", "JSON, byte 6: a NUL in a string" },
		{ "\"\\ud800\"", "JSON, byte 7: half of a surrogate pair" },
		{ "\"\\ud800x\"", "JSON, byte 7: half of a surrogate pair" },
		{ "\"\\ud800\\n\"", "JSON, byte 8: half of a surrogate pair" },
		{ "\"\\ud800\\ud800\"", "JSON, byte 12: half of a surrogate pair" },
		{ "\"\\udc00\"", "JSON, byte 6: half of a surrogate pair" },
		{ "\"\xff\"", "JSON, byte 2: a string that is not UTF-8" },
		{ "[[[[[[[[[1]]]]]]]]]", "JSON, byte 8: nested too deep" },
		{ "123456789012345678901234567890123",
		    "JSON, byte 32: too long a number" },
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

/* ${count} bytes ${byte} behind ${first}; the error that must come of them. */
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
	endless("\"", 'a', 10 * 1024 * 1024, "too long a string");
	endless("{\"", 'a', 10 * 1024 * 1024, "too long a string");
	endless("", '[', 10000, "nested too deep");
	endless("", '9', 10000, "too long a number");
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
