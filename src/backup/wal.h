#ifndef PG_BASETAR_BACKUP_WAL_H
#define PG_BASETAR_BACKUP_WAL_H

#include <stdint.h>

#include "datadir/walset.h"
#include "wal/walhistory.h"
#include "wal/walpage.h"

struct backup_cluster;
struct backup_copies;
struct backup_files;
struct backup_source_facts;
struct backup_stream;
struct backup_tablespaces;
struct options;
struct walproof;

/*
 * The WAL that the copy needs: from where to where, along which timelines; the segments; the
 * proof of them.  The source says where it begins and ends, wal.c does the rest; others read
 * range, history, expect and proof when the step that sets them is over.
 */
struct backup_wal {
	/* borrowed */
	const struct options *opt;
	const struct backup_cluster *cluster;
	const struct backup_tablespaces *tablespaces;
	const struct backup_source_facts *source;
	struct backup_stream *stream;
	struct backup_files *files; /* looks at what is sent; NULL: before that */

	struct backup_wal_range {
		uint64_t start_lsn, stop_lsn; /* the stop is exclusive, and known late */
		uint32_t timeline;            /* of the start */
	} range;
	struct walhistory history;    /* of the timeline of the stop */
	struct walpage_expect expect; /* what the headers of all pages have in common */
	struct walset set;            /* the segments that are read */
	struct walproof *proof;       /* of them; NULL before that */
};

/* The source knows where it begins, on which timeline; and where it ends. */
void backup_wal_begin(struct backup_wal *, uint64_t start_lsn, uint32_t timeline);
void backup_wal_stop(struct backup_wal *, uint64_t stop_lsn);

/*
 * Read the lineage of timelines that leads to ${newest}, and with it what all pages of WAL have
 * in common.  Of a running server it ends at the stop.
 */
MUST_CHECK int backup_wal_history(
    struct backup_wal *, uint32_t newest, struct error *err);

/*
 * In the planner's thread: send the WAL, or with -X none read what pg_wal has of it; and prove
 * it, and that the databases it copies are in ${copies}.
 */
MUST_CHECK int backup_wal_send(
    struct backup_wal *, struct backup_copies *copies, struct error *err);

/* In the main thread: if ${err} came of a segment that was recycled, say so.  Always -1. */
int backup_wal_explain(const struct backup_wal *, struct error *err);

/*
 * In the planner's thread: for the manifest, the WAL that recovery needs, newest timeline first,
 * each from where it branched off.
 */
MUST_CHECK int backup_wal_list(const struct backup_wal *, struct error *err);

void backup_wal_free(struct backup_wal *);

#endif
