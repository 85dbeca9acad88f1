/* realpath() */
#define _DEFAULT_SOURCE
#include "run/output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run/place.h"
#include "sink/outdir.h"
#include "sink/outfd.h"
#include "sink/outfile.h"
#include "sink/rate.h"
#include "sink/record.h"
#include "util/interrupt.h"
#include "util/sys.h"

/* Was standard output closed?  main() has put a descriptor there that cannot be written. */
static bool
is_closed(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags == -1 || (flags & O_ACCMODE) == O_RDONLY;
}

/* Where the shell redirected standard output to, if it is a file and that can be seen. */
static char *
stdout_directory(void)
{
	struct error ignored = { 0 };
	char *path = NULL, *directory = NULL;
	struct stat st;

	if (fstat(STDOUT_FILENO, &st) == 0 && S_ISREG(st.st_mode) &&
	    sys_readlink(AT_FDCWD, "/proc/self/fd/1", &path, &ignored) == 0)
		directory = place_parent(path);
	free(path);
	return directory;
}

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
add_sink(struct output *out, const struct options *opt, struct sink *sink,
    struct error *err)
{
	struct sink **sinks = realloc(out->sinks, (out->count + 1) * sizeof(struct sink *));

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

static int
open_stdout(struct output *out, const struct options *opt, struct cancel *cancel,
    struct error *err)
{
	int fd;

	if (is_closed(STDOUT_FILENO)) {
		error_set(err, ERROR_STATE, 0, "standard output is closed");
		return error_hint(err, "Name the archive with -o FILE, or connect standard output.");
	}
	if (isatty(STDOUT_FILENO)) {
		error_set(err, ERROR_USAGE, 0, "standard output is a terminal");
		return error_hint(err, "Name the archive with -o FILE, or pipe standard output into "
				       "another program.");
	}
	out->directory = stdout_directory();
	fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	if (fd == -1)
		return error_set(err, ERROR_IO, errno, "standard output");
	/* so that the close at the end is the last one, and a reader sees the end */
	close(STDOUT_FILENO);
	if (open("/dev/null", O_RDONLY) == -1)
		errno = 0; /* nobody writes there any more */
	return add_descriptor(out, opt, fd, "standard output", cancel, err);
}

enum { READER_MS = 100 }; /* between two looks for a fifo's reader */

/* False: a signal asks us to end.  One that asks how far we are interrupts the wait. */
static bool
may_wait(void)
{
	struct pollfd ending = { interrupt_fd(), POLLIN, 0 };

	return poll(&ending, 1, READER_MS) == 0 || interrupt_signal() == 0;
}

/* Each open goes by the path: who owns its directory may have put there what is root's. */
static int
check_opened(int fd, const char *path, const struct stat *found, struct error *err)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && sys_is_same_file(&st, found) &&
	    (S_ISCHR(st.st_mode) || S_ISFIFO(st.st_mode)))
		return 0;
	error_set(err, ERROR_STATE, 0, "\"%s\" is another file than it was before", path);
	return error_hint(err, "Nothing was written to it: name a fifo or device that nobody "
			       "replaces.");
}

static int
cannot_open(const char *path, struct error *err)
{
	error_set(err, interrupt_signal() ? ERROR_CANCELLED : ERROR_IO, errno, "\"%s\"", path);
	if (err->sys == EACCES || err->sys == EPERM)
		return error_hint(err, "Choose an output that this user may write to.");
	return -1;
}

/* Open what was ${found} for writing; a fifo once it has a reader, or a signal comes. */
static int
open_in_place(const char *path, const struct stat *found, struct error *err)
{
	int fd, rc;

	do
		fd = open(path, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	while (fd == -1 && errno == ENXIO && S_ISFIFO(found->st_mode) && may_wait());
	if (fd == -1)
		return cannot_open(path, err);
	rc = check_opened(fd, path, found, err);
	if (rc == 0 && fcntl(fd, F_SETFL, 0) == -1)
		rc = error_set(err, ERROR_IO, errno, "\"%s\": fcntl", path);
	if (rc == 0)
		return fd;
	sys_close(fd);
	return -1;
}

/* A character device or fifo that exists is written to, not replaced. */
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
open_file(struct output *out, const struct options *opt, struct cancel *cancel,
    struct error *err)
{
	const struct outfile_options file = { .path = opt->output,
		.force = opt->force,
		.no_sync = opt->no_sync,
		.cancel = cancel };
	struct sink *sink;

	out->directory = place_parent(opt->output);
	if (outfile_open(&sink, &file, err))
		return -1;
	return add_sink(out, opt, sink, err);
}

static int
open_directory(struct output *out, const struct options *opt, struct cancel *cancel,
    struct error *err)
{
	const struct outdir_options dir = { opt->output, opt->no_sync, cancel };

	if (outdir_open(&out->dir, &dir, err))
		return -1;
	out->directory = realpath(opt->output, NULL);
	return out->directory ? 0 : error_set(err, ERROR_IO, errno, "\"%s\"", opt->output);
}

int
output_open(struct output *out, const struct options *opt, struct cancel *cancel,
    struct error *err)
{
	struct stat st;

	*out = (struct output){ .fd = -1 };
	if (open_rate(out, opt, cancel, err))
		return -1;
	if (opt->split)
		return open_directory(out, opt, cancel, err);
	if (opt->output_is_stdout)
		return open_stdout(out, opt, cancel, err);
	if (stat(opt->output, &st) == 0 && (S_ISCHR(st.st_mode) || S_ISFIFO(st.st_mode)))
		return open_device(out, opt, &st, cancel, err);
	return open_file(out, opt, cancel, err);
}

int
output_add(struct output *out, const struct options *opt, const char *name,
    struct error *err)
{
	struct sink *file;

	if (outdir_file(out->dir, name, &file, err))
		return -1;
	return add_sink(out, opt, file, err);
}

int
output_refuse_inside(const struct output *out, const struct stat *inside, const char *what,
    struct error *err)
{
	bool is_inside;

	if (out->directory == NULL)
		return 0;
	if (place_is_inside(out->directory, inside, &is_inside, err))
		return -1;
	if (!is_inside)
		return 0;
	error_set(err, ERROR_STATE, 0, "the output, in \"%s\", is inside %s", out->directory,
	    what);
	return error_hint(err, "Write the backup to a place outside what it backs up.");
}

int
output_wait(const struct output *out, int ms, struct error *err)
{
	struct pollfd fd = { .fd = out->fd };

	if (poll(&fd, 1, ms) <= 0 || (fd.revents & (POLLERR | POLLHUP)) == 0)
		return 0;
	error_set(err, ERROR_IO, EPIPE, "the output");
	return error_hint(err, "The program that reads the backup ended early; its own messages "
			       "say why.");
}

int
output_finish(struct output *out, struct error *err)
{
	for (size_t i = 0; i < out->count; i++)
		if (sink_finish(out->sinks[i], err))
			return -1;
	return out->dir ? outdir_finish(out->dir, err) : 0;
}

void
output_free(struct output *out)
{
	for (size_t i = 0; i < out->count; i++)
		sink_free(out->sinks[i]);
	free(out->sinks);
	outdir_free(out->dir);
	rate_free(out->rate);
	free(out->directory);
}
