/*
 * -X none: the WAL is left to the WAL archive, but what pg_wal still has of it is proved as if
 * it were sent, and databases that it copies are looked at.
 *
 * No replication slot holds it back, so a long run finds the first segments gone: that is said,
 * and is no fault.  The server may recycle a segment while it is read: it gets another name first,
 * and another content then.  So bytes that prove to be wrong are no damage if the name is not
 * that of the file any more.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive/walunsent.h"
#include "cli/message.h"
#include "datadir/walset.h"
#include "lib/cancel.h"
#include "lib/sys.h"
#include "lib/uncached.h"
#include "stream/blockpipe.h"
#include "wal/walhistory.h"
#include "wal/walproof.h"

/* Bytes that are read at once: whole pages, of whatever size. */
enum { AT_ONCE = 1024 * 1024 };

/* Segments that are missing, from the first to the last. */
struct lacking {
	size_t count;
	char first[WALNAME_SIZE], last[WALNAME_SIZE];
};

static void
skip_segment(const struct walunsent *w, struct lacking *lacking, uint64_t segno)
{
	const uint32_t size = w->segment_size;

	walproof_skip(w->proof);
	walname_build(lacking->last, walhistory_at(w->history, (segno + 1) * size - 1),
	    segno, size);
	if (lacking->count++ == 0)
		memcpy(lacking->first, lacking->last, sizeof(lacking->first));
}

static int
read_bytes(const struct walunsent *w, int fd, uint8_t *bytes, struct error *err)
{
	const uint32_t size = w->segment_size;

	for (uint32_t at = 0; at < size; at += AT_ONCE) {
		const size_t want = size - at < AT_ONCE ? size - at : AT_ONCE;
		size_t got;

		if (cancel_is_raised(w->cancel) || blockpipe_has_failed(w->pipe))
			return error_set(err, ERROR_CANCELLED, 0, "interrupted");
		if (uncached_pread(fd, bytes, want, at, &got, w->cancel, err))
			return -1;
		if (got < want)
			return error_set(
			    err, ERROR_FORMAT, 0, "was truncated while it was read");
		if (walproof_bytes(w->proof, bytes, want, err))
			return -1;
	}
	return 0;
}

static int
read_segment(const struct walunsent *w, struct walset *set, size_t n, uint8_t *bytes,
    struct error *err)
{
	const struct walset_segment *s = &set->segments[n];
	int fd, rc;

	if (walset_open_segment(set, n, w->wal_fd, &fd, err))
		return -1;
	rc = walproof_segment(w->proof, s->timeline, s->segno * w->segment_size, err);
	if (rc == 0)
		rc = read_bytes(w, fd, bytes, err);
	sys_close(fd);
	return rc ? error_wrap(err, "WAL file \"%s\"", s->name) : 0;
}

/* The segment of the set with that number that recovery reads; the set's count: none. */
static size_t
find_segment(const struct walset *set, uint64_t segno, size_t from)
{
	while (from < set->count &&
	    (set->segments[from].segno < segno ||
		(set->segments[from].segno == segno && !set->segments[from].is_needed)))
		from++;
	return from < set->count && set->segments[from].segno == segno ? from :
									 set->count;
}

static void
warn_of_lacking(const struct lacking *lacking)
{
	char text[512];

	if (lacking->count == 0)
		return;
	if (lacking->count == 1)
		snprintf(text, sizeof(text),
		    "WAL segment \"%s\" is no longer in pg_wal and was not checked: the WAL archive must have it",
		    lacking->first);
	else
		snprintf(text, sizeof(text),
		    "%zu WAL segments from \"%s\" to \"%s\" are no longer in pg_wal and were not checked: the WAL archive must have them",
		    lacking->count, lacking->first, lacking->last);
	message_warning(text);
}

static int
hint_of_damage(struct error *err)
{
	return error_hint(err,
	    "The WAL in pg_wal is not complete from the start to the stop of this backup.  Check that directory, then run the backup again.");
}

static int
read_all(const struct walunsent *w, struct walset *set, uint8_t *bytes,
    struct lacking *lacking, struct error *err)
{
	const uint32_t size = w->segment_size;
	const uint64_t last = walname_last_segment(w->stop_lsn, size);
	size_t n = 0;

	for (uint64_t segno = walname_segment(w->start_lsn, size); segno <= last;
	     segno++) {
		struct error why = { 0 };
		size_t found = find_segment(set, segno, n);

		if (found < set->count) {
			n = found;
			if (read_segment(w, set, n, bytes, &why) == 0)
				continue;
			if (why.sys != ENOENT &&
			    (why.kind != ERROR_FORMAT ||
				!walset_has_gone(set, n, w->wal_fd))) {
				*err = why;
				return why.kind == ERROR_FORMAT ? hint_of_damage(err) :
								  -1;
			}
		}
		skip_segment(w, lacking, segno);
	}
	return 0;
}

int
walunsent_read(const struct walunsent *w, struct walset *set, struct error *err)
{
	struct lacking lacking = { .count = 0 };
	uint8_t *bytes = malloc(AT_ONCE);
	int rc;

	if (bytes == NULL)
		return error_memory(err);
	rc = read_all(w, set, bytes, &lacking, err);
	free(bytes);
	if (rc == 0)
		warn_of_lacking(&lacking);
	return rc;
}
