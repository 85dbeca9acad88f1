/*
 * The walk opens each directory below the descriptor of the one that holds it: a directory above
 * that is renamed or replaced meanwhile cannot lead it elsewhere.  All names of a directory are
 * read before the first is visited, because the archive has them in the order of their bytes; each
 * is then taken for what it turns out to be when it is opened.
 */
#include "datadir/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "datadir/dirlist.h"
#include "datadir/exclude.h"
#include "datadir/member.h"
#include "datadir/visit.h"
#include "lib/sys.h"
#include "pg/relfile.h"

/* How often a name may turn out to be something else than it was a moment ago. */
enum { KIND_TRIES = 10 };

struct walker {
	const struct walk_options *options;
	struct visit visit; /* where it is, and what hears of that */
	unsigned depth;
};

/* A directory on the way from the root to here. */
struct level {
	int fd;
	enum exclude_where where;
	struct exclude_unlogged unlogged; /* in it */
};

static int walk_children(
    struct walker *w, int fd, const struct stat *st, struct error *err);

static int
walk_directory(struct walker *w, int dirfd, const char *name, enum member_found *found,
    struct error *err)
{
	struct stat st;
	int fd, rc;

	if (member_open_directory(dirfd, name, found, &fd, &st, err))
		return visit_wrap(&w->visit, "directory", err);
	if (*found != MEMBER_THERE)
		return 0;
	rc = visit_directory(&w->visit, &st, err);
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
		    visit_changed(&w->visit, err);
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT ?
		    visit_changed(&w->visit, err) :
		    visit_failed(&w->visit, "link", "could not stat", err);
	return visit_link(&w->visit, t->target, &st, err);
}

static int
walk_link(
    struct walker *w, const struct level *level, const char *name, struct error *err)
{
	const char *path = buf_text(&w->visit.path);

	if (tablespaces_is_link(path))
		return walk_tablespace_link(w, level->fd, name, err);
	if (exclude_is_vital(level->where, path, name)) {
		error_set(err, ERROR_UNSUPPORTED, 0, "\"%s\" is a symbolic link", path);
		return error_hint(err,
		    "Only the symbolic links of pg_wal and of tablespaces are followed, and without these data the backup would not restore: replace the link by the data.");
	}
	return visit_special(&w->visit, DIRLIST_LINK, err);
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
			rc = visit_file(
			    &w->visit, level->fd, name, is_relation, &found, err);
		else if (kind == DIRLIST_DIRECTORY)
			rc = walk_directory(w, level->fd, name, &found, err);
		else if (kind == DIRLIST_LINK)
			rc = walk_link(w, level, name, err);
		else
			rc = visit_special(&w->visit, kind, err);
		if (rc == 0 && found != MEMBER_THERE)
			rc = visit_changed(&w->visit, err);
		if (rc == -1 || found != MEMBER_OTHER)
			return rc;
		if (member_stat(level->fd, name, &found, &st, err))
			return visit_wrap(&w->visit, "file", err);
		if (found == MEMBER_GONE)
			return 0;
		kind = dirlist_kind_of(st.st_mode);
	}
	return error_set(err, ERROR_STATE, 0, "\"%s\" keeps changing its file type",
	    buf_text(&w->visit.path));
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
		return visit_failed(&w->visit, "directory", "could not stat", err);
	return 0;
}

/* Below pg_wal, whose place is ${dirfd}. */
static int
walk_wal_directories(struct walker *w, int dirfd, struct error *err)
{
	size_t len = w->visit.path.len;

	for (unsigned n = 0;; n++) {
		const char *name = exclude_wal_directory(w->options->version, n);
		struct stat st;

		if (name == NULL)
			return 0;
		if (visit_enter(&w->visit, name, err) ||
		    stat_emptied(w, dirfd, buf_text(&w->visit.path), &st, err) ||
		    visit_directory(&w->visit, &st, err))
			return -1;
		visit_leave(&w->visit, len);
	}
}

static int
walk_emptied(
    struct walker *w, const struct level *level, const char *name, struct error *err)
{
	struct stat st;

	if (stat_emptied(w, level->fd, name, &st, err) ||
	    visit_directory(&w->visit, &st, err))
		return -1;
	return strcmp(name, "pg_wal") == 0 ? walk_wal_directories(w, level->fd, err) : 0;
}

/* One name of a directory, which stands at the end of the path. */
static int
walk_entry(struct walker *w, const struct level *level, const char *name,
    enum dirlist_kind kind, struct error *err)
{
	struct exclude_entry entry = {
		.mode = w->options->mode, .where = level->where, .name = name
	};
	enum member_found found;
	struct relfile file = { 0 };
	struct stat st;
	bool is_relation = false;

	if (cancel_is_raised(w->options->cancel))
		return error_set(err, ERROR_CANCELLED, 0, "interrupted");
	if (kind == DIRLIST_ADDED)
		return walk_emptied(w, level, name, err);
	if (kind == DIRLIST_UNKNOWN) {
		if (member_stat(level->fd, name, &found, &st, err))
			return visit_wrap(&w->visit, "file", err);
		if (found == MEMBER_GONE)
			return visit_changed(&w->visit, err);
		kind = dirlist_kind_of(st.st_mode);
	}
	if (level->where & (EXCLUDE_GLOBAL | EXCLUDE_DATABASE))
		is_relation = relfile_parse(name, &file);
	entry.is_directory = kind == DIRLIST_DIRECTORY || kind == DIRLIST_LINK;
	entry.is_temporary = is_relation && file.is_temporary;
	entry.is_unlogged = is_relation && exclude_unlogged_has(&level->unlogged, &file);
	entry.is_lost_found = sys_is_lost_found(level->fd, name);
	switch (exclude_decide(&entry, NULL)) {
	case EXCLUDE_SKIP:
		return 0;
	case EXCLUDE_EMPTY:
		return walk_emptied(w, level, name, err);
	case EXCLUDE_SEND:
		break;
	}
	return walk_sent(w, level, name, kind, is_relation, err);
}

