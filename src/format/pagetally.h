#ifndef PG_BASETAR_FORMAT_PAGETALLY_H
#define PG_BASETAR_FORMAT_PAGETALLY_H

#include <stdint.h>

#include "lib/error.h"
#include "lib/finding.h"
#include "stream/piece.h"

/*
 * What the check of pages finds in all files: says it, a line a page, and counts.
 *
 * Where the WAL of the backup ends is known only after the last page has been read.  So
 * the pages with the greatest LSNs are remembered, PAGETALLY_GREATEST of them, whatever
 * the size of the cluster; those that turn out to be beyond the end are findings then.
 * There can be more only in a cluster with that many damaged pages; this is said.
 */
struct pagetally;

#define PAGETALLY_GREATEST 64

/* Of one file so many pages are named, the others counted. */
#define PAGETALLY_NAMED 20

/* What was found in one file; all zeros before its first piece. */
struct pagetally_file {
	uint64_t pages, damaged;
};

struct pagetally_sum {
	uint64_t pages, files;                 /* checked */
	uint64_t damaged_pages, damaged_files; /* of them */
	uint64_t later_pages; /* of a later moment than the WAL; not damaged */
};

/* ${finding} is called with each finding. */
MUST_CHECK int pagetally_new(
    struct pagetally **, void (*finding)(const struct finding *), struct error *err);

/* NULL is accepted. */
void pagetally_free(struct pagetally *);

/* An LSN not above this need not be noted.  It only grows.  Any thread. */
uint64_t pagetally_horizon(const struct pagetally *);

/*
 * A piece of the file ${path} has passed, with the notes of pagecheck_piece().  This and
 * the following: one thread at a time.
 */
MUST_CHECK int pagetally_piece(struct pagetally *, const char *path,
    struct pagetally_file *file, const struct piece *piece, struct error *err);

/* The last one has. */
MUST_CHECK int pagetally_end(struct pagetally *, const char *path,
    const struct pagetally_file *file, struct error *err);

/* The WAL ends at ${stop_lsn}: no page that was read before may have a later LSN. */
MUST_CHECK int pagetally_stop(struct pagetally *, uint64_t stop_lsn, struct error *err);

/*
 * Of the pages that are later than the WAL the latest: its file, borrowed, or NULL if no
 * page is; its block in that file, and its LSN.
 */
const char *pagetally_latest(const struct pagetally *, uint64_t *block, uint64_t *lsn);

/* Complete after pagetally_stop(). */
struct pagetally_sum pagetally_sum(const struct pagetally *);

#endif
