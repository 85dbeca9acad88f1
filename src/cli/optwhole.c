/*
 * Which options exclude each other, which belong to another command, and which defaults follow from
 * the rest can be said only when all of the command line was read.  So the order of options does
 * not matter.
 */
#include "cli/optwhole.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/optbasebackup.h"
#include "cli/outname.h"
#include "lib/sys.h"

/* What says how a server is reached, and what it shall do or keep: none is asked. */
#define OF_SERVER \
	"checkpoint", "wait-archive", "no-wait-archive", "no-slot", "create-slot", \
	    "dbname", "host", "port", "username", "no-password", "password"

/* Options of which only one can be meant; and why, where that must be said. */
static const struct {
	const char *one;
	const char *others[14]; /* ends with a NULL */
	const char *why;
} excluding[] = {
	{ "quiet", { "verbose", "keep-dry-run" }, NULL },
	{ "no-manifest", { "manifest-checksums" }, NULL },
	{ "split", { "force" },
	    "With --split the directory must be new or empty, so that nothing is replaced." },
	{ "split", { "blocking-factor" },
	    "Records of a fixed size are for a tape or a pipe, which takes one archive." },
	{ "dry-run", { "report" }, "A check prints its results, and writes no report." },
	{ "dry-run", { "metrics" }, "A check makes no backup that metrics could be of." },
	{ "no-sync", { "keep", "keep-days" },
	    "Older backups are removed only when the new one is on the disk." },
	{ "without-tablespace", { "keep", "keep-days" },
	    "Older backups may have what the new one leaves out." },
	{ "no-slot", { "create-slot" }, NULL },
	{ "tablespaces-in", { "original-tablespaces" }, NULL },
	{ "list", { "brief" }, NULL },
	{ "offline", { "snapshot", OF_SERVER }, NULL },
	{ "snapshot", { OF_SERVER }, NULL },
};

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

