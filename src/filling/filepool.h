#ifndef PG_BASETAR_FILLING_FILEPOOL_H
#define PG_BASETAR_FILLING_FILEPOOL_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "lib/cancel.h"
#include "lib/error.h"

/*
 * Files that are written, and at the end synced, by several threads.  The essay at the top of
 * filepool.c says how.  All functions are for one thread.
 */
struct filepool;

/* Bytes that wait to be written, at most. */
#define FILEPOOL_BYTES ((size_t)32 * 1024 * 1024)

/*
 * ${hold}: files that are kept open until they are synced, half as many more for a moment; 0: none
 * is synced.  A raised ${cancel}, borrowed, ends every wait: ERROR_CANCELLED.
 */
MUST_CHECK int filepool_new(struct filepool **, unsigned threads, size_t hold,
    const struct cancel *cancel, struct error *err);

/* Wait until the threads are gone; what was not written is lost. */
void filepool_free(struct filepool *);

/*
 * Change the number of files that are kept open.  0: those that are now are closed, not synced, and
 * so is each that becomes complete: the caller syncs whole file systems.
 */
MUST_CHECK int filepool_hold(struct filepool *, size_t hold, struct error *err);

/*
 * A file begins: ${fd}, which is taken in any case; ${name} is for messages, copied.  Before the
 * next one it ends.
 */
MUST_CHECK int filepool_begin(
    struct filepool *, int fd, const char *name, struct error *err);

/* ${len} more bytes of it, copied.  What any file failed with is the error of the next call. */
MUST_CHECK int filepool_write(
    struct filepool *, const uint8_t *bytes, size_t len, struct error *err);

/* It is whole, and was changed at ${mtime}. */
MUST_CHECK int filepool_end(struct filepool *, time_t mtime, struct error *err);

/* Wait until all is written. */
MUST_CHECK int filepool_drain(struct filepool *, struct error *err);

/*
 * Sync the files that are not yet, and carry out ${sync} for each number below ${count}, in all
 * threads at once; what fails first is the error.  ERROR_CANCELLED, too.
 */
struct filepool_sync {
	int (*one)(struct filepool_sync *, size_t number, struct error *);
};
MUST_CHECK int filepool_sync(
    struct filepool *, struct filepool_sync *sync, size_t count, struct error *err);

#endif
