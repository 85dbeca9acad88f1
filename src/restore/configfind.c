/*
 * Configuration files from outside of the data directory lie below pg_basetar_config in a copy, where
 * their places relative to each other are mostly kept, but not always (datadir/configpath.c): so each
 * is looked for by the path that it had.
 */
#define _DEFAULT_SOURCE /* realpath() */
#include "restore/configfind.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "datadir/configpath.h"
#include "format/layout.h"
#include "lib/path.h"
#include "lib/sys.h"

bool
configfind_is_here(const struct configfind *f, const char *path)
{
	struct stat there, here;

	return stat(path, &there) == 0 && fstat(f->datadir->fd, &here) == 0 &&
	    sys_is_same_file(&there, &here);
}

int
configfind_original(struct configfind *f, const char *path, struct error *err)
{
	char *real = realpath(f->datadir->path, NULL);
	int rc = buf_printf(&f->here, err, "%s", real ? real : f->datadir->path);

	/* what is not told may be anywhere: a file that is named by its path here is meant to be here */
	f->is_in_place = path && path[0] == '/' && configfind_is_here(f, path);
	if (path == NULL || path[0] != '/')
		path = real;
	/* a path that nothing has */
	if (rc == 0)
		rc = configpath_normalize(
		    path ? path : "/proc/self/nowhere", &f->original, err);
	free(real);
	return rc;
}

const char *
configfind_below(const struct configfind *f, const char *path)
{
	const struct infofile_pairs *names = &f->info->datadirs;
	const char *below = configpath_below(path, buf_text(&f->original));

	for (size_t i = 0; below == NULL && i < names->count; i++)
		below = configpath_below(path, names->rows[i].name);
	return below;
}

bool
configfind_is_there(struct newdir *datadir, const char *path, bool is_directory)
{
	struct error ignored = { 0 };
	struct stat st = { 0 };
	int fd;

	if (!path_is_plain(path) ||
	    beneath_file(
		&datadir->beneath, path, O_RDONLY | O_NONBLOCK, 0, &fd, &ignored))
		return false;
	if (fstat(fd, &st) == -1)
		st.st_mode = 0;
	sys_close(fd);
	return is_directory ? S_ISDIR(st.st_mode) : S_ISREG(st.st_mode);
}

/* "${prefix}${rest}" is taken, if it is there. */
static int
find_try(const struct configfind *f, const char *prefix, const char *rest,
    bool is_directory, struct buf *found, struct error *err)
{
	if (found->len > 0)
		return 0;
	if (buf_printf(found, err, "%s%s", prefix, rest))
		return -1;
	if (!configfind_is_there(f->datadir, buf_text(found), is_directory))
		buf_clear(found);
	return 0;
}

/*
 * The directory ${path}, by a file that was in it: pg_basetar.info lists files only.  ${row} is of a
 * file that was below it.
 */
static int
find_by_file(const struct configfind *f, const struct infofile_pair *row,
    const char *below, struct buf *found, struct error *err)
{
	const size_t name = strlen(row->name), rest = strlen(below);
	struct buf directory = { 0 };
	int rc = 0;

	if (rest == 0 || name <= rest + 1 || row->name[name - rest - 1] != '/' ||
	    strcmp(row->name + name - rest, below) != 0)
		return 0;
	rc = buf_append(&directory, row->name, name - rest - 1, err);
	if (rc == 0)
		rc = find_try(
		    f, LAYOUT_CONFIG "/", buf_text(&directory), true, found, err);
	buf_free(&directory);
	return rc;
}

/* One that no file was in, or only what is not listed: by its place next to the main file. */
static int
find_by_main(const struct configfind *f, const struct infofile_pair *row,
    const char *path, struct buf *found, struct error *err)
{
	const char *slash = strrchr(row->path, '/'), *below;
	char *directory;
	int rc = 0;

	if (strchr(row->name, '/') || slash == NULL)
		return 0;
	directory = strndup(row->path, (size_t)(slash - row->path));
	if (directory == NULL)
		return error_memory(err);
	below = configpath_below(path, directory);
	if (below && below[0])
		rc = find_try(f, LAYOUT_CONFIG "/", below, true, found, err);
	free(directory);
	return rc;
}

/* ${path}: absolute and normal. */
static int
find_outside(const struct configfind *f, const char *path, bool is_directory,
    struct buf *found, struct error *err)
{
	const struct infofile_pairs *rows = &f->info->config;

	for (size_t i = 0; i < rows->count; i++) {
		const struct infofile_pair *row = &rows->rows[i];
		const char *below = configpath_below(row->path, path);

		if (!is_directory && strcmp(row->path, path) == 0 &&
		    find_try(f, LAYOUT_CONFIG "/", row->name, false, found, err))
			return -1;
		if (is_directory && below && find_by_file(f, row, below, found, err))
			return -1;
	}
	for (size_t i = 0; is_directory && i < rows->count; i++)
		if (find_by_main(f, &rows->rows[i], path, found, err))
			return -1;
	return is_directory ?
	    find_try(f, LAYOUT_CONFIG "/elsewhere", path, true, found, err) :
	    0;
}

/* What ${from} calls ${name}: the path that it had.  The server works in its data directory. */
static int
absolute(const struct configfind *f, const struct configfile *from, const char *name,
    struct buf *path, struct error *err)
{
	const char *slash = from ? strrchr(from->was, '/') : NULL;
	struct buf whole = { 0 };
	int rc;

	if (name[0] == '/')
		return configpath_normalize(name, path, err);
	if (from)
		rc = buf_printf(&whole, err, "%.*s/%s",
		    (int)(slash ? slash - from->was : 0), from->was, name);
	else
		rc = buf_printf(&whole, err, "%s/%s", buf_text(&f->original), name);
	if (rc == 0)
		rc = configpath_normalize(buf_text(&whole), path, err);
	buf_free(&whole);
	return rc;
}

int
configfind_path(const struct configfind *f, const struct configfile *from,
    const char *name, bool is_directory, struct buf *found, struct error *err)
{
	struct buf path = { 0 };
	const char *below;
	int rc = 0;

	/* blanks alone would be the directory itself: the server refuses that */
	if (name[strspn(name, " \t\r\n")] == '\0')
		return 0;
	rc = absolute(f, from, name, &path, err);
	if (rc == 0)
		rc = find_outside(f, buf_text(&path), is_directory, found, err);
	below = rc == 0 ? configfind_below(f, buf_text(&path)) : NULL;
	if (below && below[0])
		rc = find_try(f, "", below, is_directory, found, err);
	/* a line of a file has no other line in it */
	if (strpbrk(buf_text(found), "\r\n"))
		buf_clear(found);
	buf_free(&path);
	return rc;
}

int
configfind_was(
    const struct configfind *f, const char *path, struct buf *was, struct error *err)
{
	const char *name = configpath_below(path, LAYOUT_CONFIG);

	for (size_t i = 0; name && i < f->info->config.count; i++)
		if (strcmp(f->info->config.rows[i].name, name) == 0)
			return configpath_normalize(
			    f->info->config.rows[i].path, was, err);
	return buf_printf(was, err, "%s/%s", buf_text(&f->original), path);
}

int
configfind_call(
    const struct configfile *from, const char *path, struct buf *name, struct error *err)
{
	for (const char *c = from ? from->path : ""; *c; c++)
		if (*c == '/' && buf_printf(name, err, "../"))
			return -1;
	return buf_printf(name, err, "%s", path);
}

void
configfind_free(struct configfind *f)
{
	buf_free(&f->original);
	buf_free(&f->here);
}
