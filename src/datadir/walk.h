#ifndef PG_BASETAR_DATADIR_WALK_H
#define PG_BASETAR_DATADIR_WALK_H

#include <stdbool.h>
#include <stddef.h>

#include "datadir/exclude.h"
#include "datadir/tablespace.h"
#include "datadir/visit.h"
#include "datadir/walksum.h"
#include "lib/cancel.h"
#include "lib/error.h"
#include "pg/cluster.h"

/*
 * The tree of a data directory, in the order of the archive: each directory
 * before what is in it, and in it the byte order of names.  What is left out is decided
 * in exclude.h; symbolic links are followed nowhere but to the tablespaces of the list.
 *
 * In a directory in use everything may change meanwhile.  A file or directory that
 * vanished is passed over; one that became something else is taken for what it is now.
 * Any other failure ends the walk.  In a frozen one any change does.
 */

/* Directories nested deeper are ERROR_UNSUPPORTED: each level holds a descriptor. */
#define WALK_DEPTH 128

struct walk_options {
	int datadir_fd;                   /* borrowed */
	const struct pg_version *version; /* of the data directory */
	struct tablespaces *tablespaces;  /* borrowed; walk_sum() fills in their sizes */
	enum exclude_mode mode;
	/*
	 * No server may be at work there.  What comes, goes, becomes something else, or has
	 * another size or time than a moment ago, is ERROR_STATE.  While a file is read that
	 * is visited as one, the visitor has to look.
	 */
	bool is_frozen;
	/*
	 * What is in the tablespaces is visited where a directory of this name
	 * would stand in the root, so that names which the visitor moves there are in
	 * order.  NULL: it is not visited.
	 */
	const char *tablespaces_at;
	bool is_completed; /* so are directories that are missing: exclude_complete() */
	/* Borrowed: of small files, in a tree in use.  NULL: they are taken as they are. */
	struct member_judge *judge;
	/* borrowed; raised: ERROR_CANCELLED soon.  NULL: never */
	const struct cancel *cancel;
};

/* Have ${visitor} visit the whole tree.  An error of the visitor ends the walk as it is. */
MUST_CHECK int walk_tree(
    const struct walk_options *options, struct visitor *visitor, struct error *err);

/* The same with nothing but the tablespace ${t}, which is one of the list. */
MUST_CHECK int walk_tablespace(const struct walk_options *options,
    const struct tablespace *t, struct visitor *visitor, struct error *err);

/*
 * What the same walk would visit now, each tablespace's share of the size in its row as
 * well.  No file is opened.
 */
MUST_CHECK int walk_sum(
    const struct walk_options *options, struct walksum *sum, struct error *err);

#endif
