#ifndef PG_BASETAR_VERIFY_VERIFY_H
#define PG_BASETAR_VERIFY_VERIFY_H

#include <stdbool.h>

#include "cli/options.h"

/*
 * pg_basetar verify: will the backup restore?  Reads it once, writes nothing but a report.
 * *is_sound: there was no finding.  An error: it could not be read to its end.
 */
MUST_CHECK int verify_run(const struct options *, bool *is_sound, struct error *err);

#endif
