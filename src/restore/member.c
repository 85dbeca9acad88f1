/* The members of a backup as they come: checked, and unpacked or kept. */
#include <string.h>

#include "format/layout.h"
#include "pg/relfile.h"
#include "pg/statefile.h"
#include "proof/reading.h"
#include "restore/restore_internal.h"

static struct restore *
restore_of(struct reading *reading)
{
	return (struct restore *)reading;
}

static int
begin(struct reading *reading, int dirfd, struct error *err)
{
	return reading_checker(reading, dirfd, &restore_of(reading)->checker, err);
}

static int
archive(struct reading *reading, const struct archivepart *part, struct error *err)
{
	struct restore *r = restore_of(reading);

	if (part->kind == ARCHIVEPART_TABLESPACE &&
	    restore_plan_archive(r, part->oid, err))
		return -1;
	return checker_archive(r->checker, part, err);
}

/* ---- a member begins ---- */

static int
refuse(const struct tar_entry *entry, const char *fault, struct error *err)
{
	error_set(
	    err, ERROR_FORMAT, 0, "member \"%s\" is refused: %s", entry->name, fault);
	return error_hint(err,
	    "Nothing of it was written.  pg_basetar never writes such a member: find out where the archive comes from.");
}

static int
write_early(struct restore *r, struct error *err)
{
	for (size_t i = 0; i < r->nearly; i++) {
		const struct restore_early *e = &r->early[i];

		if (restore_tree_file(
			&r->tree, e->path, e->mode, r->ownership.all, err) ||
		    (e->text.len > 0 &&
			restore_tree_bytes(&r->tree, e->text.data, e->text.len, err)) ||
		    restore_tree_file_end(&r->tree, e->mtime, err))
			return -1;
	}
	return 0;
}

/* Before the tree of one archive: where do its tablespaces go? */
static int
plan(struct restore *r, enum memberorder_kind kind, struct error *err)
{
	static const struct infofile none;
	const struct infofile *info = checker_backup(r->checker)->info;

	if (r->is_planned || kind < MEMBERORDER_CONFIG)
		return 0;
	/* of several archives only the directory of all tells the places of the others */
	return restore_target_label(
		   &r->target, checker_backup(r->checker)->label, 0, err) ||
		restore_plan_info(r, info && !info->is_split ? info : &none, err) ||
		write_early(r, err) ?
	    -1 :
	    0;
}

/* The links of our own archives are made at the end, to where the tablespaces are then. */
static int
take_link(struct restore *r, const struct tar_entry *entry, struct error *err)
{
	if (restore_tablespaces_of(
		&r->places.tablespaces, checker_member_path(r->checker)))
		return 0;
	return refuse(entry, "a link", err);
}

/* What holds the tablespaces of one archive; they go elsewhere. */
static bool
is_holder(const struct restore *r, const char *path)
{
	const struct infofile *info = checker_backup(r->checker)->info;
	const size_t len = sizeof(LAYOUT_TABLESPACES) - 1;

	return info && !info->is_split && strncmp(path, LAYOUT_TABLESPACES, len) == 0 &&
	    (path[len] == '/' || path[len] == '\0');
}

static int
take_directory(
    struct restore *r, const struct tar_entry *entry, const char *path, struct error *err)
{
	if (is_holder(r, path))
		return 0;
	if (r->places.wal.path && strcmp(path, LAYOUT_WAL) == 0)
		return restore_tree_link(&r->tree, path, r->places.wal.path, err);
	return restore_tree_directory(&r->tree, path, entry->mode, r->ownership.all, err);
}

/* Bytes of settings that somebody wrote with ALTER SYSTEM: far more than there ever are. */
#define SETTINGS_MOST ((size_t)16 * 1024 * 1024)

static void
keep(struct restore *r, size_t most)
{
	r->fate = RESTORE_KEEP;
	r->kept_most = most;
	buf_clear(&r->kept);
}

static int
take_file(
    struct restore *r, const struct tar_entry *entry, const char *path, struct error *err)
{
	const enum memberorder_kind kind = checker_member_kind(r->checker);
	struct owner owner;

	if (is_holder(r, path))
		return refuse(
		    entry, "of a tablespace that pg_basetar.info does not list", err);
	if (restore_settings_replace(r, path))
		return 0;
	if (restore_settings_extend(r, path) ||
	    strcmp(path, RESTORE_RECOVERY_CONF) == 0) {
		keep(r, SETTINGS_MOST);
		return 0;
	}
	if (kind == MEMBERORDER_CONTROL || kind == MEMBERORDER_MAP) {
		if (kind == MEMBERORDER_CONTROL ? r->has_control : r->has_map)
			return refuse(entry, "there twice", err);
		keep(r, memberorder_text_most(kind, path));
		return 0;
	}
	if (!r->is_planned) {
		if (r->nearly == sizeof(r->early) / sizeof(r->early[0]))
			return refuse(entry, "there twice", err);
		r->early[r->nearly] =
		    (struct restore_early){ .mode = entry->mode, .mtime = r->mtime };
		keep(r, memberorder_text_most(kind, path));
		return 0;
	}
	if (restore_settings_file(path))
		r->recovers_by = restore_settings_file(path);
	if (statefile_kind(path) == STATEFILE_ORIGINS)
		r->has_origins = statefile_origins(entry->size) > 0;
	r->fate = RESTORE_WRITE;
	owner = restore_ownership_of(
	    &r->ownership, entry, path, checker_backup(r->checker)->info != NULL);
	return restore_tree_file(&r->tree, path,
	    restore_ownership_mode(&r->ownership, entry, path), owner, err);
}

