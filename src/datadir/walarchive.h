#ifndef PG_BASETAR_DATADIR_WALARCHIVE_H
#define PG_BASETAR_DATADIR_WALARCHIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/error.h"
#include "wal/walhistory.h"

/*
 * Has the server archived the segments ${first} to ${last}, each of the timeline that owns
 * its end in ${history}?  It says so in pg_wal/archive_status: SEGMENT.ready is to be
 * archived, SEGMENT.done has been, and of one that is gone, with both, it no longer speaks
 * (access/transam/xlogarchive.c of PostgreSQL 10 to 18).  A segment that was just completed
 * may have neither yet.
 *
 * We look for ourselves because the server's own wait (the argument of its stop function)
 * takes the label with it when it is cancelled, and the backup would be lost.
 *
 * ${wal_fd} is pg_wal; ${segment_size} in bytes.
 */
MUST_CHECK int walarchive_is_done(int wal_fd, const struct walhistory *history,
    uint64_t first, uint64_t last, uint32_t segment_size, bool *is_done,
    struct error *err);

/* What is said of one file of pg_wal, a segment or a timeline history. */
enum walarchive_mark { WALARCHIVE_NONE, WALARCHIVE_READY, WALARCHIVE_DONE };

MUST_CHECK int walarchive_mark(
    int wal_fd, const char *name, enum walarchive_mark *mark, struct error *err);

#endif
