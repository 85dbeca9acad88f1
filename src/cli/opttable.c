/*
 * The rows stand in the order in which the usage prints them, headings among them.  A row is known
 * by its number (optread.c).
 */
#include "cli/opttable.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/optbasebackup.h"
#include "cli/options.h"
#include "cli/suggest.h"

#define AT(field) offsetof(struct options, field)

/* Which commands take a row. */
#define ONLY_B (1U << COMMAND_BACKUP)
#define C (1U << COMMAND_CHECK)
#define B (ONLY_B | C) /* a check has the command line of the backup */
#define V (1U << COMMAND_VERIFY)
#define I (1U << COMMAND_INFO)
#define R (1U << COMMAND_RESTORE)
#define BR (B | R)
#define BVR (B | V | R)
#define ALL (B | V | I | R)

/* clang-format off */
const struct opttable_row opttable[] = {
	{ .commands = B, .kind = OPT_HEADING,
	    .help = "What is backed up" },
	{ .commands = R, .kind = OPT_HEADING,
	    .help = "Where the copy goes" },
	{ .letter = 'D', .name = "pgdata", .value = "DIR", .commands = BR,
	    .kind = OPT_FILE, .field = AT(pgdata),
	    .help = "data directory (default: $PGDATA)",
	    .restore_help = "new or empty data directory",
	    .often = BR },
	{ .letter = 'l', .name = "label", .value = "LABEL", .commands = B,
	    .rule = OPT_ONCE, .kind = OPT_LABEL, .field = AT(label),
	    .help = "label of the backup",
	    .often = B },
	{ .name = "dry-run", .commands = ONLY_B, .kind = OPT_FLAG, .field = AT(dry_run),
	    .help = "check all that it needs, but make no backup" },
	{ .name = "offline", .commands = B, .kind = OPT_OFFLINE,
	    .help = "back up a server that is shut down" },
	{ .name = "snapshot", .commands = B, .kind = OPT_SNAPSHOT,
	    .help = "back up a snapshot of a running server" },
	{ .letter = 'T', .name = "tablespace-mapping", .value = "OLD=NEW",
	    .commands = BR, .kind = OPT_RELOCATE,
	    .help = "read tablespace OLD from NEW",
	    .restore_help = "restore tablespace OLD to NEW",
	    .often = R },
	{ .name = "without-tablespace", .value = "OID", .commands = B,
	    .kind = OPT_WITHOUT,
	    .help = "leave this tablespace out" },
	{ .name = "waldir", .value = "DIR", .commands = BR, .kind = OPT_FILE,
	    .field = AT(waldir),
	    .help = "read pg_wal from DIR",
	    .restore_help = "put the WAL into DIR, with a link" },
	{ .name = "tablespaces-in", .value = "DIR|inside", .commands = R,
	    .kind = OPT_NAME, .field = AT(tablespaces_in),
	    .help = "restore each to DIR/OID, or inside -D" },
	{ .name = "original-tablespaces", .commands = R, .kind = OPT_FLAG,
	    .field = AT(original_tablespaces),
	    .help = "let root restore them to where they were" },
	{ .name = "owner", .value = "USER[:GROUP]", .commands = R, .kind = OPT_NAME,
	    .field = AT(owner),
	    .help = "give all files to this user (only root)" },
	{ .name = "config", .value = "install|keep", .commands = R, .kind = OPT_CONFIG,
	    .field = AT(config),
	    .help = "configuration of the copy (default: install)" },
	{ .commands = B, .kind = OPT_HEADING,
	    .help = "How it is backed up" },
	{ .letter = 'c', .name = "checkpoint", .value = "fast|spread", .commands = B,
	    .rule = OPT_ONCE, .kind = OPT_CHECKPOINT, .field = AT(checkpoint_fast),
	    .help = "checkpoint at the start (default: spread)",
	    .often = B },
	{ .letter = 'X', .name = "wal-method", .value = "fetch|none", .commands = B,
	    .rule = OPT_ONCE, .kind = OPT_WAL_METHOD, .field = AT(wal_method),
	    .help = "put the WAL into it or not (default: fetch)" },
	{ .name = "wait-archive", .value = "[SECONDS]", .commands = B,
	    .rule = OPT_ONCE, .kind = OPT_WAIT, .field = AT(wait_archive),
	    .help = "wait until the WAL is archived" },
	{ .name = "no-wait-archive", .commands = B, .rule = OPT_ONCE,
	    .kind = OPT_NO_WAIT, .field = AT(wait_archive),
	    .help = "do not wait, even with -X none" },
	{ .name = "no-slot", .commands = B, .kind = OPT_FLAG, .field = AT(no_slot),
	    .help = "do not hold back WAL with a slot" },
	{ .letter = 'C', .name = "create-slot", .commands = B, .kind = OPT_FLAG,
	    .field = AT(create_slot),
	    .help = "make a slot for a standby, which stays" },
	{ .letter = 'S', .name = "slot", .value = "NAME", .commands = B,
	    .kind = OPT_NAME, .field = AT(slot),
	    .help = "its name" },
	{ .commands = V, .kind = OPT_HEADING,
	    .help = "What is checked" },
	{ .commands = R, .kind = OPT_HEADING,
	    .help = "How it is written" },
	{ .name = "manifest-checksums", .value = "ALGO", .commands = BVR,
	    .kind = OPT_DIGEST, .field = AT(manifest_digest),
	    .help = "CRC32C (default), SHA224 to SHA512, NONE" },
	{ .name = "need-wal", .commands = V, .kind = OPT_FLAG, .field = AT(need_wal),
	    .help = "report a finding if it has no WAL" },
	{ .name = "no-manifest", .commands = B, .kind = OPT_FLAG,
	    .field = AT(no_manifest),
	    .help = "write no backup_manifest" },
	{ .name = "no-verify-checksums", .commands = B, .kind = OPT_FLAG,
	    .field = AT(no_verify_checksums),
	    .help = "do not check data pages" },

	{ .commands = B, .kind = OPT_HEADING,
	    .help = "What is written" },
	{ .letter = 'o', .name = "output", .value = "FILE", .commands = B,
	    .kind = OPT_FILE, .field = AT(output),
	    .help = "archive (default: -, standard output)",
	    .often = B },
	{ .name = "split", .commands = B, .kind = OPT_FLAG, .field = AT(split),
	    .help = "an archive per tablespace, in directory FILE" },
	{ .name = "keep", .value = "N", .commands = B, .kind = OPT_COUNT,
	    .field = AT(keep),
	    .help = "then keep the newest N, remove older ones" },
	{ .name = "keep-days", .value = "N", .commands = B, .kind = OPT_COUNT,
	    .field = AT(keep_days),
	    .help = "then keep those of N days, remove older ones" },
	{ .name = "keep-dry-run", .commands = B, .kind = OPT_FLAG,
	    .field = AT(keep_dry_run),
	    .help = "remove none, but print which" },
	{ .letter = 'Z', .name = "compress", .value = "METHOD", .commands = B,
	    .kind = OPT_COMPRESS,
	    /* after codec_print_methods() */
	    .help = "[:LEVEL] (else by suffix)",
	    .often = B },
	{ .letter = 'z', .name = "gzip", .commands = B, .kind = OPT_GZIP,
	    .help = "the same as -Z gzip" },
	{ .letter = 'F', .name = "format", .value = "tar", .commands = B,
	    .kind = OPT_FORMAT,
	    .help = "tar, the only format" },
	{ .commands = V, .kind = OPT_HEADING,
	    .help = "How it is read" },
	{ .letter = 'j', .name = "jobs", .value = "N", .commands = BVR,
	    .kind = OPT_JOBS,
	    .help = "number of threads (default: processors)" },
	{ .letter = 'r', .name = "max-rate", .value = "RATE", .commands = B,
	    .kind = OPT_RATE,
	    .help = "at most RATE kB/s, or with suffix k, M, G" },
	{ .letter = 'b', .name = "blocking-factor", .value = "N", .commands = B,
	    .kind = OPT_RECORD,
	    .help = "write records of N x 512 bytes, for tape" },
	{ .name = "force", .commands = BR, .kind = OPT_FLAG, .field = AT(force),
	    .help = "replace FILE if it exists",
	    .restore_help = "restore in spite of findings" },
	{ .letter = 'N', .name = "no-sync", .commands = BR, .kind = OPT_FLAG,
	    .field = AT(no_sync),
	    .help = "do not wait until it is on the disk" },
	{ .name = "sync-method", .value = "METHOD", .commands = BR,
	    .kind = OPT_SYNC_METHOD, .field = AT(sync_method),
	    .help = "fsync (default); syncfs is ignored",
	    .restore_help = "fsync or syncfs (default: by number of files)" },

	{ .commands = R, .kind = OPT_HEADING,
	    .help = "How the server recovers" },
	{ .name = "restore-command", .value = "COMMAND", .commands = R,
	    .kind = OPT_NAME, .field = AT(recovery.restore_command),
	    .help = "fetches WAL from the WAL archive",
	    .often = R },
	{ .name = "standby", .commands = R,
	    .kind = OPT_FLAG, .field = AT(recovery.is_standby),
	    .help = "make a standby",
	    .often = R },
	{ .name = "primary-conninfo", .value = "CONNSTR", .commands = R,
	    .kind = OPT_NAME, .field = AT(recovery.primary_conninfo),
	    .help = "how it connects to its primary" },
	{ .letter = 'R', .name = "write-recovery-conf", .commands = R,
	    .kind = OPT_FLAG, .field = AT(recovery.is_standby),
	    .help = "the same as --standby" },
	{ .name = "primary-slot", .value = "NAME", .commands = R,
	    .kind = OPT_NAME, .field = AT(recovery.primary_slot_name),
	    .help = "its replication slot on the primary" },
	{ .name = "target", .value = "immediate", .commands = R,
	    .kind = OPT_NAME, .field = AT(recovery.target),
	    .help = "recover to where the copy is consistent" },
	{ .name = "target-exclusive", .commands = R,
	    .kind = OPT_FLAG, .field = AT(recovery.is_exclusive),
	    .help = "end before the target, not after it" },
	{ .name = "target-time", .value = "TIME", .commands = R,
	    .kind = OPT_NAME, .field = AT(recovery.target_time),
	    .help = "recover to this time",
	    .often = R },
	{ .name = "target-lsn", .value = "LSN", .commands = R,
	    .kind = OPT_NAME, .field = AT(recovery.target_lsn),
	    .help = "recover to this WAL position" },
	{ .name = "target-xid", .value = "XID", .commands = R,
	    .kind = OPT_NAME, .field = AT(recovery.target_xid),
	    .help = "recover to this transaction" },
	{ .name = "target-name", .value = "NAME", .commands = R,
	    .kind = OPT_NAME, .field = AT(recovery.target_name),
	    .help = "recover to this restore point" },
	{ .name = "target-timeline", .value = "TLI", .commands = R,
	    .kind = OPT_NAME, .field = AT(recovery.target_timeline),
	    .help = "follow the history of this timeline" },
	{ .name = "target-action", .value = "ACTION", .commands = R,
	    .kind = OPT_NAME, .field = AT(recovery.target_action),
	    .help = "then pause (default), promote or shutdown" },
	{ .name = "archive-mode", .value = "keep|off", .commands = R,
	    .kind = OPT_ARCHIVE_MODE, .field = AT(archive_mode),
	    .help = "archive_mode of the copy (plain copy: off)" },

	{ .commands = ALL, .kind = OPT_HEADING,
	    .help = "What is printed" },
	{ .name = "brief", .commands = I, .kind = OPT_FLAG, .field = AT(brief),
	    .help = "read only the beginning, print no sizes" },
	{ .name = "list", .commands = I, .kind = OPT_FLAG, .field = AT(list),
	    .help = "list the backups in directory DIR" },
	{ .name = "json", .commands = I | C, .kind = OPT_FLAG, .field = AT(json),
	    .help = "print JSON, for programs" },
	{ .letter = 'P', .name = "progress", .commands = ALL, .rule = OPT_ONCE,
	    .kind = OPT_FLAG, .field = AT(progress),
	    .help = "show progress",
	    .often = BR },
	{ .name = "progress-fd", .value = "N", .commands = ALL, .kind = OPT_COUNT,
	    .field = AT(progress_fd),
	    .help = "write it to descriptor N, as JSON" },
	{ .name = "no-estimate-size", .commands = B, .kind = OPT_FLAG,
	    .field = AT(no_estimate_size),
	    .help = "do not measure the cluster for -P" },
	{ .letter = 'v', .name = "verbose", .commands = ALL, .kind = OPT_FLAG,
	    .field = AT(verbose),
	    .help = "print what is done as well" },
	{ .letter = 'q', .name = "quiet", .commands = ALL, .kind = OPT_FLAG,
	    .field = AT(quiet),
	    .help = "print only errors and findings" },
	{ .name = "report", .value = "FILE", .commands = ONLY_B | V | R, .kind = OPT_FILE,
	    .field = AT(report),
	    .help = "write a report of the run, as JSON" },
	{ .name = "metrics", .value = "FILE", .commands = ONLY_B | V | R, .kind = OPT_FILE,
	    .field = AT(metrics),
	    .help = "write metrics of it, for Prometheus" },
	{ .letter = 'V', .name = "version", .commands = ALL, .kind = OPT_VERSION,
	    .help = "print the version, then exit" },
	{ .letter = '?', .name = "help", .commands = ALL, .kind = OPT_HELP,
	    .help = "print this help, then exit" },

	{ .commands = B, .kind = OPT_HEADING,
	    .help = "Connection to the server" },
	{ .letter = 'd', .name = "dbname", .value = "CONNSTR", .commands = B,
	    .kind = OPT_TEXT, .field = AT(dbname),
	    .help = "database or connection string" },
	{ .letter = 'h', .name = "host", .value = "HOST", .commands = B,
	    .kind = OPT_TEXT, .field = AT(host),
	    .help = "server host or socket directory" },
	{ .letter = 'p', .name = "port", .value = "PORT", .commands = B,
	    .kind = OPT_PORT, .field = AT(port),
	    .help = "server port" },
	{ .letter = 'U', .name = "username", .value = "NAME", .commands = B,
	    .kind = OPT_TEXT, .field = AT(user),
	    .help = "role to connect as" },
	{ .letter = 'w', .name = "no-password", .commands = B, .kind = OPT_NO_PROMPT,
	    .help = "never ask for a password" },
	{ .letter = 'W', .name = "password", .commands = B, .kind = OPT_PROMPT,
	    .help = "ask for a password before connecting" },

};
/* clang-format on */

