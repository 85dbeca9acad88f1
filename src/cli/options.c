#include "cli/options.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/optread.h"
#include "lib/secret.h"
#include "lib/sys.h"
#include "pg/label.h"

/* What says how a server is reached, and what it shall do or keep: none is asked. */
#define OF_SERVER \
	"checkpoint", "wait-archive", "no-wait-archive", "no-slot", "dbname", "host", \
	    "port", "username", "no-password", "password"

/* Options of which only one can be meant; and why, where that must be said. */
static const struct {
	const char *one;
	const char *others[12]; /* ends with a NULL */
	const char *why;
} excluding[] = {
	{ "quiet", { "verbose" }, NULL },
	{ "no-manifest", { "manifest-checksums" }, NULL },
	{ "split", { "force" },
	    "With --split the directory must be new or empty, so that nothing is replaced." },
	{ "split", { "blocking-factor" },
	    "Records are for a tape or a pipe, which takes one archive." },
	{ "offline", { "snapshot", OF_SERVER }, NULL },
	{ "snapshot", { OF_SERVER }, NULL },
};

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
	error_set(err, ERROR_USAGE, 0, "a connection string is not an operand");
	return error_hint(err, "Give it with the option -d.");
}

/* A word that stands where the value of -W would, if it took one, may be the password. */
static int
refuse_password(struct error *err)
{
	error_set(err, ERROR_USAGE, 0, "option \"--password\" takes no value");
	return error_hint(err, "The password is asked for on the terminal.");
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
	error_set(err, ERROR_USAGE, 0, "unknown command \"%s\"", word);
	return error_hint(err, "Name the data directory with -D and the output with -o.");
}

static int
take_operand(struct parsing *p, const char *word, struct error *err)
{
	if (!p->has_command)
		return take_command(p, word, err);
	if ((p->options->command == COMMAND_BACKUP || p->options->input) &&
	    is_connection(word))
		return refuse_connection(err);
	if (p->options->command == COMMAND_BACKUP && p->options->force_prompt)
		return refuse_password(err);
	if (p->options->command == COMMAND_BACKUP || p->options->input)
		return error_set(
		    err, ERROR_USAGE, 0, "operand \"%s\" is one too many", word);
	if (*word == '\0')
		return error_set(err, ERROR_USAGE, 0, "the name of the archive is empty");
	if (secret_is_connection(word))
		return refuse_connection(err);
	p->options->input = word;
	return 0;
}

/* -p is the password in other programs, so that a value that is no port is not repeated. */
static int
check_port(const char *value, struct error *err)
{
	unsigned port;

	if (optvalue_number(value, 1, 65535, &port, err) == 0)
		return 0;
	error_set(err, ERROR_USAGE, 0, "the value is not a port from 1 to 65535");
	return error_hint(err,
	    "No option takes a password: it is read from the file ~/.pgpass, or asked for.");
}

/* -d and -D are easily confused. */
static int
check_file(const char *value, struct error *err)
{
	if (*value == '\0')
		return error_set(err, ERROR_USAGE, 0, "the value is empty");
	if (!secret_is_connection(value))
		return 0;
	error_set(err, ERROR_USAGE, 0,
	    "a connection string does not name a file or a directory");
	return error_hint(err, "Give it with the option -d.");
}

/* A value that is kept as it stands, once it is known to be good. */
static int
take_text(struct options *o, const struct optread_token *t, struct error *err)
{
	if (t->row->kind == OPT_NAME && *t->value == '\0')
		return error_set(err, ERROR_USAGE, 0, "the value is empty");
	if (t->row->kind == OPT_FILE && check_file(t->value, err))
		return -1;
	if (t->row->kind == OPT_LABEL && label_check_text(t->value, err))
		return -1;
	if (t->row->kind == OPT_PORT && check_port(t->value, err))
		return -1;
	memcpy((char *)o + t->row->field, &t->value, sizeof(t->value));
	return 0;
}

/* One that says all by being there. */
static void
take_flag(struct options *o, const struct optread_token *t)
{
	static const bool yes = true;

	if (t->row->kind == OPT_FLAG)
		memcpy((char *)o + t->row->field, &yes, sizeof(yes));
	else if (t->row->kind == OPT_OFFLINE)
		o->source = SOURCE_STOPPED;
	else if (t->row->kind == OPT_SNAPSHOT)
		o->source = SOURCE_SNAPSHOT;
	else {
		o->never_prompt = t->row->kind == OPT_NO_PROMPT;
		o->force_prompt = t->row->kind == OPT_PROMPT;
	}
}

