/*
 * Which tablespaces a backup has, and where each of them goes: to where -T says; else to where
 * --tablespaces-in says; else below the new data directory, if it was in the old one; else to where
 * it was.
 */
#include "restore/tablespaces.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/message.h"
#include "cli/options.h"
#include "format/infofile_parse.h"
#include "format/layout.h"
#include "format/summary.h"
#include "lib/buf.h"
#include "lib/number.h"
#include "lib/path.h"
#include "pg/cluster.h"
#include "pg/relfile.h"
#include "restore/conflict.h"
#include "restore/nested.h"

/* ---- which there are ---- */

static int
compare_tablespaces(const void *a, const void *b)
{
	const struct restore_tablespace *one = a, *other = b;

	return (one->oid > other->oid) - (one->oid < other->oid);
}

const struct restore_tablespace *
restore_tablespaces_find(const struct restore_tablespaces *list, uint32_t oid)
{
	const struct restore_tablespace wanted = { .oid = oid };

	return list->count == 0 ? NULL :
				  bsearch(&wanted, list->rows, list->count,
				      sizeof(*list->rows), compare_tablespaces);
}

const struct restore_tablespace *
restore_tablespaces_of(const struct restore_tablespaces *list, const char *path)
{
	static const char below[] = "pg_tblspc/";
	const char *oid = path + sizeof(below) - 1;
	uint64_t number;

	if (strncmp(path, below, sizeof(below) - 1) != 0 ||
	    !number_parse(oid, strcspn(oid, "/"), UINT32_MAX, &number))
		return NULL;
	return restore_tablespaces_find(list, (uint32_t)number);
}

/* ---- where one goes ---- */

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
	    "Unpack the archive with tar, and create the symbolic link pg_tblspc/%" PRIu32
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
	    "Restore it there, without -T, then move it while the server is stopped.");
}

/* The link to it must say where it is. */
static int
no_path(const struct restore_tablespaces *list, uint32_t oid, struct error *err)
{
	error_set(err, ERROR_STATE, 0,
	    "tablespace %" PRIu32
	    " is in the data directory, but the path \"%s\" has a symbolic link",
	    oid, list->opt->pgdata);
	return error_hint(err,
	    "Name the data directory by its own path, or another directory for the tablespace with -T OLD=NEW.");
}

/*
 * If it goes into the data directory: to where?  ${told}: the path that the archive tells, or NULL.
 */
static int
place_nested(struct restore_tablespaces *list, struct restore_tablespace *t,
    const char *told, struct error *err)
{
	const char *path = told;
	struct buf location = { 0 };

	/* what the user moves is to be outside */
	if (t->is_inside || t->moved_to)
		return 0;
	/* the copy takes the place of the original */
	if (path == NULL)
		path = restore_nested_path(list->datadir, t->location);
	if (path == NULL)
		path = restore_nested_path(list->opt->pgdata, t->location);
	if (path == NULL)
		return 0;
	if (!path_is_plain(path))
		return error_set(err, ERROR_FORMAT, 0,
		    "tablespace %" PRIu32 ": \"%s\" is not a path in the data directory",
		    t->oid, path);
	if (list->datadir == NULL)
		return no_path(list, t->oid, err);
	t->nested = strdup(path);
	if (t->nested == NULL ||
	    buf_printf(&location, err, "%s/%s", list->datadir, path)) {
		buf_free(&location);
		return error_memory(err);
	}
	free(t->location);
	t->location = (char *)location.data;
	return 0;
}

/*
 * Its location is what -T says, or where it was: ${location}, or NULL.  ${is_ours}: by an archive of
 * this program.
 */
static int
place_single(const struct restore_tablespaces *list, struct restore_tablespace *t,
    const char *location, bool is_ours, struct error *err)
{
	const char *other =
	    location ? relocations_find(&list->opt->relocations, location) : NULL;

	t->moved_to = other;
	t->is_inside = location && !other && is_inside(t->oid, location);
	if (other == NULL && (location == NULL || (location[0] != '/' && !t->is_inside)))
		return no_place(t->oid, location, err);
	if (other && !is_ours && is_inside(t->oid, location))
		return cannot_move(t->oid, location, err);
	t->location = strdup(other ? other : location);
	return t->location ? 0 : error_memory(err);
}

/*
 * Does --tablespaces-in say where it goes?  Not of one that -T moves, nor of one that comes with the
 * tree of an archive of pg_basebackup, and would not be where the link leads.
 */
static bool
is_placed_in(const struct restore_tablespaces *list, uint32_t oid, const char *location,
    bool is_ours)
{
	if (list->opt->tablespaces_in == NULL)
		return false;
	return location == NULL ||
	    (relocations_find(&list->opt->relocations, location) == NULL &&
		(is_ours || !is_inside(oid, location)));
}

