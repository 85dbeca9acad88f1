/*
 * The replication slot of a backup: taken, looked at and given up.
 */
#include <stdio.h>

#include "backup/cluster.h"
#include "backup/slot.h"
#include "cli/message.h"
#include "lib/sys.h"
#include "server/online.h"
#include "server/online_check.h"
#include "server/session.h"
#include "server/slot.h"

/* A slot is a help, no need: that the WAL is all there is checked in the end. */
static void
warn_without_slot(const struct error *why)
{
	char text[sizeof(why->text) + 128];

	snprintf(text, sizeof(text),
	    "WAL is not held back: %s; the backup fails if the server removes WAL it needs",
	    why->text);
	message_warning(text);
}

static void
start_guard(struct backup_slot *held, const struct backup_slot_server *of)
{
	held->guard = (struct slotguard){
		.start_lsn = slot_start_lsn(held->slot),
		.taken = sys_monotonic(),
		.segment_size = of->cluster->control.wal_segment_size,
		.wal_limit = of->server->slot_wal_limit,
		.idle_limit = of->server->slot_idle_limit,
	};
}

int
backup_slot_hold(
    struct backup_slot *held, const struct backup_slot_server *of, struct error *err)
{
	const struct slot_wish wish = { of->name, of->is_lasting };
	struct session_options same_server = *of->connection;
	struct error why = { 0 };

	same_server.same_server = of->session;
	if (slot_hold(&held->slot, &same_server, of->name ? &wish : NULL, &why)) {
		if (why.kind != ERROR_CANCELLED && of->name == NULL) {
			warn_without_slot(&why);
			return 0;
		}
		*err = why;
		return -1;
	}
	held->lasting = of->is_lasting ? of->name : NULL;
	start_guard(held, of);
	if (slot_in_datadir(held->slot, of->cluster->datadir_fd))
		return 0;
	error_set(err, ERROR_SERVER, 0,
	    "the server at %s does not work on \"%s\": its replication slot \"%s\" is missing from that directory",
	    session_where(of->session), of->cluster->pgdata, slot_name(held->slot));
	return error_hint(err, "Check -D, -h and -p: they must name the same cluster.");
}

/* Is it lost, or to be given up?  What cannot be found out is no reason. */
static int
look_at_slot(const struct backup_slot *held, struct session *session, int wal_fd,
    bool *is_over, struct error *why, struct error *err)
{
	struct slotguard_now now = { .time = sys_monotonic() };
	struct error ignored = { 0 };

	/* a lasting one does not go with its connection */
	*is_over = held->lasting == NULL && !slot_is_held(held->slot, why);
	if (*is_over)
		return 0;
	if (online_wal_position(session, &now.wal_lsn, err)) {
		if (err->kind == ERROR_CANCELLED)
			return -1;
		*why = *err; /* no one could see any more what it does */
		*is_over = true;
		return 0;
	}
	if (sys_room(wal_fd, &now.available, &now.total, &ignored))
		now.available = now.total = 0;
	*is_over = slotguard_is_due(&held->guard, &now, why);
	return 0;
}

/* The backup may be sound, yet lacks what was to be there for the standby. */
static void
warn_of_lasting(const char *name)
{
	char text[192];

	snprintf(text, sizeof(text),
	    "replication slot \"%s\" is dropped: a standby will not find it", name);
	message_warning(text);
}

int
backup_slot_watch(
    struct backup_slot *held, struct session *session, int wal_fd, struct error *err)
{
	struct error why = { 0 };
	bool is_over;

	if (held->slot == NULL)
		return 0;
	if (look_at_slot(held, session, wal_fd, &is_over, &why, err))
		return -1;
	if (is_over) {
		warn_without_slot(&why);
		if (held->lasting)
			warn_of_lasting(held->lasting);
		backup_slot_drop(held);
	}
	return 0;
}

void
backup_slot_release(struct backup_slot *held)
{
	if (held->lasting == NULL)
		backup_slot_drop(held);
}

void
backup_slot_end(struct backup_slot *held, bool is_complete)
{
	if (held->slot && held->lasting && is_complete) {
		slot_keep(held->slot);
		message_note(
		    "replication slot \"%s\" keeps WAL for a standby until it is dropped",
		    held->lasting);
	}
	backup_slot_drop(held);
}

/* One that stays fills the disk of the server some day. */
static void
drop_lasting(const struct backup_slot *held)
{
	struct error why = { 0 };

	if (slot_drop(held->slot, &why) == 0)
		return;
	why.hint[0] = '\0';
	error_wrap(&why, "replication slot \"%s\" was not dropped", held->lasting);
	error_hint(&why,
	    "Look for it on the server, and drop it: SELECT pg_drop_replication_slot('%s').",
	    held->lasting);
	message_mishap(&why);
}

void
backup_slot_drop(struct backup_slot *held)
{
	if (held->slot && held->lasting)
		drop_lasting(held);
	slot_free(held->slot);
	held->slot = NULL;
}
