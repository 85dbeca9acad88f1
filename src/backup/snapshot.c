/*
 * The backup of a snapshot: what the disk of a cluster held at one moment, at which a server was at
 * work, as a rule (--snapshot).  A copy recovers as the cluster would after a crash, up to the end
 * of the WAL that is there.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "backup/cluster.h"
#include "backup/snapshot.h"
#include "backup/still.h"
#include "backup/tablespaces.h"
#include "backup/wal.h"
#include "cli/message.h"
#include "cli/options.h"
#include "datadir/atwork.h"
#include "datadir/dirlist.h"
#include "datadir/walend.h"
#include "lib/lsn.h"
#include "lib/sys.h"
#include "wal/walname.h"
#include "wal/walrecord.h"

struct snapshot {
	struct backup_source source; /* first */
	struct walend end;           /* unless the cluster was shut down */
};

/* ---- is it one? ---- */

/* Is it the directory that the server of postmaster.pid was told? */
static bool
is_servers_own(const struct backup_source *s)
{
	struct stat st;

	return stat(s->of.cluster->postmaster.datadir, &st) == 0 &&
	    sys_is_same_file(&st, &s->of.cluster->datadir_stat);
}

/* It has the file of the server that it was taken under, which works on the original. */
static int
check_at_work(const struct backup_source *s, struct error *err)
{
	int64_t pid;

	switch (
	    atwork_find(&s->of.cluster->postmaster, &s->of.cluster->datadir_stat, &pid)) {
	case ATWORK_IS:
		return backup_still_is_running(s, pid,
		    "Leave out --snapshot, or name with -D the snapshot of this "
		    "directory.",
		    err);
	case ATWORK_UNKNOWN:
		return is_servers_own(s) ? backup_still_may_be_running(s, err) : 0;
	case ATWORK_NOT:
		break;
	}
	return 0;
}

static int
check_server(struct backup_source *s, struct error *err)
{
	struct error ignored = { 0 };

	if (backup_cluster_read_pid(s->of.cluster, err))
		return -1;
	if (s->of.cluster->pid.len == 0)
		return 0;
	/* it may have been caught while it was written */
	if (backup_cluster_parse_pid(s->of.cluster, &ignored))
		return 0;
	return check_at_work(s, err);
}

/* ---- where do its links lead? ---- */

/*
 * They say where tablespaces and WAL of the original are, and what is there now would be mixed
 * with what was when it was taken.
 */

static int
leads_out(const char *link, const char *hint, struct error *err)
{
	error_set(err, ERROR_STATE, 0, "%s leads out of the snapshot", link);
	return error_hint(err, "%s", hint);
}

/*
 * The directory that the server of the snapshot had, opened; -1 if absent, or it is
 * the one that is backed up, as of a server that crashed.
 */
static int
open_original(const struct backup_source *s)
{
	struct stat st;
	int fd = -1;

	if (s->of.cluster->postmaster.datadir)
		fd = open(s->of.cluster->postmaster.datadir,
		    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd != -1 && fstat(fd, &st) == 0 &&
	    !sys_is_same_file(&st, &s->of.cluster->datadir_stat))
		return fd;
	sys_close(fd);
	return -1;
}

/* Is a server at work there now?  It may be another than when the snapshot was taken. */
static bool
is_at_work(int datadir_fd)
{
	struct postmaster now = { 0 };
	struct error ignored = { 0 };
	struct stat st;
	int64_t pid;
	bool is_it;

	if (fstat(datadir_fd, &st) == -1 || postmaster_read(datadir_fd, &now, &ignored))
		return false;
	is_it = atwork_find(&now, &st, &pid) != ATWORK_NOT || atwork_has_segment(&now);
	postmaster_free(&now);
	return is_it;
}

/*
 * Is ${found} outside of the snapshot?  On another file system it is nearly always the
 * original's; on the same one it is if the original's ${link} leads there too.  Somebody
 * who ${is_told} so may know better, unless a server is at work there.
 */
static bool
is_outside(const struct backup_source *s, const char *link, const struct stat *found,
    bool is_told)
{
	struct stat st;
	char path[64];
	int fd;
	bool is_original;

	if (!is_told && found->st_dev != s->of.cluster->datadir_stat.st_dev)
		return true;
	fd = open_original(s);
	if (fd == -1)
		return false;
	snprintf(path, sizeof(path), "%s/", link);
	is_original = fstatat(fd, path, &st, 0) == 0 && sys_is_same_file(&st, found) &&
	    (!is_told || is_at_work(fd));
	sys_close(fd);
	return is_original;
}

