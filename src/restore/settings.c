/*
 * Where the options say how to recover, the backup's own signal files and recovery.conf are left
 * out, or the copy might follow the primary of the original.  Our lines are appended to the
 * postgresql.auto.conf of the backup, since the copy needs the other settings in it; recovery/recovery.h
 * says which file a release reads.
 */
#include "restore/settings.h"

#include <stdio.h>
#include <string.h>

#include "cli/message.h"
#include "cli/options.h"
#include "pg/cluster.h"
#include "restore/tree.h"
#include "server/conninfo_check.h"

/* The file that the release decides about. */
static const char recovery_conf[] = "recovery.conf";

/* Does ${path} tell a server to recover, or to follow another?  Its name, static; NULL: no. */
static const char *
settings_file(const char *path)
{
	static const char *const files[] = { recovery_conf, "recovery.signal",
		"standby.signal" };

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (strcmp(path, files[i]) == 0)
			return files[i];
	return NULL;
}

bool
restore_settings_archive_off(const struct options *opt)
{
	if (opt->archive_mode != ARCHIVE_MODE_DEFAULT)
		return opt->archive_mode == ARCHIVE_MODE_OFF;
	/*
	 * A copy that recovers to the end of its backup goes on along the original's timeline, and
	 * with the original's archive_command: its segments have the names of the original's.
	 */
	return !opt->recovery.is_standby && !recovery_has_target(&opt->recovery);
}

/* The server would start, and write to its log every five seconds that it cannot connect. */
static int
check_conninfo(const char *conninfo, struct error *err)
{
	struct error why = { 0 };
	char text[sizeof(why.text) + 128];
	bool is_unknown;

	if (conninfo == NULL)
		return 0;
	if (conninfo_check(conninfo, &is_unknown, &why)) {
		*err = why;
		return error_wrap(err, "option \"--primary-conninfo\"");
	}
	if (!is_unknown)
		return 0;
	snprintf(text, sizeof(text),
	    "primary_conninfo: %s: the libpq of this host does not know it, and that of the server must",
	    why.text);
	message_warning(text);
	return 0;
}

int
restore_settings_check(const struct options *opt, struct error *err)
{
	const struct recovery *recovery = &opt->recovery;
	const char *command = recovery->restore_command;
	char text[256];

	if (opt->target_said)
		message_note("recovery_target_time \"%s\" is %s", opt->target_said,
		    recovery->target_time);
	if (command && (strstr(command, "%f") == NULL || strstr(command, "%p") == NULL)) {
		snprintf(text, sizeof(text),
		    "restore_command has no %s: the server puts %s there",
		    strstr(command, "%f") ? "%p" : "%f",
		    strstr(command, "%f") ? "the path that the file must get" :
					    "the name of the file that it asks for");
		message_warning(text);
	}
	if (recovery->is_standby && command == NULL && recovery->primary_conninfo == NULL)
		message_warning(
		    "the standby gets no WAL: neither primary_conninfo nor restore_command is set, unless the configuration of the backup has one (--primary-conninfo, --restore-command)");
	return check_conninfo(recovery->primary_conninfo, err);
}

enum restore_settings_fate
restore_settings_fate(const struct restore_settings *s, const char *path)
{
	const bool has_ours = recovery_is_set(&s->opt->recovery);

	if (has_ours && settings_file(path))
		return RESTORE_SETTINGS_LEFT;
	if (strcmp(path, recovery_conf) == 0 ||
	    ((has_ours || restore_settings_archive_off(s->opt)) &&
		strcmp(path, RECOVERY_SETTINGS) == 0))
		return RESTORE_SETTINGS_KEPT;
	return RESTORE_SETTINGS_WRITTEN;
}

int
restore_settings_keep(struct restore_settings *s, const char *path,
    const struct buf *text, time_t mtime, struct error *err)
{
	struct buf *to = &s->settings;

	if (strcmp(path, recovery_conf) == 0) {
		s->has_recovery_conf = true;
		s->recovery_conf_mtime = mtime;
		to = &s->recovery_conf;
	}
	buf_clear(to);
	return buf_append(to, buf_text(text), text->len, err);
}

void
restore_settings_note(struct restore_settings *s, const char *path)
{
	if (settings_file(path))
		s->recovers_by = settings_file(path);
}

/* How to recover: in *text what goes into a file of its own. */
static int
add_recovery(struct restore_settings *s, const struct pg_version *version,
    struct buf *text, struct error *err)
{
	const struct recovery *recovery = &s->opt->recovery;

	if (!recovery_is_set(recovery))
		return 0;
	if (version == NULL)
		return error_set(err, ERROR_FORMAT, 0,
		    "recovery settings cannot be written: the backup does not name its release");
	return recovery_build(
	    version->has_recovery_conf ? text : &s->settings, recovery, version, err);
}

/* A server that has no such file refuses to start with it ("... is not supported"). */
static int
write_recovery_conf(struct restore_settings *s, struct restore_tree *tree,
    const struct pg_version *version, struct error *err)
{
	char text[160];

	if (!s->has_recovery_conf)
		return 0;
	if (version == NULL || version->has_recovery_conf) {
		s->recovers_by = settings_file(recovery_conf);
		return restore_tree_text(
		    tree, recovery_conf, &s->recovery_conf, s->recovery_conf_mtime, err);
	}
	snprintf(text, sizeof(text),
	    "\"%s\" of the backup is not written: PostgreSQL %u does not start with it",
	    recovery_conf, version->major);
	message_warning(text);
	return 0;
}

int
restore_settings_write(struct restore_settings *s, struct restore_tree *tree,
    const struct pg_version *version, struct error *err)
{
	const struct recovery *recovery = &s->opt->recovery;
	struct buf text = { 0 };
	int rc;

	/* a line that somebody did not end is not to swallow the first of ours */
	if (s->settings.len > 0 && s->settings.data[s->settings.len - 1] != '\n' &&
	    buf_append(&s->settings, "\n", 1, err))
		return -1;
	rc = add_recovery(s, version, &text, err);
	/* of several lines for one setting the last one counts (guc-file.l, ParseConfigFp()) */
	if (rc == 0 && restore_settings_archive_off(s->opt))
		rc = buf_printf(&s->settings, err, "archive_mode = 'off'\n");
	if (rc == 0 && s->settings.len > 0)
		rc = restore_tree_text(tree, RECOVERY_SETTINGS, &s->settings, 0, err);
	if (rc == 0 && recovery_is_set(recovery))
		rc = restore_tree_text(
		    tree, recovery_file(recovery, version), &text, 0, err);
	if (rc == 0)
		rc = write_recovery_conf(s, tree, version, err);
	buf_free(&text);
	return rc;
}

void
restore_settings_free(struct restore_settings *s)
{
	buf_free(&s->settings);
	buf_free(&s->recovery_conf);
}
