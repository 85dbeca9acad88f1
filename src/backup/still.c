/*
 * A cluster that no server works on: is that so, which WAL does a copy need, has nothing changed?
 */
#include <errno.h>
#include <string.h>

#include "backup/cluster.h"
#include "backup/still.h"
#include "backup/tablespaces.h"
#include "backup/tree.h"
#include "backup/wal.h"
#include "cli/message.h"
#include "datadir/catalogread.h"
#include "lib/buf.h"
#include "lib/lsn.h"
#include "lib/sys.h"
#include "pg/catalogset.h"
#include "pg/label.h"

/* A backup_label is no larger. */
enum { LABEL_MOST = 64 * 1024 };

/* ---- is it what the user says? ---- */

int
backup_still_is_running(
    const struct backup_source *s, int64_t pid, const char *hint, struct error *err)
{
	const struct backup_cluster *cluster = s->of.cluster;

	error_set(err, ERROR_STATE, 0, "the server of \"%s\" is running, process %lld%s",
	    cluster->pgdata, (long long)pid,
	    pid != cluster->postmaster.pid ? ", in a container" : "");
	return error_hint(err, "%s", hint);
}

int
backup_still_may_be_running(const struct backup_source *s, struct error *err)
{
	error_set(err, ERROR_STATE, 0,
	    "the server of \"%s\" may be running: process %lld cannot be examined",
	    s->of.cluster->pgdata, (long long)s->of.cluster->postmaster.pid);
	return error_hint(err,
	    "Run pg_basetar as the owner of the data directory, or as root; if you know that no server runs, in no container either, remove postmaster.pid.");
}

/*
 * Is the backup_label that of an exclusive backup, which up to 14 lies in the server's own data
 * directory?  A file that cannot be read as a label does not count.
 */
