/* Where a backup goes: the data directory, that of the WAL, and those of the tablespaces. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "format/layout.h"
#include "lib/sys.h"
#include "restore/restore_internal.h"

/*
 * Our own archive of a cluster that was unpacked by hand has the content of its tablespaces as
 * of any other; in one of pg_basebackup it comes with the tree, directories and all.
 */
static int
make_inside(struct restore *r, bool is_ours, struct error *err)
{
	char path[sizeof(LAYOUT_TABLESPACES) + 12];
	const struct owner ours = { geteuid(), getegid() };
	bool is_made = false;

	for (size_t i = 0; i < r->places.tablespaces.count && is_ours; i++) {
		if (!r->places.tablespaces.rows[i].is_inside)
			continue;
		if (!is_made &&
		    restore_tree_directory(&r->tree, LAYOUT_TABLESPACES, 0700, ours, err))
			return -1;
		is_made = r->is_inside_made = true;
		snprintf(path, sizeof(path), "%s/%" PRIu32, LAYOUT_TABLESPACES,
		    r->places.tablespaces.rows[i].oid);
		if (restore_tree_directory(&r->tree, path, 0700, ours, err))
			return -1;
	}
	return 0;
}

/* The directories that lead to ${path}, and its own; the tree may have them, too. */
static int
make_way(struct restore *r, char *path, struct error *err)
{
	for (char *end = path; end; end = *end ? end : NULL) {
		int rc;

		end += strcspn(end, "/");
		if (*end == '\0')
			return restore_tree_directory_ahead(&r->tree, path, err);
		*end = '\0';
		rc = restore_tree_directory_ahead(&r->tree, path, err);
		*end++ = '/';
		if (rc)
			return -1;
	}
	return 0;
}

static int
make_nested(struct restore *r, struct error *err)
{
	for (size_t i = 0; i < r->places.tablespaces.count; i++) {
		if (r->places.tablespaces.rows[i].nested == NULL)
			continue;
		if (make_way(r, r->places.tablespaces.rows[i].nested, err))
			return error_wrap(err, "tablespace %" PRIu32,
			    r->places.tablespaces.rows[i].oid);
	}
	return 0;
}

/* They are known; ${is_ours}: by an archive of this program. */
static int
open_all(struct restore *r, bool is_ours, struct error *err)
{
	r->is_planned = true;
	return restore_places_check_empty(&r->places, err) ||
		restore_tablespaces_open(&r->places.tablespaces, err) ||
		restore_places_check_apart(&r->places, err) ||
		restore_ownership_settle(&r->ownership, &r->places, is_ours, err) ||
		make_inside(r, is_ours, err) || make_nested(r, err) ||
		restore_tree_begin(&r->tree, err) ?
	    -1 :
	    0;
}

int
restore_plan_summary(
    struct restore *r, const struct summary_facts *facts, struct error *err)
{
	return restore_tablespaces_take_summary(&r->places.tablespaces, facts, err) ||
		open_all(r, facts->backup->info != NULL, err) ?
	    -1 :
	    0;
}

int
restore_plan_info(struct restore *r, const struct infofile *info, struct error *err)
{
	return restore_tablespaces_take_info(&r->places.tablespaces, info, err) ||
		open_all(r, true, err) ?
	    -1 :
	    0;
}

int
restore_plan_archive(struct restore *r, const char *oid, struct error *err)
{
	char path[sizeof("pg_tblspc/") + 12];

	snprintf(path, sizeof(path), "pg_tblspc/%s", oid);
	if (restore_tablespaces_of(&r->places.tablespaces, path))
		return 0;
	if (r->in_place.count == 0 &&
	    restore_tree_directory_ahead(&r->tree, "pg_tblspc", err))
		return -1;
	return oidset_add_text(&r->in_place, oid, err) ||
		restore_tree_directory_ahead(&r->tree, path, err) ?
	    -1 :
	    0;
}

static int
own(struct restore *r, const char *path, struct error *err)
{
	if (geteuid() != 0)
		return 0;
	return beneath_owner(&r->places.datadir.beneath, path, r->ownership.all.uid,
		   r->ownership.all.gid, err) ?
	    error_wrap(err, "\"%s\"", path) :
	    0;
}

static int
open_to_group(struct restore *r, const char *path, struct error *err)
{
	int fd, rc = 0;

	if (own(r, path, err))
		return -1;
	if (restore_ownership_directory_mode(&r->ownership) == 0700)
		return 0;
	if (beneath_file(
		&r->places.datadir.beneath, path, O_RDONLY | O_DIRECTORY, 0, &fd, err))
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

	if (r->places.wal.path && own(r, LAYOUT_WAL, err))
		return -1;
	for (size_t i = 0; i < r->places.tablespaces.count; i++) {
		if (!r->places.tablespaces.rows[i].is_inside || !r->is_inside_made)
			continue;
		snprintf(path, sizeof(path), "%s/%" PRIu32, LAYOUT_TABLESPACES,
		    r->places.tablespaces.rows[i].oid);
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
