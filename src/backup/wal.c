/*
 * The WAL of a backup: its lineage of timelines, its segments from pg_wal into the archive, each
 * record proved on its way, and what the manifest says of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "archive/archive.h"
#include "archive/walunsent.h"
#include "backup/cluster.h"
#include "backup/copies.h"
#include "backup/files.h"
#include "backup/source.h"
#include "backup/stream.h"
#include "backup/tablespaces.h"
#include "backup/wal.h"
#include "cli/message.h"
#include "cli/options.h"
#include "datadir/walarchive.h"
#include "datadir/walset.h"
#include "lib/lsn.h"
#include "lib/sys.h"
#include "stream/blockpipe.h"
#include "wal/walproof.h"

void
backup_wal_begin(struct backup_wal *w, uint64_t start_lsn, uint32_t timeline)
{
	w->range.start_lsn = start_lsn;
	w->range.timeline = timeline;
}

void
backup_wal_stop(struct backup_wal *w, uint64_t stop_lsn)
{
	w->range.stop_lsn = stop_lsn;
}

/*
 * The timeline that the WAL before the stop position is of.  A primary stays on its own.
 * A standby follows the primary's promotions; where it stands by now is in its control
 * file, and that may be a timeline which branched off after the stop already.
 */
static int
newest_timeline(const struct backup_wal *w, uint32_t *timeline, struct error *err)
{
	uint8_t bytes[CONTROL_SIZE];
	struct control control;

	*timeline = w->range.timeline;
	if (!backup_source_in_recovery(w->source))
		return 0;
	if (control_read(w->cluster->datadir_fd, bytes, &control, err))
		return -1;
	if (control.min_recovery_timeline > *timeline)
		*timeline = control.min_recovery_timeline;
	return 0;
}

static int
no_history(const struct backup_wal *w, const char *name, struct error *err)
{
	error_set(err, ERROR_STATE, 0,
	    "timeline history file \"%s\" is missing: the backup starts on timeline %lu",
	    name, (unsigned long)w->range.timeline);
	return error_hint(err,
	    "Copy it to pg_wal from the primary or from the WAL archive, then run the backup again.");
}

/* The lineage of timelines that leads to ${timeline}. */
static int
read_history(struct backup_wal *w, uint32_t timeline, struct error *err)
{
	char name[WALNAME_HISTORY_SIZE];
	struct buf text = { 0 };
	struct error why = { 0 };
	int rc;

	walname_build_history(name, timeline);
	if (timeline == 1)
		return walhistory_single(&w->history, timeline, err);
	if (sys_read_file(w->cluster->wal_fd, name, WALHISTORY_TEXT_MAX, &text, &why) ==
	    0) {
		rc = walhistory_parse(
		    buf_text(&text), text.len, timeline, &w->history, err);
	} else if (why.sys == ENOENT) {
		/* removed by hand: then its own pages are all that can be sound */
		return timeline == w->range.timeline ?
		    walhistory_single(&w->history, timeline, err) :
		    no_history(w, name, err);
	} else {
		*err = why;
		rc = -1;
	}
	buf_free(&text);
	return rc == 0 ? 0 : error_wrap(err, "timeline history file \"%s\"", name);
}

int
backup_wal_history(struct backup_wal *w, uint32_t newest, struct error *err)
{
	walhistory_free(&w->history);
	if (read_history(w, newest, err))
		return -1;
	/* the copy of another follows the newest timeline that its pg_control knows */
	if (!w->source->is_frozen)
		walhistory_cut(&w->history, w->range.stop_lsn - 1);
	if (!walhistory_has(&w->history, w->range.timeline))
		return error_set(err, ERROR_STATE, 0,
		    "timeline %lu of the start is not in the history of timeline %lu",
		    (unsigned long)w->range.timeline, (unsigned long)newest);
	w->expect = (struct walpage_expect){
		.version = w->cluster->version,
		.system_identifier = w->cluster->control.system_identifier,
		.segment_size = w->cluster->control.wal_segment_size,
		.block_size = w->cluster->control.wal_block_size,
		.history = &w->history,
	};
	return 0;
}

/*
 * What the copy's archiver must know of a segment, asked before its bytes are read: they
 * are complete if it is.
 *
 * No one needs to archive a complete one again, since its own server sees to that: any but
 * the last; that of a primary too, by the switch at the stop; that of a standby if the stop
 * is its end, or the standby says so.  A cluster that no server works on tells itself, and
 * what was not archived there the copy must archive.
 */
