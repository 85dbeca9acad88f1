#ifndef PG_BASETAR_TAR_WRITER_H
#define PG_BASETAR_TAR_WRITER_H

#include "stream/blockpipe.h"
#include "tar/header.h"

/*
 * Members, one after the other, into the streams of a block pipeline, an archive each.
 * Called by the pipeline's planner only.  An error of the pipeline is ERROR_CANCELLED
 * here, as everywhere in the planner.
 */
struct tar_writer;

/* Borrows ${pipe}, which outlives the writer. */
MUST_CHECK int tar_writer_open(
    struct tar_writer **, struct blockpipe *pipe, struct error *err);
/* NULL is no writer. */
void tar_writer_free(struct tar_writer *);

/* A directory, a symbolic link: ${entry}.size must be 0. */
MUST_CHECK int tar_writer_bodiless(
    struct tar_writer *, const struct tar_entry *entry, struct error *err);

/*
 * A file.  begin writes the header; then the caller puts exactly ${entry}.size bytes of
 * body into the pipeline, and end pads them (ERROR_FORMAT when they were not as many).
 * Takes ${body}, on failure too; keeps nothing of ${entry}.
 */
MUST_CHECK int tar_writer_begin(struct tar_writer *, const struct tar_entry *entry,
    struct body *body, struct error *err);
MUST_CHECK int tar_writer_end(struct tar_writer *, struct error *err);

/*
 * The end of the archive: two blocks of zeros, and more up to a record of 20 blocks, as
 * counted from its own start.  What follows, once the pipeline was switched, is another.
 */
MUST_CHECK int tar_writer_finish(struct tar_writer *, struct error *err);

/* Members begun so far, as tar programs count them: without pax headers. */
uint64_t tar_writer_members(const struct tar_writer *);

#endif
