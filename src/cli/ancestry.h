#ifndef PG_BASETAR_CLI_ANCESTRY_H
#define PG_BASETAR_CLI_ANCESTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "lib/error.h"

/*
 * A directory and all that hold it, up to the root.  It is taken while we have the rights that the
 * directory was opened with, and only compared later: whoever we are by then, no comparison can
 * fail, and so pass for "outside".
 */
struct ancestry {
	size_t count; /* 0: no directory, which is inside of nothing */
	struct ancestry_row {
		dev_t device;
		ino_t inode;
	} * rows;
};

/*
 * Of the open directory ${dirfd}.  Above a directory that this user may not search nothing is
 * known, and nothing has to be: what holds it cannot be what this user backs up, whose
 * directories all are searched.  Anything else that fails is an error.  ancestry_free() it.
 */
MUST_CHECK int ancestry_take(struct ancestry *, int dirfd, struct error *err);

/* The same of the directory that holds ${path}. */
MUST_CHECK int ancestry_take_parent(
    struct ancestry *, const char *path, struct error *err);

/* Is it the directory ${st}, or below it? */
bool ancestry_is_inside(const struct ancestry *, const struct stat *st);

/*
 * Is one of the ${count} directories in another, or the same?  Then *inner and *outer are the
 * numbers of such two, else *inner is ${count}.
 */
MUST_CHECK int ancestry_find_nested(const struct ancestry *dirs, size_t count,
    size_t *inner, size_t *outer, struct error *err);

void ancestry_free(struct ancestry *);

#endif