static int
find_mark(const struct backup_wal *w, const struct walset_segment *s,
    enum walarchive_mark *mark, struct error *err)
{
	const uint32_t size = w->cluster->control.wal_segment_size;
	const bool is_last = s->segno == walname_last_segment(w->range.stop_lsn, size);
	const bool is_frozen = w->source->is_frozen;

	*mark = WALARCHIVE_DONE;
	if (!is_frozen &&
	    (!backup_source_in_recovery(w->source) || !is_last ||
		w->range.stop_lsn % size == 0))
		return 0;
	if (walarchive_mark(w->cluster->wal_fd, s->name, mark, err))
		return -1;
	if (!is_frozen && *mark != WALARCHIVE_DONE)
		*mark = WALARCHIVE_NONE;
	return 0;
}

static int
send_mark(
    struct backup_wal *w, const char *name, enum walarchive_mark mark, struct error *err)
{
	if (mark == WALARCHIVE_NONE)
		return 0;
	return archive_mark(
	    w->stream->archive, name, mark == WALARCHIVE_DONE ? "done" : "ready", err);
}

static int
send_segment(struct backup_wal *w, struct walset *set, size_t n, struct error *err)
{
	const struct walset_segment *s = &set->segments[n];
	const struct walbody_options opt = {
		.proof = s->is_needed ? w->proof : NULL,
		.timeline = s->timeline,
		.segment_lsn = s->segno * w->cluster->control.wal_segment_size,
	};
	enum walarchive_mark mark;
	int fd = -1;

	if (find_mark(w, s, &mark, err) ||
	    walset_open_segment(set, n, w->cluster->wal_fd, &fd, err) ||
	    archive_segment(w->stream->archive, s->name, &s->st, fd, &opt, err))
		return -1;
	return send_mark(w, s->name, mark, err);
}

