/*
 * A regular file is read with pread(), so that members can be skipped and its pages need not stay in
 * the page cache; a pipe or a device is read as it comes.  The count of bytes is atomic, because any
 * thread may ask for it.
 */
#include "stream/infile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/sys.h"
#include "lib/uncached.h"

struct infile {
	struct source source;
	struct store store; /* if it can be seeked in */
	int fd;
	bool is_ours;  /* to be closed */
	uint64_t size; /* 0: no regular file, or an empty one */
	bool can_seek; /* a regular file: read from ${first} on, whatever its position */
	uint64_t first;
	/* not a regular file: who opens a fifo later writes what is not this source's */
	bool is_at_end;
	const struct cancel *cancel;
	_Atomic uint64_t done;
};

static int
infile_read(struct source *s, void *into, size_t len, size_t *got, struct error *err)
{
	struct infile *f = (struct infile *)s;

	/* of a regular file no signal ends a read, and a filter may read on for hours */
	if (cancel_is_raised(f->cancel))
		return error_set(err, ERROR_CANCELLED, 0, "interrupted");
	*got = 0;
	if (f->is_at_end)
		return 0;
	if (f->can_seek ? uncached_pread(f->fd, into, len,
			      f->first + atomic_load(&f->done), got, f->cancel, err) :
			  sys_read(f->fd, into, len, got, f->cancel, err))
		return -1;
	f->is_at_end = !f->can_seek && *got < len; /* sys_read() met it */
	atomic_fetch_add(&f->done, *got);
	return 0;
}

static int
infile_skip(struct source *s, uint64_t len, uint64_t *got, struct error *err)
{
	struct infile *f = (struct infile *)s;
	const uint64_t done = atomic_load(&f->done);

	(void)err;
	if (!f->can_seek || done >= f->size)
		return 0;
	*got = len < f->size - done ? len : f->size - done;
	atomic_fetch_add(&f->done, *got);
	return 0;
}

static int
infile_read_at(struct store *s, uint64_t offset, void *into, size_t len, size_t *got,
    struct error *err)
{
	struct infile *f =
	    (struct infile *)((uint8_t *)s - offsetof(struct infile, store));

	if (cancel_is_raised(f->cancel))
		return error_set(err, ERROR_CANCELLED, 0, "interrupted");
	if (offset >= s->size)
		len = 0;
	else if (len > s->size - offset)
		len = (size_t)(s->size - offset);
	*got = 0;
	return len == 0 ?
	    0 :
	    uncached_pread(f->fd, into, len, f->first + offset, got, f->cancel, err);
}

static const struct store_ops infile_store_ops = { infile_read_at };

static void
infile_free(struct source *s)
{
	struct infile *f = (struct infile *)s;

	if (f->is_ours)
		sys_close(f->fd);
	free(f);
}

static const struct source_ops infile_ops = { infile_read, infile_free, infile_skip };

/* What kind of file is it? */
static int
infile_look_at(struct infile *f, struct error *err)
{
	struct stat st;
	off_t at;

	if (fstat(f->fd, &st) == -1)
		return error_set(err, ERROR_IO, errno, "could not stat");
	if (S_ISDIR(st.st_mode))
		return error_set(err, ERROR_STATE, EISDIR, "could not read");
	if (isatty(f->fd)) {
		error_set(err, ERROR_STATE, 0, "is a terminal");
		return error_hint(err, "Pipe the archive in, or name its file.");
	}
	sys_widen_pipe(f->fd);
	f->source.goes_on = S_ISBLK(st.st_mode);
	at = lseek(f->fd, 0, SEEK_CUR);
	if (!S_ISREG(st.st_mode) || at < 0 || st.st_size < at)
		return 0;
	f->can_seek = true;
	f->first = (uint64_t)at;
	f->size = (uint64_t)(st.st_size - at);
	f->store = (struct store){ &infile_store_ops, f->size };
	/* advice: without it the file is read as well, only slower */
	(void)posix_fadvise(f->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	return 0;
}

/* Takes ${fd}, on failure too. */
static int
infile_take(struct source **out, int fd, bool is_ours, const struct cancel *cancel,
    struct error *err)
{
	struct infile *f = calloc(1, sizeof(*f));

	*out = NULL;
	if (f == NULL) {
		if (is_ours)
			sys_close(fd);
		return error_memory(err);
	}
	f->source.ops = &infile_ops;
	f->fd = fd;
	f->is_ours = is_ours;
	f->cancel = cancel;
	if (infile_look_at(f, err)) {
		infile_free(&f->source);
		return -1;
	}
	*out = &f->source;
	return 0;
}

static int
infile_cannot_open(struct error *err)
{
	error_set(err, ERROR_IO, errno, "could not open");
	/* others who meet this are reading the cluster, and hear of its owner */
	return err->sys == EACCES ?
	    error_hint(err,
		"Let this user read the archive, or run pg_basetar as a user that may.") :
	    -1;
}

/* O_NONBLOCK: a fifo would have us wait for who writes to it. */
int
infile_open_at(struct source **out, int dirfd, const char *name,
    const struct cancel *cancel, struct error *err)
{
	int fd = openat(dirfd, name, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	*out = NULL;
	if (fd == -1)
		return infile_cannot_open(err);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return infile_take(out, fd, true, cancel, err);
	sys_close(fd);
	return error_set(err, ERROR_STATE, 0, "is not a regular file");
}

int
infile_open(
    struct source **out, const char *path, const struct cancel *cancel, struct error *err)
{
	int fd;

	if (path == NULL)
		return infile_take(out, STDIN_FILENO, false, cancel, err);
	*out = NULL;
	fd = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	if (fd == -1)
		return infile_cannot_open(err);
	return infile_take(out, fd, true, cancel, err);
}

uint64_t
infile_size(const struct source *s)
{
	return ((const struct infile *)s)->size;
}

uint64_t
infile_done(const struct source *s)
{
	return atomic_load(&((const struct infile *)s)->done);
}

struct store *
infile_store(struct source *s)
{
	struct infile *f = (struct infile *)s;

	return f->can_seek ? &f->store : NULL;
}