const size_t opttable_rows = sizeof(opttable) / sizeof(opttable[0]);
_Static_assert(sizeof(opttable) / sizeof(opttable[0]) <= OPTTABLE_MOST, "room for all");

static bool
is_of(const struct opttable_row *row, enum opttable_command command)
{
	return (row->commands & 1U << command) != 0;
}

/* Ours, and after them those that pg_basebackup has and we have not; NULL: there are no more. */
static const struct opttable_row *
row_at(size_t i)
{
	if (i < opttable_rows)
		return &opttable[i];
	i -= opttable_rows;
	return i < optbasebackup_rows ? &optbasebackup[i].row : NULL;
}

const struct opttable_row *
opttable_letter(enum opttable_command command, char letter)
{
	const struct opttable_row *others = NULL, *r;

	for (size_t i = 0; letter != '\0' && (r = row_at(i)) != NULL; i++) {
		if (r->letter != letter)
			continue;
		if (is_of(r, command))
			return r;
		if (r->kind != OPT_BASEBACKUP)
			others = r;
	}
	return others;
}

/* The row of that very name, of ${command} if it has one. */
static const struct opttable_row *
find_whole(enum opttable_command command, const char *name, size_t len)
{
	const struct opttable_row *others = NULL, *r;

	for (size_t i = 0; (r = row_at(i)) != NULL; i++) {
		if (!r->name || strlen(r->name) != len ||
		    strncmp(r->name, name, len) != 0)
			continue;
		if (is_of(r, command))
			return r;
		if (r->kind != OPT_BASEBACKUP)
			others = r;
	}
	return others;
}

