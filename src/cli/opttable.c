#include "cli/opttable.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/options.h"

#define AT(field) offsetof(struct options, field)

/* Which commands take a row. */
#define B (1U << COMMAND_BACKUP)
#define V (1U << COMMAND_VERIFY)
#define I (1U << COMMAND_INFO)
#define R (1U << COMMAND_RESTORE)
#define BR (B | R)
#define BVR (B | V | R)
#define ALL (B | V | I | R)

/* clang-format off */
const struct opttable_row opttable[] = {
	{ 0, NULL, NULL, B, OPT_LAST, OPT_HEADING, 0, "What is backed up, and how" },
	{ 0, NULL, NULL, R, OPT_LAST, OPT_HEADING, 0, "Where it goes, and how" },
	{ 'D', "pgdata", "DIR", BR, OPT_LAST, OPT_FILE, AT(pgdata),
	    "data directory (of a backup: $PGDATA)" },
	{ 'l', "label", "LABEL", B, OPT_ONCE, OPT_LABEL, AT(label),
	    "label of the backup" },
	{ 0, "offline", NULL, B, OPT_LAST, OPT_OFFLINE, 0,
	    "the server is shut down, and stays so" },
	{ 0, "snapshot", NULL, B, OPT_LAST, OPT_SNAPSHOT, 0,
	    "DIR is a snapshot of a running cluster" },
	{ 'T', "tablespace-mapping", "OLD=NEW", BR, OPT_LAST, OPT_RELOCATE, 0,
	    "tablespace OLD is at NEW, or goes there" },
	{ 0, "without-tablespace", "OID", B, OPT_LAST, OPT_WITHOUT, 0,
	    "leave that tablespace out" },
	{ 0, "waldir", "DIR", BR, OPT_LAST, OPT_FILE, AT(waldir),
	    "pg_wal is at DIR, or goes there" },
	{ 0, "original-tablespaces", NULL, R, OPT_LAST, OPT_FLAG, AT(original_tablespaces),
	    "they go to where they were, also as root" },
	{ 0, "owner", "USER[:GROUP]", R, OPT_LAST, OPT_NAME, AT(owner),
	    "whose the files shall be (as root)" },
	{ 'c', "checkpoint", "fast|spread", B, OPT_ONCE, OPT_CHECKPOINT, AT(checkpoint_fast),
	    "pace of the first checkpoint (default: spread)" },
	{ 'X', "wal-method", "fetch|none", B, OPT_ONCE, OPT_WAL_METHOD, AT(wal_method),
	    "put the WAL into the archive (default: fetch)" },
	{ 0, "wait-archive", "[SECONDS]", B, OPT_ONCE, OPT_WAIT, AT(wait_archive),
	    "wait until the WAL is archived" },
	{ 0, "no-wait-archive", NULL, B, OPT_ONCE, OPT_NO_WAIT, AT(wait_archive),
	    "do not wait, even with -X none" },
	{ 0, "no-slot", NULL, B, OPT_LAST, OPT_FLAG, AT(no_slot),
	    "do not hold WAL back with a slot" },
	{ 0, NULL, NULL, V, OPT_LAST, OPT_HEADING, 0, "What is expected" },
	{ 0, "manifest-checksums", "ALGO", BVR, OPT_LAST, OPT_DIGEST, AT(manifest_digest),
	    "CRC32C (default), SHA224 to SHA512, NONE" },
	{ 0, "need-wal", NULL, V, OPT_LAST, OPT_FLAG, AT(need_wal),
	    "it is a finding if the WAL is not in the backup" },
	{ 0, "no-manifest", NULL, B, OPT_LAST, OPT_FLAG, AT(no_manifest),
	    "leave out backup_manifest" },
	{ 0, "no-verify-checksums", NULL, B, OPT_LAST, OPT_FLAG, AT(no_verify_checksums),
	    "do not check data pages" },

	{ 0, NULL, NULL, B, OPT_LAST, OPT_HEADING, 0, "What is written" },
	{ 'o', "output", "FILE", B, OPT_LAST, OPT_FILE, AT(output),
	    "the archive (default: -, standard output)" },
	{ 0, "split", NULL, B, OPT_LAST, OPT_FLAG, AT(split),
	    "-o names a directory: a tar per tablespace" },
	{ 'Z', "compress", "METHOD", B, OPT_LAST, OPT_COMPRESS, 0,
	    /* behind codec_print_methods() */
	    "[:LEVEL] (default: by suffix)" },
	{ 'z', "gzip", NULL, B, OPT_LAST, OPT_GZIP, 0,
	    "the same as -Z gzip" },
	{ 'F', "format", "tar", B, OPT_LAST, OPT_FORMAT, 0,
	    "the only format" },
	{ 'j', "jobs", "N", BR, OPT_LAST, OPT_JOBS, 0,
	    "threads (default: the processors)" },
	{ 'r', "max-rate", "RATE", B, OPT_LAST, OPT_RATE, 0,
	    "at most that many kB/s, or with k, M, G" },
	{ 'b', "blocking-factor", "N", B, OPT_LAST, OPT_RECORD, 0,
	    "write records of N x 512 bytes, for tape" },
	{ 0, "force", NULL, BR, OPT_LAST, OPT_FLAG, AT(force),
	    "replace FILE; restore in spite of findings" },
	{ 'N', "no-sync", NULL, BR, OPT_LAST, OPT_FLAG, AT(no_sync),
	    "do not wait until it is on the disk" },

	{ 0, NULL, NULL, R, OPT_LAST, OPT_HEADING, 0, "How the server recovers" },
	{ 0, "restore-command", "COMMAND", R, OPT_LAST, OPT_NAME, AT(recovery.restore_command),
	    "gets the WAL behind the backup" },
	{ 0, "standby", NULL, R, OPT_LAST, OPT_FLAG, AT(recovery.is_standby),
	    "it follows a primary" },
	{ 0, "primary-conninfo", "CONNSTR", R, OPT_LAST, OPT_NAME, AT(recovery.primary_conninfo),
	    "of which it is a standby" },
	{ 0, "target-time", "TIME", R, OPT_LAST, OPT_NAME, AT(recovery.target_time),
	    "recover to that moment" },
	{ 0, "target-lsn", "LSN", R, OPT_LAST, OPT_NAME, AT(recovery.target_lsn),
	    "recover to that position" },
	{ 0, "target-xid", "XID", R, OPT_LAST, OPT_NAME, AT(recovery.target_xid),
	    "recover to that transaction" },
	{ 0, "target-name", "NAME", R, OPT_LAST, OPT_NAME, AT(recovery.target_name),
	    "recover to that restore point" },
	{ 0, "target-timeline", "TLI", R, OPT_LAST, OPT_NAME, AT(recovery.target_timeline),
	    "along the line that leads to it" },
	{ 0, "target-action", "ACTION", R, OPT_LAST, OPT_NAME, AT(recovery.target_action),
	    "and then pause, promote or shutdown" },
	{ 0, "archive-mode", "keep|off", R, OPT_LAST, OPT_ARCHIVE_MODE, AT(archive_mode),
	    "archive_mode of it (default of a copy: off)" },

	{ 0, NULL, NULL, ALL, OPT_LAST, OPT_HEADING, 0, "What is said" },
	{ 0, "brief", NULL, I, OPT_LAST, OPT_FLAG, AT(brief),
	    "read the beginning only: no sizes" },
	{ 0, "json", NULL, I, OPT_LAST, OPT_FLAG, AT(json),
	    "say it as JSON, for programs" },
	{ 'P', "progress", NULL, ALL, OPT_ONCE, OPT_FLAG, AT(progress),
	    "show progress" },
	{ 'v', "verbose", NULL, BVR, OPT_LAST, OPT_FLAG, AT(verbose),
	    "say what is done" },
	{ 'q', "quiet", NULL, BVR, OPT_LAST, OPT_FLAG, AT(quiet),
	    "say nothing but errors" },
	{ 0, "report", "FILE", BVR, OPT_LAST, OPT_FILE, AT(report),
	    "write a report of the run, as JSON" },
	{ 'V', "version", NULL, ALL, OPT_LAST, OPT_VERSION, 0,
	    "print the version, then exit" },
	{ '?', "help", NULL, ALL, OPT_LAST, OPT_HELP, 0,
	    "print this help, then exit" },

	{ 0, NULL, NULL, B, OPT_LAST, OPT_HEADING, 0, "Connection" },
	{ 'd', "dbname", "CONNSTR", B, OPT_LAST, OPT_TEXT, AT(dbname),
	    "database or connection string" },
	{ 'h', "host", "HOST", B, OPT_LAST, OPT_TEXT, AT(host),
	    "server host or socket directory" },
	{ 'p', "port", "PORT", B, OPT_LAST, OPT_PORT, AT(port),
	    "server port" },
	{ 'U', "username", "NAME", B, OPT_LAST, OPT_TEXT, AT(user),
	    "role to connect as" },
	{ 'w', "no-password", NULL, B, OPT_LAST, OPT_NO_PROMPT, 0,
	    "never ask for a password" },
	{ 'W', "password", NULL, B, OPT_LAST, OPT_PROMPT, 0,
	    "ask for a password before connecting" },

};
/* clang-format on */

