#ifndef PG_BASETAR_BACKUP_ARCHIVING_H
#define PG_BASETAR_BACKUP_ARCHIVING_H

#include <stdbool.h>

#include "lib/error.h"

struct backup_stream;
struct backup_wal;
struct online_server;
struct options;

/*
 * What a server does with its WAL, by what it says of itself: does it archive it, so that one
 * can wait for that without doing so for ever?  ERROR_STATE if what is asked for cannot be.
 */
MUST_CHECK int backup_archiving_check(
    const struct options *, const struct online_server *, struct error *err);

/* Is it to be waited for?  Not where there is no server (NULL). */
bool backup_archiving_is_awaited(const struct options *, const struct online_server *);

/* In the planner's thread: the wait, until all of ${wal} is archived. */
MUST_CHECK int backup_archiving_await(const struct options *,
    const struct online_server *, const struct backup_wal *wal,
    const struct backup_stream *, struct error *err);

#endif
