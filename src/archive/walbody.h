#ifndef PG_BASETAR_ARCHIVE_WALBODY_H
#define PG_BASETAR_ARCHIVE_WALBODY_H

#include "stream/blockpipe.h"
#include "wal/walproof.h"

/*
 * The body of a WAL segment: what passes is given to the proof, so that what is proved is
 * what is sent.  The pipeline calls one body at a time, in the order they were begun.
 */
struct walbody_options {
	/* borrowed, outlives the pipe; NULL: recovery does not read this file */
	struct walproof *proof;
	uint32_t timeline;    /* in its name */
	uint64_t segment_lsn; /* of its first byte */
};

/* ${name} of the segment is copied.  The pipeline frees the body. */
MUST_CHECK int walbody_new(struct body **, const char *name,
    const struct walbody_options *options, struct error *err);

#endif
