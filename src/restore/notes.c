/*
 * A copy that starts well can still harm the original: it may archive into the same WAL archive,
 * take the changes of its subscriptions, or run on its data directory.  Whether the copy takes the
 * place of the original only its owner knows, so the notes name what to look at, and change
 * nothing.
 */
#include "restore/notes.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/message.h"
#include "cli/options.h"
#include "format/layout.h"
#include "lib/lsn.h"
#include "lib/path.h"
#include "lib/sys.h"
#include "pg/conftext.h"
#include "proof/checker.h"
#include "restore/config.h"
#include "restore/directories.h"
#include "restore/settings.h"
#include "restore/startup.h"

/* So many configuration files are named. */
enum { CONFIG_NAMED = 20 };

/*
 * Settings that were outside of the data directory have no place that is known here.  Those that
 * are not in the backup the checker has warned of.
 */
static void
say_config(const struct restore_notes *n)
{
	const struct infofile *info = checker_backup(n->checker)->info;
	size_t said = 0;

	for (size_t i = 0; info && i < info->config.count; i++) {
		const struct infofile_pair *row = &info->config.rows[i];
		char path[2 * PATH_MAX];
		struct stat st;

		snprintf(path, sizeof(path), LAYOUT_CONFIG "/%s", row->name);
		if (!path_is_plain(path) ||
		    fstatat(n->directories->datadir.fd, path, &st, AT_SYMLINK_NOFOLLOW) ==
			-1)
			continue;
		if (said++ < CONFIG_NAMED)
			message_note(
			    "\"%s/%s\" was at \"%s\": put it where the server looks for it",
			    n->directories->datadir.path, path, row->path);
	}
	if (said > CONFIG_NAMED)
		message_note("do the same with the other %zu files in \"%s/%s\"",
		    said - CONFIG_NAMED, n->directories->datadir.path, LAYOUT_CONFIG);
}

/* Longer files are not of settings that a server took. */
#define CONFIG_MOST ((size_t)16 * 1024 * 1024)

/* What the last line of ${name} in it says; "": there is no such line, or no such file. */
static void
read_data_directory(const struct restore_notes *n, const char *name, char value[PATH_MAX])
{
	struct error ignored = { 0 };
	struct buf text = { 0 };
	struct conftext c;
	const char *setting, *said;

	value[0] = '\0';
	if (!path_is_plain(name) ||
	    sys_read_file(
		n->directories->datadir.fd, name, CONFIG_MOST, &text, &ignored)) {
		buf_free(&text);
		return;
	}
	conftext_begin(&c, buf_text(&text), text.len);
	while (conftext_next(&c, &setting, &said, &ignored) == 0 && setting)
		if (strcmp(setting, "data_directory") == 0)
			snprintf(value, PATH_MAX, "%s", said);
	conftext_end(&c);
	buf_free(&text);
}

/*
 * The setting counts more than what the server is started with, as by pg_ctl -D: it would run the
 * original instead of the copy (SelectConfigFiles() in guc.c).
 */
static bool
warn_of_data_directory(const struct restore_notes *n, const char *name)
{
	char value[PATH_MAX], text[3 * PATH_MAX];
	struct stat there, copy;

	read_data_directory(n, name, value);
	if (value[0] == '\0' ||
	    (stat(value, &there) == 0 && fstat(n->directories->datadir.fd, &copy) == 0 &&
		sys_is_same_file(&there, &copy)))
		return false;
	snprintf(text, sizeof(text),
	    "\"%s/%s\" sets data_directory to \"%s\": a server that reads it works on that directory, not on the copy",
	    n->directories->datadir.path, name, value);
	message_warning(text);
	return true;
}

/* A server is started with one of these.  True: it would run the original. */
static bool
warn_of_config(const struct restore_notes *n)
{
	static const char name[] = "postgresql.conf",
			  outside[] = LAYOUT_CONFIG "/postgresql.conf";
	const struct infofile *info = checker_backup(n->checker)->info;
	const char *told = info ? info->config_file : NULL;

	bool is_bad = warn_of_data_directory(n, name);

	is_bad |= warn_of_data_directory(n, outside);
	if (told && strcmp(told, name) != 0 && strcmp(told, outside) != 0)
		is_bad |= warn_of_data_directory(n, told);
	return is_bad;
}

static void
say_places(const struct restore_notes *n)
{
	for (size_t i = 0; i < n->directories->tablespaces.count; i++)
		if (!n->directories->tablespaces.rows[i].is_inside)
			message_note("tablespace %" PRIu32 " is in \"%s\"",
			    n->directories->tablespaces.rows[i].oid,
			    n->directories->tablespaces.rows[i].location);
}

