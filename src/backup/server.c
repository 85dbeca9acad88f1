#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup/backup_internal.h"
#include "cli/message.h"
#include "lib/interrupt.h"
#include "lib/lsn.h"
#include "pg/tablespace_map.h"
#include "server/locate.h"

static void
on_notice(const char *text)
{
	message_info("server: %s", text);
}

/* Where the server is, and that it is there. */
static int
locate(struct backup *b, struct error *err)
{
	b->connection = (struct session_options){
		.host = b->opt->host,
		.port = b->opt->port,
		.user = b->opt->user,
		.dbname = b->opt->dbname,
		.never_prompt = b->opt->never_prompt,
		.force_prompt = b->opt->force_prompt,
		.release_settings = b->cluster.version->session_settings,
		.interrupt_fd = interrupt_fd(),
		.notice = on_notice,
	};
	if (locate_server(&b->cluster.postmaster, &b->connection, err))
		return -1;
	if (b->connection.host_is_given || postmaster_is_alive(&b->cluster.postmaster))
		return 0;
	error_set(err, ERROR_STATE, 0,
	    "no server is running in \"%s\": postmaster.pid names process %lld, which is gone",
	    b->cluster.pgdata, (long long)b->cluster.postmaster.pid);
	return error_hint(err,
	    "Start the server; or use --snapshot, if this is one, or the "
	    "server crashed and its disk is all there.");
}

/*
 * Is the socket that postmaster.pid names gone, although the process lives?  Something that
 * cleans up /tmp took it away; or the server has a /tmp of its own (PrivateTmp of systemd).
 */
static bool
has_lost_socket(const struct backup *b)
{
	const struct postmaster *p = &b->cluster.postmaster;
	char path[PATH_MAX];
	struct stat st;

	if (b->connection.host_is_given || p->socket_dir == NULL ||
	    p->socket_dir[0] != '/')
		return false;
	snprintf(path, sizeof(path), "%s/.s.PGSQL.%u", p->socket_dir, p->port);
	return lstat(path, &st) == -1 && errno == ENOENT && postmaster_is_alive(p);
}

static int
connect_to_server(struct backup *b, struct error *err)
{
	const struct postmaster *p = &b->cluster.postmaster;

	if (session_open(&b->session, &b->connection, err) == 0)
		return 0;
	if (has_lost_socket(b)) {
		err->hint[0] = '\0'; /* libpq's: is the server running? */
		return error_hint(err,
		    "Process %lld of the server is there, its socket is not: name another way to "
		    "it with -h%s%s, or restart it.",
		    (long long)p->pid,
		    p->listen_addr && *p->listen_addr ? "; it listens on " : "",
		    p->listen_addr ? p->listen_addr : "");
	}
	return error_hint(err, "See -h, -p, -U and -d, and the server's log.");
}

/*
 * A directory in pg_tblspc stops recovery where it becomes consistent (CheckTablespaceDirectory
 * in src/backend/access/transam/xlogrecovery.c), unless the configuration allows it.  A session
 * can make one at any time.
 */
static int
check_in_place(const struct backup *b, const struct tablespaces *now, struct error *err)
{
	if (now->in_place == 0 || b->server.in_place_allowed)
		return 0;
	error_set(err, ERROR_STATE, 0,
	    "a tablespace is a directory in pg_tblspc, and allow_in_place_tablespaces is off");
	return error_hint(err,
	    "Set allow_in_place_tablespaces = on in postgresql.conf and "
	    "reload, then run the backup again: without it the copy would not "
	    "start.  What a role, a database or a session sets does not count.");
}

int
backup_server_in_place(struct backup *b, struct error *err)
{
	return check_in_place(b, &b->tablespaces.sent, err);
}

/* The copy has the configuration of some moment since the start: it must have allowed them in all. */
static int
check_in_place_since(struct backup *b, struct error *err)
{
	bool allowed;

	if (b->tablespaces.after.in_place > 0 && b->server.in_place_allowed) {
		if (online_allows_in_place(b->session, &allowed, err))
			return -1;
		b->server.in_place_allowed = allowed;
	}
	return check_in_place(b, &b->tablespaces.after, err);
}

static int
hold_wal(struct backup *b, struct error *err)
{
	const struct backup_slot_server server = { &b->cluster, &b->connection,
		b->session, &b->server };

	if (b->opt->no_slot || b->opt->wal_method == WAL_NONE)
		return 0;
	return backup_slot_hold(&b->slot, &server, err);
}

int
backup_server_connect(struct backup *b, struct error *err)
{
	const struct online_expect expect = {
		.datadir = b->cluster.datadir,
		.datadir_fd = b->cluster.datadir_fd,
		.control = &b->cluster.control,
		.postmaster = &b->cluster.postmaster,
		.version = b->cluster.version,
	};

	if (backup_cluster_postmaster(&b->cluster, err) || locate(b, err) ||
	    connect_to_server(b, err) ||
	    online_check(b->session, &expect, &b->server, err) ||
	    backup_archiving_check(b->opt, &b->server, err) ||
	    backup_server_in_place(b, err) || backup_links_check(b, err))
		return -1;
	return hold_wal(b, err);
}

/*
 * A standby's start waits for a restartpoint with a snapshot held, which replay waits for in
 * turn, or cancels: it must not take minutes.
 */
