/*
 * No system call gives several files their names at once.  So all files are finished before the
 * first gets its name, and the names are given in the order in which the files were made: the one
 * that marks the backup as whole comes last, and is the first to go if a name cannot be given.
 */
/* fdopendir() */
#define _DEFAULT_SOURCE
#include "stream/outdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/sys.h"
#include "stream/outfile.h"

struct outdir {
	struct outdir_options opt;
	int fd;
	bool is_made; /* by us, and not finished */
	struct part {
		char *path;
		struct sink *file; /* borrowed */
	} * parts;
	size_t count;
};

/* ---- opening ---- */

static int
outdir_cannot_open(const struct outdir *d, const char *could_not, struct error *err)
{
	bool is_wrong = errno == ENOENT || errno == ENOTDIR;

	error_set(err, is_wrong ? ERROR_STATE : ERROR_IO, errno,
	    "could not %s directory \"%s\"", could_not, d->opt.path);
	return error_hint(err,
	    is_wrong ?
		"-o must name the directory for the archives, in a directory that exists." :
		"Choose a directory that this user may write to.");
}

static int
check_empty(const struct outdir *d, struct error *err)
{
	int fd = openat(d->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd == -1 ? NULL : fdopendir(fd);
	bool is_empty = true;
	struct dirent *entry;
	int rc = 0;

	if (dir == NULL) {
		outdir_cannot_open(d, "open", err);
		sys_close(fd);
		return -1;
	}
	errno = 0;
	while (is_empty && (entry = readdir(dir)) != NULL)
		is_empty = strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0 ||
		    sys_is_lost_found(d->fd, entry->d_name);
	if (is_empty && errno != 0)
		rc = error_set(err, ERROR_IO, errno, "\"%s\": could not read directory",
		    d->opt.path);
	else if (!is_empty) {
		error_set(err, ERROR_STATE, ENOTEMPTY, "\"%s\"", d->opt.path);
		rc = error_hint(err,
		    "Use a directory of its own for each backup: a new or an empty one.");
	}
	closedir(dir);
	return rc;
}

int
outdir_open(struct outdir **out, const struct outdir_options *opt, struct error *err)
{
	struct outdir *d = calloc(1, sizeof(*d));
	const char *could_not = "create";

	*out = NULL;
	if (d == NULL)
		return error_memory(err);
	d->opt = *opt;
	d->fd = -1;
	d->is_made = mkdir(opt->path, 0700) == 0;
	if (d->is_made || errno == EEXIST) {
		could_not = "open";
		d->fd = open(opt->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (d->fd == -1 ? outdir_cannot_open(d, could_not, err) : check_empty(d, err)) {
		outdir_free(d);
		return -1;
	}
	*out = d;
	return 0;
}

int
outdir_stat(const struct outdir *d, struct stat *st, struct error *err)
{
	if (fstat(d->fd, st) == 0)
		return 0;
	return error_set(err, ERROR_IO, errno, "\"%s\": could not stat", d->opt.path);
}

int
outdir_directory(const struct outdir *d)
{
	return d->fd;
}

/* ---- its files ---- */

static char *
outdir_path(const struct outdir *d, const char *name)
{
	size_t size = strlen(d->opt.path) + strlen(name) + 2;
	char *path = malloc(size);

	if (path)
		snprintf(path, size, "%s/%s", d->opt.path, name);
	return path;
}

int
outdir_file(struct outdir *d, const char *name, struct sink **file, struct error *err)
{
	struct outfile_options opt = { .no_sync = d->opt.no_sync,
		.cancel = d->opt.cancel };
	struct part *parts = realloc(d->parts, (d->count + 1) * sizeof(*parts));
	char *path = parts ? outdir_path(d, name) : NULL;

	if (parts)
		d->parts = parts;
	if (path == NULL)
		return error_memory(err);
	opt.path = path;
	if (outfile_open_part(file, d->fd, name, &opt, err)) {
		free(path);
		return -1;
	}
	d->parts[d->count++] = (struct part){ path, *file };
	return 0;
}

/* ---- the end ---- */

/* The last one first: what marks a backup as whole goes before the files that it marks. */
static void
take_names_away(const struct outdir *d, size_t named, struct error *err)
{
	struct error why = { 0 };
	size_t left = 0;

	while (named > 0)
		left += outfile_vanish(d->parts[--named].file, &why) == -1;
	if (left == 0)
		return;
	err->hint[0] = '\0';
	error_hint(err,
	    "%zu file%s of the backup could not be removed from \"%s\" again: remove what is in it.",
	    left, left == 1 ? "" : "s", d->opt.path);
}

/* A new directory has a name to be synced as well, before it matters. */
static int
sync_above(const struct outdir *d, bool *is_unsynced, struct error *err)
{
	if (!d->is_made || d->opt.no_sync)
		return 0;
	return sys_sync_parent(d->fd, is_unsynced, err);
}

int
outdir_finish(struct outdir *d, bool *is_unsynced, struct error *err)
{
	size_t named = 0;
	int rc;

	*is_unsynced = false;
	if (sync_above(d, is_unsynced, err))
		return error_wrap(err, "\"%s\"", d->opt.path);
	for (rc = 0; rc == 0 && named < d->count; named += rc == 0)
		rc = outfile_appear(d->parts[named].file, err);
	if (rc == 0 && !d->opt.no_sync && sys_sync_directory(d->fd, err))
		rc = error_wrap(err, "\"%s\"", d->opt.path);
	if (rc == 0)
		d->is_made = false;
	else
		take_names_away(d, named, err);
	return rc;
}

/*
 * As the name may be another's by now, and as no descriptor of one can be removed.  rmdir()
 * leaves a directory that something is in.
 */
static void
remove_directory(const struct outdir *d)
{
	struct stat ours, its;

	if (d->fd == -1 ||
	    (fstat(d->fd, &ours) == 0 && stat(d->opt.path, &its) == 0 &&
		sys_is_same_file(&ours, &its)))
		rmdir(d->opt.path);
}

void
outdir_free(struct outdir *d)
{
	if (d == NULL)
		return;
	for (size_t i = 0; i < d->count; i++)
		free(d->parts[i].path);
	free(d->parts);
	if (d->is_made)
		remove_directory(d);
	sys_close(d->fd);
	free(d);
}
