#ifndef PG_BASETAR_BACKUP_CHECK_H
#define PG_BASETAR_BACKUP_CHECK_H

#include "lib/error.h"

struct backup_cluster;
struct backup_config;
struct backup_tree;

/*
 * The command `check`, and --dry-run: what a backup asks before it begins, by the same functions, but
 * each question although one before it failed; and what a backup would not ask, as the room for it.
 * The answers are printed on standard output.  Nothing is written, and nothing stays on the server.
 *
 * ${cluster} is not opened yet; ${tree} and ${config} know it, the options and each other, as in a
 * backup.  ERROR_STATE: a backup would fail.
 */
MUST_CHECK int backup_check_run(struct backup_cluster *cluster,
    struct backup_config *config, struct backup_tree *tree, struct error *err);

#endif
