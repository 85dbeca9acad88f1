#include "option/options.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "option/opttable.h"
#include "pg/label.h"
#include "util/sys.h"

/*
 * The rules are those of getopt_long(): letters may stand together, a long name may be
 * cut where it stays unique, options and operands mix, "--" ends the options.  It is not
 * used because it cannot tell "-?" from an unknown option, and leaves messages to guess
 * from its global state which option they are about.
 */

/* What says how a server is reached, and what it shall do or keep: none is asked. */
#define OF_SERVER                                                                          \
	"checkpoint", "wait-archive", "no-wait-archive", "no-slot", "dbname", "host",      \
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

/* Options that mean something with another only. */
static const struct {
	const char *one, *needs, *hint;
} needing[] = {
	{ "tablespace-mapping", "snapshot",
	    "All else is read from where the links in pg_tblspc lead." },
	{ "waldir", "snapshot", "All else is read from where pg_wal leads." },
};

/* Other commands of the program's design. */
static const char *const later_commands[] = { "verify", "restore", "info" };

/* Where the reading of the command line stands. */
struct reading {
	char *const *args;   /* the next argument first; ends with a NULL */
	const char *letters; /* what is left of a word of letters; NULL or "": nothing */
	bool only_operands;  /* "--" was read */
	bool has_command;
	uint64_t given; /* a bit for each row that was */
};

/* What was read: an option and its value, or an operand. */
struct token {
	const struct opttable_row *row; /* NULL: an operand */
	const char *value;		/* never NULL; the operand itself */
	bool has_value;
};

static uint64_t
row_bit(const struct opttable_row *row)
{
	return (uint64_t)1 << (row - opttable);
}

static bool
was_given(const struct reading *r, const char *name)
{
	for (size_t i = 0; i < opttable_rows; i++)
		if (opttable[i].name && strcmp(opttable[i].name, name) == 0)
			return (r->given & row_bit(&opttable[i])) != 0;
	return false;
}

/* Refuse what cannot be, before its value is looked for. */
static int
check_row(const struct reading *r, const struct opttable_row *row, struct error *err)
{
	if (row->rule == OPT_LATER) {
		error_set(err, ERROR_USAGE, 0,
		    "option \"--%s\" is not available in this version", row->name);
		return row->help ? error_hint(err, "%s", row->help) : -1;
	}
	for (size_t i = 0; row->rule == OPT_ONCE && i < opttable_rows; i++)
		if (opttable[i].rule == OPT_ONCE && opttable[i].field == row->field &&
		    (r->given & row_bit(&opttable[i])) != 0)
			return error_set(
			    err, ERROR_USAGE, 0, "duplicate option \"--%s\"", row->name);
	return 0;
}

/* The value of an option that must have one, when it is not in the same word. */
static int
next_value(struct reading *r, struct token *t, struct error *err)
{
	if (!*r->args)
		return error_set(
		    err, ERROR_USAGE, 0, "option \"--%s\" needs a value", t->row->name);
	t->value = *r->args++;
	t->has_value = true;
	return 0;
}

static int
read_letter(struct reading *r, struct token *t, struct error *err)
{
	char letter = *r->letters++;

	t->row = opttable_letter(letter);
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
read_name(struct reading *r, const char *word, struct token *t, struct error *err)
{
	size_t len = strcspn(word, "=");

	if (opttable_name(word, len, &t->row, err) || check_row(r, t->row, err))
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

/* Read one token; there is one. */
static int
read_token(struct reading *r, struct token *t, struct error *err)
{
	const char *word;

	*t = (struct token){ .value = "" };
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

static bool
has_token(struct reading *r)
{
	if (r->letters && *r->letters != '\0')
		return true;
	if (*r->args && !r->only_operands && strcmp(*r->args, "--") == 0) {
		r->only_operands = true;
		r->args++;
	}
	return *r->args != NULL;
}

/* The first operand is the command; "backup" is also what none means. */
static int
take_operand(struct reading *r, const char *word, struct error *err)
{
	size_t later = sizeof(later_commands) / sizeof(later_commands[0]);

	if (r->has_command)
		return error_set(
		    err, ERROR_USAGE, 0, "operand \"%s\" is one too many", word);
	r->has_command = true;
	if (strcmp(word, "backup") == 0)
		return 0;
	for (size_t i = 0; i < later; i++)
		if (strcmp(word, later_commands[i]) == 0)
			return error_set(err, ERROR_USAGE, 0,
			    "command \"%s\" is not available in this version", word);
	error_set(err, ERROR_USAGE, 0, "unknown command \"%s\"", word);
	return error_hint(err, "Name the data directory with -D and the output with -o.");
}

/* A value that is kept as it stands, once it is known to be good. */
static int
take_text(struct options *o, const struct token *t, struct error *err)
{
	unsigned port;

	if (t->row->kind == OPT_NAME && *t->value == '\0')
		return error_set(err, ERROR_USAGE, 0, "the value is empty");
	if (t->row->kind == OPT_LABEL && label_check_text(t->value, err))
		return -1;
	if (t->row->kind == OPT_PORT && optvalue_number(t->value, 1, 65535, &port, err))
		return -1;
	memcpy((char *)o + t->row->field, &t->value, sizeof(t->value));
	return 0;
}

/* One that says all by being there. */
static void
take_flag(struct options *o, const struct token *t)
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
take_wait(struct options *o, const struct token *t, struct error *err)
{
	o->wait_archive = t->row->kind == OPT_WAIT;
	if (!t->has_value)
		return 0;
	/* the limit is that of poll(): milliseconds in an int */
	return optvalue_number(t->value, 1, 2147483, &o->wait_archive_limit, err);
}

static int
take_number(struct options *o, const struct token *t, struct error *err)
{
	if (t->row->kind == OPT_RATE)
		return optvalue_rate(t->value, &o->max_rate, err);
	if (t->row->kind == OPT_RECORD) /* a tape drive has 24 bits for the length of a block */
		return optvalue_number(t->value, 1, 32767, &o->blocking_factor, err);
	/* the limit is there to catch a slip */
	return optvalue_number(t->value, 1, 1024, &o->jobs, err);
}

/* One of a few words. */
static int
take_choice(struct options *o, const struct token *t, struct error *err)
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
	case OPT_DIGEST:
		return optvalue_digest(t->value, &o->manifest_digest, err);
	default:
		return optvalue_format(t->value, err);
	}
}

/* Carry out one option.  Returns what options_parse() shall, OPTIONS_RUN to go on. */
static int
take_option(struct options *o, const struct token *t, struct error *err)
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
	case OPT_CHECKPOINT:
	case OPT_WAL_METHOD:
	case OPT_DIGEST:
		return take_choice(o, t, err);
	case OPT_RELOCATE:
		return relocations_add(&o->relocations, t->value, err);
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
	error_set(err, ERROR_USAGE, 0, "options \"--%s\" and \"--%s\" exclude each other", one,
	    other);
	return why ? error_hint(err, "%s", why) : -1;
}

