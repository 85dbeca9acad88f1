#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "backup/backup_internal.h"
#include "cli/message.h"
#include "datadir/atwork.h"
#include "datadir/dirlist.h"
#include "lib/lsn.h"
#include "lib/sys.h"
#include "pg/label.h"
#include "wal/walname.h"
#include "wal/walrecord.h"

/*
 * The backup of a cluster that no server works on: one that was shut down (--offline), or
 * what a running one's disk held at one moment (--snapshot).  Nobody is asked to begin or
 * end it, there is no label, and recovery of the copy begins where pg_control says; so
 * all depends on that nothing changes meanwhile.
 */

/* A backup_label is no larger. */
enum { LABEL_MOST = 64 * 1024 };

/* ---- is it what the user says? ---- */

static int
is_running(const struct backup *b, int64_t pid, struct error *err)
{
	const bool is_contained = pid != b->cluster.postmaster.pid;

	error_set(err, ERROR_STATE, 0, "the server of \"%s\" is running, process %lld%s",
	    b->cluster.pgdata, (long long)pid, is_contained ? ", in a container" : "");
	if (b->opt->source == SOURCE_SNAPSHOT)
		return error_hint(err,
		    "Leave out --snapshot, or name with -D the snapshot of this "
		    "directory.");
	return error_hint(err,
	    is_contained ?
		"Leave out --offline, and say with -h and -p how to reach the server; or shut it "
		"down." :
		"Leave out --offline, or shut the server down.");
}

static int
may_be_running(const struct backup *b, struct error *err)
{
	error_set(err, ERROR_STATE, 0,
	    "the server of \"%s\" may be running: process %lld cannot "
	    "be looked at",
	    b->cluster.pgdata, (long long)b->cluster.postmaster.pid);
	return error_hint(err,
	    "Run pg_basetar as the owner of the data directory, or as root; if "
	    "you know that no server runs, in no container either, remove "
	    "postmaster.pid.");
}

/* Is it the directory that the server of postmaster.pid was told? */
static bool
is_servers_own(const struct backup *b)
{
	struct stat st;

	return stat(b->cluster.postmaster.datadir, &st) == 0 &&
	    sys_is_same_file(&st, &b->cluster.datadir_stat);
}

/* A snapshot has the file of the server that it was taken under, which works on the original. */
static int
check_at_work(const struct backup *b, struct error *err)
{
	const bool is_stopped = b->opt->source == SOURCE_STOPPED;
	int64_t pid;

	switch (atwork_find(&b->cluster.postmaster, &b->cluster.datadir_stat, &pid)) {
	case ATWORK_IS:
		return is_running(b, pid, err);
	case ATWORK_UNKNOWN:
		return is_stopped || is_servers_own(b) ? may_be_running(b, err) : 0;
	case ATWORK_NOT:
		break;
	}
	return is_stopped && atwork_has_segment(&b->cluster.postmaster) ?
	    is_running(b, pid, err) :
	    0;
}

static int
check_server(struct backup *b, struct error *err)
{
	struct error why = { 0 };

	if (backup_cluster_read_pid(&b->cluster, err))
		return -1;
	if (b->cluster.pid.len == 0)
		return 0;
	if (backup_cluster_parse_pid(&b->cluster, &why)) {
		if (b->opt->source == SOURCE_SNAPSHOT)
			return 0; /* caught while it was written */
		*err = why;
		error_wrap(err, "file \"postmaster.pid\"");
		return error_hint(err,
		    "Is a server starting?  --offline is for a cluster that is "
		    "shut down.");
	}
	return check_at_work(b, err);
}

/*
 * Is the backup_label that of an exclusive backup, which up to 14 lies in the server's own data
 * directory?  One that cannot be read as a label is none.
 */
