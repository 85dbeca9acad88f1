#ifndef PG_BASETAR_STREAM_INFILE_H
#define PG_BASETAR_STREAM_INFILE_H

#include "lib/cancel.h"
#include "lib/stream.h"

/*
 * The bytes of a file, of a pipe, or of standard input.  A regular file can be skipped in,
 * never beyond the size that it had when it was opened.  A block device goes on after what was
 * written to it.  A read after the end meets the end again.
 */

/*
 * Open ${path}; NULL is standard input, which is not closed.  ERROR_STATE: a directory; a
 * terminal.  A raised ${cancel}, borrowed, ends a read that waits, and the next one:
 * ERROR_CANCELLED.
 */
MUST_CHECK int infile_open(
    struct source **, const char *path, const struct cancel *cancel, struct error *err);

/* The same, below the directory ${dirfd}, where it must be a regular file: else ERROR_STATE. */
MUST_CHECK int infile_open_at(struct source **, int dirfd, const char *name,
    const struct cancel *cancel, struct error *err);

/* Of a source that is such: its bytes; 0: not known. */
uint64_t infile_size(const struct source *);

/* Bytes read or skipped so far.  Any thread. */
uint64_t infile_done(const struct source *);

/*
 * The bytes from where it began to the end that it had when it was opened, at any place; NULL: it is
 * no regular file.  The source's own, which goes on as if nothing had been read.
 */
struct store *infile_store(struct source *);

#endif