/* Can what was given be meant all at once? */
static int
check_together(const struct options *o, const struct reading *r, struct error *err)
{
	for (size_t i = 0; i < sizeof(excluding) / sizeof(excluding[0]); i++)
		for (const char *const *other = excluding[i].others; *other; other++)
			if (was_given(r, excluding[i].one) && was_given(r, *other))
				return excluded(excluding[i].one, *other, excluding[i].why,
				    err);
	for (size_t i = 0; i < sizeof(needing) / sizeof(needing[0]); i++) {
		if (!was_given(r, needing[i].one) || was_given(r, needing[i].needs))
			continue;
		error_set(err, ERROR_USAGE, 0, "option \"--%s\" is for \"--%s\" only",
		    needing[i].one, needing[i].needs);
		return error_hint(err, "%s", needing[i].hint);
	}
	if (o->source == SOURCE_SERVER || o->wal_method != WAL_NONE)
		return 0;
	return excluded(o->source == SOURCE_STOPPED ? "offline" : "snapshot", "wal-method=none",
	    "No server starts from such a copy without its WAL.", err);
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
		return error_hint(err, "Name a new or an empty one with -o; standard output takes "
				       "one archive.");
	}
	if (o->output && !o->split)
		name = o->output;
	return o->compression.codec ? 0 : optvalue_suffix(name, &o->compression, err);
}

/* Fill in what was not said, once all that was said is known. */
static int
complete(struct options *o, const struct reading *r, struct error *err)
{
	if (check_together(o, r, err))
		return -1;
	if (!o->pgdata)
		o->pgdata = getenv("PGDATA");
	if (!o->pgdata || *o->pgdata == '\0') {
		error_set(err, ERROR_USAGE, 0, "no data directory is given");
		return error_hint(err, "Name it with -D, or set PGDATA.");
	}
	if (o->report && strcmp(o->report, "-") == 0) {
		error_set(err, ERROR_USAGE, 0, "the report cannot go to standard output");
		return error_hint(err, "Name a file: it appears there when the run has ended.");
	}
	if (complete_output(o, err))
		return -1;
	if (!was_given(r, "wait-archive") && !was_given(r, "no-wait-archive"))
		o->wait_archive = o->wal_method == WAL_NONE;
	if (o->jobs == 0)
		o->jobs = sys_processors();
	return 0;
}

static int
parse(struct reading *r, struct options *o, struct error *err)
{
	struct token t;
	int verdict;

	while (has_token(r)) {
		if (read_token(r, &t, err))
			return -1;
		if (!t.row) {
			if (take_operand(r, t.value, err))
				return -1;
			continue;
		}
		r->given |= row_bit(t.row);
		verdict = take_option(o, &t, err);
		if (verdict == -1)
			return error_wrap(err, "option \"--%s\"", t.row->name);
		if (verdict != OPTIONS_RUN)
			return verdict;
	}
	return complete(o, r, err) ? -1 : OPTIONS_RUN;
}

int
options_parse(int argc, char *const *argv, struct options *out, struct error *err)
{
	struct reading r = { .args = argv + (argc > 0) };
	int verdict;

	*out = (struct options){
		.label = "pg_basetar base backup",
		.manifest_digest = DIGEST_CRC32C,
	};
	verdict = parse(&r, out, err);
	if (verdict == -1)
		error_hint(err, "Try \"pg_basetar --help\".");
	if (verdict != OPTIONS_RUN)
		options_free(out);
	return verdict;
}

void
options_free(struct options *o)
{
	relocations_free(&o->relocations);
}
