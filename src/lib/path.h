#ifndef PG_BASETAR_LIB_PATH_H
#define PG_BASETAR_LIB_PATH_H

#include <stdbool.h>

#include "lib/error.h"

/*
 * The directory that holds what ${path} names, and its name there.  Slashes at the end do
 * not count; a name alone is in ".", and the root is "" in "/".  The caller frees both; on
 * failure (ERROR_MEMORY) both are NULL.
 */
MUST_CHECK int path_split(
    const char *path, char **directory, char **name, struct error *err);

/* Is it relative, and has no parts that are empty, "." or ".."? */
bool path_is_plain(const char *path);

/*
 * As strcmp(), in the order in which a tree is walked and sent: by bytes, but what is in a
 * directory comes before what has a longer name.
 */
int path_compare(const char *a, const char *b);

#endif
