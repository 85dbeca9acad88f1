#ifndef PG_BASETAR_RUN_PLACE_H
#define PG_BASETAR_RUN_PLACE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "util/error.h"

/* Where a file lies, or will, whatever links lead there. */

/* The directory that holds ${path}, without links; the caller frees it.  NULL: none that
 * can be told. */
char *place_parent(const char *path);

/* Is ${directory}, absolute and without links, the directory ${st}, or below it? */
MUST_CHECK int place_is_inside(const char *directory, const struct stat *st, bool *is_inside,
    struct error *err);

#endif
