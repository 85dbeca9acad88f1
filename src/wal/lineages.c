/*
 * Lineages of WAL
 *
 * A timeline is the WAL that a cluster wrote from one promotion to the next (the end of a
 * recovery from archived WAL counts as one).  Its history file lists the timelines before it and
 * the LSN at which each was left (walhistory.h); the name of a segment's file has the timeline
 * that it was written on (walname.h).  At a promotion within a segment the server copies the
 * beginning of that segment into the first file of the new timeline (XLogFileCopy() in
 * src/backend/access/transam/xlog.c), so that one segment has two files with the same beginning.
 * Here the promotion was at s, and the backup starts in segment 3:
 *
 *	segment            3           4           5           6
 *	              +-----------+-----------+-------s---+
 *	timeline 1    |     A     |     B     |   C   s c |                lineage 0
 *	              +-----------+-----------+-------s---+-----------+
 *	timeline 2                            |   C   s D |     E     |    lineage 1
 *	                                      +-------s---+-----------+
 *
 * Recovery to timeline 2 reads A, B, CD and E: of each segment the file of the timeline that owns
 * its last byte.  Cc may be missing (the server renames it to "NAME.partial" where WAL is
 * archived), may be damaged, or may go on with what the old primary still wrote: no backup of
 * timeline 2 needs it.
 *
 * The files pass segment by segment, those of one segment in any order.  The history follows
 * them, and a pipe cannot be read again then.  So every lineage that recovery could take is
 * walked, each as a struct lineage_walk with a reader of its own:
 *
 *   - It goes on (walk_go_on()) with the file of its own timeline of the segment that it
 *     expects.  It keeps a copy of its reader as that was before (`before`).
 *
 *   - It branches (branch()) where a file of a later timeline has the segment that it expects or
 *     has just read.  Lineage 1 takes over what lineage 0 had read up to the start of segment 5:
 *     from `before` if Cc came first, even if that was damaged, and else from lineage 0's reader,
 *     which still waits for Cc.  A promotion at the very start of a segment is no other case;
 *     there is only nothing to copy.  Of two later timelines in one segment each branches from
 *     lineage 0, for a lineage that has just branched off has read nothing before this segment
 *     that its parent has not.
 *
 *   - It ends where its walk meets an error, or with a gap.  A gap is seen when a later file of
 *     its own timeline comes while it still waits for an earlier segment (fail_missing()), or
 *     when the files are over and the backup needs more: then find_missing() names the file that
 *     recovery would ask for, by the timeline that owns the segment's last byte.  A later file of
 *     its timeline shows that the WAL went on (note_later()), so that the caller can tell damage
 *     from the end of the WAL.
 *
 * lineages_find() is given the history.  Lineages of timelines outside of it drop out, and so
 * does each that has read a page of a timeline that did not own the page's position (agrees()),
 * as lineage 0 has if it has read a page of c that begins after s.  Of the others the one of the
 * newest timeline is taken, and of two such the one that got further.  A record belongs to a
 * lineage if the lineage, or one that it branched off from before the branch, has read it
 * (lineages_has()).
 */
#include "wal/lineages.h"

#include <inttypes.h>
#include <stdlib.h>

#include "lib/bytes.h"
#include "lib/lsn.h"
#include "wal/walname.h"
#include "wal/walreader.h"

struct lineage_walk {
	struct walreader_sink sink; /* first */
	struct lineages *all;
	unsigned number;
	const struct lineage_walk
	    *parent;          /* from which it branched off; NULL: the first */
	uint64_t branched_at; /* the start of a segment */
	struct walreader *reader;
	/* as it was at the start of the last segment; NULL: none */
	struct walreader *before;
	uint32_t timeline;
	uint64_t next; /* the segment that it expects */
	uint64_t last; /* the segment that it read last, or could not read */
	uint64_t records, records_before; /* the second as `before` */
	uint64_t backup_end;
	bool has_failed;
	bool is_lacking; /* it failed because no file had the segment ${next} */
	struct error why;
	bool has_later;
	bool is_reading; /* the bytes of this file */
};

