/*
 * Paths are taken as bytes, without a look at the file system, so that names in an archive and names
 * on a disk follow the same rules.  dirname() and basename() are not used: they may change the path
 * that they are given, and return memory that the next call reuses (POSIX).
 */
#include "lib/path.h"

#include <stdlib.h>
#include <string.h>

int
path_split(const char *path, char **directory, char **name, struct error *err)
{
	size_t end = strlen(path), start, parent;

	while (end > 0 && path[end - 1] == '/')
		end--;
	for (start = end; start > 0 && path[start - 1] != '/';)
		start--;
	for (parent = start; parent > 0 && path[parent - 1] == '/';)
		parent--;
	if (parent == 0 && path[0] == '/')
		parent = 1;
	*directory = parent > 0 ? strndup(path, parent) : strdup(".");
	*name = strndup(path + start, end - start);
	if (*directory && *name)
		return 0;
	free(*directory);
	free(*name);
	*directory = *name = NULL;
	return error_memory(err);
}

bool
path_is_plain(const char *path)
{
	for (const char *part = path;; part++) {
		const size_t len = strcspn(part, "/");

		if (len == 0 || (len <= 2 && strncmp(part, "..", len) == 0))
			return false;
		part += len;
		if (*part == '\0')
			return true;
	}
}

int
path_compare(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	if (*a == *b)
		return 0;
	if (*a == '\0' || *b == '\0')
		return *a == '\0' ? -1 : 1;
	if (*a == '/' || *b == '/')
		return *a == '/' ? -1 : 1;
	return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
}
