/* GNU tar's long names: what a body may hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tar/longname.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Bytes of a literal, without the NUL that C puts after it. */
#define BYTES(literal) (const uint8_t *)(literal), sizeof(literal) - 1

static const struct row {
	const char *name;
	const uint8_t *body;
	size_t len;
	const char *message; /* NULL: the text is the body's */
} rows[] = {
	{ "one byte", BYTES("a\0"), NULL },
	{ "a path", BYTES("base/5/1259\0"), NULL },
	{ "any bytes", BYTES("\xff\x01\n/..\0"), NULL },
	{ "no bytes", BYTES(""), "long name is empty" },
	{ "no text", BYTES("\0"), "long name is empty" },
	{ "no text, and more", BYTES("\0a\0"), "long name is empty" },
	{ "no NUL", BYTES("a"), "long name does not end in a NUL" },
	{ "no NUL, of a path", BYTES("base/5/1259"), "long name does not end in a NUL" },
	{ "two NULs", BYTES("a\0\0"), "long name has a NUL in it" },
	{ "a NUL in the middle", BYTES("a\0b\0"), "long name has a NUL in it" },
	{ "a NUL in the middle only", BYTES("a\0b"), "long name has a NUL in it" },
};

/* The body is copied, so that a sanitizer sees a byte read too many. */
static void
check_row(void **state)
{
	const struct row *row = *state;
	uint8_t *body = malloc(row->len > 0 ? row->len : 1);
	char untouched[] = "untouched", *text = untouched;
	struct error err = { 0 };
	int rc;

	memcpy(body, row->body, row->len);
	rc = tar_longname_parse(body, row->len, "long name", &text, &err);
	free(body);
	assert_string_equal(err.text, row->message ? row->message : "");
	assert_int_equal(rc, row->message ? -1 : 0);
	assert_int_equal(err.kind, row->message ? ERROR_FORMAT : ERROR_NONE);
	if (row->message) {
		assert_ptr_equal(text, untouched);
		return;
	}
	assert_string_equal(text, (const char *)row->body);
	free(text);
}

int
main(void)
{
	struct CMUnitTest tests[COUNT(rows)];

	for (size_t i = 0; i < COUNT(rows); i++)
		tests[i] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = check_row,
			.initial_state = (void *)(uintptr_t)&rows[i] };
	return cmocka_run_group_tests_name("longname", tests, NULL, NULL) != 0;
}