struct lineages {
	struct lineages_options opt;
	struct lineage_walk *rows[LINEAGES_MOST];
	size_t count;
	bool has_left_out; /* a lineage: there were too many */
	bool has_begun;
	uint32_t timeline; /* of the file whose bytes come */
	uint64_t segment_lsn;
	bool is_first_page;
	struct error failed; /* of the sink */
	bool has_failed;
};

/* ---- lineages ---- */

static int
walk_record(struct walreader_sink *sink, const struct walrecord *rec, struct error *err)
{
	struct lineage_walk *l = (struct lineage_walk *)sink;
	struct lineages *w = l->all;
	uint64_t start;

	l->records++;
	if (l->backup_end == 0 && walrecord_is_backup_end(rec, &start) &&
	    start == w->opt.start_lsn)
		l->backup_end = rec->end_lsn;
	if (w->opt.sink == NULL ||
	    w->opt.sink->record(w->opt.sink, l->number, rec, err) == 0)
		return 0;
	w->has_failed = true;
	w->failed = *err;
	return -1;
}

static void
walk_free(struct lineage_walk *l)
{
	if (l == NULL)
		return;
	walreader_free(l->reader);
	walreader_free(l->before);
	free(l);
}

/* The next of them, which begins in the segment ${next}. */
static struct lineage_walk *
walk_new(struct lineages *w, const struct lineage_walk *parent, uint32_t timeline,
    uint64_t next)
{
	struct lineage_walk *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->sink.record = walk_record;
	l->all = w;
	l->number = (unsigned)w->count;
	l->parent = parent;
	l->branched_at = next;
	l->timeline = timeline;
	l->next = next;
	return l;
}

int
lineages_new(struct lineages **out, const struct lineages_options *opt, struct error *err)
{
	struct walreader_options own = { .expect = opt->expect,
		.start_lsn = opt->start_lsn,
		.stop_lsn = UINT64_MAX,
		.skips_filler = opt->skips_filler };
	struct lineages *w = calloc(1, sizeof(*w));
	struct lineage_walk *l;

	*out = NULL;
	if (w == NULL)
		return error_memory(err);
	w->opt = *opt;
	l = walk_new(w, NULL, opt->start_timeline,
	    opt->start_lsn - opt->start_lsn % opt->expect->segment_size);
	if (l == NULL) {
		free(w);
		return error_memory(err);
	}
	w->rows[w->count++] = l;
	own.sink = &l->sink;
	if (walreader_new(&l->reader, &own, err)) {
		lineages_free(w);
		return -1;
	}
	*out = w;
	return 0;
}

void
lineages_free(struct lineages *w)
{
	if (w == NULL)
		return;
	for (size_t i = 0; i < w->count; i++)
		walk_free(w->rows[i]);
	free(w);
}

/* ---- a file begins ---- */

static void
fail(struct lineage_walk *l, const struct error *why)
{
	l->has_failed = true;
	l->why = *why;
	l->is_reading = false;
}

/* No file had the segment that the lineage expects. */
static void
fail_missing(struct lineage_walk *l, uint32_t segment_size)
{
	char name[WALNAME_SIZE];
	struct error why;

	walname_build(name, l->timeline, l->next / segment_size, segment_size);
	error_set(&why, ERROR_FORMAT, 0, "WAL segment \"%s\" is missing", name);
	fail(l, &why);
	l->is_lacking = true;
}

/* The file is the next of this lineage. */
static int
walk_go_on(struct lineages *w, struct lineage_walk *l, struct error *err)
{
	struct walreader *before = NULL;
	struct error why;

	if (walreader_clone(l->reader, NULL, &before, err))
		return -1;
	walreader_free(l->before);
	l->before = before;
	l->records_before = l->records;
	l->last = w->segment_lsn;
	if (walreader_segment(l->reader, w->timeline, w->segment_lsn, &why)) {
		fail(l, &why);
		return 0;
	}
	l->next = w->segment_lsn + w->opt.expect->segment_size;
	l->is_reading = true;
	return 0;
}

