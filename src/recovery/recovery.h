#ifndef PG_BASETAR_RECOVERY_RECOVERY_H
#define PG_BASETAR_RECOVERY_RECOVERY_H

#include <stdbool.h>

#include "lib/buf.h"
#include "lib/error.h"
#include "pg/cluster.h"

/*
 * How a server is told to recover: up to 11 a file recovery.conf, from 12 on settings, and
 * an empty file that says which kind it is ("Archive Recovery" in the manual of each).
 */
struct recovery {
	bool is_standby; /* it follows a primary, and is not opened */
	/* NULL: not set.  Texts are as the settings of that name, without quotes. */
	const char *restore_command;
	const char *primary_conninfo;
	const char *target_time, *target_lsn, *target_xid, *target_name; /* one at most */
	const char
	    *target; /* "immediate": where the copy is consistent; one of those, too */
	bool is_exclusive; /* it ends before the target, not after it */
	const char *primary_slot_name;
	const char *target_timeline;
	const char *target_action;
};

/* Is anything asked for? */
bool recovery_is_set(const struct recovery *recovery);

/* Is a point named that recovery shall end at? */
bool recovery_has_point(const struct recovery *recovery);

/* Is a point named, or a timeline, that recovery shall lead to? */
bool recovery_has_target(const struct recovery *recovery);

/* The names of the files, in the data directory. */
#define RECOVERY_SETTINGS "postgresql.auto.conf"

/* "recovery.conf", "recovery.signal" or "standby.signal". */
const char *recovery_file(
    const struct recovery *recovery, const struct pg_version *version);

/*
 * Append the lines: to recovery.conf up to 11, and from 12 on to RECOVERY_SETTINGS, which the
 * server reads last.  There a target of the cluster's own is unset, with all about it.
 */
MUST_CHECK int recovery_build(struct buf *text, const struct recovery *recovery,
    const struct pg_version *version, struct error *err);

/*
 * ERROR_USAGE: a value that the server would not take, two targets, a target of a standby, which
 * does not stop at one, or a recovery that nothing is to be got for: without restore_command it
 * ends where the backup does.
 */
MUST_CHECK int recovery_check(const struct recovery *recovery, struct error *err);

#endif