static int
read_method(const struct backup *b, bool *is_exclusive, struct error *err)
{
	struct buf text = { 0 };
	struct label label = { 0 };
	struct error ignored;
	int rc =
	    sys_read_file(b->cluster.datadir_fd, "backup_label", LABEL_MOST, &text, err);

	*is_exclusive = false;
	if (rc == 0 && label_parse(buf_text(&text), text.len, &label, &ignored) == 0)
		*is_exclusive = strcmp(label.method, "pg_start_backup") == 0;
	label_free(&label);
	buf_free(&text);
	return rc;
}

/*
 * A snapshot with the backup_label of an exclusive backup.  It is not taken:
 *
 * Without the label a copy recovers from the last checkpoint, which is right of a snapshot.  But
 * the label is just what files that were copied one by one have, between pg_start_backup() and
 * pg_stop_backup() or in a restored copy that was never started, and nothing else tells them from
 * a snapshot: their copy would start in silence and be corrupt.
 *
 * With the label a plain start recovers from its position to the end of WAL, but a standby, or
 * recovery to a point in time, does not end before it has read the record of pg_stop_backup(),
 * which is not in this copy and may never have been written (measured on 10, 12 and 14: "WAL ends
 * before end of online backup").
 *
 * When a server was started in the directory, the label has been followed and is out of the way.
 */
static int
is_in_exclusive_backup(const struct backup *b, struct error *err)
{
	error_set(err, ERROR_STATE, 0,
	    "an exclusive backup was under way in \"%s\": the file \"backup_label\" is there",
	    b->cluster.pgdata);
	if (b->opt->source == SOURCE_STOPPED)
		return error_hint(err,
		    "Start the server, which recovers as backup_label says and "
		    "renames it, and shut it down again.");
	return error_hint(err,
	    "End it on the server with SELECT pg_stop_backup(), and take another snapshot, which "
	    "needs no backup to be started.  If there is no such server any more, start one in this "
	    "directory, which recovers as backup_label says, shut it down and use --offline; but "
	    "see first to where tablespace_map leads, if there is one.");
}

/* Recovery that a label governs has been begun, or will be: the copy has none. */
static int
check_label(const struct backup *b, struct error *err)
{
	bool is_exclusive;

	if (read_method(b, &is_exclusive, err) == 0) {
		if (is_exclusive)
			return is_in_exclusive_backup(b, err);
		error_set(err, ERROR_STATE, 0,
		    "\"%s\" is a restored copy that was never started: the file \"backup_label\" is "
		    "there",
		    b->cluster.pgdata);
		return error_hint(
		    err, "Start it, and let it recover; or back up the original.");
	}
	if (err->kind != ERROR_IO || err->sys != ENOENT)
		return error_wrap(err, "file \"backup_label\"");
	*err = (struct error){ 0 };
	if ((b->cluster.control.backup_start_lsn == 0 &&
		!b->cluster.control.backup_end_required) ||
	    control_has_old_backup(&b->cluster.control)) /* the copy will not have it */
		return 0;
	error_set(err, ERROR_STATE, 0,
	    "\"%s\" is a restored copy that has not become consistent yet",
	    b->cluster.pgdata);
	return error_hint(
	    err, "Start it, and let it recover to the end of its backup first.");
}

static int
check_state(const struct backup *b, struct error *err)
{
	if (b->opt->source == SOURCE_SNAPSHOT || backup_cluster_is_shut_down(&b->cluster))
		return 0;
	error_set(err, ERROR_STATE, 0, "the cluster in \"%s\" was not shut down cleanly",
	    b->cluster.pgdata);
	return error_hint(err,
	    "Start the server and shut it down; or use --snapshot, if this is "
	    "one, or the server crashed and its disk is all there.");
}

int
backup_cold_check(struct backup *b, struct error *err)
{
	b->source.exclude = backup_cluster_mode(&b->cluster);
	if (check_server(b, err) || check_label(b, err) || check_state(b, err))
		return -1;
	if (b->tablespaces.sent.in_place > 0)
		message_warning(
		    "tablespaces are directories in pg_tblspc: the copy may need "
		    "allow_in_place_tablespaces = on to recover");
	return backup_links_check(b, err);
}

/* ---- which WAL the copy needs ---- */

