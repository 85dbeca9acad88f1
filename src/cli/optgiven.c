/*
 * An option is checked and stored by a function that is chosen by the kind of its row; the table of
 * them is at the end.  A new option of a kind that exists needs its row in opttable.c and no code.
 */
#include "cli/optgiven.h"

#include <string.h>

#include "cli/optbasebackup.h"
#include "lib/secret.h"
#include "pg/label.h"

/* -p is the password in other programs, so that a value that is no port is not repeated. */
static int
check_port(const char *value, struct error *err)
{
	unsigned port;

	if (optvalue_number(value, 1, 65535, &port, err) == 0)
		return 0;
	error_set(err, ERROR_USAGE, 0, "the value is not a port from 1 to 65535");
	return error_hint(err,
	    "No option takes a password.  It is read from the file ~/.pgpass, or asked for.");
}

/* -d and -D are easily confused. */
static int
check_file(const char *value, struct error *err)
{
	if (*value == '\0')
		return error_set(err, ERROR_USAGE, 0, "the value is empty");
	if (!secret_is_connection(value))
		return 0;
	error_set(
	    err, ERROR_USAGE, 0, "a connection string cannot name a file or a directory");
	return error_hint(err, "Give it with the option -d.");
}

/* A value that is kept as it stands, once it is known to be good. */
static int
optgiven_take_text(struct options *o, const struct optread_token *t, struct error *err)
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
static int
take_flag(struct options *o, const struct optread_token *t, struct error *err)
{
	static const bool yes = true;

	(void)err;
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
	return OPTIONS_RUN;
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

/* Backups, or days: those of a hundred years. */
static int
take_count(struct options *o, const struct optread_token *t, struct error *err)
{
	unsigned count;

	if (optvalue_number(t->value, 1, 36525, &count, err))
		return -1;
	memcpy((char *)o + t->row->field, &count, sizeof(count));
	return 0;
}

static int
optgiven_take_number(struct options *o, const struct optread_token *t, struct error *err)
{
	if (t->row->kind == OPT_RATE)
		return optvalue_rate(t->value, &o->max_rate, err);
	if (t->row->kind ==
	    OPT_RECORD) /* a tape drive has 24 bits for the length of a block */
		return optvalue_number(t->value, 1, 32767, &o->blocking_factor, err);
	if (t->row->kind == OPT_COUNT)
		return take_count(o, t, err);
	/* the limit is there to catch a slip */
	return optvalue_number(t->value, 1, 1024, &o->jobs, err);
}

/* pg_basebackup's default is "stream": scripts name it. */
static int
take_wal_method(struct options *o, const char *value, struct error *err)
{
	if (strcmp(value, "stream") != 0 && strcmp(value, "s") != 0)
		return optvalue_wal_method(value, &o->wal_method, err);
	o->wal_method = WAL_FETCH;
	optnote_add(&o->notes,
	    "option \"--wal-method=stream\" is taken as \"fetch\": a replication slot holds the WAL until it is read");
	return 0;
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
		return take_wal_method(o, t->value, err);
	case OPT_ARCHIVE_MODE:
		return optvalue_archive_mode(t->value, &o->archive_mode, err);
	case OPT_CONFIG:
		return optvalue_config(t->value, &o->config, err);
	case OPT_SYNC_METHOD:
		return optvalue_sync_method(t->value, &o->sync_method, err);
	case OPT_DIGEST:
		return optvalue_digest(t->value, &o->manifest_digest, err);
	default:
		return optvalue_format(t->value, err);
	}
}

/* Of tablespaces: where one goes, and which are left out. */
static int
take_tablespace(struct options *o, const struct optread_token *t, struct error *err)
{
	return t->row->kind == OPT_RELOCATE ?
	    relocations_add(&o->relocations, t->value, err) :
	    oids_add(&o->without, t->value, err);
}

/* What ends the reading: nothing else is asked for. */
static int
take_question(struct options *o, const struct optread_token *t, struct error *err)
{
	(void)o;
	(void)err;
	return t->row->kind == OPT_HELP ? OPTIONS_HELP : OPTIONS_VERSION;
}

/* By the kind of its row.  0 is OPTIONS_RUN; a heading is no option, and is never read. */
static int (*const takers[])(
    struct options *, const struct optread_token *, struct error *) = {
	[OPT_FLAG] = take_flag,
	[OPT_OFFLINE] = take_flag,
	[OPT_SNAPSHOT] = take_flag,
	[OPT_NO_PROMPT] = take_flag,
	[OPT_PROMPT] = take_flag,
	[OPT_TEXT] = optgiven_take_text,
	[OPT_NAME] = optgiven_take_text,
	[OPT_FILE] = optgiven_take_text,
	[OPT_LABEL] = optgiven_take_text,
	[OPT_PORT] = optgiven_take_text,
	[OPT_WAIT] = take_wait,
	[OPT_NO_WAIT] = take_wait,
	[OPT_JOBS] = optgiven_take_number,
	[OPT_COUNT] = optgiven_take_number,
	[OPT_RECORD] = optgiven_take_number,
	[OPT_RATE] = optgiven_take_number,
	[OPT_COMPRESS] = take_choice,
	[OPT_GZIP] = take_choice,
	[OPT_FORMAT] = take_choice,
	[OPT_ARCHIVE_MODE] = take_choice,
	[OPT_CONFIG] = take_choice,
	[OPT_SYNC_METHOD] = take_choice,
	[OPT_CHECKPOINT] = take_choice,
	[OPT_WAL_METHOD] = take_choice,
	[OPT_DIGEST] = take_choice,
	[OPT_RELOCATE] = take_tablespace,
	[OPT_WITHOUT] = take_tablespace,
	[OPT_BASEBACKUP] = optbasebackup_take,
	[OPT_HELP] = take_question,
	[OPT_VERSION] = take_question,
};

int
optgiven_take(struct options *o, const struct optread_token *t, struct error *err)
{
	return takers[t->row->kind](o, t, err);
}
