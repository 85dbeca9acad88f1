/*
 * Members arrive in the order of the archive, which is not the order in which they can be written:
 * backup_label and pg_basetar.info wait in memory until the plan is made, pg_control and
 * tablespace_map until the end.  An archive may come from anywhere, so a member that could write
 * outside of its directory stops the restore.
 */
#include "restore/members.h"

#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "format/layout.h"
#include "pg/relfile.h"
#include "pg/statefile.h"
#include "proof/checker.h"
#include "restore/directories.h"
#include "restore/finish.h"
#include "restore/links.h"
#include "restore/ownership.h"
#include "restore/plan.h"
#include "restore/settings.h"
#include "restore/tree.h"

/* ---- a member begins ---- */

static int
members_refuse(const struct tar_entry *entry, const char *fault, struct error *err)
{
	error_set(
	    err, ERROR_FORMAT, 0, "member \"%s\" is refused: %s", entry->name, fault);
	return error_hint(err,
	    "Nothing of it was written.  pg_basetar never writes such a member: find out where the archive comes from.");
}

static int
write_early(struct restore_members *m, struct error *err)
{
	for (size_t i = 0; i < m->nearly; i++) {
		const struct restore_members_early *e = &m->early[i];

		if (restore_tree_file(
			m->tree, e->path, e->mode, m->ownership->all, err) ||
		    (e->text.len > 0 &&
			restore_tree_bytes(m->tree, e->text.data, e->text.len, err)) ||
		    restore_tree_file_end(m->tree, e->mtime, err))
			return -1;
	}
	return 0;
}

/* Before the tree of one archive: where do its tablespaces go? */
static int
plan_tree(struct restore_members *m, enum memberorder_kind kind, struct error *err)
{
	if (m->plan->is_made || kind < MEMBERORDER_CONFIG)
		return 0;
	return restore_plan_make(m->plan, checker_backup(m->checker), err) ||
		write_early(m, err) ?
	    -1 :
	    0;
}

/* The links of our own archives are made at the end, to where the tablespaces are then. */
static int
take_link(struct restore_members *m, const struct tar_entry *entry, struct error *err)
{
	if (restore_tablespaces_of(
		&m->directories->tablespaces, checker_member_path(m->checker)))
		return 0;
	return members_refuse(entry, "it is a symbolic link", err);
}

/* What holds the tablespaces of one archive; they go elsewhere. */
static bool
is_holder(const struct restore_members *m, const char *path)
{
	const struct infofile *info = checker_backup(m->checker)->info;
	const size_t len = sizeof(LAYOUT_TABLESPACES) - 1;

	return info && !info->is_split && strncmp(path, LAYOUT_TABLESPACES, len) == 0 &&
	    (path[len] == '/' || path[len] == '\0');
}

static int
take_directory(struct restore_members *m, const struct tar_entry *entry, const char *path,
    struct error *err)
{
	if (is_holder(m, path))
		return 0;
	if (m->directories->wal.path && strcmp(path, LAYOUT_WAL) == 0)
		return restore_tree_link(m->tree, path, m->directories->wal.path, err);
	return restore_tree_directory(m->tree, path, entry->mode, m->ownership->all, err);
}

static void
members_keep(struct restore_members *m, size_t most)
{
	m->fate = RESTORE_KEEP;
	m->kept_most = most;
	buf_clear(&m->kept);
}

/* It is written when it is known where: until then its text waits. */
static int
keep_early(struct restore_members *m, const struct tar_entry *entry, const char *path,
    struct error *err)
{
	if (m->nearly == sizeof(m->early) / sizeof(m->early[0]))
		return members_refuse(entry, "it exists twice", err);
	m->early[m->nearly] =
	    (struct restore_members_early){ .mode = entry->mode, .mtime = m->mtime };
	members_keep(m, memberorder_text_most(checker_member_kind(m->checker), path));
	return 0;
}

static int
write_file(struct restore_members *m, const struct tar_entry *entry, const char *path,
    struct error *err)
{
	const struct owner owner = restore_ownership_of(
	    m->ownership, entry, path, checker_backup(m->checker)->info != NULL);

	restore_settings_note(m->settings, path);
	if (statefile_kind(path) == STATEFILE_ORIGINS)
		m->has_origins = statefile_origins(entry->size) > 0;
	m->fate = RESTORE_WRITE;
	return restore_tree_file(
	    m->tree, path, restore_ownership_mode(m->ownership, entry, path), owner, err);
}

static int
take_file(struct restore_members *m, const struct tar_entry *entry, const char *path,
    struct error *err)
{
	const enum memberorder_kind kind = checker_member_kind(m->checker);

	if (is_holder(m, path))
		return members_refuse(entry,
		    "it is in a tablespace that pg_basetar.info does not list", err);
	switch (restore_settings_fate(m->settings, path)) {
	case RESTORE_SETTINGS_LEFT:
		return 0;
	case RESTORE_SETTINGS_KEPT:
		members_keep(m, RESTORE_SETTINGS_MOST);
		return 0;
	case RESTORE_SETTINGS_WRITTEN:
		break;
	}
	if (kind == MEMBERORDER_CONTROL || kind == MEMBERORDER_MAP) {
		if (kind == MEMBERORDER_CONTROL ? m->finish->has_control :
						  m->links->has_map)
			return members_refuse(entry, "it exists twice", err);
		members_keep(m, memberorder_text_most(kind, path));
		return 0;
	}
	return m->plan->is_made ? write_file(m, entry, path, err) :
				  keep_early(m, entry, path, err);
}

