#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "cmd/backup_internal.h"
#include "run/message.h"
#include "datadir/walarchive.h"
#include "datadir/walset.h"
#include "util/sys.h"

enum { ARCHIVE_POLL_MS = 200 };

/* The line of timelines that leads to the one the backup was made on. */
static int
read_history(struct backup *b, struct error *err)
{
	uint32_t timeline = b->range.timeline;
	char name[WALNAME_HISTORY_SIZE];
	struct buf text = { 0 };
	struct error why = { 0 };
	int rc;

	walname_build_history(name, timeline);
	if (timeline == 1)
		return walhistory_single(&b->history, timeline, err);
	if (sys_read_file(b->wal_fd, name, WALHISTORY_TEXT_MAX, &text, &why) == 0) {
		rc = walhistory_parse(buf_text(&text), text.len, timeline, &b->history, err);
	} else if (why.sys == ENOENT) {
		/* removed by hand: then its own pages are all that can be sound */
		return walhistory_single(&b->history, timeline, err);
	} else {
		*err = why;
		rc = -1;
	}
	buf_free(&text);
	return rc == 0 ? 0 : error_wrap(err, "timeline history file \"%s\"", name);
}

/*
 * Is it the file that recovery reads?  Of one number that is the file of the timeline
 * that owns its end.  Others in range are sent as they are: one that was left behind at
 * a promotion may rightly be unfinished.
 */
static bool
is_needed(const struct backup *b, const struct walset_segment *s)
{
	uint64_t end = (s->segno + 1) * b->control.wal_segment_size;

	if (end > b->range.stop_lsn)
		end = b->range.stop_lsn;
	return walhistory_owns(&b->history, s->timeline, end - 1);
}

static int
send_segment(struct backup *b, const struct walset *set, size_t n, struct error *err)
{
	const struct walset_segment *s = &set->segments[n];
	const struct walbody_options opt = {
		.proof = is_needed(b, s) ? b->proof : NULL,
		.timeline = s->timeline,
		.segment_lsn = s->segno * b->control.wal_segment_size,
	};
	int fd = -1;

	if (walset_open_segment(set, n, b->wal_fd, &fd, err) ||
	    archive_segment(b->archive, s->name, &s->st, fd, &opt, err))
		return -1;
	return archive_done(b->archive, s->name, err);
}

