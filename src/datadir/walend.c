/*
 * The end of the WAL is found by reading it as recovery does, record by record.
 *
 * Of a cluster that was not shut down no file says where its WAL ends.  A segment file has its full
 * size from the moment it is made, filled with zeros, or with what it held before the server gave
 * it a new name; so its size says nothing.  The pages do: each page header bears the LSN that the
 * page was written for, and each record its length, a link back to the record before it and a
 * checksum.  The WAL ends before the first thing that is not what must come next.  In segments of
 * 16 MB with pages of 8 kB that may look like this:
 *
 *	file   page at     header says   in the page
 *	..05   0/5000000   0/5000000     the rest of a record that began in ..04, record A
 *	       0/5002000   0/5002000     record B, the beginning of record C
 *	       0/5004000   0/5004000     the rest of C, record D, zeros <-- WAL ends after D
 *	       0/5006000   0/2006000     WAL that the file held when it was ..02
 *	       0/5008000   0/5008000     a stray page
 *	..06   0/6000000   0/3000000     recycled: the server has not come here yet
 *	..07   0/7000000   0/7000000     real: then WAL before it is lost
 *
 * A record counts when all of it is there: if C did not go on at 0/5004000, the WAL would end after
 * B.  A page is given to the reader whole, so whatever is wrong in it, be it the header, a length
 * of zero or a checksum, is one case: the reader keeps the end of the last good record, and says
 * why it did not go on (tell_page()).  A segment that is absent ends the WAL as well.
 *
 * Whether that end is the true one is seen in what follows it:
 *
 *  - A page further on in the same segment that bears its own LSN is a stray: of the pages of one
 *    segment the disk may have a later one without an earlier one when the power fails or a
 *    snapshot is taken.  Recovery ends before it, and so do we; the caller warns.
 *  - A later segment whose first page bears its own LSN proves that WAL was lost, because the
 *    server has a segment on the disk before it begins the next.  That is an error.
 *  - An end before the LSN that pg_control needs is an error too.
 *
 * Of a cluster that was shut down only the record of its last checkpoint is read
 * (walend_of_record()), for that was the last that it wrote.  A standby writes no WAL of its own;
 * where its pages need more, the caller knows by pg_control.
 */
#include "datadir/walend.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "datadir/dirlist.h"
#include "datadir/walksum.h"
#include "lib/lsn.h"
#include "lib/sys.h"
#include "lib/uncached.h"
#include "wal/walname.h"
#include "wal/walreader.h"

/* Pages that are read at once. */
enum { PAGES_AT_ONCE = 128 };

struct walk {
	struct walreader_sink sink; /* first */
	const struct walend_options *opt;
	struct walreader *reader;
	bool wants_one;     /* the end of the first record is all that is wanted */
	uint64_t first_end; /* 0: it has not come */

	uint64_t segment_lsn; /* of the file being read */
	/* of the page that is given to the reader; at the end, where reading ended */
	uint64_t lsn;
	bool has_ended;
	struct error why; /* what was met there */
	uint8_t *pages;
};

static int
note_end(struct walreader_sink *sink, const struct walrecord *rec, struct error *err)
{
	struct walk *w = (struct walk *)sink;

	(void)err;
	if (w->first_end == 0)
		w->first_end = rec->end_lsn;
	return 0;
}

/* Which timeline's file recovery reads there: that of the owner of the segment's end. */
static uint32_t
file_timeline(const struct walend_options *opt, uint64_t segment_lsn)
{
	return walhistory_at(
	    opt->expect->history, segment_lsn + opt->expect->segment_size - 1);
}

static void
file_name(const struct walend_options *opt, uint64_t segment_lsn, char name[WALNAME_SIZE])
{
	uint32_t size = opt->expect->segment_size;

	walname_build(name, file_timeline(opt, segment_lsn), segment_lsn / size, size);
}

