/* Completion: each shell's script has all commands and options, and offers what the command line takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "completion/completion.h"
#include "completion/value.h"
#include "support/commandline.h"

static struct buf
script(const char *shell)
{
	struct error err = { .kind = ERROR_NONE };
	struct buf text = { 0 };

	assert_int_equal(completion_print(&text, shell, &err), 0);
	return text;
}

/* The text of ${command} in a script: from the first line that begins with ${begin} to ${end}. */
static char *
part(const struct buf *text, const char *begin, const char *end)
{
	char *copy, *at = strstr(buf_text(text), begin);

	if (!at)
		fail_msg("no \"%s\"", begin);
	copy = strdup(at + strlen(begin));
	assert_non_null(copy);
	at = strstr(copy, end);
	assert_non_null(at);
	*at = '\0';
	return copy;
}

/* Fail unless ${text} has the rows of ${command}, each name after ${dashes}, and no other row. */
static void
check_rows(const char *text, unsigned command, const char *dashes)
{
	for (size_t i = 0; i < opttable_rows; i++) {
		const struct opttable_row *row = &opttable[i];
		char mark[64];
		const char *at;

		if (!row->name)
			continue;
		snprintf(mark, sizeof(mark), "%s%s", dashes, row->name);
		at = strstr(text, mark);
		/* one that begins alike is not it */
		while (at && strchr("=['} ", at[strlen(mark)]) == NULL)
			at = strstr(at + 1, mark);
		if ((at != NULL) != ((row->commands & 1U << command) != 0))
			fail_msg("%s of %s", row->name, opttable_commands[command].name);
	}
}

static void
test_bash(void **state)
{
	struct buf text = script("bash");

	(void)state;
	for (unsigned c = 0; c < OPTTABLE_COMMANDS; c++) {
		char begin[64], *options;

		snprintf(
		    begin, sizeof(begin), "\n\t\t%s) words='", opttable_commands[c].name);
		options = part(&text, begin, " ;;\n");
		check_rows(options, c, " --");
		free(options);
	}
	buf_free(&text);
}

static void
test_zsh(void **state)
{
	struct buf text = script("zsh");

	(void)state;
	for (unsigned c = 0; c < OPTTABLE_COMMANDS; c++) {
		char begin[64], *options;

		snprintf(begin, sizeof(begin), "\n\t%s)\n", opttable_commands[c].name);
		options = part(&text, begin, ") ;;\n");
		check_rows(options, c, "--");
		free(options);
	}
	buf_free(&text);
}

static void
test_fish(void **state)
{
	struct buf text = script("fish");

	(void)state;
	for (unsigned c = 0; c < OPTTABLE_COMMANDS; c++) {
		for (size_t i = 0; i < opttable_rows; i++) {
			const struct opttable_row *row = &opttable[i];
			char letter[8] = "", line[96];

			if (!row->name)
				continue;
			if (row->letter != '\0')
				snprintf(letter, sizeof(letter), " -s '%c'", row->letter);
			snprintf(line, sizeof(line),
			    "\ncomplete -c pg_basetar"
			    " -n '__pg_basetar_is %s'%s -l %s ",
			    opttable_commands[c].name, letter, row->name);
			assert_int_equal(strstr(buf_text(&text), line) != NULL,
			    (row->commands & 1U << c) != 0);
		}
	}
	buf_free(&text);
}

/* All text is within single quotes of a shell. */
static void
test_quotes(void **state)
{
	(void)state;
	for (size_t i = 0; i < opttable_rows; i++) {
		assert_null(strchr(opttable[i].help, '\''));
		if (opttable[i].restore_help)
			assert_null(strchr(opttable[i].restore_help, '\''));
		if (opttable[i].value)
			assert_null(strchr(opttable[i].value, '\''));
	}
	for (size_t i = 0; i < OPTTABLE_COMMANDS; i++)
		assert_null(strchr(opttable_commands[i].summary, '\''));
}

/* Each word that is offered for the value of an option is one that it takes. */
static void
check_words(const struct opttable_row *row, char *words)
{
	char *rest = words;

	for (char *word; (word = strtok_r(rest, " ", &rest)) != NULL;) {
		struct error err = { .kind = ERROR_NONE };
		struct commandline line;
		struct options o;
		char text[128];

		snprintf(text, sizeof(text), "%s -D /d --%s=%s",
		    (row->commands & 1U << COMMAND_BACKUP) != 0 ?
			"backup" :
			"restore - --restore-command=%f%p",
		    row->name, word);
		if (commandline_parse(&line, text, &o, &err) != OPTIONS_RUN)
			fail_msg("%s: %s", text, err.text);
		options_free(&o);
	}
}

static void
test_values(void **state)
{
	size_t lists = 0;

	(void)state;
	for (size_t i = 0; i < opttable_rows; i++) {
		struct value v;

		if (!opttable[i].name)
			continue;
		v = value_of(&opttable[i]);
		assert_int_equal(v.kind == VALUE_NONE, opttable[i].value == NULL);
		if (v.kind != VALUE_WORDS)
			continue;
		lists++;
		check_words(&opttable[i], v.words);
	}
	assert_true(lists >= 8);
}

static void
test_unknown_shell(void **state)
{
	struct error err = { .kind = ERROR_NONE };
	struct buf text = { 0 };

	(void)state;
	assert_int_equal(completion_print(&text, "tcsh", &err), -1);
	assert_int_equal(err.kind, ERROR_USAGE);
	assert_string_equal(err.text, "there is no completion for the shell \"tcsh\"");
	assert_string_equal(err.hint, "There are those for bash, zsh and fish.");
	assert_int_equal(text.len, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bash),
		cmocka_unit_test(test_zsh),
		cmocka_unit_test(test_fish),
		cmocka_unit_test(test_quotes),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_unknown_shell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