static int
check_locations(const struct backup_source *s, struct error *err)
{
	char link[64];

	for (size_t i = 0; i < s->of.tablespaces->sent.count; i++) {
		const struct tablespace *t = &s->of.tablespaces->sent.rows[i];

		snprintf(link, sizeof(link), "pg_tblspc/%s", t->oid_text);
		if (!is_outside(s, link, &t->location, t->is_relocated))
			continue;
		leads_out(
		    link, "Name the snapshot of this tablespace with -T OLD=NEW.", err);
		return error_wrap(err, "tablespace \"%s\"", t->target);
	}
	return 0;
}

static int
check_wal(struct backup_source *s, struct error *err)
{
	struct stat link, wal;

	if (fstatat(s->of.cluster->datadir_fd, "pg_wal", &link, AT_SYMLINK_NOFOLLOW) ==
		-1 ||
	    fstat(s->of.cluster->wal_fd, &wal) == -1) {
		error_set(err, ERROR_IO, errno, "could not stat");
		return error_wrap(err, "directory \"pg_wal\"");
	}
	if (!S_ISLNK(link.st_mode) && s->of.opt->waldir == NULL)
		return 0;
	if (!is_outside(s, "pg_wal", &wal, s->of.opt->waldir != NULL))
		return 0;
	return leads_out(
	    "pg_wal", "Name the snapshot of the WAL directory with --waldir.", err);
}

static int
check_label(struct backup_source *s, struct error *err)
{
	s->facts.exclude = backup_cluster_mode(s->of.cluster);
	return backup_still_check_label(s,
	    "End it on the server with SELECT pg_stop_backup(), and take another snapshot, which "
	    "needs no backup to be started.  If that server no longer exists, start one in this "
	    "directory, which recovers as backup_label says, shut it down and use --offline; but "
	    "check first which directories tablespace_map names, if that file exists.",
	    err);
}

static int
check_tablespaces(struct backup_source *s, struct error *err)
{
	backup_still_warn_in_place(s);
	return backup_tablespaces_check_relocations(s->of.tablespaces, err) ||
		check_locations(s, err) ||
		backup_tablespaces_check_doubled(s->of.tablespaces, err) ?
	    -1 :
	    0;
}

static const struct backup_source_check snapshot_checks[] = {
	{ "server", "no server is running in the data directory", SOURCE_CHECK_FIRST,
	    check_server },
	{ "label", "no backup was left unfinished", SOURCE_CHECK_ALONE, check_label },
	{ "tablespaces", "each link leads to a directory of its own", SOURCE_CHECK_ALONE,
	    check_tablespaces },
	{ "waldir", "pg_wal is part of the snapshot", SOURCE_CHECK_FIRST, check_wal },
	{ .name = NULL },
};

/* ---- which WAL the copy needs ---- */

/*
 * All WAL of a snapshot is known before its first page is read.  A page with a later LSN, by no
 * more than this, tells that pg_wal is of an earlier moment, or lost its end.  (Of a cluster
 * that was shut down the copy is what the original is; and its unlogged relations, which
 * only that keeps, have positions of their own.)
 */
#define LATER_MOST (UINT64_C(1) << 40)

/*
 * Does the line go through the positions in pg_control?  One that branched off before that is
 * of another server, and recovery refuses it.
 */
static bool
is_own_line(const struct backup_source *s)
{
	const struct control *c = &s->of.cluster->control;

	return walhistory_at(&s->of.wal->history, c->checkpoint_lsn) == c->timeline &&
	    (c->min_recovery_lsn == 0 ||
		walhistory_at(&s->of.wal->history, c->min_recovery_lsn - 1) ==
		    c->min_recovery_timeline);
}

/* Where the WAL ends on the line that leads to ${timeline}. */
static int
snapshot_follow(
    struct backup_source *s, uint32_t timeline, struct walend *end, struct error *err)
{
	const struct walend_options walend = backup_still_walend(s);
	uint64_t least = s->of.cluster->control.checkpoint_lsn + WALRECORD_HEADER;

	if (s->of.cluster->control.min_recovery_lsn > least)
		least = s->of.cluster->control.min_recovery_lsn;
	if (backup_wal_history(s->of.wal, timeline, err))
		return error_hint(
		    err, "A timeline history file may be missing from pg_wal.");
	if (!is_own_line(s))
		return error_set(err, ERROR_FORMAT, 0,
		    "timeline %lu branched off before the checkpoint in pg_control",
		    (unsigned long)timeline);
	return walend_find(&walend, s->of.cluster->control.redo_lsn, least, end, err);
}

/*
 * A standby follows the newest timeline that it finds the history of, which may have come
 * since its pg_control was written.  If that has more WAL of the cluster it is the line:
 * none but it is in *newest then.  Its other file of the segment where it branched off is
 * sent as well, for whoever starts the copy as no standby.
 */
