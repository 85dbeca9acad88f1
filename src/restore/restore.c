#include "restore/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/message.h"
#include "format/layout.h"
#include "lib/lsn.h"
#include "lib/path.h"
#include "lib/sys.h"
#include "pg/conftext.h"
#include "proof/reading.h"
#include "reading/summary.h"
#include "restore/restore_internal.h"

static const char outcome[] = "the backup was not restored";

/*
 * Of several archives those of the tablespaces are read first, so that it must be known before
 * where they go.
 */
static int
plan_set(struct restore *r, struct error *err)
{
	struct reading_summary s = { .summary = NULL };
	struct summary_facts facts;
	struct stat st;
	int rc;

	if (r->opt->input == NULL || stat(r->opt->input, &st) == -1 ||
	    !S_ISDIR(st.st_mode))
		return 0;
	rc = reading_summary(&s, r->opt, READING_LOCATIONS, outcome, err);
	if (rc == 0) {
		facts = summary_facts(s.summary, false);
		r->ownership.backup = s.owner;
		rc = restore_target_label(
			 &r->target, facts.backup->label, facts.stop_lsn, err) ||
			restore_plan_summary(r, &facts, err) ?
		    -1 :
		    0;
	}
	reading_summary_free(&s);
	return rc;
}

/* One that can be gone through without reading all of it. */
static bool
is_plain_tar(const char *path)
{
	char magic[5];
	const int fd = path ? open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC) : -1;
	struct stat st;
	bool is_it;

	if (fd == -1)
		return false;
	is_it = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    pread(fd, magic, sizeof(magic), 257) == (ssize_t)sizeof(magic) &&
	    memcmp(magic, "ustar", sizeof(magic)) == 0;
	sys_close(fd);
	return is_it;
}

/* Where the backup ended is told by its last member. */
static int
look_ahead(struct restore *r, struct error *err)
{
	struct reading_summary s = { .summary = NULL };
	struct summary_facts facts;
	int rc;

	if (r->opt->recovery.target_lsn == NULL || !is_plain_tar(r->opt->input))
		return 0;
	rc = reading_summary(&s, r->opt, READING_ALL, outcome, err);
	if (rc == 0) {
		facts = summary_facts(s.summary, true);
		rc = restore_target_label(
		    &r->target, facts.backup->label, facts.stop_lsn, err);
	}
	reading_summary_free(&s);
	return rc;
}

/* So many configuration files are named. */
enum { CONFIG_NAMED = 20 };

/*
 * Settings that were outside of the data directory have no place that is known here.  Those that
 * are not in the backup the checker has warned of.
 */
static void
say_config(const struct restore *r)
{
	const struct infofile *info = checker_backup(r->checker)->info;
	size_t said = 0;

	for (size_t i = 0; info && i < info->config.count; i++) {
		const struct infofile_pair *row = &info->config.rows[i];
		char path[2 * PATH_MAX];
		struct stat st;

		snprintf(path, sizeof(path), LAYOUT_CONFIG "/%s", row->name);
		if (!path_is_plain(path) ||
		    fstatat(r->places.datadir.fd, path, &st, AT_SYMLINK_NOFOLLOW) == -1)
			continue;
		if (said++ < CONFIG_NAMED)
			message_note(
			    "\"%s/%s\" was at \"%s\": put it where the server shall find it",
			    r->places.datadir.path, path, row->path);
	}
	if (said > CONFIG_NAMED)
		message_note("and so do with the other %zu files in \"%s/%s\"",
		    said - CONFIG_NAMED, r->places.datadir.path, LAYOUT_CONFIG);
}

/* Longer files are not of settings that a server took. */
#define CONFIG_MOST ((size_t)16 * 1024 * 1024)

