#ifndef PG_BASETAR_RESTORE_DIRECTORIES_H
#define PG_BASETAR_RESTORE_DIRECTORIES_H

#include "lib/buf.h"
#include "restore/tablespaces.h"

/*
 * The directories that a restored backup fills, and which of them a path is for: what PostgreSQL
 * calls "pg_tblspc/OID/..." goes to that tablespace, "pg_wal/..." to the directory of --waldir, all
 * else to the data directory.  One without a path is not used.
 */
struct restore_directories {
	struct newdir datadir, wal;
	struct restore_tablespaces tablespaces;
	char *datadir_path; /* without links; NULL: none leads there */
	struct buf
	    below; /* of the last path that restore_directories_of() was asked for */
};

/* Open the data directory and that of the WAL, as newdir_open().  ${opt} is borrowed. */
MUST_CHECK int restore_directories_open(
    struct restore_directories *, const struct options *opt, struct error *err);

/* They were open for long, as a pipe had to be waited for: are they still empty? */
MUST_CHECK int restore_directories_check_empty(
    struct restore_directories *, struct error *err);

/* ERROR_STATE: some of them, which the error names, are in another, or are it; they would be mixed. */
MUST_CHECK int restore_directories_check_apart(
    const struct restore_directories *, struct error *err);

/* All that may be there, whether or not they are: the data directory is the first. */
size_t restore_directories_count(const struct restore_directories *);
const struct newdir *restore_directories_at(
    const struct restore_directories *, size_t number);

/*
 * The directory of what PostgreSQL calls ${path}, and in *below the path in that directory, which
 * is valid until the next call.
 */
MUST_CHECK int restore_directories_of(struct restore_directories *, const char *path,
    struct newdir **dir, const char **below, struct error *err);

/* With ${forget} the directories that were made and are empty go away. */
void restore_directories_free(struct restore_directories *, bool forget);

#endif
