#ifndef PG_BASETAR_STREAM_BLOCKFILE_H
#define PG_BASETAR_STREAM_BLOCKFILE_H

#include <stdatomic.h>
#include <stddef.h>

#include "lib/error.h"

/*
 * A descriptor that several blocks read from.  Each range planned holds it, and so does
 * the planner; who lets go last closes it, on whatever thread that is.
 */
struct blockfile;

/* How many blockfiles are open; outlives all of them. */
struct blockfile_count {
	atomic_size_t open;
};

/* Takes ${fd}, on failure too (ERROR_MEMORY).  The caller holds it once. */
MUST_CHECK int blockfile_new(
    struct blockfile **, int fd, struct blockfile_count *, struct error *err);
/* Several threads are going to read it: what one of them holds another cannot drop (lib/uncached.h). */
void blockfile_share(struct blockfile *);
struct blockfile *blockfile_hold(struct blockfile *);
/* NULL is no file. */
void blockfile_release(struct blockfile *);
int blockfile_fd(const struct blockfile *);

#endif
