#ifndef PG_BASETAR_FORMAT_SLRUSET_H
#define PG_BASETAR_FORMAT_SLRUSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"
#include "pg/checkpoint.h"
#include "pg/slru.h"

/*
 * Are all segments of pg_xact, pg_multixact and pg_commit_ts there that a copy needs?  Without
 * one a copy may start, and take committed rows for ones that never were.
 *
 * When a checkpoint is complete, the pages of all numbers that were given out before it are on
 * disk.  So every segment must be there, and be long enough, from the oldest number of the
 * checkpoint that recovery begins from to the one before its next number; replay makes those of
 * later numbers.  Old segments go away while a backup runs: those before the oldest number that the
 * WAL, or the pg_control that was read last, has may be missing.
 *
 * Memory: 24 bytes a segment, SLRUSET_MOST at most.
 */
struct slruset;

/* More than there can be up to 18, of all kinds. */
#define SLRUSET_MOST 400000

MUST_CHECK int slruset_new(struct slruset **, struct error *err);
void slruset_free(struct slruset *);

/*
 * A file ${path} of ${size} bytes; ${is_zero}: they all are 0.  Passed over unless it is a
 * segment.
 */
MUST_CHECK int slruset_add(
    struct slruset *, const char *path, uint64_t size, bool is_zero, struct error *err);

/* The oldest number that has not been removed; 0: not known. */
struct slruset_oldest {
	uint32_t xid, multi, commit_ts;
	bool has_member;
	uint64_t member;
};

struct slruset_cluster {
	uint32_t block_size;
	const struct pg_version *version;
	bool tracks_commit_time;
	/*
	 * the one that recovery begins from; NULL: neither that nor what the WAL removed is known
	 */
	const struct checkpoint *begin;
	/* that of the last pg_control; NULL: it has no other */
	const struct checkpoint *end;
	struct slruset_oldest oldest; /* as the WAL has it */
	/*
	 * As the databases had it when the backup began; 0: not known.  After a crash, and in a
	 * copy that has recovered, checkpoints name an older one than recovery left in pg_xact:
	 * replay of the removal does not advance it, only a later vacuum does (clog_redo() in
	 * src/backend/access/transam/clog.c; seen on 15).
	 */
	uint32_t oldest_frozen;
	/*
	 * Of a standby that was at work: it may have removed some by WAL after the stop, which is
	 * the least position that recovery must reach.  Those that were there before the first
	 * file was read are in ${before}; NULL: that is not known.
	 */
	bool is_removal_unknown;
	struct slruset *before;
};

enum slruset_fault {
	SLRUSET_MISSING,
	SLRUSET_SIZE,
	SLRUSET_ZEROS,
	/*
	 * No fault for sure: pg_resetwal leaves a segment short that numbers skip the rest of; and
	 * a standby may have removed it.
	 */
	SLRUSET_DOUBT,
	SLRUSET_ADVICE /* after the faults: what to do if the missing segments are not lost */
};

/* ${text} says what is wrong with the file ${path}: "is missing, ...". */
struct slruset_sink {
	int (*fault)(struct slruset_sink *, enum slruset_fault, const char *path,
	    const char *text, struct error *err);
};

/* All have come: give ${sink} what is wrong. */
MUST_CHECK int slruset_judge(struct slruset *, const struct slruset_cluster *cluster,
    struct slruset_sink *sink, struct error *err);

#endif
