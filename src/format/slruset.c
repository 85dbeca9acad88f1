/* Which SLRU segments there are, and whether those that there must be are among them. */
#include "format/slruset_range.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Of one kind so many missing segments are named, the others counted. */
enum { NAMED = 20 };

struct segment {
	uint64_t number;
	uint64_t size;
	uint8_t kind;
	bool is_zero;
};

struct slruset {
	struct segment *rows;
	size_t count, room;
	bool are_too_many;
};

int
slruset_new(struct slruset **out, struct error *err)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : error_memory(err);
}

void
slruset_free(struct slruset *s)
{
	if (s == NULL)
		return;
	free(s->rows);
	free(s);
}

static int
slruset_make_room(struct slruset *s, struct error *err)
{
	const size_t room = s->room ? s->room * 2 : 64;
	struct segment *rows;

	if (s->count < s->room)
		return 0;
	rows = realloc(s->rows, room * sizeof(*rows));
	if (rows == NULL)
		return error_memory(err);
	s->rows = rows;
	s->room = room;
	return 0;
}

int
slruset_add(
    struct slruset *s, const char *path, uint64_t size, bool is_zero, struct error *err)
{
	enum slru_kind kind;
	uint64_t number;

	if (!slru_locate(path, &kind, &number))
		return 0;
	if (s->count == SLRUSET_MOST) {
		s->are_too_many = true;
		return 0;
	}
	if (slruset_make_room(s, err))
		return -1;
	s->rows[s->count++] = (struct segment){ number, size, (uint8_t)kind, is_zero };
	return 0;
}

static int
slruset_compare(const void *a, const void *b)
{
	const struct segment *one = a, *other = b;

	if (one->kind != other->kind)
		return one->kind < other->kind ? -1 : 1;
	if (one->number != other->number)
		return one->number < other->number ? -1 : 1;
	return 0;
}

static const struct segment *
slruset_find(const struct slruset *s, enum slru_kind kind, uint64_t number)
{
	const struct segment wanted = { .number = number, .kind = (uint8_t)kind };

	/* of a set without any there are no rows either */
	return s->count > 0 ?
	    bsearch(&wanted, s->rows, s->count, sizeof(wanted), slruset_compare) :
	    NULL;
}

/* ---- are they? ---- */

struct judging {
	const struct slruset *set;
	const struct slruset_cluster *cluster;
	struct slruset_sink *sink;
	enum slru_kind kind;
	struct slruset_range range;
	uint64_t per_page, per_segment;
	uint64_t numbers_last; /* after which they begin again */
	uint64_t missing;
	uint64_t removed, first_removed; /* that may have been */
	bool has_gap;        /* of any kind: the first segment that is missing, */
	char gap[SLRU_PATH]; /* not the one of the last number */
};

static int
judging_report(struct judging *j, enum slruset_fault fault, uint64_t number,
    const char *text, struct error *err)
{
	char path[SLRU_PATH];

	slru_path(path, j->kind, number, j->cluster->version);
	return j->sink->fault(j->sink, fault, path, text, err);
}

/* What is lost with a segment. */
static const char *
content(enum slru_kind kind)
{
	static const char *const texts[SLRU_KINDS] = {
		[SLRU_XACT] = "the status of transactions up to",
		[SLRU_OFFSETS] = "multixacts up to",
		[SLRU_MEMBERS] = "the members of multixacts up to",
		[SLRU_COMMIT_TS] = "the commit times of transactions up to",
	};

	return texts[kind];
}

static int
tell_content(struct judging *j, enum slruset_fault fault, uint64_t number,
    const char *what, struct error *err)
{
	char text[160];

	snprintf(
	    text, sizeof(text), "%s %s %" PRIu64, what, content(j->kind), j->range.last);
	return judging_report(j, fault, number, text, err);
}

static uint64_t
segment_after(const struct judging *j, uint64_t number)
{
	return number == j->numbers_last / j->per_segment ? 0 : number + 1;
}

/* Was one there before the first file was read that is older? */
static bool
had_older(const struct judging *j, uint64_t number)
{
	uint64_t n = j->range.first / j->per_segment;

	for (size_t i = 0; n != number && i < SLRUSET_MOST; i++, n = segment_after(j, n))
		if (slruset_find(j->cluster->before, j->kind, n))
			return true;
	return false;
}

/* The oldest are removed first, and the one that the last number is in hardly ever. */
static bool
may_be_removed(const struct judging *j, uint64_t number)
{
	if (!j->cluster->is_removal_unknown || number == j->range.last / j->per_segment)
		return false;
	return j->cluster->before == NULL ||
	    (j->range.has_first && !had_older(j, number));
}

