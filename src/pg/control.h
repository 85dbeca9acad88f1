#ifndef PG_BASETAR_PG_CONTROL_H
#define PG_BASETAR_PG_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"
#include "pg/checkpoint.h"
#include "pg/cluster.h"

/*
 * global/pg_control: the state of a cluster in 8192 bytes, native byte order; a struct
 * of the server, its CRC-32C as the last field, then zeros.  Where each field lies in
 * which release is layouts[] in control.c.
 */
#define CONTROL_SIZE 8192

/* What control_forget_checkpoint() leaves: a position no checkpoint can have. */
#define CONTROL_NO_CHECKPOINT UINT64_C(0xDEAD)

/* The number has meant the same in every release. */
enum control_state {
	CONTROL_STARTUP,
	CONTROL_SHUTDOWN,             /* clean */
	CONTROL_SHUTDOWN_IN_RECOVERY, /* clean, of a standby */
	CONTROL_SHUTTING_DOWN,
	CONTROL_IN_CRASH_RECOVERY,
	CONTROL_IN_ARCHIVE_RECOVERY, /* a running standby, too */
	CONTROL_IN_PRODUCTION
};

struct control {
	uint64_t system_identifier;
	uint32_t control_version, catalog_version;
	enum control_state state;
	int64_t time; /* of the last change of the file, seconds since 1970 */

	uint64_t checkpoint_lsn; /* the record of the last checkpoint (restartpoint) */
	uint64_t redo_lsn;       /* where recovery from it begins */
	uint32_t timeline;       /* of that checkpoint */
	uint32_t prev_timeline;  /* another in the first checkpoint after a promotion */
	bool full_page_writes;   /* at that checkpoint */
	int64_t checkpoint_time;
	struct checkpoint checkpoint; /* what else it says */

	/* Of a cluster in recovery; 0 elsewhere. */
	uint64_t min_recovery_lsn; /* consistent no earlier than here */
	uint32_t min_recovery_timeline;
	uint64_t backup_start_lsn, backup_end_lsn; /* of the backup it recovers from */
	bool backup_end_required; /* it waits for the end-of-backup record */

	uint32_t wal_level;        /* 0 minimal, 1 replica, 2 logical */
	bool tracks_commit_time;   /* track_commit_timestamp */
	uint32_t block_size;       /* bytes of a page */
	uint32_t segment_blocks;   /* pages in a full segment of a relation */
	uint32_t wal_block_size;   /* bytes of a page of WAL */
	uint32_t wal_segment_size; /* bytes: 1 MiB to 1 GiB, a power of 2 */
	uint32_t data_checksums;   /* 0 none; else the version of each page's checksum */
};

/* Is it that of a standby, running or cleanly stopped? */
bool control_is_standby(const struct control *control);

/*
 * Decode the whole file, ${len} bytes.  ERROR_FORMAT: another size, a CRC that is not
 * its content's, or values no server writes.  ERROR_UNSUPPORTED: the layout of a release
 * we do not know, or of another byte order.  On failure *out is untouched.
 */
MUST_CHECK int control_decode(
    const uint8_t *bytes, size_t len, struct control *out, struct error *err);

/*
 * Read global/pg_control below ${datadir_fd}, whole, into ${bytes} and decode it.  A
 * running server writes it in place, so that a read may meet half of two states: one
 * whose CRC does not hold is read again, 10 times within 0.1 s, as the server's own
 * tools do.
 */
MUST_CHECK int control_read(
    int datadir_fd, uint8_t bytes[CONTROL_SIZE], struct control *out, struct error *err);

/*
 * Is this pg_control of the release that PG_VERSION names?  ERROR_UNSUPPORTED if it is
 * of a development version of it, ERROR_FORMAT if of another release altogether.
 */
MUST_CHECK int control_check_version(
    const struct control *control, const struct pg_version *version, struct error *err);

/*
 * Make a pg_control that must not be started from without its backup_label:
 * the position of the last checkpoint becomes CONTROL_NO_CHECKPOINT, that of the one
 * before too where the release falls back to it (10), and the CRC is made anew.  All
 * else stays.  Measured on 10 to 19: with the label each starts, without it none.  The
 * errors are those of control_decode(), with ${bytes} untouched.
 */
MUST_CHECK int control_forget_checkpoint(uint8_t bytes[CONTROL_SIZE], struct error *err);

/*
 * Does it name a backup that the server recovered from, and has left for good?  So it does when a
 * server crashed during an exclusive backup: plain recovery goes on to the end of WAL, without the
 * record of its end, and no server removes the position after that (seen on 10 and 14).  The
 * server itself minds it only when it is in recovery again, to a target or as a standby, where it
 * waits for a record that never comes.
 */
bool control_has_old_backup(const struct control *control);

/* Make one that names no backup; the rest as control_forget_checkpoint(). */
MUST_CHECK int control_forget_backup(uint8_t bytes[CONTROL_SIZE], struct error *err);

#endif
