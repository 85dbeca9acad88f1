/*
 * What names one of our descriptors is found by following the links one at a time, and not by
 * opening it: Linux then opens the file anew, at offset 0.
 */
/* realpath() */
#define _DEFAULT_SOURCE
#include "cli/ownfd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/number.h"
#include "lib/path.h"
#include "lib/sys.h"

/* Links that lead to links, as many as the system follows itself. */
enum { LINKS_MOST = 40 };

/* proc(5) and the fdescfs of the BSDs: where the names are numbers of descriptors. */
static const char *const directories[] = { "/proc/self/fd", "/proc/thread-self/fd",
	"/dev/fd" };

static bool
has_descriptors(const char *real)
{
	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
		char *ours = realpath(directories[i], NULL);
		const bool is_it = ours && strcmp(ours, real) == 0;

		free(ours);
		if (is_it)
			return true;
	}
	return false;
}

/* Then opening it fails as well, and says so. */
static bool
is_out_of_reach(int sys)
{
	return sys == ENOENT || sys == ENOTDIR || sys == EACCES || sys == ELOOP ||
	    sys == ENAMETOOLONG;
}

/* The directory's path without links; NULL if absent. */
static int
resolve(const char *directory, char **real, struct error *err)
{
	*real = realpath(directory, NULL);
	if (*real || is_out_of_reach(errno))
		return 0;
	return error_set(
	    err, ERROR_IO, errno, "\"%s\": could not resolve path", directory);
}

/* ${target}, as a link in ${directory} has it. */
static int
ownfd_follow(const char *directory, const char *target, char **next, struct error *err)
{
	struct buf at = { 0 };

	if (target[0] == '/' ? buf_printf(&at, err, "%s", target) :
			       buf_printf(&at, err, "%s/%s", directory, target))
		return -1;
	*next = strdup(buf_text(&at));
	buf_free(&at);
	return *next ? 0 : error_memory(err);
}

/* One link further: *next, or NULL if absent. */
static int
read_link(const char *path, const char *directory, char **next, struct error *err)
{
	struct error why = { 0 };
	char *target;
	int rc;

	if (sys_readlink(AT_FDCWD, path, &target, &why)) {
		if (why.sys == EINVAL || is_out_of_reach(why.sys))
			return 0;
		*err = why;
		return error_wrap(err, "\"%s\"", path);
	}
	rc = ownfd_follow(directory, target, next, err);
	free(target);
	return rc;
}

/* Is ${path} such a name itself?  Else where it leads, if it is a link. */
static int
look_at_link(const char *path, int *fd, char **next, struct error *err)
{
	char *directory, *name, *real = NULL;
	uint64_t number;
	int rc;

	*next = NULL;
	if (path_split(path, &directory, &name, err))
		return -1;
	rc = resolve(directory, &real, err);
	if (real == NULL)
		;
	else if (has_descriptors(real) &&
	    number_parse(name, strlen(name), INT_MAX, &number))
		*fd = (int)number;
	else
		rc = read_link(path, directory, next, err);
	free(directory);
	free(name);
	free(real);
	return rc;
}

int
ownfd_find(const char *path, int *fd, struct error *err)
{
	char *at = strdup(path), *next = NULL;
	int rc = at ? 0 : error_memory(err);

	*fd = -1;
	for (int i = 0; rc == 0 && at && *fd == -1 && i < LINKS_MOST; i++) {
		rc = look_at_link(at, fd, &next, err);
		free(at);
		at = next;
	}
	free(at);
	return rc;
}
