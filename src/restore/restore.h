#ifndef PG_BASETAR_RESTORE_RESTORE_H
#define PG_BASETAR_RESTORE_RESTORE_H

#include <stdbool.h>

#include "cli/options.h"

/*
 * pg_basetar restore: unpack a backup into a new directory, and prove it on the way.  pg_control
 * comes last: on what an error leaves no server starts.  *is_sound: there was no finding.
 */
MUST_CHECK int restore_run(const struct options *, bool *is_sound, struct error *err);

#endif