/* The row of ${command} whose name begins so; *is_only: no other one's does. */
static const struct opttable_row *
find_cut(enum opttable_command command, const char *name, size_t len, bool *is_only)
{
	const struct opttable_row *found = NULL, *r;

	*is_only = true;
	for (size_t i = 0; len > 0 && (r = row_at(i)) != NULL; i++) {
		if (!r->name || !is_of(r, command) || strncmp(r->name, name, len) != 0)
			continue;
		*is_only = found == NULL;
		found = r;
	}
	return found;
}

/* With the names of ${command} that are nearest to it. */
static int
unknown_name(
    enum opttable_command command, const char *name, size_t len, struct error *err)
{
	const struct opttable_row *r;
	struct suggest near;

	suggest_start(&near, name, len);
	for (size_t i = 0; (r = row_at(i)) != NULL; i++)
		if (r->name && is_of(r, command))
			suggest_offer(&near, r->name);
	error_set(err, ERROR_USAGE, 0, "unknown option \"--%.*s\"", (int)len, name);
	return suggest_hint(&near, "--", err);
}

/* With all names of ${command} that begin so. */
static int
ambiguous_name(
    enum opttable_command command, const char *name, size_t len, struct error *err)
{
	const struct opttable_row *r;
	char names[sizeof(err->hint)] = "";
	size_t used = 0;

