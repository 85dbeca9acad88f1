#ifndef PG_BASETAR_SERVER_ONLINE_H
#define PG_BASETAR_SERVER_ONLINE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/error.h"
#include "pg/cluster.h"
#include "pg/control.h"
#include "pg/label.h"
#include "pg/postmaster.h"
#include "server/session.h"

/*
 * A backup of a running server, as its side sees it: check that it is the right server
 * and able, start, watch, stop.  All through one session that lasts the whole backup:
 * whatever ends it ends the backup on the server.
 */

/* What the server must be the server of. */
struct online_expect {
	const char *datadir; /* absolute, for messages */
	int datadir_fd;
	const struct control *control;
	const struct postmaster *postmaster; /* NULL: there is no postmaster.pid to ask */
	const struct pg_version *version;
};

/* What it told.  Strings are NULL where the server does not tell this role. */
struct online_server {
	bool in_recovery;
	char *version;                /* "15.20 (Debian 15.20-0+deb12u1)" */
	char *archive_mode;           /* "off", "on", "always" */
	char *log_timezone;           /* START TIME of the label is in it */
	char *data_directory;         /* pg_read_all_settings only */
	struct session_rows settings; /* all that were asked for: online_setting() */
	/*
	 * allow_in_place_tablespaces, as the server as a whole was told it: then recovery of a
	 * copy accepts tablespaces that are directories in pg_tblspc.
	 */
	bool in_place_allowed;
	/* Limits at which the server itself takes a slot away; -1: none. */
	int64_t slot_wal_limit;  /* max_slot_wal_keep_size, in MiB */
	int64_t slot_idle_limit; /* idle_replication_slot_timeout, in seconds */
};

/*
 * Prove that this is the server of ${expect}, and that a backup can start.
 *
 * A primary and its standbys share the system identifier, so all that a plain role may
 * ask is compared: release, system identifier, port, start time, and pg_control as the
 * server reads it.  A start later than postmaster.pid says is that of a server that was slow,
 * and a directory of the server's name may be of a container: neither proves anything.
 *
 * ERROR_SERVER: another server, or a role that may not.  ERROR_STATE: wal_level.  On
 * failure *out is empty, else online_server_free() it.
 */
MUST_CHECK int online_check(struct session *s, const struct online_expect *expect,
    struct online_server *out, struct error *err);

void online_server_free(struct online_server *server);

/* Ask again for in_place_allowed: a reload may have changed it. */
MUST_CHECK int online_allows_in_place(
    struct session *s, bool *allowed, struct error *err);

/*
 * Have a standby make a restartpoint, at once, without holding a snapshot meanwhile: the
 * start that follows, which holds one, is short then.  No error if this role may not.
 */
MUST_CHECK int online_restartpoint(struct session *s, struct error *err);

/*
 * What it said of the setting ${name}: one of the above, of "ssl" and its files, of
 * log_directory, of config_file and the others that are named there.  NULL: the release does
 * not have it, or does not show it to this role.  Valid as long as ${server}.
 */
const char *online_setting(const struct online_server *server, const char *name);

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
 * End the backup; whoever wants its WAL archived waits himself (walarchive.h).  A stop
 * that failed or was interrupted cannot be repeated: the backup is over, and the server
 * will not tell its label any more.  On failure *out is empty, else
 * online_stopped_free() it.
 */
MUST_CHECK int online_stop(struct session *s, const struct pg_version *version,
    struct online_stopped *out, struct error *err);

void online_stopped_free(struct online_stopped *stopped);

#endif
