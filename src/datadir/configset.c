/*
 * The rows of a configset, and what is in the files.  configpath.c has where they lie and what
 * they are called, configfollow.c what a file leads to.
 */
#define _DEFAULT_SOURCE /* realpath() */
#include "datadir/configset.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "datadir/configpath.h"
#include "lib/path.h"
#include "lib/sys.h"

void
configset_begin(struct configset *set, const struct configset_options *options)
{
	*set = (struct configset){ .opt = *options };
}

static void
free_texts(char **texts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(texts[i]);
	free(texts);
}

static void
free_row(struct configset_row *row)
{
	free(row->path);
	free(row->name);
	buf_free(&row->bytes);
}

void
configset_free(struct configset *set)
{
	for (size_t i = 0; i < set->count; i++)
		free_row(&set->rows[i]);
	free(set->rows);
	free_texts(set->aliases, set->naliases);
	free_texts(set->bases, set->nbases);
	for (size_t i = 0; i < set->nsettings; i++)
		free(set->settings[i].value);
	*set = (struct configset){ 0 };
}

/* ---- content ---- */

void
configset_warn(const struct configset *set, const char *path, const char *why)
{
	char text[PATH_MAX + 2048];

	snprintf(
	    text, sizeof(text), "\"%.*s\" is not in the backup: %s", PATH_MAX, path, why);
	set->opt.warn(text);
}

static bool
is_directory_kind(enum configset_kind kind)
{
	return kind >= CONFIGSET_FILES_OF;
}

/*
 * What the server sees by the name ${path}: the same file as we do, 0; else an errno, which is
 * EXDEV if it is another one, or nothing is known of its files.
 */
static int
compare_views(const struct configset *set, const char *path)
{
	char there[2 * PATH_MAX];
	struct stat ours, its;

	if (set->opt.server_root) {
		snprintf(there, sizeof(there), "%s%s", set->opt.server_root, path);
		if (stat(there, &its) == 0)
			return stat(path, &ours) == 0 && sys_is_same_file(&ours, &its) ?
			    0 :
			    EXDEV;
		if (errno == ENOENT || errno == ENOTDIR)
			return errno;
	}
	/* on this host, of which it is known what there is */
	if (set->opt.foreign_why && stat(path, &ours) == -1)
		return errno;
	return set->opt.is_foreign ? EXDEV : 0;
}

/*
 * Where the row's file really is; NULL: nowhere, or, EXDEV, where the server sees another file
 * by that name.
 */
static char *
real_path(const struct configset *set, const struct configset_row *row)
{
	char path[2 * PATH_MAX], *real;
	int why = 0;

	if (row->where == CONFIGSET_OUTSIDE)
		snprintf(path, sizeof(path), "%s", row->path);
	else
		snprintf(path, sizeof(path), "%s/%s", set->opt.datadir, row->name);
	if (row->where == CONFIGSET_OUTSIDE)
		why = compare_views(set, path);
	real = why == 0 ? realpath(path, NULL) : NULL;
	if (real && configpath_below(real, set->opt.datadir) == NULL)
		why = compare_views(set, real);
	if (why == 0)
		return real;
	free(real);
	errno = why;
	return NULL;
}

/* Its content, or that it is a directory.  ${why} is of any kind but memory. */
static int
configset_read_row(
    const struct configset *set, struct configset_row *row, struct error *why)
{
	char *real = real_path(set, row);
	int rc = -1;

	if (real == NULL && errno == EXDEV)
		error_set(why, ERROR_STATE, 0, "%s",
		    set->opt.foreign_why ?
			set->opt.foreign_why :
			"the server runs in a container or on another host, and the same path may be another file there");
	else if (real == NULL || stat(real, &row->st) == -1)
		error_set(why, ERROR_IO, errno, "could not open");
	else if (!row->is_directory)
		rc = sys_read_file(AT_FDCWD, real, CONFIGSET_FILE_MOST, &row->bytes, why);
	else if (S_ISDIR(row->st.st_mode))
		rc = 0;
	else
		error_set(why, ERROR_STATE, 0, "it is not a directory");
	free(real);
	return rc;
}

static bool
is_silent(
    const struct configset_row *row, enum configset_need need, const struct error *why)
{
	if (why->kind != ERROR_IO || (why->sys != ENOENT && why->sys != ENOTDIR))
		return false;
	return need == CONFIGSET_IF_EXISTS ||
	    (need == CONFIGSET_IF_OUTSIDE && row->where != CONFIGSET_OUTSIDE);
}

/* ---- rows ---- */

