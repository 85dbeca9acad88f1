#ifndef PG_BASETAR_BACKUP_SLOT_H
#define PG_BASETAR_BACKUP_SLOT_H

#include <stdbool.h>

#include "lib/error.h"
#include "server/slotguard.h"

struct backup_cluster;
struct online_server;
struct session;
struct session_options;
struct slot;

/* WAL that a server holds back for us, until it has been sent or does harm. */
struct backup_slot {
	struct slot *slot; /* NULL: WAL is not held back */
	struct slotguard guard;
	/* of the name that the user gave; NULL: it is temporary, and goes with the backup */
	const char *lasting;
};

/* The server: how it is reached, the session with it, what it says of itself.  Borrowed. */
struct backup_slot_server {
	const struct backup_cluster *cluster;
	const struct session_options *connection;
	struct session *session;
	const struct online_server *server;
	const char *name; /* that the user gave; NULL: none */
	bool is_lasting;  /* with a name: it stays when the backup is complete */
};

/*
 * A server that does not hold WAL back is a warning; one of another cluster is ERROR_SERVER, and so
 * is a slot with a name that could not be made.
 */
MUST_CHECK int backup_slot_hold(
    struct backup_slot *, const struct backup_slot_server *, struct error *err);

/*
 * From time to time: was the slot lost, or does the WAL that it holds back fill the file system of
 * pg_wal, ${wal_fd}, so that it is given up?
 */
MUST_CHECK int backup_slot_watch(
    struct backup_slot *, struct session *, int wal_fd, struct error *err);

/* It is not needed any more: a temporary one is dropped. */
void backup_slot_release(struct backup_slot *);

/* The run is over: a lasting one stays if the backup ${is_complete}. */
void backup_slot_end(struct backup_slot *, bool is_complete);

/* Whichever it is. */
void backup_slot_drop(struct backup_slot *);

#endif
