#ifndef PG_BASETAR_SUPPORT_FILESYSTEM_H
#define PG_BASETAR_SUPPORT_FILESYSTEM_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/syscall.h>

#include "support/refuse.h"

/* File systems, of which each can do less than the one before it. */
struct filesystem {
	const char *name;
	bool is_nameless; /* it has files without a name */
	size_t count;
	struct refuse rows[3]; /* what it refuses */
};

/* All of them; the first FILESYSTEMS_NOREPLACE rename without replacing. */
enum { FILESYSTEMS_NOREPLACE = 3, FILESYSTEMS = 4 };
extern struct filesystem filesystems[FILESYSTEMS];

/* One that has no files without a name refuses this; for sources with _GNU_SOURCE. */
#define FILESYSTEM_NO_NAMELESS \
	{ \
		.call = SYS_openat, .arg = 2, .mask = O_TMPFILE & ~O_DIRECTORY, \
		.value = O_TMPFILE & ~O_DIRECTORY, .sys = EOPNOTSUPP \
	}

/*
 * Run ${run} with ${arg} there.  False, and nothing was run: the kernel does not let us; the test
 * is to be skipped.
 */
bool filesystem_run(const struct filesystem *, void (*run)(void *), void *arg);

/*
 * The names in ${path} that begin with ${prefix}, but for hidden ones, sorted, with a blank
 * between them; "-": there is no such directory.
 */
void filesystem_names(const char *path, const char *prefix, char *into, size_t size);

#endif
