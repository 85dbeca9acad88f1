#ifndef PG_BASETAR_BACKUP_STREAM_H
#define PG_BASETAR_BACKUP_STREAM_H

#include <stdbool.h>

#include "cli/output.h"
#include "cli/progress.h"

struct archive;
struct backup_cluster;
struct backup_tablespaces;
struct blockpipe;
struct cancel;
struct identity;
struct options;
struct pagecheck;
struct report;

/*
 * Where the backup goes: the output, the pipeline of blocks that leads there, the archive that is
 * written into it, and the progress.  Members are put into the archive by the planner's thread; the
 * rest is the main thread's.
 */
struct backup_stream {
	/* borrowed */
	const struct options *opt;
	const struct backup_cluster *cluster;
	const struct backup_tablespaces *tablespaces;
	struct identity *identity;
	struct cancel *cancel;

	struct output output;
	struct blockpipe *pipe; /* NULL: not open yet, as */
	struct archive *archive;
	struct progress progress;
};

/* Output and report (NULL: none) are outside of all that is sent; ERROR_STATE if not. */
MUST_CHECK int backup_stream_check_outside(
    const struct backup_stream *, struct report *, struct error *err);

/*
 * Open pipeline and archive.  If the cluster ${is_frozen}, files may not change while they are
 * read; relations' pages are checked by ${pages} (borrowed; NULL: they are not).  With --split the
 * output gets its files, which are our own: for that we become ourselves for a moment, so no other
 * thread may run yet.
 */
MUST_CHECK int backup_stream_open(struct backup_stream *, bool is_frozen,
    const struct pagecheck *pages, struct error *err);

/* In the planner's thread: the manifest and the end of the archive. */
MUST_CHECK int backup_stream_end(struct backup_stream *, struct error *err);

/* Bytes of the stream that have passed; 0 before there are any. */
uint64_t backup_stream_passed(const struct backup_stream *);

/* Pipeline and archive, with all their threads; the output is not touched. */
void backup_stream_close(struct backup_stream *);

#endif
