#ifndef PG_BASETAR_PG_TABLESPACE_MAP_H
#define PG_BASETAR_PG_TABLESPACE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/error.h"
#include "pg/cluster.h"

/*
 * tablespace_map: a line for each symbolic link in pg_tblspc, its OID, a blank, and the
 * text of the link; in no order.  A newline or carriage return in that text has a
 * backslash in front, and from 14 on so has a backslash.  (Measured on 10 to 19.)  Up to
 * 13 a text that ends in a backslash therefore swallows the line after it; we read it
 * as the server does.  No tablespace: an empty text.
 */
struct tablespace_map {
	bool is_sorted; /* it was parsed */
	size_t count;
	struct tablespace_row {
		uint32_t oid;
		char *target;
	} * rows;
};

/* Add a row; ${target} is copied.  The caller sees to it that the OID is new. */
MUST_CHECK int tablespace_map_add(
    struct tablespace_map *map, uint32_t oid, const char *target, struct error *err);

/*
 * Rows come out in the order of their OIDs.  ERROR_FORMAT: not a map, or one OID twice.
 * On failure *out is untouched, else to be released by tablespace_map_free().
 */
MUST_CHECK int tablespace_map_parse(const char *text, size_t len,
    const struct pg_version *version, struct tablespace_map *out, struct error *err);

/* Append the file as a server of ${version} writes it, in the order of the rows. */
MUST_CHECK int tablespace_map_build(struct buf *b, const struct tablespace_map *map,
    const struct pg_version *version, struct error *err);

/* The target of that OID, borrowed from ${map}; NULL: no such row. */
const char *tablespace_map_find(const struct tablespace_map *map, uint32_t oid);

void tablespace_map_free(struct tablespace_map *map);

#endif