/* Room for one more.  False: no more are taken, as was said. */
static bool
has_room(struct configset *set, const char *path)
{
	char why[128];

	if (set->count < CONFIGSET_FILES && set->text < CONFIGSET_TEXT_MOST &&
	    set->bytes < CONFIGSET_BYTES_MOST)
		return true;
	if (!set->is_full) {
		snprintf(why, sizeof(why),
		    "there are too many configuration files, or they are too large; the files after it are not in the backup either");
		configset_warn(set, path, why);
	}
	set->is_full = true;
	return false;
}

static bool
is_known(const struct configset *set, const struct configset_row *row)
{
	for (size_t i = 0; i < set->count; i++) {
		const struct configset_row *other = &set->rows[i];

		if ((other->where == CONFIGSET_OUTSIDE) ==
			(row->where == CONFIGSET_OUTSIDE) &&
		    strcmp(row->where == CONFIGSET_OUTSIDE ? other->path : other->name,
			row->where == CONFIGSET_OUTSIDE ? row->path : row->name) == 0)
			return true;
	}
	return false;
}

/* The row is taken into the set. */
static int
keep_row(struct configset *set, struct configset_row *row, struct error *err)
{
	struct configset_row *rows = realloc(set->rows, (set->count + 1) * sizeof(*rows));

	if (rows == NULL)
		return error_memory(err);
	set->rows = rows;
	set->text += strlen(row->path) + strlen(row->name);
	set->bytes += row->bytes.len;
	if (row->where == CONFIGSET_TREE)
		buf_free(&row->bytes);
	rows[set->count++] = *row;
	*row = (struct configset_row){ 0 };
	return 0;
}

/*
 * A name that a line of pg_basetar.info could not give back, as it ends where a blank and a
 * slash follow.
 */
static bool
is_odd(const char *name)
{
	return name[0] == '\0' || strstr(name, " /") != NULL;
}

/* What the row has to be there for, or a warning.  An error is of memory. */
static int
fill_row(struct configset *set, struct configset_row *row, enum configset_need need,
    struct buf *content, struct error *err)
{
	struct error why = { 0 };

	if (configset_read_row(set, row, &why) == 0) {
		row->is_there = true;
		if (buf_append(content, row->bytes.data, row->bytes.len, err))
			return -1;
		return keep_row(set, row, err);
	}
	if (why.kind == ERROR_MEMORY) {
		*err = why;
		return -1;
	}
	if (is_silent(row, need, &why))
		return 0;
	/* a file in the tree that cannot be read is for the walk to refuse */
	if (row->where != CONFIGSET_TREE || why.sys == ENOENT)
		configset_warn(set, row->path, why.text);
	return keep_row(set, row, err);
}

int
configset_take(struct configset *set, enum configset_kind kind, const char *path,
    const struct configset_wish *wish, struct buf *content, struct error *err)
{
	struct configset_row row = { .kind = kind,
		.is_directory = is_directory_kind(kind) };
	int rc;

	if (strlen(path) >= PATH_MAX) {
		configset_warn(set, path, "its path is too long");
		return 0;
	}
	if (!has_room(set, path))
		return 0;
	rc = configpath_locate(set, path, wish, &row, err);
	if (rc == 0 && !is_known(set, &row)) {
		if (wish->fixed && row.where == CONFIGSET_OUTSIDE)
			rc = configpath_add_base(set, row.path, err);
		if (rc == 0 && row.where == CONFIGSET_OUTSIDE && is_odd(row.name))
			configset_warn(
			    set, row.path, "its name cannot be stored in the archive");
		else if (rc == 0)
			rc = fill_row(set, &row, wish->need, content, err);
	}
	free_row(&row);
	return rc;
}

static int
configset_compare_rows(const void *left, const void *right)
{
	const struct configset_row *a = left, *b = right;

	if (a->where != b->where)
		return a->where < b->where ? -1 : 1;
	return path_compare(a->name, b->name);
}

void
configset_sort(struct configset *set)
{
	if (set->count > 1)
		qsort(set->rows, set->count, sizeof(*set->rows), configset_compare_rows);
}

const struct configset_row *
configset_find(const struct configset *set, enum configset_where where, const char *name)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->rows[i].where == where && strcmp(set->rows[i].name, name) == 0)
			return &set->rows[i];
	return NULL;
}

bool
configset_has_below(
    const struct configset *set, enum configset_where where, const char *name)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->rows[i].where == where && set->rows[i].is_there &&
		    (name[0] == '\0' || configpath_below(set->rows[i].name, name)))
			return true;
	return false;
}

bool
configset_has_above(
    const struct configset *set, enum configset_where where, const char *name)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->rows[i].where == where && set->rows[i].is_there &&
		    !set->rows[i].is_directory &&
		    configpath_below(name, set->rows[i].name))
			return true;
	return false;
}
