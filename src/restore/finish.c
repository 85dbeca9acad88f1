/*
 * All has come, and is on its way to the disk: may it start?  Then what makes it a cluster is
 * written, pg_control last and when all the rest is synced.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "format/layout.h"
#include "lib/sys.h"
#include "pg/cluster.h"
#include "pg/tablespace_map.h"
#include "restore/restore_internal.h"

/* ---- may it start? ---- */

static int
not_written(const struct restore *r, struct error *err)
{
	return error_hint(err,
	    "pg_control was not written, so that no server starts on \"%s\"; remove what is in it and in the directories of its tablespaces and WAL, then restore again, with --force if you must.",
	    r->places.datadir.path);
}

static int
check_findings(const struct restore *r, struct error *err)
{
	const uint64_t count = checker_findings(r->checker)->count;

	if (count == 0 || r->opt->force)
		return 0;
	error_set(err, ERROR_STATE, 0,
	    "the backup is not restorable: %" PRIu64 " finding%s", count,
	    count == 1 ? "" : "s");
	return not_written(r, err);
}

/* The tablespace is in the backup as well: this is where it was restored to.  NULL: it is not. */
static const char *
restored_to(const struct restore *r, uint32_t oid)
{
	const struct restore_tablespace *space =
	    restore_tablespaces_find(&r->places.tablespaces, oid);

	return space ? space->location : NULL;
}