/*
 * All WAL of a snapshot is known before its first page is read.  A page of later, by no
 * more than this, tells that pg_wal is of an earlier moment, or lost its end.  (Of a cluster
 * that was shut down the copy is what the original is; and its unlogged relations, which
 * only that keeps, have positions of their own.)
 */
#define LATER_MOST (UINT64_C(1) << 40)

static struct walend_options
walend_options_of(const struct backup *b)
{
	return (struct walend_options){ b->cluster.wal_fd, &b->wal.expect, &b->cancel };
}

/*
 * Of a cluster that was shut down: up to the end of the checkpoint that was its last act;
 * a standby has pages of what it replayed behind that.
 */
static int
find_shutdown(struct backup *b, uint32_t newest, struct error *err)
{
	const struct walend_options walend = walend_options_of(b);
	uint64_t end;

	if (backup_wal_line(&b->wal, newest, err))
		return error_hint(err, "Is a timeline history file missing from pg_wal?");
	if (walend_of_record(&walend, b->cluster.control.checkpoint_lsn, &end, err))
		return error_wrap(err, "the last checkpoint");
	if (b->cluster.control.min_recovery_lsn > end)
		end = b->cluster.control.min_recovery_lsn;
	backup_wal_stop(&b->wal, end);
	b->source.limits.start_lsn = end;
	return 0;
}

/*
 * Does the line go through what pg_control tells of?  One that branched off before that is
 * of another server, and recovery refuses it.
 */
static bool
is_own_line(const struct backup *b)
{
	const struct control *c = &b->cluster.control;

	return walhistory_at(&b->wal.history, c->checkpoint_lsn) == c->timeline &&
	    (c->min_recovery_lsn == 0 ||
		walhistory_at(&b->wal.history, c->min_recovery_lsn - 1) ==
		    c->min_recovery_timeline);
}

/* Where the WAL ends on the line that leads to ${timeline}. */
static int
follow(struct backup *b, uint32_t timeline, struct walend *end, struct error *err)
{
	const struct walend_options walend = walend_options_of(b);
	uint64_t least = b->cluster.control.checkpoint_lsn + WALRECORD_HEADER;

	if (b->cluster.control.min_recovery_lsn > least)
		least = b->cluster.control.min_recovery_lsn;
	if (backup_wal_line(&b->wal, timeline, err))
		return error_hint(err, "Is a timeline history file missing from pg_wal?");
	if (!is_own_line(b))
		return error_set(err, ERROR_FORMAT, 0,
		    "timeline %lu branched off before what pg_control tells of",
		    (unsigned long)timeline);
	return walend_find(&walend, b->cluster.control.redo_lsn, least, end, err);
}

/*
 * A standby follows the newest timeline that it finds the history of, which may have come
 * since its pg_control was written.  If that has more WAL of the cluster it is the line:
 * none but it is in *newest then.  Its other file of the segment where it branched off is
 * sent as well, for whoever starts the copy as no standby.
 */
static int
follow_newer(struct backup *b, uint32_t *newest, struct walend *end, bool *is_found,
    struct error *err)
{
	const uint32_t oldest = *newest;
	struct dirlist list = { 0 };
	int rc = 0;

	if (dirlist_read(b->cluster.wal_fd, &list, err))
		return error_wrap(err, "directory \"pg_wal\"");
	for (size_t i = 0; rc == 0 && i < list.count; i++) {
		struct error why = { 0 };
		struct walend found;
		uint32_t timeline;

		if (!walname_parse_history(list.rows[i].name, &timeline) ||
		    timeline <= oldest)
			continue;
		if (follow(b, timeline, &found, &why)) {
			/* of another line, or without WAL that leads there */
			if (why.kind == ERROR_FORMAT || why.kind == ERROR_STATE)
				continue;
			*err = why;
			rc = -1;
			continue;
		}
		if (!walhistory_has(&b->wal.history, oldest) ||
		    (*is_found && found.lsn <= end->lsn))
			continue;
		*newest = timeline;
		*end = found;
		*is_found = true;
	}
	dirlist_free(&list);
	return rc;
}