/*
 * Where a tablespace was is for the archive to say, so that what may be written there is little:
 * the directory of a release, "PG_15_202209061", and what is in it.
 */
static bool
is_astray(const struct restore *r, const struct tar_entry *entry, const char *path)
{
	const char *slash;
	bool is_release;

	if (restore_tablespaces_of(&r->places.tablespaces, path) == NULL)
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

static int
member(struct reading *reading, const struct tar_entry *entry, uint64_t offset,
    bool *is_wanted, struct error *err)
{
	struct restore *r = restore_of(reading);
	const char *path;

	(void)is_wanted;
	if (checker_member(r->checker, entry, offset, err))
		return -1;
	path = checker_member_path(r->checker);
	r->fate = RESTORE_PASS_OVER;
	r->mtime = (time_t)entry->mtime;
	if (checker_member_kind(r->checker) == MEMBERORDER_CONTROL)
		r->ownership.file_mode = entry->mode;
	if (!r->is_planned)
		reading_owner_note(&r->ownership.backup, entry);
	if (checker_member_fault(r->checker))
		return refuse(entry, checker_member_fault(r->checker), err);
	if (plan(r, checker_member_kind(r->checker), err))
		return -1;
	if (is_no_id(entry->uid) || is_no_id(entry->gid))
		return refuse(entry, "no user or group has its number", err);
	if (is_astray(r, entry, path))
		return refuse(
		    entry, "in a tablespace, but not in the directory of a release", err);
	switch (entry->type) {
	case TAR_DIRECTORY:
		return take_directory(r, entry, path, err);
	case TAR_SYMLINK:
		return take_link(r, entry, err);
	default:
		return take_file(r, entry, path, err);
	}
}

/* ---- its body ---- */

static int
bytes(struct reading *reading, const uint8_t *bytes, size_t len, struct error *err)
{
	struct restore *r = restore_of(reading);

	if (checker_bytes(r->checker, bytes, len, err))
		return -1;
	if (r->fate == RESTORE_WRITE)
		return restore_tree_bytes(&r->tree, bytes, len, err);
	if (r->fate == RESTORE_PASS_OVER)
		return 0;
	if (len > r->kept_most - r->kept.len)
		return error_set(err, ERROR_FORMAT, 0, "\"%s\" is implausibly large",
		    checker_member_path(r->checker));
	return buf_append(&r->kept, bytes, len, err);
}

static int
end_kept(struct restore *r, struct error *err)
{
	const enum memberorder_kind kind = checker_member_kind(r->checker);
	struct restore_early *early = &r->early[r->nearly];
	struct buf *to = &r->map;

	if (kind == MEMBERORDER_CONTROL) {
		r->has_control = true;
		r->control_mtime = r->mtime;
		to = &r->control;
	} else if (kind == MEMBERORDER_MAP) {
		r->has_map = true;
	} else if (restore_settings_extend(r, checker_member_path(r->checker))) {
		to = &r->settings;
		buf_clear(to);
	} else if (strcmp(checker_member_path(r->checker), RESTORE_RECOVERY_CONF) == 0) {
		r->has_conf = true;
		r->conf_mtime = r->mtime;
		to = &r->conf;
		buf_clear(to);
	} else {
		early->path = strdup(checker_member_path(r->checker));
		if (early->path == NULL)
			return error_memory(err);
		r->nearly++;
		to = &early->text;
	}
	return buf_append(to, buf_text(&r->kept), r->kept.len, err);
}

static int
member_end(struct reading *reading, struct error *err)
{
	struct restore *r = restore_of(reading);

	if ((r->fate == RESTORE_WRITE &&
		restore_tree_file_end(&r->tree, r->mtime, err)) ||
	    (r->fate == RESTORE_KEEP && end_kept(r, err)))
		return -1;
	r->fate = RESTORE_PASS_OVER;
	return checker_member_end(r->checker, err);
}

static int
archive_end(struct reading *reading, struct error *err)
{
	return checker_archive_end(restore_of(reading)->checker, err);
}

/* The one beside the archives belongs into the directory. */
static int
manifest(struct reading *reading, const uint8_t *bytes, size_t len, struct error *err)
{
	struct restore *r = restore_of(reading);

	if (checker_manifest(r->checker, bytes, len, err))
		return -1;
	if (!r->is_manifest_begun &&
	    restore_tree_file(&r->tree, LAYOUT_MANIFEST,
		0600 | (r->ownership.file_mode & 0040), r->ownership.all, err))
		return -1;
	r->is_manifest_begun = true;
	return len > 0 ? restore_tree_bytes(&r->tree, bytes, len, err) :
			 restore_tree_file_end(&r->tree, time(NULL), err);
}

static int
finish(struct reading *reading, struct error *err)
{
	return checker_finish(restore_of(reading)->checker, err);
}

static int
sync_all(struct reading *reading, struct error *err)
{
	return restore_finish(restore_of(reading), err);
}

const struct reading_ops restore_member_ops = {
	.begin = begin,
	.archive = archive,
	.member = member,
	.bytes = bytes,
	.member_end = member_end,
	.archive_end = archive_end,
	.manifest = manifest,
	.finish = finish,
	.sync = sync_all,
};