/*
 * Where a tablespace was is for the archive to say, so that what may be written there is little:
 * the directory of a release, "PG_15_202209061", and what is in it.
 */
static bool
is_astray(
    const struct restore_members *m, const struct tar_entry *entry, const char *path)
{
	const char *slash;
	bool is_release;

	if (restore_tablespaces_of(&m->directories->tablespaces, path) == NULL)
		return false;
	slash = strchr(path + sizeof("pg_tblspc/") - 1, '/');
	if (slash == NULL)
		return false;
	return !relfile_is_of_release(slash + 1, &is_release) ||
	    (is_release && entry->type != TAR_DIRECTORY);
}

/* What no user has; (uid_t)-1 would leave the file to who restores it. */
static bool
is_no_id(uint64_t id)
{
	return id >= UINT32_MAX;
}

int
restore_members_begin(
    struct restore_members *m, const struct tar_entry *entry, struct error *err)
{
	const char *path = checker_member_path(m->checker);

	m->fate = RESTORE_PASS_OVER;
	m->mtime = (time_t)entry->mtime;
	if (checker_member_kind(m->checker) == MEMBERORDER_CONTROL)
		m->ownership->file_mode = entry->mode;
	if (!m->plan->is_made)
		reading_owner_note(&m->ownership->backup, entry);
	if (checker_member_fault(m->checker))
		return members_refuse(entry, checker_member_fault(m->checker), err);
	if (plan_tree(m, checker_member_kind(m->checker), err))
		return -1;
	if (is_no_id(entry->uid) || is_no_id(entry->gid))
		return members_refuse(
		    entry, "the number of its user or group is too large", err);
	if (is_astray(m, entry, path))
		return members_refuse(entry,
		    "it is in a tablespace, but not in the directory of a release", err);
	switch (entry->type) {
	case TAR_DIRECTORY:
		return take_directory(m, entry, path, err);
	case TAR_SYMLINK:
		return take_link(m, entry, err);
	default:
		return take_file(m, entry, path, err);
	}
}

/* ---- its body ---- */

int
restore_members_bytes(
    struct restore_members *m, const uint8_t *bytes, size_t len, struct error *err)
{
	if (m->fate == RESTORE_WRITE)
		return restore_tree_bytes(m->tree, bytes, len, err);
	if (m->fate == RESTORE_PASS_OVER)
		return 0;
	if (len > m->kept_most - m->kept.len)
		return error_set(err, ERROR_FORMAT, 0, "\"%s\" is implausibly large",
		    checker_member_path(m->checker));
	return buf_append(&m->kept, bytes, len, err);
}

/* To those who write it later. */
static int
hand_on_kept(struct restore_members *m, struct error *err)
{
	const enum memberorder_kind kind = checker_member_kind(m->checker);
	const char *path = checker_member_path(m->checker);
	struct restore_members_early *early = &m->early[m->nearly];
	struct buf *to = &m->links->map;

	if (kind == MEMBERORDER_CONTROL) {
		m->finish->has_control = true;
		m->finish->control_mtime = m->mtime;
		to = &m->finish->control;
	} else if (kind == MEMBERORDER_MAP) {
		m->links->has_map = true;
	} else if (restore_settings_fate(m->settings, path) == RESTORE_SETTINGS_KEPT) {
		return restore_settings_keep(m->settings, path, &m->kept, m->mtime, err);
	} else {
		early->path = strdup(path);
		if (early->path == NULL)
			return error_memory(err);
		m->nearly++;
		to = &early->text;
	}
	return buf_append(to, buf_text(&m->kept), m->kept.len, err);
}

int
restore_members_end(struct restore_members *m, struct error *err)
{
	if ((m->fate == RESTORE_WRITE && restore_tree_file_end(m->tree, m->mtime, err)) ||
	    (m->fate == RESTORE_KEEP && hand_on_kept(m, err)))
		return -1;
	m->fate = RESTORE_PASS_OVER;
	return 0;
}

int
restore_members_manifest(
    struct restore_members *m, const uint8_t *bytes, size_t len, struct error *err)
{
	if (!m->is_manifest_begun &&
	    restore_tree_file(m->tree, LAYOUT_MANIFEST,
		0600 | (m->ownership->file_mode & 0040), m->ownership->all, err))
		return -1;
	m->is_manifest_begun = true;
	return len > 0 ? restore_tree_bytes(m->tree, bytes, len, err) :
			 restore_tree_file_end(m->tree, time(NULL), err);
}

void
restore_members_free(struct restore_members *m)
{
	buf_free(&m->kept);
	for (size_t i = 0; i < m->nearly; i++) {
		free(m->early[i].path);
		buf_free(&m->early[i].text);
	}
}
