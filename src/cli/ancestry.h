#ifndef PG_BASETAR_CLI_PLACE_H
#define PG_BASETAR_CLI_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "lib/error.h"

/* Where a file lies, or will, whatever links lead there. */

/*
 * A directory and all that hold it, up to the root.  It is taken while we have the rights that the
 * directory was opened with, and only compared later: whoever we are by then, no comparison can
 * fail, and so pass for "outside".
 */
struct place {
	size_t count; /* 0: no directory, which is inside of nothing */
	struct place_row {
		dev_t device;
		ino_t inode;
	} * rows;
};

/*
 * Of the open directory ${dirfd}.  Above a directory that this user may not search nothing is
 * known, and nothing has to be: what holds it cannot be what this user backs up, whose
 * directories all are searched.  Anything else that fails is an error.  place_free() it.
 */
MUST_CHECK int place_take(struct place *, int dirfd, struct error *err);

/* The same of the directory that holds ${path}. */
MUST_CHECK int place_take_parent(struct place *, const char *path, struct error *err);

/* Is it the directory ${st}, or below it? */
bool place_is_inside(const struct place *, const struct stat *st);

/*
 * Is the directory of one of ${count} places in that of another, or the same?  Then *inner and
 * *outer are the numbers of such two, else *inner is ${count}.
 */
MUST_CHECK int place_find_nested(const struct place *places, size_t count, size_t *inner,
    size_t *outer, struct error *err);

void place_free(struct place *);

/*
 * Is ${path}, or a link that leads to it, one of our own descriptors, like /dev/stdout?  *fd is
 * which, or -1.  To open such a name, or to replace it, is never what is meant by it.
 */
MUST_CHECK int place_descriptor(const char *path, int *fd, struct error *err);

#endif
