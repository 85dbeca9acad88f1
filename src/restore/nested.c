/*
 * Tablespaces in the data directory itself.  The server warns of such a location, and takes it.  The
 * copy of one belongs into the copy of the directory: what lies in the original's, or in that of any
 * other cluster, is not to be touched.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "format/layout.h"
#include "lib/path.h"
#include "lib/sys.h"
#include "restore/restore_internal.h"

/* What ${path} is below ${directory}; NULL: it is not there. */
static const char *
below(const char *directory, const char *path)
{
	size_t len = strlen(directory);

	while (len > 0 && directory[len - 1] == '/')
		len--;
	if (len == 0 || strncmp(directory, path, len) != 0 || path[len] != '/')
		return NULL;
	path += len + strspn(path + len, "/");
	return *path ? path : NULL;
}

/* The link to it must say where it is. */
static int
no_path(const struct restore *r, const struct restore_space *s, struct error *err)
{
	error_set(err, ERROR_STATE, 0,
	    "tablespace %" PRIu32
	    " is in the data directory, and \"%s\" does not lead there without links",
	    s->oid, r->opt->pgdata);
	return error_hint(err,
	    "Name the data directory by its own path, or another place for the tablespace with -T OLD=NEW.");
}

int
restore_nested_place(
    struct restore *r, struct restore_space *s, const char *told, struct error *err)
{
	const char *path = told;
	struct buf location = { 0 };

	/* what the user moves is to be outside */
	if (s->is_inside || s->moved_to)
		return 0;
	/* the copy takes the place of the original */
	if (path == NULL && r->datadir_path)
		path = below(r->datadir_path, s->location);
	if (path == NULL)
		path = below(r->opt->pgdata, s->location);
	if (path == NULL)
		return 0;
	if (!path_is_plain(path))
		return error_set(err, ERROR_FORMAT, 0,
		    "tablespace %" PRIu32 ": \"%s\" is not a path in the data directory",
		    s->oid, path);
	if (r->datadir_path == NULL)
		return no_path(r, s, err);
	s->nested = strdup(path);
	if (s->nested == NULL ||
	    buf_printf(&location, err, "%s/%s", r->datadir_path, path)) {
		buf_free(&location);
		return error_memory(err);
	}
	free(s->location);
	s->location = (char *)location.data;
	r->has_nested = true;
	return 0;
}

/* The directories that lead to it, and its own; the tree may have them, too. */
static int
make_way(struct restore *r, char *path, struct error *err)
{
	for (char *end = path; end; end = *end ? end : NULL) {
		int rc;

		end += strcspn(end, "/");
		if (*end == '\0')
			return restore_write_directory(
			    r, path, 0700, r->uid, r->gid, err);
		*end = '\0';
		rc = restore_write_directory(r, path, 0700, r->uid, r->gid, err);
		*end++ = '/';
		if (rc)
			return -1;
	}
	return 0;
}

int
restore_nested_make(struct restore *r, struct error *err)
{
	for (size_t i = 0; i < r->nspaces; i++)
		if (r->spaces[i].nested && make_way(r, r->spaces[i].nested, err))
			return error_wrap(err, "tablespace %" PRIu32, r->spaces[i].oid);
	return 0;
}

/* Up from it to the root: is one of them a data directory? */
int
restore_nested_check(const struct restore_space *s, struct error *err)
{
	int at = openat(s->place.fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC), up;
	struct stat here, above, st;
	bool is_cluster = false;

	/* one that cannot be read is no cluster of this user's */
	while (at != -1 && !is_cluster) {
		is_cluster = fstatat(at, LAYOUT_CONTROL, &st, AT_SYMLINK_NOFOLLOW) == 0;
		up = openat(at, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (up != -1 &&
		    (fstat(at, &here) == -1 || fstat(up, &above) == -1 ||
			sys_is_same_file(&here, &above))) {
			sys_close(up);
			up = -1;
		}
		sys_close(at);
		at = up;
	}
	sys_close(at);
	if (!is_cluster)
		return 0;
	error_set(err, ERROR_STATE, 0,
	    "tablespace %" PRIu32 ": \"%s\" is in the data directory of a cluster",
	    s->oid, s->location);
	return error_hint(err, "Name another place for it with -T OLD=NEW.");
}
