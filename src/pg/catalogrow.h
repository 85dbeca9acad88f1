#ifndef PG_BASETAR_PG_CATALOGROW_H
#define PG_BASETAR_PG_CATALOGROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pg/page.h"

/*
 * Rows of pg_tablespace and pg_database, the catalogs of tablespaces and databases, as they lie in
 * the pages of their files, which are in global.  pg_filenode.map there says which files those are.
 */
enum catalogrow_kind {
	CATALOGROW_TABLESPACE = 1213, /* OIDs: pg_tablespace.h, pg_database.h */
	CATALOGROW_DATABASE = 1262
};

/*
 * What a row says.  The transactions that made and removed it have to be looked up in pg_xact,
 * unless a session did that and left a mark in the row; then they are 0 here, or the row is not in
 * force and passed over.
 */
struct catalogrow {
	enum catalogrow_kind kind;
	uint32_t oid;
	uint32_t made_by;    /* 0: it was committed */
	uint32_t removed_by; /* 0: none removed it, or it was rolled back */
	bool is_unclear;     /* several transactions locked and changed it */

	/* Of a database: no row in it has an older transaction; */
	uint32_t frozen_xid;
	/* DROP DATABASE was interrupted, and no session can begin in it. */
	bool is_invalid;
};

/* Rows that a page has at most: each takes a line pointer and more than a header. */
#define CATALOGROW_MOST (PAGE_BYTES / 92)

/*
 * The rows of a page that may be in force, at most CATALOGROW_MOST; their number.  Any bytes may be
 * given: what is no page of these catalogs has no rows, but other catalogs have some of that form.
 */
size_t catalogrow_page(const uint8_t page[PAGE_BYTES], struct catalogrow *rows);

#endif
