/* What a walk finds is told to a visitor, or added to a sum; and in words, where it fails. */
#include "datadir/visit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/sys.h"

int
visit_begin(struct visit *v, struct error *err)
{
	v->small = v->visitor ? malloc(VISIT_SMALL + 1) : NULL;
	return v->small || v->visitor == NULL ? 0 : error_memory(err);
}

void
visit_end(struct visit *v)
{
	free(v->small);
	buf_free(&v->path);
}

int
visit_enter(struct visit *v, const char *name, struct error *err)
{
	if (v->path.len > 0 && buf_append(&v->path, "/", 1, err))
		return -1;
	return buf_append(&v->path, name, strlen(name), err);
}

void
visit_leave(struct visit *v, size_t len)
{
	v->path.len = len;
	if (v->path.data)
		v->path.data[len] = '\0';
}

/* Say where a call failed. */
int
visit_wrap(const struct visit *v, const char *what, struct error *err)
{
	error_wrap(err, "%s \"%s\"", what, v->path.len ? buf_text(&v->path) : ".");
	if (err->kind == ERROR_IO && err->sys == EACCES)
		error_hint(err,
		    "pg_basetar reads the data directory as the user that owns it: let that user read this, or move it elsewhere.");
	return -1;
}

int
visit_failed(const struct visit *v, const char *what, const char *call, struct error *err)
{
	error_set(err, ERROR_IO, errno, "%s", call);
	return visit_wrap(v, what, err);
}

/* Something changed: in a frozen tree nothing may.  The caller knows what to do then. */
int
visit_changed(const struct visit *v, struct error *err)
{
	if (!v->is_frozen)
		return 0;
	return error_set(err, ERROR_STATE, 0, "\"%s\" changed while it was read",
	    v->path.len ? buf_text(&v->path) : ".");
}

static void
visit_add(struct visit *v)
{
	walksum_member(&v->sum, buf_text(&v->path), v->path.len);
}

int
visit_directory(struct visit *v, const struct stat *st, struct error *err)
{
	if (v->visitor)
		return v->visitor->ops->directory(
		    v->visitor, buf_text(&v->path), st, err);
	visit_add(v);
	return 0;
}

int
visit_link(struct visit *v, const char *target, const struct stat *st, struct error *err)
{
	if (v->visitor)
		return v->visitor->ops->link(
		    v->visitor, buf_text(&v->path), target, st, err);
	visit_add(v);
	return 0;
}

int
visit_special(struct visit *v, enum dirlist_kind kind, struct error *err)
{
	if (v->visitor == NULL)
		return 0;
	return v->visitor->ops->special(v->visitor, buf_text(&v->path), kind, err);
}

/* Takes ${fd}. */
static int
visit_open_file(
    struct visit *v, int fd, struct stat *st, bool is_relation, struct error *err)
{
	const struct visitor_ops *ops = v->visitor->ops;
	const char *path = buf_text(&v->path);
	const struct stat before = *st;
	size_t len;
	int rc = -1;

	if (is_relation || (uint64_t)st->st_size > VISIT_SMALL)
		return ops->file(v->visitor, path, st, fd, is_relation, err);
	if (member_read(
		fd, st, path, v->small, VISIT_SMALL + 1, &len, v->judge, v->cancel, err))
		visit_wrap(v, "file", err);
	else if ((len != (uint64_t)before.st_size ||
		     !sys_is_same_time(&before.st_mtim, &st->st_mtim)) &&
	    visit_changed(v, err))
		rc = -1;
	else if (len > VISIT_SMALL)
		return ops->file(v->visitor, path, st, fd, false, err);
	else {
		st->st_size = (off_t)len;
		rc = ops->bytes(v->visitor, path, st, v->small, len, err);
	}
	sys_close(fd);
	return rc;
}

static int
visit_measure(struct visit *v, int dirfd, const char *name, enum member_found *found,
    struct error *err)
{
	struct stat st;

	if (member_stat(dirfd, name, found, &st, err))
		return visit_wrap(v, "file", err);
	if (*found == MEMBER_THERE && !S_ISREG(st.st_mode))
		*found = MEMBER_OTHER;
	if (*found != MEMBER_THERE)
		return 0;
	visit_add(v);
	walksum_file(&v->sum, &st);
	return 0;
}

int
visit_file(struct visit *v, int dirfd, const char *name, bool is_relation,
    enum member_found *found, struct error *err)
{
	struct stat st;
	int fd;

	if (v->visitor == NULL)
		return visit_measure(v, dirfd, name, found, err);
	if (member_open_file(dirfd, name, found, &fd, &st, err))
		return visit_wrap(v, "file", err);
	return *found == MEMBER_THERE ? visit_open_file(v, fd, &st, is_relation, err) : 0;
}
