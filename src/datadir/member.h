#ifndef PG_BASETAR_DATADIR_MEMBER_H
#define PG_BASETAR_DATADIR_MEMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "lib/cancel.h"
#include "lib/error.h"
#include "lib/settle.h"

/*
 * One file of a directory in use, opened without waiting for it, following it or being
 * fooled by it: a name read a moment ago may be gone by now, or be something else.
 * Errors name the call; the caller wraps them with the file's name.
 */

enum member_found {
	MEMBER_THERE,
	MEMBER_GONE, /* no such name any more */
	MEMBER_OTHER /* the name is now that of another kind of file */
};

/*
 * Open a regular file, or a directory, for reading.  *fd, which the caller closes, and
 * *st are set only when it is *found MEMBER_THERE.
 */
MUST_CHECK int member_open_file(int dirfd, const char *name, enum member_found *found,
    int *fd, struct stat *st, struct error *err);
MUST_CHECK int member_open_directory(int dirfd, const char *name,
    enum member_found *found, int *fd, struct stat *st, struct error *err);

/* The stat of whatever has that name: MEMBER_THERE or MEMBER_GONE. */
MUST_CHECK int member_stat(int dirfd, const char *name, enum member_found *found,
    struct stat *st, struct error *err);

/* Knows what a file must look like, by its path. */
struct member_judge {
	bool (*is_whole)(
	    struct member_judge *, const char *path, const uint8_t *bytes, size_t len);
	struct settle settle; /* counts files that never were */
};

/*
 * Read up to ${room} bytes from the start of ${fd}, the file ${path}, again if it changed under the
 * reading: its stat was *st before, and is afterwards.  A file that changes all the time
 * is given as it was read last.  *len equal to ${room}: there may be more.
 *
 * With a ${judge}, one that is not whole may be being written: it is waited for, and read
 * again (lib/settle.h).
 */
MUST_CHECK int member_read(int fd, struct stat *st, const char *path, uint8_t *into,
    size_t room, size_t *len, struct member_judge *judge, const struct cancel *cancel,
    struct error *err);

#endif
