#ifndef PG_BASETAR_BACKUP_STOPPED_H
#define PG_BASETAR_BACKUP_STOPPED_H

#include "backup/source.h"

/* A cluster that was shut down, and stays so: --offline. */
MUST_CHECK int backup_stopped_new(
    struct backup_source **, const struct backup_source_parts *, struct error *err);

#endif