static int
send_history(struct backup *b, const char *name, struct error *err)
{
	struct buf text = { 0 };
	struct stat st;
	int rc = -1;

	if (fstatat(b->wal_fd, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		error_set(err, ERROR_IO, errno, "timeline history file \"%s\"", name);
	else if (sys_read_file(b->wal_fd, name, WALHISTORY_TEXT_MAX, &text, err))
		error_wrap(err, "timeline history file \"%s\"", name);
	else if (archive_history(b->archive, name, &st, text.data, text.len, err) == 0)
		rc = archive_done(b->archive, name, err);
	buf_free(&text);
	return rc;
}

/*
 * Replay of this WAL makes them anew, where the statement said.  Those that are still
 * there were warned of at the stop; these came and went meanwhile.
 */
static void
warn_of_tablespaces(const struct backup *b)
{
	const struct walproof_tablespace *rows;
	size_t count;
	char text[1536];

	rows = walproof_tablespaces(b->proof, &count);
	for (size_t i = 0; i < count; i++) {
		if (rows[i].path[0] == '\0' || backup_cluster_was_warned_of(b, rows[i].oid))
			continue;
		snprintf(text, sizeof(text),
		    "tablespace %lu was created during the backup, and dropped: recovery of the "
		    "copy needs the directory \"%s\"",
		    (unsigned long)rows[i].oid, rows[i].path);
		message_warning(text);
	}
}

/* All segments were told to the proof once every body of them was. */
static int
check_proof(struct backup *b, struct error *err)
{
	if (blockpipe_settle(b->pipe, err))
		return -1;
	if (walproof_finish(b->proof, err))
		return error_hint(err, "The WAL in pg_wal does not lead from the start to "
				       "the stop of this backup; check that directory, "
				       "then run the backup again.");
	message_info("WAL proved: %llu records",
	    (unsigned long long)walproof_records(b->proof));
	warn_of_tablespaces(b);
	return 0;
}

static int
send_set(struct backup *b, const struct walset *set, struct error *err)
{
	for (size_t i = 0; i < set->count; i++)
		if (send_segment(b, set, i, err))
			return -1;
	/* every byte has been read: are the names still the files that were sent? */
	if (blockpipe_barrier(b->pipe, err) || walset_recheck(set, b->wal_fd, err) ||
	    check_proof(b, err))
		return -1;
	for (size_t i = 0; i < set->history_count; i++)
		if (send_history(b, set->histories[i], err))
			return -1;
	return 0;
}

static int
send_wal(struct backup *b, struct error *err)
{
	const struct walset_range range = {
		.start_lsn = b->range.start_lsn,
		.stop_lsn = b->range.stop_lsn,
		.segment_size = b->control.wal_segment_size,
		.history = &b->history,
	};
	struct walset set = { 0 };
	int rc;

	if (read_history(b, err))
		return -1;
	b->expect = (struct walpage_expect){
		.magic = b->version->wal_magic,
		.system_identifier = b->control.system_identifier,
		.segment_size = b->control.wal_segment_size,
		.block_size = b->control.wal_block_size,
		.history = &b->history,
	};
	if (walproof_new(&b->proof,
		&(struct walproof_options){ .expect = &b->expect,
		    .start_lsn = b->range.start_lsn,
		    .stop_lsn = b->range.stop_lsn,
		    .is_primary = !b->server.in_recovery },
		err) ||
	    walset_read(b->wal_fd, &range, &set, err))
		return -1;
	rc = send_set(b, &set, err);
	walset_free(&set);
	return rc;
}

int
backup_wal_send(struct patrol *patrol, struct error *err)
{
	struct backup *b = (struct backup *)patrol;

	return b->opt->wal_method == WAL_FETCH ? send_wal(b, err) : 0;
}

/* Over the limit: what the user asked to be archived may never be. */
static int
archive_too_slow(const struct backup *b, struct error *err)
{
	error_set(err, ERROR_STATE, 0, "the WAL of the backup was not archived within %u s",
	    b->opt->wait_archive_limit);
	return error_hint(err, "See pg_stat_archiver and the server's log for what keeps "
			       "archive_command.");
}

int
backup_wal_await_archive(struct patrol *patrol, struct error *err)
{
	struct backup *b = (struct backup *)patrol;
	const uint32_t size = b->control.wal_segment_size;
	const uint64_t first = walname_segment(b->range.start_lsn, size);
	const uint64_t last = walname_last_segment(b->range.stop_lsn, size);
	const double since = sys_monotonic();
	const unsigned limit = b->opt->wait_archive_limit;
	bool is_done;

	for (;;) {
		if (walarchive_is_done(b->wal_fd, b->range.timeline, first, last, size,
			&is_done, err))
			return -1;
		if (is_done)
			return 0;
		if (limit > 0 && sys_monotonic() - since >= limit)
			return archive_too_slow(b, err);
		if (cancel_is_raised(&b->cancel) || blockpipe_has_failed(b->pipe))
			return error_set(err, ERROR_CANCELLED, 0, "the wait was ended");
		if (output_wait(&b->output, ARCHIVE_POLL_MS, err))
			return -1;
	}
}

int
backup_wal_end(struct patrol *patrol, struct error *err)
{
	struct backup *b = (struct backup *)patrol;

	if (archive_wal_range(b->archive, b->range.timeline, b->range.start_lsn, b->range.stop_lsn,
		err) ||
	    archive_finish(b->archive, err))
		return -1;
	return blockpipe_close(b->pipe, err);
}
