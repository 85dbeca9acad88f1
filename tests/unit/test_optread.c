/* The words of a command line as options and operands: letters together, names cut, "--". */
#include <stdio.h>
#include <string.h>

#include "cli/optread.h"
#include "lib/buf.h"
#include "support/rows.h"

enum { WORDS = 8 };

/* What was read: "-NAME=VALUE" of an option, "VALUE" of an operand, and the error that ended it. */
static struct row {
	const char *name;
	const char *words[WORDS];
	const char *read;
} rows[] = {
	{ "nothing", { NULL }, "" },
	{ "an operand", { "a.tar" }, "a.tar " },
	{ "a dash is an operand", { "-" }, "- " },
	{ "letters together", { "-qv" }, "-quiet -verbose " },
	{ "a value in the same word", { "-qj4" }, "-quiet -jobs=4 " },
	{ "a value in the next word", { "-qj", "4", "x" }, "-quiet -jobs=4 x " },
	{ "a value that looks like an option", { "-l", "-q" }, "-label=-q " },
	{ "a value that is \"--\"", { "-l", "--", "-q" }, "-label=-- -quiet " },
	{ "an empty value", { "--label=", "--output", "" }, "-label= -output= " },
	{ "a name and its value", { "--jobs=4", "--label", "x" }, "-jobs=4 -label=x " },
	{ "a name that is cut", { "--verb" }, "-verbose " },
	{ "a value that is optional is in the same word only", { "--wait-archive", "3" },
	    "-wait-archive 3 " },
	{ "a value that is optional, given", { "--wait-archive=3" }, "-wait-archive=3 " },
	{ "mixed", { "a", "-q", "b" }, "a -quiet b " },
	{ "after -- all are operands", { "-q", "--", "-v", "--", "--jobs" },
	    "-quiet -v -- --jobs " },
	{ "a value in the next word is missing", { "-q", "-j" },
	    "-quiet option \"--jobs\" needs a value" },
	{ "a name without its value", { "--jobs" }, "option \"--jobs\" needs a value" },
	{ "a flag with a value", { "--quiet=1" }, "option \"--quiet\" takes no value" },
	{ "no such letter", { "-qy" }, "-quiet unknown option \"-y\"" },
	{ "twice what goes once", { "-q", "-X", "none", "-Xfetch" },
	    "-quiet -wal-method=none duplicate option \"--wal-method\"" },
	{ "two names of one option", { "--wait-archive", "--no-wait-archive" },
	    "-wait-archive duplicate option \"--no-wait-archive\"" },
	{ "twice, and the second has no value", { "-Xnone", "-X" },
	    "-wal-method=none duplicate option \"--wal-method\"" },
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

/* Borrowed words, as main() gets them. */
static struct optread
reading(const char *const *words, enum opttable_command command)
{
	static char text[WORDS + 1][64];
	static char *args[WORDS + 1];
	size_t n = 0;

	for (; words[n]; n++) {
		snprintf(text[n], sizeof(text[n]), "%s", words[n]);
		args[n] = text[n];
	}
	args[n] = NULL;
	return (struct optread){ .args = args, .command = command };
}

static void
read_row(void **state)
{
	const struct row *row = *state;
	struct optread r = reading(row->words, COMMAND_BACKUP);
	struct optread_token t;
	struct error err = { 0 };
	struct buf said = { 0 };
	int rc = 0;

	while (rc == 0 && err.kind == ERROR_NONE && optread_has_token(&r)) {
		struct error full;

		if (optread_token(&r, &t, &err))
			rc = buf_printf(&said, &full, "%s", err.text);
		else if (t.row)
			rc = buf_printf(&said, &full, "-%s%s%s ", t.row->name,
			    t.has_value ? "=" : "", t.value);
		else
			rc = buf_printf(&said, &full, "%s ", t.value);
	}
	assert_int_equal(rc, 0);
	assert_string_equal(buf_text(&said), row->read);
	buf_free(&said);
	if (err.kind != ERROR_NONE)
		assert_int_equal(err.kind, ERROR_USAGE);
}

/* The option that is given, not one of the same value; and the first that another command takes. */
static void
given(void **state)
{
	static const char *const words[] = { "x", "-qj4", "--json", NULL };
	struct optread r = reading(words, COMMAND_VERIFY);
	struct optread_token t;
	struct error err;

	(void)state;
	assert_null(optread_stray(&r));
	while (optread_has_token(&r))
		assert_int_equal(optread_token(&r, &t, &err), 0);
	assert_true(optread_was_given(&r, "quiet"));
	assert_true(optread_was_given(&r, "jobs"));
	assert_false(optread_was_given(&r, "verbose"));
	assert_string_equal(optread_stray(&r)->name, "json");
}

/* The command is found whatever is before its name: a value that is one's name is not. */
static void
commands(void **state)
{
	static const struct {
		const char *words[WORDS];
		enum opttable_command command;
	} lines[] = {
		{ { NULL }, COMMAND_BACKUP },
		{ { "verify", "a" }, COMMAND_VERIFY },
		{ { "-q", "info", "a" }, COMMAND_INFO },
		{ { "-D", "verify", "restore", "a" }, COMMAND_RESTORE },
		{ { "--jobs", "3", "verify" }, COMMAND_VERIFY },
		{ { "-l", "verify" }, COMMAND_BACKUP },
		{ { "a", "verify" }, COMMAND_BACKUP },
		{ { "--no-such-option", "verify" }, COMMAND_BACKUP },
		{ { "--", "verify" }, COMMAND_VERIFY },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct optread r = reading(lines[i].words, COMMAND_BACKUP);

		assert_int_equal(optread_command(r.args), lines[i].command);
	}
}

int
main(void)
{
	enum { SINGLE = 2 };
	struct CMUnitTest tests[SINGLE + ROWS] = {
		cmocka_unit_test(given),
		cmocka_unit_test(commands),
	};

	rows_name(tests + SINGLE, rows, sizeof(rows[0]), ROWS, read_row);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