const size_t opttable_rows = sizeof(opttable) / sizeof(opttable[0]);
_Static_assert(sizeof(opttable) / sizeof(opttable[0]) <= 64, "a bit for each row");

/* Columns before the help. */
enum { INDENT = 33 };

const struct opttable_row *
opttable_letter(char letter)
{
	for (size_t i = 0; letter != '\0' && i < opttable_rows; i++)
		if (opttable[i].letter == letter)
			return &opttable[i];
	return NULL;
}

int
opttable_name(
    const char *name, size_t len, const struct opttable_row **row, struct error *err)
{
	const struct opttable_row *found = NULL;
	bool ambiguous = false;

	for (size_t i = 0; i < opttable_rows; i++) {
		const struct opttable_row *r = &opttable[i];

		if (!r->name || strncmp(r->name, name, len) != 0)
			continue;
		ambiguous = found != NULL;
		found = r;
		if (r->name[len] == '\0') {
			ambiguous = false;
			break;
		}
	}
	if (!found || len == 0)
		return error_set(
		    err, ERROR_USAGE, 0, "unknown option \"--%.*s\"", (int)len, name);
	if (ambiguous)
		return error_set(err, ERROR_USAGE, 0, "option \"--%.*s\" is ambiguous",
		    (int)len, name);
	*row = found;
	return 0;
}

