/*
 * The command line is parsed in three steps: optread.c splits it into options and operands,
 * optgiven.c stores each option, and optwhole.c judges the whole and fills in defaults.  This file
 * drives them, takes the operands, and sees to it that no message repeats a password that was given
 * in a wrong place.
 */
#include "cli/options.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/optgiven.h"
#include "cli/optread.h"
#include "cli/optwhole.h"
#include "cli/suggest.h"
#include "lib/secret.h"

/* The command line being read, and what it was found to ask for. */
struct parsing {
	struct optread read;
	struct options *options;
	bool has_command;
};

/* Connection strings and URIs may hold a password: they are not repeated. */
static bool
is_connection(const char *word)
{
	return strstr(word, ":/") != NULL || strstr(word, "password") != NULL;
}

static int
refuse_connection(struct error *err)
{
	error_set(err, ERROR_USAGE, 0, "a connection string cannot be an operand");
	return error_hint(err, "Give it with the option -d.");
}

/* A word that stands where the value of -W would, if it took one, may be the password. */
static int
refuse_password(struct error *err)
{
	error_set(err, ERROR_USAGE, 0, "option \"--password\" takes no value");
	return error_hint(err, "The password is asked for on the terminal.");
}

static int
unknown_command(const char *word, struct error *err)
{
	struct suggest near;

	suggest_start(&near, word, strlen(word));
	suggest_offer(&near, "help");
	suggest_offer(&near, "completion");
	for (size_t i = 0; i < OPTTABLE_COMMANDS; i++)
		suggest_offer(&near, opttable_commands[i].name);
	error_set(err, ERROR_USAGE, 0, "unknown command \"%s\"", word);
	return suggest_hint(&near, "", err);
}

/* These have no operand: what they work on is said by options. */
static bool
is_of_backup(const struct options *o)
{
	return o->command == COMMAND_BACKUP || o->command == COMMAND_CHECK;
}

/* The first operand is the command; "backup" is also what none means. */
static int
take_command(struct parsing *p, const char *word, struct error *err)
{
	p->has_command = true;
	for (unsigned i = 0; i < OPTTABLE_COMMANDS; i++)
		if (strcmp(word, opttable_commands[i].name) == 0) {
			p->options->command = (enum opttable_command)i;
			return 0;
		}
	if (is_connection(word))
		return refuse_connection(err);
	if (p->options->force_prompt)
		return refuse_password(err);
	unknown_command(word, err);
	return error_hint(err, "Name the data directory with -D and the output with -o.");
}

static int
take_operand(struct parsing *p, const char *word, struct error *err)
{
	if (!p->has_command)
		return take_command(p, word, err);
	if ((is_of_backup(p->options) || p->options->input) && is_connection(word))
		return refuse_connection(err);
	if (is_of_backup(p->options) && p->options->force_prompt)
		return refuse_password(err);
	if (is_of_backup(p->options) || p->options->input)
		return error_set(err, ERROR_USAGE, 0, "unexpected operand \"%s\"", word);
	if (*word == '\0')
		return error_set(err, ERROR_USAGE, 0, "the name of the archive is empty");
	if (secret_is_connection(word))
		return refuse_connection(err);
	p->options->input = word;
	return 0;
}

/* "help", alone or with the command that is asked about: as --help of that command. */
static int
parse_help(struct options *o, char *const *words, int count, struct error *err)
{
	size_t command = 0;

	if (count > 1)
		return error_set(
		    err, ERROR_USAGE, 0, "unexpected operand \"%s\"", words[1]);
	if (count == 0 || strcmp(words[0], "help") == 0 ||
	    strcmp(words[0], "completion") == 0)
		return OPTIONS_OVERVIEW;
	while (command < OPTTABLE_COMMANDS &&
	    strcmp(opttable_commands[command].name, words[0]) != 0)
		command++;
	if (command == OPTTABLE_COMMANDS)
		return unknown_command(words[0], err);
	o->command = (enum opttable_command)command;
	return OPTIONS_HELP;
}

/* "completion" and the name of a shell. */
static int
parse_completion(struct options *o, char *const *words, int count, struct error *err)
{
	if (count > 1)
		return error_set(
		    err, ERROR_USAGE, 0, "unexpected operand \"%s\"", words[1]);
	if (count == 1) {
		o->shell = words[0];
		return OPTIONS_COMPLETION;
	}
	error_set(err, ERROR_USAGE, 0, "the name of the shell is missing");
	return error_hint(err, "It may be one of bash, zsh, fish.");
}

static int
parse(struct parsing *p, struct error *err)
{
	struct optread_token t;
	int verdict;

	while (optread_has_token(&p->read)) {
		if (optread_token(&p->read, &t, err))
			return -1;
		if (!t.row) {
			if (take_operand(p, t.value, err))
				return -1;
			continue;
		}
		verdict = optgiven_take(p->options, &t, err);
		if (verdict == -1)
			return error_wrap(err, "option \"--%s\"", t.row->name);
		if (verdict == OPTIONS_HELP && !p->has_command)
			return OPTIONS_OVERVIEW;
		if (verdict != OPTIONS_RUN)
			return verdict;
	}
	return optwhole_complete(p->options, &p->read, err) ? -1 : OPTIONS_RUN;
}

/* What the command line says in a wrong place is repeated, but no password. */
static void
hide_secrets(struct error *err)
{
	char text[sizeof(err->text)];

	secret_mask(text, sizeof(text), err->text, strlen(err->text), NULL, 0);
	memcpy(err->text, text, sizeof(text));
}

int
options_parse(int argc, char *const *argv, struct options *out, struct error *err)
{
	struct parsing p = { .read = { .args = argv + (argc > 0) }, .options = out };
	int verdict;

	*out = (struct options){
		.label = "pg_basetar base backup",
		.manifest_digest = DIGEST_CRC32C,
	};
	if (argc > 1 && strcmp(argv[1], "help") == 0)
		verdict = parse_help(out, argv + 2, argc - 2, err);
	else if (argc > 1 && strcmp(argv[1], "completion") == 0)
		verdict = parse_completion(out, argv + 2, argc - 2, err);
	else {
		p.read.command = optread_command(p.read.args);
		verdict = parse(&p, err);
	}
	if (verdict == -1) {
		hide_secrets(err);
		error_hint(err, "Try \"pg_basetar --help\".");
	}
	if (verdict == -1 || verdict == OPTIONS_VERSION || verdict == OPTIONS_OVERVIEW)
		options_free(out);
	return verdict;
}

void
options_free(struct options *o)
{
	relocations_free(&o->relocations);
	oids_free(&o->without);
	free(o->output_made);
}
