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

#include "cli/options.h"
#include "cli/ancestry.h"
#include "format/layout.h"
#include "lib/sys.h"

/* Its path without links, owned.  NULL: it has none here, as in the root of a container. */
static char *
path_of_datadir(const struct restore_places *places)
{
	char *path = realpath(places->datadir.path, NULL);
	struct stat named, opened;

	if (path && stat(path, &named) == 0 && fstat(places->datadir.fd, &opened) == 0 &&
	    sys_is_same_file(&named, &opened))
		return path;
	free(path);
	return NULL;
}

int
restore_places_open(
    struct restore_places *places, const struct options *opt, struct error *err)
{
	places->tablespaces.opt = opt;
	if (newdir_open(&places->datadir, opt->pgdata, NULL, err)) {
		newdir_explain(opt->pgdata, NULL, err);
		return error_wrap(err, "data directory");
	}
	places->datadir_path = path_of_datadir(places);
	places->tablespaces.datadir = places->datadir_path;
	if (opt->waldir && newdir_open(&places->wal, opt->waldir, NULL, err)) {
		newdir_explain(opt->waldir, NULL, err);
		return error_wrap(err, "WAL directory");
	}
	return 0;
}

static int
check_place_empty(struct newdir *place, struct error *err)
{
	if (place->path == NULL || newdir_check(place, err) == 0)
		return 0;
	return newdir_explain(place->path, NULL, err);
}

int
restore_places_check_empty(struct restore_places *places, struct error *err)
{
	return check_place_empty(&places->datadir, err) ||
		check_place_empty(&places->wal, err) ?
	    -1 :
	    0;
}

size_t
restore_places_count(const struct restore_places *places)
{
	return places->tablespaces.count + 2;
}

const struct newdir *
restore_places_at(const struct restore_places *places, size_t number)
{
	if (number == 0)
		return &places->datadir;
	return number == 1 ? &places->wal : &places->tablespaces.rows[number - 2].dir;
}

/* ---- no place is in another ---- */

static int
take_places(const struct restore_places *places, struct place *list, struct error *err)
{
	for (size_t i = 0; i < restore_places_count(places); i++) {
		const struct newdir *place = restore_places_at(places, i);

		if (place->path && place_take(&list[i], place->fd, err))
			return error_wrap(err, "\"%s\"", place->path);
	}
	return 0;
}

int
restore_places_check_apart(const struct restore_places *places, struct error *err)
{
	const size_t count = restore_places_count(places);
	struct place *list = calloc(count, sizeof(*list));
	size_t inner = count, outer;
	int rc;

	if (list == NULL)
		return error_memory(err);
	rc = take_places(places, list, err) ||
		place_find_nested(list, count, &inner, &outer, err) ?
	    -1 :
	    0;
	if (rc == 0 && inner < count) {
		error_set(err, ERROR_STATE, 0, "\"%s\" and \"%s\" overlap",
		    restore_places_at(places, inner)->path,
		    restore_places_at(places, outer)->path);
		rc = error_hint(err, "Name a separate directory for each.");
	}
	for (size_t i = 0; i < count; i++)
		place_free(&list[i]);
	free(list);
	return rc;
}

/* ---- which is a path for? ---- */

int
restore_places_of(struct restore_places *places, const char *path, struct newdir **place,
    const char **below, struct error *err)
{
	const struct restore_tablespace *t =
	    restore_tablespaces_of(&places->tablespaces, path);
	const char *slash = t ? strchr(path + sizeof("pg_tblspc/") - 1, '/') : NULL;
	int rc = 0;

	*place = &places->datadir;
	*below = path;
	if (slash && (t->is_inside || t->nested)) {
		buf_clear(&places->below);
		rc = t->is_inside ?
		    buf_printf(&places->below, err, "%s/%" PRIu32 "%s",
			LAYOUT_TABLESPACES, t->oid, slash) :
		    buf_printf(&places->below, err, "%s%s", t->nested, slash);
		*below = buf_text(&places->below);
	} else if (slash) {
		*place = &places->tablespaces.rows[t - places->tablespaces.rows].dir;
		*below = slash + 1;
	} else if (places->wal.path &&
	    strncmp(path, LAYOUT_WAL "/", sizeof(LAYOUT_WAL)) == 0) {
		*place = &places->wal;
		*below = path + sizeof(LAYOUT_WAL);
	}
	return rc;
}

void
restore_places_free(struct restore_places *places, bool forget)
{
	restore_tablespaces_free(&places->tablespaces, forget);
	newdir_close(&places->wal, forget);
	newdir_close(&places->datadir, forget);
	free(places->datadir_path);
	buf_free(&places->below);
}
