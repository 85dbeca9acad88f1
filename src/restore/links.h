#ifndef PG_BASETAR_RESTORE_LINKS_H
#define PG_BASETAR_RESTORE_LINKS_H

#include <stdbool.h>
#include <time.h>

#include "lib/buf.h"
#include "lib/error.h"

struct pg_version;
struct restore_tablespaces;
struct restore_tree;

/*
 * The links of the tablespaces, and tablespace_map, by which the server makes them anew: both say
 * where the tablespaces are now.
 */
struct restore_links {
	struct buf map; /* tablespace_map of the backup */
	bool has_map;
};

/* Write them.  ${version} is of the backup, NULL: not known; ${mtime} is that of the map. */
MUST_CHECK int restore_links_write(const struct restore_links *,
    struct restore_tree *tree, const struct restore_tablespaces *tablespaces,
    const struct pg_version *version, time_t mtime, struct error *err);

void restore_links_free(struct restore_links *);

#endif
