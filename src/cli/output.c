/*
 * The output is a descriptor that we were given, a device or fifo that exists, a new file, or a
 * directory of files.  Which one is decided once, in output_open(); after that all of them are
 * sinks.  A new file gets its name when it is complete; only what cannot be replaced is written in
 * place.
 */
#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/message.h"
#include "cli/ownfd.h"
#include "lib/interrupt.h"
#include "lib/sys.h"
#include "stream/outdir.h"
#include "stream/outfd.h"
#include "stream/outfile.h"
#include "stream/rate.h"
#include "stream/record.h"

/* Bytes of a record; 0: there are none. */
static size_t
record_size(const struct options *opt)
{
	return (size_t)opt->blocking_factor * 512;
}

/* The budget comes before the first sink. */
static int
open_rate(struct output *out, const struct options *opt, const struct cancel *cancel,
    struct error *err)
{
	const struct rate_options rate = {
		.bytes_per_second = opt->max_rate,
		.unit = opt->blocking_factor > 0 ? record_size(opt) : 1,
		.cancel = cancel,
	};

	return opt->max_rate > 0 ? rate_open(&out->rate, &rate, err) : 0;
}

/* One more sink, below what all of them have in common.  Takes ${sink}, on failure too. */
static int
add_sink(
    struct output *out, const struct options *opt, struct sink *sink, struct error *err)
{
	struct sink **sinks =
	    realloc(out->sinks, (out->count + 1) * sizeof(struct sink *));

	if (sinks == NULL) {
		sink_free(sink);
		return error_memory(err);
	}
	out->sinks = sinks;
	sinks += out->count++;
	*sinks = sink;
	if (out->rate && rate_push(sinks, out->rate, err))
		return -1;
	return opt->blocking_factor > 0 ? record_push(sinks, record_size(opt), err) : 0;
}

static int
add_descriptor(struct output *out, const struct options *opt, int fd, const char *name,
    const struct cancel *cancel, struct error *err)
{
	struct sink *sink;

	out->fd = fd;
	if (outfd_open(&sink, fd, name, opt->no_sync, cancel, err))
		return -1;
	return add_sink(out, opt, sink, err);
}

/* ---- a descriptor that we were given ---- */

/*
 * Was it closed?  main() has put one there that cannot be written, if it is a standard stream; and
 * one that is closed by exec was not given to us, but is our own of something else.
 */
static bool
is_closed(int fd)
{
	const int flags = fcntl(fd, F_GETFL), kept = fcntl(fd, F_GETFD);

	return flags == -1 || kept == -1 || (flags & O_ACCMODE) == O_RDONLY ||
	    (kept & FD_CLOEXEC) != 0;
}

static int
cannot_tell(const char *name, struct error *err)
{
	error_set(err, ERROR_STATE, 0,
	    "could not find the directory of the file that %s is", name);
	return error_hint(
	    err, "Name the archive with -o FILE, or pipe it through \"cat\".");
}

/*
 * Of the file that the shell redirected to.  It has no name when it was removed, and one that is
 * not in sight when it was opened outside of a container.
 */
static int
take_ancestry(struct output *out, int fd, const char *name, struct error *err)
{
	char link[40], *path;
	struct error why = { 0 };
	struct stat st, its;
	int rc;

	if (fstat(fd, &st) == -1)
		return error_set(err, ERROR_IO, errno, "%s: could not stat", name);
	if (!S_ISREG(st.st_mode) || st.st_nlink == 0)
		return 0;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (sys_readlink(AT_FDCWD, link, &path, &why))
		return cannot_tell(name, err);
	/* a directory that we may not search is not among what we back up (place.h) */
	if (stat(path, &its) == -1)
		rc = errno == EACCES ? 0 : cannot_tell(name, err);
	else if (!sys_is_same_file(&st, &its))
		rc = cannot_tell(name, err);
	else
		rc = ancestry_take_parent(&out->above, path, err);
	free(path);
	return rc;
}

