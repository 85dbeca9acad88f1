/*
 * The marks are names only, and change while they are looked at: the archiver renames SEGMENT.ready
 * to SEGMENT.done (src/backend/postmaster/pgarch.c).  A rename between the two looks shows neither
 * mark; walarchive_is_done() takes that for not archived yet, and will see it when it is asked
 * again.
 */
#include "datadir/walarchive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "wal/walname.h"

static int
exists(int wal_fd, const char *path, bool *is_there, struct error *err)
{
	struct stat st;

	*is_there = fstatat(wal_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
	if (!*is_there && errno != ENOENT)
		return error_set(
		    err, ERROR_IO, errno, "could not stat WAL file \"%s\"", path);
	return 0;
}

static int
is_marked(
    int wal_fd, const char *name, const char *how, bool *is_there, struct error *err)
{
	char path[sizeof("archive_status/.ready") + WALNAME_SIZE];

	snprintf(path, sizeof(path), "archive_status/%s.%s", name, how);
	return exists(wal_fd, path, is_there, err);
}

int
walarchive_mark(
    int wal_fd, const char *name, enum walarchive_mark *mark, struct error *err)
{
	bool is_done, is_ready;

	if (is_marked(wal_fd, name, "done", &is_done, err) ||
	    is_marked(wal_fd, name, "ready", &is_ready, err))
		return -1;
	/* with both it has been archived, and the server was about to say so */
	*mark = is_done ? WALARCHIVE_DONE : is_ready ? WALARCHIVE_READY : WALARCHIVE_NONE;
	return 0;
}

static int
is_archived(int wal_fd, const char *name, bool *is_done, struct error *err)
{
	enum walarchive_mark mark;
	bool is_there = true;

	if (walarchive_mark(wal_fd, name, &mark, err))
		return -1;
	/* the segment is looked for last: while it is there it may still be marked */
	if (mark == WALARCHIVE_NONE && exists(wal_fd, name, &is_there, err))
		return -1;
	*is_done = mark == WALARCHIVE_DONE || !is_there;
	return 0;
}

int
walarchive_is_done(int wal_fd, const struct walhistory *history, uint64_t first,
    uint64_t last, uint32_t segment_size, bool *is_done, struct error *err)
{
	char name[WALNAME_SIZE];

	*is_done = true;
	for (uint64_t segno = first; *is_done && segno <= last; segno++) {
		walname_build(name,
		    walhistory_at(history, (segno + 1) * segment_size - 1), segno,
		    segment_size);
		if (is_archived(wal_fd, name, is_done, err))
			return -1;
	}
	return 0;
}