/* Tell the reader one page.  What is wrong with its content is the end of the WAL. */
static int
tell_page(struct walk *w, const uint8_t *page, struct error *err)
{
	struct error why = { 0 };

	if (walreader_bytes(w->reader, page, w->opt->expect->block_size, &why)) {
		if (why.kind != ERROR_FORMAT) {
			*err = why;
			return -1;
		}
		w->why = why;
		w->has_ended = true;
		return 0;
	}
	w->lsn += w->opt->expect->block_size;
	if (w->wants_one && w->first_end != 0)
		w->has_ended = true;
	return 0;
}

static int
tell_file(struct walk *w, int fd, struct error *err)
{
	const struct walpage_expect *e = w->opt->expect;
	uint64_t end = w->segment_lsn + e->segment_size;
	size_t room = (size_t)PAGES_AT_ONCE * e->block_size, got;

	while (!w->has_ended && w->lsn < end) {
		size_t len = end - w->lsn < room ? (size_t)(end - w->lsn) : room;

		if (cancel_is_raised(w->opt->cancel))
			return error_set(err, ERROR_CANCELLED, 0, "interrupted");
		if (uncached_pread(fd, w->pages, len, w->lsn - w->segment_lsn, &got,
			w->opt->cancel, err))
			return -1;
		if (got < len)
			return error_set(
			    err, ERROR_STATE, 0, "was truncated while it was read");
		for (size_t at = 0; !w->has_ended && at < len; at += e->block_size)
			if (tell_page(w, w->pages + at, err))
				return -1;
	}
	return 0;
}

static int
hint_of_damage(struct error *err)
{
	return error_hint(err,
	    "Part of pg_wal is missing or damaged, or was not copied at the same moment as the rest: a copy would lack all later changes, or would not start.");
}

/* No server leaves a file of another size, wherever it was stopped. */
static int
check_file(const struct walk *w, const char *name, int fd, struct error *err)
{
	struct stat st;

	if (fstat(fd, &st) == -1) {
		error_set(err, ERROR_IO, errno, "could not stat");
		return error_wrap(err, "WAL file \"%s\"", name);
	}
	if (S_ISREG(st.st_mode) && (uint64_t)st.st_size == w->opt->expect->segment_size)
		return 0;
	if (S_ISREG(st.st_mode))
		error_set(err, ERROR_FORMAT, 0,
		    "unexpected WAL file size \"%s\": %" PRIu64
		    " bytes instead of %" PRIu32,
		    name, (uint64_t)st.st_size, w->opt->expect->segment_size);
	else
		error_set(err, ERROR_FORMAT, 0, "WAL file \"%s\" is a %s", name,
		    dirlist_kind_name(dirlist_kind_of(st.st_mode)));
	return hint_of_damage(err);
}