static int
take_wait(struct options *o, const struct optread_token *t, struct error *err)
{
	o->wait_archive = t->row->kind == OPT_WAIT;
	if (!t->has_value)
		return 0;
	/* the limit is that of poll(): milliseconds in an int */
	return optvalue_number(t->value, 1, 2147483, &o->wait_archive_limit, err);
}

static int
take_number(struct options *o, const struct optread_token *t, struct error *err)
{
	if (t->row->kind == OPT_RATE)
		return optvalue_rate(t->value, &o->max_rate, err);
	if (t->row->kind ==
	    OPT_RECORD) /* a tape drive has 24 bits for the length of a block */
		return optvalue_number(t->value, 1, 32767, &o->blocking_factor, err);
	/* the limit is there to catch a slip */
	return optvalue_number(t->value, 1, 1024, &o->jobs, err);
}

/* One of a few words. */
static int
take_choice(struct options *o, const struct optread_token *t, struct error *err)
{
	switch (t->row->kind) {
	case OPT_COMPRESS:
		return optvalue_compression(t->value, &o->compression, err);
	case OPT_GZIP:
		return optvalue_compression("gzip", &o->compression, err);
	case OPT_CHECKPOINT:
		return optvalue_checkpoint(t->value, &o->checkpoint_fast, err);
	case OPT_WAL_METHOD:
		return optvalue_wal_method(t->value, &o->wal_method, err);
	case OPT_ARCHIVE_MODE:
		return optvalue_archive_mode(t->value, &o->archive_mode, err);
	case OPT_DIGEST:
		return optvalue_digest(t->value, &o->manifest_digest, err);
	default:
		return optvalue_format(t->value, err);
	}
}

/* Carry out one option.  Returns what options_parse() shall, OPTIONS_RUN to go on. */
static int
take_option(struct options *o, const struct optread_token *t, struct error *err)
{
	switch (t->row->kind) {
	case OPT_HEADING:
		break;
	case OPT_FLAG:
	case OPT_OFFLINE:
	case OPT_SNAPSHOT:
	case OPT_NO_PROMPT:
	case OPT_PROMPT:
		take_flag(o, t);
		break;
	case OPT_TEXT:
	case OPT_NAME:
	case OPT_FILE:
	case OPT_LABEL:
	case OPT_PORT:
		return take_text(o, t, err);
	case OPT_WAIT:
	case OPT_NO_WAIT:
		return take_wait(o, t, err);
	case OPT_JOBS:
	case OPT_RECORD:
	case OPT_RATE:
		return take_number(o, t, err);
	case OPT_COMPRESS:
	case OPT_GZIP:
	case OPT_FORMAT:
	case OPT_ARCHIVE_MODE:
	case OPT_CHECKPOINT:
	case OPT_WAL_METHOD:
	case OPT_DIGEST:
		return take_choice(o, t, err);
	case OPT_RELOCATE:
		return relocations_add(&o->relocations, t->value, err);
	case OPT_WITHOUT:
		return oids_add(&o->without, t->value, err);
	case OPT_HELP:
		return OPTIONS_HELP;
	case OPT_VERSION:
		return OPTIONS_VERSION;
	}
	return OPTIONS_RUN;
}

static int
excluded(const char *one, const char *other, const char *why, struct error *err)
{
	error_set(err, ERROR_USAGE, 0, "options \"--%s\" and \"--%s\" exclude each other",
	    one, other);
	return why ? error_hint(err, "%s", why) : -1;
}

/* Can what was given be meant all at once? */
static int
check_together(const struct options *o, const struct optread *r, struct error *err)
{
	for (size_t i = 0; i < sizeof(excluding) / sizeof(excluding[0]); i++)
		for (const char *const *other = excluding[i].others; *other; other++)
			if (optread_was_given(r, excluding[i].one) &&
			    optread_was_given(r, *other))
				return excluded(
				    excluding[i].one, *other, excluding[i].why, err);
	if (o->source == SOURCE_SERVER || o->wal_method != WAL_NONE)
		return 0;
	return excluded(o->source == SOURCE_STOPPED ? "offline" : "snapshot",
	    "wal-method=none", "No server starts from such a copy without its WAL.", err);
}

/* The output's kind, and what its name says of the compression. */
static int
complete_output(struct options *o, struct error *err)
{
	const char *name = "";

	if (o->output && strcmp(o->output, "-") == 0)
		o->output = NULL;
	o->output_is_stdout = !o->output;
	if (o->split && !o->output) {
		error_set(err, ERROR_USAGE, 0, "option \"--split\" needs a directory");
		return error_hint(err,
		    "Name a new or an empty one with -o; standard output takes one archive.");
	}
	if (o->output && !o->split)
		name = o->output;
	return o->compression.codec ? 0 : optvalue_suffix(name, &o->compression, err);
}

