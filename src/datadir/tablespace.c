/*
 * A tablespace is opened once and read through that descriptor to the end of the run, so that its
 * link may change or go.  A link that leads nowhere may be a DROP TABLESPACE under way or a volume
 * that is not mounted, and only time tells which: it gets a second.
 */
/* realpath() */
#define _XOPEN_SOURCE 700
#include "datadir/tablespace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "datadir/dirlist.h"
#include "lib/buf.h"
#include "lib/number.h"
#include "lib/sys.h"

/*
 * How long a link may lead to nothing: DROP TABLESPACE removes the directory first, and
 * on a busy disk the link some moments later.
 */
enum { DROP_TRIES = 100, DROP_PAUSE_MS = 10 };

enum outcome { FOUND, DROPPED, IN_PLACE };

/* What all tablespaces of a cluster have in common. */
struct source {
	int links_fd; /* pg_tblspc */
	const char *version_dir;
	struct tablespaces_choice choice;
};

bool
tablespaces_parse_oid(const char *name, uint32_t *oid)
{
	uint64_t number;

	if (!number_parse(name, strlen(name), UINT32_MAX, &number) || number == 0)
		return false;
	*oid = (uint32_t)number;
	return true;
}

bool
tablespaces_is_link(const char *path)
{
	static const char above[] = "pg_tblspc/";
	uint32_t oid;

	return strncmp(path, above, sizeof(above) - 1) == 0 &&
	    tablespaces_parse_oid(path + sizeof(above) - 1, &oid);
}

static void
pause_a_moment(void)
{
	const struct timespec moment = { .tv_nsec = DROP_PAUSE_MS * 1000000L };

	/* a signal cuts it short: that is one pause of a hundred */
	nanosleep(&moment, NULL);
}

static int
wrap(const struct tablespace *t, struct error *err)
{
	return error_wrap(err, "tablespace %s: location \"%s\"", t->oid_text, t->target);
}

static int
unmounted(const struct tablespace *t, struct error *err)
{
	err->kind = ERROR_STATE;
	wrap(t, err);
	return error_hint(err,
	    "The target of the symbolic link pg_tblspc/%s is missing: mount its volume; or name it, or its snapshot, with -T OLD=NEW; or leave it out with --without-tablespace=%s, if all in it is temporary.",
	    t->oid_text, t->oid_text);
}

/* Read the link anew: a tablespace may be dropped, and its OID never comes again. */
static int
read_link(struct tablespace *t, int links_fd, enum outcome *outcome, struct error *err)
{
	free(t->target);
	t->target = NULL;
	*outcome = FOUND;
	if (sys_readlink(links_fd, t->oid_text, &t->target, err) == 0)
		return 0;
	if (err->kind == ERROR_IO && err->sys == ENOENT)
		*outcome = DROPPED;
	else if (err->kind == ERROR_IO && err->sys == EINVAL)
		*outcome = IN_PLACE;
	else
		return error_wrap(err, "tablespace %s", t->oid_text);
	return 0;
}

/* ${t} gets its descriptor and stats, or nothing. */
static int
open_directory(struct tablespace *t, const struct source *from, struct error *err)
{
	const char *moved = from->choice.relocations ?
	    relocations_find(from->choice.relocations, t->target) :
	    NULL;
	const char *place = moved ? moved : t->oid_text; /* absolute, or the link */
	struct buf path = { 0 };
	int fd = -1, rc = -1;

	t->is_relocated = moved != NULL;
	if (buf_printf(&path, err, "%s/%s", place, from->version_dir))
		goto out;
	if (fstatat(from->links_fd, place, &t->location, 0) == -1) {
		error_set(err, ERROR_IO, errno, "could not stat");
		goto out;
	}
	fd = openat(from->links_fd, buf_text(&path),
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1 || fstat(fd, &t->directory) == -1) {
		error_set(err, ERROR_IO, errno, "could not open");
		error_wrap(err, "directory \"%s\"", from->version_dir);
		goto out;
	}
	t->fd = fd;
	fd = -1;
	rc = 0;
out:
	if (rc && moved)
		error_wrap(err, "\"%s\"", moved);
	sys_close(fd);
	buf_free(&path);
	return rc;
}

static int
find_directory(struct tablespace *t, const struct source *from, enum outcome *outcome,
    struct error *err)
{
	for (int tries = 0;; tries++) {
		if (read_link(t, from->links_fd, outcome, err))
			return -1;
		if (*outcome != FOUND || open_directory(t, from, err) == 0)
			return 0;
		if (err->kind != ERROR_IO || err->sys != ENOENT)
			return wrap(t, err);
		if (tries == DROP_TRIES)
			return unmounted(t, err);
		pause_a_moment();
	}
}

