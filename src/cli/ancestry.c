/*
 * Whether one place is inside another is decided by the device and the inode of each directory up
 * to the root, since a comparison of paths is misled by links and by relative names.  What names
 * one of our descriptors is found by following the links one at a time, and not by opening it:
 * Linux then opens the file anew, at offset 0.
 */
/* realpath() */
#define _DEFAULT_SOURCE
#include "cli/ancestry.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/number.h"
#include "lib/path.h"
#include "lib/sys.h"

/* ---- inside of what? ---- */

static int
place_add_row(struct place *place, const struct stat *st, struct error *err)
{
	struct place_row *rows = realloc(place->rows, (place->count + 1) * sizeof(*rows));

	if (rows == NULL)
		return error_memory(err);
	place->rows = rows;
	rows[place->count++] = (struct place_row){ st->st_dev, st->st_ino };
	return 0;
}

static bool
is_last(const struct place *place, const struct stat *st)
{
	const struct place_row *last = &place->rows[place->count - 1];

	return last->device == st->st_dev && last->inode == st->st_ino;
}

/* Of the directory ${at}, which ends in a slash, below ${dirfd}.  The root holds itself. */
static int
climb(struct place *place, int dirfd, struct buf *at, struct error *err)
{
	struct stat st;

	for (;;) {
		if (fstatat(dirfd, buf_text(at), &st, 0) == -1)
			/* what may not be searched holds nothing that is backed up */
			return errno == EACCES ?
			    0 :
			    error_set(err, ERROR_IO, errno, "could not stat");
		if (place->count > 0 && is_last(place, &st))
			return 0;
		if (place_add_row(place, &st, err) || buf_append(at, "../", 3, err))
			return -1;
	}
}

static int
place_collect(struct place *out, int dirfd, const char *directory, struct error *err)
{
	struct buf at = { 0 };
	int rc;

	*out = (struct place){ 0 };
	rc = buf_printf(&at, err, "%s/", directory) || climb(out, dirfd, &at, err) ? -1 :
										     0;
	if (rc == -1) {
		place_free(out);
		error_wrap(err, "directory \"%s\"", buf_text(&at));
	}
	buf_free(&at);
	return rc;
}

int
place_take(struct place *out, int dirfd, struct error *err)
{
	return place_collect(out, dirfd, ".", err);
}

int
place_take_parent(struct place *out, const char *path, struct error *err)
{
	char *parent, *name;
	int rc;

	*out = (struct place){ 0 };
	if (path_split(path, &parent, &name, err))
		return -1;
	rc = place_collect(out, AT_FDCWD, parent, err);
	free(parent);
	free(name);
	return rc;
}

bool
place_is_inside(const struct place *place, const struct stat *st)
{
	for (size_t i = 0; i < place->count; i++)
		if (place->rows[i].device == st->st_dev &&
		    place->rows[i].inode == st->st_ino)
			return true;
	return false;
}

void
place_free(struct place *place)
{
	free(place->rows);
	*place = (struct place){ 0 };
}

/* ---- several ---- */

/* By the directory itself; a place without one is before all others. */
static int
compare_places(const void *a, const void *b)
{
	const struct place *one = *(const struct place *const *)a;
	const struct place *other = *(const struct place *const *)b;

	if (one->count == 0 || other->count == 0)
		return (one->count > 0) - (other->count > 0);
	if (one->rows[0].device != other->rows[0].device)
		return one->rows[0].device < other->rows[0].device ? -1 : 1;
	return (one->rows[0].inode > other->rows[0].inode) -
	    (one->rows[0].inode < other->rows[0].inode);
}

struct sorted {
	const struct place **rows;
	size_t count;
};

/* The nearest of ${list} that ${place} is below; NULL: of none. */
static const struct place *
find_outer(const struct sorted *list, const struct place *place)
{
	const struct place **found = NULL;

	for (size_t i = 1; i < place->count && found == NULL; i++) {
		const struct place wanted = { 1, &place->rows[i] }, *key = &wanted;

		found = bsearch(&key, list->rows, list->count,
		    sizeof(const struct place *), compare_places);
	}
	return found ? *found : NULL;
}

/* Two that are next to each other and the same; else *inner stays what it is. */
static void
find_same(
    const struct sorted *list, const struct place *places, size_t *inner, size_t *outer)
{
	for (size_t i = 1; i < list->count; i++) {
		if (list->rows[i]->count == 0 ||
		    compare_places(&list->rows[i - 1], &list->rows[i]) != 0)
			continue;
		*inner = (size_t)(list->rows[i - 1] - places);
		*outer = (size_t)(list->rows[i] - places);
		return;
	}
}

int
place_find_nested(const struct place *places, size_t count, size_t *inner, size_t *outer,
    struct error *err)
{
	struct sorted list = { calloc(count ? count : 1, sizeof(struct place *)), count };

	*inner = *outer = count;
	if (list.rows == NULL)
		return error_memory(err);
	for (size_t i = 0; i < count; i++)
		list.rows[i] = &places[i];
	qsort(list.rows, count, sizeof(const struct place *), compare_places);
	find_same(&list, places, inner, outer);
	for (size_t i = 0; i < count && *inner == count; i++) {
		const struct place *found = find_outer(&list, &places[i]);

		if (found) {
			*inner = i;
			*outer = (size_t)(found - places);
		}
	}
	free(list.rows);
	return 0;
}

/* ---- a descriptor ---- */

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
place_follow(const char *directory, const char *target, char **next, struct error *err)
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
	rc = place_follow(directory, target, next, err);
	free(target);
	return rc;
}

/* Is ${path} such a name itself?  Else where it leads, if it is a link. */
static int
place_look_at_link(const char *path, int *fd, char **next, struct error *err)
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
place_descriptor(const char *path, int *fd, struct error *err)
{
	char *at = strdup(path), *next = NULL;
	int rc = at ? 0 : error_memory(err);

	*fd = -1;
	for (int i = 0; rc == 0 && at && *fd == -1 && i < LINKS_MOST; i++) {
		rc = place_look_at_link(at, fd, &next, err);
		free(at);
		at = next;
	}
	free(at);
	return rc;
}
