#ifndef PG_BASETAR_BACKUP_BACKUP_H
#define PG_BASETAR_BACKUP_BACKUP_H

#include <stdbool.h>

#include "cli/options.h"
#include "lib/error.h"

/*
 * The command `backup`, as pg_basetar-backup(1) describes it, or `check` (backup/check.h).  0: the archive is complete and has
 * its name; *is_sound is false if files of the cluster were found to be damaged.  -1: there is no
 * archive.  Either way the server is no longer in backup mode.
 */
MUST_CHECK int backup_run(const struct options *, bool *is_sound, struct error *err);

#endif
