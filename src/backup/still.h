#ifndef PG_BASETAR_BACKUP_STILL_H
#define PG_BASETAR_BACKUP_STILL_H

#include <stdbool.h>
#include <stdint.h>

#include "backup/source.h"
#include "datadir/walend.h"

/*
 * What the backups of a stopped cluster and of a snapshot have in common: no server works on the
 * directory.  No server is asked to begin or end it, there is no label, and recovery of the copy
 * begins where pg_control says.  So nothing may change meanwhile.
 */

/*
 * Always -1, with an ERROR_STATE.  Process ${pid} is the server, with ${hint}; a server may run
 * where its process cannot be seen.
 */
int backup_still_is_running(
    const struct backup_source *, int64_t pid, const char *hint, struct error *err);
int backup_still_may_be_running(const struct backup_source *, struct error *err);

/*
 * ERROR_STATE: the cluster was restored from a backup, and has not recovered yet as its
 * backup_label says; with the hint ${exclusive} if the label is that of an exclusive backup.
 */
MUST_CHECK int backup_still_check_label(
    const struct backup_source *, const char *exclusive, struct error *err);

/* Warn of tablespaces that are directories in pg_tblspc. */
void backup_still_warn_in_place(const struct backup_source *);

/*
 * As the step `begin`: the WAL begins at the redo of the last checkpoint, and ends where ${find}
 * says, on the timeline ${newest} or one that comes after it.
 */
MUST_CHECK int backup_still_begin(struct backup_source *,
    int (*find)(struct backup_source *, uint32_t newest, struct error *),
    struct error *err);

/* A ${find} for that: the end of the WAL of a cluster that was shut down. */
MUST_CHECK int backup_still_find_shutdown(
    struct backup_source *, uint32_t newest, struct error *err);

/* What walend.h needs to find the end of WAL elsewhere. */
struct walend_options backup_still_walend(const struct backup_source *);

/* The steps of that name. */
MUST_CHECK int backup_still_control(struct backup_source *, uint8_t bytes[CONTROL_SIZE],
    struct control *, struct error *err);
MUST_CHECK int backup_still_watch_tree(
    struct backup_source *, struct backup_copies *, struct error *err);
MUST_CHECK int backup_still_watch_wal(struct backup_source *, struct error *err);
MUST_CHECK int backup_still_recheck(
    struct backup_source *, struct backup_tree *, struct error *err);

#endif
