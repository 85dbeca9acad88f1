#ifndef PG_BASETAR_BACKUP_TREE_H
#define PG_BASETAR_BACKUP_TREE_H

#include "archive/accesscheck.h"
#include "datadir/walksum.h"
#include "lib/error.h"
#include "pg/control.h"

struct backup_cluster;
struct backup_config;
struct backup_copies;
struct backup_files;
struct backup_source;
struct backup_stream;
struct backup_tablespaces;
struct backup_wal;
struct options;

/* The tree of the data directory, its tablespaces, and what the archive says of itself. */
struct backup_tree {
	/* borrowed */
	const struct options *opt;
	const struct backup_cluster *cluster;
	struct backup_tablespaces
	    *tablespaces; /* what was measured and sent is noted in the rows */
	struct backup_source *source;
	const struct backup_config *config;
	const struct backup_wal *wal;
	struct backup_stream *stream;

	struct walksum sum;          /* of the tree, if it was measured */
	struct control last_control; /* as it was after all else was read */
	struct accesscheck access;
};

/* All of it in the planner's thread: the size of all that will be sent. */
MUST_CHECK int backup_tree_measure(struct backup_tree *, struct error *err);

/* The same again: ERROR_STATE, it is not what was measured. */
MUST_CHECK int backup_tree_recheck(struct backup_tree *, struct error *err);

/* From the label to pg_control.  Each file, and each directory, is shown to ${files}, ${copies}. */
MUST_CHECK int backup_tree_send(struct backup_tree *, struct backup_files *files,
    struct backup_copies *copies, struct error *err);

#endif
