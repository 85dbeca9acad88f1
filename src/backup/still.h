#ifndef PG_BASETAR_BACKUP_STILL_H
#define PG_BASETAR_BACKUP_STILL_H

#include <stdbool.h>
#include <stdint.h>

#include "backup/source.h"
#include "datadir/walend.h"

/*
 * What the backups of a stopped cluster and of a snapshot have in common: no server works on the
 * directory.  No server is asked to begin or end it, there is no label, and recovery of the copy
 * begins where pg_control says; so all depends on that nothing changes meanwhile.
 */

/* ERROR_STATE with that ${hint}: process ${pid} is the server; it may be, and cannot be seen. */
int backup_still_is_running(
    const struct backup_source *, int64_t pid, const char *hint, struct error *err);
int backup_still_may_be_running(const struct backup_source *, struct error *err);

/*
 * A recovery that a label governs has neither been begun nor is to come.  ERROR_STATE else; with
 * ${exclusive} as the hint, if the label is that of an exclusive backup.
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

/* Such an end: that of a cluster that was shut down. */
MUST_CHECK int backup_still_find_shutdown(
    struct backup_source *, uint32_t newest, struct error *err);

/* To look for others: what walend.h needs. */
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
