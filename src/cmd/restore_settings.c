/* What the server is told of how to recover, in the place of what the backup has of that. */
#include <string.h>

#include "cmd/restore_internal.h"

const char *
restore_settings_file(const char *path)
{
	static const char *const files[] = { "recovery.conf", "recovery.signal", "standby.signal" };

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (strcmp(path, files[i]) == 0)
			return files[i];
	return NULL;
}

bool
restore_settings_replace(const struct restore *r, const char *path)
{
	return recovery_is_set(&r->opt->recovery) && restore_settings_file(path);
}

bool
restore_settings_extend(const struct restore *r, const char *path)
{
	return recovery_is_set(&r->opt->recovery) && strcmp(path, RECOVERY_SETTINGS) == 0;
}

int
restore_settings_write(struct restore *r, struct error *err)
{
	const struct recovery *recovery = &r->opt->recovery;
	const struct pg_version *version = checker_facts(r->checker).version;
	struct buf text = { 0 };
	int rc;

	if (!recovery_is_set(recovery))
		return 0;
	if (version == NULL)
		return error_set(err, ERROR_FORMAT, 0,
		    "the release of the backup is not known, nor how its recovery is told");
	/* a line that somebody did not end is not to swallow the first of ours */
	if (r->settings.len > 0 && r->settings.data[r->settings.len - 1] != '\n' &&
	    buf_append(&r->settings, "\n", 1, err))
		return -1;
	rc = recovery_build(version->has_recovery_conf ? &text : &r->settings, recovery, version,
	    err);
	if (rc == 0 && r->settings.len > 0)
		rc = restore_write_text(r, RECOVERY_SETTINGS, &r->settings, 0, err);
	if (rc == 0)
		rc = restore_write_text(r, recovery_file(recovery, version), &text, 0, err);
	buf_free(&text);
	return rc;
}
