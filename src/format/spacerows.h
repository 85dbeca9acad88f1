#ifndef PG_BASETAR_FORMAT_SPACEROWS_H
#define PG_BASETAR_FORMAT_SPACEROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

/*
 * Which tablespaces has the cluster?  Its catalog pg_tablespace is read while it passes with the
 * other files of a backup.  So of a tablespace that left no trace in the archives, as one in place
 * of which pg_basebackup lost the archive, it is known that there should be one.
 *
 *	for each file: spacerows_begin(), spacerows_bytes() if it is wanted
 *	for each block that a record of the WAL changes: spacerows_changed()
 *	spacerows_find(), and what is asked then
 *
 * The file is that of a moment during the backup, and may be torn where the WAL has a record about
 * it; pg_xact, which says whether transactions were committed, is of another moment.  What cannot
 * be told for these reasons is SPACEROWS_UNCLEAR.
 *
 * Memory: 24 bytes for each row, SPACEROWS_MOST at most, and 256 kB for each segment of pg_xact
 * that is needed, SPACEROWS_SEGMENTS at most; more are kept while it is not known which.
 */
#define SPACEROWS_MOST 10000
#define SPACEROWS_SEGMENTS 32

struct spacerows;

MUST_CHECK int spacerows_new(struct spacerows **, struct error *err);
void spacerows_free(struct spacerows *);

/* A file ${path} of the tree begins: are its bytes wanted? */
bool spacerows_begin(struct spacerows *, const char *path);

/* From ${at} on of that file.  Pieces of any number of pages; the last may be shorter. */
MUST_CHECK int spacerows_bytes(
    struct spacerows *, uint64_t at, const uint8_t *bytes, size_t len, struct error *err);

/* A record of the WAL changes a page of the shared catalog whose file has that number. */
void spacerows_changed(struct spacerows *, uint32_t relnode);

enum spacerows_state {
	SPACEROWS_THERE,  /* there is such a tablespace */
	SPACEROWS_UNCLEAR /* there may be one */
};

/* A tablespace. */
struct spacerows_row {
	uint32_t oid;
	enum spacerows_state state;
	uint64_t lsn; /* of the page that says so: it did not change since */
};

/*
 * All have come: find the rows that count, in the order of their OIDs.  Valid until freed.  None:
 * the catalog could not be read, as each cluster has two.
 */
MUST_CHECK int spacerows_find(struct spacerows *, const struct spacerows_row **rows,
    size_t *count, struct error *err);

#endif