static int
check_descriptor(int fd, const char *name, struct error *err)
{
	if (fd == STDERR_FILENO) {
		error_set(err, ERROR_USAGE, 0,
		    "%s is standard error, where the messages go", name);
		return error_hint(err,
		    "Name the archive with -o FILE, or leave out -o for standard output.");
	}
	if (is_closed(fd)) {
		error_set(err, ERROR_STATE, 0, "%s is %s", name,
		    fd == STDOUT_FILENO ? "closed" : "not open for writing");
		return error_hint(err, "Name the archive with -o FILE, or connect %s.",
		    fd == STDOUT_FILENO ? "standard output" : "that descriptor");
	}
	if (isatty(fd)) {
		error_set(err, ERROR_USAGE, 0, "%s is a terminal", name);
		return error_hint(err,
		    "Name the archive with -o FILE, or pipe %s into another program.",
		    fd == STDOUT_FILENO ? "standard output" : "that descriptor");
	}
	return 0;
}

static int
open_descriptor(struct output *out, const struct options *opt, int given,
    const char *name, struct cancel *cancel, struct error *err)
{
	int fd;

	if (check_descriptor(given, name, err) || take_ancestry(out, given, name, err))
		return -1;
	fd = fcntl(given, F_DUPFD_CLOEXEC, 3);
	if (fd == -1)
		return error_set(
		    err, ERROR_IO, errno, "%s: could not duplicate the descriptor", name);
	/* so that the close at the end is the last one, and a reader sees the end */
	close(given);
	if (given <= STDERR_FILENO && open("/dev/null", O_RDONLY) == -1)
		errno = 0; /* no one writes there any more */
	return add_descriptor(out, opt, fd, name, cancel, err);
}

/* ---- what is there, and is written to ---- */

enum {
	READER_MS = 100,  /* between two looks for a fifo's reader */
	READER_LOOKS = 20 /* that a reader may need which was started together with us */
};

/* False: a signal asks us to end.  One that asks how far we are interrupts the wait. */
static bool
may_wait(void)
{
	struct pollfd ending = { interrupt_fd(), POLLIN, 0 };

	return poll(&ending, 1, READER_MS) == 0 || interrupt_signal() == 0;
}

/* A file of another kind is the archive's, and is made anew. */
static bool
is_written_in_place(const struct stat *st)
{
	return S_ISCHR(st->st_mode) || S_ISFIFO(st->st_mode) || S_ISBLK(st->st_mode);
}

/* Each open goes by the path: who owns its directory may have put there what is root's. */
static int
check_opened(int fd, const char *path, const struct stat *found, struct error *err)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && sys_is_same_file(&st, found) &&
	    is_written_in_place(&st))
		return 0;
	error_set(err, ERROR_STATE, 0, "\"%s\" was replaced by another file", path);
	return error_hint(err,
	    "Nothing was written to it: name a fifo or device that no other program replaces.");
}

static int
output_cannot_open(const char *path, struct error *err)
{
	error_set(err, interrupt_signal() ? ERROR_CANCELLED : ERROR_IO, errno,
	    "could not open \"%s\"", path);
	if (err->sys == EACCES || err->sys == EPERM)
		return error_hint(err, "Choose an output that this user may write to.");
	if (err->sys == EBUSY)
		return error_hint(err,
		    "The device, or a volume on it, is mounted: name a device that is not in use.");
	return -1;
}

/* Open what was ${found} for writing; a fifo once it has a reader, or a signal comes. */
static int
open_in_place(const char *path, const struct stat *found, struct error *err)
{
	/* of a block device O_EXCL asks that nothing be mounted from it (open(2)) */
	const int exclusive = S_ISBLK(found->st_mode) ? O_EXCL : 0;
	int fd, rc, looks = 0;

	do {
		if (looks++ == READER_LOOKS)
			message_note(
			    "waiting for a program that reads the fifo \"%s\"", path);
		fd = open(path, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC | exclusive);
	} while (fd == -1 && errno == ENXIO && S_ISFIFO(found->st_mode) && may_wait());
	if (fd == -1)
		return output_cannot_open(path, err);
	rc = check_opened(fd, path, found, err);
	if (rc == 0 && fcntl(fd, F_SETFL, 0) == -1)
		rc = error_set(
		    err, ERROR_IO, errno, "\"%s\": could not set descriptor flags", path);
	if (rc == 0)
		return fd;
	sys_close(fd);
	return -1;
}

