#include "completion/bash.h"

#include <stddef.h>

#include "cli/opttable.h"
#include "completion/script.h"
#include "completion/value.h"

/* "-D | --pgdata" */
static int
append_pattern(struct buf *out, const struct opttable_row *row, struct error *err)
{
	if (row->letter != '\0' && buf_printf(out, err, "-%c | ", row->letter))
		return -1;
	return buf_printf(out, err, "--%s", row->name);
}

/* Those whose value is the next word, if it is not in the same: one pattern. */
static int
append_with_value(struct buf *out, struct error *err)
{
	const char *between = "";

	for (size_t i = 0; i < opttable_rows; i++) {
		const struct opttable_row *row = &opttable[i];

		if (!row->name || !row->value || value_is_optional(row))
			continue;
		if (buf_printf(out, err, "%s", between) || append_pattern(out, row, err))
			return -1;
		between = " | ";
	}
	return 0;
}

/* What is offered for the value of each option; nothing for one that is not here. */
static int
append_values(struct buf *out, struct error *err)
{
	static const char *const actions[] = {
		[VALUE_FILE] = "return",
		[VALUE_DIRECTORY] = "compopt -o dirnames",
		[VALUE_USER] = "words=$(compgen -u)",
		[VALUE_HOST] = "words=$(compgen -A hostname)",
	};

	for (size_t i = 0; i < opttable_rows; i++) {
		const struct opttable_row *row = &opttable[i];
		struct value v = { .kind = VALUE_NONE };

		if (row->name)
			v = value_of(row);
		if (v.kind == VALUE_NONE || v.kind == VALUE_ANY)
			continue;
		if (buf_printf(out, err, "\t\t") || append_pattern(out, row, err) ||
		    (v.kind == VALUE_WORDS ?
			    buf_printf(out, err, ") words='%s' ;;\n", v.words) :
			    buf_printf(out, err, ") %s ;;\n", actions[v.kind])))
			return -1;
	}
	return 0;
}

static int
append_options(struct buf *out, struct error *err)
{
	const struct opttable_row *row;

	for (unsigned c = 0; c < OPTTABLE_COMMANDS; c++) {
		if (buf_printf(out, err, "\t\t%s) words='", opttable_commands[c].name))
			return -1;
		for (size_t i = 0; (row = script_row(c, &i)) != NULL;)
			if (buf_printf(out, err, " --%s%s", row->name,
				row->value && !value_is_optional(row) ? "=" : ""))
				return -1;
		if (buf_printf(out, err, "' ;;\n"))
			return -1;
	}
	return 0;
}

static int
append_readers(struct buf *out, struct error *err)
{
	return script_commands(out, false, " | ", err);
}

/* In bash "=" is a word.  Files are what readline completes by default, with all its quotes. */
static const char text[] =
    "# bash completion for pg_basetar, printed by: pg_basetar completion bash\n"
    "_pg_basetar()\n"
    "{\n"
    "	local word=${COMP_WORDS[COMP_CWORD]} command='' option='' words='' i\n"
    "\n"
    "	for ((i = 1; i < COMP_CWORD; i++)); do\n"
    "		option=\n"
    "		case ${COMP_WORDS[i]} in\n"
    "		%with-value%)\n"
    "			option=${COMP_WORDS[i]}\n"
    "			[[ ${COMP_WORDS[++i]} != = ]] || ((i++)) ;;\n"
    "		-*)\n"
    "			[[ ${COMP_WORDS[i + 1]} != = ]] ||\n"
    "				{ option=${COMP_WORDS[i]} && ((i += 2)); } ;;\n"
    "		*) command=${command:-${COMP_WORDS[i]}} ;;\n"
    "		esac\n"
    "	done\n"
    "	[[ $word != = ]] || word=\n"
    "	if [[ $option && $i -gt $COMP_CWORD ]]; then\n"
    "		case $option in\n"
    "%values%"
    "		esac\n"
    "	elif [[ $word == -* ]]; then\n"
    "		case ${command:-backup} in\n"
    "%options%"
    "		esac\n"
    "	else\n"
    "		case $command in\n"
    "		'') words='%commands% help completion' ;;\n"
    "		help) words='%commands%' ;;\n"
    "		completion) words='bash zsh fish' ;;\n"
    "		%readers%) return ;;\n"
    "		esac\n"
    "	fi\n"
    "	compopt +o default\n"
    "	mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
    "	[[ ${COMPREPLY[*]} != *= ]] || compopt -o nospace\n"
    "}\n"
    "complete -o default -F _pg_basetar pg_basetar\n";

int
bash_print(struct buf *out, struct error *err)
{
	static const struct script_part parts[] = {
		{ "readers", append_readers },
		{ "with-value", append_with_value },
		{ "values", append_values },
		{ "options", append_options },
		{ NULL, NULL },
	};

	return script_expand(out, text, parts, err);
}
