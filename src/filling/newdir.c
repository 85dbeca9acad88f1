/*
 * A restore fills only directories that were new or empty when it opened them, and keeps their
 * descriptors: what is written goes to the directory that was checked, whatever its path leads to
 * later.  Root gives such a directory to the owner of the backup only if no other user's symbolic
 * link has chosen it.
 */
#include "filling/newdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/sys.h"

/* Of one name: is the directory as good as empty all the same? */
static bool
is_nothing(struct newdir *d, const char *name)
{
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
	    sys_is_lost_found(d->fd, name))
		return true;
	if (d->guests == NULL || !d->guests->may_stay(d->guests, d->fd, name))
		return false;
	d->has_guests = true;
	return true;
}

/* Is there nothing in it that is in the way? */
static int
newdir_look(struct newdir *d, bool *is_empty, struct error *err)
{
	const int again = openat(d->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = again == -1 ? NULL : fdopendir(again);
	struct dirent *entry;
	int rc = 0;

	if (dir == NULL) {
		error_set(err, ERROR_IO, errno, "could not read directory");
		sys_close(again);
		return -1;
	}
	*is_empty = true;
	d->has_guests = false;
	while (*is_empty) {
		errno = 0;
		entry = readdir(dir);
		if (entry == NULL)
			break;
		*is_empty = is_nothing(d, entry->d_name);
	}
	if (*is_empty && errno != 0)
		rc = error_set(err, ERROR_IO, errno, "could not read directory");
	closedir(dir);
	return rc;
}

static bool
has(int fd, const char *name)
{
	struct stat st;

	return fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* What is wrong with a directory is no failed call: ${sys} is for newdir_explain() alone. */
static int
unusable(int sys, const char *what, struct error *err)
{
	error_set(err, ERROR_STATE, 0, "%s", what);
	err->sys = sys;
	return -1;
}

/* pg_control is written last: what has the rest of a cluster was not finished. */
static int
occupied(int fd, struct error *err)
{
	if (has(fd, "global/pg_control")) {
		unusable(EEXIST, "the directory has a cluster", err);
		return error_hint(err, "Name a new or an empty directory.");
	}
	if (has(fd, "PG_VERSION") || has(fd, "pg_basetar.info") ||
	    has(fd, "backup_label")) {
		unusable(EEXIST, "the directory has an unfinished restore", err);
		return error_hint(err,
		    "No server starts on it; remove what is in the directory, and in those of its tablespaces and WAL, then restore again.");
	}
	return unusable(ENOTEMPTY, "the directory is not empty", err);
}

int
newdir_check(struct newdir *dir, struct error *err)
{
	bool is_empty = true;

	return newdir_look(dir, &is_empty, err) || (!is_empty && occupied(dir->fd, err)) ?
	    -1 :
	    0;
}

/* The server must own it, and it is given its mode at the end: too late to find out. */
static int
check_own(int fd, struct error *err)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return error_set(err, ERROR_IO, errno, "could not stat");
	if (geteuid() == 0 || st.st_uid == geteuid())
		return 0;
	unusable(EPERM, "the directory belongs to another user", err);
	return error_hint(err,
	    "Name a directory that belongs to this user, or run pg_basetar as its owner or as root.");
}

/* Not all file systems can lock; there, what the other one makes is found to exist. */
static int
lock(int fd, struct error *err)
{
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
		return 0;
	error_set(err, ERROR_STATE, 0, "another restore is using the directory");
	return error_hint(err,
	    "Either it is named twice, or another pg_basetar is restoring into it.  Name another directory.");
}

static int
open_at_end(struct newdir *dir, struct error *err)
{
	const struct route *way = &dir->route;

	dir->is_made = mkdirat(way->parent, way->name, 0700) == 0;
	if (!dir->is_made && errno != EEXIST)
		return error_set(err, ERROR_STATE, errno, "could not create directory");
	dir->fd = openat(
	    way->parent, way->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir->fd == -1)
		return error_set(err, ERROR_STATE, errno, "could not open");
	return check_own(dir->fd, err) || lock(dir->fd, err) || newdir_check(dir, err) ?
	    -1 :
	    0;
}

int
newdir_open(struct newdir *out, const char *path, const struct newdir_guests *guests,
    struct error *err)
{
	struct newdir dir = {
		.path = path, .fd = -1, .guests = guests, .route = { .parent = -1 }
	};

	beneath_open(&dir.beneath, -1);

	if (route_make(&dir.route, path,
		err)) /* with ENOENT a link on its way leads to nothing */
		return err->sys == ENOENT ?
		    error_set(err, ERROR_STATE, ENOENT, "could not create directory") :
		    -1;
	if (open_at_end(&dir, err)) {
		newdir_close(&dir, true);
		return -1;
	}
	beneath_open(&dir.beneath, dir.fd);
	*out = dir;
	return 0;
}

int
newdir_explain(const char *path, const char *option, struct error *err)
{
	if (err->sys == ENOTEMPTY)
		error_hint(err,
		    "Name a new or an empty directory%s%s; if an unfinished restore left what is in it, remove that.",
		    option ? " for it with " : "", option ? option : "");
	if (err->sys == ENOENT)
		error_hint(err,
		    "After a symbolic link its path leads to nothing: mount that volume, create the directory, or name another%s%s.",
		    option ? " with " : "", option ? option : "");
	return error_wrap(err, "\"%s\"", path);
}

int
newdir_owner(
    const struct newdir *dir, bool *has_owner, uid_t *uid, gid_t *gid, struct error *err)
{
	struct stat st;

	if (fstat(dir->fd, &st) == -1)
		return error_set(err, ERROR_IO, errno, "could not stat");
	*has_owner = !dir->is_made && st.st_uid != 0;
	*uid = st.st_uid;
	*gid = st.st_gid;
	return 0;
}

static int
check_link(
    const struct newdir *dir, const struct stat *st, uid_t owner, struct error *err)
{
	if (!dir->route.has_link ||
	    (dir->route.link_uid == owner && !dir->route.has_others &&
		st->st_uid == owner))
		return 0;
	error_set(err, ERROR_STATE, 0,
	    "a symbolic link of user number %lu leads to the directory",
	    (unsigned long)dir->route.link_uid);
	return error_hint(err,
	    "Root does not give away a directory that such a link chose.  Name it by its own path.");
}

int
newdir_check_owner(const struct newdir *dir, uid_t owner, struct error *err)
{
	struct stat st, chosen;

	/* of one that was made it is the directory it is in that the link chose */
	if (fstat(dir->fd, &st) == -1 ||
	    fstat(dir->is_made ? dir->route.parent : dir->fd, &chosen) == -1)
		return error_set(err, ERROR_IO, errno, "could not stat");
	if (check_link(dir, &chosen, owner, err))
		return -1;
	/* who owns the directory above may have put another in the place of the one that was made */
	if (st.st_uid == 0 || st.st_uid == owner)
		return 0;
	error_set(err, ERROR_STATE, 0,
	    "the directory belongs to user number %lu, the backup to %lu",
	    (unsigned long)st.st_uid, (unsigned long)owner);
	return error_hint(err,
	    "Give the directory to the user that the server runs as, or name its owner with --owner.");
}

static int
settle_one(int fd, uid_t uid, gid_t gid, mode_t mode, struct error *err)
{
	if ((uid != (uid_t)-1 && fchown(fd, uid, gid) == -1) || fchmod(fd, mode) == -1)
		return error_set(err, ERROR_IO, errno, "could not set owner and mode");
	return 0;
}

/* As pg_basebackup has it: what leads to the directory has the owner and the mode of that. */
int
newdir_settle(
    const struct newdir *dir, uid_t uid, gid_t gid, mode_t mode, struct error *err)
{
	for (size_t i = 0; i < dir->route.nmade; i++)
		if (settle_one(dir->route.made[i].fd, uid, gid, mode, err))
			return -1;
	return settle_one(dir->fd, uid, gid, mode, err);
}

/* Whether the one above may not be read is said for any of them. */
static int
sync_made(int fd, bool *is_unsynced, struct error *err)
{
	bool is_above_unsynced = false;
	const int rc = sys_sync_parent(fd, &is_above_unsynced, err);

	*is_unsynced |= is_above_unsynced;
	return rc;
}

int
newdir_sync(const struct newdir *dir, bool *is_unsynced, struct error *err)
{
	*is_unsynced = false;
	if (sys_sync_directory(dir->fd, err) ||
	    (dir->is_made && sync_made(dir->fd, is_unsynced, err)))
		return -1;
	for (size_t i = dir->route.nmade; i-- > 0;)
		if (sync_made(dir->route.made[i].fd, is_unsynced, err))
			return -1;
	return 0;
}

void
newdir_close(struct newdir *dir, bool forget)
{
	if (dir->path == NULL)
		return;
	beneath_close(&dir->beneath);
	sys_close(dir->fd);
	/* this removes an empty directory only: one that something is in stays */
	if (forget && dir->is_made)
		unlinkat(dir->route.parent, dir->route.name, AT_REMOVEDIR);
	if (forget)
		route_unmake(&dir->route);
	route_close(&dir->route);
	*dir = (struct newdir){ .fd = -1, .route = { .parent = -1 } };
}
