/* Where a backup goes: the data directory, that of the WAL, and those of the tablespaces. */
/* realpath() */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/message.h"
#include "cli/place.h"
#include "format/layout.h"
#include "lib/number.h"
#include "lib/sys.h"
#include "pg/cluster.h"
#include "pg/relfile.h"
#include "restore/restore_internal.h"

/* Of tablespaces and WAL it does not show what is in use. */
static int
refused(const char *path, bool is_space, struct error *err)
{
	if (err->sys == ENOTEMPTY)
		error_hint(err,
		    "Name a new or an empty directory%s; if an unfinished restore left what is in it, remove that.",
		    is_space ? " for it with -T OLD=NEW" : "");
	if (err->sys == ENOENT)
		error_hint(err,
		    "The directory that it is to be in does not exist: make that with \"mkdir -p\", or name another place%s.",
		    is_space ? " with -T OLD=NEW" : "");
	return error_wrap(err, "\"%s\"", path);
}

/* ${guests}: what may stay in the place of a tablespace; NULL: of another directory. */
static int
open_place(struct newdir *place, const char *path, const struct newdir_guests *guests,
    struct error *err)
{
	return newdir_open(place, path, guests, err) ?
	    refused(path, guests != NULL, err) :
	    0;
}

/* Its path without links, owned.  NULL: it has none here, as in the root of a container. */
static char *
path_of_datadir(const struct restore *r)
{
	char *path = realpath(r->opt->pgdata, NULL);
	struct stat named, opened;

	if (path && stat(path, &named) == 0 && fstat(r->datadir.fd, &opened) == 0 &&
	    sys_is_same_file(&named, &opened))
		return path;
	free(path);
	return NULL;
}

int
restore_plan_datadir(struct restore *r, struct error *err)
{
	if (open_place(&r->datadir, r->opt->pgdata, NULL, err))
		return error_wrap(err, "data directory");
	r->datadir_path = path_of_datadir(r);
	if (r->opt->waldir && open_place(&r->wal, r->opt->waldir, NULL, err))
		return error_wrap(err, "directory of the WAL");
	return 0;
}

/* ---- tablespaces ---- */

/*
 * Where a tablespace goes may be that of a cluster of another release, as pg_upgrade leaves it:
 * each has a directory of its own there (GetTablespacePath(), src/common/relpath.c).
 */
