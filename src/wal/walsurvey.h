#ifndef PG_BASETAR_WAL_WALSURVEY_H
#define PG_BASETAR_WAL_WALSURVEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"
#include "wal/walrecord.h"

/*
 * What the records of a stretch of WAL do to files that are no relations: which old segments of
 * pg_xact and the like they remove, and which databases they make or drop.
 */
struct walsurvey {
	/* The oldest numbers that the last records leave; 0: there was none. */
	uint32_t oldest_xid, oldest_commit_ts;
	uint32_t oldest_multi;
	uint64_t oldest_member; /* with oldest_multi */

	uint32_t *databases; /* that are made or dropped, by OID */
	size_t ndatabases;
	bool are_too_many; /* of these more than WALSURVEY_MOST */
};

#define WALSURVEY_MOST 10000

MUST_CHECK int walsurvey_record(
    struct walsurvey *, const struct walrecord *rec, struct error *err);

/* Is it made or dropped?  True, too, if there are more than can be remembered. */
bool walsurvey_has_database(const struct walsurvey *, uint32_t database);

/* All zeros again. */
void walsurvey_free(struct walsurvey *);

#endif
