#include "support/commandline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void
split(struct commandline *line, const char *text)
{
	char *rest = NULL;

	assert_true(strlen(text) < sizeof(line->text));
	strcpy(line->text, text);
	line->count = 0;
	line->words[line->count++] = line->text + strlen(text);
	for (char *w = strtok_r(line->text, " ", &rest); w;
	     w = strtok_r(NULL, " ", &rest)) {
		assert_true(line->count < 63);
		if (strcmp(w, "''") == 0)
			w[0] = '\0';
		line->words[line->count++] = w;
	}
	line->words[line->count] = NULL;
}

int
commandline_parse(
    struct commandline *line, const char *text, struct options *o, struct error *err)
{
	split(line, text);
	return options_parse(line->count, line->words, o, err);
}

struct options
commandline_taken(struct commandline *line, const char *text)
{
	struct error err = { .kind = ERROR_NONE };
	struct options o;

	if (commandline_parse(line, text, &o, &err) != OPTIONS_RUN)
		fail_msg("\"%s\" is refused: %s", text, err.text);
	return o;
}
