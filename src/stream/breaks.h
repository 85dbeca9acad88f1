#ifndef PG_BASETAR_STREAM_BREAKS_H
#define PG_BASETAR_STREAM_BREAKS_H

#include "stream/block.h"

/*
 * The writes in which a block that is not encoded leaves, so that a stream that breaks off does
 * not look whole.
 *
 * A pipe takes a large write in pages, and of a process that ends within it has any number of
 * them.  tar programs see a cut in the body of a member; where one member ends and the next has
 * not begun, or within a header, GNU tar takes what is there for all.  So each write but the last
 * of a block is
 *
 *  - a number of BREAKS_PAGE bytes, each of which ends in a body; or
 *  - no more than BREAKS_PAGE, which a pipe takes whole or not at all, and ends in a body; or
 *  - longer, where more headers than that follow each other with no body: up to the next one.
 *
 * The last one ends with the block, which a planner does not end between members (blockpipe.h).
 */
#define BREAKS_PAGE \
	((size_t)4096) /* POSIX has no guarantee for more than Linux's PIPE_BUF */

struct breaks {
	const struct block *block; /* planned and read */
	size_t at;                 /* where the next write begins */
	size_t part;               /* the first that may have something at or after it */
};

/* How long the next write is, and go past it; 0: the block is at its end. */
size_t breaks_next(struct breaks *);

#endif
