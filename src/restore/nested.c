/*
 * A tablespace may lie in the data directory of a cluster: CREATE TABLESPACE warns of such a
 * location and takes it (CreateTableSpace() in src/backend/commands/tablespace.c).  The location in
 * the original is judged by the text of its path, as it need not exist on this host; a directory of
 * the copy is an open directory, and is looked at itself, whatever links led to it.
 */
#include "restore/nested.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "format/layout.h"
#include "lib/sys.h"

const char *
restore_nested_path(const char *directory, const char *location)
{
	size_t len = directory ? strlen(directory) : 0;

	while (len > 0 && directory[len - 1] == '/')
		len--;
	if (len == 0 || strncmp(directory, location, len) != 0 || location[len] != '/')
		return NULL;
	location += len + strspn(location + len, "/");
	return *location ? location : NULL;
}

/* Its parent directory, to be closed; -1: it is the root, or cannot be read. */
static int
nested_parent(int fd)
{
	const int up = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat here, above;

	if (up != -1 &&
	    (fstat(fd, &here) == -1 || fstat(up, &above) == -1 ||
		sys_is_same_file(&here, &above))) {
		sys_close(up);
		return -1;
	}
	return up;
}

/* Up from it to the root: is one of them a data directory? */
bool
restore_nested_is_in_cluster(int fd)
{
	int at = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;
	bool is_cluster = false;

	/* one that cannot be read is no cluster of this user's */
	while (at != -1 && !is_cluster) {
		const int up = nested_parent(at);

		is_cluster = fstatat(at, LAYOUT_CONTROL, &st, AT_SYMLINK_NOFOLLOW) == 0;
		sys_close(at);
		at = up;
	}
	sys_close(at);
	return is_cluster;
}
