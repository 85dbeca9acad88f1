/*
 * A path from an archive is opened so that no link in it is followed, even one that another process
 * puts there meanwhile.  openat2(2) resolves the directories of the path in one call of the kernel;
 * elsewhere each is opened with O_NOFOLLOW on its own.  The last parent stays open, as most members
 * lie in the same directory as the one before them.
 */
/* openat2(), O_PATH */
#define _GNU_SOURCE
#include "filling/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __linux__
#include <linux/openat2.h>
#include <sys/syscall.h>
#endif

#include "lib/path.h"
#include "lib/sys.h"

#ifndef O_PATH
#define O_PATH O_RDONLY
#endif

_Static_assert((uid_t)BENEATH_SAME == (uid_t)-1 && (gid_t)BENEATH_SAME == (gid_t)-1,
    "what fchown() leaves as it is");

void
beneath_open(struct beneath *b, int root)
{
	*b = (struct beneath){ .root = root, .parent = -1 };
}

void
beneath_close(struct beneath *b)
{
	sys_close(b->parent);
	buf_free(&b->path);
	b->parent = -1;
}

/* Part by part.  *fd is untouched on failure. */
static int
open_parts(int root, char *path, int *fd, struct error *err)
{
	int at = root, next;

	for (char *part = path, *end; part; part = end) {
		end = strchr(part, '/');
		if (end)
			*end = '\0';
		next = openat(at, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (end)
			*end++ = '/';
		if (next == -1)
			error_set(err, ERROR_IO, errno, "could not open its directory");
		if (at != root)
			sys_close(at);
		if (next == -1)
			return -1;
		at = next;
	}
	*fd = at;
	return 0;
}

#ifdef SYS_openat2
/* 1: this system cannot. */
static int
open_at_once(int root, const char *path, int *fd, struct error *err)
{
	const struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve =
		    RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS };
	const long got = syscall(SYS_openat2, root, path, &how, sizeof(how));

	if (got >= 0) {
		*fd = (int)got;
		return 0;
	}
	/* EPERM: a filter of system calls that is older than this one */
	if (errno == ENOSYS || errno == EPERM)
		return 1;
	return error_set(err, ERROR_IO, errno, "could not open its directory");
}
#else
static int
open_at_once(int root, const char *path, int *fd, struct error *err)
{
	(void)root;
	(void)path;
	(void)fd;
	(void)err;
	return 1;
}
#endif

/* The directory of ${path}, kept for the next one, and the name in it. */
static int
enter(struct beneath *b, const char *path, int *parent, const char **name,
    struct error *err)
{
	const char *slash = strrchr(path, '/');
	const size_t len = slash ? (size_t)(slash - path) : 0;
	int rc;

	if (!path_is_plain(path))
		return error_set(
		    err, ERROR_FORMAT, 0, "its path leads out of the directory");
	*name = slash ? slash + 1 : path;
	*parent = slash ? b->parent : b->root;
	if (slash == NULL ||
	    (b->parent != -1 && b->path.len == len &&
		memcmp(b->path.data, path, len) == 0))
		return 0;
	sys_close(b->parent);
	b->parent = -1;
	buf_clear(&b->path);
	if (buf_append(&b->path, path, len, err) || buf_append(&b->path, "", 1, err))
		return -1;
	b->path.len = len;
	rc = open_at_once(b->root, (const char *)b->path.data, &b->parent, err);
	if (rc == 1)
		rc = open_parts(b->root, (char *)b->path.data, &b->parent, err);
	*parent = b->parent;
	return rc;
}

int
beneath_file(struct beneath *b, const char *path, int flags, mode_t mode, int *fd,
    struct error *err)
{
	const char *name;
	int parent;

	if (enter(b, path, &parent, &name, err))
		return -1;
	if ((flags & O_CREAT) != 0)
		flags |= O_EXCL;
	*fd = openat(parent, name, flags | O_NOFOLLOW | O_CLOEXEC, mode);
	return *fd == -1 ? error_set(err, ERROR_IO, errno, "could not open") : 0;
}

int
beneath_directory(struct beneath *b, const char *path, mode_t mode, uid_t uid, gid_t gid,
    struct error *err)
{
	const char *name;
	int parent, fd, rc = 0;

	if (enter(b, path, &parent, &name, err))
		return -1;
	if (mkdirat(parent, name, 0700) == -1)
		return error_set(err, ERROR_IO, errno, "could not create directory");
	/* not by its name: who owns the directory may have put a link there */
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return error_set(err, ERROR_IO, errno, "could not open");
	if (fchown(fd, uid, gid) == -1)
		rc = error_set(err, ERROR_IO, errno, "could not change owner");
	else if (fchmod(fd, mode) == -1)
		rc = error_set(err, ERROR_IO, errno, "could not change mode");
	sys_close(fd);
	return rc;
}

int
beneath_link(struct beneath *b, const char *path, const char *target, struct error *err)
{
	const char *name;
	int parent;

	if (enter(b, path, &parent, &name, err))
		return -1;
	return symlinkat(target, parent, name) == -1 ?
	    error_set(err, ERROR_IO, errno, "could not create symbolic link") :
	    0;
}

int
beneath_rename(struct beneath *b, const char *path, const char *to, struct error *err)
{
	const char *name;
	struct stat st;
	int parent;

	if (enter(b, path, &parent, &name, err))
		return -1;
	if (fstatat(parent, to, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return error_set(err, ERROR_IO, EEXIST, "could not rename");
	return renameat(parent, name, parent, to) == -1 ?
	    error_set(err, ERROR_IO, errno, "could not rename") :
	    0;
}

int
beneath_remove(struct beneath *b, const char *path, struct error *err)
{
	const char *name;
	int parent;

	if (enter(b, path, &parent, &name, err))
		return -1;
	return unlinkat(parent, name, 0) == -1 ?
	    error_set(err, ERROR_IO, errno, "could not remove") :
	    0;
}

int
beneath_owner(
    struct beneath *b, const char *path, uid_t uid, gid_t gid, struct error *err)
{
	const char *name;
	int parent;

	if (enter(b, path, &parent, &name, err))
		return -1;
	return fchownat(parent, name, uid, gid, AT_SYMLINK_NOFOLLOW) == -1 ?
	    error_set(err, ERROR_IO, errno, "could not change owner") :
	    0;
}