/* Of one that was running: up to where recovery will end. */
static int
find_end(struct backup *b, uint32_t newest, struct error *err)
{
	struct error why = { 0 };
	bool is_found = follow(b, newest, &b->cold.end, &why) == 0;
	char text[256], end[LSN_TEXT], stray[LSN_TEXT];

	if (!is_found && why.kind != ERROR_FORMAT && why.kind != ERROR_STATE) {
		*err = why; /* nothing is said of the WAL */
		return -1;
	}
	if (b->cluster.control.state == CONTROL_IN_ARCHIVE_RECOVERY &&
	    follow_newer(b, &newest, &b->cold.end, &is_found, err))
		return -1;
	if (!is_found) {
		*err = why;
		return -1;
	}
	if (backup_wal_line(&b->wal, newest, err))
		return -1;
	backup_wal_stop(&b->wal, b->cold.end.lsn);
	b->source.limits.start_lsn = b->wal.range.start_lsn;
	if (b->cold.end.stray_lsn == 0)
		return 0;
	snprintf(text, sizeof(text),
	    "WAL ends at %s, but there is a page at %s: what is between was not on the disk; "
	    "recovery of the copy ends there, as that of the original would",
	    lsn_print(end, b->cold.end.lsn), lsn_print(stray, b->cold.end.stray_lsn));
	message_warning(text);
	return 0;
}

/*
 * The server follows the newer of these two timelines when nothing asks it to recover to
 * another (InitWalRecovery in src/backend/access/transam/xlogrecovery.c).
 */
int
backup_cold_find(struct patrol *patrol, struct error *err)
{
	struct backup *b = (struct backup *)patrol;
	const struct control *c = &b->cluster.control;
	char start[LSN_TEXT], stop[LSN_TEXT];
	uint32_t newest = c->timeline;

	backup_wal_begin(&b->wal, c->redo_lsn, c->timeline);
	if (c->min_recovery_timeline > newest)
		newest = c->min_recovery_timeline;
	if (backup_cluster_is_shut_down(&b->cluster) ? find_shutdown(b, newest, err) :
						       find_end(b, newest, err))
		return -1;
	b->source.limits.stop_lsn = b->wal.range.stop_lsn;
	if (b->opt->source == SOURCE_SNAPSHOT && b->source.exclude == EXCLUDE_RECOVERS &&
	    b->cluster.control.block_size == PAGE_BYTES)
		b->source.limits.later_most = LATER_MOST;
	message_info("start position %s, stop position %s on timeline %lu",
	    lsn_print(start, b->wal.range.start_lsn),
	    lsn_print(stop, b->wal.range.stop_lsn), (unsigned long)b->wal.range.timeline);
	return 0;
}

/* ---- does it stay so? ---- */

int
backup_cold_explain(const struct backup *b, struct error *err)
{
	if (err->kind != ERROR_STATE)
		return -1;
	return error_hint(err,
	    b->opt->source == SOURCE_STOPPED ?
		"The cluster must stay as it is: is a server running, "
		"perhaps in a container?  Then leave out --offline." :
		"A snapshot must stay as it is; is this one, or is it the "
		"directory of a server that runs?");
}

int
backup_cold_watch(struct patrol *patrol, struct error *err)
{
	const struct backup *b = (const struct backup *)patrol;
	uint8_t bytes[CONTROL_SIZE];

	return backup_cluster_recheck_pid(&b->cluster, err) ||
		backup_cluster_recheck_control(&b->cluster, bytes, err) ?
	    -1 :
	    0;
}

int
backup_cold_recheck(struct patrol *patrol, struct error *err)
{
	struct backup *b = (struct backup *)patrol;
	const struct walend_options walend = walend_options_of(b);

	if (backup_cold_watch(patrol, err) || backup_tree_recheck(&b->tree, err))
		return -1;
	return backup_cluster_is_shut_down(&b->cluster) ?
	    0 :
	    walend_recheck(&walend, &b->cold.end, err);
}
