#ifndef PG_BASETAR_RESTORE_TREE_H
#define PG_BASETAR_RESTORE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "lib/buf.h"
#include "lib/error.h"
#include "restore/owner.h"

struct cancel;
struct filepool;
struct newdir;
struct options;
struct restore_ownership;
struct restore_directories;

/*
 * Files, directories and links of a restored cluster, and that they are on the disk.  A path is
 * what PostgreSQL calls the file; where that lies directories.h says.  Errors name the file.
 */
struct restore_tree {
	/* borrowed */
	const struct options *opt;
	struct restore_directories *directories;
	const struct restore_ownership *ownership;
	const struct cancel *cancel;

	struct filepool *pool; /* of the files; NULL: none can be written yet */
	size_t nfiles;         /* that were written since they were synced */
	bool may_be_whole;     /* all their file systems can be synced as a whole */
	bool is_whole;         /* they will be synced by their file systems */
	bool was_whole;        /* others were: the few after them are synced one by one */
	/* the backup may bring directories that are there: restore_tree_directory_ahead() */
	bool has_ahead;
	struct buf shown; /* the path of the file that is written, for messages */

	/* the directories that were made, to be synced when all is in them */
	struct buf paths; /* below their directories, a NUL after each */
	size_t nmade;
	struct restore_tree_made {
		struct newdir *dir;
		size_t path; /* in the text of all */
	} * made;
};

/* The directories are known: files can be written from here on. */
MUST_CHECK int restore_tree_begin(struct restore_tree *, struct error *err);

MUST_CHECK int restore_tree_directory(struct restore_tree *, const char *path,
    uint32_t mode, struct owner owner, struct error *err);

/* One that is needed before the backup brings it: then it is no error that it is there. */
MUST_CHECK int restore_tree_directory_ahead(
    struct restore_tree *, const char *path, struct error *err);

/* In the data directory. */
MUST_CHECK int restore_tree_link(
    struct restore_tree *, const char *path, const char *target, struct error *err);

/* A file begins; its bytes; it is whole, and was changed at ${mtime}. */
MUST_CHECK int restore_tree_file(struct restore_tree *, const char *path, uint32_t mode,
    struct owner owner, struct error *err);
MUST_CHECK int restore_tree_bytes(
    struct restore_tree *, const uint8_t *bytes, size_t len, struct error *err);
MUST_CHECK int restore_tree_file_end(
    struct restore_tree *, time_t mtime, struct error *err);

/* A whole one, with the owner and the mode of pg_control; ${mtime} 0: now. */
MUST_CHECK int restore_tree_text(struct restore_tree *, const char *path,
    const struct buf *text, time_t mtime, struct error *err);

/* What was written so far is in the files: they can be read. */
MUST_CHECK int restore_tree_drain(struct restore_tree *, struct error *err);

/* All that was made is on the disk; or, when the directories are, the files of since then. */
MUST_CHECK int restore_tree_sync(struct restore_tree *, struct error *err);
MUST_CHECK int restore_tree_sync_files(struct restore_tree *, struct error *err);

/* Before the directories: threads may still write.  What was not written is lost. */
void restore_tree_free(struct restore_tree *);

#endif
