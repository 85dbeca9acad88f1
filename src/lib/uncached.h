#ifndef PG_BASETAR_LIB_UNCACHED_H
#define PG_BASETAR_LIB_UNCACHED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/cancel.h"
#include "lib/error.h"

/*
 * Large transfers that leave the host's page cache as they found it.
 *
 * A backup reads every file of the database once and writes as much again.  Through the page cache
 * as usual, that pushes out what the database had there, and the kernel holds the writer up as
 * soon as a tenth of the memory waits to be written.  Here what was in the cache stays in it, and
 * what was not is not left there.  Where a system or a file system cannot do that, the transfer is
 * an ordinary one.  Errors are those of lib/sys.h.
 */

/*
 * As sys_pread().  Pages that this call brought into the cache are dropped again, those that were
 * there before stay.  Linux 6.14 does it with one flag (RWF_DONTCACHE); before, the call asks which
 * pages are there (mincore(2)) and gives back the others (posix_fadvise(2)).
 */
MUST_CHECK int uncached_pread(int fd, void *into, size_t len, uint64_t offset,
    size_t *got, const struct cancel *cancel, struct error *err);

/* Which pages of a file were in the cache. */
struct uncached_pages;

/*
 * Look at a file before several threads read it, for what one of them holds another cannot drop, or
 * before it is read up to some place, for the kernel reads ahead.  uncached_drop_others() makes up for
 * it when all have read.  NULL where there is nothing to make up for, because the file is smaller than
 * 1 MiB, or where it is not known.
 */
struct uncached_pages *uncached_look(int fd);

/* Drop all pages of the file but those.  Frees ${pages}; NULL drops none.  It cannot fail. */
void uncached_drop_others(int fd, struct uncached_pages *pages);

/*
 * ${len} bytes have just been written at ${offset} of a new file.  At the end of every 16 MiB the
 * system is told to write these to the disk, and those of some windows before are waited for and
 * dropped, so that little is left for the fsync() at the end.  Any thread may call it; a file is
 * written from its first byte to its last, by a few threads at most.  A failed write is ERROR_IO
 * here and may not be reported again by fsync().
 */
MUST_CHECK int uncached_settle(int fd, uint64_t offset, size_t len, struct error *err);

/* After the fsync(): drop all of it.  It cannot fail. */
void uncached_finish(int fd);

#endif
