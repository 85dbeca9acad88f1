/* The struct CheckPoint, of pg_control and of the WAL. */
#include "pg/checkpoint.h"

#include <inttypes.h>
#include <stdbool.h>

#include "lib/bytes.h"

/*
 * Where its fields are: src/include/catalog/pg_control.h of each release, compiled for a
 * 64-bit machine, and compared with pg_control_checkpoint() of running servers.
 */
static const struct layout {
	uint32_t first_version, last_version; /* of pg_control */
	/* epoch 0: the next transaction has 64 bits */
	uint8_t epoch_at, next_xid_at;
	uint8_t next_multi_at, next_offset_at;
	uint8_t oldest_xid_at, oldest_multi_at; /* each followed by its database */
	uint8_t commit_ts_at;                   /* the oldest, then the newest */
	uint8_t oldest_active_at, size;
	bool has_long_offset;
} layouts[] = {
	/* 10 and 11 */
	{ 1002, 1100, 20, 24, 32, 36, 40, 48, 64, 72, 80, false },
	/* 12 to 18; 17 put wal_level into the padding at 20 */
	{ 1201, 1800, 0, 24, 36, 40, 44, 52, 72, 80, 88, false },
	/* 19, seen on 19rc1: offsets of members have 64 bits */
	{ 1905, 1905, 0, 32, 44, 48, 56, 64, 80, 88, 96, true },
};

int
checkpoint_decode(const uint8_t *bytes, size_t len, uint32_t control_version,
    struct checkpoint *out, struct error *err)
{
	const struct layout *l = NULL;

	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
		if (control_version >= layouts[i].first_version &&
		    control_version <= layouts[i].last_version)
			l = &layouts[i];
	if (l == NULL)
		return error_set(err, ERROR_UNSUPPORTED, 0,
		    "pg_control version %" PRIu32 " is not supported", control_version);
	if (len < l->size)
		return error_set(
		    err, ERROR_FORMAT, 0, "checkpoint has only %zu bytes", len);
	*out = (struct checkpoint){
		.next_xid = l->epoch_at ?
		    (uint64_t)get_u32native(bytes + l->epoch_at) << 32 |
			get_u32native(bytes + l->next_xid_at) :
		    get_u64native(bytes + l->next_xid_at),
		.oldest_xid = get_u32native(bytes + l->oldest_xid_at),
		.oldest_xid_database = get_u32native(bytes + l->oldest_xid_at + 4),
		.oldest_active_xid = get_u32native(bytes + l->oldest_active_at),
		.next_multi = get_u32native(bytes + l->next_multi_at),
		.oldest_multi = get_u32native(bytes + l->oldest_multi_at),
		.oldest_multi_database = get_u32native(bytes + l->oldest_multi_at + 4),
		.next_offset = l->has_long_offset ?
		    get_u64native(bytes + l->next_offset_at) :
		    get_u32native(bytes + l->next_offset_at),
		.oldest_commit_ts = get_u32native(bytes + l->commit_ts_at),
		.newest_commit_ts = get_u32native(bytes + l->commit_ts_at + 4),
	};
	return 0;
}