/* A device or fifo that exists is written to, not replaced. */
static int
open_device(struct output *out, const struct options *opt, const struct stat *found,
    struct cancel *cancel, struct error *err)
{
	int fd = open_in_place(opt->output, found, err);

	if (fd == -1)
		return -1;
	if (isatty(fd)) {
		sys_close(fd);
		error_set(err, ERROR_USAGE, 0, "\"%s\" is a terminal", opt->output);
		return error_hint(err, "Name the archive with -o FILE.");
	}
	return add_descriptor(out, opt, fd, opt->output, cancel, err);
}

static int
output_open_file(struct output *out, const struct options *opt, struct cancel *cancel,
    struct error *err)
{
	const struct outfile_options file = { .path = opt->output,
		.force = opt->force,
		.no_sync = opt->no_sync,
		.cancel = cancel };
	struct sink *sink;
	const char *name;

	if (outfile_open(&sink, &file, err))
		return -1;
	if (ancestry_take(&out->above, outfile_directory(sink, &name), err)) {
		sink_free(sink);
		return error_wrap(err, "\"%s\"", opt->output);
	}
	return add_sink(out, opt, sink, err);
}

static int
open_directory(struct output *out, const struct options *opt, struct cancel *cancel,
    struct error *err)
{
	const struct outdir_options dir = { opt->output, opt->no_sync, cancel };

	if (outdir_open(&out->dir, &dir, err))
		return -1;
	if (ancestry_take(&out->above, outdir_directory(out->dir), err))
		return error_wrap(err, "\"%s\"", opt->output);
	return 0;
}

int
output_open(struct output *out, const struct options *opt, struct cancel *cancel,
    struct error *err)
{
	struct stat st;
	int given;

	*out = (struct output){ .name = opt->output ? opt->output : "standard output",
		.fd = -1 };
	if (open_rate(out, opt, cancel, err))
		return -1;
	if (opt->split)
		return open_directory(out, opt, cancel, err);
	if (output_descriptor(opt, &given, err))
		return -1;
	if (given != -1)
		return open_descriptor(out, opt, given, out->name, cancel, err);
	if (opt->output && stat(opt->output, &st) == 0 && is_written_in_place(&st))
		return open_device(out, opt, &st, cancel, err);
	return output_open_file(out, opt, cancel, err);
}

int
output_descriptor(const struct options *opt, int *fd, struct error *err)
{
	*fd = STDOUT_FILENO;
	if (opt->output == NULL)
		return 0;
	*fd = -1;
	return opt->split ? 0 : ownfd_find(opt->output, fd, err);
}

int
output_add(
    struct output *out, const struct options *opt, const char *name, struct error *err)
{
	struct sink *file;

	if (outdir_file(out->dir, name, &file, err))
		return -1;
	return add_sink(out, opt, file, err);
}

int
output_refuse_inside(const struct output *out, const struct stat *inside,
    const char *what, struct error *err)
{
	if (!ancestry_is_inside(&out->above, inside))
		return 0;
	error_set(err, ERROR_STATE, 0, "the output \"%s\" is inside %s", out->name, what);
	return error_hint(err, "Write the backup to a place outside what it backs up.");
}

int
output_wait(const struct output *out, int ms, struct error *err)
{
	struct pollfd fd = { .fd = out->fd };

	if (poll(&fd, 1, ms) <= 0 || (fd.revents & (POLLERR | POLLHUP)) == 0)
		return 0;
	error_set(err, ERROR_IO, EPIPE, "the output");
	return error_hint(err,
	    "The program that reads the backup ended early; its own messages say why.");
}

int
output_finish(struct output *out, struct error *err)
{
	bool is_unsynced = false;

	for (size_t i = 0; i < out->count; i++)
		if (sink_finish(out->sinks[i], err))
			return -1;
	if (out->dir && outdir_finish(out->dir, &is_unsynced, err))
		return -1;
	if (is_unsynced)
		message_unsynced(out->name);
	return 0;
}

void
output_free(struct output *out)
{
	for (size_t i = 0; i < out->count; i++)
		sink_free(out->sinks[i]);
	free(out->sinks);
	outdir_free(out->dir);
	rate_free(out->rate);
	ancestry_free(&out->above);
}
