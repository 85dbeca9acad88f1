#include "datadir/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "datadir/dirlist.h"
#include "datadir/exclude.h"
#include "datadir/member.h"
#include "lib/buf.h"
#include "lib/sys.h"
#include "pg/relfile.h"

/* How often a name may turn out to be something else than it was a moment ago. */
enum { KIND_TRIES = 10 };

struct walker {
	const struct walk_options *options;
	struct visitor *visitor; /* NULL: only the sum is wanted */
	struct buf path;         /* of what is being looked at */
	uint8_t *small;     /* WALK_SMALL + 1 bytes, one to see that there are more */
	struct walksum sum; /* so far, when only that is wanted */
	unsigned depth;
};

/* A directory on the way from the root to here. */
struct level {
	int fd;
	enum exclude_place place;
	struct exclude_unlogged unlogged; /* in it */
};

static int walk_children(
    struct walker *w, int fd, const struct stat *st, struct error *err);

static int
push_name(struct walker *w, const char *name, struct error *err)
{
	if (w->path.len > 0 && buf_append(&w->path, "/", 1, err))
		return -1;
	return buf_append(&w->path, name, strlen(name), err);
}

static void
pop_name(struct walker *w, size_t len)
{
	w->path.len = len;
	if (w->path.data)
		w->path.data[len] = '\0';
}

/* Say where a call failed. */
static int
wrap(const struct walker *w, const char *what, struct error *err)
{
	error_wrap(err, "%s \"%s\"", what, w->path.len ? buf_text(&w->path) : ".");
	if (err->kind == ERROR_IO && err->sys == EACCES)
		error_hint(err,
		    "All that is in a data directory is read as the user who owns it: let that user read this, or move it elsewhere.");
	return -1;
}

static int
failed(const struct walker *w, const char *what, const char *call, struct error *err)
{
	error_set(err, ERROR_IO, errno, "%s", call);
	return wrap(w, what, err);
}

/* Something changed: in a frozen tree nothing may.  The caller knows what to do then. */
static int
pass_change(const struct walker *w, struct error *err)
{
	if (!w->options->is_frozen)
		return 0;
	return error_set(err, ERROR_STATE, 0, "\"%s\" changed while it was read",
	    w->path.len ? buf_text(&w->path) : ".");
}

static void
add_member(struct walker *w)
{
	walksum_member(&w->sum, buf_text(&w->path), w->path.len);
}

static int
tell_directory(struct walker *w, const struct stat *st, struct error *err)
{
	if (w->visitor)
		return w->visitor->ops->directory(
		    w->visitor, buf_text(&w->path), st, err);
	add_member(w);
	return 0;
}

static int
tell_special(struct walker *w, enum dirlist_kind kind, struct error *err)
{
	if (w->visitor == NULL)
		return 0;
	return w->visitor->ops->special(w->visitor, buf_text(&w->path), kind, err);
}

/* Takes ${fd}. */
static int
tell_file(struct walker *w, int fd, struct stat *st, bool is_relation, struct error *err)
{
	const struct visitor_ops *ops = w->visitor->ops;
	const char *path = buf_text(&w->path);
	const struct stat before = *st;
	size_t len;
	int rc = -1;

	if (is_relation || (uint64_t)st->st_size > WALK_SMALL)
		return ops->file(w->visitor, path, st, fd, is_relation, err);
	if (member_read(fd, st, path, w->small, WALK_SMALL + 1, &len, w->options->judge,
		w->options->cancel, err))
		wrap(w, "file", err);
	else if ((len != (uint64_t)before.st_size ||
		     !sys_is_same_time(&before.st_mtim, &st->st_mtim)) &&
	    pass_change(w, err))
		rc = -1;
	else if (len > WALK_SMALL)
		return ops->file(w->visitor, path, st, fd, false, err);
	else {
		st->st_size = (off_t)len;
		rc = ops->bytes(w->visitor, path, st, w->small, len, err);
	}
	sys_close(fd);
	return rc;
}

static int
measure_file(struct walker *w, int dirfd, const char *name, enum member_found *found,
    struct error *err)
{
	struct stat st;

