/*
 * A large file has ranges in many blocks, which several workers read at once with pread().  An
 * atomic count of the holders decides which thread closes the descriptor; no one has to know how
 * many ranges there will be.
 */
#include "stream/blockfile.h"

#include <stdbool.h>
#include <stdlib.h>

#include "lib/sys.h"
#include "lib/uncached.h"

struct blockfile {
	int fd;
	bool was_cold;
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
	f->was_cold = false;
	f->count = count;
	atomic_init(&f->held, 1);
	atomic_fetch_add(&count->open, 1);
	*out = f;
	return 0;
}

void
blockfile_share(struct blockfile *f)
{
	f->was_cold = uncached_is_cold(f->fd);
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
	if (f->was_cold)
		uncached_finish(f->fd);
	sys_close(f->fd);
	atomic_fetch_sub(&f->count->open, 1);
	free(f);
}

int
blockfile_fd(const struct blockfile *f)
{
	return f->fd;
}
