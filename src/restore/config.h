#ifndef PG_BASETAR_RESTORE_CONFIG_H
#define PG_BASETAR_RESTORE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"
#include "lib/error.h"
#include "restore/configfind.h"
#include "restore/configrules.h"

struct options;
struct pg_version;
struct restore_ownership;
struct restore_directories;
struct restore_tree;

/*
 * The configuration of the copy.  What lay outside of the data directory of the original is in
 * pg_basetar_config; the main files of it are installed in the new directory, where the server looks
 * for them, and in these and in all that they include the settings that belong to the original are
 * taken out (configrules.h).  With --config=keep nothing is done.
 */
struct restore_config {
	/* borrowed */
	const struct options *opt;
	struct restore_directories *directories;
	const struct restore_ownership *ownership;
	struct restore_tree *tree;

	struct configfind find;
	struct configrules rules;
	const struct pg_version *version;
	/* postgresql.conf of the copy, below its directory; empty: it has none */
	struct buf main;
	size_t ninstalled; /* from pg_basetar_config */
	/* the files that were read, a string each, and their bytes */
	struct buf seen;
	size_t nseen, nbytes;
};

/*
 * All of the backup is in the tree, and written: install it.  ${info}: NULL if the backup has none.
 * ERROR_FORMAT: a file is too large, or there are too many.
 */
MUST_CHECK int restore_config_install(struct restore_config *,
    const struct infofile *info, const struct pg_version *version, struct error *err);

/* Say what was done. */
void restore_config_say(const struct restore_config *);

void restore_config_free(struct restore_config *);

#endif
