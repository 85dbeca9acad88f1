/*
 * Which SLRU segments there are, and which there must be.
 *
 * Numbers go round: behind the last comes 0.  A range of them is first and last, the last one
 * included, and ends before it has gone round once.
 */
#include "archive/slruset.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Of one kind so many missing segments are named, the others counted. */
enum { NAMED = 20 };

#define FIRST_NORMAL_XID 3U
#define FIRST_MULTI 1U

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
make_room(struct slruset *s, struct error *err)
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
slruset_add(struct slruset *s, const char *path, uint64_t size, bool is_zero, struct error *err)
{
	enum slru_kind kind;
	uint64_t number;

	if (!slru_locate(path, &kind, &number))
		return 0;
	if (s->count == SLRUSET_MOST) {
		s->are_too_many = true;
		return 0;
	}
	if (make_room(s, err))
		return -1;
	s->rows[s->count++] = (struct segment){ number, size, (uint8_t)kind, is_zero };
	return 0;
}

static int
compare(const void *a, const void *b)
{
	const struct segment *one = a, *other = b;

	if (one->kind != other->kind)
		return one->kind < other->kind ? -1 : 1;
	if (one->number != other->number)
		return one->number < other->number ? -1 : 1;
	return 0;
}

static const struct segment *
find(const struct slruset *s, enum slru_kind kind, uint64_t number)
{
	const struct segment wanted = { .number = number, .kind = (uint8_t)kind };

	/* of a set without any there are no rows either */
	return s->count > 0 ? bsearch(&wanted, s->rows, s->count, sizeof(wanted), compare) : NULL;
}

/* ---- which numbers must be there ---- */

struct range {
	bool has_last;  /* it was given out before the checkpoint: so its page is there, */
	bool has_first; /* and all from the first on */
	uint64_t first, last;
	uint64_t ended; /* the last that must have left a trace */
};