/*
 * One tablespace, of which only the directory of this release is told.  If that was
 * removed meanwhile the link must be gone as well.
 */
static int
walk_location(struct walker *w, const struct tablespace *t, struct error *err)
{
	struct stat st;

	if (buf_printf(&w->visit.path, err, "pg_tblspc/%s/%s", t->oid_text,
		w->options->version->tablespace_dir))
		return -1;
	if (fstat(t->fd, &st) == -1)
		return visit_failed(&w->visit, "directory", "could not stat", err);
	if (st.st_nlink > 0 &&
	    (visit_directory(&w->visit, &st, err) || walk_children(w, t->fd, &st, err)))
		return -1;
	if (fstat(t->fd, &st) == -1)
		return visit_failed(&w->visit, "directory", "could not stat", err);
	if (st.st_nlink > 0)
		return 0;
	if (visit_changed(&w->visit, err))
		return -1;
	return tablespaces_check_dropped(w->options->datadir_fd, t, err);
}

static int
walk_tablespaces(struct walker *w, struct error *err)
{
	struct tablespaces *list = w->options->tablespaces;

	for (size_t i = 0; i < list->count; i++) {
		uint64_t before = w->visit.sum.size;

		if (walk_location(w, &list->rows[i], err))
			return -1;
		visit_leave(&w->visit, 0);
		if (w->visit.visitor == NULL)
			list->rows[i].size = w->visit.sum.size - before;
	}
	return 0;
}

/* All names of a directory, and in the root the tablespaces at their place among them. */
static int
walk_names(struct walker *w, const struct level *level, const struct dirlist *list,
    struct error *err)
{
	const char *at = level->where == EXCLUDE_ROOT ? w->options->tablespaces_at : NULL;
	size_t len = w->visit.path.len;

	for (size_t i = 0; i < list->count; i++) {
		const char *name = list->names[i];

		if (at && strcmp(name, at) >= 0) {
			if (walk_tablespaces(w, err))
				return -1;
			at = NULL;
		}
		if (visit_enter(&w->visit, name, err) ||
		    walk_entry(w, level, name, dirlist_kind_at(list, i), err))
			return -1;
		visit_leave(&w->visit, len);
	}
	return at ? walk_tablespaces(w, err) : 0;
}

/* Has the directory, now that all in it was told, the names that were read? */
static int
check_directory(struct walker *w, int fd, const struct stat *before, struct error *err)
{
	struct stat now;

	if (fstat(fd, &now) == -1)
		return visit_failed(&w->visit, "directory", "could not stat", err);
	return sys_is_same_time(&before->st_mtim, &now.st_mtim) ?
	    0 :
	    visit_changed(&w->visit, err);
}

/* What is in the directory ${fd}, whose path is the walker's and stat was ${st}. */
static int
walk_children(struct walker *w, int fd, const struct stat *st, struct error *err)
{
	struct level level = { .fd = fd,
		.where = exclude_where(buf_text(&w->visit.path)) };
	struct dirlist list = { 0 };
	int rc = -1;

	if (w->depth == WALK_DEPTH)
		return error_set(err, ERROR_UNSUPPORTED, 0,
		    "directory \"%s\" is nested more than %d deep",
		    buf_text(&w->visit.path), WALK_DEPTH);
	w->depth++;
	if (dirlist_read(fd, &list, err)) {
		visit_wrap(&w->visit, "directory", err);
		goto out;
	}
	if (level.where == EXCLUDE_DATABASE &&
	    exclude_unlogged_find(&list, &level.unlogged, err))
		goto out;
	if (level.where != EXCLUDE_ROOT || !w->options->is_completed ||
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
		return visit_failed(&w->visit, "directory", "could not stat", err);
	return walk_children(w, w->options->datadir_fd, &st, err);
}

/* ${t} NULL: the whole tree.  ${visitor} NULL: what it would be told is added to *sum. */
static int
walk_visiting(const struct walk_options *options, const struct tablespace *t,
    struct visitor *visitor, struct walksum *sum, struct error *err)
{
	struct walker w = { .options = options,
		.visit = { .visitor = visitor,
		    .is_frozen = options->is_frozen,
		    .judge = options->judge,
		    .cancel = options->cancel } };
	int rc;

	if (visit_begin(&w.visit, err))
		return -1;
	rc = t ? walk_location(&w, t, err) : walk_root(&w, err);
	visit_end(&w.visit);
	if (rc == 0 && sum)
		*sum = w.visit.sum;
	return rc;
}

int
walk_tree(const struct walk_options *options, struct visitor *visitor, struct error *err)
{
	return walk_visiting(options, NULL, visitor, NULL, err);
}

int
walk_tablespace(const struct walk_options *options, const struct tablespace *t,
    struct visitor *visitor, struct error *err)
{
	return walk_visiting(options, t, visitor, NULL, err);
}

int
walk_sum(const struct walk_options *options, struct walksum *sum, struct error *err)
{
	return walk_visiting(options, NULL, NULL, sum, err);
}