int
tablespaces_check_dropped(int datadir_fd, const struct tablespace *t, struct error *err)
{
	struct buf path = { 0 };
	struct stat st;
	int rc = -1;

	if (buf_printf(&path, err, "pg_tblspc/%s", t->oid_text))
		return -1;
	for (int tries = 0; tries <= DROP_TRIES; tries++) {
		if (fstatat(datadir_fd, buf_text(&path), &st, AT_SYMLINK_NOFOLLOW) ==
			-1 &&
		    errno == ENOENT) {
			rc = 0;
			break;
		}
		pause_a_moment();
	}
	buf_free(&path);
	if (rc == 0)
		return 0;
	error_set(err, ERROR_STATE, 0, "its directory was removed");
	return unmounted(t, err);
}

static void
release(struct tablespace *t)
{
	sys_close(t->fd);
	free(t->target);
}

static int
add_absent(struct tablespaces *list, const char *name, const struct source *from,
    struct error *err)
{
	struct tablespace t = { .fd = -1 };
	struct tablespace_absent *rows;
	enum outcome outcome;

	memcpy(t.oid_text, name, strlen(name) + 1);
	if (read_link(&t, from->links_fd, &outcome, err))
		return -1;
	list->in_place += outcome == IN_PLACE;
	if (outcome != FOUND)
		return 0;
	rows = realloc(list->absent, (list->nabsent + 1) * sizeof(*rows));
	if (rows == NULL) {
		free(t.target);
		return error_memory(err);
	}
	list->absent = rows;
	rows[list->nabsent] = (struct tablespace_absent){ .target = t.target };
	tablespaces_parse_oid(name, &rows[list->nabsent].oid);
	memcpy(rows[list->nabsent++].oid_text, t.oid_text, sizeof(t.oid_text));
	return 0;
}

/* Add the tablespace of that name, if it is one. */
static int
tablespaces_add_one(struct tablespaces *list, const char *name, const struct source *from,
    struct error *err)
{
	struct tablespace t = { .fd = -1 };
	enum outcome outcome;

	if (!tablespaces_parse_oid(name, &t.oid))
		return 0;
	if (from->choice.without && oids_has(from->choice.without, t.oid))
		return add_absent(list, name, from, err);
	memcpy(t.oid_text, name, strlen(name) + 1);
	if (find_directory(&t, from, &outcome, err)) {
		release(&t);
		return -1;
	}
	list->in_place += outcome == IN_PLACE;
	if (outcome == FOUND)
		list->rows[list->count++] = t;
	else
		release(&t);
	return 0;
}

static int
add_all(struct tablespaces *out, const struct source *from, struct error *err)
{
	struct tablespaces list = { 0 };
	struct dirlist names = { 0 };
	int rc = -1;

	if (dirlist_read(from->links_fd, &names, err)) {
		error_wrap(err, "directory \"pg_tblspc\"");
		goto out;
	}
	list.rows = malloc((names.count + 1) * sizeof(*list.rows));
	if (list.rows == NULL) {
		error_memory(err);
		goto out;
	}
	for (size_t i = 0; i < names.count; i++)
		if (tablespaces_add_one(&list, names.names[i], from, err))
			goto out;
	*out = list;
	list = (struct tablespaces){ 0 };
	rc = 0;
out:
	dirlist_free(&names);
	tablespaces_free(&list);
	return rc;
}

int
tablespaces_read(int datadir_fd, const struct pg_version *version,
    const struct tablespaces_choice *choice, struct tablespaces *list, struct error *err)
{
	struct source from = { -1, version->tablespace_dir, *choice };
	int rc;

	*list = (struct tablespaces){ 0 };
	from.links_fd = openat(
	    datadir_fd, "pg_tblspc", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (from.links_fd == -1 && errno == ENOENT)
		return 0;
	if (from.links_fd == -1) {
		error_set(err, ERROR_IO, errno, "could not open");
		return error_wrap(err, "directory \"pg_tblspc\"");
	}
	rc = add_all(list, &from, err);
	sys_close(from.links_fd);
	return rc;
}

const struct tablespace *
tablespaces_find(const struct tablespaces *list, const char *oid_text)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->rows[i].oid_text, oid_text) == 0)
			return &list->rows[i];
	return NULL;
}

bool
tablespaces_is_absent(const struct tablespaces *list, const char *oid_text)
{
	for (size_t i = 0; i < list->nabsent; i++)
		if (strcmp(list->absent[i].oid_text, oid_text) == 0)
			return true;
	return false;
}

bool
tablespaces_has_directory(const struct tablespaces *list, const struct stat *st)
{
	for (size_t i = 0; i < list->count; i++)
		if (sys_is_same_file(&list->rows[i].directory, st))
			return true;
	return false;
}

void
tablespaces_free(struct tablespaces *list)
{
	for (size_t i = 0; i < list->count; i++)
		release(&list->rows[i]);
	free(list->rows);
	for (size_t i = 0; i < list->nabsent; i++)
		free(list->absent[i].target);
	free(list->absent);
	*list = (struct tablespaces){ 0 };
}