static int
send_history(struct backup_wal *w, const char *name, struct error *err)
{
	enum walarchive_mark mark = WALARCHIVE_DONE;
	struct buf text = { 0 };
	struct stat st;
	int rc = -1;

	if (w->source->is_frozen && walarchive_mark(w->cluster->wal_fd, name, &mark, err))
		return -1;
	if (fstatat(w->cluster->wal_fd, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		error_set(err, ERROR_IO, errno,
		    "could not stat timeline history file \"%s\"", name);
	else if (sys_read_file(w->cluster->wal_fd, name, WALHISTORY_TEXT_MAX, &text, err))
		error_wrap(err, "timeline history file \"%s\"", name);
	else if (backup_files_history(w->files, name, text.data, text.len, err) == 0 &&
	    archive_history(w->stream->archive, name, &st, text.data, text.len, err) == 0)
		rc = send_mark(w, name, mark, err);
	buf_free(&text);
	return rc;
}

/* Those in place are made in the copy itself. */
static void
warn_of_tablespaces(const struct backup_wal *w)
{
	const struct walproof_tablespace *rows;
	size_t count;

	rows = walproof_tablespaces(w->proof, &count);
	for (size_t i = 0; i < count; i++)
		if (rows[i].path[0] != '\0')
			backup_tablespaces_warn_of_replay(
			    w->tablespaces, rows[i].oid, rows[i].path);
}

/*
 * Recovery makes directories in the place of the link that is not there, and then stops at them
 * (proof/inplace.c); or, of a copy without a label, has parts of relations in them.
 */
static int
check_absent(const struct backup_wal *w, struct error *err)
{
	char at[LSN_TEXT];
	uint64_t lsn;
	const uint32_t oid = walproof_absent(w->proof, &lsn);

	if (oid == 0)
		return 0;
	error_set(err, ERROR_STATE, 0,
	    "tablespace %lu is left out, but the WAL at %s changes it: recovery of the copy would fail",
	    (unsigned long)oid, lsn_print(at, lsn));
	return error_hint(err,
	    "It holds relations that are not temporary: mount its volume, and leave out --without-tablespace.");
}

/* All segments were told to the proof once every body of them was. */
static int
check_proof(struct backup_wal *w, struct backup_copies *copies, struct error *err)
{
	if (w->opt->wal_method == WAL_FETCH && blockpipe_settle(w->stream->pipe, err))
		return -1;
	if (walproof_finish(w->proof, err))
		return error_hint(err,
		    "The WAL in pg_wal is not complete from the start to the stop of this backup.  Check that directory, then run the backup again.");
	message_info("WAL proved%s: %llu records",
	    walproof_is_whole(w->proof) ? "" : " in part",
	    (unsigned long long)walproof_records(w->proof));
	warn_of_tablespaces(w);
	return check_absent(w, err) || backup_copies_check(copies, w->proof, err) ? -1 :
										    0;
}

static int
send_set(struct backup_wal *w, struct walset *set, struct backup_copies *copies,
    struct error *err)
{
	for (size_t i = 0; i < set->count; i++)
		if (send_segment(w, set, i, err))
			return -1;
	/* every byte has been read: of what is not proved the names must be the files still */
	if (blockpipe_barrier(w->stream->pipe, err) ||
	    walset_recheck(set, w->cluster->wal_fd, err) || check_proof(w, copies, err))
		return -1;
	for (size_t i = 0; i < set->history_count; i++)
		if (send_history(w, set->histories[i], err))
			return -1;
	return 0;
}

/* With -X none: what pg_wal has of it is proved all the same. */
static int
prove_set(struct backup_wal *w, struct walset *set, struct backup_copies *copies,
    struct error *err)
{
	const struct walunsent walproof = {
		.proof = w->proof,
		.history = &w->history,
		.start_lsn = w->range.start_lsn,
		.stop_lsn = w->range.stop_lsn,
		.segment_size = w->cluster->control.wal_segment_size,
		.wal_fd = w->cluster->wal_fd,
		.pipe = w->stream->pipe,
		.cancel = w->stream->cancel,
	};

	if (walunsent_read(&walproof, set, err))
		return -1;
	return check_proof(w, copies, err);
}

static int
send_wal(struct backup_wal *w, struct backup_copies *copies, struct error *err)
{
	const bool is_frozen = w->source->is_frozen;
	const bool is_sent = w->opt->wal_method == WAL_FETCH;
	const struct walset_range range = {
		.start_lsn = w->range.start_lsn,
		.stop_lsn = w->range.stop_lsn,
		.segment_size = w->cluster->control.wal_segment_size,
		.history = &w->history,
		.is_frozen = is_frozen,
		.may_lack = !is_sent,
	};

	if (walproof_new(&w->proof,
		&(struct walproof_options){ .expect = &w->expect,
		    .start_lsn = w->range.start_lsn,
		    .stop_lsn = w->range.stop_lsn,
		    .absent = &w->opt->without,
		    .is_primary = !is_frozen && !backup_source_in_recovery(w->source),
		    /* it may be WAL of a server that crashed right then */
		    .skips_filler = is_frozen || backup_source_in_recovery(w->source) },
		err) ||
	    walset_read(w->cluster->wal_fd, &range, &w->set, err))
		return -1;
	return is_sent ? send_set(w, &w->set, copies, err) :
			 prove_set(w, &w->set, copies, err);
}

int
backup_wal_send(struct backup_wal *w, struct backup_copies *copies, struct error *err)
{
	uint32_t newest;

	/* of another it was read before: nothing changes */
	if (!w->source->is_frozen &&
	    (newest_timeline(w, &newest, err) || backup_wal_history(w, newest, err)))
		return -1;
	return send_wal(w, copies, err);
}

int
backup_wal_explain(const struct backup_wal *w, struct error *err)
{
	return walset_explain(&w->set, w->cluster->wal_fd, err);
}

int
backup_wal_list(const struct backup_wal *w, struct error *err)
{
	const struct backup_wal_range *range = &w->range;

	for (size_t i = w->history.count; i-- > 0;) {
		const struct walhistory_row *row = &w->history.rows[i];
		uint64_t start = i > 0 ? row[-1].end_lsn : 0, end = row->end_lsn;

		if (start < range->start_lsn)
			start = range->start_lsn;
		if (end > range->stop_lsn)
			end = range->stop_lsn;
		if (start < end &&
		    archive_wal_range(w->stream->archive, row->timeline, start, end, err))
			return -1;
	}
	return 0;
}

void
backup_wal_free(struct backup_wal *w)
{
	walproof_free(w->proof);
	walset_free(&w->set);
	walhistory_free(&w->history);
}