/* Below the directory of --tablespaces-in, or as in a cluster that was unpacked by hand. */
static int
place_in(const struct restore_tablespaces *list, struct restore_tablespace *t,
    struct error *err)
{
	const char *directory = list->opt->tablespaces_in;
	struct buf location = { 0 };
	char text[12];
	int rc;

	snprintf(text, sizeof(text), "%" PRIu32, t->oid);
	t->is_inside = directory[0] != '/';
	rc = t->is_inside ? layout_link_target(&location, text, err) :
			    buf_printf(&location, err, "%s%s%s", directory,
				directory[strlen(directory) - 1] == '/' ? "" : "/", text);
	if (rc) {
		buf_free(&location);
		return -1;
	}
	t->location = (char *)location.data;
	t->moved_to = t->location;
	return 0;
}

/* One more, that was at ${location}; ${info}: of an archive of this program; or NULL. */
static int
tablespaces_add(struct restore_tablespaces *list, uint32_t oid, const char *location,
    const struct infofile *info, struct error *err)
{
	const bool is_ours = info != NULL;
	char text[12];
	struct restore_tablespace row = { .oid = oid };

	if (is_placed_in(list, oid, location, is_ours) ?
		place_in(list, &row, err) :
		place_single(list, &row, location, is_ours, err))
		return -1;
	list->rows[list->count++] = row;
	snprintf(text, sizeof(text), "%" PRIu32, oid);
	return place_nested(list, &list->rows[list->count - 1],
	    is_ours ? infofile_inside(info, text) : NULL, err);
}

/* ---- is each -T of one of them? ---- */

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
		    "Restore without this mapping; then drop the tablespace in the copy and create it again.");
	}
	error_set(
	    err, ERROR_USAGE, 0, "no tablespace of the backup was at \"%s\"", pair->old);
	/* "pg_tblspc/16400", or its number */
	if (pair->old[0] != '/')
		return error_hint(err,
		    "OLD of -T OLD=NEW is the location that \"pg_basetar info\" prints for it, not its link in pg_tblspc; what is in pg_tblspc itself cannot be moved.");
	return error_hint(err, "\"pg_basetar info\" prints where they were.");
}

/* A mapping of no tablespace is a slip of the pen: the one meant would go to its old location. */
static int
check_relocations(const struct restore_tablespaces *list, const struct infofile *info,
    struct error *err)
{
	const struct relocations *pairs = &list->opt->relocations;

	for (size_t i = 0; i < pairs->count; i++) {
		size_t k = 0;

		while (k < list->count && list->rows[k].moved_to != pairs->rows[i].new)
			k++;
		if (k == list->count)
			return no_such_tablespace(pairs, &pairs->rows[i], info, err);
	}
	return 0;
}

/* ---- all of them ---- */

/*
 * Where a tablespace goes may be that of a cluster of another release, as pg_upgrade leaves it:
 * each has a directory of its own there (GetTablespacePath(), src/common/relpath.c).
 */