/* "  -l, --label=LABEL", and the help in its column. */
static int
usage_row(struct buf *text, const struct opttable_row *row, struct error *err)
{
	const char *value = row->value ? row->value : "";
	char left[64], letter[8] = "    ", name[48], methods[CODEC_METHODS] = "";

	if (row->letter != '\0')
		snprintf(letter, sizeof(letter), "-%c, ", row->letter);
	if (value[0] == '[')
		snprintf(name, sizeof(name), "%s[=%s", row->name, value + 1);
	else
		snprintf(name, sizeof(name), "%s%s%s", row->name, row->value ? "=" : "",
		    value);
	snprintf(left, sizeof(left), "  %s--%s", letter, name);
	if (row->kind == OPT_COMPRESS)
		codec_print_methods(methods);
	if (strlen(left) >= INDENT)
		return buf_printf(
		    text, err, "%s\n%*s%s%s\n", left, INDENT, "", methods, row->help);
	return buf_printf(text, err, "%-*s%s%s\n", INDENT, left, methods, row->help);
}

const struct opttable_commands opttable_commands[OPTTABLE_COMMANDS] = {
	[COMMAND_BACKUP] = { "backup", "[backup] [OPTION]...",
	    "pg_basetar writes a physical base backup of a PostgreSQL cluster, on the\n"
	    "cluster's own host, as one tar archive or one per tablespace.\n",
	    "pg_basetar -D \"$PGDATA\" -l nightly -o base.tar.gz" },
	[COMMAND_VERIFY] = { "verify", "verify [OPTION]... FILE|DIR|-",
	    "pg_basetar verify says whether a backup will restore, without unpacking it.\n",
	    "ssh host cat base.tar.gz | pg_basetar verify -" },
	[COMMAND_INFO] = { "info", "info [OPTION]... FILE|DIR|-",
	    "pg_basetar info says what a backup is: its label, positions and sizes.\n",
	    "pg_basetar info base.tar.gz" },
	[COMMAND_RESTORE] = { "restore", "restore [OPTION]... FILE|DIR|- -D DIR",
	    "pg_basetar restore unpacks a backup into a new data directory, and proves it\n"
	    "on the way.\n",
	    "ssh host pg_basetar -D /pg/data | pg_basetar restore - -D /pg/new" },
};

static int
usage_lines(struct buf *text, enum opttable_command command, struct error *err)
{
	if (command != COMMAND_BACKUP)
		return buf_printf(text, err, "\nUsage:\n  pg_basetar %s\n",
		    opttable_commands[command].usage);
	if (buf_printf(text, err, "\nUsage:\n"))
		return -1;
	for (size_t i = 0; i < OPTTABLE_COMMANDS; i++)
		if (buf_printf(
			text, err, "  pg_basetar %s\n", opttable_commands[i].usage))
			return -1;
	return buf_printf(
	    text, err, "\nOptions of another command: pg_basetar COMMAND --help\n");
}

int
opttable_usage(struct buf *text, enum opttable_command command, struct error *err)
{
	if (buf_printf(text, err, "%s", opttable_commands[command].what) ||
	    usage_lines(text, command, err))
		return -1;
	for (size_t i = 0; i < opttable_rows; i++) {
		const struct opttable_row *row = &opttable[i];

		if ((row->commands & 1U << command) == 0)
			continue;
		if (!row->name ? buf_printf(text, err, "\n%s:\n", row->help) :
				 usage_row(text, row, err))
			return -1;
	}
	return buf_printf(
	    text, err, "\nExample:\n  %s\n", opttable_commands[command].example);
}