	for (size_t i = 0; (r = row_at(i)) != NULL && used < sizeof(names); i++)
		if (r->name && is_of(r, command) && strncmp(r->name, name, len) == 0)
			used += (size_t)snprintf(names + used, sizeof(names) - used,
			    "%s--%s", used > 0 ? ", " : "", r->name);
	error_set(err, ERROR_USAGE, 0, "option \"--%.*s\" is ambiguous", (int)len, name);
	return error_hint(err, "It may be one of %s.", names);
}

int
opttable_name(enum opttable_command command, const char *name, size_t len,
    const struct opttable_row **row, struct error *err)
{
	const struct opttable_row *found = find_whole(command, name, len);
	bool is_only = true;

	if (found == NULL)
		found = find_cut(command, name, len, &is_only);
	if (found == NULL)
		return unknown_name(command, name, len, err);
	if (!is_only)
		return ambiguous_name(command, name, len, err);
	*row = found;
	return 0;
}

const struct opttable_commands opttable_commands[OPTTABLE_COMMANDS] = {
	[COMMAND_BACKUP] = { "backup", "[backup] [OPTION]...",
	    "make a backup of a cluster; the default",
	    "pg_basetar writes a physical base backup of a PostgreSQL cluster, on the\n"
	    "cluster's own host, as one tar archive or one per tablespace.\n",
	    "pg_basetar -D \"$PGDATA\" -l nightly -o base.tar.gz" },
	[COMMAND_CHECK] = { "check", "check [OPTION]...",
	    "check all that a backup needs, without making one",
	    "pg_basetar check does what a backup does before it begins, with the same\n"
	    "options, and prints a line for each thing that it needs.  It leaves nothing.\n",
	    "pg_basetar check -D \"$PGDATA\" -o /backup/base.tar.gz" },
	[COMMAND_VERIFY] = { "verify", "verify [OPTION]... FILE|DIR|-",
	    "say whether a backup will restore",
	    "pg_basetar verify says whether a backup will restore, without unpacking it.\n",
	    "ssh host cat base.tar.gz | pg_basetar verify -" },
	[COMMAND_INFO] = { "info", "info [OPTION]... FILE|DIR|-",
	    "print what a backup is: its label, positions and sizes",
	    "pg_basetar info prints what a backup is: its label, positions and sizes.\n",
	    "pg_basetar info base.tar.gz" },
	[COMMAND_RESTORE] = { "restore", "restore [OPTION]... FILE|DIR|- -D DIR",
	    "unpack a backup into a new data directory, and check it",
	    "pg_basetar restore unpacks a backup into a new data directory, and checks it\n"
	    "on the way.\n",
	    "ssh host pg_basetar -D /pg/data | pg_basetar restore - -D /pg/new" },
};
