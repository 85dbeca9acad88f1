/*
 * Several threads write one restored file, each with its own offset: pwrite() needs no position that
 * they would have to share.
 */
/* sync_file_range() */
#define _GNU_SOURCE
#include "filling/newfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/sys.h"
#include "lib/uncached.h"

int
newfile_take(struct newfile *f, int fd, const char *name, struct error *err)
{
	*f = (struct newfile){ fd, strdup(name) };
	if (f->name)
		return 0;
	sys_close(fd);
	f->fd = -1;
	return error_memory(err);
}

static int
failed(const struct newfile *f, const char *what, struct error *err)
{
	error_set(err, ERROR_IO, errno, "%s", what);
	return error_wrap(err, "\"%s\"", f->name);
}

int
newfile_write(const struct newfile *f, const uint8_t *bytes, size_t len, uint64_t at,
    struct error *err)
{
	for (size_t done = 0; done < len;) {
		const ssize_t n =
		    pwrite(f->fd, bytes + done, len - done, (off_t)(at + done));

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return failed(f, "could not write", err);
		done += (size_t)n;
	}
	return uncached_settle(f->fd, at, len, err) ? error_wrap(err, "\"%s\"", f->name) :
						      0;
}

int
newfile_complete(const struct newfile *f, time_t mtime, struct error *err)
{
	const struct timespec times[2] = { { 0, UTIME_OMIT }, { mtime, 0 } };

	if (futimens(f->fd, times) == -1)
		return failed(f, "could not set its time", err);
#ifdef SYNC_FILE_RANGE_WRITE
	/* it only begins the writing, early: a failure costs time, and the sync still writes all */
	(void)!sync_file_range(f->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
#endif
	return 0;
}

int
newfile_sync(const struct newfile *f, struct error *err)
{
	return fsync(f->fd) == -1 ? failed(f, "could not fsync", err) : 0;
}

int
newfile_close(struct newfile *f, struct error *err)
{
	const int rc = close(f->fd) == -1 ? failed(f, "could not close", err) : 0;

	free(f->name);
	*f = (struct newfile){ .fd = -1 };
	return rc;
}
