#ifndef PG_BASETAR_BACKUP_CONFIGSEND_H
#define PG_BASETAR_BACKUP_CONFIGSEND_H

#include <stdbool.h>

#include "lib/error.h"

struct archive;
struct backup_config;

/* Configuration files as members of the archive; all of it in the planner's thread. */

/* Those outside the data directory. */
MUST_CHECK int backup_configsend_outside(
    const struct backup_config *, struct archive *, struct error *err);

/*
 * What the symbolic link ${path} of the tree stands for.  *is_done: it was sent, or nothing is to
 * be said of it.
 */
MUST_CHECK int backup_configsend_link(const struct backup_config *, struct archive *,
    const char *path, bool *is_done, struct error *err);

/* Does one of them replace the tree's own ${path}? */
bool backup_configsend_replaces(const struct backup_config *, const char *path);

#endif
