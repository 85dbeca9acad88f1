#ifndef PG_BASETAR_FORMAT_SLRUSET_H
#define PG_BASETAR_FORMAT_SLRUSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"
#include "pg/checkpoint.h"
#include "pg/slru.h"

/*
 * Are the segments of pg_xact, pg_multixact and pg_commit_ts there that a copy needs?  Without
 * one a copy may start, and take committed rows for ones that never were.
 *
 * When a checkpoint is complete all pages are on disk of what was numbered before it.  So of
 * the checkpoint that recovery begins from every segment must be there, from its oldest number
 * to the one before its next, and be long enough; those that came later are made by replay.
 * Old segments go away while a backup runs: what the WAL, or the pg_control that was read last,
 * has as oldest need not be preceded by any.
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
	/* That recovery begins from; NULL: it is not known, nor what the WAL removed. */
	const struct checkpoint *begin;
	/* that pg_control told last; NULL: it has none other */
	const struct checkpoint *end;
	struct slruset_oldest oldest; /* as the WAL has it */
	/*
	 * As the databases had it when the backup began; 0: not known.  After a crash, and in a copy
	 * that has recovered, checkpoints name an older one than recovery left in pg_xact: replay of
	 * the removal does not advance it, only a later vacuum does (clog_redo() in
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
	 * No fault for sure: pg_resetwal leaves a segment short that numbers skip the rest of; and a
	 * standby may have removed it.
	 */
	SLRUSET_DOUBT,
	SLRUSET_ADVICE /* no fault more: what to do if the missing ones are not lost */
};

/* ${text} says it of the file ${path}: "is missing, ...". */
struct slruset_sink {
	int (*fault)(struct slruset_sink *, enum slruset_fault, const char *path,
	    const char *text, struct error *err);
};

/* All have come.  Tell what is wrong. */
MUST_CHECK int slruset_judge(struct slruset *, const struct slruset_cluster *cluster,
    struct slruset_sink *sink, struct error *err);

#endif