/* Numbers of 32 bits in a circle: is ${a} before ${b}? */
static bool
precedes(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

/* One more that is known to be oldest at some time: the latest of these counts. */
static void
raise_first(struct range *r, uint32_t oldest, uint32_t least)
{
	if (oldest < least || (r->has_first && !precedes((uint32_t)r->first, oldest)))
		return;
	r->has_first = true;
	r->first = oldest;
}

/*
 * All up to the last is gone by now, and more perhaps.  What is left is the segment that the
 * first one is in, if the last is in it, too, and its page was begun.
 */
static void
clear_range(struct range *r, uint64_t next, uint64_t per_page)
{
	const uint64_t per_segment = per_page * SLRU_PAGES;

	if (next % per_page == 0 || r->first / per_segment != r->last / per_segment)
		r->has_last = false;
	r->first = r->last;
}

/*
 * The last number before ${next}, the least of which is ${least}.  There is none before the
 * first one of a new cluster.
 */
static void
set_last(struct range *r, uint32_t next, uint32_t least, bool is_new, uint64_t per_page)
{
	if (next <= least) {
		r->has_last = !is_new || next % per_page != 0;
		r->last = is_new ? 0 : UINT32_MAX;
	} else {
		r->has_last = true;
		r->last = next - 1;
	}
	r->ended = r->last;
	if (r->has_first && precedes((uint32_t)r->last, (uint32_t)r->first))
		clear_range(r, next, per_page);
}

static struct range
range_of_xact(const struct slruset_cluster *c, uint64_t per_page)
{
	const struct checkpoint *const both[] = { c->begin, c->end };
	struct range r = { .has_last = false };

	for (size_t i = 0; i < 2; i++)
		if (both[i] && both[i]->oldest_xid_database != 0)
			raise_first(&r, both[i]->oldest_xid, FIRST_NORMAL_XID);
	raise_first(&r, c->oldest.xid, FIRST_NORMAL_XID);
	if (c->begin == NULL)
		return r;
	set_last(&r, (uint32_t)c->begin->next_xid, FIRST_NORMAL_XID,
	    c->begin->next_xid <= FIRST_NORMAL_XID, per_page);
	if (c->begin->oldest_active_xid >= FIRST_NORMAL_XID &&
	    precedes(c->begin->oldest_active_xid, (uint32_t)r.last))
		r.ended = c->begin->oldest_active_xid - 1;
	return r;
}

static struct range
range_of_multis(const struct slruset_cluster *c, uint64_t per_page)
{
	const struct checkpoint *const both[] = { c->begin, c->end };
	struct range r = { .has_last = false };

	for (size_t i = 0; i < 2; i++)
		if (both[i] && both[i]->oldest_multi_database != 0)
			raise_first(&r, both[i]->oldest_multi, FIRST_MULTI);
	raise_first(&r, c->oldest.multi, FIRST_MULTI);
	if (c->begin)
		set_last(&r, c->begin->next_multi, FIRST_MULTI,
		    c->begin->oldest_multi == FIRST_MULTI, per_page);
	return r;
}

/* The first one is told by the offsets; a page of which nothing is used may not be there. */
static struct range
range_of_members(const struct slruset_cluster *c, uint64_t per_page)
{
	struct range r = { .has_last = false };
	bool is_gone;

	if (c->begin->next_offset % per_page == 0)
		return r;
	r.has_last = true;
	r.last = r.ended = c->begin->next_offset - 1;
	r.has_first = c->oldest.has_member;
	r.first = c->oldest.member;
	is_gone = slru_last_number(SLRU_MEMBERS, c->major) == UINT32_MAX ?
	    precedes((uint32_t)r.last, (uint32_t)r.first) :
	    r.last < r.first;
	if (r.has_first && is_gone)
		clear_range(&r, c->begin->next_offset, per_page);
	return r;
}

static struct range
range_of_commit_ts(const struct slruset_cluster *c)
{
	const struct checkpoint *const both[] = { c->begin, c->end };
	struct range r = { .has_last = false };

	if (!c->tracks_commit_time)
		return r;
	for (size_t i = 0; i < 2; i++)
		if (both[i] && both[i]->newest_commit_ts >= FIRST_NORMAL_XID)
			raise_first(&r, both[i]->oldest_commit_ts, FIRST_NORMAL_XID);
	raise_first(&r, c->oldest.commit_ts, FIRST_NORMAL_XID);
	if (c->begin->newest_commit_ts < FIRST_NORMAL_XID)
		return r;
	r.last = c->begin->newest_commit_ts;
	r.has_last = r.has_first && !precedes((uint32_t)r.last, (uint32_t)r.first);
	return r;
}

static struct range
range_of(const struct slruset_cluster *c, enum slru_kind kind, uint64_t per_page)
{
	struct range r = { .has_last = false };

	if (kind == SLRU_XACT)
		r = range_of_xact(c, per_page);
	else if (kind == SLRU_OFFSETS)
		r = range_of_multis(c, per_page);
	else if (c->begin)
		r = kind == SLRU_MEMBERS ? range_of_members(c, per_page) : range_of_commit_ts(c);
	/* nothing was given out that is still needed */
	if (c->begin && !r.has_last)
		r.has_first = false;
	return r;
}

/* ---- are they? ---- */

struct judging {
	const struct slruset *set;
	const struct slruset_cluster *cluster;
	struct slruset_sink *sink;
	enum slru_kind kind;
	struct range range;
	uint64_t per_page, per_segment;
	uint64_t numbers_last; /* behind which they begin again */
	uint64_t missing;
};

static int
tell(struct judging *j, enum slruset_fault fault, uint64_t number, const char *text,
    struct error *err)
{
	char path[SLRU_PATH];

	slru_path(path, j->kind, number, j->cluster->major);
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
tell_content(struct judging *j, enum slruset_fault fault, uint64_t number, const char *what,
    struct error *err)
{
	char text[160];

	snprintf(text, sizeof(text), "%s %s %" PRIu64, what, content(j->kind), j->range.last);
	return tell(j, fault, number, text, err);
}

static int
segment_missing(struct judging *j, uint64_t number, struct error *err)
{
	if (++j->missing > NAMED)
		return 0;
	return tell_content(j, SLRUSET_MISSING, number, "is missing, which is needed for", err);
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
	const uint64_t begin = number * j->per_segment, end = begin + (j->per_segment - 1);
	const uint64_t first = j->range.has_first ? j->range.first : begin, last = j->range.ended;

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
is_lost(const struct judging *j, uint64_t number)
{
	const uint64_t ended = count_ended(j, number);

	switch (j->kind) {
	case SLRU_XACT:
		return (j->range.has_first && ended > j->per_segment / 2) ||
		    (number == 0 && ended > 0 && j->cluster->begin->next_xid <= UINT32_MAX);
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
segment_short(struct judging *j, const struct segment *s, uint64_t size, struct error *err)
{
	const bool is_next = s->number == (j->range.last + 1) / j->per_segment;
	char text[160];

	snprintf(text, sizeof(text), "is too short: %" PRIu64 " bytes expected, %" PRIu64 " found",
	    size, s->size);
	if (is_next || s->size == 0)
		return tell(j, SLRUSET_SIZE, s->number, text, err);
	snprintf(text, sizeof(text),
	    "has %" PRIu64 " of %" PRIu64 " bytes: unless pg_resetwal was run, a part of %s %" PRIu64
	    " is lost",
	    s->size, size, content(j->kind), j->range.last);
	return tell(j, SLRUSET_SHORT, s->number, text, err);
}

/* One that must be there, with all pages up to that of the last number. */
static int
judge_segment(struct judging *j, uint64_t number, struct error *err)
{
	const struct segment *s = find(j->set, j->kind, number);
	const uint64_t last_page = j->range.last / j->per_page;
	uint64_t pages = SLRU_PAGES, size;

	if (s == NULL)
		return segment_missing(j, number, err);
	if (number == last_page / SLRU_PAGES)
		pages = last_page % SLRU_PAGES + 1;
	else if (number == j->numbers_last / j->per_segment)
		pages = j->numbers_last / j->per_page % SLRU_PAGES + 1;
	size = pages * j->cluster->block_size;
	if (s->size < size && s->size % j->cluster->block_size == 0) /* else that is told */
		return segment_short(j, s, size, err);
	if (s->is_zero && is_lost(j, number))
		return tell_content(j, SLRUSET_ZEROS, number, "is all zeros, where it should hold",
		    err);
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

static uint64_t
segment_after(const struct judging *j, uint64_t number)
{
	return number == j->numbers_last / j->per_segment ? 0 : number + 1;
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

static int
judge_kind(struct judging *j, struct error *err)
{
	char text[96];

	j->per_page = slru_page_numbers(j->kind, j->cluster->block_size, j->cluster->major);
	j->per_segment = j->per_page * SLRU_PAGES;
	j->numbers_last = slru_last_number(j->kind, j->cluster->major);
	j->missing = 0;
	j->range = range_of(j->cluster, j->kind, j->per_page);
	if (j->range.has_last ? judge_range(j, err) : j->range.has_first && judge_any(j, err))
		return -1;
	if (j->missing <= NAMED)
		return 0;
	snprintf(text, sizeof(text), "and %" PRIu64 " more segments are missing",
	    j->missing - NAMED);
	return tell(j, SLRUSET_MISSING, j->range.last / j->per_segment, text, err);
}

/* Pages are written one by one: a part of one is never left. */
static int
judge_sizes(const struct slruset *s, const struct slruset_cluster *c, struct slruset_sink *sink,
    struct error *err)
{
	char path[SLRU_PATH], text[96];

	for (size_t i = 0; i < s->count; i++) {
		const struct segment *row = &s->rows[i];

		if (row->size % c->block_size == 0 && row->size / c->block_size <= SLRU_PAGES)
			continue;
		slru_path(path, (enum slru_kind)row->kind, row->number, c->major);
		snprintf(text, sizeof(text),
		    "has %" PRIu64 " bytes, which are not up to %d pages of %" PRIu32, row->size,
		    SLRU_PAGES, c->block_size);
		if (sink->fault(sink, SLRUSET_SIZE, path, text, err))
			return -1;
	}
	return 0;
}

int
slruset_judge(struct slruset *s, const struct slruset_cluster *cluster,
    struct slruset_sink *sink, struct error *err)
{
	struct judging j = { .set = s, .cluster = cluster, .sink = sink };

	if (s->count > 0)
		qsort(s->rows, s->count, sizeof(*s->rows), compare);
	if (judge_sizes(s, cluster, sink, err))
		return -1;
	for (unsigned k = 0; k < SLRU_KINDS && !s->are_too_many; k++) {
		j.kind = (enum slru_kind)k;
		if (judge_kind(&j, err))
			return -1;
	}
	return 0;
}