static bool
is_of_another_release(const struct newdir_guests *guests, int fd, const char *name)
{
	const struct restore_guests *g = (const struct restore_guests *)guests;
	struct stat st;

	return g->version && strcmp(name, g->version->tablespace_dir) != 0 &&
	    relfile_is_release(name) &&
	    fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

/* An archive that somebody else made could have root give any empty directory to its owner. */
static bool
is_named_by_archive(const struct restore *r, const struct restore_space *s)
{
	return geteuid() == 0 && s->moved_to == NULL && !r->opt->original_tablespaces;
}

static int
not_named(const struct restore_space *s, struct error *err)
{
	error_set(err, ERROR_STATE, 0,
	    "tablespace %" PRIu32 " was at \"%s\": only the archive names that place",
	    s->oid, s->location);
	return error_hint(err,
	    "As root, name the places of tablespaces with -T OLD=NEW, or take those in the archive with --original-tablespaces.");
}

static int
open_space(struct restore *r, struct restore_space *s, struct error *err)
{
	if (s->is_inside || s->nested)
		return 0;
	if (is_named_by_archive(r, s))
		return not_named(s, err);
	if (open_place(&s->place, s->location, &r->guests.guests, err))
		return error_wrap(err, "tablespace %" PRIu32, s->oid);
	if (restore_nested_check(s, err))
		return -1;
	if (s->place.has_guests)
		message_note(
		    "\"%s\" has the tablespace of another release too, which stays: nothing but \"%s\" is of this one",
		    s->location, r->guests.version->tablespace_dir);
	return 0;
}

/* As in a cluster that was unpacked by hand: it leads into the directory itself. */
static bool
is_inside(uint32_t oid, const char *location)
{
	char text[12];

	snprintf(text, sizeof(text), "%" PRIu32, oid);
	return layout_is_link_target(location, text);
}

static int
no_place(uint32_t oid, const char *location, struct error *err)
{
	error_set(err, ERROR_STATE, 0,
	    "the archive does not say where tablespace %" PRIu32 " was%s%s", oid,
	    location ? ": " : "", location ? location : "");
	return error_hint(err,
	    "Unpack the archive with tar, and make the link pg_tblspc/%" PRIu32
	    " by hand.",
	    oid);
}

/* Of an archive of pg_basebackup it comes with the tree, and would not be where the link leads. */
static int
cannot_move(uint32_t oid, const char *location, struct error *err)
{
	error_set(err, ERROR_STATE, 0,
	    "tablespace %" PRIu32 " is in the data directory, at \"%s\"", oid, location);
	return error_hint(err,
	    "Restore it to there, without -T, then move it with the server stopped.");
}

/* One more, that was at ${location}; ${info}: of an archive of this program; or NULL. */
static int
add_space(struct restore *r, uint32_t oid, const char *location,
    const struct infofile *info, struct error *err)
{
	const bool is_ours = info != NULL;
	char text[12];
	struct restore_space row = { .oid = oid };
	const char *other =
	    location ? relocations_find(&r->opt->relocations, location) : NULL;

	row.moved_to = other;
	row.is_inside = location && !other && is_inside(oid, location);
	if (other == NULL && (location == NULL || (location[0] != '/' && !row.is_inside)))
		return no_place(oid, location, err);
	if (other && !is_ours && is_inside(oid, location))
		return cannot_move(oid, location, err);
	row.location = strdup(other ? other : location);
	if (row.location == NULL)
		return error_memory(err);
	r->spaces[r->nspaces++] = row;
	snprintf(text, sizeof(text), "%" PRIu32, oid);
	return restore_nested_place(r, &r->spaces[r->nspaces - 1],
	    is_ours ? infofile_inside(info, text) : NULL, err);
}

/* The one meant may be named by its number too, as --without-tablespace of the backup had it. */
static int
no_such_tablespace(const struct relocations *list, const struct relocation *pair,
    const struct infofile *info, struct error *err)
{
	for (size_t i = 0; info && i < info->without.count; i++) {
		const struct infofile_pair *left_out = &info->without.rows[i];

		if (strcmp(left_out->name, pair->old) != 0 &&
		    relocations_find(list, left_out->path) != pair->new)
			continue;
		error_set(err, ERROR_USAGE, 0,
		    "tablespace %s, which was at \"%s\", was left out of the backup",
		    left_out->name, left_out->path);
		return error_hint(err,
		    "Restore without this mapping; in the copy drop the tablespace, and create it anew.");
	}
	error_set(
	    err, ERROR_USAGE, 0, "no tablespace of the backup was at \"%s\"", pair->old);
	return error_hint(err, "\"pg_basetar info\" says where they were.");
}

/* A mapping of no tablespace is a slip of the pen: the one meant would go to its old place. */
static int
check_relocations(const struct restore *r, const struct infofile *info, struct error *err)
{
	const struct relocations *list = &r->opt->relocations;

	for (size_t i = 0; i < list->count; i++) {
		size_t k = 0;

		while (k < r->nspaces && r->spaces[k].moved_to != list->rows[i].new)
			k++;
		if (k == r->nspaces)
			return no_such_tablespace(list, &list->rows[i], info, err);
	}
	return 0;
}

/* The target, that of the WAL, and the tablespaces are numbered. */
static int
take_places(const struct restore *r, struct place *list, struct error *err)
{
	for (size_t i = 0; i < restore_places_count(r); i++) {
		const struct newdir *place = restore_places_at(r, i);

		if (place->path && place_take(&list[i], place->fd, err))
			return error_wrap(err, "\"%s\"", place->path);
	}
	return 0;
}

/* A place that lies in another, or is it, would be mixed with it. */
static int
check_apart(const struct restore *r, struct error *err)
{
	const size_t count = r->nspaces + 2;
	struct place *list = calloc(count, sizeof(*list));
	size_t inner = count, outer;
	int rc;

	if (list == NULL)
		return error_memory(err);
	rc = take_places(r, list, err) ||
		place_find_nested(list, count, &inner, &outer, err) ?
	    -1 :
	    0;
	if (rc == 0 && inner < count) {
		error_set(err, ERROR_STATE, 0, "\"%s\" and \"%s\" overlap",
		    restore_places_at(r, inner)->path, restore_places_at(r, outer)->path);
		rc = error_hint(
		    err, "Name a directory for each that is in none of the others.");
	}
	for (size_t i = 0; i < count; i++)
		place_free(&list[i]);
	free(list);
	return rc;
}

/* As it was when it was opened: a pipe may have waited for long. */
static int
check_still_empty(struct newdir *place, struct error *err)
{
	if (place->path == NULL || newdir_check(place, err) == 0)
		return 0;
	return refused(place->path, false, err);
}

/*
 * Our own archive of a cluster that was unpacked by hand has the content of its tablespaces as
 * of any other; in one of pg_basebackup it comes with the tree, directories and all.
 */
static int
make_inside(struct restore *r, bool is_ours, struct error *err)
{
	char path[sizeof(LAYOUT_TABLESPACES) + 12];
	bool is_made = false;

	for (size_t i = 0; i < r->nspaces && is_ours; i++) {
		if (!r->spaces[i].is_inside)
			continue;
		if (!is_made &&
		    restore_write_directory(
			r, LAYOUT_TABLESPACES, 0700, geteuid(), getegid(), err))
			return -1;
		is_made = r->is_inside_made = true;
		snprintf(path, sizeof(path), "%s/%" PRIu32, LAYOUT_TABLESPACES,
		    r->spaces[i].oid);
		if (restore_write_directory(r, path, 0700, geteuid(), getegid(), err))
			return -1;
	}
	return 0;
}

/* ${info}: of an archive of this program; or NULL. */
static int
open_spaces(struct restore *r, const struct infofile *info, struct error *err)
{
	const bool is_ours = info != NULL;

	r->is_planned = true;
	restore_places_sort(r);
	if (check_relocations(r, info, err) || check_still_empty(&r->datadir, err) ||
	    check_still_empty(&r->wal, err))
		return -1;
	for (size_t i = 0; i < r->nspaces; i++)
		if (open_space(r, &r->spaces[i], err))
			return -1;
	return check_apart(r, err) || restore_owner_settle(r, is_ours, err) ||
		make_inside(r, is_ours, err) || restore_nested_make(r, err) ||
		restore_write_begin(r, err) ?
	    -1 :
	    0;
}

static int
make_room(struct restore *r, size_t count, struct error *err)
{
	r->spaces = calloc(count > 0 ? count : 1, sizeof(*r->spaces));
	return r->spaces ? 0 : error_memory(err);
}

int
restore_plan_summary(
    struct restore *r, const struct summary_facts *facts, struct error *err)
{
	if (make_room(r, facts->ntablespaces, err))
		return -1;
	for (size_t i = 0; i < facts->ntablespaces; i++)
		if (add_space(r, facts->tablespaces[i].oid,
			facts->tablespaces[i].location, facts->backup->info, err))
			return -1;
	r->guests =
	    (struct restore_guests){ { is_of_another_release }, facts->backup->version };
	return open_spaces(r, facts->backup->info, err);
}

int
restore_plan_info(struct restore *r, const struct infofile *info, struct error *err)
{
	const struct infofile_pairs *told = &info->tablespaces;
	uint64_t oid;

	if (make_room(r, told->count, err))
		return -1;
	for (size_t i = 0; i < told->count; i++) {
		if (!number_parse(
			told->rows[i].name, strlen(told->rows[i].name), UINT32_MAX, &oid))
			return error_set(err, ERROR_FORMAT, 0,
			    "\"%s\": no tablespace is \"%s\"", LAYOUT_INFO,
			    told->rows[i].name);
		if (add_space(r, (uint32_t)oid, told->rows[i].path, info, err))
			return -1;
	}
	r->guests = (struct restore_guests){ { is_of_another_release },
		cluster_version(info->server_version) };
	return open_spaces(r, info, err);
}

int
restore_plan_archive(struct restore *r, const char *oid, struct error *err)
{
	char path[sizeof("pg_tblspc/") + 12];

	snprintf(path, sizeof(path), "pg_tblspc/%s", oid);
	if (restore_places_space(r, path))
		return 0;
	if (r->in_place.count == 0 &&
	    restore_write_directory(r, "pg_tblspc", 0700, r->uid, r->gid, err))
		return -1;
	return oidset_add_text(&r->in_place, oid, err) ||
		restore_write_directory(r, path, 0700, r->uid, r->gid, err) ?
	    -1 :
	    0;
}

static int
own(struct restore *r, const char *path, struct error *err)
{
	if (geteuid() != 0)
		return 0;
	return beneath_owner(
		   &r->datadir.beneath, path, (uid_t)r->uid, (gid_t)r->gid, err) ?
	    error_wrap(err, "\"%s\"", path) :
	    0;
}

static int
open_to_group(struct restore *r, const char *path, struct error *err)
{
	int fd, rc = 0;

	if (own(r, path, err))
		return -1;
	if ((r->control_mode & 0040) == 0)
		return 0;
	if (beneath_file(&r->datadir.beneath, path, O_RDONLY | O_DIRECTORY, 0, &fd, err))
		return error_wrap(err, "\"%s\"", path);
	if (fchmod(fd, 0750) == -1)
		rc = error_set(err, ERROR_IO, errno, "could not change mode");
	sys_close(fd);
	return rc == 0 ? 0 : error_wrap(err, "\"%s\"", path);
}

int
restore_plan_owners(struct restore *r, struct error *err)
{
	char path[sizeof(LAYOUT_TABLESPACES) + 12];

	if (r->wal.path && own(r, LAYOUT_WAL, err))
		return -1;
	for (size_t i = 0; i < r->nspaces; i++) {
		if (!r->spaces[i].is_inside || !r->is_inside_made)
			continue;
		snprintf(path, sizeof(path), "%s/%" PRIu32, LAYOUT_TABLESPACES,
		    r->spaces[i].oid);
		if (open_to_group(r, LAYOUT_TABLESPACES, err) ||
		    open_to_group(r, path, err))
			return -1;
	}
	for (size_t i = 0; i < r->in_place.count; i++) {
		snprintf(path, sizeof(path), "pg_tblspc/%" PRIu32, r->in_place.rows[i]);
		if (open_to_group(r, path, err))
			return -1;
	}
	return 0;
}

void
restore_plan_free(struct restore *r, bool forget)
{
	for (size_t i = 0; i < r->nspaces; i++) {
		newdir_close(&r->spaces[i].place, forget);
		free(r->spaces[i].location);
		free(r->spaces[i].nested);
	}
	free(r->spaces);
	oidset_free(&r->in_place);
	free(r->datadir_path);
	newdir_close(&r->wal, forget);
	newdir_close(&r->datadir, forget);
}
