#ifndef PG_BASETAR_PG_CATALOGSET_H
#define PG_BASETAR_PG_CATALOGSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"
#include "lib/oidset.h"
#include "pg/catalogrow.h"

/*
 * Which tablespaces and databases has the cluster?  Its catalogs are read from their files, where
 * no server can be asked: those of a backup while they pass, or those of a cluster that was shut
 * down.
 *
 *	for each file: catalogset_begin(), catalogset_bytes() if it is wanted
 *	for each block that a record of the WAL changes: catalogset_changed()
 *	catalogset_find()
 *
 * In a backup the file is that of a moment while it was made, and may be torn where the WAL has a
 * record about it; pg_xact, which says whether transactions were committed, is of another moment.
 * What is not known for these reasons is CATALOGSET_UNCLEAR.
 *
 * Memory: 40 bytes for each row, CATALOGSET_MOST at most, and 256 kB for each segment of pg_xact
 * that is needed, CATALOGSET_SEGMENTS at most; more are kept while it is not known which.
 */
#define CATALOGSET_MOST 65536
#define CATALOGSET_SEGMENTS 32

struct catalogset;

MUST_CHECK int catalogset_new(struct catalogset **, struct error *err);
void catalogset_free(struct catalogset *);

/* A file ${path} of the tree begins: are its bytes wanted? */
bool catalogset_begin(struct catalogset *, const char *path);

/* From ${at} on of that file.  Pieces of any number of pages; the last may be shorter. */
MUST_CHECK int catalogset_bytes(struct catalogset *, uint64_t at, const uint8_t *bytes,
    size_t len, struct error *err);

/* A record of the WAL changes a page of the shared catalog whose file has that number. */
void catalogset_changed(struct catalogset *, uint32_t relnode);

/* The number of the file that a catalog has, global/NUMBER.  False: no map that says so came. */
bool catalogset_file(
    const struct catalogset *, enum catalogrow_kind kind, uint32_t *relnode);

enum catalogset_state {
	CATALOGSET_THERE,  /* there is such a tablespace or database */
	CATALOGSET_UNCLEAR /* there may be one */
};

struct catalogset_row {
	uint32_t oid;
	enum catalogset_state state;
	uint64_t lsn; /* of the page that says so: it did not change since */
	/* as of struct catalogrow */
	uint32_t frozen_xid;
	bool is_invalid;
};

/*
 * All have come: find the rows of one catalog that count, in the order of their OIDs.  Valid until
 * the next search.  None: it could not be read, as each cluster has two tablespaces and three
 * databases from the beginning.
 */
MUST_CHECK int catalogset_find(struct catalogset *, enum catalogrow_kind kind,
    const struct catalogset_row **rows, size_t *count, struct error *err);

/*
 * No row has an older transaction whose status must be known: segments of pg_xact before that may
 * have been removed.  vac_truncate_clog() in src/backend/commands/vacuum.c takes the same, and
 * passes over databases whose DROP DATABASE was interrupted.  0: not known.
 */
MUST_CHECK int catalogset_oldest_xid(
    struct catalogset *, uint32_t *xid, struct error *err);

/*
 * Add to ${oids} the databases that there are, or may be, but for those that DROP DATABASE began to
 * remove.  None: not known.
 */
MUST_CHECK int catalogset_databases(
    struct catalogset *, struct oidset *oids, struct error *err);

#endif
