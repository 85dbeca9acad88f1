#ifndef PG_BASETAR_DATADIR_WALSET_H
#define PG_BASETAR_DATADIR_WALSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "lib/error.h"
#include "wal/walhistory.h"
#include "wal/walname.h"

/*
 * The files in pg_wal that a backup from one position to another needs, chosen and
 * proved by name, size and identity; what is in their pages is not looked at here.
 *
 * The server removes segments it no longer needs, or renames them to a future name and
 * overwrites them in place.  Of a segment that recovery reads the bytes themselves are proved
 * (wal/walproof.h), and it does not matter what becomes of the name.  For one of another timeline
 * a name is worth something only if it is the same file before the first byte was read and
 * after the last: walset_recheck().  Where no server works this is so for all, and none may
 * have been written to either.
 */

struct walset_range {
	uint64_t start_lsn;               /* the first byte needed */
	uint64_t stop_lsn;                /* the first byte not needed any more */
	uint32_t segment_size;            /* bytes: that of the cluster */
	const struct walhistory *history; /* borrowed: the line of the stop's timeline */
	bool is_frozen; /* no server works there: nothing is removed, nor written to */
	bool may_lack;  /* a segment that is missing is no error */
};

struct walset_segment {
	char name[WALNAME_SIZE];
	uint32_t timeline;
	uint64_t segno;
	/*
	 * Recovery reads it: of those of one number, that of the timeline which owns its
	 * end.  Another may rightly be unfinished, as it was left at a promotion.
	 */
	bool is_needed;
	struct stat st; /* as it was found */
};

struct walset {
	bool is_frozen;
	uint32_t segment_size;
	size_t count;                    /* at least 1, unless they may lack */
	struct walset_segment *segments; /* by number, then by timeline */
	size_t history_count;
	char (*histories)[WALNAME_HISTORY_SIZE]; /* all in the directory, oldest first */
};

/* Open pg_wal below ${datadir_fd}, be it a directory or a symbolic link to one. */
MUST_CHECK int walset_open_directory(int datadir_fd, int *wal_fd, struct error *err);

/*
 * List the segments of ${range} in the directory ${wal_fd}, those of other timelines
 * too.  Of each number there must be the segment of the timeline that owns its end, the
 * one that recovery reads: else ERROR_STATE, could not find WAL file "NAME".  Each must
 * be of the segment size: else ERROR_FORMAT, unexpected WAL file size "NAME".  On
 * failure *out is empty; with may_lack it may be empty in any case.
 */
MUST_CHECK int walset_read(
    int wal_fd, const struct walset_range *range, struct walset *out, struct error *err);

/*
 * Open segment ${n}, and bring its st up to date.  ERROR_STATE: it was removed or recycled
 * (.sys ENOENT), or must be the file that was found and is not.  ERROR_FORMAT: it is not of the
 * segment size, or no file.  The caller closes *fd.
 */
MUST_CHECK int walset_open_segment(
    struct walset *set, size_t n, int wal_fd, int *fd, struct error *err);

/*
 * After the last byte was read: is each name whose bytes prove nothing still the file that
 * was sent?
 */
MUST_CHECK int walset_recheck(const struct walset *set, int wal_fd, struct error *err);

/* Has the name of segment ${n} become that of no file, or another's, since it was opened? */
bool walset_has_gone(const struct walset *set, size_t n, int wal_fd);

/*
 * ${err} came of reading the segments.  If the one that it names was removed or recycled
 * meanwhile, say that it was.  Always -1.
 */
int walset_explain(const struct walset *set, int wal_fd, struct error *err);

/* An empty set is legal. */
void walset_free(struct walset *set);

#endif