static int
segment_missing(struct judging *j, uint64_t number, struct error *err)
{
	const struct slruset *before = j->cluster->before;

	if (before && slruset_find(before, j->kind, number)) /* the server removed it */
		return 0;
	if (may_be_removed(j, number)) {
		if (j->removed++ == 0)
			j->first_removed = number;
		return 0;
	}
	if (!j->has_gap && j->range.has_last &&
	    number != j->range.last / j->per_segment) {
		j->has_gap = true;
		slru_path(j->gap, j->kind, number, j->cluster->version);
	}
	if (++j->missing > NAMED)
		return 0;
	return tell_content(j, SLRUSET_MISSING, number, "is missing: it must hold", err);
}

static uint64_t
greater(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t
lesser(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* How many numbers of the segment are in use and must have left a trace in it? */
static uint64_t
count_ended(const struct judging *j, uint64_t number)
{
	const uint64_t begin = number * j->per_segment,
		       end = begin + (j->per_segment - 1);
	const uint64_t first = j->range.has_first ? j->range.first : begin,
		       last = j->range.ended;

	if (first <= last)
		return greater(begin, first) > lesser(end, last) ?
		    0 :
		    lesser(end, last) - greater(begin, first) + 1;
	/* the range goes round: all of the segment that is not between its end and its begin */
	return end <= last || begin >= first ? j->per_segment : 0;
}

/*
 * So many numbers do not all vanish without a trace.  A transaction does that whose server
 * crashed, and its subtransactions, of which there may be hundreds of thousands.  But the first
 * transactions of all are those that made the cluster, and are committed.
 */
static bool
slruset_is_lost(const struct judging *j, uint64_t number)
{
	const uint64_t ended = count_ended(j, number);

	switch (j->kind) {
	case SLRU_XACT:
		return (j->range.has_first && ended > j->per_segment / 2) ||
		    (number == 0 && ended > 0 &&
			j->cluster->begin->next_xid <= UINT32_MAX);
	case SLRU_OFFSETS:
		return j->range.has_first && ended > 64;
	case SLRU_MEMBERS:
		return ended > j->per_page;
	default:
		return false; /* not each transaction has a time */
	}
}

/*
 * Too few pages are there.  All must be of the segment that the next number is in; of others, and
 * be it that of the last, some may lack: the manual of pg_resetwal goes on with a new segment.
 */
static int
segment_short(
    struct judging *j, const struct segment *s, uint64_t size, struct error *err)
{
	const bool is_next = s->number == (j->range.last + 1) / j->per_segment;
	char text[160];

	snprintf(text, sizeof(text),
	    "is too short: %" PRIu64 " bytes expected, %" PRIu64 " found", size, s->size);
	if (is_next || s->size == 0)
		return judging_report(j, SLRUSET_SIZE, s->number, text, err);
	snprintf(text, sizeof(text),
	    "has %" PRIu64 " of %" PRIu64
	    " bytes: unless pg_resetwal was run, a part of %s %" PRIu64 " is lost",
	    s->size, size, content(j->kind), j->range.last);
	return judging_report(j, SLRUSET_DOUBT, s->number, text, err);
}

/*
 * Did no transaction get the last number of this segment?  Then pg_xact has no page of it: who
 * goes on with a new segment there, after pg_resetwal, skips some 40 of commit times.
 */
static bool
was_skipped(const struct judging *j, uint64_t number)
{
	const uint32_t block_size = j->cluster->block_size;
	const uint64_t end = number * j->per_segment + (j->per_segment - 1);
	const uint64_t page =
	    end / slru_page_numbers(SLRU_XACT, block_size, j->cluster->version);
	const struct segment *s;

	if (j->kind != SLRU_COMMIT_TS || number == j->range.last / j->per_segment ||
	    end > j->numbers_last)
		return false;
	s = slruset_find(j->set, SLRU_XACT, page / SLRU_PAGES);
	return s == NULL || s->size / block_size <= page % SLRU_PAGES;
}

/* One that must be there, with all pages up to that of the last number. */
static int
judge_segment(struct judging *j, uint64_t number, struct error *err)
{
	const struct segment *s = slruset_find(j->set, j->kind, number);
	const uint64_t last_page = j->range.last / j->per_page;
	uint64_t pages = SLRU_PAGES, size;

	if (s == NULL)
		return was_skipped(j, number) ? 0 : segment_missing(j, number, err);
	if (number == last_page / SLRU_PAGES)
		pages = last_page % SLRU_PAGES + 1;
	else if (number == j->numbers_last / j->per_segment)
		pages = j->numbers_last / j->per_page % SLRU_PAGES + 1;
	size = pages * j->cluster->block_size;
	if (s->size < size &&
	    s->size % j->cluster->block_size == 0) /* else that is told */
		return segment_short(j, s, size, err);
	if (s->is_zero && slruset_is_lost(j, number))
		return tell_content(
		    j, SLRUSET_ZEROS, number, "is all zeros, where it should hold", err);
	return 0;
}

/*
 * Neither the last is known nor what was removed since: some of any number may be missing.  But
 * a transaction that began this backup has its status somewhere.
 */
static int
judge_any(struct judging *j, struct error *err)
{
	for (size_t i = 0; i < j->set->count; i++)
		if (j->set->rows[i].kind == SLRU_XACT)
			return 0;
	return j->kind == SLRU_XACT ?
	    segment_missing(j, j->range.first / j->per_segment, err) :
	    0;
}

static int
judge_range(struct judging *j, struct error *err)
{
	const uint64_t last = j->range.last / j->per_segment;
	uint64_t number = j->range.has_first ? j->range.first / j->per_segment : last;

	/* numbers of 64 bits, of a damaged record, could be any distance apart */
	for (size_t n = 0; n < SLRUSET_MOST; n++) {
		if (judge_segment(j, number, err))
			return -1;
		if (number == last)
			break;
		number = segment_after(j, number);
	}
	return 0;
}

/* In one line. */
static int
tell_removed(struct judging *j, struct error *err)
{
	char text[192], more[64] = "";

	if (j->removed == 0)
		return 0;
	if (j->removed > 1)
		snprintf(more, sizeof(more), ", with %" PRIu64 " more", j->removed - 1);
	snprintf(text, sizeof(text),
	    "is missing%s: unless the standby removed it meanwhile, a part of %s %" PRIu64
	    " is lost",
	    more, content(j->kind), j->range.last);
	return judging_report(j, SLRUSET_DOUBT, j->first_removed, text, err);
}

static int
judge_kind(struct judging *j, struct error *err)
{
	char text[96];

	j->per_page =
	    slru_page_numbers(j->kind, j->cluster->block_size, j->cluster->version);
	j->per_segment = j->per_page * SLRU_PAGES;
	j->numbers_last = slru_last_number(j->kind, j->cluster->version);
	j->missing = j->removed = 0;
	j->range = slruset_range_of(j->cluster, j->kind, j->per_page);
	if ((j->range.has_last ? judge_range(j, err) :
				 j->range.has_first && judge_any(j, err)) ||
	    tell_removed(j, err))
		return -1;
	if (j->missing <= NAMED)
		return 0;
	snprintf(text, sizeof(text), "and %" PRIu64 " more segments are missing",
	    j->missing - NAMED);
	return judging_report(
	    j, SLRUSET_MISSING, j->range.last / j->per_segment, text, err);
}

/*
 * Segments may be missing that are not lost.  pg_resetwal goes on with any number that it is told,
 * and the server makes none of those that were skipped.  And where a server crashed before the
 * checkpoint that follows the removal of old segments, recovery removes them again, but its
 * checkpoints go on to name the old oldest transaction, until a vacuum advances it (seen on 15).
 *
 * Nothing here tells them from lost ones.  VACUUM FREEZE does: it fails where a row is of a
 * transaction whose status is lost, and else no number before it is needed any more (seen on 15
 * with -x and -O).
 */
static int
tell_gap(const struct judging *j, struct error *err)
{
	return !j->has_gap ?
	    0 :
	    j->sink->fault(j->sink, SLRUSET_ADVICE, j->gap,
		"is not lost if pg_resetwal skipped its numbers, or if the server removed it just before a crash: then run VACUUM FREEZE in every database, template0 too, and make another backup",
		err);
}

/* Pages are written one by one: a part of one is never left. */
static int
judge_sizes(const struct slruset *s, const struct slruset_cluster *c,
    struct slruset_sink *sink, struct error *err)
{
	char path[SLRU_PATH], text[96];

	for (size_t i = 0; i < s->count; i++) {
		const struct segment *row = &s->rows[i];

		if (row->size % c->block_size == 0 &&
		    row->size / c->block_size <= SLRU_PAGES)
			continue;
		slru_path(path, (enum slru_kind)row->kind, row->number, c->version);
		snprintf(text, sizeof(text),
		    "has %" PRIu64
		    " bytes: it must have at most %d whole pages of %" PRIu32,
		    row->size, SLRU_PAGES, c->block_size);
		if (sink->fault(sink, SLRUSET_SIZE, path, text, err))
			return -1;
	}
	return 0;
}

static void
slruset_sort(struct slruset *s)
{
	if (s && s->count > 0)
		qsort(s->rows, s->count, sizeof(*s->rows), slruset_compare);
}

int
slruset_judge(struct slruset *s, const struct slruset_cluster *cluster,
    struct slruset_sink *sink, struct error *err)
{
	struct judging j = { .set = s, .cluster = cluster, .sink = sink };

	slruset_sort(s);
	slruset_sort(cluster->before);
	if (judge_sizes(s, cluster, sink, err))
		return -1;
	for (unsigned k = 0; k < SLRU_KINDS && !s->are_too_many; k++) {
		j.kind = (enum slru_kind)k;
		if (judge_kind(&j, err))
			return -1;
	}
	return tell_gap(&j, err);
}
