#ifndef PG_BASETAR_FILLING_BENEATH_H
#define PG_BASETAR_FILLING_BENEATH_H

#include <stdint.h>
#include <sys/types.h>

#include "lib/buf.h"
#include "lib/error.h"

/*
 * Files below a directory, by paths that come from somebody else: no path leads out of it, and
 * none leads through a symbolic link.  Linux 5.6 sees to that in one call (openat2());
 * elsewhere each part of the path is opened on its own.
 *
 * A path is relative, without empty parts, "." and ".."; one that is not is ERROR_FORMAT.
 * Errors name the call only.
 */
struct beneath {
	int root;        /* borrowed: the directory */
	int parent;      /* that of the last path, kept open; -1: none is */
	struct buf path; /* of that */
};

/* ${root} outlives it. */
void beneath_open(struct beneath *, int root);
void beneath_close(struct beneath *);

/*
 * Open the file ${path} as openat() does; with O_CREAT it must not exist.  *fd is the
 * caller's.
 */
MUST_CHECK int beneath_file(struct beneath *, const char *path, int flags, mode_t mode,
    int *fd, struct error *err);

/*
 * Make the directory; the umask takes nothing from ${mode}.  ${uid} and ${gid} BENEATH_SAME:
 * ours.  ERROR_IO with EEXIST: it is there.
 */
#define BENEATH_SAME UINT32_MAX
MUST_CHECK int beneath_directory(struct beneath *, const char *path, mode_t mode,
    uid_t uid, gid_t gid, struct error *err);

/* Make a symbolic link whose text is ${target}. */
MUST_CHECK int beneath_link(
    struct beneath *, const char *path, const char *target, struct error *err);

/* Call it ${name}, in the same directory, where nothing has that name. */
MUST_CHECK int beneath_rename(
    struct beneath *, const char *path, const char *name, struct error *err);

/* Remove what is no directory. */
MUST_CHECK int beneath_remove(struct beneath *, const char *path, struct error *err);

/* Give it to that owner; of a link the link itself. */
MUST_CHECK int beneath_owner(
    struct beneath *, const char *path, uid_t uid, gid_t gid, struct error *err);

#endif
