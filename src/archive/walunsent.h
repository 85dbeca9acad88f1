#ifndef PG_BASETAR_ARCHIVE_WALUNSENT_H
#define PG_BASETAR_ARCHIVE_WALUNSENT_H

#include <stdint.h>

#include "lib/error.h"

struct blockpipe;
struct cancel;
struct walhistory;
struct walproof;
struct walset;

/* WAL that is read for its proof, and not sent.  All of it is borrowed. */
struct walunsent {
	struct walproof *proof;
	const struct walhistory *history;
	uint64_t start_lsn, stop_lsn;
	uint32_t segment_size;
	int wal_fd;
	struct blockpipe *pipe; /* if that fails there is no need to go on */
	struct cancel *cancel;
};

/*
 * In the planner's thread: read the segments of ${set} that pg_wal has; of those that it has no
 * more, warn.  What is proved is in the proof.
 */
MUST_CHECK int walunsent_read(
    const struct walunsent *, struct walset *set, struct error *err);

#endif
