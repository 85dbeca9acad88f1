#ifndef PG_BASETAR_RESTORE_NESTED_H
#define PG_BASETAR_RESTORE_NESTED_H

#include <stdbool.h>

/*
 * Tablespaces in the data directory itself.  The server warns of such a location, and takes it.  The
 * copy of one belongs into the copy of the directory: what lies in the original's, or in that of any
 * other cluster, is not to be touched.
 */

/*
 * What ${location}, where a tablespace was, is below ${directory}; NULL: it is not below it, or
 * ${directory} is NULL.  By the text alone, the result points into ${location}.
 */
const char *restore_nested_path(const char *directory, const char *location);

/* Does the directory ${fd} lie in the data directory of a cluster? */
bool restore_nested_is_in_cluster(int fd);

#endif