static int
walend_open_file(
    const struct walend_options *opt, const char *name, int *fd, struct error *err)
{
	*fd = openat(opt->wal_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (*fd != -1)
		return 0;
	error_set(err, ERROR_IO, errno, "could not open");
	return error_wrap(err, "WAL file \"%s\"", name);
}

/*
 * The segment at w->lsn.  If it is absent, the WAL ends there: whether it was lost, later segments
 * say (check_later_segments()).
 */
static int
tell_segment(struct walk *w, struct error *err)
{
	struct uncached_pages *cached;
	char name[WALNAME_SIZE];
	int fd, rc = -1;

	w->segment_lsn = w->lsn;
	file_name(w->opt, w->segment_lsn, name);
	if (walend_open_file(w->opt, name, &fd, err)) {
		if (err->sys != ENOENT)
			return -1;
		error_set(
		    &w->why, ERROR_STATE, 0, "could not find WAL file \"%s\"", name);
		w->has_ended = true;
		return 0;
	}
	if (check_file(w, name, fd, err) == 0) {
		/* the kernel reads ahead of where the WAL ends */
		cached = uncached_look(fd);
		rc = walreader_segment(w->reader, file_timeline(w->opt, w->segment_lsn),
		    w->segment_lsn, err);
		if (rc == 0 && tell_file(w, fd, err))
			rc = error_wrap(err, "WAL file \"%s\"", name);
		uncached_drop_others(fd, cached);
	}
	sys_close(fd);
	return rc;
}

/* Read from ${start_lsn} on until no record follows. */
static int
walk(struct walk *w, const struct walend_options *opt, uint64_t start_lsn,
    struct error *err)
{
	const struct walreader_options reader = {
		.expect = opt->expect,
		.start_lsn = start_lsn,
		.stop_lsn = UINT64_MAX,
		.skips_filler = true,
		.sink = &w->sink,
	};

	w->sink.record = note_end;
	w->opt = opt;
	w->lsn = start_lsn - start_lsn % opt->expect->segment_size;
	w->pages = malloc((size_t)PAGES_AT_ONCE * opt->expect->block_size);
	if (w->pages == NULL)
		return error_memory(err);
	if (walreader_new(&w->reader, &reader, err))
		return -1;
	while (!w->has_ended)
		if (tell_segment(w, err))
			return -1;
	return 0;
}

static void
walk_free(struct walk *w)
{
	walreader_free(w->reader);
	free(w->pages);
}

/* ---- what follows the end ---- */

/* Does the file ${name} begin with the page that belongs there? */
static int
look_at_first(const struct walend_options *opt, const char *name, uint64_t segment_lsn,
    bool *is_real, struct error *err)
{
	uint8_t header[WALPAGE_LONG_HEADER];
	struct error unlike;
	size_t got;
	int fd, rc;

	*is_real = false;
	if (walend_open_file(opt, name, &fd, err))
		return err->sys == ELOOP ? 0 : -1;
	rc = sys_pread(fd, header, sizeof(header), 0, &got, opt->cancel, err);
	sys_close(fd);
	if (rc)
		return error_wrap(err, "WAL file \"%s\"", name);
	*is_real = walpage_check(opt->expect, header, got, segment_lsn,
		       file_timeline(opt, segment_lsn), &unlike) == 0;
	return 0;
}

/* Is it the name of a segment after the end that recovery would read? */
static bool
is_later(const struct walk *w, const char *name, uint64_t *segment_lsn)
{
	uint32_t timeline, size = w->opt->expect->segment_size;
	uint64_t segno;

	if (!walname_parse(name, size, &timeline, &segno))
		return false;
	*segment_lsn = segno * size;
	return *segment_lsn > w->segment_lsn &&
	    file_timeline(w->opt, *segment_lsn) == timeline;
}

static int
is_damage(const struct walk *w, const char *name, struct error *err)
{
	char end[LSN_TEXT];

	error_set(err, ERROR_FORMAT, 0,
	    "WAL ends at %s, but WAL file \"%s\" has later WAL: %s",
	    lsn_print(end, walreader_position(w->reader)), name, w->why.text);
	return hint_of_damage(err);
}

static int
check_later_segments(const struct walk *w, struct error *err)
{
	struct dirlist list = { 0 };
	uint64_t lsn;
	bool is_found = false;
	int rc = 0;

	if (dirlist_read(w->opt->wal_fd, &list, err))
		return error_wrap(err, "directory \"pg_wal\"");
	for (size_t i = 0; rc == 0 && !is_found && i < list.count; i++) {
		if (!is_later(w, list.names[i], &lsn))
			continue;
		rc = look_at_first(w->opt, list.names[i], lsn, &is_found, err);
		if (is_found)
			rc = is_damage(w, list.names[i], err);
	}
	dirlist_free(&list);
	return rc;
}

/* Is there a page in ${fd}, after the one where reading ended, that belongs there? */
static int
find_stray(struct walk *w, int fd, uint64_t *stray_lsn, struct error *err)
{
	const struct walpage_expect *e = w->opt->expect;
	uint32_t timeline = file_timeline(w->opt, w->segment_lsn);
	uint64_t end = w->segment_lsn + e->segment_size;
	struct error unlike;
	size_t got;

	for (uint64_t lsn = w->lsn + e->block_size; lsn < end; lsn += e->block_size) {
		if (sys_pread(fd, w->pages, WALPAGE_SHORT_HEADER, lsn - w->segment_lsn,
			&got, w->opt->cancel, err))
			return -1;
		if (walpage_check(e, w->pages, got, lsn, timeline, &unlike) == 0) {
			*stray_lsn = lsn;
			return 0;
		}
	}
	return 0;
}

static int
take_trace(const struct walend_options *opt, const struct walend *found, uint32_t *trace,
    struct error *err)
{
	struct walksum sum = { 0 };
	char name[WALNAME_SIZE];
	struct stat st;

	for (uint64_t lsn = found->first_segment; lsn <= found->last_segment;
	     lsn += opt->expect->segment_size) {
		file_name(opt, lsn, name);
		/* one that is absent adds nothing: if it comes, the trace is another */
		if (fstatat(opt->wal_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
			walksum_member(&sum, name, strlen(name));
			walksum_file(&sum, &st);
		} else if (errno != ENOENT) {
			error_set(err, ERROR_IO, errno, "could not stat");
			return error_wrap(err, "WAL file \"%s\"", name);
		}
	}
	*trace = sum.trace;
	return 0;
}

static int
look_after_end(struct walk *w, struct walend *found, struct error *err)
{
	char name[WALNAME_SIZE];
	int fd, rc;

	found->last_segment = w->segment_lsn;
	if (take_trace(w->opt, found, &found->trace, err) || check_later_segments(w, err))
		return -1;
	file_name(w->opt, w->segment_lsn, name);
	if (walend_open_file(w->opt, name, &fd, err))
		return err->sys == ENOENT ? 0 : -1;
	rc = find_stray(w, fd, &found->stray_lsn, err);
	sys_close(fd);
	return rc ? error_wrap(err, "WAL file \"%s\"", name) : 0;
}

static int
is_too_early(
    const struct walk *w, uint64_t end_lsn, uint64_t least_lsn, struct error *err)
{
	char end[LSN_TEXT], least[LSN_TEXT];

	error_set(err, ERROR_FORMAT, 0,
	    "WAL ends at %s, but the cluster needs WAL up to %s: %s",
	    lsn_print(end, end_lsn), lsn_print(least, least_lsn), w->why.text);
	return hint_of_damage(err);
}

int
walend_find(const struct walend_options *opt, uint64_t redo_lsn, uint64_t least_lsn,
    struct walend *out, struct error *err)
{
	struct walk w = { .wants_one = false };
	struct walend found = {
		.first_segment = redo_lsn - redo_lsn % opt->expect->segment_size,
	};
	int rc = -1;

	if (walk(&w, opt, redo_lsn, err) == 0 && look_after_end(&w, &found, err) == 0) {
		found.lsn = walreader_position(w.reader);
		rc = found.lsn < least_lsn ? is_too_early(&w, found.lsn, least_lsn, err) :
					     0;
	}
	walk_free(&w);
	if (rc == 0)
		*out = found;
	return rc;
}

int
walend_recheck(
    const struct walend_options *opt, const struct walend *found, struct error *err)
{
	char first[WALNAME_SIZE], last[WALNAME_SIZE];
	uint32_t now;

	if (take_trace(opt, found, &now, err))
		return -1;
	if (now == found->trace)
		return 0;
	file_name(opt, found->first_segment, first);
	file_name(opt, found->last_segment, last);
	return error_set(err, ERROR_STATE, 0,
	    "WAL files from \"%s\" to \"%s\" changed while the cluster was read", first,
	    last);
}

int
walend_of_record(
    const struct walend_options *opt, uint64_t lsn, uint64_t *end_lsn, struct error *err)
{
	struct walk w = { .wants_one = true };
	int rc = walk(&w, opt, lsn, err);

	if (rc == 0 && w.first_end == 0)
		rc = is_too_early(&w, lsn, lsn + WALRECORD_HEADER, err);
	if (rc == 0)
		*end_lsn = w.first_end;
	walk_free(&w);
	return rc;
}
