/*
 * The descriptor may be of a file, a pipe or a device, and fstat() says which: only a file or a
 * block device is synced, as fsync() of a pipe fails with EINVAL (POSIX).
 */
#include "stream/outfd.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/sys.h"

struct outfd {
	struct sink sink;
	int fd;
	bool no_sync;
	const char *name;
	const struct cancel *cancel;
	struct stat at_first;
	double looked;
};

/*
 * The file that the shell redirected to may be removed, and the backup with it.  A fifo or a device
 * node whose name goes is what it was to those who have it open.
 */
static int
check_there(const struct outfd *o, struct error *err)
{
	if (!S_ISREG(o->at_first.st_mode) || !sys_is_removed(o->fd, &o->at_first))
		return 0;
	error_set(
	    err, ERROR_STATE, 0, "%s: its file was removed during the backup", o->name);
	return error_hint(err,
	    "A job that removes old backups must leave the files of a running one alone.");
}

static int
outfd_write(struct sink *s, const void *bytes, size_t len, struct error *err)
{
	struct outfd *o = (struct outfd *)s;

	if (sys_is_due(&o->looked) && check_there(o, err))
		return -1;
	if (sys_write(o->fd, bytes, len, o->cancel, err) == 0)
		return 0;
	if (err->sys == EPIPE)
		error_hint(err,
		    "The program that reads the backup ended early; its own messages say why.");
	return error_wrap(err, "%s", o->name);
}

static int
outfd_finish(struct sink *s, struct error *err)
{
	struct outfd *o = (struct outfd *)s;
	struct stat st;
	int fd = o->fd;

	if (fstat(fd, &st) == -1)
		return error_set(err, ERROR_IO, errno, "%s: could not stat", o->name);
	if (check_there(o, err))
		return -1;
	if (!o->no_sync && (S_ISREG(st.st_mode) || S_ISBLK(st.st_mode)) &&
	    fsync(fd) == -1)
		return error_set(err, ERROR_IO, errno, "%s: could not fsync", o->name);
	o->fd = -1;
	if (close(fd) == -1)
		return error_set(err, ERROR_IO, errno, "%s: could not close", o->name);
	return 0;
}

static void
outfd_free(struct sink *s)
{
	struct outfd *o = (struct outfd *)s;

	sys_close(o->fd);
	free(o);
}

static const struct sink_ops outfd_ops = { outfd_write, outfd_finish, outfd_free };

int
outfd_open(struct sink **out, int fd, const char *name, bool no_sync,
    const struct cancel *cancel, struct error *err)
{
	struct outfd *o = malloc(sizeof(*o));

	if (o == NULL) {
		sys_close(fd);
		return error_memory(err);
	}
	*o = (struct outfd){ .sink = { &outfd_ops },
		.fd = fd,
		.no_sync = no_sync,
		.name = name,
		.cancel = cancel };
	if (fstat(fd, &o->at_first) == -1) {
		error_set(err, ERROR_IO, errno, "%s: could not stat", name);
		sys_close(fd);
		free(o);
		return -1;
	}
	sys_widen_pipe(fd);
	*out = &o->sink;
	return 0;
}
