/* Files, directories and links of a restored cluster, and that they are on the disk. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/message.h"
#include "lib/sys.h"
#include "restore/restore_internal.h"

/* What no file of a cluster has is not given to one: set user, set group, sticky. */
#define MODE 0777U

static bool
is_root(void)
{
	return geteuid() == 0;
}

/* A directory, to be synced when all is in it. */
static int
remember(struct restore *r, struct newdir *place, const char *below, struct error *err)
{
	const size_t n = r->nmade;
	struct restore_made *rows;

	/* room for a power of two, as long as they come one at a time */
	if ((n & (n - 1)) == 0) {
		rows = realloc(r->made, (n ? 2 * n : 1) * sizeof(*rows));
		if (rows == NULL)
			return error_memory(err);
		r->made = rows;
	}
	r->made[n] = (struct restore_made){ place, r->paths.len };
	if (buf_append(&r->paths, below, strlen(below) + 1, err))
		return -1;
	r->nmade++;
	return 0;
}

static int
failed(const struct newdir *place, const char *below, struct error *err)
{
	if (err->sys == EEXIST)
		error_hint(
		    err, "The backup has it twice; \"pg_basetar verify\" reports more.");
	return error_wrap(err, "\"%s/%s\"", place->path, below);
}

/*
 * Files to keep open until they are synced: half of what a process may have open, besides what else
 * it has, four for each directory that is filled; each costs the system a kilobyte or two.
 */
static size_t
files_to_hold(const struct restore *r)
{
	enum { MOST = 16384 };
	const size_t limit = sys_raise_file_limit(),
		     others = 200 + 4 * (r->places.tablespaces.count + 2);

	if (r->opt->no_sync)
		return 0;
	if (limit <= others + 2)
		return 1;
	return (limit - others) / 2 < MOST ? (limit - others) / 2 : MOST;
}

int
restore_write_begin(struct restore *r, struct error *err)
{
	return filepool_new(
	    &r->pool, r->opt->jobs, files_to_hold(r), &r->reading.cancel, err);
}

static int
set_owner_and_mode(int fd, uint32_t mode, uint64_t uid, uint64_t gid, struct error *err)
{
	if (is_root() && fchown(fd, (uid_t)uid, (gid_t)gid) == -1)
		return error_set(err, ERROR_IO, errno, "could not change owner");
	return fchmod(fd, mode & MODE) == -1 ?
	    error_set(err, ERROR_IO, errno, "could not change mode") :
	    0;
}

/*
 * One that a tablespace in the data directory needed earlier, or that has come with it: the tree has
 * it as an empty one; so it has pg_tblspc, which one in place needed.  What the archive has twice
 * itself is a finding.
 */
static int
again(struct newdir *place, const char *below, uint32_t mode, uint64_t uid, uint64_t gid,
    struct error *err)
{
	int fd, rc;

	if (beneath_file(&place->beneath, below, O_RDONLY | O_DIRECTORY, 0, &fd, err))
		return failed(place, below, err);
	rc = set_owner_and_mode(fd, mode | 0700, uid, gid, err);
	sys_close(fd);
	if (rc)
		return failed(place, below, err);
	*err = (struct error){ 0 };
	return 0;
}

int
restore_write_directory(struct restore *r, const char *path, uint32_t mode, uint64_t uid,
    uint64_t gid, struct error *err)
{
	const char *below;
	struct newdir *place;

	if (restore_places_of(&r->places, path, &place, &below, err))
		return -1;
	if (beneath_directory(&place->beneath, below, (mode & MODE) | 0700,
		is_root() ? (uid_t)uid : BENEATH_SAME,
		is_root() ? (gid_t)gid : BENEATH_SAME, err))
		return (r->has_nested || r->in_place.count > 0) &&
			place == &r->places.datadir && err->sys == EEXIST ?
		    again(place, below, mode, uid, gid, err) :
		    failed(place, below, err);
	return remember(r, place, below, err);
}

int
restore_write_link(
    struct restore *r, const char *path, const char *target, struct error *err)
{
	if (beneath_link(&r->places.datadir.beneath, path, target, err) ||
	    (is_root() &&
		beneath_owner(
		    &r->places.datadir.beneath, path, (uid_t)r->uid, (gid_t)r->gid, err)))
		return failed(&r->places.datadir, path, err);
	return 0;
}

int
restore_write_file(struct restore *r, const char *path, uint32_t mode, uint64_t uid,
    uint64_t gid, struct error *err)
{
	const char *below;
	struct newdir *place;
	int fd;

	if (restore_places_of(&r->places, path, &place, &below, err))
		return -1;
	if (beneath_file(&place->beneath, below, O_WRONLY | O_CREAT, 0600, &fd, err))
		return failed(place, below, err);
	buf_clear(&r->shown);
	if (set_owner_and_mode(fd, mode, uid, gid, err) ||
	    buf_printf(&r->shown, err, "%s/%s", place->path, below)) {
		sys_close(fd);
		return failed(place, below, err);
	}
	return filepool_begin(r->pool, fd, buf_text(&r->shown), err);
}

int
restore_write_text(struct restore *r, const char *path, const struct buf *text,
    time_t mtime, struct error *err)
{
	if (mtime == 0)
		mtime = time(NULL);
	if (restore_write_file(r, path, r->control_mode, r->uid, r->gid, err) ||
	    (text->len > 0 && filepool_write(r->pool, text->data, text->len, err)))
		return -1;
	return filepool_end(r->pool, mtime, err);
}

/* ---- sync ---- */

struct syncing {
	struct filepool_sync sync; /* first */
	const struct restore *r;
};

/* In any thread: each path is opened anew. */
static int
sync_one(struct filepool_sync *sync, size_t number, struct error *err)
{
	const struct restore *r = ((struct syncing *)sync)->r;
	const struct restore_made *made = &r->made[number];
	const char *path = (const char *)r->paths.data + made->path;
	struct beneath beneath;
	int fd, rc;

	beneath_open(&beneath, made->place->fd);
	rc = beneath_file(&beneath, path, O_RDONLY | O_DIRECTORY, 0, &fd, err);
	beneath_close(&beneath);
	if (rc == 0) {
		rc = sys_sync_directory(fd, err);
		sys_close(fd);
	}
	return rc == 0 ? 0 : error_wrap(err, "\"%s/%s\"", made->place->path, path);
}

static int
sync_place(const struct newdir *place, struct error *err)
{
	bool is_unsynced = false;

	if (place->path && newdir_sync(place, &is_unsynced, err))
		return error_wrap(err, "\"%s\"", place->path);
	if (is_unsynced)
		message_unsynced(place->path);
	return 0;
}

/* The files that are not synced yet, and so many directories. */
static int
sync_made(struct restore *r, size_t directories, struct error *err)
{
	struct syncing syncing = { { sync_one }, r };

	if (filepool_drain(r->pool, err))
		return -1;
	return r->opt->no_sync ? 0 :
				 filepool_sync(r->pool, &syncing.sync, directories, err);
}

int
restore_write_sync_files(struct restore *r, struct error *err)
{
	return sync_made(r, 0, err);
}

int
restore_write_sync(struct restore *r, struct error *err)
{
	if (sync_made(r, r->nmade, err))
		return -1;
	if (r->opt->no_sync)
		return 0;
	if (sync_place(&r->places.wal, err) || sync_place(&r->places.datadir, err))
		return -1;
	for (size_t i = 0; i < r->places.tablespaces.count; i++)
		if (sync_place(&r->places.tablespaces.rows[i].dir, err))
			return -1;
	return 0;
}
