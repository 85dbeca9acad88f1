/*
 * Whether one directory is inside another is decided by the device and the inode of each directory
 * up to the root, since a comparison of paths is misled by links and by relative names.
 */
#include "cli/ancestry.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>

#include "lib/buf.h"
#include "lib/path.h"

/* ---- inside of what? ---- */

static int
ancestry_add_row(struct ancestry *dir, const struct stat *st, struct error *err)
{
	struct ancestry_row *rows = realloc(dir->rows, (dir->count + 1) * sizeof(*rows));

	if (rows == NULL)
		return error_memory(err);
	dir->rows = rows;
	rows[dir->count++] = (struct ancestry_row){ st->st_dev, st->st_ino };
	return 0;
}

static bool
is_last(const struct ancestry *dir, const struct stat *st)
{
	const struct ancestry_row *last = &dir->rows[dir->count - 1];

	return last->device == st->st_dev && last->inode == st->st_ino;
}

/* Of the directory ${at}, which ends in a slash, below ${dirfd}.  The root holds itself. */
static int
climb(struct ancestry *dir, int dirfd, struct buf *at, struct error *err)
{
	struct stat st;

	for (;;) {
		if (fstatat(dirfd, buf_text(at), &st, 0) == -1)
			/* what may not be searched holds nothing that is backed up */
			return errno == EACCES ?
			    0 :
			    error_set(err, ERROR_IO, errno, "could not stat");
		if (dir->count > 0 && is_last(dir, &st))
			return 0;
		if (ancestry_add_row(dir, &st, err) || buf_append(at, "../", 3, err))
			return -1;
	}
}

static int
ancestry_collect(
    struct ancestry *out, int dirfd, const char *directory, struct error *err)
{
	struct buf at = { 0 };
	int rc;

	*out = (struct ancestry){ 0 };
	rc = buf_printf(&at, err, "%s/", directory) || climb(out, dirfd, &at, err) ? -1 :
										     0;
	if (rc == -1) {
		ancestry_free(out);
		error_wrap(err, "directory \"%s\"", buf_text(&at));
	}
	buf_free(&at);
	return rc;
}

int
ancestry_take(struct ancestry *out, int dirfd, struct error *err)
{
	return ancestry_collect(out, dirfd, ".", err);
}

int
ancestry_take_parent(struct ancestry *out, const char *path, struct error *err)
{
	char *parent, *name;
	int rc;

	*out = (struct ancestry){ 0 };
	if (path_split(path, &parent, &name, err))
		return -1;
	rc = ancestry_collect(out, AT_FDCWD, parent, err);
	free(parent);
	free(name);
	return rc;
}

bool
ancestry_is_inside(const struct ancestry *dir, const struct stat *st)
{
	for (size_t i = 0; i < dir->count; i++)
		if (dir->rows[i].device == st->st_dev && dir->rows[i].inode == st->st_ino)
			return true;
	return false;
}

void
ancestry_free(struct ancestry *dir)
{
	free(dir->rows);
	*dir = (struct ancestry){ 0 };
}

/* ---- several ---- */

/* By the directory itself; an empty one is before all others. */
static int
compare_directories(const void *a, const void *b)
{
	const struct ancestry *one = *(const struct ancestry *const *)a;
	const struct ancestry *other = *(const struct ancestry *const *)b;

	if (one->count == 0 || other->count == 0)
		return (one->count > 0) - (other->count > 0);
	if (one->rows[0].device != other->rows[0].device)
		return one->rows[0].device < other->rows[0].device ? -1 : 1;
	return (one->rows[0].inode > other->rows[0].inode) -
	    (one->rows[0].inode < other->rows[0].inode);
}

struct sorted {
	const struct ancestry **rows;
	size_t count;
};

/* The nearest of ${list} that ${dir} is below; NULL: it is below no directory of them. */
static const struct ancestry *
find_outer(const struct sorted *list, const struct ancestry *dir)
{
	const struct ancestry **found = NULL;

	for (size_t i = 1; i < dir->count && found == NULL; i++) {
		const struct ancestry wanted = { 1, &dir->rows[i] }, *key = &wanted;

		found = bsearch(&key, list->rows, list->count,
		    sizeof(const struct ancestry *), compare_directories);
	}
	return found ? *found : NULL;
}

/* Two that are next to each other and the same; else *inner stays what it is. */
static void
find_same(
    const struct sorted *list, const struct ancestry *dirs, size_t *inner, size_t *outer)
{
	for (size_t i = 1; i < list->count; i++) {
		if (list->rows[i]->count == 0 ||
		    compare_directories(&list->rows[i - 1], &list->rows[i]) != 0)
			continue;
		*inner = (size_t)(list->rows[i - 1] - dirs);
		*outer = (size_t)(list->rows[i] - dirs);
		return;
	}
}

int
ancestry_find_nested(const struct ancestry *dirs, size_t count, size_t *inner,
    size_t *outer, struct error *err)
{
	struct sorted list = { calloc(count ? count : 1, sizeof(struct ancestry *)),
		count };

	*inner = *outer = count;
	if (list.rows == NULL)
		return error_memory(err);
	for (size_t i = 0; i < count; i++)
		list.rows[i] = &dirs[i];
	qsort(list.rows, count, sizeof(const struct ancestry *), compare_directories);
	find_same(&list, dirs, inner, outer);
	for (size_t i = 0; i < count && *inner == count; i++) {
		const struct ancestry *found = find_outer(&list, &dirs[i]);

		if (found) {
			*inner = i;
			*outer = (size_t)(found - dirs);
		}
	}
	free(list.rows);
	return 0;
}