/* Its owner may want the copy in the place of the original. */
static void
say_archiving(const struct restore_notes *n)
{
	if (restore_settings_archive_off(n->opt))
		message_note(
		    "archive_mode is set to off in \"%s/%s\": the copy does not archive its WAL, so that it does not overwrite that of the original (--archive-mode=keep leaves the setting as it was)",
		    n->directories->datadir.path, RECOVERY_SETTINGS);
	/*
	 * a new timeline, which recovery of the original to the latest one would follow or fail
	 * with
	 */
	else if (n->opt->archive_mode == ARCHIVE_MODE_DEFAULT &&
	    !n->opt->recovery.is_standby)
		message_note(
		    "archive_mode is left as it was: after recovery the copy archives a new timeline next to those of the original (--archive-mode=off turns it off in a copy that does not take the place of the original)");
}

static void
warn_of_wal(const struct restore_notes *n)
{
	char start[LSN_TEXT], text[160];

	if (n->opt->recovery.restore_command)
		return;
	if (n->opt->recovery.primary_conninfo == NULL) {
		message_warning(
		    "the WAL is not in the backup: before the start, set restore_command and create recovery.signal, or restore again with --restore-command");
		return;
	}
	snprintf(text, sizeof(text),
	    "the WAL is not in the backup: its primary must still have it, from %s on",
	    lsn_print(start, checker_facts(n->checker).backup.range.start_lsn));
	message_warning(text);
}

/*
 * The copy of a subscriber connects to the publishers as the original does, by the slots of the
 * original: what it gets from them the original does not get any more.
 */
static void
warn_of_subscriptions(const struct restore_notes *n)
{
	if (n->has_origins && !n->opt->recovery.is_standby)
		message_warning(
		    "the backup has replication origins: if they belong to subscriptions, the copy receives the changes that the original should receive; set max_logical_replication_workers = 0 before the start, unless the copy takes the place of the original");
}

static void
warn_of_start(const struct restore_notes *n)
{
	char text[256];

	if (checker_facts(n->checker).backup.wal != FACTS_THERE)
		warn_of_wal(n);
	warn_of_subscriptions(n);
	if (n->settings->recovers_by == NULL)
		return;
	snprintf(text, sizeof(text),
	    "the backup has a %s%s: the copy will recover, or follow the primary, as that file says; remove it if the copy must not",
	    n->settings->recovers_by,
	    checker_backup(n->checker)->info ? "" :
					       ", of a standby or of pg_basebackup -R");
	message_warning(text);
}

/* ---- in the end: what was restored, and how it is started ---- */

static void
print_size(char text[32], uint64_t bytes)
{
	static const char *const units[] = { "kB", "MB", "GB", "TB" };
	double size = (double)bytes / 1024;
	size_t n = 0;

	while (size >= 10000 && n < 3) {
		size /= 1024;
		n++;
	}
	snprintf(text, 32, "%.0f %s", size, units[n]);
}

/* Up to the target, and then? */
static void
say_pause(const struct restore_notes *n)
{
	const struct recovery *recovery = &n->opt->recovery;

	if (!recovery_has_point(recovery) ||
	    (recovery->target_action && strcmp(recovery->target_action, "pause") != 0))
		return;
	message_note(
	    "recovery will pause at the target, and the copy be read-only: look whether it is the right moment, then \"select pg_wal_replay_resume()\" ends recovery and opens the copy (--target-action=promote does so at once)");
}

static void
say_command(const struct restore_notes *n)
{
	const struct restore_config *config = n->config;
	const char *main_file = buf_text(&config->main);
	const struct restore_startup startup = { .datadir = n->directories->datadir_path ?
		    n->directories->datadir_path :
		    n->opt->pgdata,
		.owner = n->owner,
		.version = checker_backup(n->checker)->version,
		.port = buf_text(&config->rules.port),
		.sockets = buf_text(&config->rules.sockets),
		.config_file =
		    strcmp(main_file, "postgresql.conf") == 0 ? NULL : main_file };
	struct error ignored = { 0 };
	struct buf command = { 0 };
	unsigned port, other_port;

	if (restore_startup_command(&startup, &command, &port, &other_port, &ignored) ==
	    0) {
		if (other_port > 0)
			message_note(
			    "port %u of the copy's configuration is in use on this host, which the command below starts it on port %u for",
			    port, other_port);
		message_note("start it with: %s", buf_text(&command));
	}
	buf_free(&command);
}

static void
say_summary(const struct restore_notes *n, bool is_ready)
{
	const size_t count = n->directories->tablespaces.count;
	char size[32], spaces[48] = "";

	print_size(size, checker_facts(n->checker).backup.archive.bytes);
	if (count > 0)
		snprintf(spaces, sizeof(spaces), ", with %zu tablespace%s", count,
		    count == 1 ? "" : "s");
	message_note("restored %s in %.1f s into \"%s\"%s", size, n->seconds,
	    n->directories->datadir.path, spaces);
	if (is_ready)
		say_command(n);
}

void
restore_notes_say(const struct restore_notes *n)
{
	const bool is_kept = n->opt->config == CONFIG_METHOD_KEEP;
	bool is_ready = n->config->main.len > 0;

	say_places(n);
	if (is_kept) {
		say_config(n);
		is_ready &= !warn_of_config(n);
	} else {
		restore_config_say(n->config);
	}
	say_archiving(n);
	warn_of_start(n);
	say_pause(n);
	say_summary(n, is_ready);
}
