#ifndef PG_BASETAR_RESTORE_PLACES_H
#define PG_BASETAR_RESTORE_PLACES_H

#include "lib/buf.h"
#include "restore/tablespaces.h"

/*
 * The places that a restored backup fills, and which of them a path is for: what PostgreSQL calls
 * "pg_tblspc/OID/..." goes to that tablespace, "pg_wal/..." to the directory of --waldir, all else to
 * the data directory.  A place without a path is not there.
 */
struct restore_places {
	struct newdir datadir, wal;
	struct restore_tablespaces tablespaces;
	char *datadir_path; /* without links; NULL: none leads there */
	struct buf below;   /* of the last path that restore_places_of() was asked for */
};

/* Open the data directory and that of the WAL, as newdir_open().  ${opt} is borrowed. */
MUST_CHECK int restore_places_open(
    struct restore_places *, const struct options *opt, struct error *err);

/* They were open for long, as a pipe had to be waited for: are they still empty? */
MUST_CHECK int restore_places_check_empty(struct restore_places *, struct error *err);

/* ERROR_STATE: one of them is in another, or is it; they would be mixed. */
MUST_CHECK int restore_places_check_apart(
    const struct restore_places *, struct error *err);

/* All that may be there, whether or not they are: the data directory is the first. */
size_t restore_places_count(const struct restore_places *);
const struct newdir *restore_places_at(const struct restore_places *, size_t number);

/* The place of what PostgreSQL calls ${path}, and in *below, until the next, what it is there. */
MUST_CHECK int restore_places_of(struct restore_places *, const char *path,
    struct newdir **place, const char **below, struct error *err);

/* With ${forget} the directories that were made and are empty go away. */
void restore_places_free(struct restore_places *, bool forget);

#endif
