#include "completion/fish.h"

#include <stddef.h>

#include "cli/opttable.h"
#include "completion/script.h"
#include "completion/value.h"

static int
append_value(struct buf *out, const struct opttable_row *row, struct error *err)
{
	static const char *const actions[] = {
		[VALUE_NONE] = "",
		[VALUE_ANY] = " -x",
		[VALUE_FILE] = " -rF",
		[VALUE_DIRECTORY] = " -xa '(__fish_complete_directories)'",
		[VALUE_USER] = " -xa '(__fish_complete_users)'",
		[VALUE_HOST] = " -xa '(__fish_print_hostnames)'",
	};
	struct value v = value_of(row);

	if (v.kind == VALUE_WORDS)
		return buf_printf(out, err, " -xa '%s'", v.words);
	return value_is_optional(row) ? 0 : buf_printf(out, err, "%s", actions[v.kind]);
}

static int
append_option(
    struct buf *out, const struct opttable_row *row, unsigned command, struct error *err)
{
	if (buf_printf(out, err, "complete -c pg_basetar -n '__pg_basetar_is %s'",
		opttable_commands[command].name) ||
	    (row->letter != '\0' && buf_printf(out, err, " -s '%c'", row->letter)))
		return -1;
	return buf_printf(out, err, " -l %s", row->name) || append_value(out, row, err) ||
		buf_printf(out, err, " -d '") ||
		script_help(out, row, command, "'\\", err) ||
		buf_printf(out, err, "'\n") ?
	    -1 :
	    0;
}

static int
append_options(struct buf *out, struct error *err)
{
	const struct opttable_row *row;

	for (unsigned c = 0; c < OPTTABLE_COMMANDS; c++)
		for (size_t i = 0; (row = script_row(c, &i)) != NULL;)
			if (append_option(out, row, c, err))
				return -1;
	return 0;
}

static int
append_described(struct buf *out, struct error *err)
{
	for (unsigned c = 0; c < OPTTABLE_COMMANDS; c++) {
		const struct opttable_commands *command = &opttable_commands[c];

		if (buf_printf(out, err,
			"complete -c pg_basetar -n __pg_basetar_has_none -a %s -d '%s'\n",
			command->name, command->summary))
			return -1;
		if (script_reads_backup(c) &&
		    buf_printf(out, err,
			"complete -c pg_basetar -n '__pg_basetar_is %s' -F\n",
			command->name))
			return -1;
	}
	return 0;
}

static const char text[] =
    "# fish completion for pg_basetar, printed by: pg_basetar completion fish\n"
    "function __pg_basetar_command\n"
    "	for word in (commandline -opc)[2..-1]\n"
    "		if contains -- $word %commands% help completion\n"
    "			echo $word\n"
    "			return\n"
    "		end\n"
    "	end\n"
    "end\n"
    "function __pg_basetar_has_none\n"
    "	test -z (__pg_basetar_command)\n"
    "end\n"
    "function __pg_basetar_is\n"
    "	set -l command (__pg_basetar_command)\n"
    "	test \"$command\" = $argv[1]; or test -z \"$command\" -a $argv[1] = backup\n"
    "end\n"
    "complete -c pg_basetar -f\n"
    "%described%"
    "complete -c pg_basetar -n __pg_basetar_has_none -a help -d 'print the options of a command'\n"
    "complete -c pg_basetar -n __pg_basetar_has_none -a completion -d 'print the completion for a shell'\n"
    "complete -c pg_basetar -n '__pg_basetar_is help' -a '%commands%'\n"
    "complete -c pg_basetar -n '__pg_basetar_is completion' -a 'bash zsh fish'\n"
    "%options%";

int
fish_print(struct buf *out, struct error *err)
{
	static const struct script_part parts[] = {
		{ "described", append_described },
		{ "options", append_options },
		{ NULL, NULL },
	};

	return script_expand(out, text, parts, err);
}
