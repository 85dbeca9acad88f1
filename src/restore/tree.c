/*
 * Directories and links are made at once, files are written by the threads of a pool (filepool.h),
 * and directories are synced when everything is in them.  Files by the thousand are synced with
 * their file systems, where Linux reports failed writes to syncfs(2).
 */
#include "restore/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/message.h"
#include "cli/options.h"
#include "filling/filepool.h"
#include "lib/sys.h"
#include "restore/directories.h"
#include "restore/ownership.h"

/* What no file of a cluster has is not given to one: set user, set group, sticky. */
#define MODE 0777U

static bool
tree_is_root(void)
{
	return geteuid() == 0;
}

/* A directory, to be synced when all is in it. */
static int
tree_remember(
    struct restore_tree *tree, struct newdir *dir, const char *below, struct error *err)
{
	const size_t n = tree->nmade;
	struct restore_tree_made *rows;

	/* room for a power of two, as long as they come one at a time */
	if ((n & (n - 1)) == 0) {
		rows = realloc(tree->made, (n ? 2 * n : 1) * sizeof(*rows));
		if (rows == NULL)
			return error_memory(err);
		tree->made = rows;
	}
	tree->made[n] = (struct restore_tree_made){ dir, tree->paths.len };
	if (buf_append(&tree->paths, below, strlen(below) + 1, err))
		return -1;
	tree->nmade++;
	return 0;
}

static int
tree_failed(const struct newdir *dir, const char *below, struct error *err)
{
	if (err->sys == EEXIST)
		error_hint(err,
		    "The backup has it twice.  \"pg_basetar verify\" reports everything that is wrong with it.");
	return error_wrap(err, "\"%s/%s\"", dir->path, below);
}

/*
 * Files to keep open until they are synced: half of what a process may have open, besides what else
 * it has, four for each directory that is filled; each costs the system a kilobyte or two.
 */
static size_t
files_to_hold(const struct restore_tree *tree)
{
	enum { MOST = 16384 };
	const size_t limit = sys_raise_file_limit(),
		     others = 200 + 4 * restore_directories_count(tree->directories);

	if (tree->opt->no_sync)
		return 0;
	if (limit <= others + 2)
		return 1;
	return (limit - others) / 2 < MOST ? (limit - others) / 2 : MOST;
}

static bool
tree_may_be_whole(const struct restore_tree *tree)
{
	for (size_t i = 0; i < restore_directories_count(tree->directories); i++) {
		const struct newdir *dir = restore_directories_at(tree->directories, i);

		if (dir->path && !sys_sync_filesystem_is_sure(dir->fd))
			return false;
	}
	return true;
}

int
restore_tree_begin(struct restore_tree *tree, struct error *err)
{
	tree->may_be_whole = tree_may_be_whole(tree);
	if (tree->opt->sync_method == SYNC_METHOD_SYNCFS && !tree->may_be_whole)
		message_note(
		    "each file is synced: syncfs is not sure to do so on this system, or on one of the file systems");
	return filepool_new(
	    &tree->pool, tree->opt->jobs, files_to_hold(tree), tree->cancel, err);
}

/*
 * So many files cost more to sync one by one than their file systems as a whole, which may hold
 * other programs' data as well.
 */
static bool
tree_is_for_syncfs(const struct restore_tree *tree)
{
	enum { MANY = 4096 };
	const enum sync_method method = tree->opt->sync_method;

	return tree->may_be_whole && !tree->opt->no_sync && !tree->was_whole &&
	    method != SYNC_METHOD_FSYNC &&
	    (method == SYNC_METHOD_SYNCFS || tree->nfiles > MANY);
}

/* One more file. */
static int
tree_count(struct restore_tree *tree, struct error *err)
{
	tree->nfiles++;
	if (tree->is_whole || !tree_is_for_syncfs(tree))
		return 0;
	tree->is_whole = true;
	return filepool_hold(tree->pool, 0, err);
}

