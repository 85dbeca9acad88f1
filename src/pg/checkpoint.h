#ifndef PG_BASETAR_PG_CHECKPOINT_H
#define PG_BASETAR_PG_CHECKPOINT_H

#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

/*
 * What a checkpoint says of the numbers that the cluster has given out: the same struct
 * stands in pg_control and in the record of the checkpoint in the WAL.  All that is numbered
 * below the next ones was on disk when that checkpoint was complete.
 */
struct checkpoint {
	uint64_t next_xid; /* with its epoch in the upper half */
	uint32_t oldest_xid;
	uint32_t oldest_xid_database; /* 0: oldest_xid is a guess of pg_resetwal */
	uint32_t oldest_active_xid;   /* 0: not known, or none runs */
	uint32_t next_multi, oldest_multi;
	uint32_t oldest_multi_database; /* 0: as above */
	/* of the members of multixacts; 32 bits up to 18 */
	uint64_t next_offset;
	/* transactions with a time; 0: none */
	uint32_t oldest_commit_ts, newest_commit_ts;
};

/*
 * Decode the struct at ${bytes}, of a release whose pg_control has this version.
 * ERROR_UNSUPPORTED: that is not known.  ERROR_FORMAT: ${len} bytes are too few.
 */
MUST_CHECK int checkpoint_decode(const uint8_t *bytes, size_t len,
    uint32_t control_version, struct checkpoint *out, struct error *err);

#endif