/* Of a command line for pg_basebackup: what is not done as it says. */
static void
note_ignored(struct options *o)
{
	static const struct {
		enum compression_ignored what;
		const char *note;
	} rows[] = {
		{ COMPRESSION_SERVER,
		    "\"server-\" is ignored: pg_basetar compresses, the server takes no part" },
		{ COMPRESSION_WORKERS,
		    "\"workers\" is ignored: --jobs sets the number of threads" },
		{ COMPRESSION_LONG,
		    "\"long\" is ignored: each block of 1 MiB is compressed without reference to others" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (o->compression.ignored & rows[i].what)
			optnote_add(&o->notes, rows[i].note);
	if (o->sync_method == SYNC_METHOD_SYNCFS)
		optnote_add(&o->notes,
		    "option \"--sync-method=syncfs\" is ignored: the few files of a backup are synced one by one");
}

static int
keep_refuses(const struct options *o, struct error *err)
{
	return error_hint(err,
	    "Name the output as in -o '%s': among the files that such a name may be, and no others, older backups are looked for.",
	    o->split ? "/backup/%F" : "/backup/%F.tar.zst");
}

/* Which older ones may go: those that the last name can be of. */
static int
complete_keep(struct options *o, struct error *err)
{
	const char *option = o->keep > 0 ? "keep" : o->keep_days > 0 ? "keep-days" : NULL;
	const char *output = o->output ? o->output : "";
	size_t at = strlen(output);

	if (option == NULL && o->keep_dry_run) {
		error_set(err, ERROR_USAGE, 0,
		    "option \"--keep-dry-run\" needs \"--keep\" or \"--keep-days\"");
		return error_hint(err, "Say how many backups are to be kept.");
	}
	if (option == NULL)
		return 0;
	while (at > 0 && output[at - 1] == '/')
		at--;
	while (at > 0 && output[at - 1] != '/')
		at--;
	o->output_name = output + at;
	if (outname_has_year(o->output_name) && memchr(output, '%', at) == NULL)
		return 0;
	error_set(err, ERROR_USAGE, 0,
	    "option \"--%s\" needs an output with a year in its name, and no conversion in its directory",
	    option);
	return keep_refuses(o, err);
}

/* The name that a pattern makes of this moment. */
static int
expand_output(struct options *o, struct error *err)
{
	struct buf name = { 0 };

	if (!o->output || !outname_is_pattern(o->output))
		return 0;
	if (outname_expand(&name, o->output, time(NULL), err)) {
		buf_free(&name);
		return error_wrap(err, "option \"--output\": \"%s\"", o->output);
	}
	o->output = o->output_made = (char *)name.data;
	return 0;
}

/* The output's kind, and what its name says of the compression. */
static int
complete_output(struct options *o, struct error *err)
{
	const char *name = "";

	if (optbasebackup_complete_target(o, err))
		return -1;
	if (o->output && strcmp(o->output, "-") == 0)
		o->output = NULL;
	if (complete_keep(o, err) || expand_output(o, err))
		return -1;
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

/* A script's -S without -C names a slot of its standby, which stays as it is. */
static int
complete_slot(struct options *o, struct error *err)
{
	const char *letters = "abcdefghijklmnopqrstuvwxyz0123456789_";

	if (o->create_slot && o->slot == NULL) {
		error_set(err, ERROR_USAGE, 0,
		    "option \"--create-slot\" needs the name of a replication slot");
		return error_hint(err, "Name it with --slot.");
	}
	if (o->create_slot &&
	    (strlen(o->slot) > 63 || strspn(o->slot, letters) != strlen(o->slot))) {
		error_set(err, ERROR_USAGE, 0,
		    "option \"--slot\": \"%s\" is not a valid name of a replication slot",
		    o->slot);
		return error_hint(err,
		    "Such names have lower-case letters, digits and underscores, and at most 63 of them.");
	}
	if (o->slot && !o->create_slot)
		optnote_add(&o->notes,
		    "option \"--slot\" is ignored: a temporary slot holds the WAL of the backup, and the named one stays as it is");
	return 0;
}

/* A backup: the cluster, the output, and how. */
static int
complete_backup(struct options *o, const struct optread *r, struct error *err)
{
	if (!o->pgdata)
		o->pgdata = getenv("PGDATA");
	if (!o->pgdata || *o->pgdata == '\0') {
		error_set(err, ERROR_USAGE, 0, "no data directory specified");
		return error_hint(err, "Name it with -D, or set PGDATA.");
	}
	if (complete_output(o, err) || complete_slot(o, err))
		return -1;
	note_ignored(o);
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
		error_set(err, ERROR_USAGE, 0, "no archive specified");
		return error_hint(err,
		    "Name a file, a directory of --split or pg_basebackup -Ft, or - for standard input.");
	}
	if (strcmp(o->input, "-") == 0)
		o->input = NULL;
	o->digest_is_given = optread_was_given(r, "manifest-checksums");
	if (o->jobs == 0)
		o->jobs = sys_processors();
	return 0;
}

/* A moment as people say it becomes one that the server knows. */
static int
complete_time(struct options *o, struct error *err)
{
	const char *text = o->recovery.target_time;

	if (text == NULL)
		return 0;
	switch (timewords_resolve(text, time(NULL), o->target_time)) {
	case TIMEWORDS_KEPT:
		return 0;
	case TIMEWORDS_RESOLVED:
		if (strcmp(text, o->target_time) != 0)
			o->target_said = text;
		o->recovery.target_time = o->target_time;
		return 0;
	case TIMEWORDS_FUTURE:
		error_set(err, ERROR_USAGE, 0,
		    "\"%s\" is not a valid recovery_target_time: it is still to come",
		    text);
		return error_hint(
		    err, "A time without a date is one of today: name the day as well.");
	default:
		error_set(err, ERROR_USAGE, 0,
		    "\"%s\" is not a valid recovery_target_time", text);
		return error_hint(err,
		    "It is like '2026-11-30 14:14', '14:14', 'yesterday 14:14' or '10 minutes ago', perhaps with a time zone.");
	}
}

/* A relative path could be taken for one that is below the data directory. */
static int
check_tablespaces_in(const char *directory, struct error *err)
{
	if (directory == NULL || directory[0] == '/' || strcmp(directory, "inside") == 0)
		return 0;
	error_set(err, ERROR_USAGE, 0,
	    "option \"--tablespaces-in\": \"%s\" is neither an absolute path nor \"inside\"",
	    directory);
	return error_hint(err,
	    "Each tablespace goes to a directory below it, which is called by its OID; with \"inside\" all stay in the data directory.");
}

/* It is new, so that no default names it; and links will lead to where it is. */
static int
complete_restore(struct options *o, struct error *err)
{
	if (!o->pgdata) {
		error_set(err, ERROR_USAGE, 0, "no data directory specified");
		return error_hint(err, "Name a new one with -D.");
	}
	if (o->waldir && o->waldir[0] != '/')
		return error_set(err, ERROR_USAGE, 0,
		    "option \"--waldir\": \"%s\" is not an absolute path", o->waldir);
	if (check_tablespaces_in(o->tablespaces_in, err))
		return -1;
	return complete_time(o, err) || recovery_check(&o->recovery, err) ? -1 : 0;
}

static int
check_commands(const struct options *o, const struct optread *r, struct error *err)
{
	const struct opttable_row *stray = optread_stray(r);

	if (stray == NULL)
		return 0;
	error_set(err, ERROR_USAGE, 0, "option \"--%s\" is not for the command \"%s\"",
	    stray->name, opttable_commands[o->command].name);
	return error_hint(
	    err, "Try \"pg_basetar %s --help\".", opttable_commands[o->command].name);
}

/* Standard output and error have their uses, and a descriptor that is closed would become a file's. */
static int
check_progress_fd(const struct options *o, struct error *err)
{
	const int fd = (int)o->progress_fd;

	if (fd == 0)
		return 0;
	if (fd <= STDERR_FILENO)
		error_set(err, ERROR_USAGE, 0,
		    "option \"--progress-fd\": %d is standard output or standard error",
		    fd);
	else if (fcntl(fd, F_GETFL) == -1 || (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY)
		error_set(err, ERROR_USAGE, 0,
		    "option \"--progress-fd\": descriptor %d is not open for writing",
		    fd);
	else
		return 0;
	return error_hint(
	    err, "Open one from 3 on for it, as in: --progress-fd=3 3>FILE");
}

/* Fill in what was not said, once all that was said is known. */
int
optwhole_complete(struct options *o, const struct optread *r, struct error *err)
{
	if (check_commands(o, r, err) || check_together(o, r, err))
		return -1;
	if (o->report && strcmp(o->report, "-") == 0) {
		error_set(err, ERROR_USAGE, 0, "the report cannot go to standard output");
		return error_hint(
		    err, "Name a file: it appears there when the run has ended.");
	}
	if (o->metrics && strcmp(o->metrics, "-") == 0) {
		error_set(err, ERROR_USAGE, 0, "metrics cannot go to standard output");
		return error_hint(
		    err, "Name a file in the directory of the textfile collector.");
	}
	if (check_progress_fd(o, err))
		return -1;
	o->dry_run = o->dry_run || o->command == COMMAND_CHECK;
	if (o->command == COMMAND_BACKUP || o->command == COMMAND_CHECK)
		return complete_backup(o, r, err);
	if (o->command == COMMAND_RESTORE && complete_restore(o, err))
		return -1;
	return complete_reading(o, r, err);
}
