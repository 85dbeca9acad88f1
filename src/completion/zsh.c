#include "completion/zsh.h"

#include <stdbool.h>
#include <stddef.h>

#include "cli/opttable.h"
#include "completion/script.h"
#include "completion/value.h"

/* What _arguments does for the value. */
static int
append_value(struct buf *out, const struct opttable_row *row, struct error *err)
{
	static const char *const actions[] = {
		[VALUE_ANY] = " ",
		[VALUE_FILE] = "_files",
		[VALUE_DIRECTORY] = "_files -/",
		[VALUE_USER] = "_users",
		[VALUE_HOST] = "_hosts",
	};
	struct value v = value_of(row);

	if (v.kind == VALUE_NONE)
		return 0;
	if (buf_printf(out, err, "%s", value_is_optional(row) ? "::" : ":") ||
	    script_escaped(out, row->value, ":", err))
		return -1;
	return v.kind == VALUE_WORDS ? buf_printf(out, err, ":(%s)", v.words) :
				       buf_printf(out, err, ":%s", actions[v.kind]);
}

/* Each name with what separates it from its value; more than one in braces, and once only. */
static int
append_names(struct buf *out, const struct opttable_row *row, struct error *err)
{
	bool is_repeated = row->kind == OPT_RELOCATE || row->kind == OPT_WITHOUT;
	const char *ends = !row->value ? "" : value_is_optional(row) ? "=-" : "=";

	if (row->letter == '\0')
		return buf_printf(
		    out, err, "'%s--%s%s", is_repeated ? "*" : "", row->name, ends);
	if (is_repeated ? buf_printf(out, err, "'*'") :
			  buf_printf(out, err, "'(-%c --%s)'", row->letter, row->name))
		return -1;
	return buf_printf(out, err, "{-%s%c%s,--%s%s}'", row->letter == '?' ? "\\" : "",
	    row->letter, row->value ? "+" : "", row->name, ends);
}

static int
append_options(struct buf *out, struct error *err)
{
	const struct opttable_row *row;

	for (unsigned c = 0; c < OPTTABLE_COMMANDS; c++) {
		if (buf_printf(
			out, err, "\t%s)\n\t\toptions=(\n", opttable_commands[c].name))
			return -1;
		for (size_t i = 0; (row = script_row(c, &i)) != NULL;)
			if (buf_printf(out, err, "\t\t\t") ||
			    append_names(out, row, err) || buf_printf(out, err, "[") ||
			    script_help(out, row, c, "[]\\", err) ||
			    buf_printf(out, err, "]") || append_value(out, row, err) ||
			    buf_printf(out, err, "'\n"))
				return -1;
		if (buf_printf(out, err, "%s\t\t) ;;\n",
			script_reads_backup(c) ? "\t\t\t'2:backup:_files'\n" : ""))
			return -1;
	}
	return 0;
}

/* "'info:print what a backup is'" */
static int
append_described(struct buf *out, struct error *err)
{
	for (size_t i = 0; i < OPTTABLE_COMMANDS; i++)
		if (buf_printf(out, err, "\t\t'%s:%s'\n", opttable_commands[i].name,
			opttable_commands[i].summary))
			return -1;
	return 0;
}

static int
append_alternatives(struct buf *out, struct error *err)
{
	return script_commands(out, true, "|", err);
}

static const char text[] =
    "#compdef pg_basetar\n"
    "# zsh completion for pg_basetar, printed by: pg_basetar completion zsh\n"
    "_pg_basetar_command() {\n"
    "	local -a commands=(\n"
    "%described%"
    "		'help:print the options of a command'\n"
    "		'completion:print the completion for a shell'\n"
    "	)\n"
    "	_describe command commands\n"
    "}\n"
    "_pg_basetar() {\n"
    "	local -a options\n"
    "	local command=${${words[2,CURRENT-1]}[(r)(%alternatives%|help|completion)]}\n"
    "\n"
    "	case ${command:-backup} in\n"
    "%options%"
    "	help) options=('2:command:(%commands%)') ;;\n"
    "	completion) options=('2:shell:(bash zsh fish)') ;;\n"
    "	esac\n"
    "	_arguments -s '1:command:_pg_basetar_command' $options\n"
    "}\n"
    "if [[ $funcstack[1] == _pg_basetar ]]; then\n"
    "	_pg_basetar\n"
    "else\n"
    "	compdef _pg_basetar pg_basetar\n"
    "fi\n";

int
zsh_print(struct buf *out, struct error *err)
{
	static const struct script_part parts[] = {
		{ "alternatives", append_alternatives },
		{ "described", append_described },
		{ "options", append_options },
		{ NULL, NULL },
	};

	return script_expand(out, text, parts, err);
}