static int
hasten_standby(const struct backup *b, struct error *err)
{
	static const char text[] =
	    "the backup of a standby begins with a fast restartpoint: a "
	    "spread one would hold up replay, or be cancelled by it";

	if (!b->opt->checkpoint_fast && b->opt->checkpoint_is_given)
		message_warning(text);
	else if (!b->opt->checkpoint_fast)
		message_info("%s", text);
	return online_restartpoint(b->session, err);
}

static int
read_databases(struct backup *b, const char **fact, char **text, struct error *err)
{
	if (databases_read(b->session, text, err))
		return -1;
	*fact = *text;
	return 0;
}

/*
 * No backup lasts so long that so much WAL is written meanwhile: 1 PiB, four days at 3 GB/s.
 * Garbage in the place of an LSN is nearly always beyond that, and need not be remembered
 * until the stop is known.
 */
#define WAL_MOST (UINT64_C(1) << 50)

static void
limit_pages(struct page_limits *limits, uint64_t start)
{
	limits->start_lsn = start;
	limits->stop_lsn =
	    start < PAGE_NO_LSN - WAL_MOST ? start + WAL_MOST : PAGE_NO_LSN;
}

int
backup_server_start(struct patrol *patrol, struct error *err)
{
	struct backup *b = (struct backup *)patrol;
	const bool fast = b->opt->checkpoint_fast || b->server.in_recovery;
	char lsn[LSN_TEXT];

	if (read_databases(b, &b->source.databases_before, &b->databases, err) ||
	    (b->server.in_recovery && hasten_standby(b, err)) ||
	    online_start(
		b->session, b->cluster.version, b->opt->label, fast, &b->started, err))
		return -1;
	b->source.label = &b->started.label;
	limit_pages(&b->source.limits, b->started.lsn);
	backup_wal_begin(&b->wal, b->started.lsn, b->started.timeline);
	message_info("start position %s on timeline %lu",
	    lsn_print(lsn, b->wal.range.start_lsn), (unsigned long)b->wal.range.timeline);
	return 0;
}

/* The label that went out first, proved against the one the server wrote. */
static int
compare_label(const struct backup *b, struct error *err)
{
	struct label server;
	int rc;

	if (label_parse(b->stopped.label, strlen(b->stopped.label), &server, err))
		return error_wrap(err, "backup_label that the server returned");
	rc = label_compare(&b->started.label, &server, err);
	label_free(&server);
	return rc;
}

/*
 * A tablespace that was dropped since is in the server's map only, one made since in our
 * list only: replay sees to both.  One that is in both must be the same.
 */
static int
compare_map(const struct backup *b, struct error *err)
{
	struct tablespace_map map = { 0 };
	int rc = 0;

	if (tablespace_map_parse(
		b->stopped.map, strlen(b->stopped.map), b->cluster.version, &map, err))
		return error_wrap(err, "tablespace_map that the server returned");
	for (size_t i = 0; rc == 0 && i < b->tablespaces.sent.count; i++) {
		const struct tablespace *t = &b->tablespaces.sent.rows[i];
		const char *target = tablespace_map_find(&map, t->oid);

		if (target && strcmp(target, t->target) != 0)
			rc = error_set(err, ERROR_SERVER, 0,
			    "tablespace %s: we sent \"%s\", the server backed up \"%s\"",
			    t->oid_text, t->target, target);
	}
	tablespace_map_free(&map);
	return rc;
}

/* Did each database stay where it was, from before the start until all was read? */
static int
compare_databases(struct backup *b, struct error *err)
{
	if (read_databases(b, &b->source.databases_after, &b->last_databases, err))
		return -1;
	return databases_compare(b->databases, b->last_databases, err);
}

int
backup_server_stop(struct backup *b, struct error *err)
{
	char lsn[LSN_TEXT];

	progress_phase(&b->stream.progress, "ending the backup");
	if (backup_copies_settle(b->copies, b->session, err) ||
	    compare_databases(b, err) ||
	    online_stop(b->session, b->cluster.version, &b->stopped, err))
		return -1;
	backup_wal_stop(&b->wal, b->stopped.lsn);
	message_info("stop position %s on timeline %lu",
	    lsn_print(lsn, b->wal.range.stop_lsn), (unsigned long)b->wal.range.timeline);
	return compare_label(b, err) || compare_map(b, err) ||
		backup_tablespaces_warn_of_new(&b->tablespaces, err) ||
		check_in_place_since(b, err) ?
	    -1 :
	    0;
}

/* Of a silence so many seconds long a user should know. */
#define SILENCE 20.0

static void
tell_of_silence(struct backup *b)
{
	double silence = session_silence(b->session);
	char text[128];

	if (silence > SILENCE && !b->is_server_silent) {
		snprintf(text, sizeof(text),
		    "the server has not answered for %.0f s; the backup goes on, and waits for it",
		    silence);
		message_warning(text);
	} else if (silence <= 0 && b->is_server_silent)
		message_info("the server answers again");
	b->is_server_silent = silence > SILENCE;
}

int
backup_server_watch(struct patrol *patrol, struct error *err)
{
	struct backup *b = (struct backup *)patrol;

	if (online_watch(b->session, &b->started, err) ||
	    backup_copies_watch(b->copies, b->session, err))
		return -1;
	tell_of_silence(b);
	return backup_slot_watch(&b->slot, b->session, b->cluster.wal_fd, err);
}

void
backup_server_free(struct backup *b)
{
	backup_slot_drop(&b->slot);
	session_free(b->session); /* a backup that still runs there is over */
	locate_free(&b->connection);
	free(b->databases);
	free(b->last_databases);
	online_started_free(&b->started);
	online_stopped_free(&b->stopped);
	online_server_free(&b->server);
}