/* A place that cannot be looked at may be there. */
static bool
is_there(const char *location)
{
	struct stat st;

	return stat(location, &st) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

/* Replay makes the link anew, to where the original has the tablespace, and writes there. */
static int
check_location(
    const struct restore *r, uint32_t oid, const char *location, struct error *err)
{
	const char *ours = restored_to(r, oid);

	if (ours && strcmp(ours, location) == 0)
		return 0;
	if (ours) {
		error_set(err, ERROR_STATE, 0,
		    "the WAL of the backup creates tablespace %" PRIu32
		    " at \"%s\": -T cannot move it",
		    oid, location);
		return error_hint(err,
		    "The server would look for it there, and write there.  Remove what was restored; restore where that place is free, without -T for it, or take another backup.");
	}
	if (!is_there(location))
		return 0;
	error_set(err, ERROR_STATE, 0,
	    "the WAL of the backup creates a tablespace at \"%s\", which is in use here",
	    location);
	return error_hint(err,
	    "The copy would write there, into what may be a running cluster's.  Remove what was restored; restore where that place is free, or take another backup.");
}

static int
check_locations(const struct restore *r, struct error *err)
{
	const char *location;
	uint32_t oid;
	size_t at = 0;

	while (!r->opt->force && checker_next_location(r->checker, &at, &oid, &location))
		if (check_location(r, oid, location, err))
			return -1;
	return 0;
}

/* ---- tablespaces ---- */

static int
write_links(struct restore *r, struct error *err)
{
	char path[32];

	for (size_t i = 0; i < r->places.tablespaces.count; i++) {
		const struct restore_tablespace *s = &r->places.tablespaces.rows[i];

		snprintf(path, sizeof(path), "pg_tblspc/%" PRIu32, s->oid);
		if (restore_tree_link(&r->tree, path, s->location, err))
			return -1;
	}
	return 0;
}

/*
 * The server makes none of these, nor does it need them to start; an archive of pg_basebackup may
 * be of one that lacked them.
 */
static int
make_missing(struct restore *r, struct error *err)
{
	const uint32_t mode = restore_ownership_directory_mode(&r->ownership);

	for (unsigned n = 0; cluster_directory(n); n++) {
		if (!cluster_directory_is_optional(n) ||
		    restore_tree_directory(
			&r->tree, cluster_directory(n), mode, r->ownership.all, err) == 0)
			continue;
		if (err->kind != ERROR_IO || err->sys != EEXIST)
			return -1;
		*err = (struct error){ 0 };
	}
	return 0;
}

/* The server makes the links anew by it: it must name where they lead now. */
static int
build_map(const struct restore *r, struct buf *text, struct error *err)
{
	struct tablespace_map map = { 0 };
	int rc = 0;

	for (size_t i = 0; i < r->places.tablespaces.count && rc == 0; i++)
		rc = tablespace_map_add(&map, r->places.tablespaces.rows[i].oid,
		    r->places.tablespaces.rows[i].location, err);
	if (rc == 0)
		rc = tablespace_map_build(
		    text, &map, checker_backup(r->checker)->version, err);
	tablespace_map_free(&map);
	return rc;
}

/* Does that of the backup say what is so?  Then it stays, to the byte. */
static bool
is_right(const struct restore *r)
{
	const struct pg_version *version = checker_backup(r->checker)->version;
	struct tablespace_map map = { 0 };
	struct error ignored;
	bool is_it = tablespace_map_parse(
			 buf_text(&r->map), r->map.len, version, &map, &ignored) == 0 &&
	    map.count == r->places.tablespaces.count;

	for (size_t i = 0; i < r->places.tablespaces.count && is_it; i++) {
		const char *target =
		    tablespace_map_find(&map, r->places.tablespaces.rows[i].oid);

		is_it =
		    target && strcmp(target, r->places.tablespaces.rows[i].location) == 0;
	}
	tablespace_map_free(&map);
	return is_it;
}

static int
write_map(struct restore *r, struct error *err)
{
	struct buf text = { 0 };
	int rc = 0;

	if (!r->has_map)
		return 0;
	if (checker_backup(r->checker)->version == NULL)
		return error_set(err, ERROR_FORMAT, 0,
		    "the release of the backup is not known, so \"%s\" cannot be written",
		    LAYOUT_MAP);
	if (!is_right(r))
		rc = build_map(r, &text, err);
	else
		rc = buf_append(&text, buf_text(&r->map), r->map.len, err);
	if (rc == 0)
		rc =
		    restore_tree_text(&r->tree, LAYOUT_MAP, &text, r->control_mtime, err);
	buf_free(&text);
	return rc;
}

/* ---- the directories, and pg_control ---- */

/* Those of a cluster are for its owner, or for his group as well; the server sees to that. */
static int
finish_place(const struct restore *r, const struct newdir *place, struct error *err)
{
	const mode_t mode = restore_ownership_directory_mode(&r->ownership);

	if (place->path == NULL)
		return 0;
	if ((geteuid() == 0 &&
		fchown(place->fd, r->ownership.all.uid, r->ownership.all.gid) == -1) ||
	    fchmod(place->fd, mode) == -1) {
		error_set(err, ERROR_IO, errno, "could not set owner and mode");
		return error_wrap(err, "\"%s\"", place->path);
	}
	return 0;
}

static int
finish_places(struct restore *r, struct error *err)
{
	if (finish_place(r, &r->places.datadir, err) ||
	    finish_place(r, &r->places.wal, err) || restore_plan_owners(r, err))
		return -1;
	for (size_t i = 0; i < r->places.tablespaces.count; i++)
		if (finish_place(r, &r->places.tablespaces.rows[i].dir, err))
			return -1;
	return 0;
}

/* Of its directory; whoever wants us to end has come too late for that. */
static int
sync_name(struct restore *r, struct error *err)
{
	int fd, rc;

	if (r->opt->no_sync)
		return 0;
	if (beneath_file(&r->places.datadir.beneath, "global", O_RDONLY | O_DIRECTORY, 0,
		&fd, err))
		return -1;
	rc = sys_sync_directory(fd, err);
	sys_close(fd);
	return rc;
}

/* What was to keep a server from starting could not be undone. */
static void
still_startable(const struct restore *r, struct error *err)
{
	error_hint(err,
	    "pg_control could not be taken away again: a server can start on \"%s\", but a crash of the system may damage it.  Remove what is in it and in the directories of its tablespaces and WAL.",
	    r->places.datadir.path);
}

/*
 * Under another name until it is on the disk.  Once it has its own a server starts: what fails
 * from then on takes it away again.
 */
static int
write_control(struct restore *r, struct error *err)
{
	static const char unfinished[] = LAYOUT_CONTROL ".unfinished";
	struct error why = { 0 };

	if (restore_tree_text(&r->tree, unfinished, &r->control, r->control_mtime, err) ||
	    restore_tree_sync_files(&r->tree, err))
		return -1;
	if (beneath_rename(&r->places.datadir.beneath, unfinished,
		strrchr(LAYOUT_CONTROL, '/') + 1, err))
		return error_wrap(err, "\"%s\"", unfinished);
	if (sync_name(r, err) == 0)
		return 0;
	if (beneath_rename(&r->places.datadir.beneath, LAYOUT_CONTROL,
		strrchr(unfinished, '/') + 1, &why))
		still_startable(r, err);
	return error_wrap(err, "\"%s\"", LAYOUT_CONTROL);
}

int
restore_finish(struct restore *r, struct error *err)
{
	if (check_findings(r, err) || check_locations(r, err) ||
	    restore_target_finish(&r->target, r->checker, err))
		return -1;
	if (!r->has_control) /* even with --force */
		return error_set(err, ERROR_FORMAT, 0,
		    "there is no \"%s\": no server can start", LAYOUT_CONTROL);
	return make_missing(r, err) || write_links(r, err) || write_map(r, err) ||
		restore_settings_write(r, err) || finish_places(r, err) ||
		restore_tree_sync(&r->tree, err) || write_control(r, err) ?
	    -1 :
	    0;
}
