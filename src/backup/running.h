#ifndef PG_BASETAR_BACKUP_RUNNING_H
#define PG_BASETAR_BACKUP_RUNNING_H

#include "backup/source.h"

/* A running server, which is asked to start and to stop the backup. */
MUST_CHECK int backup_running_new(
    struct backup_source **, const struct backup_source_parts *, struct error *err);

#endif
