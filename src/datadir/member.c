/*
 * A file is opened first and looked at afterwards, through its descriptor: the server drops,
 * renames and replaces files at any moment, so that whatever was known of a name may be out of date
 * when it is opened.
 */
#include "datadir/member.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>

#include "lib/sys.h"

/* How often a file is read that changed under the reading. */
enum { READ_TRIES = 10 };

/* Open what must be of the kind ${type}, a value of S_IFMT. */
static int
open_kind(int dirfd, const char *name, int flags, mode_t type, enum member_found *found,
    int *fd, struct stat *st, struct error *err)
{
	/* O_NONBLOCK: a fifo under the name of a file must not hold us */
	int opened =
	    openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | flags);

	*found = MEMBER_THERE;
	if (opened == -1) {
		/* ELOOP: a link; ENXIO: a socket; ENOTDIR: no directory */
		if (errno == ENOENT)
			*found = MEMBER_GONE;
		else if (errno == ELOOP || errno == ENXIO || errno == ENOTDIR)
			*found = MEMBER_OTHER;
		else
			return error_set(err, ERROR_IO, errno, "could not open");
		return 0;
	}
	if (fstat(opened, st) == -1) {
		error_set(err, ERROR_IO, errno, "could not stat");
		sys_close(opened);
		return -1;
	}
	if ((st->st_mode & S_IFMT) == type) {
		*fd = opened;
		return 0;
	}
	*found = MEMBER_OTHER;
	sys_close(opened);
	return 0;
}

int
member_open_file(int dirfd, const char *name, enum member_found *found, int *fd,
    struct stat *st, struct error *err)
{
	return open_kind(dirfd, name, 0, S_IFREG, found, fd, st, err);
}

int
member_open_directory(int dirfd, const char *name, enum member_found *found, int *fd,
    struct stat *st, struct error *err)
{
	return open_kind(dirfd, name, O_DIRECTORY, S_IFDIR, found, fd, st, err);
}

int
member_stat(int dirfd, const char *name, enum member_found *found, struct stat *st,
    struct error *err)
{
	*found = MEMBER_THERE;
	if (fstatat(dirfd, name, st, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	if (errno != ENOENT)
		return error_set(err, ERROR_IO, errno, "could not stat");
	*found = MEMBER_GONE;
	return 0;
}

static bool
is_unchanged(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	    a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/*
 * Most small files are replaced by renaming and never change; a few are rewritten in
 * place.  What changes all the time is a log, of which any reading is a part.
 */
static int
read_stable(int fd, struct stat *st, uint8_t *into, size_t room, size_t *len,
    const struct cancel *cancel, struct error *err)
{
	for (int tries = 0; tries < READ_TRIES; tries++) {
		struct stat before = *st;

		if (sys_pread(fd, into, room, 0, len, cancel, err))
			return -1;
		if (fstat(fd, st) == -1)
			return error_set(err, ERROR_IO, errno, "could not stat");
		if (*len == room ||
		    (is_unchanged(st, &before) && (uint64_t)st->st_size == *len))
			break;
	}
	return 0;
}

int
member_read(int fd, struct stat *st, const char *path, uint8_t *into, size_t room,
    size_t *len, struct member_judge *judge, const struct cancel *cancel,
    struct error *err)
{
	unsigned looks = 0;

	do {
		if (read_stable(fd, st, into, room, len, cancel, err))
			return -1;
		looks++;
	} while (judge && !judge->is_whole(judge, path, into, *len) &&
	    settle_wait(&judge->settle, looks));
	return 0;
}
