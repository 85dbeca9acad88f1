#ifndef PG_BASETAR_SERVER_ONLINE_H
#define PG_BASETAR_SERVER_ONLINE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/error.h"
#include "pg/cluster.h"
#include "pg/label.h"
#include "server/session.h"

/*
 * A backup of a running server, as its side sees it: start, watch, stop; before that it is checked
 * that it is the right server, and able (online_check.h).  All through one session that lasts the
 * whole backup: whatever ends it ends the backup on the server.
 */

/*
 * When the server's postmaster started, in microseconds: two servers, or two lives of
 * one, differ.  Up to 13 extract() yields a double, which still holds all the digits.
 */
#define ONLINE_INSTANCE \
	"(extract(epoch FROM pg_catalog.pg_postmaster_start_time()) * 1000000)::bigint"

/*
 * Have a standby make a restartpoint, at once, without holding a snapshot meanwhile: the
 * start that follows, which holds one, is short then.  No error if this role may not.
 */
MUST_CHECK int online_restartpoint(struct session *s, struct error *err);

struct online_started {
	uint64_t lsn; /* where recovery begins: the redo of the checkpoint */
	uint64_t checkpoint_lsn;
	uint32_t timeline;
	uint32_t wal_segment_size;
	bool in_recovery;
	char instance[32]; /* when the postmaster started, to the microsecond */
	/* all of backup_label, which the server gives at the stop only */
	struct label label;
};

/*
 * Start a backup called ${label}, which label_check_text() accepts; the checkpoint it
 * begins with is at once (${fast}), or spread over minutes.
 *
 * Where the checkpoint's record lies is asked right after the start.  When another
 * checkpoint got in between (its redo is not our start), the backup is ended and started
 * anew, up to 10 times.  On failure no backup runs once ${s} is freed, and *out is
 * empty; else online_started_free() it.
 */
MUST_CHECK int online_start(struct session *s, const struct pg_version *version,
    const char *label, bool fast, struct online_started *out, struct error *err);

void online_started_free(struct online_started *started);

/*
 * Is it still what it was: the session alive, the same postmaster, neither promoted nor
 * demoted?  ERROR_SERVER if not; then the backup is worthless.  No answer within a second means
 * neither (session_silence()), until that has lasted for ten minutes.
 */
MUST_CHECK int online_watch(
    struct session *s, const struct online_started *started, struct error *err);

/*
 * Where the WAL stands now: on a primary what is written, on a standby what has come.  No
 * answer yet, or none that is a position: *lsn is 0.
 */
MUST_CHECK int online_wal_position(struct session *s, uint64_t *lsn, struct error *err);

struct online_stopped {
	uint64_t lsn; /* exclusive: the WAL is needed up to here */
	char *label;  /* text of backup_label and of tablespace_map */
	char *map;
};

/*
 * End the backup, without waiting for its WAL to be archived (walarchive.h).  A stop
 * that failed or was interrupted cannot be repeated: the backup is over, and the server
 * does not return its label any more.  On failure *out is empty, else
 * online_stopped_free() it.
 */
MUST_CHECK int online_stop(struct session *s, const struct pg_version *version,
    struct online_stopped *out, struct error *err);

void online_stopped_free(struct online_stopped *stopped);

#endif
