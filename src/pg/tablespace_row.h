#ifndef PG_BASETAR_PG_TABLESPACE_ROW_H
#define PG_BASETAR_PG_TABLESPACE_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pg/page.h"

/*
 * Rows of pg_tablespace, the catalog of tablespaces, as they lie in the pages of its file, which
 * is in global.  pg_filenode.map there says which file that is.
 */
#define TABLESPACE_ROW_RELATION 1213 /* pg_tablespace.h: the OID of the catalog */

/*
 * What a row says of a tablespace.  The transactions that made and removed it have to be looked up
 * in pg_xact, unless a session did that and left a mark in the row; then they are 0 here, or the
 * row is none.
 */
struct tablespace_row {
	uint32_t oid;
	uint32_t made_by;    /* 0: it was committed */
	uint32_t removed_by; /* 0: none removed it, or it was rolled back */
	bool is_unclear;     /* several transactions locked and changed it */
};

/* Rows that a page has at most: each takes a line pointer and more than a header. */
#define TABLESPACE_ROW_MOST (PAGE_BYTES / 92)

/*
 * The rows of a page that may be in force, at most TABLESPACE_ROW_MOST; their number.  Any bytes
 * may be given: what is no page of this catalog has no rows.
 */
size_t tablespace_row_page(const uint8_t page[PAGE_BYTES], struct tablespace_row *rows);

#endif
