#ifndef PG_BASETAR_SERVER_SLOT_H
#define PG_BASETAR_SERVER_SLOT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/error.h"
#include "server/session.h"

/*
 * A temporary physical replication slot that holds back all WAL from the redo position of
 * the last checkpoint on, so that no segment of the backup is recycled before it was
 * read.
 *
 * It lives in a connection of its own, which does nothing else: any SQL error in the
 * session that owns a temporary slot drops it (measured on 15), and a server that takes
 * the slot away (max_slot_wal_keep_size, idle_replication_slot_timeout) does so by
 * ending that session, and with it a backup that ran there.  To lose the slot is no
 * error of the backup: the WAL may still be all there.
 */
struct slot;

/* A slot that has a name of the user's, for a standby to come; else it is temporary. */
struct slot_wish {
	const char *name;
	bool is_lasting; /* until it is dropped; else it is temporary all the same */
};

/*
 * Connect as ${options} say and make the slot, as ${wish} says (NULL: temporary); call it before the backup starts, for
 * later the slot may begin too late.  Set options->same_server to the session of the backup,
 * to reach the same server without asking for a password again.
 *
 * On failure *slot is NULL.  ERROR_CANCELLED: an interrupt.  Anything else means that the
 * backup must do without a slot, for want of the REPLICATION attribute, of a free slot or
 * of a connection: ${why} says so, with a hint.
 */
MUST_CHECK int slot_hold(struct slot **slot, const struct session_options *options,
    const struct slot_wish *wish, struct error *why);

/* "pg_basetar_4242_1a2b3c4d": unique on the server. */
const char *slot_name(const struct slot *slot);

/* What it holds back begins at this position. */
uint64_t slot_start_lsn(const struct slot *slot);

/*
 * Does the server still hold it for us?  Asks the server nothing and does not wait.
 * False: ${why} says how it was lost, as ERROR_SERVER.
 */
bool slot_is_held(struct slot *slot, struct error *why);

/*
 * Does the slot lie in this data directory?  The server keeps each as a directory
 * pg_replslot/NAME.  True proves that it is the server of ${datadir_fd}.
 */
bool slot_in_datadir(const struct slot *slot, int datadir_fd);

/* A lasting one stays when it is freed; or drop it now.  ERROR_SERVER: it may be there still. */
void slot_keep(struct slot *slot);
MUST_CHECK int slot_drop(struct slot *slot, struct error *why);

/* Drop the slot and close the connection.  NULL is no slot. */
void slot_free(struct slot *slot);

#endif
