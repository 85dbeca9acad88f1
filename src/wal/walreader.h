#ifndef PG_BASETAR_WAL_WALREADER_H
#define PG_BASETAR_WAL_WALREADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"
#include "wal/walpage.h"
#include "wal/walrecord.h"

/*
 * Reads WAL record by record, as recovery would, from the start of one up to a stop
 * position, while the bytes of the segments pass.  It believes nothing: each page header
 * is checked (walpage.h), each record's length, resource manager, link to the record
 * before it and checksum, and where a record goes on in the next page, that this page
 * says so and how much is left.
 *
 * What recovery reads across, it reads across as well (XLogDecodeNextRecord in
 * src/backend/access/transam/xlogreader.c):
 *
 *  - Segments.  A record may span any number of them.  Timelines: the files to be given
 *    are those of the timeline that owns the segment's end; records go on in the new
 *    timeline's file where the history left the old one, and link back across.
 *
 *  - A switch record: the next record is in the next segment.  What is between is pages
 *    with nothing but a header (10) or zeros (11 and later).  Recovery does not look
 *    there; anything else is an error here, since no server leaves it so but one that
 *    crashed in that very moment: see skips_filler.
 *
 *  - A record that was left incomplete by a crash.  The page where it should go on bears
 *    a flag, and begins with a record that says which one that was; this links back to
 *    the last complete one (14 and later, and the last releases of 10 to 13).
 *
 * Memory: nothing for a record within a page; one that spans pages is put together,
 * in memory that grows as its bytes arrive.
 *
 *	walreader_new()
 *	for each segment: walreader_segment(), then walreader_bytes() for all of it
 *	walreader_finish()
 */
struct walreader;

/* Who hears of every record, in their order; an error ends the walk. */
struct walreader_sink {
	int (*record)(struct walreader_sink *, const struct walrecord *, struct error *);
};

struct walreader_options {
	const struct walpage_expect *expect; /* borrowed */
	uint64_t start_lsn; /* of a record, or of the page it is first in */
	uint64_t stop_lsn;  /* where one ends; UINT64_MAX: the walk ends
	                                      * where the WAL does, in an error */
	/*
	 * What follows a switch record is not looked at, as recovery does not: for WAL of
	 * a server that may have ended, or was caught, between the record and its filler,
	 * or that only receives WAL.  There the segment still holds what it had before.
	 */
	bool skips_filler;
	struct walreader_sink *sink; /* borrowed; NULL: none */
	/* What came before start_lsn was not seen: the first record may follow an incomplete one. */
	bool is_blind;
};

MUST_CHECK int walreader_new(
    struct walreader **, const struct walreader_options *options, struct error *err);

/*
 * The bytes that follow are those of the segment file at ${segment_lsn}, whose name says
 * ${name_timeline}.  The first must hold the start position, each other go on where the
 * one before it ended: else ERROR_STATE.
 */
MUST_CHECK int walreader_segment(
    struct walreader *, uint32_t name_timeline, uint64_t segment_lsn, struct error *err);

/*
 * The next ${len} bytes of it; they may end anywhere but inside a page's header.  Of
 * those before the start only the page headers are checked; after the stop position
 * nothing is.
 *
 * ERROR_FORMAT says at which LSN what was expected and what was found.  After an error
 * only walreader_position() and walreader_free() are legal.
 */
MUST_CHECK int walreader_bytes(
    struct walreader *, const uint8_t *bytes, size_t len, struct error *err);

/*
 * A timeline that pages were found to be of, for a caller that did not know the history
 * (walpage.h).  They never descend.
 */
struct walreader_timeline {
	uint32_t timeline;
	uint64_t first_lsn, last_lsn; /* of its first and its last page */
};

/* The ${n}th of them; NULL: there are no more. */
const struct walreader_timeline *walreader_timeline(const struct walreader *, size_t n);

/* More of them are an error. */
#define WALREADER_TIMELINES 16

/* A copy that goes on alone, telling ${sink}. */
MUST_CHECK int walreader_clone(const struct walreader *, struct walreader_sink *sink,
    struct walreader **, struct error *err);

/* Did a record end at the stop position?  Then no more bytes are needed. */
bool walreader_is_done(const struct walreader *);

/*
 * The end of the last complete record: after a switch record, of its segment; at first
 * the start position.
 */
uint64_t walreader_position(const struct walreader *);

/* No more bytes: ERROR_FORMAT when the stop position was not reached. */
MUST_CHECK int walreader_finish(const struct walreader *, struct error *err);

/* NULL is no reader. */
void walreader_free(struct walreader *);

#endif