/* From the start of this segment on the lineage may have gone on in this file's timeline. */
static int
branch(struct lineages *w, const struct lineage_walk *from, struct error *err)
{
	const bool has_read = from->next != w->segment_lsn;
	struct lineage_walk *l;

	if (w->count == LINEAGES_MOST) {
		w->has_left_out = true;
		return 0;
	}
	l = walk_new(w, from, w->timeline, w->segment_lsn);
	if (l == NULL)
		return error_memory(err);
	l->records = has_read ? from->records_before : from->records;
	if (walreader_clone(
		has_read ? from->before : from->reader, &l->sink, &l->reader, err)) {
		walk_free(l);
		return -1;
	}
	w->rows[w->count++] = l;
	return walk_go_on(w, l, err);
}

/*
 * Is the lineage at the start of this segment, or was it before it read its own file of it?  What
 * branched off here itself has nothing before it that its parent has not.
 */
static bool
may_branch(const struct lineages *w, const struct lineage_walk *l)
{
	const uint64_t after = w->segment_lsn + w->opt.expect->segment_size;

	if (l->timeline >= w->timeline || (l->parent && l->branched_at == w->segment_lsn))
		return false;
	if (l->next == w->segment_lsn)
		return !l->has_failed;
	return l->next == after && l->before != NULL;
}

static int
check_order(
    const struct lineages *w, uint32_t timeline, uint64_t segment_lsn, struct error *err)
{
	if (!w->has_begun || segment_lsn > w->segment_lsn ||
	    (segment_lsn == w->segment_lsn && timeline != w->timeline))
		return 0;
	return error_set(err, ERROR_STATE, 0, "WAL segment is out of order");
}

int
lineages_segment(
    struct lineages *w, uint32_t timeline, uint64_t segment_lsn, struct error *err)
{
	const size_t count = w->count;

	if (check_order(w, timeline, segment_lsn, err))
		return -1;
	w->has_begun = true;
	w->timeline = timeline;
	w->segment_lsn = segment_lsn;
	w->is_first_page = true;
	for (size_t i = 0; i < count; i++) {
		struct lineage_walk *l = w->rows[i];

		l->is_reading = false;
		if (!l->has_failed && l->timeline == timeline && l->next < segment_lsn)
			fail_missing(l, w->opt.expect->segment_size);
		if (!l->has_failed && l->timeline == timeline && l->next == segment_lsn) {
			if (walk_go_on(w, l, err))
				return -1;
		} else if (may_branch(w, l) && branch(w, l, err)) {
			return -1;
		}
	}
	return 0;
}

/* ---- its bytes ---- */

/* A segment that was written there, and no recycled one, tells that the WAL went on. */
static void
note_later(struct lineages *w, const uint8_t *page, size_t len)
{
	if (len < WALPAGE_LONG_HEADER ||
	    get_u16native(page) != w->opt.expect->version->wal_magic ||
	    get_u64native(page + 8) != w->segment_lsn)
		return;
	for (size_t i = 0; i < w->count; i++)
		if (w->rows[i]->has_failed && w->rows[i]->timeline == w->timeline)
			w->rows[i]->has_later = true;
}

int
lineages_bytes(struct lineages *w, const uint8_t *bytes, size_t len, struct error *err)
{
	struct error why = { 0 };

	if (w->is_first_page)
		note_later(w, bytes, len);
	w->is_first_page = false;
	for (size_t i = 0; i < w->count; i++) {
		struct lineage_walk *l = w->rows[i];

		if (!l->is_reading || walreader_bytes(l->reader, bytes, len, &why) == 0)
			continue;
		if (w->has_failed || why.kind == ERROR_MEMORY) {
			*err = why;
			return -1;
		}
		fail(l, &why);
	}
	return 0;
}

/* ---- which lineage it was ---- */

