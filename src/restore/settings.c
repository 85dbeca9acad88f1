/*
 * What the server is told: how to recover, in the place of what the backup has of that, and
 * whether it archives its WAL.
 */
#include <stdio.h>
#include <string.h>

#include "cli/message.h"
#include "restore/restore_internal.h"

const char *
restore_settings_file(const char *path)
{
	static const char *const files[] = { RESTORE_RECOVERY_CONF, "recovery.signal",
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

bool
restore_settings_replace(const struct restore *r, const char *path)
{
	return recovery_is_set(&r->opt->recovery) && restore_settings_file(path);
}

bool
restore_settings_extend(const struct restore *r, const char *path)
{
	return (recovery_is_set(&r->opt->recovery) ||
		   restore_settings_archive_off(r->opt)) &&
	    strcmp(path, RECOVERY_SETTINGS) == 0;
}

/* How to recover: in *text what goes into a file of its own. */
static int
add_recovery(struct restore *r, struct buf *text, struct error *err)
{
	const struct recovery *recovery = &r->opt->recovery;
	const struct pg_version *version = checker_backup(r->checker)->version;

	if (!recovery_is_set(recovery))
		return 0;
	if (version == NULL)
		return error_set(err, ERROR_FORMAT, 0,
		    "the release of the backup is not known, so recovery settings cannot be written");
	return recovery_build(
	    version->has_recovery_conf ? text : &r->settings, recovery, version, err);
}

/* A server that has no such file refuses to start with it ("... is not supported"). */
static int
write_conf(struct restore *r, struct error *err)
{
	const struct pg_version *version = checker_backup(r->checker)->version;
	char text[160];

	if (!r->has_conf)
		return 0;
	if (version == NULL || version->has_recovery_conf) {
		r->recovers_by = restore_settings_file(RESTORE_RECOVERY_CONF);
		return restore_tree_text(
		    &r->tree, RESTORE_RECOVERY_CONF, &r->conf, r->conf_mtime, err);
	}
	snprintf(text, sizeof(text),
	    "\"%s\" of the backup is not written: PostgreSQL %u does not start with it",
	    RESTORE_RECOVERY_CONF, version->major);
	message_warning(text);
	return 0;
}

int
restore_settings_write(struct restore *r, struct error *err)
{
	const struct recovery *recovery = &r->opt->recovery;
	struct buf text = { 0 };
	int rc;

	/* a line that somebody did not end is not to swallow the first of ours */
	if (r->settings.len > 0 && r->settings.data[r->settings.len - 1] != '\n' &&
	    buf_append(&r->settings, "\n", 1, err))
		return -1;
	rc = add_recovery(r, &text, err);
	/* of several lines for one setting the last one counts (guc-file.l, ParseConfigFp()) */
	if (rc == 0 && restore_settings_archive_off(r->opt))
		rc = buf_printf(&r->settings, err, "archive_mode = 'off'\n");
	if (rc == 0 && r->settings.len > 0)
		rc = restore_tree_text(&r->tree, RECOVERY_SETTINGS, &r->settings, 0, err);
	if (rc == 0 && recovery_is_set(recovery))
		rc = restore_tree_text(&r->tree,
		    recovery_file(recovery, checker_backup(r->checker)->version), &text,
		    0, err);
	if (rc == 0)
		rc = write_conf(r, err);
	buf_free(&text);
	return rc;
}