static int
tree_set_owner_and_mode(int fd, uint32_t mode, struct owner owner, struct error *err)
{
	if (tree_is_root() && fchown(fd, owner.uid, owner.gid) == -1)
		return error_set(err, ERROR_IO, errno, "could not change owner");
	return fchmod(fd, mode & MODE) == -1 ?
	    error_set(err, ERROR_IO, errno, "could not change mode") :
	    0;
}

/*
 * One that a tablespace in the data directory needed earlier, or that has come with it: the tree
 * has it as an empty one; so it has pg_tblspc, which one in place needed.  What the archive has
 * twice itself is a finding.
 */
static int
tree_again(struct newdir *dir, const char *below, uint32_t mode, struct owner owner,
    struct error *err)
{
	int fd, rc;

	if (beneath_file(&dir->beneath, below, O_RDONLY | O_DIRECTORY, 0, &fd, err))
		return tree_failed(dir, below, err);
	rc = tree_set_owner_and_mode(fd, mode | 0700, owner, err);
	sys_close(fd);
	if (rc)
		return tree_failed(dir, below, err);
	*err = (struct error){ 0 };
	return 0;
}

int
restore_tree_directory(struct restore_tree *tree, const char *path, uint32_t mode,
    struct owner owner, struct error *err)
{
	const char *below;
	struct newdir *dir;

	if (restore_directories_of(tree->directories, path, &dir, &below, err))
		return -1;
	if (beneath_directory(&dir->beneath, below, (mode & MODE) | 0700,
		tree_is_root() ? owner.uid : BENEATH_SAME,
		tree_is_root() ? owner.gid : BENEATH_SAME, err))
		return tree->has_ahead && dir == &tree->directories->datadir &&
			err->sys == EEXIST ?
		    tree_again(dir, below, mode, owner, err) :
		    tree_failed(dir, below, err);
	return tree_remember(tree, dir, below, err);
}

int
restore_tree_directory_ahead(
    struct restore_tree *tree, const char *path, struct error *err)
{
	tree->has_ahead = true;
	return restore_tree_directory(tree, path, 0700, tree->ownership->all, err);
}

int
restore_tree_link(
    struct restore_tree *tree, const char *path, const char *target, struct error *err)
{
	if (beneath_link(&tree->directories->datadir.beneath, path, target, err) ||
	    (tree_is_root() &&
		beneath_owner(&tree->directories->datadir.beneath, path,
		    tree->ownership->all.uid, tree->ownership->all.gid, err)))
		return tree_failed(&tree->directories->datadir, path, err);
	return 0;
}

int
restore_tree_file(struct restore_tree *tree, const char *path, uint32_t mode,
    struct owner owner, struct error *err)
{
	const char *below;
	struct newdir *dir;
	int fd;

	if (restore_directories_of(tree->directories, path, &dir, &below, err))
		return -1;
	if (beneath_file(&dir->beneath, below, O_WRONLY | O_CREAT, 0600, &fd, err))
		return tree_failed(dir, below, err);
	buf_clear(&tree->shown);
	if (tree_set_owner_and_mode(fd, mode, owner, err) ||
	    buf_printf(&tree->shown, err, "%s/%s", dir->path, below)) {
		sys_close(fd);
		return tree_failed(dir, below, err);
	}
	if (tree_count(tree, err)) {
		sys_close(fd);
		return -1;
	}
	return filepool_begin(tree->pool, fd, buf_text(&tree->shown), err);
}

int
restore_tree_bytes(
    struct restore_tree *tree, const uint8_t *bytes, size_t len, struct error *err)
{
	return filepool_write(tree->pool, bytes, len, err);
}

int
restore_tree_file_end(struct restore_tree *tree, time_t mtime, struct error *err)
{
	return filepool_end(tree->pool, mtime, err);
}

int
restore_tree_text(struct restore_tree *tree, const char *path, const struct buf *text,
    time_t mtime, struct error *err)
{
	if (mtime == 0)
		mtime = time(NULL);
	if (restore_tree_file(
		tree, path, tree->ownership->file_mode, tree->ownership->all, err) ||
	    (text->len > 0 && restore_tree_bytes(tree, text->data, text->len, err)))
		return -1;
	return restore_tree_file_end(tree, mtime, err);
}

