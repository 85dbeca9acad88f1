/* The usage is printed from the table of options, a line a row where it fits. */
#include "cli/optusage.h"

#include <stdio.h>
#include <string.h>

#include "codec/codec.h"

/* Columns before the help. */
enum { INDENT = 33 };

int
optusage_help(struct buf *text, const struct opttable_row *row,
    enum opttable_command command, struct error *err)
{
	char methods[CODEC_METHODS] = "";

	if (row->kind == OPT_COMPRESS)
		codec_print_methods(methods);
	return buf_printf(text, err, "%s%s", methods,
	    command == COMMAND_RESTORE && row->restore_help ? row->restore_help :
							      row->help);
}

/* "  -l, --label=LABEL", and the help for ${command} in its column. */
static int
usage_row(struct buf *text, const struct opttable_row *row, enum opttable_command command,
    struct error *err)
{
	const char *value = row->value ? row->value : "";
	char left[64], letter[8] = "    ", name[48];

	if (row->letter != '\0')
		snprintf(letter, sizeof(letter), "-%c, ", row->letter);
	if (value[0] == '[')
		snprintf(name, sizeof(name), "%s[=%s", row->name, value + 1);
	else
		snprintf(name, sizeof(name), "%s%s%s", row->name, row->value ? "=" : "",
		    value);
	snprintf(left, sizeof(left), "  %s--%s", letter, name);
	if (strlen(left) >= INDENT ? buf_printf(text, err, "%s\n%*s", left, INDENT, "") :
				     buf_printf(text, err, "%-*s", INDENT, left))
		return -1;
	return optusage_help(text, row, command, err) || buf_printf(text, err, "\n") ?
	    -1 :
	    0;
}

/* The rows for ${command}, with their headings; or only those that are used most. */
static int
usage_rows(
    struct buf *text, enum opttable_command command, bool only_often, struct error *err)
{
	for (size_t i = 0; i < opttable_rows; i++) {
		const struct opttable_row *row = &opttable[i];

		if (((only_often ? row->often : row->commands) & 1U << command) == 0)
			continue;
		if (!row->name ? buf_printf(text, err, "\n%s:\n", row->help) :
				 usage_row(text, row, command, err))
			return -1;
	}
	return 0;
}

int
optusage_print(struct buf *text, enum opttable_command command, struct error *err)
{
	const struct opttable_commands *c = &opttable_commands[command];

	return buf_printf(
		   text, err, "%s\nUsage:\n  pg_basetar %s\n", c->what, c->usage) ||
		usage_rows(text, command, false, err) ||
		buf_printf(text, err, "\nExample:\n  %s\n", c->example) ?
	    -1 :
	    0;
}

static int
overview_often(struct buf *text, enum opttable_command command, struct error *err)
{
	return buf_printf(text, err, "\nMost used options of %s:\n",
		   opttable_commands[command].name) ||
		usage_rows(text, command, true, err) ?
	    -1 :
	    0;
}

int
optusage_overview(struct buf *text, struct error *err)
{
	if (buf_printf(text, err,
		"pg_basetar makes base backups of a PostgreSQL cluster as tar, on the cluster's\n"
		"own host, verifies them and restores them.\n\nUsage:\n"))
		return -1;
	for (size_t i = 0; i < OPTTABLE_COMMANDS; i++)
		if (buf_printf(
			text, err, "  pg_basetar %s\n", opttable_commands[i].usage))
			return -1;
	if (buf_printf(text, err, "\nCommands:\n"))
		return -1;
	for (size_t i = 0; i < OPTTABLE_COMMANDS; i++)
		if (buf_printf(text, err, "  %-9s%s\n", opttable_commands[i].name,
			opttable_commands[i].summary))
			return -1;
	return overview_often(text, COMMAND_BACKUP, err) ||
		overview_often(text, COMMAND_RESTORE, err) ||
		buf_printf(text, err,
		    "\nAll options of a command: pg_basetar help COMMAND\n"
		    "Completion in a shell: pg_basetar completion bash|zsh|fish\n\nExamples:\n"
		    "  %s\n  pg_basetar verify base.tar.gz\n",
		    opttable_commands[COMMAND_BACKUP].example) ?
	    -1 :
	    0;
}