/* A backup: the cluster, the output, and how. */
static int
complete_backup(struct options *o, const struct optread *r, struct error *err)
{
	if (!o->pgdata)
		o->pgdata = getenv("PGDATA");
	if (!o->pgdata || *o->pgdata == '\0') {
		error_set(err, ERROR_USAGE, 0, "no data directory is given");
		return error_hint(err, "Name it with -D, or set PGDATA.");
	}
	if (complete_output(o, err))
		return -1;
	o->checkpoint_is_given = optread_was_given(r, "checkpoint");
	if (!optread_was_given(r, "wait-archive") &&
	    !optread_was_given(r, "no-wait-archive"))
		o->wait_archive = o->wal_method == WAL_NONE;
	if (o->jobs == 0)
		o->jobs = sys_processors();
	return 0;
}

/* A command that reads a backup: which one. */
static int
complete_reading(struct options *o, const struct optread *r, struct error *err)
{
	if (!o->input) {
		error_set(err, ERROR_USAGE, 0, "no archive is given");
		return error_hint(err,
		    "Name a file, a directory of --split or pg_basebackup -Ft, or - for standard input.");
	}
	if (strcmp(o->input, "-") == 0)
		o->input = NULL;
	o->digest_is_given = optread_was_given(r, "manifest-checksums");
	return 0;
}

/* It is new, so that no default names it; and links will lead to where it is. */
static int
complete_restore(struct options *o, struct error *err)
{
	if (!o->pgdata) {
		error_set(err, ERROR_USAGE, 0, "no data directory is given");
		return error_hint(err, "Name a new one with -D.");
	}
	if (o->waldir && o->waldir[0] != '/')
		return error_set(err, ERROR_USAGE, 0,
		    "option \"--waldir\": \"%s\" is not an absolute path", o->waldir);
	if (o->jobs == 0)
		o->jobs = sys_processors();
	return recovery_check(&o->recovery, err);
}

static int
check_commands(const struct options *o, const struct optread *r, struct error *err)
{
	const struct opttable_row *stray = optread_stray(r, o->command);

	if (stray == NULL)
		return 0;
	error_set(err, ERROR_USAGE, 0, "option \"--%s\" is not for the command \"%s\"",
	    stray->name, opttable_commands[o->command].name);
	return error_hint(
	    err, "Try \"pg_basetar %s --help\".", opttable_commands[o->command].name);
}

/* Fill in what was not said, once all that was said is known. */
static int
complete(struct options *o, const struct optread *r, struct error *err)
{
	if (check_commands(o, r, err) || check_together(o, r, err))
		return -1;
	if (o->report && strcmp(o->report, "-") == 0) {
		error_set(err, ERROR_USAGE, 0, "the report cannot go to standard output");
		return error_hint(
		    err, "Name a file: it appears there when the run has ended.");
	}
	if (o->command == COMMAND_BACKUP)
		return complete_backup(o, r, err);
	if (o->command == COMMAND_RESTORE && complete_restore(o, err))
		return -1;
	return complete_reading(o, r, err);
}

/* "help", and the command that is asked about: as --help of that command. */
static int
parse_help(struct options *o, char *const *words, int count, struct error *err)
{
	size_t command = 0;

	if (count > 1)
		return error_set(
		    err, ERROR_USAGE, 0, "operand \"%s\" is one too many", words[1]);
	while (count == 1 && command < OPTTABLE_COMMANDS &&
	    strcmp(opttable_commands[command].name, words[0]) != 0)
		command++;
	if (command == OPTTABLE_COMMANDS)
		return error_set(err, ERROR_USAGE, 0, "unknown command \"%s\"", words[0]);
	o->command = (enum opttable_command)command;
	return OPTIONS_HELP;
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
		verdict = take_option(p->options, &t, err);
		if (verdict == -1)
			return error_wrap(err, "option \"--%s\"", t.row->name);
		if (verdict != OPTIONS_RUN)
			return verdict;
	}
	return complete(p->options, &p->read, err) ? -1 : OPTIONS_RUN;
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
	else
		verdict = parse(&p, err);
	if (verdict == -1) {
		hide_secrets(err);
		error_hint(err, "Try \"pg_basetar --help\".");
	}
	if (verdict == -1 || verdict == OPTIONS_VERSION)
		options_free(out);
	return verdict;
}

void
options_free(struct options *o)
{
	relocations_free(&o->relocations);
	oids_free(&o->without);
}
