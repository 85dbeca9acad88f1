#ifndef PG_BASETAR_BACKUP_SNAPSHOT_H
#define PG_BASETAR_BACKUP_SNAPSHOT_H

#include "backup/source.h"

/* What the disk of a cluster held at one moment: --snapshot. */
MUST_CHECK int backup_snapshot_new(
    struct backup_source **, const struct backup_source_parts *, struct error *err);

#endif