static int
read_method(const struct backup_source *s, bool *is_exclusive, struct error *err)
{
	struct buf text = { 0 };
	struct label label = { 0 };
	struct error ignored;
	int rc = sys_read_file(
	    s->of.cluster->datadir_fd, "backup_label", LABEL_MOST, &text, err);

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
is_in_exclusive_backup(const struct backup_source *s, const char *hint, struct error *err)
{
	error_set(err, ERROR_STATE, 0,
	    "an exclusive backup was in progress in \"%s\": file \"backup_label\" exists",
	    s->of.cluster->pgdata);
	return error_hint(err, "%s", hint);
}

/* Recovery that a label governs has been begun, or will be: the copy has none. */
int
backup_still_check_label(
    const struct backup_source *s, const char *exclusive, struct error *err)
{
	bool is_exclusive;

	if (read_method(s, &is_exclusive, err) == 0) {
		if (is_exclusive)
			return is_in_exclusive_backup(s, exclusive, err);
		error_set(err, ERROR_STATE, 0,
		    "\"%s\" is a restored copy that was never started: file \"backup_label\" exists",
		    s->of.cluster->pgdata);
		return error_hint(
		    err, "Start it, and let it recover; or back up the original.");
	}
	if (err->kind != ERROR_IO || err->sys != ENOENT)
		return error_wrap(err, "file \"backup_label\"");
	*err = (struct error){ 0 };
	if ((s->of.cluster->control.backup_start_lsn == 0 &&
		!s->of.cluster->control.backup_end_required) ||
	    control_has_old_backup(
		&s->of.cluster->control)) /* the copy will not have it */
		return 0;
	error_set(err, ERROR_STATE, 0,
	    "\"%s\" is a restored copy that has not become consistent yet",
	    s->of.cluster->pgdata);
	return error_hint(
	    err, "Start it, and let it recover to the end of its backup first.");
}

void
backup_still_warn_in_place(const struct backup_source *s)
{
	if (s->of.tablespaces->sent.in_place > 0)
		message_warning(
		    "tablespaces are directories in pg_tblspc: the copy may need allow_in_place_tablespaces = on to recover");
}

/* ---- which WAL the copy needs ---- */

struct walend_options
backup_still_walend(const struct backup_source *s)
{
	return (struct walend_options){ s->of.cluster->wal_fd, &s->of.wal->expect,
		s->of.cancel };
}

/*
 * Of a cluster that was shut down: up to the end of the checkpoint that was its last act;
 * a standby has pages of what it replayed after that.
 */
int
backup_still_find_shutdown(struct backup_source *s, uint32_t newest, struct error *err)
{
	const struct walend_options walend = backup_still_walend(s);
	uint64_t end;

	if (backup_wal_history(s->of.wal, newest, err))
		return error_hint(
		    err, "A timeline history file may be missing from pg_wal.");
	if (walend_of_record(&walend, s->of.cluster->control.checkpoint_lsn, &end, err))
		return error_wrap(err, "the last checkpoint");
	if (s->of.cluster->control.min_recovery_lsn > end)
		end = s->of.cluster->control.min_recovery_lsn;
	backup_wal_stop(s->of.wal, end);
	s->facts.limits.start_lsn = end;
	return 0;
}

/*
 * Which segments of pg_xact a crash has kept from being told in pg_control the databases tell
 * (format/slruset.h), and which of their directories are what an interrupted statement left.
 */
static int
read_catalogs(struct backup_source *s, struct error *err)
{
	struct catalogset *set;
	int rc;

	if (catalogset_new(&set, err))
		return -1;
	rc = catalogread(s->of.cluster->datadir_fd, set, err) ||
		catalogset_oldest_xid(set, &s->facts.oldest_xid, err) ||
		catalogset_databases(set, &s->facts.databases, err) ?
	    -1 :
	    0;
	catalogset_free(set);
	return rc;
}

/*
 * The server follows the newer of these two timelines when nothing asks it to recover to
 * another (InitWalRecovery in src/backend/access/transam/xlogrecovery.c).
 */
int
backup_still_begin(struct backup_source *s,
    int (*find)(struct backup_source *, uint32_t newest, struct error *),
    struct error *err)
{
	const struct control *c = &s->of.cluster->control;
	const struct backup_wal_range *range = &s->of.wal->range;
	char start[LSN_TEXT], stop[LSN_TEXT];
	uint32_t newest = c->timeline;

	backup_wal_begin(s->of.wal, c->redo_lsn, c->timeline);
	if (c->min_recovery_timeline > newest)
		newest = c->min_recovery_timeline;
	if (find(s, newest, err))
		return -1;
	s->facts.limits.stop_lsn = range->stop_lsn;
	if (read_catalogs(s, err))
		return -1;
	message_info("start position %s, stop position %s on timeline %lu",
	    lsn_print(start, range->start_lsn), lsn_print(stop, range->stop_lsn),
	    (unsigned long)range->timeline);
	return 0;
}

/* ---- does it stay so? ---- */

/* A copy has no label, and starts from the checkpoint that pg_control names. */
int
backup_still_control(struct backup_source *s, uint8_t bytes[CONTROL_SIZE],
    struct control *control, struct error *err)
{
	*control = s->of.cluster->control;
	if (backup_cluster_recheck_control(s->of.cluster, bytes, err))
		return -1;
	return control_has_old_backup(control) ? control_forget_backup(bytes, err) : 0;
}

int
backup_still_watch_wal(struct backup_source *s, struct error *err)
{
	uint8_t bytes[CONTROL_SIZE];

	return backup_cluster_recheck_pid(s->of.cluster, err) ||
		backup_cluster_recheck_control(s->of.cluster, bytes, err) ?
	    -1 :
	    0;
}

int
backup_still_watch_tree(
    struct backup_source *s, struct backup_copies *copies, struct error *err)
{
	(void)copies; /* no server says which are whole */
	return backup_still_watch_wal(s, err);
}

int
backup_still_recheck(struct backup_source *s, struct backup_tree *tree, struct error *err)
{
	return backup_still_watch_wal(s, err) || backup_tree_recheck(tree, err) ? -1 : 0;
}
