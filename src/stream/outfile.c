/*
 * The backup's name in the directory means a whole backup, so the file gets it only when all of it
 * is on the disk.  Until then it is one without a name (O_TMPFILE), which goes away with the
 * process, or has a temporary name where the file system has no such files.  A link gives the name,
 * as it fails if the name exists; a rename replaces what has it.
 */
/* O_TMPFILE: a file without a name; renameat2(): rename that replaces nothing */
#define _GNU_SOURCE
#include "stream/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/path.h"
#include "lib/sys.h"
#include "lib/uncached.h"

struct outfile {
	struct sink sink;
	struct outfile_options opt;
	bool is_part; /* one of several: another gives it its name */
	int fd;
	uint64_t written;
	int dirfd;
	/* what was said of both when they were opened */
	struct stat at_first, dir_at_first;
	double looked; /* when they were last looked at */
	char *base;    /* the name in dirfd */
	char temporary[NAME_MAX +
	    1]; /* what it is called until it is finished; "": nothing */
};

/* Is there still a directory for it to appear in, and the file itself, if it has a name already? */
static int
check_there(const struct outfile *o, struct error *err)
{
	if (sys_is_removed(o->dirfd, &o->dir_at_first)) {
		error_set(err, ERROR_STATE, 0,
		    "\"%s\": its directory was removed during the backup", o->opt.path);
		return error_hint(err,
		    "It looks empty until the backup is complete: a job that removes empty directories must leave it alone.");
	}
	if (o->fd == -1 || !sys_is_removed(o->fd, &o->at_first))
		return 0;
	error_set(err, ERROR_STATE, 0,
	    "\"%s\": its file \"%s\" was removed during the backup", o->opt.path,
	    o->temporary);
	return error_hint(err,
	    "A job that removes old backups must leave the files of a running one alone.");
}

/*
 * In the thread that writes: where a server across the network does not answer, it is held up, but
 * not the one that watches over the slot.
 */
static int
outfile_write(struct sink *s, const void *bytes, size_t len, struct error *err)
{
	struct outfile *o = (struct outfile *)s;

	if (sys_is_due(&o->looked) && check_there(o, err))
		return -1;
	if (sys_write(o->fd, bytes, len, o->opt.cancel, err) == 0 &&
	    uncached_settle(o->fd, o->written, len, err) == 0) {
		o->written += len;
		return 0;
	}
	if (err->sys == ENOSPC || err->sys == EDQUOT)
		error_hint(err, "Make room there, or write the backup elsewhere.");
	return error_wrap(err, "\"%s\"", o->opt.path);
}

static void
outfile_free(struct sink *s)
{
	struct outfile *o = (struct outfile *)s;

	if (o->temporary[0])
		unlinkat(o->dirfd, o->temporary, 0);
	sys_close(o->fd);
	sys_close(o->dirfd);
	free(o->base);
	free(o);
}

/* ---- giving the file its name ---- */

/*
 * Enter the file as NAME.partial.PID.  A run that was killed may have left such a name,
 * and in a container all runs have the same PID: then the next one of a hundred.
 */
static int
take_temporary_name(struct outfile *o, int (*enter)(struct outfile *, const char *name))
{
	char number[16] = "";

	for (int n = 1; n <= 100; n++) {
		/* cut, so that it is no longer than a name may be */
		snprintf(o->temporary, sizeof(o->temporary), "%.200s.partial.%ld%s",
		    o->base, (long)getpid(), number);
		if (enter(o, o->temporary) == 0)
			return 0;
		if (errno != EEXIST)
			break;
		snprintf(number, sizeof(number), ".%d", n);
	}
	o->temporary[0] = '\0'; /* it is not ours to remove */
	return -1;
}

/* Give the nameless file the name ${name}. */
static int
link_nameless(struct outfile *o, const char *name)
{
	char self[40];

	snprintf(self, sizeof(self), "/proc/self/fd/%d", o->fd);
	return linkat(AT_FDCWD, self, o->dirfd, name, AT_SYMLINK_FOLLOW);
}

