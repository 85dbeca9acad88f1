/*
 * Configuration files that the walk of the data directory does not come to, as members: those
 * outside, and those that a symbolic link points to.  They get the owner of the data directory:
 * their own on this host, root as a rule, would keep the server of a copy from reading them.
 */
#include <string.h>

#include "archive/archive.h"
#include "backup/cluster.h"
#include "backup/config.h"
#include "backup/configsend.h"
#include "cli/message.h"
#include "datadir/configpath.h"
#include "format/layout.h"
#include "lib/sys.h"

/*
 * A group that may read the data directory may read them, as a next backup wants; but a key
 * that others than its owner can read keeps the server from starting
 * (check_ssl_key_file_permissions() in src/backend/libpq/be-secure-common.c).
 */
static struct stat
stat_of(const struct backup_config *config, const struct configset_row *row)
{
	struct stat st = row->st;

	st.st_uid = config->cluster->datadir_stat.st_uid;
	st.st_gid = config->cluster->datadir_stat.st_gid;
	st.st_mode = 0600;
	if (row->kind != CONFIGSET_SECRET)
		st.st_mode |= config->cluster->datadir_stat.st_mode & 0040;
	st.st_size = (off_t)row->bytes.len;
	return st;
}

static int
send_row(const struct backup_config *config, struct archive *archive,
    const struct configset_row *row, const char *path, struct error *err)
{
	const struct stat st = stat_of(config, row);

	if (row->is_directory)
		return archive_directory(archive, LAYOUT_TREE, path, NULL, err);
	return archive_bytes(
	    archive, LAYOUT_TREE, path, &st, row->bytes.data, row->bytes.len, err);
}

/* The directories that lead to ${path}, but for those that led to ${before}. */
static int
lead_to(struct archive *archive, const char *before, const char *path, struct error *err)
{
	struct buf part = { 0 };
	int rc = 0;

	for (const char *slash = strchr(path, '/'); slash && rc == 0;
	     slash = strchr(slash + 1, '/')) {
		buf_clear(&part);
		rc = buf_append(&part, path, (size_t)(slash - path), err);
		if (rc == 0 && !backup_config_is_below(before, buf_text(&part)))
			rc = archive_directory(
			    archive, LAYOUT_TREE, buf_text(&part), NULL, err);
	}
	buf_free(&part);
	return rc;
}

/*
 * All rows of that place which are below ${directory} ("": all), each with the directories that
 * lead to it; members are called "${prefix}NAME".  What leads to ${directory} itself is there.
 */
static int
send_rows(const struct backup_config *config, struct archive *archive,
    enum configset_where where, const char *directory, const char *prefix,
    struct error *err)
{
	struct buf before = { 0 }, path = { 0 };
	int rc = buf_append(&before, directory, strlen(directory), err);

	for (size_t i = 0; i < config->set.count && rc == 0; i++) {
		const struct configset_row *row = &config->set.rows[i];

		if (row->where != where || !row->is_there ||
		    (directory[0] && !backup_config_is_below(row->name, directory)))
			continue;
		buf_clear(&path);
		rc = buf_printf(&path, err, "%s%s", prefix, row->name);
		if (rc == 0)
			rc = lead_to(archive, buf_text(&before), buf_text(&path), err);
		if (rc == 0)
			rc = send_row(config, archive, row, buf_text(&path), err);
		buf_clear(&before);
		if (rc == 0)
			rc = buf_append(&before, path.data, path.len, err);
	}
	buf_free(&before);
	buf_free(&path);
	return rc;
}

int
backup_configsend_outside(
    const struct backup_config *config, struct archive *archive, struct error *err)
{
	return send_rows(config, archive, CONFIGSET_OUTSIDE, "", LAYOUT_CONFIG "/", err);
}

/* Does ${directory}, absolute, name the link ${path}, or lead to where it leads? */
static int
leads_to(const struct backup_config *config, const char *directory, const char *path,
    bool *is_it, struct error *err)
{
	const struct configset *set = &config->set;
	struct buf name = { 0 };
	struct stat link, st;
	int rc = configpath_inside(set, directory, &name, err);

	*is_it = rc == 0 && strcmp(buf_text(&name), path) == 0;
	buf_free(&name);
	/* in a container there may be something else by that name */
	if (rc == 0 && !*is_it && !set->opt.is_foreign)
		*is_it = stat(directory, &st) == 0 &&
		    fstatat(config->cluster->datadir_fd, path, &link, 0) == 0 &&
		    sys_is_same_file(&st, &link);
	return rc;
}

/*
 * The log directory is no part of the data, and the server of a copy makes its own.  Its
 * settings in all releases by default are "log" and "pg_log".
 */
static int
is_log_directory(
    const struct backup_config *config, const char *path, bool *is_it, struct error *err)
{
	const struct buf *directories = config->log_directories;

	*is_it = strcmp(path, "log") == 0 || strcmp(path, "pg_log") == 0;
	for (size_t i = 0; i < 2 && !*is_it; i++)
		if (directories[i].len > 0 &&
		    leads_to(config, buf_text(&directories[i]), path, is_it, err))
			return -1;
	return 0;
}

int
backup_configsend_link(const struct backup_config *config, struct archive *archive,
    const char *path, bool *is_done, struct error *err)
{
	const struct configset *set = &config->set;
	const struct configset_row *row = configset_find(set, CONFIGSET_LINKED, path);

	*is_done = true;
	if (configset_has_below(set, CONFIGSET_LINKED, path)) {
		/* a directory of which only files are named is no row */
		if (row == NULL &&
		    archive_directory(archive, LAYOUT_TREE, path, NULL, err))
			return -1;
		return send_rows(config, archive, CONFIGSET_LINKED, path, "", err);
	}
	if (row) /* it was said that it cannot be read */
		return 0;
	if (is_log_directory(config, path, is_done, err))
		return -1;
	if (*is_done)
		message_info(
		    "\"%s\" is a symbolic link to the log directory, which is not sent",
		    path);
	return 0;
}

bool
backup_configsend_replaces(const struct backup_config *config, const char *path)
{
	const struct configset *set = &config->set;

	if (!backup_config_is_below(path, LAYOUT_CONFIG))
		return false;
	path += strlen(LAYOUT_CONFIG);
	if (path[0] == '\0')
		return configset_has_below(set, CONFIGSET_OUTSIDE, "");
	return configset_has_below(set, CONFIGSET_OUTSIDE, path + 1) ||
	    configset_has_above(set, CONFIGSET_OUTSIDE, path + 1);
}
