#ifndef PG_BASETAR_BACKUP_TABLESPACES_H
#define PG_BASETAR_BACKUP_TABLESPACES_H

#include <stdbool.h>
#include <stdint.h>

#include "datadir/tablespace.h"

struct backup_cluster;

/*
 * The tablespaces of a cluster in the course of a backup.  The lists are read in any thread, and
 * written by tablespaces.c alone, but for what the walk notes in a row (size, sent).
 */
struct backup_tablespaces {
	const struct backup_cluster *cluster; /* borrowed */
	struct tablespaces_choice choice;     /* borrowed */
	struct tablespaces sent;              /* those that are sent */
	struct tablespaces before;            /* those there were before the start */
	struct tablespaces after;             /* those there were after the stop */
};

/* Read the links in pg_tblspc: the tablespaces that are sent. */
MUST_CHECK int backup_tablespaces_read(struct backup_tablespaces *, struct error *err);

/* Each mapping (-T) is of one of them; no two are in one and the same directory. */
MUST_CHECK int backup_tablespaces_check_relocations(
    const struct backup_tablespaces *, struct error *err);
MUST_CHECK int backup_tablespaces_check_doubled(
    const struct backup_tablespaces *, struct error *err);

/*
 * Of a running server: a tablespace that -T says where to read must be the directory that the
 * server has, as far as that can be seen.  ERROR_STATE: it is another.
 */
MUST_CHECK int backup_tablespaces_check_directories(
    const struct backup_tablespaces *, struct error *err);

/* Each that --without-tablespace names exists, ERROR_STATE else; warn of them. */
MUST_CHECK int backup_tablespaces_without(
    const struct backup_tablespaces *, struct error *err);

/* Is it one that is left out? */
bool backup_tablespaces_is_absent(const struct backup_tablespaces *, uint32_t oid);

/* Read it anew after the start: those made before it are part of the backup. */
MUST_CHECK int backup_tablespaces_read_anew(
    struct backup_tablespaces *, struct error *err);

/*
 * ${map} is what the server returned at the stop as tablespace_map.  ERROR_SERVER: it names another
 * location of one that was sent.
 */
MUST_CHECK int backup_tablespaces_check_map(
    const struct backup_tablespaces *, const char *map, struct error *err);

/* After the stop: replay of the creation of a tablespace reaches out of the copy. */
MUST_CHECK int backup_tablespaces_warn_of_new(
    struct backup_tablespaces *, struct error *err);

/*
 * Replay of the backup's WAL creates that tablespace at ${path}: warn, unless it was warned of
 * already.
 */
void backup_tablespaces_warn_of_replay(
    const struct backup_tablespaces *, uint32_t oid, const char *path);

/*
 * Of a running server: ERROR_STATE, one of ${list} is a directory in pg_tblspc, and its
 * configuration does not allow that.
 */
MUST_CHECK int backup_tablespaces_check_in_place(
    const struct tablespaces *list, bool are_allowed, struct error *err);

void backup_tablespaces_free(struct backup_tablespaces *);

#endif
