/*
 * A path as PostgreSQL calls it is translated into an open directory and a path below that, since a
 * tablespace or pg_wal may lie elsewhere in the copy.  Whether two of these directories overlap is
 * found by device and inode, not by their names: links and mounts give one directory many paths.
 */
/* realpath() */
#define _DEFAULT_SOURCE
#include "restore/directories.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/ancestry.h"
#include "cli/options.h"
#include "format/layout.h"
#include "lib/sys.h"
#include "restore/conflict.h"

/* Its path without links, owned.  NULL: it has none here, as in the root of a container. */
static char *
path_of_datadir(const struct restore_directories *directories)
{
	char *path = realpath(directories->datadir.path, NULL);
	struct stat named, opened;

	if (path && stat(path, &named) == 0 &&
	    fstat(directories->datadir.fd, &opened) == 0 &&
	    sys_is_same_file(&named, &opened))
		return path;
	free(path);
	return NULL;
}

int
restore_directories_open(
    struct restore_directories *directories, const struct options *opt, struct error *err)
{
	directories->tablespaces.opt = opt;
	if (newdir_open(&directories->datadir, opt->pgdata, NULL, err)) {
		newdir_explain(opt->pgdata, NULL, err);
		return error_wrap(err, "data directory");
	}
	directories->datadir_path = path_of_datadir(directories);
	directories->tablespaces.datadir = directories->datadir_path;
	if (opt->waldir && newdir_open(&directories->wal, opt->waldir, NULL, err)) {
		newdir_explain(opt->waldir, NULL, err);
		return error_wrap(err, "WAL directory");
	}
	return 0;
}

static int
check_empty(struct newdir *dir, struct error *err)
{
	if (dir->path == NULL || newdir_check(dir, err) == 0)
		return 0;
	return newdir_explain(dir->path, NULL, err);
}

int
restore_directories_check_empty(
    struct restore_directories *directories, struct error *err)
{
	return check_empty(&directories->datadir, err) ||
		check_empty(&directories->wal, err) ?
	    -1 :
	    0;
}

size_t
restore_directories_count(const struct restore_directories *directories)
{
	return directories->tablespaces.count + 2;
}

const struct newdir *
restore_directories_at(const struct restore_directories *directories, size_t number)
{
	if (number == 0)
		return &directories->datadir;
	return number == 1 ? &directories->wal :
			     &directories->tablespaces.rows[number - 2].dir;
}

/* ---- none is in another ---- */

static int
take_ancestries(const struct restore_directories *directories, struct ancestry *list,
    struct error *err)
{
	for (size_t i = 0; i < restore_directories_count(directories); i++) {
		const struct newdir *dir = restore_directories_at(directories, i);

		if (dir->path && ancestry_take(&list[i], dir->fd, err))
			return error_wrap(err, "\"%s\"", dir->path);
	}
	return 0;
}

/* Each that is in another is named once. */
static int
find_overlaps(const struct restore_directories *directories, struct ancestry *list,
    size_t count, struct error *all, struct error *err)
{
	for (;;) {
		struct error one = { 0 };
		size_t inner = count, outer;

		if (ancestry_find_nested(list, count, &inner, &outer, err))
			return -1;
		if (inner == count)
			return 0;
		error_set(&one, ERROR_STATE, 0, "\"%s\" and \"%s\" overlap",
		    restore_directories_at(directories, inner)->path,
		    restore_directories_at(directories, outer)->path);
		error_hint(&one, "Name a separate directory for each.");
		restore_conflict_add(all, &one);
		ancestry_free(&list[inner]);
		list[inner] = (struct ancestry){ 0 };
	}
}

int
restore_directories_check_apart(
    const struct restore_directories *directories, struct error *err)
{
	const size_t count = restore_directories_count(directories);
	struct ancestry *list = calloc(count, sizeof(*list));
	struct error all = { 0 };
	int rc;

	if (list == NULL)
		return error_memory(err);
	rc = take_ancestries(directories, list, err) ||
		find_overlaps(directories, list, count, &all, err) ?
	    -1 :
	    0;
	if (rc == 0 && all.kind != ERROR_NONE) {
		*err = all;
		rc = -1;
	}
	for (size_t i = 0; i < count; i++)
		ancestry_free(&list[i]);
	free(list);
	return rc;
}

/* ---- which is a path for? ---- */

int
restore_directories_of(struct restore_directories *directories, const char *path,
    struct newdir **dir, const char **below, struct error *err)
{
	const struct restore_tablespace *t =
	    restore_tablespaces_of(&directories->tablespaces, path);
	const char *slash = t ? strchr(path + sizeof("pg_tblspc/") - 1, '/') : NULL;
	int rc = 0;

	*dir = &directories->datadir;
	*below = path;
	if (slash && (t->is_inside || t->nested)) {
		buf_clear(&directories->below);
		rc = t->is_inside ?
		    buf_printf(&directories->below, err, "%s/%" PRIu32 "%s",
			LAYOUT_TABLESPACES, t->oid, slash) :
		    buf_printf(&directories->below, err, "%s%s", t->nested, slash);
		*below = buf_text(&directories->below);
	} else if (slash) {
		*dir =
		    &directories->tablespaces.rows[t - directories->tablespaces.rows].dir;
		*below = slash + 1;
	} else if (directories->wal.path &&
	    strncmp(path, LAYOUT_WAL "/", sizeof(LAYOUT_WAL)) == 0) {
		*dir = &directories->wal;
		*below = path + sizeof(LAYOUT_WAL);
	}
	return rc;
}

void
restore_directories_free(struct restore_directories *directories, bool forget)
{
	restore_tablespaces_free(&directories->tablespaces, forget);
	newdir_close(&directories->wal, forget);
	newdir_close(&directories->datadir, forget);
	free(directories->datadir_path);
	buf_free(&directories->below);
}
