#include "support/heard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static char text[16384];

static void
add(const char *before, const char *line)
{
	const size_t len = strlen(text);

	assert_true(len + strlen(before) + strlen(line) + 2 < sizeof(text));
	snprintf(text + len, sizeof(text) - len, "%s%s\n", before, line);
}

static void
tell(const struct finding *f)
{
	add("", f->text);
}

static void
warn(const char *line)
{
	add("warning: ", line);
}

struct findings
heard_begin(void)
{
	text[0] = '\0';
	return (struct findings){ .tell = tell, .warn = warn };
}

const char *
heard(void)
{
	return text;
}

void
heard_expect(const char *expected)
{
	assert_string_equal(text, expected);
	text[0] = '\0';
}

struct memberset_row *
heard_member(struct memberset *set, const char *path, char type, uint64_t size)
{
	struct memberset_row *row;
	struct error err = { 0 };

	assert_int_equal(memberset_add(set, path, &row, &err), 0);
	row->type = type;
	row->size = size;
	return row;
}
