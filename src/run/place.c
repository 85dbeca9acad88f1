/* realpath() */
#define _DEFAULT_SOURCE
#include "run/place.h"

#include <stdlib.h>
#include <string.h>

#include "util/path.h"
#include "util/sys.h"

char *
place_parent(const char *path)
{
	struct error ignored = { 0 };
	char *parent, *name, *real;

	if (path_split(path, &parent, &name, &ignored))
		return NULL;
	real = realpath(parent, NULL);
	free(parent);
	free(name);
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
		found = stat(path[0] ? path : "/", &st) == 0 && sys_is_same_file(&st, inside);
	}
	free(path);
	*is_inside = found;
	return 0;
}
