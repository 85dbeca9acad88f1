#ifndef PG_BASETAR_RESTORE_PLAN_H
#define PG_BASETAR_RESTORE_PLAN_H

#include <stdbool.h>

#include "lib/error.h"
#include "lib/oidset.h"

struct facts;
struct options;
struct restore_ownership;
struct restore_directories;
struct restore_target;
struct restore_tree;

/*
 * Where a backup goes, and whose it will be, must be known before the first byte of it is written.
 * A set of archives begins with those of tablespaces: what it says of itself is read before the
 * restore.  One archive says it before its tree.
 */
struct restore_plan {
	/* borrowed */
	const struct options *opt;
	struct restore_directories *directories;
	struct restore_ownership *ownership;
	struct restore_target *target;
	struct restore_tree *tree;

	bool is_made; /* it is known where the tablespaces go */
	/* the directories of those that stay below pg_basetar_tblspc were made */
	bool is_inside_made;
	struct oidset in_place; /* tablespaces that got directories in pg_tblspc */
};

/*
 * Before the backup is read: of a set of archives, make the plan; of one that is a plain file, see
 * whether a target that is a position can be.  ${outcome}: as of reading_init().
 */
MUST_CHECK int restore_plan_look_ahead(
    struct restore_plan *, const char *outcome, struct error *err);

/* Before the tree of one archive, from what has come of what the backup says of itself. */
MUST_CHECK int restore_plan_make(
    struct restore_plan *, const struct facts *backup, struct error *err);

/* The archive of tablespace ${oid} begins: one without a location is a directory in pg_tblspc. */
MUST_CHECK int restore_plan_archive(
    struct restore_plan *, const char *oid, struct error *err);

/* All has come: owner and mode of the directories that the plan, and not the backup, has made. */
MUST_CHECK int restore_plan_settle(const struct restore_plan *, struct error *err);

void restore_plan_free(struct restore_plan *);

#endif
