#ifndef PG_BASETAR_DATADIR_WALEND_H
#define PG_BASETAR_DATADIR_WALEND_H

#include <stdint.h>

#include "lib/cancel.h"
#include "lib/error.h"
#include "wal/walpage.h"

/*
 * Where the WAL of a cluster ends that no server writes to: found as recovery finds it,
 * record by record (walreader.h), in the files of pg_wal.  Memory of one record, and some
 * pages.
 *
 * Recovery takes whatever is not the next record for the end, and so what was lost from
 * the middle of pg_wal as well.  We need not: a server finishes a segment, and has it on
 * the disk, before it begins the next (XLogWrite in src/backend/access/transam/xlog.c).
 * So there is damage if a later segment of the same line of timelines is real, its first
 * page bearing the address that its name says.
 *
 * Within a segment the disk may have later pages without earlier ones: where the machine
 * lost its power, or in a snapshot of the disk.  Recovery ends before them, and rightly.
 */
struct walend_options {
	int wal_fd;                          /* borrowed: pg_wal */
	const struct walpage_expect *expect; /* borrowed */
	const struct cancel *cancel;         /* borrowed */
};

struct walend {
	/* of the last record's end; after a switch, of its segment's */
	uint64_t lsn;
	uint64_t stray_lsn; /* a page of the last segment after a lost one; 0: none */

	/* the segments that were read, and maybe the one where the next should be */
	uint64_t first_segment, last_segment; /* the LSN of each */
	uint32_t trace;                       /* of their files, as of walksum.h */
};

/*
 * From ${redo_lsn}, where a record begins, to the end; in it there must be WAL up to
 * ${least_lsn}.  ERROR_FORMAT: there is not, or there is damage; says at which LSN, and
 * what was met there.
 */
MUST_CHECK int walend_find(const struct walend_options *options, uint64_t redo_lsn,
    uint64_t least_lsn, struct walend *out, struct error *err);

/* ERROR_STATE: one of these files came, went or was written to since. */
MUST_CHECK int walend_recheck(
    const struct walend_options *options, const struct walend *found, struct error *err);

/* The end of the one record that begins at ${lsn}.  ERROR_FORMAT if absent. */
MUST_CHECK int walend_of_record(const struct walend_options *options, uint64_t lsn,
    uint64_t *end_lsn, struct error *err);

#endif
