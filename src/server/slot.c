/*
 * The slot is created with SQL functions in an ordinary connection: that takes the REPLICATION
 * attribute, but no entry for "replication" in pg_hba.conf, which only the replication protocol
 * needs.  It is temporary, so that the server drops it however this program ends.
 */
#include "server/slot.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/lsn.h"

/* NAMEDATALEN of the server, less its NUL. */
#define NAME_SIZE 64

/* A drop takes milliseconds; the closed connection does it too. */
#define DROP_SECONDS 5

struct slot {
	struct session *session;
	bool is_made; /* by us, and it is not to stay */
	bool is_lasting;
	uint64_t start_lsn;
	char name[NAME_SIZE];
};

/*
 * The pid tells a DBA whose it is.  The nanoseconds keep apart those of one pid, which
 * may run in several containers at once.  Lower case, digits and underscores are all
 * that a name may have.
 */
static void
make_name(char name[NAME_SIZE])
{
	struct timespec now = { 0 };
	uint32_t mixed;

	clock_gettime(CLOCK_REALTIME, &now);
	mixed = (uint32_t)now.tv_sec * UINT32_C(2654435761) ^ (uint32_t)now.tv_nsec << 2;
	snprintf(name, NAME_SIZE, "pg_basetar_%ld_%08x", (long)getpid(), (unsigned)mixed);
}

/* What can be done about the two reasons that are common. */
static int
slot_explain(const struct slot *slot, bool is_named, struct error *why)
{
	const char *state = session_sqlstate(slot->session);

	if (is_named)
		error_wrap(why, "replication slot \"%s\"", slot->name);
	else
		error_wrap(why, "temporary replication slot");
	/* duplicate_object */
	if (strcmp(state, "42710") == 0)
		return error_hint(why,
		    "Name another slot with --slot; or leave out --create-slot, if this one is of the standby.");
	/* insufficient_privilege */
	if (strcmp(state, "42501") == 0)
		return error_hint(why,
		    "The role requires the REPLICATION attribute: ALTER ROLE ... REPLICATION.");
	/* configuration_limit_exceeded, object_not_in_prerequisite_state */
	if (strcmp(state, "53400") == 0 || strcmp(state, "55000") == 0)
		return error_hint(why, "Raise max_replication_slots, or drop a slot.");
	return -1;
}

/*
 * It is the role that logged in that has REPLICATION, whatever a setting of it has made of it
 * since (ALTER ROLE ... SET role).
 */
static int
leave_role(struct session *session, struct error *why)
{
	struct session_rows rows;

	if (session_query(session, "SELECT pg_catalog.set_config('role', 'none', false)",
		0, NULL, &rows, why))
		return -1;
	session_rows_free(&rows);
	return 0;
}

/*
 * A temporary slot goes with the connection.  A lasting one would stay if the wait for the answer were
 * called off, and no one would know whether it is ours: so it is waited for, and whoever asked us to
 * end is heard after it.
 */
static int
make_slot(struct slot *slot, struct session_rows *rows, struct error *why)
{
	const char *params[2] = { slot->name, slot->is_lasting ? "false" : "true" };

	if (slot->is_lasting)
		session_ignore_interrupt(slot->session);
	/* true: reserve WAL at once */
	return session_query(slot->session,
	    "SELECT * FROM pg_catalog.pg_create_physical_replication_slot($1, true, "
	    "$2)",
	    2, params, rows, why);
}

int
slot_hold(struct slot **out, const struct session_options *options,
    const struct slot_wish *wish, struct error *why)
{
	const char *from;
	struct session_rows rows = { 0 };
	struct slot *slot = calloc(1, sizeof(*slot));

	*out = NULL;
	if (slot == NULL)
		return error_memory(why);
	slot->is_lasting = wish && wish->is_lasting;
	if (wish)
		snprintf(slot->name, sizeof(slot->name), "%s", wish->name);
	else
		make_name(slot->name);
	if (session_open(&slot->session, options, why)) {
		error_wrap(why, "connection for the replication slot");
		goto out;
	}
	if (leave_role(slot->session, why) || make_slot(slot, &rows, why)) {
		slot_explain(slot, wish != NULL, why);
		goto out;
	}
	slot->is_made = true;
	from = session_value(&rows, 0, 1);
	if (from == NULL || !lsn_parse(from, &slot->start_lsn)) {
		error_set(why, ERROR_SERVER, 0, "the replication slot reserves no WAL");
		goto out;
	}
	*out = slot;
	slot = NULL;
out:
	session_rows_free(&rows);
	slot_free(slot);
	return *out ? 0 : -1;
}

const char *
slot_name(const struct slot *slot)
{
	return slot->name;
}

uint64_t
slot_start_lsn(const struct slot *slot)
{
	return slot->start_lsn;
}

bool
slot_is_held(struct slot *slot, struct error *why)
{
	if (session_check(slot->session, why) == 0)
		return true;
	error_wrap(why, "replication slot \"%s\"", slot->name);
	return false;
}

bool
slot_in_datadir(const struct slot *slot, int datadir_fd)
{
	char path[sizeof("pg_replslot/") + NAME_SIZE];
	struct stat st;

	snprintf(path, sizeof(path), "pg_replslot/%s", slot->name);
	return fstatat(datadir_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISDIR(st.st_mode);
}

void
slot_keep(struct slot *slot)
{
	slot->is_made = slot->is_made && !slot->is_lasting;
}

int
slot_drop(struct slot *slot, struct error *why)
{
	const char *params[1] = { slot->name };
	struct session_rows rows;

	if (!slot->is_made)
		return 0;
	session_ignore_interrupt(slot->session);
	if (session_check(slot->session, why) ||
	    session_query_within(slot->session, DROP_SECONDS,
		"SELECT pg_catalog.pg_drop_replication_slot($1)", 1, params, &rows, why))
		return -1;
	session_rows_free(&rows);
	slot->is_made = false;
	return 0;
}

/*
 * The end of the connection drops a temporary one as well, but a moment after we are gone: a
 * backup that has ended leaves no slot.
 */
void
slot_free(struct slot *slot)
{
	struct error ignored;

	if (slot == NULL)
		return;
	if (slot->session)
		session_ignore_interrupt(slot->session);
	(void)!slot_drop(slot, &ignored);
	session_free(slot->session);
	free(slot);
}
