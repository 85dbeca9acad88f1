#include "completion/script.h"

#include <string.h>

#include "cli/optusage.h"

const struct opttable_row *
script_row(unsigned command, size_t *i)
{
	while (*i < opttable_rows) {
		const struct opttable_row *row = &opttable[(*i)++];

		if (row->name && (row->commands & 1U << command) != 0)
			return row;
	}
	return NULL;
}

int
script_escaped(struct buf *out, const char *text, const char *special, struct error *err)
{
	for (; *text != '\0'; text++)
		if (buf_printf(
			out, err, "%s%c", strchr(special, *text) ? "\\" : "", *text))
			return -1;
	return 0;
}

int
script_help(struct buf *out, const struct opttable_row *row, unsigned command,
    const char *special, struct error *err)
{
	struct buf help = { 0 };
	int rc = optusage_help(&help, row, (enum opttable_command)command, err) ||
		script_escaped(out, buf_text(&help), special, err) ?
	    -1 :
	    0;

	buf_free(&help);
	return rc;
}

bool
script_reads_backup(unsigned command)
{
	return command != COMMAND_BACKUP && command != COMMAND_CHECK;
}

int
script_commands(struct buf *out, bool all, const char *between, struct error *err)
{
	const char *before = "";

	for (unsigned c = 0; c < OPTTABLE_COMMANDS; c++) {
		if (!all && !script_reads_backup(c))
			continue;
		if (buf_printf(out, err, "%s%s", before, opttable_commands[c].name))
			return -1;
		before = between;
	}
	return 0;
}

static int
append_part(struct buf *out, const struct script_part *parts, const char *name,
    size_t len, struct error *err)
{
	for (; parts->name; parts++)
		if (strlen(parts->name) == len && strncmp(parts->name, name, len) == 0)
			return parts->append(out, err);
	return script_commands(out, true, " ", err);
}

int
script_expand(
    struct buf *out, const char *text, const struct script_part *parts, struct error *err)
{
	/* text and part in turn, each up to a percent sign */
	for (bool is_part = false; *text != '\0'; is_part = !is_part) {
		size_t len = strcspn(text, "%");

		if (is_part ? append_part(out, parts, text, len, err) :
			      buf_append(out, text, len, err))
			return -1;
		text += len + (text[len] == '%');
	}
	return 0;
}
