#ifndef PG_BASETAR_SERVER_ONLINE_CHECK_H
#define PG_BASETAR_SERVER_ONLINE_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/error.h"
#include "pg/cluster.h"
#include "pg/control.h"
#include "pg/postmaster.h"
#include "server/session.h"

/* Before a backup of a running server (online.h): is it the right one, and able? */

/* What the server must be the server of. */
struct online_expect {
	const char *datadir; /* absolute, for messages */
	int datadir_fd;
	const struct control *control;
	const struct postmaster *postmaster; /* NULL: there is no postmaster.pid to ask */
	const struct pg_version *version;
};

/* What it reports.  Strings are NULL where the server does not show them to this role. */
struct online_server {
	bool in_recovery;
	char *version;                /* "15.20 (Debian 15.20-0+deb12u1)" */
	char *archive_mode;           /* "off", "on", "always" */
	char *log_timezone;           /* START TIME of the label is in it */
	char *data_directory;         /* pg_read_all_settings only */
	struct session_rows settings; /* all that were asked for: online_setting() */
	/*
	 * allow_in_place_tablespaces, as it is set for the whole server: then recovery of a
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

/*
 * Its three questions, each for itself: is it that server, which fills in *out as above; does its
 * wal_level allow a backup; and may this role start and stop one?
 */
MUST_CHECK int online_check_identity(struct session *s,
    const struct online_expect *expect, struct online_server *out, struct error *err);
MUST_CHECK int online_check_level(const struct online_server *, struct error *err);
MUST_CHECK int online_check_privilege(
    struct session *s, const struct pg_version *version, struct error *err);

void online_server_free(struct online_server *server);

/* Ask again for in_place_allowed: a reload may have changed it. */
MUST_CHECK int online_allows_in_place(
    struct session *s, bool *allowed, struct error *err);

/*
 * What it said of the setting ${name}: one of the above, of "ssl" and its files, of
 * log_directory, of config_file and the others that are named there.  NULL: the release does
 * not have it, or does not show it to this role.  Valid as long as ${server}.
 */
const char *online_setting(const struct online_server *server, const char *name);

#endif