static bool
is_of_another_release(const struct newdir_guests *guests, int fd, const char *name)
{
	const struct restore_tablespaces_guests *g =
	    (const struct restore_tablespaces_guests *)guests;
	struct stat st;

	return g->version && strcmp(name, g->version->tablespace_dir) != 0 &&
	    relfile_is_release(name) &&
	    fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

static int
tablespaces_begin(struct restore_tablespaces *list, size_t count,
    const struct pg_version *version, struct error *err)
{
	list->guests =
	    (struct restore_tablespaces_guests){ { is_of_another_release }, version };
	list->rows = calloc(count > 0 ? count : 1, sizeof(*list->rows));
	return list->rows ? 0 : error_memory(err);
}

static int
tablespaces_end(
    struct restore_tablespaces *list, const struct infofile *info, struct error *err)
{
	if (list->count > 0)
		qsort(list->rows, list->count, sizeof(*list->rows), compare_tablespaces);
	return check_relocations(list, info, err);
}

int
restore_tablespaces_take_summary(struct restore_tablespaces *list,
    const struct summary_facts *facts, struct error *err)
{
	const struct infofile *info = facts->backup.info;

	if (tablespaces_begin(list, facts->ntablespaces, facts->backup.version, err))
		return -1;
	for (size_t i = 0; i < facts->ntablespaces; i++)
		if (tablespaces_add(list, facts->tablespaces[i].oid,
			facts->tablespaces[i].location, info, err))
			return -1;
	return tablespaces_end(list, info, err);
}

int
restore_tablespaces_take_info(
    struct restore_tablespaces *list, const struct infofile *info, struct error *err)
{
	const struct infofile_pairs *told = &info->tablespaces;
	uint64_t oid;

	if (tablespaces_begin(
		list, told->count, cluster_version(info->server_version), err))
		return -1;
	for (size_t i = 0; i < told->count; i++) {
		if (!number_parse(
			told->rows[i].name, strlen(told->rows[i].name), UINT32_MAX, &oid))
			return error_set(err, ERROR_FORMAT, 0,
			    "\"%s\": no tablespace is \"%s\"", LAYOUT_INFO,
			    told->rows[i].name);
		if (tablespaces_add(list, (uint32_t)oid, told->rows[i].path, info, err))
			return -1;
	}
	return tablespaces_end(list, info, err);
}

/* ---- their directories ---- */

/*
 * An archive that somebody else made could have root give any empty directory to its owner: a
 * location that only the archive names is taken by root if the user says so.
 */
static bool
is_named_by_archive(
    const struct restore_tablespaces *list, const struct restore_tablespace *t)
{
	return geteuid() == 0 && t->moved_to == NULL && !list->opt->original_tablespaces;
}

static int
not_named(const struct restore_tablespace *t, struct error *err)
{
	error_set(err, ERROR_STATE, 0,
	    "tablespace %" PRIu32
	    " was at \"%s\", but only the archive names that directory",
	    t->oid, t->location);
	return error_hint(err,
	    "As root, name the directories of tablespaces with -T OLD=NEW or --tablespaces-in=DIR, or use those in the archive with --original-tablespaces.");
}

static int
check_not_nested(const struct restore_tablespace *t, struct error *err)
{
	if (!restore_nested_is_in_cluster(t->dir.fd))
		return 0;
	error_set(err, ERROR_STATE, 0,
	    "tablespace %" PRIu32 ": \"%s\" is in the data directory of a cluster",
	    t->oid, t->location);
	return error_hint(err, "Name another directory for it with -T OLD=NEW.");
}

/* Is one of the paths that of the other, or of what is below it? */
static bool
do_names_overlap(const char *one, const char *other)
{
	return one && other &&
	    (strcmp(one, other) == 0 || restore_nested_path(one, other) ||
		restore_nested_path(other, one));
}

static int
overlap(const struct restore_tablespace *t, const char *other, struct error *err)
{
	if (strcmp(t->location, other) == 0)
		error_set(err, ERROR_STATE, 0,
		    "tablespace %" PRIu32 ": \"%s\" is named twice", t->oid, other);
	else
		error_set(err, ERROR_STATE, 0,
		    "tablespace %" PRIu32 ": \"%s\" and \"%s\" overlap", t->oid,
		    t->location, other);
	return error_hint(err, "Name a separate directory for each.");
}

/*
 * By the text of the paths, before one of them is made in the other: that would not be empty any
 * more.  What has several paths is found later (restore_directories_check_apart()).
 */
static int
check_names(const struct restore_tablespaces *list, const struct restore_tablespace *t,
    struct error *err)
{
	const char *const taken[] = { list->opt->pgdata, list->datadir,
		list->opt->waldir };

	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		if (do_names_overlap(taken[i], t->location))
			return overlap(t, taken[i], err);
	for (const struct restore_tablespace *other = list->rows; other < t; other++)
		if (!other->is_inside && !other->nested &&
		    do_names_overlap(other->location, t->location))
			return overlap(t, other->location, err);
	return 0;
}

static int
open_tablespace(
    struct restore_tablespaces *list, struct restore_tablespace *t, struct error *err)
{
	if (t->is_inside && t->moved_to)
		message_note("tablespace %" PRIu32 " is in \"%s/%s/%" PRIu32 "\"", t->oid,
		    list->opt->pgdata, LAYOUT_TABLESPACES, t->oid);
	if (t->is_inside || t->nested)
		return 0;
	if (is_named_by_archive(list, t))
		return not_named(t, err);
	if (check_names(list, t, err))
		return -1;
	if (newdir_open(&t->dir, t->location, &list->guests.guests, err)) {
		newdir_explain(t->location, "-T OLD=NEW", err);
		return error_wrap(err, "tablespace %" PRIu32, t->oid);
	}
	if (check_not_nested(t, err))
		return -1;
	if (t->dir.has_guests)
		message_note(
		    "\"%s\" also has the tablespace of another release, which stays: only \"%s\" belongs to this one",
		    t->location, list->guests.version->tablespace_dir);
	return 0;
}

int
restore_tablespaces_open(struct restore_tablespaces *list, struct error *err)
{
	struct error all = { 0 };

	for (size_t i = 0; i < list->count; i++) {
		struct error one = { 0 };

		if (open_tablespace(list, &list->rows[i], &one) == 0)
			continue;
		if (!restore_conflict_is(&one)) {
			*err = one;
			return -1;
		}
		restore_conflict_add(&all, &one);
	}
	if (all.kind == ERROR_NONE)
		return 0;
	*err = all;
	return -1;
}

void
restore_tablespaces_free(struct restore_tablespaces *list, bool forget)
{
	/* what one made on its way others may be in */
	for (size_t i = list->count; i-- > 0;) {
		newdir_close(&list->rows[i].dir, forget);
		free(list->rows[i].location);
		free(list->rows[i].nested);
	}
	free(list->rows);
	list->rows = NULL;
	list->count = 0;
}
