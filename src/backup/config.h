#ifndef PG_BASETAR_BACKUP_CONFIG_H
#define PG_BASETAR_BACKUP_CONFIG_H

#include <stdbool.h>

#include "datadir/configset.h"
#include "lib/buf.h"
#include "lib/error.h"

struct backup_cluster;
struct backup_source_facts;

/* The configuration files of a cluster, wherever they lie; written by config.c alone. */
struct backup_config {
	/* borrowed */
	const struct backup_cluster *cluster;
	const struct backup_source_facts *source;

	struct configset set;
	/* where in the archive postgresql.conf is; empty: nowhere */
	struct buf main;
	/* absolute: of the server, and of its next start; empty: not known */
	struct buf log_directories[2];
	struct buf foreign_why; /* files outside are another cluster's; or empty */
	char server_root[40];   /* where we see the server's root; empty: nowhere */
};

/* Find and read the files that the cluster uses.  One that cannot be read is a warning. */
MUST_CHECK int backup_config_find(struct backup_config *, struct error *err);

/* Is ${path} the directory ${directory} or below it?  The texts are compared, not the files. */
bool backup_config_is_below(const char *path, const char *directory);

void backup_config_free(struct backup_config *);

#endif
