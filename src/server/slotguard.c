/*
 * A slot is given up early, by estimates with wide margins: to drop it frees nothing before the
 * server's next checkpoint, and until then more WAL is written.
 */
#include "server/slotguard.h"

#include <stddef.h>

#define MIB (UINT64_C(1024) * 1024)

/*
 * Room is kept for the WAL of so many seconds, at the rate of it since the slot was taken:
 * checkpoint_timeout is five minutes unless set.  At least for some segments; at most a
 * part of the file system, or a burst of WAL would take the slot from every backup.
 */
#define RESERVE_SECONDS 300.0
enum { RESERVE_SEGMENTS = 8, RESERVE_PART = 4 };

/* The rate is taken over no less: WAL comes in bursts, first of all at the checkpoint. */
#define RATE_SECONDS 10.0

/* A slot that holds back no more than this is not what fills the file system. */
enum { HARMLESS_SEGMENTS = 2 };

/* Of the server's limit on WAL so much is left to it: 1/8. */
enum { LIMIT_PART = 8 };

/* Seconds before the server's limit on time, or half of it: we look every few seconds. */
enum { IDLE_MARGIN = 15 };

static uint64_t
held_back(const struct slotguard *g, const struct slotguard_now *now)
{
	return now->wal_lsn > g->start_lsn ? now->wal_lsn - g->start_lsn : 0;
}

static uint64_t
reserve(const struct slotguard *g, const struct slotguard_now *now)
{
	uint64_t least = (uint64_t)g->segment_size * RESERVE_SEGMENTS;
	double age = now->time - g->taken,
	       seconds = age < RATE_SECONDS ? RATE_SECONDS : age;
	double wanted = (double)held_back(g, now) / seconds * RESERVE_SECONDS;
	uint64_t most = now->total / RESERVE_PART;

	if (wanted < (double)least)
		wanted = (double)least;
	return wanted < (double)most ? (uint64_t)wanted : most;
}

static bool
lacks_room(const struct slotguard *g, const struct slotguard_now *now, struct error *why)
{
	if (now->total == 0 ||
	    held_back(g, now) < (uint64_t)g->segment_size * HARMLESS_SEGMENTS ||
	    now->available >= reserve(g, now))
		return false;
	error_set(why, ERROR_STATE, 0,
	    "%llu MB are left where the server writes WAL, and the slot holds back %llu MB",
	    (unsigned long long)(now->available / MIB),
	    (unsigned long long)(held_back(g, now) / MIB));
	return true;
}

static bool
holds_too_much(
    const struct slotguard *g, const struct slotguard_now *now, struct error *why)
{
	uint64_t limit = (uint64_t)g->wal_limit * MIB;

	if (g->wal_limit < 0 || held_back(g, now) <= limit - limit / LIMIT_PART)
		return false;
	error_set(why, ERROR_STATE, 0,
	    "the slot holds back %llu MB, and max_slot_wal_keep_size is %llu MB",
	    (unsigned long long)(held_back(g, now) / MIB),
	    (unsigned long long)g->wal_limit);
	return true;
}

static bool
is_idle(const struct slotguard *g, const struct slotguard_now *now, struct error *why)
{
	int64_t margin =
	    g->idle_limit / 2 < IDLE_MARGIN ? g->idle_limit / 2 : IDLE_MARGIN;

	if (g->idle_limit < 0 || now->time - g->taken < (double)(g->idle_limit - margin))
		return false;
	error_set(why, ERROR_STATE, 0,
	    "the slot is %.0f s old, and idle_replication_slot_timeout is %lld s",
	    now->time - g->taken, (long long)g->idle_limit);
	return true;
}

/* A row each reason, the one that can stop the server first. */
static bool (*const reasons[])(
    const struct slotguard *, const struct slotguard_now *, struct error *) = {
	lacks_room,     /* without room for WAL the server stops with a PANIC */
	holds_too_much, /* the server ends the slot's session, and says so in its log */
	is_idle,        /* likewise, from 18 on */
};

bool
slotguard_is_due(
    const struct slotguard *g, const struct slotguard_now *now, struct error *why)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i](g, now, why))
			return true;
	return false;
}