static int
follow_newer(struct backup_source *s, uint32_t *newest, struct walend *end,
    bool *is_found, struct error *err)
{
	const uint32_t oldest = *newest;
	struct dirlist list = { 0 };
	int rc = 0;

	if (dirlist_read(s->of.cluster->wal_fd, &list, err))
		return error_wrap(err, "directory \"pg_wal\"");
	for (size_t i = 0; rc == 0 && i < list.count; i++) {
		struct error why = { 0 };
		struct walend found = { 0 };
		uint32_t timeline;

		if (!walname_parse_history(list.names[i], &timeline) ||
		    timeline <= oldest)
			continue;
		if (snapshot_follow(s, timeline, &found, &why)) {
			/* of another line, or without WAL that leads there */
			if (why.kind == ERROR_FORMAT || why.kind == ERROR_STATE)
				continue;
			*err = why;
			rc = -1;
			continue;
		}
		if (!walhistory_has(&s->of.wal->history, oldest) ||
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
find_end(
    struct backup_source *s, uint32_t newest, struct walend *found, struct error *err)
{
	struct error why = { 0 };
	bool is_found = snapshot_follow(s, newest, found, &why) == 0;
	char text[256], end[LSN_TEXT], stray[LSN_TEXT];

	if (!is_found && why.kind != ERROR_FORMAT && why.kind != ERROR_STATE) {
		*err = why; /* nothing is said of the WAL */
		return -1;
	}
	if (s->of.cluster->control.state == CONTROL_IN_ARCHIVE_RECOVERY &&
	    follow_newer(s, &newest, found, &is_found, err))
		return -1;
	if (!is_found) {
		*err = why;
		return -1;
	}
	if (backup_wal_history(s->of.wal, newest, err))
		return -1;
	backup_wal_stop(s->of.wal, found->lsn);
	s->facts.limits.start_lsn = s->of.wal->range.start_lsn;
	if (found->stray_lsn == 0)
		return 0;
	snprintf(text, sizeof(text),
	    "WAL ends at %s, but there is a later WAL page at %s: the WAL between them was not on disk, so recovery of the copy ends before it, as that of the original would",
	    lsn_print(end, found->lsn), lsn_print(stray, found->stray_lsn));
	message_warning(text);
	return 0;
}

static int
snapshot_find(struct backup_source *s, uint32_t newest, struct error *err)
{
	struct snapshot *snapshot = (struct snapshot *)s;

	if (backup_cluster_is_shut_down(s->of.cluster) ?
		backup_still_find_shutdown(s, newest, err) :
		find_end(s, newest, &snapshot->end, err))
		return -1;
	if (s->facts.exclude == EXCLUDE_RECOVERS &&
	    s->of.cluster->control.block_size == PAGE_BYTES)
		s->facts.limits.later_most = LATER_MOST;
	return 0;
}

static int
snapshot_begin(struct backup_source *s, struct error *err)
{
	return backup_still_begin(s, snapshot_find, err);
}

/* ---- does it stay so? ---- */

static int
snapshot_recheck(struct backup_source *s, struct backup_tree *tree, struct error *err)
{
	const struct snapshot *snapshot = (const struct snapshot *)s;
	const struct walend_options walend = backup_still_walend(s);

	if (backup_still_recheck(s, tree, err))
		return -1;
	return backup_cluster_is_shut_down(s->of.cluster) ?
	    0 :
	    walend_recheck(&walend, &snapshot->end, err);
}

static int
snapshot_explain(const struct backup_source *s, struct error *err)
{
	(void)s;
	if (err->kind != ERROR_STATE)
		return -1;
	return error_hint(err,
	    "A snapshot must not change: check that this is not the data directory of a running server.");
}

static void
snapshot_free(struct backup_source *s)
{
	oidset_free(&s->facts.databases);
	free(s);
}

static const struct backup_source_ops snapshot_ops = {
	.beginning = "finding the end of WAL",
	.checks = snapshot_checks,
	.begin = snapshot_begin,
	.control = backup_still_control,
	.watch_tree = backup_still_watch_tree,
	.watch_wal = backup_still_watch_wal,
	.recheck = snapshot_recheck,
	.explain = snapshot_explain,
	.free = snapshot_free,
};

int
backup_snapshot_new(struct backup_source **out, const struct backup_source_parts *parts,
    struct error *err)
{
	struct snapshot *snapshot = calloc(1, sizeof(*snapshot));

	*out = NULL;
	if (snapshot == NULL)
		return error_memory(err);
	snapshot->source = (struct backup_source){
		.ops = &snapshot_ops,
		.of = *parts,
		.facts = { .mode = "snapshot",
		    .is_frozen = true,
		    .is_of_a_moment = true },
	};
	*out = &snapshot->source;
	return 0;
}