/* What the last line of ${name} in it says; "": there is no such line, or no such file. */
static void
read_data_directory(const struct restore *r, const char *name, char value[PATH_MAX])
{
	struct error ignored = { 0 };
	struct buf text = { 0 };
	struct conftext c;
	const char *setting, *said;

	value[0] = '\0';
	if (!path_is_plain(name) ||
	    sys_read_file(r->places.datadir.fd, name, CONFIG_MOST, &text, &ignored)) {
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
static void
warn_of_data_directory(const struct restore *r, const char *name)
{
	char value[PATH_MAX], text[3 * PATH_MAX];
	struct stat there, copy;

	read_data_directory(r, name, value);
	if (value[0] == '\0' ||
	    (stat(value, &there) == 0 && fstat(r->places.datadir.fd, &copy) == 0 &&
		sys_is_same_file(&there, &copy)))
		return;
	snprintf(text, sizeof(text),
	    "\"%s/%s\" sets data_directory to \"%s\": a server that reads it works there, and not on the copy",
	    r->places.datadir.path, name, value);
	message_warning(text);
}

/* A server is started with one of these. */
static void
warn_of_config(const struct restore *r)
{
	static const char name[] = "postgresql.conf",
			  outside[] = LAYOUT_CONFIG "/postgresql.conf";
	const struct infofile *info = checker_backup(r->checker)->info;
	const char *told = info ? info->config_file : NULL;

	warn_of_data_directory(r, name);
	warn_of_data_directory(r, outside);
	if (told && strcmp(told, name) != 0 && strcmp(told, outside) != 0)
		warn_of_data_directory(r, told);
}

static void
say_places(const struct restore *r)
{
	for (size_t i = 0; i < r->places.tablespaces.count; i++)
		if (!r->places.tablespaces.rows[i].is_inside)
			message_note("tablespace %" PRIu32 " is in \"%s\"",
			    r->places.tablespaces.rows[i].oid,
			    r->places.tablespaces.rows[i].location);
}

/* Its owner may want the copy in the place of the original. */
static void
say_archiving(const struct restore *r)
{
	if (restore_settings_archive_off(r->opt))
		message_note(
		    "archive_mode is set to off in \"%s/%s\": the copy does not archive its WAL, to spare that of the original (--archive-mode=keep leaves it as it was)",
		    r->places.datadir.path, RECOVERY_SETTINGS);
	/* a new timeline, which recovery of the original to the latest one would follow or fail with */
	else if (r->opt->archive_mode == ARCHIVE_MODE_DEFAULT &&
	    !r->opt->recovery.is_standby)
		message_note(
		    "archive_mode is as in the backup: after recovery the copy archives a new timeline, for that of the original (--archive-mode=off, if the copy does not take its place)");
}

static void
warn_of_wal(const struct restore *r)
{
	char start[LSN_TEXT], text[160];

	if (r->opt->recovery.restore_command)
		return;
	if (r->opt->recovery.primary_conninfo == NULL) {
		message_warning(
		    "the WAL is not in the backup: before the start, set restore_command and make recovery.signal, or restore with --restore-command");
		return;
	}
	snprintf(text, sizeof(text),
	    "the WAL is not in the backup: its primary must still have it, from %s on",
	    lsn_print(start, checker_facts(r->checker).start_lsn));
	message_warning(text);
}

/*
 * The copy of a subscriber connects to the publishers as the original does, by the slots of the
 * original: what it gets from them the original does not get any more.
 */
static void
warn_of_subscriptions(const struct restore *r)
{
	if (r->has_origins && !r->opt->recovery.is_standby)
		message_warning(
		    "the backup has replication origins: if they are of subscriptions, the copy takes the changes that the original is to get: set max_logical_replication_workers = 0 before the start, unless the copy takes the place of the original");
}

/* What whoever starts it should know first. */
static void
warn(const struct restore *r)
{
	char text[256];

	if (!checker_facts(r->checker).has_wal)
		warn_of_wal(r);
	warn_of_subscriptions(r);
	if (r->recovers_by == NULL)
		return;
	snprintf(text, sizeof(text),
	    "the backup has a %s%s: the copy will recover, or follow the primary, as that says; remove it, if it shall not",
	    r->recovers_by,
	    checker_backup(r->checker)->info ? "" :
					       ", of a standby or of pg_basebackup -R");
	message_warning(text);
}

static int
restore(struct restore *r, struct error *err)
{
	const struct options *opt = r->opt;

	if (restore_ownership_check(&r->ownership, err))
		return -1;
	if (opt->report &&
	    (report_open(&r->report, opt->report, opt->no_sync, err) ||
		report_refuse_output(r->report, opt->input, opt->input ? -1 : 0, err)))
		return -1;
	if (restore_places_open(&r->places, opt, err) || plan_set(r, err) ||
	    look_ahead(r, err) || reading_run(&r->reading, "restoring", err))
		return -1;
	say_places(r);
	say_config(r);
	warn_of_config(r);
	say_archiving(r);
	warn(r);
	message_info("restored into \"%s\": %" PRIu64 " members, %" PRIu64 " bytes",
	    opt->pgdata, checker_facts(r->checker).members,
	    checker_facts(r->checker).bytes);
	return 0;
}

int
restore_run(const struct options *opt, bool *is_sound, struct error *err)
{
	struct restore r = { .opt = opt };
	int rc;

	r.ownership.opt = opt;
	r.target.opt = opt;
	r.tree = (struct restore_tree){ .opt = opt,
		.places = &r.places,
		.ownership = &r.ownership,
		.cancel = &r.reading.cancel };

	reading_init(&r.reading, opt, &restore_member_ops, outcome);
	rc = restore(&r, err);
	if (rc == -1 && r.checker)
		checker_break_off(r.checker, err);
	if (rc == -1 && err->sys == ENOSPC)
		error_hint(err,
		    "Remove what is in \"%s\" and in the directories of its tablespaces and WAL, and restore to where there is more room.",
		    opt->pgdata);
	restore_tree_free(&r.tree);
	*is_sound = rc == 0 && checker_findings(r.checker)->count == 0;
	reading_report(
	    &r.reading, r.checker, r.report, "restore", *is_sound, rc == -1 ? err : NULL);
	report_free(r.report);
	checker_free(r.checker);
	restore_places_free(&r.places, rc == -1);
	buf_free(&r.kept);
	for (size_t i = 0; i < r.nearly; i++) {
		free(r.early[i].path);
		buf_free(&r.early[i].text);
	}
	buf_free(&r.map);
	buf_free(&r.settings);
	buf_free(&r.conf);
	buf_free(&r.control);
	reading_free(&r.reading);
	return rc;
}
