/*
 * What was read a moment ago must be what is removed now, so each is looked at once more: the same file,
 * and neither written, nor renamed, nor linked since.
 */
#include "inventory/discard.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "format/backupset.h"
#include "lib/sys.h"

static bool
is_unchanged(const struct stat *a, const struct stat *b)
{
	return sys_is_same_file(a, b) && a->st_mode == b->st_mode &&
	    a->st_size == b->st_size && sys_is_same_time(&a->st_mtim, &b->st_mtim) &&
	    sys_is_same_time(&a->st_ctim, &b->st_ctim);
}

static int
has_changed(struct error *err)
{
	return error_set(err, ERROR_STATE, 0, "it was changed or replaced meanwhile");
}

static int
discard_file(const struct inventory *inv, const struct inventory_row *row, bool *is_gone,
    struct error *err)
{
	struct stat st;

	if (fstatat(inv->dirfd, row->name, &st, AT_SYMLINK_NOFOLLOW) == -1) {
		*is_gone = errno == ENOENT;
		return *is_gone ? 0 : error_set(err, ERROR_IO, errno, "could not stat");
	}
	if (!S_ISREG(st.st_mode) || !is_unchanged(&st, &row->st))
		return has_changed(err);
	if (unlinkat(inv->dirfd, row->name, 0) == 0)
		return 0;
	*is_gone = errno == ENOENT;
	return *is_gone ? 0 : error_set(err, ERROR_IO, errno, "could not remove file");
}

/* ---- a directory ---- */

/* All of them, before the first goes. */
static int
check_members(int fd, const struct backupset *set, const struct inventory_row *row,
    struct error *err)
{
	struct timespec touched;

	return set->nothers == 0 && inventory_are_regular(fd, set, &touched) &&
		sys_is_same_time(&touched, &row->touched) ?
	    0 :
	    has_changed(err);
}

static int
discard_member(int fd, const char *name, struct error *err)
{
	if (unlinkat(fd, name, 0) == 0 || errno == ENOENT)
		return 0;
	return error_set(err, ERROR_IO, errno, "could not remove \"%s\"", name);
}

static int
discard_members(int fd, const struct backupset *set, struct error *err)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->rows[i].part.kind == ARCHIVEPART_BASE &&
		    (discard_member(fd, set->rows[i].name, err) ||
			sys_sync_directory(fd, err)))
			return -1;
	for (size_t i = 0; i < set->count; i++)
		if (set->rows[i].part.kind != ARCHIVEPART_BASE &&
		    discard_member(fd, set->rows[i].name, err))
			return -1;
	return set->has_manifest ? discard_member(fd, BACKUPSET_MANIFEST, err) : 0;
}

static int
discard_open(const struct inventory *inv, const struct inventory_row *row, int fd,
    struct error *err)
{
	struct backupset set = { 0 };
	struct stat st;
	int rc;

	if (fstat(fd, &st) == -1 || !is_unchanged(&st, &row->st))
		return has_changed(err);
	rc = backupset_read(fd, &set, err) || check_members(fd, &set, row, err) ||
		discard_members(fd, &set, err) ?
	    -1 :
	    0;
	backupset_free(&set);
	if (rc == 0 && unlinkat(inv->dirfd, row->name, AT_REMOVEDIR) == -1)
		return error_set(err, ERROR_IO, errno, "could not remove directory");
	return rc;
}

static int
discard_directory(const struct inventory *inv, const struct inventory_row *row,
    bool *is_gone, struct error *err)
{
	const int fd = openat(
	    inv->dirfd, row->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int rc;

	if (fd == -1) {
		*is_gone = errno == ENOENT;
		return *is_gone ?
		    0 :
		    error_set(err, ERROR_IO, errno, "could not open directory");
	}
	rc = discard_open(inv, row, fd, err);
	sys_close(fd);
	return rc;
}

int
discard_backup(const struct inventory *inv, const struct inventory_row *row,
    bool *is_gone, struct error *err)
{
	*is_gone = false;
	if (row->is_directory ? discard_directory(inv, row, is_gone, err) :
				discard_file(inv, row, is_gone, err))
		return -1;
	return sys_sync_directory(inv->dirfd, err);
}