/* Is each page of the timeline that had its place? */
static bool
agrees(const struct lineage_walk *l, const struct walhistory *h, struct error *why)
{
	const struct walreader_timeline *t;
	char at[LSN_TEXT];

	for (size_t n = 0; (t = walreader_timeline(l->reader, n)) != NULL; n++) {
		const uint64_t wrong = walhistory_at(h, t->first_lsn) != t->timeline ?
		    t->first_lsn :
		    walhistory_at(h, t->last_lsn) != t->timeline ? t->last_lsn :
								   UINT64_MAX;

		if (wrong == UINT64_MAX)
			continue;
		error_set(why, ERROR_FORMAT, 0,
		    "WAL page at %s: timeline %" PRIu32 ", expected %" PRIu32,
		    lsn_print(at, wrong), t->timeline, walhistory_at(h, wrong));
		return false;
	}
	return true;
}

/*
 * The segment that recovery asks for next, and no file had.  A lineage that ended for another
 * reason lacks one only where the history had gone on to a newer timeline: had that one's file of
 * the segment come, another lineage would have branched off.
 */
static void
find_missing(const struct lineages *w, const struct lineage_walk *l,
    const struct walhistory *h, struct lineage *out)
{
	const uint32_t size = w->opt.expect->segment_size;
	const bool is_damaged = l->has_failed && !l->is_lacking;
	const uint64_t lsn = is_damaged ? l->last : l->next;
	const uint32_t owner = walhistory_at(h, lsn + size - 1);

	if (is_damaged && owner == l->timeline)
		return;
	out->missing_lsn = lsn;
	out->last_lsn = w->segment_lsn;
	walname_build(out->missing, owner, lsn / size, size);
}

/* Of lineages that the history went through, the one that goes further along it. */
static bool
is_further(const struct lineage_walk *l, const struct lineage_walk *than)
{
	if (than == NULL || l->timeline != than->timeline)
		return than == NULL || l->timeline > than->timeline;
	return walreader_position(l->reader) > walreader_position(than->reader);
}

bool
lineages_find(const struct lineages *w, const struct walhistory *h, struct lineage *out,
    struct error *why)
{
	const uint32_t newest = h->rows[h->count - 1].timeline;
	const struct lineage_walk *best = NULL;
	bool has_newest = false;
	struct error ignored;

	*out = (struct lineage){ 0 };
	error_set(why, ERROR_FORMAT, 0,
	    "no WAL of timeline %" PRIu32 " follows the start of the backup", newest);
	if (w->has_left_out)
		error_set(why, ERROR_UNSUPPORTED, 0, "the WAL has too many timelines");
	for (size_t i = 0; i < w->count; i++) {
		const struct lineage_walk *l = w->rows[i];
		const bool is_newest = l->timeline == newest;

		has_newest = has_newest || is_newest;
		if (walhistory_has(h, l->timeline) &&
		    agrees(l, h, is_newest && !w->has_left_out ? why : &ignored) &&
		    is_further(l, best))
			best = l;
	}
	if (best == NULL || (has_newest && best->timeline != newest))
		return false;
	/* a lineage that was not followed may have read what this one lacks */
	if (w->has_left_out && best->timeline != newest)
		return false;
	*out = (struct lineage){
		.number = best->number,
		.timeline = best->timeline,
		.position = walreader_position(best->reader),
		.records = best->records,
		.backup_end = best->backup_end,
		.why = best->has_failed ? &best->why : NULL,
		.has_later = best->has_later,
	};
	find_missing(w, best, h, out);
	return best->timeline == newest;
}

bool
lineages_has(
    const struct lineages *w, unsigned lineage, unsigned read_by, uint64_t end_lsn)
{
	uint64_t most = UINT64_MAX;

	for (const struct lineage_walk *l = w->rows[lineage]; l; l = l->parent) {
		if (l->number == read_by)
			return end_lsn <= most;
		most = l->branched_at;
	}
	return false;
}
