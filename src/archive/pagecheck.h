#ifndef PG_BASETAR_ARCHIVE_PAGECHECK_H
#define PG_BASETAR_ARCHIVE_PAGECHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "format/pagetally.h"
#include "lib/error.h"
#include "pg/page.h"
#include "stream/piece.h"

/*
 * Are the pages of relation files sound?  Asked on the pipeline's workers while the bytes
 * pass; what is found goes into the notes of the piece, and from these into the tally.
 */
struct pagecheck {
	struct page_limits limits;
	uint32_t segment_blocks; /* pages in a full segment of a relation */
	struct pagetally *tally; /* borrowed */
};

/*
 * Is ${path}, relative to the data directory, a file of pages with a header?  Then
 * *first_block is the number of its first page in its fork.  False for temporary
 * relations, and for a segment beyond the last that a fork can have.
 */
bool pagecheck_is_relation(
    const struct pagecheck *, const char *path, uint32_t *first_block);

/*
 * Check the whole pages of a piece of such a file.  Any thread, as body_ops.check.
 *
 * A page that is being written shows as a mixture of two: so bad ones are read again
 * after a wait, and once more after a longer one.  One that is bad still gets a note, its
 * kind a page_state; what is sent is what was read last.  So do pages changed since the
 * start whose LSN might be beyond the stop.
 */
MUST_CHECK int pagecheck_piece(const struct pagecheck *, uint32_t first_block,
    struct piece *, const struct piece_source *from, struct error *err);

#endif
