#ifndef PG_BASETAR_DATADIR_DIRLIST_H
#define PG_BASETAR_DATADIR_DIRLIST_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "lib/error.h"

/*
 * The names in one directory, read to the end before the first is looked at, in the
 * byte order of names.  So an archive's order does not depend on the file system, and
 * a directory that changes meanwhile is not read in two states.  Memory is 10
 * bytes a name, 8 more while they are sorted, and the name.
 */

enum dirlist_kind {
	DIRLIST_UNKNOWN, /* the file system does not say: dirlist_kind_of() a stat */
	DIRLIST_FILE,
	DIRLIST_DIRECTORY,
	DIRLIST_LINK, /* symbolic */
	DIRLIST_FIFO,
	DIRLIST_SOCKET,
	DIRLIST_DEVICE,
	DIRLIST_ADDED, /* not found: dirlist_add() */
	DIRLIST_OTHER  /* what no file system of today has */
};

struct dirlist {
	size_t count;
	const char **names;
	/* what they point into, but for those that were added: before each a byte, its kind */
	uint8_t *text;
	size_t text_len;
};

/*
 * All names in the directory ${dirfd} but "." and "..".  The descriptor's own position
 * is not used.  A directory that was removed, although still open, has none.  ERROR_IO,
 * ERROR_MEMORY: *list is untouched.
 */
MUST_CHECK int dirlist_read(int dirfd, struct dirlist *list, struct error *err);

/* Add ${name}, which is borrowed, at its place as DIRLIST_ADDED, unless it is there. */
MUST_CHECK int dirlist_add(struct dirlist *list, const char *name, struct error *err);

/* What ${names} of that number was when it was read: it may be another by now. */
enum dirlist_kind dirlist_kind_at(const struct dirlist *list, size_t number);

/* Release the memory; the list is empty. */
void dirlist_free(struct dirlist *list);

/* What st_mode says. */
enum dirlist_kind dirlist_kind_of(mode_t mode);

/* "symbolic link", "fifo": for messages. */
const char *dirlist_kind_name(enum dirlist_kind kind);

#endif