/* ---- sync ---- */

struct syncing {
	struct filepool_sync sync; /* first */
	const struct restore_tree *tree;
};

/* In any thread: each path is opened anew. */
static int
tree_sync_one(struct filepool_sync *sync, size_t number, struct error *err)
{
	const struct restore_tree *tree = ((struct syncing *)sync)->tree;
	const struct restore_tree_made *made = &tree->made[number];
	const char *path = (const char *)tree->paths.data + made->path;
	struct beneath beneath;
	int fd, rc;

	beneath_open(&beneath, made->dir->fd);
	rc = beneath_file(&beneath, path, O_RDONLY | O_DIRECTORY, 0, &fd, err);
	beneath_close(&beneath);
	if (rc == 0) {
		rc = sys_sync_directory(fd, err);
		sys_close(fd);
	}
	return rc == 0 ? 0 : error_wrap(err, "\"%s/%s\"", made->dir->path, path);
}

static int
tree_sync_directory(const struct newdir *dir, struct error *err)
{
	bool is_unsynced = false;

	if (dir->path && newdir_sync(dir, &is_unsynced, err))
		return error_wrap(err, "\"%s\"", dir->path);
	if (is_unsynced)
		message_unsynced(dir->path);
	return 0;
}

/* Is a directory before it on the same file system? */
static bool
tree_was_synced(const struct restore_directories *directories, size_t number)
{
	struct stat its, st;

	if (fstat(restore_directories_at(directories, number)->fd, &its) == -1)
		return false;
	for (size_t i = 0; i < number; i++) {
		const struct newdir *dir = restore_directories_at(directories, i);

		if (dir->path && fstat(dir->fd, &st) == 0 && st.st_dev == its.st_dev)
			return true;
	}
	return false;
}

/*
 * Each directory was opened before anything was written into it: its descriptor reports all that
 * failed.
 */
static int
tree_sync_filesystems(struct restore_tree *tree, struct error *err)
{
	for (size_t i = 0; i < restore_directories_count(tree->directories); i++) {
		const struct newdir *dir = restore_directories_at(tree->directories, i);

		if (dir->path == NULL || tree_was_synced(tree->directories, i))
			continue;
		message_info(
		    "syncing the file system of \"%s\", and not %zu files one by one",
		    dir->path, tree->nfiles);
		if (sys_sync_filesystem(dir->fd, err))
			return error_wrap(err, "\"%s\"", dir->path);
	}
	tree->is_whole = false;
	tree->was_whole = true;
	return filepool_hold(tree->pool, files_to_hold(tree), err);
}

/* The files that are not synced yet, and so many directories. */
static int
tree_sync_made(struct restore_tree *tree, size_t directories, struct error *err)
{
	struct syncing syncing = { { tree_sync_one }, tree };

	if (filepool_drain(tree->pool, err))
		return -1;
	if (tree->opt->no_sync)
		return 0;
	if (tree->is_whole && tree_sync_filesystems(tree, err))
		return -1;
	tree->nfiles = 0;
	return filepool_sync(tree->pool, &syncing.sync, directories, err);
}

int
restore_tree_drain(struct restore_tree *tree, struct error *err)
{
	return filepool_drain(tree->pool, err);
}

int
restore_tree_sync_files(struct restore_tree *tree, struct error *err)
{
	return tree_sync_made(tree, 0, err);
}

int
restore_tree_sync(struct restore_tree *tree, struct error *err)
{
	if (tree_sync_made(tree, tree->nmade, err))
		return -1;
	if (tree->opt->no_sync)
		return 0;
	for (size_t i = 0; i < restore_directories_count(tree->directories); i++)
		if (tree_sync_directory(
			restore_directories_at(tree->directories, i), err))
			return -1;
	return 0;
}

void
restore_tree_free(struct restore_tree *tree)
{
	filepool_free(tree->pool);
	buf_free(&tree->shown);
	buf_free(&tree->paths);
	free(tree->made);
}
