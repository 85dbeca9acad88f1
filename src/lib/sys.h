#ifndef PG_BASETAR_LIB_SYS_H
#define PG_BASETAR_LIB_SYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

#include "lib/buf.h"
#include "lib/cancel.h"
#include "lib/error.h"

/*
 * System calls as this program wants them: whole transfers, EINTR handled, sizes of
 * one type.  Errors name the call only; the caller wraps them with the file's name.
 */

/* Close ${fd} unless it is -1. */
void sys_close(int fd);

/*
 * Write all of ${len} bytes.  A signal interrupts the call only when ${cancel} is
 * raised: then ERROR_CANCELLED.  ERROR_IO otherwise.
 */
MUST_CHECK int sys_write(int fd, const void *bytes, size_t len,
    const struct cancel *cancel, struct error *err);

/*
 * Have a pipe hold 1 MiB instead of the 64 KiB that it has at first, so that its two ends wait less
 * often for each other.  It stays as it is where the system does not allow that, as does a pipe that
 * holds more, and a descriptor of something else.
 */
void sys_widen_pipe(int fd);

/*
 * Read up to ${len} bytes from where ${fd} stands; fewer in *${got} means end of file.  A
 * raised ${cancel} (NULL: none) ends it: ERROR_CANCELLED.
 */
MUST_CHECK int sys_read(int fd, void *into, size_t len, size_t *got,
    const struct cancel *cancel, struct error *err);

/* The same from ${offset} on. */
MUST_CHECK int sys_pread(int fd, void *into, size_t len, uint64_t offset, size_t *got,
    const struct cancel *cancel, struct error *err);

/*
 * Append the whole file ${name}, below the directory ${dirfd} (or AT_FDCWD), to ${b}.
 * A symbolic link, or anything but a regular file, is ERROR_FORMAT; more than ${most}
 * bytes too; a file that cannot be opened is ERROR_IO with .sys as open() left it.
 */
MUST_CHECK int sys_read_file(
    int dirfd, const char *name, size_t most, struct buf *b, struct error *err);

/* The link's text as a string that the caller frees. */
MUST_CHECK int sys_readlink(
    int dirfd, const char *name, char **target, struct error *err);

/*
 * Of the file system that holds ${fd}: the bytes that a user other than root may still
 * write, and all bytes there are.
 */
MUST_CHECK int sys_room(int fd, uint64_t *available, uint64_t *total, struct error *err);

/* fsync() of a directory.  No error but of a disk: not all file systems can do it. */
MUST_CHECK int sys_sync_directory(int fd, struct error *err);

/*
 * Sync the whole file system that holds ${fd}, which was opened before anything was written to it: a
 * write that failed since then is ERROR_IO, of whatever file.
 */
MUST_CHECK int sys_sync_filesystem(int fd, struct error *err);

/*
 * Does it bring all to the disk, and report writes that failed?  Linux does since 5.8 (syncfs(2)):
 * before, and elsewhere, it returns 0 whatever happened.  And the file system must be known to do so:
 * one of FUSE or a network may only hand the data on.
 */
bool sys_sync_filesystem_is_sure(int fd);

/*
 * sys_sync_directory() of the directory that holds the directory ${fd}.  One that we may pass but not read
 * (EACCES) cannot be synced: then *is_unsynced, and no error.  Any other failure is one.
 */
MUST_CHECK int sys_sync_parent(int fd, bool *is_unsynced, struct error *err);

/* Are they of one file, by whatever names it was found? */
bool sys_is_same_file(const struct stat *a, const struct stat *b);

/*
 * Is ${name} in that directory what mkfs makes at the root of a file system: the directory
 * lost+found, which is root's?  Who mounted that there did not put it there.
 */
bool sys_is_lost_found(int dirfd, const char *name);

/*
 * Was the open file or directory ${fd} removed, of which ${before} is what fstat() said of it?  A
 * file system that never counts links (0 before) gives no answer.
 */
bool sys_is_removed(int fd, const struct stat *before);

/* Is it the same to the nanosecond? */
bool sys_is_same_time(const struct timespec *a, const struct timespec *b);

/* Seconds since some moment in the past, on a clock that no one sets. */
double sys_monotonic(void);

/* So many milliseconds from now on, on that clock: for waits that have an end. */
struct timespec sys_after(clockid_t clock, unsigned milliseconds);

/* Has it been seconds since *last?  Then that is now. */
bool sys_is_due(double *last);

/* How many processors this process may use; at least 1. */
unsigned sys_processors(void);

/*
 * Make the calling thread yield to all others, where that can be done: nice 19, and the idle class
 * of I/O, which counts for disks whose scheduler has classes (bfq, mq-deadline).
 */
void sys_thread_background(void);

/* What top and ps -L call the calling thread: at most 15 bytes, a longer name is cut. */
void sys_thread_name(const char *name);

/* Raise the soft limit of open files to the hard one; return what it is then. */
size_t sys_raise_file_limit(void);

#endif
