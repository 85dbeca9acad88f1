/* realpath() */
#define _DEFAULT_SOURCE
#include "run/place.h"

#include <stdlib.h>
#include <string.h>

char *
place_parent(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *parent = slash ? strdup(path) : strdup(".");
	char *real;

	if (parent && slash)
		parent[slash == path ? 1 : slash - path] = '\0';
	real = parent ? realpath(parent, NULL) : NULL;
	free(parent);
	return real;
}

int
place_is_inside(const char *directory, const struct stat *inside, bool *is_inside,
    struct error *err)
{
	char *path = strdup(directory);
	struct stat st;
	bool found = false;

	if (path == NULL)
		return error_memory(err);
	/* up from the directory to the root */
	for (char *end = path + strlen(path); !found && end; end = strrchr(path, '/')) {
		*end = '\0';
		found = stat(path[0] ? path : "/", &st) == 0 && st.st_dev == inside->st_dev &&
		    st.st_ino == inside->st_ino;
	}
	free(path);
	*is_inside = found;
	return 0;
}
