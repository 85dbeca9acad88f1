#ifndef PG_BASETAR_STREAM_OUTDIR_H
#define PG_BASETAR_STREAM_OUTDIR_H

#include <stdbool.h>
#include <sys/stat.h>

#include "lib/cancel.h"
#include "lib/stream.h"

/*
 * A directory of files that appear together: the output of a backup that is more than
 * one file.  It is new (made with mode 0700, less what the umask takes; its parent must
 * be there) or empty.  Until outdir_finish() its files have no names (outfile.h), so that
 * nothing is left of them whatever kills us, but perhaps the directory.  It stays the one that
 * was opened, whatever its path leads to later.
 *
 * ERROR_STATE: it is not empty, no directory, or cannot be made where it is to be.
 * ERROR_IO: all else.
 */
struct outdir;

struct outdir_options {
	const char *path; /* outlives the directory */
	bool no_sync;
	const struct cancel *cancel;
};

MUST_CHECK int outdir_open(
    struct outdir **, const struct outdir_options *options, struct error *err);

/* What it is, wherever it was moved meanwhile. */
MUST_CHECK int outdir_stat(const struct outdir *, struct stat *, struct error *err);

/* Its descriptor, which stays its own. */
int outdir_directory(const struct outdir *);

/*
 * A new file ${name} in it.  Its finish makes the content durable, but gives it no name.
 * The caller frees it: after outdir_finish(), before outdir_free().
 */
MUST_CHECK int outdir_file(
    struct outdir *, const char *name, struct sink **file, struct error *err);

/*
 * Every file is finished: give all their names, in the order in which they were made, and
 * sync the directory.  On failure none has a name; the hint says so if one could not be taken
 * away again.  One that has come to a name of theirs meanwhile stays, and is ERROR_STATE.
 * *is_unsynced: the directory is new, and the one above may not be read, and so not be synced.
 */
MUST_CHECK int outdir_finish(struct outdir *, bool *is_unsynced, struct error *err);

/* Not finished: a directory that was made goes away again.  NULL is no directory. */
void outdir_free(struct outdir *);

#endif
