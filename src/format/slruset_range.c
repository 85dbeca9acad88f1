/*
 * Which numbers must have their segments.
 *
 * They go round: after the last comes 0.  A range of them is first and last, the last one
 * included, and ends before it has gone round once.
 */
#include "format/slruset_range.h"

#define FIRST_NORMAL_XID 3U
#define FIRST_MULTI 1U

/* Numbers of 32 bits in a circle: is ${a} before ${b}? */
static bool
precedes(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

/* One more that is known to be oldest at some time: the latest of these counts. */
static void
raise_first(struct slruset_range *r, uint32_t oldest, uint32_t least)
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
clear_range(struct slruset_range *r, uint64_t next, uint64_t per_page)
{
	const uint64_t per_segment = per_page * SLRU_PAGES;

	if (next % per_page == 0 || r->first / per_segment != r->last / per_segment)
		r->has_last = false;
	r->first = r->last;
}

/*
 * The last number before ${next}, the least of which is ${least}.  No number is before the
 * first one of a new cluster.
 */
static void
set_last(struct slruset_range *r, uint32_t next, uint32_t least, bool is_new,
    uint64_t per_page)
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

/*
 * What the databases had shows segments that were removed before ${begin}: of removals after that
 * the WAL has the record.  None of these went beyond the next transaction then, whatever else an
 * archive may say.
 */
static uint32_t
oldest_frozen(const struct slruset_cluster *c)
{
	const uint32_t oldest = c->oldest_frozen;
	const uint32_t next = c->begin ? (uint32_t)c->begin->next_xid : oldest;

	return oldest != 0 && precedes(next, oldest) ? next : oldest;
}

static struct slruset_range
range_of_xact(const struct slruset_cluster *c, uint64_t per_page)
{
	const struct checkpoint *const both[] = { c->begin, c->end };
	struct slruset_range r = { .has_last = false };

	for (size_t i = 0; i < 2; i++)
		if (both[i] && both[i]->oldest_xid_database != 0)
			raise_first(&r, both[i]->oldest_xid, FIRST_NORMAL_XID);
	raise_first(&r, c->oldest.xid, FIRST_NORMAL_XID);
	raise_first(&r, oldest_frozen(c), FIRST_NORMAL_XID);
	if (c->begin == NULL)
		return r;
	set_last(&r, (uint32_t)c->begin->next_xid, FIRST_NORMAL_XID,
	    c->begin->next_xid <= FIRST_NORMAL_XID, per_page);
	if (c->begin->oldest_active_xid >= FIRST_NORMAL_XID &&
	    precedes(c->begin->oldest_active_xid, (uint32_t)r.last))
		r.ended = c->begin->oldest_active_xid - 1;
	return r;
}

static struct slruset_range
range_of_multis(const struct slruset_cluster *c, uint64_t per_page)
{
	const struct checkpoint *const both[] = { c->begin, c->end };
	struct slruset_range r = { .has_last = false };

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
static struct slruset_range
range_of_members(const struct slruset_cluster *c, uint64_t per_page)
{
	struct slruset_range r = { .has_last = false };
	bool is_gone;

	if (c->begin->next_offset % per_page == 0)
		return r;
	r.has_last = true;
	r.last = r.ended = c->begin->next_offset - 1;
	r.has_first = c->oldest.has_member;
	r.first = c->oldest.member;
	is_gone = slru_last_number(SLRU_MEMBERS, c->version) == UINT32_MAX ?
	    precedes((uint32_t)r.last, (uint32_t)r.first) :
	    r.last < r.first;
	if (r.has_first && is_gone)
		clear_range(&r, c->begin->next_offset, per_page);
	return r;
}

static struct slruset_range
range_of_commit_ts(const struct slruset_cluster *c)
{
	const uint32_t next = (uint32_t)c->begin->next_xid;
	struct slruset_range r = { .has_last = false };

	if (!c->tracks_commit_time)
		return r;
	if (c->begin->newest_commit_ts >= FIRST_NORMAL_XID)
		raise_first(&r, c->begin->oldest_commit_ts, FIRST_NORMAL_XID);
	if (c->end && c->end->newest_commit_ts >= FIRST_NORMAL_XID)
		raise_first(&r, c->end->oldest_commit_ts, FIRST_NORMAL_XID);
	raise_first(&r, c->oldest.commit_ts, FIRST_NORMAL_XID);
	if (c->begin->newest_commit_ts < FIRST_NORMAL_XID)
		return r;
	r.last = c->begin->newest_commit_ts;
	/* pg_resetwal -c takes any number; the next transaction, and those after it, have no time */
	if (next >= FIRST_NORMAL_XID && !precedes((uint32_t)r.last, next))
		r.last = next - 1;
	r.has_last = r.has_first && !precedes((uint32_t)r.last, (uint32_t)r.first);
	return r;
}

struct slruset_range
slruset_range_of(const struct slruset_cluster *c, enum slru_kind kind, uint64_t per_page)
{
	struct slruset_range r = { .has_last = false };

	if (kind == SLRU_XACT)
		r = range_of_xact(c, per_page);
	else if (kind == SLRU_OFFSETS)
		r = range_of_multis(c, per_page);
	else if (c->begin)
		r = kind == SLRU_MEMBERS ? range_of_members(c, per_page) :
					   range_of_commit_ts(c);
	/* nothing was given out that is still needed */
	if (c->begin && !r.has_last)
		r.has_first = false;
	return r;
}
