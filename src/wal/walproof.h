#ifndef PG_BASETAR_WAL_WALPROOF_H
#define PG_BASETAR_WAL_WALPROOF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"
#include "lib/oids.h"
#include "wal/waldatabases.h"
#include "wal/walpage.h"
#include "wal/walsurvey.h"

/*
 * The proof that recovery of a backup will find its WAL: every record from the start
 * position, a redo point, to the stop position (walreader.h); and what in it matters to
 * the one that restores that backup.
 *
 * A backup of a primary is consistent where recovery meets the end-of-backup record of
 * that very start (xlog_redo() in src/backend/access/transam/xlog.c); without it the
 * server never opens.  The stop position is the end of that record.  A standby writes
 * none, nor is there one in what is copied from a stopped server.
 */
struct walproof;

struct walproof_options {
	const struct walpage_expect *expect; /* borrowed */
	uint64_t start_lsn, stop_lsn;
	bool is_primary; /* the last record must end the backup that began at start_lsn */
	/* borrowed: tablespaces that the copy has not; NULL: none */
	const struct oids *absent;
	bool skips_filler; /* as of walreader_options: of no running primary */
};

/*
 * A tablespace that is created between start and stop.  When recovery meets this, it
 * links the restored server to the location of the original.
 */
struct walproof_tablespace {
	uint32_t oid;
	char *path; /* as given; "" for a tablespace in place */
};

MUST_CHECK int walproof_new(
    struct walproof **, const struct walproof_options *options, struct error *err);

/* As walreader_segment() and walreader_bytes() (walreader.h), for all segments in order. */
MUST_CHECK int walproof_segment(
    struct walproof *, uint32_t name_timeline, uint64_t segment_lsn, struct error *err);
MUST_CHECK int walproof_bytes(
    struct walproof *, const uint8_t *bytes, size_t len, struct error *err);

/*
 * The segment that would come now is missing, or is no more what it was when its bytes came: what
 * follows is proved from its first record on.  An error of the bytes before is over.
 */
void walproof_skip(struct walproof *);

/*
 * Is it proved, all bytes having come that there are?  ERROR_FORMAT: the WAL does not reach the stop
 * position.
 */
MUST_CHECK int walproof_finish(const struct walproof *, struct error *err);

/* After that: was nothing skipped? */
bool walproof_is_whole(const struct walproof *);

/* The tablespaces created, *count of them, in their order; owned by the proof. */
const struct walproof_tablespace *walproof_tablespaces(
    const struct walproof *, size_t *count);

/* The databases that replay copies; owned by the proof. */
const struct waldatabases *walproof_databases(const struct walproof *);

/* What else they do; owned by the proof. */
const struct walsurvey *walproof_survey(const struct walproof *);

/*
 * Of those that the copy has not, one that replay writes to, and the position of the first such
 * record; 0: none.
 */
uint32_t walproof_absent(const struct walproof *, uint64_t *lsn);

/* Records read so far. */
uint64_t walproof_records(const struct walproof *);

/* NULL is no proof. */
void walproof_free(struct walproof *);

#endif