	if (member_stat(dirfd, name, found, &st, err))
		return wrap(w, "file", err);
	if (*found == MEMBER_THERE && !S_ISREG(st.st_mode))
		*found = MEMBER_OTHER;
	if (*found != MEMBER_THERE)
		return 0;
	add_member(w);
	walksum_file(&w->sum, &st);
	return 0;
}

/* The walk_... functions of a kind of file that find another one there tell nobody. */
static int
walk_file(struct walker *w, int dirfd, const char *name, bool is_relation,
    enum member_found *found, struct error *err)
{
	struct stat st;
	int fd;

	if (w->visitor == NULL)
		return measure_file(w, dirfd, name, found, err);
	if (member_open_file(dirfd, name, found, &fd, &st, err))
		return wrap(w, "file", err);
	return *found == MEMBER_THERE ? tell_file(w, fd, &st, is_relation, err) : 0;
}

static int
walk_directory(struct walker *w, int dirfd, const char *name, enum member_found *found,
    struct error *err)
{
	struct stat st;
	int fd, rc;

	if (member_open_directory(dirfd, name, found, &fd, &st, err))
		return wrap(w, "directory", err);
	if (*found != MEMBER_THERE)
		return 0;
	rc = tell_directory(w, &st, err);
	/* a tablespace below the data directory is sent once, as the tablespace */
	if (rc == 0 && !tablespaces_has_directory(w->options->tablespaces, &st))
		rc = walk_children(w, fd, &st, err);
	sys_close(fd);
	return rc;
}

/* The link of a tablespace.  One that is gone by now, or is new, is replayed from WAL. */
static int
walk_tablespace_link(struct walker *w, int dirfd, const char *name, struct error *err)
{
	const struct tablespace *t = tablespaces_find(w->options->tablespaces, name);
	struct stat st;

	if (t == NULL)
		return tablespaces_is_absent(w->options->tablespaces, name) ?
		    0 :
		    pass_change(w, err);
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT ? pass_change(w, err) :
					 failed(w, "link", "could not stat", err);
	if (w->visitor)
		return w->visitor->ops->link(
		    w->visitor, buf_text(&w->path), t->target, &st, err);
	add_member(w);
	return 0;
}

static int
walk_link(
    struct walker *w, const struct level *level, const char *name, struct error *err)
{
	const char *path = buf_text(&w->path);

	if (tablespaces_is_link(path))
		return walk_tablespace_link(w, level->fd, name, err);
	if (exclude_is_vital(level->place, path, name)) {
		error_set(err, ERROR_UNSUPPORTED, 0, "\"%s\" is a symbolic link", path);
		return error_hint(err,
		    "Only pg_wal and tablespaces are followed, and a backup without these data would not restore: put them in the place of the link.");
	}
	return tell_special(w, DIRLIST_LINK, err);
}

static int
walk_sent(struct walker *w, const struct level *level, const char *name,
    enum dirlist_kind kind, bool is_relation, struct error *err)
{
	for (int tries = 0; tries < KIND_TRIES; tries++) {
		enum member_found found = MEMBER_THERE;
		struct stat st;
		int rc = 0;

		if (kind == DIRLIST_FILE)
			rc = walk_file(w, level->fd, name, is_relation, &found, err);
		else if (kind == DIRLIST_DIRECTORY)
			rc = walk_directory(w, level->fd, name, &found, err);
		else if (kind == DIRLIST_LINK)
			rc = walk_link(w, level, name, err);
		else
			rc = tell_special(w, kind, err);
		if (rc == 0 && found != MEMBER_THERE)
			rc = pass_change(w, err);
		if (rc == -1 || found != MEMBER_OTHER)
			return rc;
		if (member_stat(level->fd, name, &found, &st, err))
			return wrap(w, "file", err);
		if (found == MEMBER_GONE)
			return 0;
		kind = dirlist_kind_of(st.st_mode);
	}
	return error_set(
	    err, ERROR_STATE, 0, "\"%s\" keeps changing its kind", buf_text(&w->path));
}

/*
 * The stat of a directory that is sent without what is in it, be it there itself or a
 * symbolic link that leads to one.  Where nothing is, as below the link of a statistics
 * directory in a file system of memory, it is to be as the data directory.
 */
