/*
 * Scripts are written for pg_basebackup -Ft.  An option that has a meaning here is mapped; one
 * without which the backup is the same is passed over, with a note; and one whose absence would make
 * a copy that is not what the script relies on is refused, with the way to have it here.
 */
#include "cli/optbasebackup.h"

#include <string.h>

#include "cli/options.h"

/* The kinds of targets that pg_basebackup 15 to 19 know; extensions of a server may add others. */
static int
take_target(struct options *o, const char *value, struct error *err)
{
	static const char server[] = "server:";

	o->target = value;
	if (strcmp(value, "client") == 0 || strcmp(value, "blackhole") == 0)
		return 0;
	if (strncmp(value, server, strlen(server)) == 0 && value[strlen(server)] == '/')
		return 0;
	error_set(err, ERROR_USAGE, 0,
	    "\"%s\" is neither \"client\", \"blackhole\" nor \"server:\" with an absolute path",
	    value);
	return error_hint(
	    err, "Name the output with -o, or pipe the backup to a program.");
}

#define B (1U << COMMAND_BACKUP | 1U << COMMAND_CHECK)

/* clang-format off */
const struct optbasebackup_row optbasebackup[] = {
	{ .row = { .letter = 'i', .name = "incremental", .value = "OLDMANIFEST",
	    .commands = B, .kind = OPT_BASEBACKUP },
	    .error = "incremental backups are not made, each backup is a full one",
	    .hint = "Leave it out, and pg_combinebackup: each backup is restored alone." },
	{ .row = { .name = "manifest-force-encode",
	    .commands = B, .kind = OPT_BASEBACKUP },
	    .note = "option \"--manifest-force-encode\" is ignored: the manifest has names of files as they are, if they are UTF-8" },
	{ .row = { .letter = 'n', .name = "no-clean",
	    .commands = B, .kind = OPT_BASEBACKUP },
	    .note = "option \"--no-clean\" is ignored: a backup that failed leaves no files" },
	{ .row = { .letter = 'R', .name = "write-recovery-conf",
	    .commands = B, .kind = OPT_BASEBACKUP },
	    .error = "a backup holds no settings for a standby",
	    .hint = "Restore it with pg_basetar restore --standby --primary-conninfo=CONNSTR." },
	{ .row = { .letter = 's', .name = "status-interval", .value = "SECONDS",
	    .commands = B, .kind = OPT_BASEBACKUP },
	    .note = "option \"--status-interval\" is ignored: WAL is read from pg_wal, not streamed" },
	{ .row = { .letter = 't', .name = "target", .value = "TARGET",
	    .commands = B, .kind = OPT_BASEBACKUP },
	    .take = take_target },
};
/* clang-format on */

const size_t optbasebackup_rows = sizeof(optbasebackup) / sizeof(optbasebackup[0]);

int
optbasebackup_take(struct options *o, const struct optread_token *t, struct error *err)
{
	/* .row is the first member */
	const struct optbasebackup_row *r = (const struct optbasebackup_row *)t->row;

	if (r->error) {
		error_set(err, ERROR_USAGE, 0, "%s", r->error);
		return error_hint(err, "%s", r->hint);
	}
	if (r->note)
		optnote_add(&o->notes, r->note);
	return r->take ? r->take(o, t->value, err) : 0;
}

int
optbasebackup_complete_target(struct options *o, struct error *err)
{
	const char *target = o->target ? o->target : "client";

	if (strcmp(target, "client") == 0)
		return 0;
	if (o->output || o->split) {
		error_set(err, ERROR_USAGE, 0,
		    "options \"--target=%s\" and \"--%s\" exclude each other", target,
		    o->output ? "output" : "split");
		return error_hint(err, "Name the output with -o alone.");
	}
	if (strcmp(target, "blackhole") == 0) {
		o->output = "/dev/null";
		return 0;
	}
	o->split = true;
	o->output = strchr(target, ':') + 1;
	optnote_add(&o->notes,
	    "option \"--target=server\" is taken as \"--split --output\": the archives go to that directory of this host");
	return 0;
}
