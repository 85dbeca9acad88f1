#ifndef PG_BASETAR_ARCHIVE_WALBODY_H
#define PG_BASETAR_ARCHIVE_WALBODY_H

#include "io/blockpipe.h"
#include "wal/walpage.h"

/*
 * The body of a WAL segment: the header of every page is checked while it passes, so
 * that what is checked is what is sent.
 */
struct walbody_options {
	/* borrowed; NULL: recovery does not read this file, and nothing is checked */
	const struct walpage_expect *expect;
	uint32_t timeline;    /* in its name */
	uint64_t segment_lsn; /* of its first byte */
	uint64_t stop_lsn;    /* from here on its pages mean nothing */
};

/* ${name} of the segment is copied.  The pipeline frees the body. */
MUST_CHECK int walbody_new(struct body **, const char *name,
    const struct walbody_options *options, struct error *err);

#endif