static int
stat_emptied(
    struct walker *w, int dirfd, const char *path, struct stat *st, struct error *err)
{
	if (fstatat(dirfd, path, st, 0) == 0 && S_ISDIR(st->st_mode))
		return 0;
	if (fstat(w->options->datadir_fd, st) == -1)
		return failed(w, "directory", "could not stat", err);
	return 0;
}

/* Below pg_wal, whose place is ${dirfd}. */
static int
walk_wal_directories(struct walker *w, int dirfd, struct error *err)
{
	size_t len = w->path.len;

	for (unsigned n = 0;; n++) {
		const char *name = exclude_wal_directory(w->options->version, n);
		struct stat st;

		if (name == NULL)
			return 0;
		if (push_name(w, name, err) ||
		    stat_emptied(w, dirfd, buf_text(&w->path), &st, err) ||
		    tell_directory(w, &st, err))
			return -1;
		pop_name(w, len);
	}
}

static int
walk_emptied(
    struct walker *w, const struct level *level, const char *name, struct error *err)
{
	struct stat st;

	if (stat_emptied(w, level->fd, name, &st, err) || tell_directory(w, &st, err))
		return -1;
	return strcmp(name, "pg_wal") == 0 ? walk_wal_directories(w, level->fd, err) : 0;
}

/* One name of a directory, which stands at the end of the path. */
static int
walk_entry(struct walker *w, const struct level *level, const struct dirlist_row *row,
    struct error *err)
{
	enum dirlist_kind kind = row->kind;
	struct exclude_entry entry = {
		.mode = w->options->mode, .place = level->place, .name = row->name
	};
	enum member_found found;
	struct relfile file = { 0 };
	struct stat st;
	bool is_relation = false;

	if (cancel_is_raised(w->options->cancel))
		return error_set(err, ERROR_CANCELLED, 0, "interrupted");
	if (kind == DIRLIST_ADDED)
		return walk_emptied(w, level, row->name, err);
	if (kind == DIRLIST_UNKNOWN) {
		if (member_stat(level->fd, row->name, &found, &st, err))
			return wrap(w, "file", err);
		if (found == MEMBER_GONE)
			return pass_change(w, err);
		kind = dirlist_kind_of(st.st_mode);
	}
	if (level->place & (EXCLUDE_GLOBAL | EXCLUDE_DATABASE))
		is_relation = relfile_parse(row->name, &file);
	entry.is_directory = kind == DIRLIST_DIRECTORY || kind == DIRLIST_LINK;
	entry.is_temporary = is_relation && file.is_temporary;
	entry.is_unlogged = is_relation && exclude_unlogged_has(&level->unlogged, &file);
	entry.is_lost_found = sys_is_lost_found(level->fd, row->name);
	switch (exclude_decide(&entry, NULL)) {
	case EXCLUDE_SKIP:
		return 0;
	case EXCLUDE_EMPTY:
		return walk_emptied(w, level, row->name, err);
	case EXCLUDE_SEND:
		break;
	}
	return walk_sent(w, level, row->name, kind, is_relation, err);
}

/*
 * One tablespace, of which only the directory of this release is told.  If that was
 * removed meanwhile the link must be gone as well.
 */
static int
walk_location(struct walker *w, const struct tablespace *t, struct error *err)
{
	struct stat st;

	if (buf_printf(&w->path, err, "pg_tblspc/%s/%s", t->oid_text,
		w->options->version->tablespace_dir))
		return -1;
	if (fstat(t->fd, &st) == -1)
		return failed(w, "directory", "could not stat", err);
	if (st.st_nlink > 0 &&
	    (tell_directory(w, &st, err) || walk_children(w, t->fd, &st, err)))
		return -1;
	if (fstat(t->fd, &st) == -1)
		return failed(w, "directory", "could not stat", err);
	if (st.st_nlink > 0)
		return 0;
	if (pass_change(w, err))
		return -1;
	return tablespaces_check_dropped(w->options->datadir_fd, t, err);
}

