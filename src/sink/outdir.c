/* fdopendir() */
#define _DEFAULT_SOURCE
#include "sink/outdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sink/outfile.h"
#include "util/sys.h"

struct outdir {
	struct outdir_options opt;
	int fd;
	bool is_made; /* by us, and not finished */
	struct part {
		char *path;
		struct sink *file; /* borrowed */
	} *parts;
	size_t count;
};

/* ---- opening ---- */

static int
cannot_open(const struct outdir *d, struct error *err)
{
	bool is_wrong = errno == ENOENT || errno == ENOTDIR;

	error_set(err, is_wrong ? ERROR_STATE : ERROR_IO, errno, "\"%s\"", d->opt.path);
	return error_hint(err, is_wrong ?
		"-o names the directory for the files, in a directory that exists." :
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
		cannot_open(d, err);
		sys_close(fd);
		return -1;
	}
	errno = 0;
	while (is_empty && (entry = readdir(dir)) != NULL)
		is_empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
			   sys_is_lost_found(d->fd, entry->d_name);
	if (is_empty && errno != 0)
		rc = error_set(err, ERROR_IO, errno, "\"%s\": readdir", d->opt.path);
	else if (!is_empty) {
		error_set(err, ERROR_STATE, ENOTEMPTY, "\"%s\"", d->opt.path);
		rc = error_hint(err, "Use a directory of its own for each backup: a new or an "
				     "empty one.");
	}
	closedir(dir);
	return rc;
}

int
outdir_open(struct outdir **out, const struct outdir_options *opt, struct error *err)
{
	struct outdir *d = calloc(1, sizeof(*d));

	*out = NULL;
	if (d == NULL)
		return error_memory(err);
	d->opt = *opt;
	d->fd = -1;
	d->is_made = mkdir(opt->path, 0700) == 0;
	if (d->is_made || errno == EEXIST)
		d->fd = open(opt->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (d->fd == -1 ? cannot_open(d, err) : check_empty(d, err)) {
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
	return error_set(err, ERROR_IO, errno, "\"%s\": fstat", d->opt.path);
}

int
outdir_directory(const struct outdir *d)
{
	return d->fd;
}

/* ---- its files ---- */

static char *
path_of(const struct outdir *d, const char *name)
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
	struct outfile_options opt = { .no_sync = d->opt.no_sync, .cancel = d->opt.cancel };
	struct part *parts = realloc(d->parts, (d->count + 1) * sizeof(*parts));
	char *path = parts ? path_of(d, name) : NULL;

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

static int
sync_directory(const struct outdir *d, const char *name, struct error *err)
{
	int fd = openat(d->fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = fd == -1 ? 0 : sys_sync_directory(fd, err);

	if (rc == -1)
		error_wrap(err, "\"%s\"", d->opt.path);
	sys_close(fd);
	return rc;
}

int
outdir_finish(struct outdir *d, struct error *err)
{
	size_t named = 0;
	int rc = 0;

	/* a new directory has a name to be synced as well, before it matters */
	if (d->is_made && !d->opt.no_sync)
		rc = sync_directory(d, "..", err);
	while (rc == 0 && named < d->count) {
		rc = outfile_appear(d->parts[named].file, err);
		named += rc == 0;
	}
	if (rc == 0 && !d->opt.no_sync)
		rc = sync_directory(d, ".", err);
	/* the last one first: what tells a whole backup goes before what it tells of */
	while (rc == -1 && named > 0)
		outfile_vanish(d->parts[--named].file);
	if (rc == 0)
		d->is_made = false;
	return rc;
}

/* As the name may be another's by now, and as no descriptor of one can be removed. */
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
