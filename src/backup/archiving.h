#ifndef PG_BASETAR_BACKUP_ARCHIVING_H
#define PG_BASETAR_BACKUP_ARCHIVING_H

#include <stdbool.h>

#include "lib/error.h"

struct backup_stream;
struct backup_wal;
struct online_server;
struct options;
struct session;

/*
 * Does the server archive its WAL, by the settings that it reports, so that a wait for the archiver
 * would end?  ERROR_STATE: --wait-archive would wait for ever, or with -X none
 * the WAL would be nowhere.
 */
MUST_CHECK int backup_archiving_check(
    const struct options *, const struct online_server *, struct error *err);

/* Warn if the server fails to archive: its pg_wal grows, and the WAL archive has a gap. */
MUST_CHECK int backup_archiving_warn(
    struct session *, const struct online_server *, struct error *err);

/* Is the archiver to be waited for?  Not where there is no server (NULL). */
bool backup_archiving_is_awaited(const struct options *, const struct online_server *);

/* In the planner's thread: wait until the server has archived all of ${wal}. */
MUST_CHECK int backup_archiving_await(const struct options *,
    const struct online_server *, const struct backup_wal *wal,
    const struct backup_stream *, struct error *err);

#endif