static int
walk_tablespaces(struct walker *w, struct error *err)
{
	struct tablespaces *list = w->options->tablespaces;

	for (size_t i = 0; i < list->count; i++) {
		uint64_t before = w->sum.size;

		if (walk_location(w, &list->rows[i], err))
			return -1;
		pop_name(w, 0);
		if (w->visitor == NULL)
			list->rows[i].size = w->sum.size - before;
	}
	return 0;
}

/* All names of a directory, and in the root the tablespaces at their place among them. */
static int
walk_names(struct walker *w, const struct level *level, const struct dirlist *list,
    struct error *err)
{
	const char *at = level->place == EXCLUDE_ROOT ? w->options->tablespaces_at : NULL;
	size_t len = w->path.len;

	for (size_t i = 0; i < list->count; i++) {
		const struct dirlist_row *row = &list->rows[i];

		if (at && strcmp(row->name, at) >= 0) {
			if (walk_tablespaces(w, err))
				return -1;
			at = NULL;
		}
		if (push_name(w, row->name, err) || walk_entry(w, level, row, err))
			return -1;
		pop_name(w, len);
	}
	return at ? walk_tablespaces(w, err) : 0;
}

/* Has the directory, now that all in it was told, the names that were read? */
static int
check_directory(struct walker *w, int fd, const struct stat *before, struct error *err)
{
	struct stat now;

	if (fstat(fd, &now) == -1)
		return failed(w, "directory", "could not stat", err);
	return sys_is_same_time(&before->st_mtim, &now.st_mtim) ? 0 : pass_change(w, err);
}

/* What is in the directory ${fd}, whose path is the walker's and stat was ${st}. */
static int
walk_children(struct walker *w, int fd, const struct stat *st, struct error *err)
{
	struct level level = { .fd = fd, .place = exclude_place(buf_text(&w->path)) };
	struct dirlist list = { 0 };
	int rc = -1;

	if (w->depth == WALK_DEPTH)
		return error_set(err, ERROR_UNSUPPORTED, 0,
		    "directory \"%s\" is nested more than %d deep", buf_text(&w->path),
		    WALK_DEPTH);
	w->depth++;
	if (dirlist_read(fd, &list, err)) {
		wrap(w, "directory", err);
		goto out;
	}
	if (level.place == EXCLUDE_DATABASE &&
	    exclude_unlogged_find(&list, &level.unlogged, err))
		goto out;
	if (level.place != EXCLUDE_ROOT || !w->options->is_completed ||
	    exclude_complete(&list, err) == 0)
		rc = walk_names(w, &level, &list, err);
	if (rc == 0)
		rc = check_directory(w, fd, st, err);
out:
	w->depth--;
	exclude_unlogged_free(&level.unlogged);
	dirlist_free(&list);
	return rc;
}

static int
walk_root(struct walker *w, struct error *err)
{
	struct stat st;

	if (fstat(w->options->datadir_fd, &st) == -1)
		return failed(w, "directory", "could not stat", err);
	return walk_children(w, w->options->datadir_fd, &st, err);
}

/* ${t} NULL: the whole tree. */
static int
walk_telling(const struct walk_options *options, const struct tablespace *t,
    struct visitor *visitor, struct error *err)
{
	struct walker w = { .options = options, .visitor = visitor };
	int rc;

	w.small = malloc(WALK_SMALL + 1);
	if (w.small == NULL)
		return error_memory(err);
	rc = t ? walk_location(&w, t, err) : walk_root(&w, err);
	free(w.small);
	buf_free(&w.path);
	return rc;
}

int
walk_tree(const struct walk_options *options, struct visitor *visitor, struct error *err)
{
	return walk_telling(options, NULL, visitor, err);
}

int
walk_tablespace(const struct walk_options *options, const struct tablespace *t,
    struct visitor *visitor, struct error *err)
{
	return walk_telling(options, t, visitor, err);
}

int
walk_sum(const struct walk_options *options, struct walksum *sum, struct error *err)
{
	struct walker w = { .options = options };
	int rc = walk_root(&w, err);

	buf_free(&w.path);
	if (rc == 0)
		*sum = w.sum;
	return rc;
}
