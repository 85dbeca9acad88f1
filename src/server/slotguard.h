#ifndef PG_BASETAR_SERVER_SLOTGUARD_H
#define PG_BASETAR_SERVER_SLOTGUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/error.h"

/*
 * When to give up the slot (slot.h).  It holds WAL back for as long as the backup takes,
 * which is for ever when a reader stands still; and a server that has no room for more WAL
 * stops.  A backup may fail for want of WAL, production may not.
 *
 * To drop the slot frees nothing at once: the server removes WAL at its next checkpoint,
 * up to minutes later, and writes more until then.
 */
struct slotguard {
	uint64_t start_lsn; /* what is held back begins here */
	double taken;       /* when the slot was, on the clock of sys_monotonic() */
	uint32_t segment_size;
	/* At which the server takes the slot away; -1: none (struct online_server). */
	int64_t wal_limit;  /* MiB */
	int64_t idle_limit; /* seconds */
};

/* How things are. */
struct slotguard_now {
	double time;      /* on the same clock */
	uint64_t wal_lsn; /* where the WAL stands; 0: not known */
	/* bytes of the file system with pg_wal; 0, 0: not known */
	uint64_t available, total;
};

/* Is it to be dropped?  Then ${why} says what comes near, as ERROR_STATE. */
bool slotguard_is_due(
    const struct slotguard *guard, const struct slotguard_now *now, struct error *why);

#endif
