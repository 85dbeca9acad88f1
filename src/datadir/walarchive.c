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
		return error_set(err, ERROR_IO, errno, "WAL file \"%s\"", path);
	return 0;
}

static int
is_archived(int wal_fd, const char *name, bool *is_done, struct error *err)
{
	char path[sizeof("archive_status/.ready") + WALNAME_SIZE];
	bool is_there;

	snprintf(path, sizeof(path), "archive_status/%s.done", name);
	if (exists(wal_fd, path, is_done, err) || *is_done)
		return *is_done ? 0 : -1;
	snprintf(path, sizeof(path), "archive_status/%s.ready", name);
	if (exists(wal_fd, path, &is_there, err))
		return -1;
	/* the segment is looked for last: while it is there it may still be marked */
	if (!is_there && exists(wal_fd, name, &is_there, err))
		return -1;
	*is_done = !is_there;
	return 0;
}

int
walarchive_is_done(int wal_fd, const struct walhistory *history, uint64_t first,
    uint64_t last, uint32_t segment_size, bool *is_done, struct error *err)
{
	char name[WALNAME_SIZE];

	*is_done = true;
	for (uint64_t segno = first; *is_done && segno <= last; segno++) {
		walname_build(name, walhistory_at(history, (segno + 1) * segment_size - 1),
		    segno, segment_size);
		if (is_archived(wal_fd, name, is_done, err))
			return -1;
	}
	return 0;
}
