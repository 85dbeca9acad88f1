#ifndef PG_BASETAR_STREAM_OUTFILE_H
#define PG_BASETAR_STREAM_OUTFILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/cancel.h"
#include "lib/stream.h"

/*
 * A sink that is a file which appears under its name only when it is complete.  Until
 * finish it is a file without a name (O_TMPFILE), so that nothing is left of it
 * whatever kills us; where the file system has no such files it is NAME.partial.PID
 * next to the name, which free removes and kill -9 leaves.
 *
 * It is mode 0600 unless told otherwise (less what the umask takes): it holds everything
 * the database does.
 * finish syncs the file, gives it its name and syncs the directory; without ${force} a
 * file that has come to that name meanwhile is not replaced, but ERROR_STATE.  A finish that
 * fails leaves nothing under the name, or says in its hint that it could not be helped.
 *
 * Every few seconds a write looks whether its directory, and a file that has a name, is still
 * there; if not it fails with ERROR_STATE: what is written would be lost.
 *
 * ERROR_STATE: the name exists (and no ${force}), is a directory or another thing that is
 * no regular file, or its directory does not exist.  ERROR_IO: all else.  ${path} must
 * outlive the sink.
 */
struct outfile_options {
	const char *path;
	bool force;
	bool no_sync;
	const struct cancel *cancel;
	mode_t mode; /* 0: 0600 */
};

MUST_CHECK int outfile_open(
    struct sink **, const struct outfile_options *, struct error *err);

/* Of what outfile_open() made: the directory where it appears, the sink's, and its name. */
int outfile_directory(const struct sink *, const char **name);

/*
 * The same for one of several files that appear together (outdir.h), of the name ${name} in
 * the directory ${dirfd}, of which the sink makes a descriptor of its own; ${path} is for
 * messages only.  finish does all but give it its name and sync the directory.  Then appear
 * gives the name, and vanish takes it away again, where a later one could not be given; that
 * may fail too.
 */
MUST_CHECK int outfile_open_part(struct sink **, int dirfd, const char *name,
    const struct outfile_options *, struct error *err);
MUST_CHECK int outfile_appear(struct sink *, struct error *err);
MUST_CHECK int outfile_vanish(struct sink *, struct error *err);

#endif
