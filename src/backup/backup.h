#ifndef PG_BASETAR_BACKUP_BACKUP_H
#define PG_BASETAR_BACKUP_BACKUP_H

#include <stdbool.h>

#include "cli/options.h"
#include "lib/error.h"

/*
 * The command `backup`: one archive of a running primary, as pg_basetar(1) tells.  0: the
 * archive is complete and in its place; *is_sound is false if what is in it was found to
 * be damaged in the cluster.  -1 if absent, and no backup runs on the server any more.
 */
MUST_CHECK int backup_run(const struct options *, bool *is_sound, struct error *err);

#endif
