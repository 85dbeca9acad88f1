#ifndef PG_BASETAR_FORMAT_SPACELIST_H
#define PG_BASETAR_FORMAT_SPACELIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

/*
 * The tablespaces of a backup, as its members and what describes it name them, each in its
 * own order: so one may have several rows until they are merged.
 */
struct summary_tablespace {
	uint32_t oid;
	const char *location; /* of the original; NULL: not said */
	uint64_t bytes;       /* of its files */
	bool is_in_place;     /* a directory in pg_tblspc: then it has no location */
};

/* All zeros is an empty one. */
struct spacelist {
	size_t count;
	struct summary_tablespace *rows;
};

void spacelist_free(struct spacelist *);

/* One more row; ${location} is borrowed. */
MUST_CHECK int spacelist_add(
    struct spacelist *, uint32_t oid, const char *location, struct error *err);

/*
 * A file of ${bytes} bytes, ${path} as PostgreSQL names it.  If it is in a tablespace, they are
 * counted there.
 */
MUST_CHECK int spacelist_count(
    struct spacelist *, const char *path, uint64_t bytes, struct error *err);

/* Is ${path} of a tablespace, and of which? */
bool spacelist_oid(const char *path, uint32_t *oid);

/* All that names locations has come: those without one are in place. */
void spacelist_rest_in_place(struct spacelist *);

/* What pg_tablespace_location() says of it; ${out} may be used for that.  NULL: not said. */
#define SPACELIST_IN_PLACE 24
const char *spacelist_location(
    const struct summary_tablespace *, char out[SPACELIST_IN_PLACE]);

/* A row for each, in the order of their OIDs. */
void spacelist_merge(struct spacelist *);

#endif