/* From the temporary name to the final one, unless a file has come to be there. */
static int
rename_to_free_name(const struct outfile *o)
{
	struct stat st;

	if (linkat(o->dirfd, o->temporary, o->dirfd, o->base, 0) == 0) {
		/* the file has its name: that its other one cannot be removed is no failure */
		unlinkat(o->dirfd, o->temporary, 0);
		return 0;
	}
	if (errno == EEXIST)
		return -1;
#ifdef RENAME_NOREPLACE
	/* a file system without hard links */
	if (renameat2(o->dirfd, o->temporary, o->dirfd, o->base, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno == EEXIST)
		return -1;
#endif
	/* nor with that: no one will take this name between a look and a rename */
	if (fstatat(o->dirfd, o->base, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		errno = EEXIST;
		return -1;
	}
	return renameat(o->dirfd, o->temporary, o->dirfd, o->base);
}

static int
give_name(struct outfile *o)
{
	bool is_nameless = o->temporary[0] == '\0';

	if (!o->opt.force)
		return is_nameless ? link_nameless(o, o->base) : rename_to_free_name(o);
	/* a link replaces nothing, a rename does: so a name of its own first */
	if (is_nameless && take_temporary_name(o, link_nameless))
		return -1;
	return renameat(o->dirfd, o->temporary, o->dirfd, o->base);
}

static int
sync_directory(const struct outfile *o, struct error *err)
{
	if (o->opt.no_sync || sys_sync_directory(o->dirfd, err) == 0)
		return 0;
	return error_wrap(err, "\"%s\"", o->opt.path);
}

static int
close_file(struct outfile *o)
{
	int fd = o->fd;

	o->fd = -1;
	return close(fd);
}

/* Others who meet such an error are reading the cluster, and hear of its owner. */
static int
not_permitted(struct error *err)
{
	if (err->sys != EACCES && err->sys != EPERM)
		return -1;
	return error_hint(err,
	    "Choose a directory that this user may write to and may create names in.");
}

/* All that can be done, and can fail, before the file has its name. */
static int
complete(struct outfile *o, struct error *err)
{
	if (check_there(o, err))
		return -1;
	if (!o->opt.no_sync && fsync(o->fd) == -1)
		return error_set(
		    err, ERROR_IO, errno, "\"%s\": could not fsync", o->opt.path);
	uncached_finish(o->fd);
	/* a directory that cannot be synced shows it while the old file still stands */
	if (o->opt.force && sync_directory(o, err))
		return -1;
	if (cancel_is_raised(o->opt.cancel))
		return error_set(err, ERROR_CANCELLED, 0, "interrupted");
	/* across a network a close may be the first to tell that there was no room */
	if (o->temporary[0] && close_file(o) == -1)
		return error_set(
		    err, ERROR_IO, errno, "\"%s\": could not close", o->opt.path);
	return 0;
}

int
outfile_directory(const struct sink *s, const char **name)
{
	const struct outfile *o = (const struct outfile *)s;

	*name = o->base;
	return o->dirfd;
}

static int
is_directory(const struct outfile *o, struct error *err)
{
	error_set(err, ERROR_STATE, EISDIR, "\"%s\"", o->opt.path);
	return error_hint(
	    err, "-o must name the archive itself, not a directory for it.");
}

/* What --force replaces: a link that leads nowhere as well, but none to a device or the like. */
static int
check_kind(const struct outfile *o, struct error *err)
{
	struct stat st;

	if (fstatat(o->dirfd, o->base, &st, 0) == -1 || S_ISREG(st.st_mode))
		return 0;
	return S_ISDIR(st.st_mode) ?
	    is_directory(o, err) :
	    error_set(err, ERROR_STATE, 0, "\"%s\" is not a regular file", o->opt.path);
}

int
outfile_appear(struct sink *s, struct error *err)
{
	struct outfile *o = (struct outfile *)s;

	if (check_there(o, err) || (o->opt.force && check_kind(o, err)))
		return -1;
	if (give_name(o) == 0) {
		o->temporary[0] = '\0';
		return 0;
	}
	if (errno != EEXIST) {
		error_set(err, ERROR_IO, errno,
		    "\"%s\": could not give the file its name", o->opt.path);
		return not_permitted(err);
	}
	error_set(
	    err, ERROR_STATE, 0, "\"%s\" was created during the backup", o->opt.path);
	return error_hint(err,
	    o->is_part ? "Use a directory of its own for each backup." :
			 "Use a name of its own for each backup, or --force.");
}

int
outfile_vanish(struct sink *s, struct error *err)
{
	const struct outfile *o = (const struct outfile *)s;

	if (unlinkat(o->dirfd, o->base, 0) == 0 || errno == ENOENT)
		return 0;
	return error_set(err, ERROR_IO, errno, "\"%s\": could not remove", o->opt.path);
}

/* Who looks for the file only must not take it for the work of a run that went well. */
static int
stays(const struct outfile *o, struct error *err)
{
	return error_hint(err,
	    "\"%s\" exists all the same and is complete, but a crash of the system may remove or damage it: remove it, or sync its file system and verify it.",
	    o->opt.path);
}

static int
outfile_finish(struct sink *s, struct error *err)
{
	struct outfile *o = (struct outfile *)s;
	struct error why = { 0 };

	if (complete(o, err))
		return -1;
	if (o->is_part)
		return 0;
	if (outfile_appear(s, err))
		return -1;
	if (sync_directory(o, err) == 0)
		return 0;
	/* what failed is not to look like a backup, but what it replaced is gone already */
	return o->opt.force || outfile_vanish(s, &why) ? stays(o, err) : -1;
}

static const struct sink_ops outfile_ops = { outfile_write, outfile_finish,
	outfile_free };

/* ---- opening ---- */

/* Open the directory that holds the name, and keep the name in it. */
static int
open_parent(struct outfile *o, struct error *err)
{
	char *parent;

	if (path_split(o->opt.path, &parent, &o->base, err))
		return -1;
	o->dirfd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (o->dirfd == -1) {
		error_set(err,
		    errno == ENOENT || errno == ENOTDIR ? ERROR_STATE : ERROR_IO, errno,
		    "could not open directory \"%s\" of \"%s\"", parent, o->opt.path);
		error_hint(err,
		    "-o must name the archive to be written, in a directory that exists.");
	}
	free(parent);
	return o->dirfd == -1 ? -1 : 0;
}

/* The directory is known, whatever its path leads to by now. */
static int
keep_parent(struct outfile *o, int dirfd, const char *name, struct error *err)
{
	o->base = strdup(name);
	if (o->base == NULL)
		return error_memory(err);
	o->dirfd = fcntl(dirfd, F_DUPFD_CLOEXEC, 0);
	if (o->dirfd == -1)
		return error_set(err, ERROR_IO, errno,
		    "\"%s\": could not duplicate the descriptor of its directory",
		    o->opt.path);
	return 0;
}

static int
check_name(const struct outfile *o, struct error *err)
{
	struct stat st;

	if (o->base[0] == '\0' || o->opt.path[strlen(o->opt.path) - 1] == '/')
		return is_directory(o, err);
	if (fstatat(o->dirfd, o->base, &st, AT_SYMLINK_NOFOLLOW) == -1) {
		if (errno == ENOENT)
			return 0;
		error_set(err, ERROR_IO, errno, "could not stat \"%s\"", o->opt.path);
		return not_permitted(err);
	}
	if (o->is_part) {
		error_set(err, ERROR_STATE, EEXIST, "\"%s\"", o->opt.path);
		return error_hint(err, "Use a directory of its own for each backup.");
	}
	if (check_kind(o, err))
		return -1;
	if (o->opt.force)
		return 0;
	error_set(err, ERROR_STATE, EEXIST, "\"%s\"", o->opt.path);
	return error_hint(
	    err, "Choose another name, or use --force to replace that file.");
}

/* A nameless file, if it can be had and can be given a name later; else -1. */
static int
open_nameless(const struct outfile *o)
{
#ifdef O_TMPFILE
	int fd = openat(o->dirfd, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, o->opt.mode);
	char self[40];

	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	if (fd != -1 && access(self, F_OK) == 0)
		return fd;
	sys_close(fd);
#else
	(void)o;
#endif
	return -1;
}

static int
create_named(struct outfile *o, const char *name)
{
	o->fd = openat(o->dirfd, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, o->opt.mode);
	return o->fd == -1 ? -1 : 0;
}

static int
outfile_open_file(struct outfile *o, struct error *err)
{
	o->fd = open_nameless(o);
	if (o->fd != -1 || take_temporary_name(o, create_named) == 0)
		return 0;
	error_set(err, ERROR_IO, errno,
	    "\"%s\": could not create a file in its directory", o->opt.path);
	return error_hint(
	    err, "Choose a directory that this user may write to and that has room.");
}

static int
look_at_first(struct outfile *o, struct error *err)
{
	if (fstat(o->fd, &o->at_first) == 0 && fstat(o->dirfd, &o->dir_at_first) == 0)
		return 0;
	return error_set(err, ERROR_IO, errno, "\"%s\": could not stat", o->opt.path);
}

/* ${name} NULL: not one of several, and it is where its path leads. */
static int
open_output(struct sink **out, int dirfd, const char *name,
    const struct outfile_options *opt, struct error *err)
{
	struct outfile *o = malloc(sizeof(*o));

	if (o == NULL)
		return error_memory(err);
	*o = (struct outfile){ .sink = { &outfile_ops },
		.opt = *opt,
		.is_part = name != NULL,
		.fd = -1,
		.dirfd = -1 };
	if (o->opt.mode == 0)
		o->opt.mode = 0600;
	if ((name ? keep_parent(o, dirfd, name, err) : open_parent(o, err)) ||
	    check_name(o, err) || outfile_open_file(o, err) || look_at_first(o, err)) {
		outfile_free(&o->sink);
		return -1;
	}
	*out = &o->sink;
	return 0;
}

int
outfile_open(struct sink **out, const struct outfile_options *opt, struct error *err)
{
	return open_output(out, -1, NULL, opt, err);
}

int
outfile_open_part(struct sink **out, int dirfd, const char *name,
    const struct outfile_options *opt, struct error *err)
{
	return open_output(out, dirfd, name, opt, err);
}
