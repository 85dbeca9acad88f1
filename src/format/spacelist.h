#ifndef PG_BASETAR_FORMAT_SPACELIST_H
#define PG_BASETAR_FORMAT_SPACELIST_H

#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

/*
 * The tablespaces of a backup, as its members and what describes it tell of them, each in its
 * own order: so one may have several rows until they are merged.
 */
struct summary_tablespace {
	uint32_t oid;
	const char *location; /* of the original; NULL: not told */
	uint64_t bytes;       /* of its files */
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
 * A file of ${bytes} bytes: is ${path}, as PostgreSQL names it, of a tablespace, they are counted
 * there.
 */
MUST_CHECK int spacelist_count(
    struct spacelist *, const char *path, uint64_t bytes, struct error *err);

/* A row for each, in the order of their OIDs. */
void spacelist_merge(struct spacelist *);

#endif
