#ifndef PG_BASETAR_DATADIR_EXCLUDE_H
#define PG_BASETAR_DATADIR_EXCLUDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pg/cluster.h"

#include "datadir/dirlist.h"
#include "lib/error.h"
#include "pg/relfile.h"

/*
 * What of a cluster's data directory is left out, and why.  The rules are the rows of
 * exclude.c; they hold for PostgreSQL 10 to 19 alike.  Facts: what BASE_BACKUP of each of
 * those releases leaves out, and what the server does at its start.
 */

enum exclude_verdict {
	EXCLUDE_SEND,
	EXCLUDE_SKIP, /* leave it out, with all below it */
	EXCLUDE_EMPTY /* send the directory, and nothing of what is in it */
};

/* How a copy starts, which decides what its server makes anew; one bit each. */
enum exclude_mode {
	/* with recovery: the copy of a running server, a snapshot, a stopped standby */
	EXCLUDE_RECOVERS = 1,
	/* as it is, unless asked to recover: the copy of a primary that was shut down */
	EXCLUDE_STARTS_CLEAN = 2
};

/* Directories in which the server makes files of its own; one bit each. */
enum exclude_where {
	EXCLUDE_ROOT = 1,   /* the data directory itself */
	EXCLUDE_GLOBAL = 2, /* global: the shared catalogs */
	EXCLUDE_DATABASE =
	    4, /* base/OID, pg_tblspc/OID/PG_x/OID: a database's relations */
	EXCLUDE_ELSEWHERE = 8
};

/* The kind of the directory ${path}, relative to the data directory; "" is its root. */
enum exclude_where exclude_where(const char *path);

/* The unlogged relations among the files of one directory: those with an init fork. */
struct exclude_unlogged {
	size_t count;
	uint32_t *relnodes; /* ascending */
};

MUST_CHECK int exclude_unlogged_find(
    const struct dirlist *list, struct exclude_unlogged *out, struct error *err);

/* Is that a file of one of them, and not its init fork, from which it is made anew? */
bool exclude_unlogged_has(const struct exclude_unlogged *set, const struct relfile *file);

void exclude_unlogged_free(struct exclude_unlogged *set);

/* One name in a directory. */
struct exclude_entry {
	enum exclude_mode mode;   /* of the whole copy */
	enum exclude_where where; /* of the directory */
	const char *name;
	bool is_directory;  /* or a symbolic link, which may lead to one */
	bool is_temporary;  /* the name is that of a temporary relation's file */
	bool is_unlogged;   /* exclude_unlogged_has() it */
	bool is_lost_found; /* sys_is_lost_found() */
};

/* *reason is a static text, or NULL for EXCLUDE_SEND; ${reason} may be NULL. */
enum exclude_verdict exclude_decide(
    const struct exclude_entry *entry, const char **reason);

/*
 * Does the server keep data under ${path}, so that a copy without it is no copy?  Such
 * a thing cannot be skipped with a warning when it turns out to be a symbolic link.
 * ${where} is that of its directory, ${name} the last part of the path.
 */
bool exclude_is_vital(enum exclude_where where, const char *path, const char *name);

/*
 * Add to the names found in the root the directories that a copy shall have in any case, since an
 * empty one is all it needs.
 */
MUST_CHECK int exclude_complete(struct dirlist *root, struct error *err);

/*
 * The directories that a copy must have below its empty pg_wal, whether or not they were
 * found: those of the release ${version}, one a call, NULL after the last.
 */
const char *exclude_wal_directory(const struct pg_version *version, unsigned n);

#endif
