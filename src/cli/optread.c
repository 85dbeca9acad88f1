/*
 * Words become options and operands one at a time.  Each option that comes is noted by its row,
 * because its value cannot say whether it was given: it may be equal to the default.
 */
#include "cli/optread.h"

#include <string.h>

static size_t
row_number(const struct opttable_row *row)
{
	return (size_t)(row - opttable);
}

bool
optread_was_given(const struct optread *r, const char *name)
{
	for (size_t i = 0; i < opttable_rows; i++)
		if (r->given[i] && strcmp(opttable[i].name, name) == 0)
			return true;
	return false;
}

/* Refuse what was given before, before its value is looked for. */
static int
check_row(const struct optread *r, const struct opttable_row *row, struct error *err)
{
	for (size_t i = 0; row->rule == OPT_ONCE && i < opttable_rows; i++)
		if (opttable[i].rule == OPT_ONCE && opttable[i].field == row->field &&
		    r->given[i])
			return error_set(
			    err, ERROR_USAGE, 0, "duplicate option \"--%s\"", row->name);
	return 0;
}

/* The value of an option that must have one, when it is not in the same word. */
static int
next_value(struct optread *r, struct optread_token *t, struct error *err)
{
	if (!*r->args)
		return error_set(
		    err, ERROR_USAGE, 0, "option \"--%s\" needs a value", t->row->name);
	t->value = *r->args++;
	t->has_value = true;
	return 0;
}

static int
read_letter(struct optread *r, struct optread_token *t, struct error *err)
{
	char letter = *r->letters++;

	t->row = opttable_letter(r->command, letter);
	if (!t->row)
		return error_set(err, ERROR_USAGE, 0, "unknown option \"-%c\"", letter);
	if (check_row(r, t->row, err))
		return -1;
	if (!t->row->value)
		return 0;
	if (*r->letters == '\0')
		return next_value(r, t, err);
	t->value = r->letters;
	t->has_value = true;
	r->letters = NULL;
	return 0;
}

static int
read_name(struct optread *r, const char *word, struct optread_token *t, struct error *err)
{
	size_t len = strcspn(word, "=");

	if (opttable_name(r->command, word, len, &t->row, err) ||
	    check_row(r, t->row, err))
		return -1;
	if (word[len] == '=') {
		t->value = word + len + 1;
		t->has_value = true;
		if (t->row->value)
			return 0;
		return error_set(
		    err, ERROR_USAGE, 0, "option \"--%s\" takes no value", t->row->name);
	}
	if (t->row->value && t->row->value[0] != '[')
		return next_value(r, t, err);
	return 0;
}

static int
read_word(struct optread *r, struct optread_token *t, struct error *err)
{
	const char *word;

	*t = (struct optread_token){ .value = "" };
	if (r->letters && *r->letters != '\0')
		return read_letter(r, t, err);
	word = *r->args++;
	if (r->only_operands || word[0] != '-' || word[1] == '\0') {
		t->value = word;
		return 0;
	}
	if (word[1] == '-')
		return read_name(r, word + 2, t, err);
	r->letters = word + 1;
	return read_letter(r, t, err);
}

int
optread_token(struct optread *r, struct optread_token *t, struct error *err)
{
	if (read_word(r, t, err))
		return -1;
	/* the others' numbers are of another table, and nothing asks for them */
	if (t->row && t->row->kind != OPT_BASEBACKUP)
		r->given[row_number(t->row)] = true;
	return 0;
}

bool
optread_has_token(struct optread *r)
{
	if (r->letters && *r->letters != '\0')
		return true;
	if (*r->args && !r->only_operands && strcmp(*r->args, "--") == 0) {
		r->only_operands = true;
		r->args++;
	}
	return *r->args != NULL;
}

enum opttable_command
optread_command(char *const *args)
{
	for (unsigned i = 0; i < OPTTABLE_COMMANDS; i++) {
		struct optread r = { .args = args, .command = (enum opttable_command)i };
		struct optread_token t = { 0 };
		struct error ignored = { 0 };

		while (optread_has_token(&r) && optread_token(&r, &t, &ignored) == 0)
			if (t.row == NULL)
				break;
		if (t.row == NULL && t.value &&
		    strcmp(t.value, opttable_commands[i].name) == 0)
			return r.command;
	}
	return COMMAND_BACKUP;
}

const struct opttable_row *
optread_stray(const struct optread *r)
{
	for (size_t i = 0; i < opttable_rows; i++)
		if (r->given[i] && (opttable[i].commands & 1U << r->command) == 0)
			return &opttable[i];
	return NULL;
}
