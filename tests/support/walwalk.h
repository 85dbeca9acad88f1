#ifndef PG_BASETAR_SUPPORT_WALWALK_H
#define PG_BASETAR_SUPPORT_WALWALK_H

#include "support/walimage.h"
#include "wal/walreader.h"

/*
 * A walk of a walreader over an image, each piece of it in memory of its own size; what
 * the reader delivers is compared with what was written.
 */
struct walwalk {
	const struct walimage *image;
	uint64_t start, stop;
	size_t piece; /* bytes told at once; fewer than a page end with the page, too */
	uint64_t end; /* no bytes from here on */
	size_t first; /* of the image's records, the one expected first */
	bool skips_filler;
	size_t fail_at; /* the record, from 1 on, that the listener refuses; 0: none */

	size_t count; /* records delivered */
	bool differs; /* one of them is not what was written */
	uint64_t position;
};

/* From the first record to the end of the last. */
struct walwalk walwalk_whole(const struct walimage *image, size_t piece);

/* Of each number the file of the timeline that owns the segment's end is given. */
MUST_CHECK int walwalk_run(struct walwalk *, struct error *err);

#endif
