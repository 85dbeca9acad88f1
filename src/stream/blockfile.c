/*
 * A large file has ranges in many blocks, which several workers read at once with pread().  An
 * atomic count of the holders decides which thread closes the descriptor; no one has to know how
 * many ranges there will be.
 */
#include "stream/blockfile.h"

#include <stdlib.h>

#include "lib/sys.h"
#include "lib/uncached.h"

struct blockfile {
	int fd;
	struct uncached_pages *cached; /* before it was read; NULL: not asked */
	atomic_size_t held;
	struct blockfile_count *count;
};

int
blockfile_new(
    struct blockfile **out, int fd, struct blockfile_count *count, struct error *err)
{
	struct blockfile *f = malloc(sizeof(*f));

	if (f == NULL) {
		sys_close(fd);
		return error_memory(err);
	}
	f->fd = fd;
	f->cached = NULL;
	f->count = count;
	atomic_init(&f->held, 1);
	atomic_fetch_add(&count->open, 1);
	*out = f;
	return 0;
}

void
blockfile_share(struct blockfile *f)
{
	if (f->cached == NULL)
		f->cached = uncached_look(f->fd);
}

struct blockfile *
blockfile_hold(struct blockfile *f)
{
	atomic_fetch_add(&f->held, 1);
	return f;
}

void
blockfile_release(struct blockfile *f)
{
	if (f == NULL || atomic_fetch_sub(&f->held, 1) > 1)
		return;
	uncached_drop_others(f->fd, f->cached);
	sys_close(f->fd);
	atomic_fetch_sub(&f->count->open, 1);
	free(f);
}

int
blockfile_fd(const struct blockfile *f)
{
	return f->fd;
}
