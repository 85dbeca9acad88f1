/* The slot of a backup: a help, which is missed with a warning and given up before it does harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "backup/cluster.h"
#include "backup/slot.h"
#include "server/online.h"
#include "server/online_check.h"
#include "server/slot.h"
#include "support/fake_message.c.inc"

/* ---- the server, in place of the program's ---- */

static struct {
	enum error_kind hold, position; /* what fails; ERROR_NONE: nothing */
	bool is_elsewhere, is_lost, is_due;
	unsigned held, asked, kept, dropped;
	bool is_stuck; /* it cannot be dropped */
} fake;
static struct session *connected;

int
slot_hold(struct slot **slot, const struct session_options *options,
    const struct slot_wish *wish, struct error *why)
{
	assert_true(wish == NULL || strcmp(wish->name, "s1") == 0);
	assert_ptr_equal(options->same_server, connected);
	*slot = NULL;
	if (fake.hold != ERROR_NONE)
		return error_set(why, fake.hold, 0, "no free slot");
	fake.held++;
	*slot = (struct slot *)&fake;
	return 0;
}

void
slot_keep(struct slot *slot)
{
	assert_non_null(slot);
	fake.kept++;
}

int
slot_drop(struct slot *slot, struct error *why)
{
	assert_non_null(slot);
	fake.dropped++;
	return fake.is_stuck ? error_set(why, ERROR_SERVER, 0, "no connection") : 0;
}

const char *
slot_name(const struct slot *slot)
{
	assert_non_null(slot);
	return "pg_basetar_1";
}

uint64_t
slot_start_lsn(const struct slot *slot)
{
	assert_non_null(slot);
	return 0x1000028;
}

bool
slot_is_held(struct slot *slot, struct error *why)
{
	assert_non_null(slot);
	return !fake.is_lost || error_set(why, ERROR_SERVER, 0, "the slot is gone") == 0;
}

bool
slot_in_datadir(const struct slot *slot, int datadir_fd)
{
	assert_int_equal(datadir_fd, 77);
	return slot && !fake.is_elsewhere;
}

void
slot_free(struct slot *slot)
{
	fake.held -= slot != NULL;
}

const char *
session_where(const struct session *s)
{
	assert_ptr_equal(s, connected);
	return "port 5432";
}

int
online_wal_position(struct session *s, uint64_t *lsn, struct error *err)
{
	assert_ptr_equal(s, connected);
	fake.asked++;
	*lsn = 0x3000000;
	return fake.position == ERROR_NONE ?
	    0 :
	    error_set(err, fake.position, 0, "no answer");
}

bool
slotguard_is_due(
    const struct slotguard *guard, const struct slotguard_now *now, struct error *why)
{
	assert_true(guard->start_lsn == 0x1000028 && now->wal_lsn == 0x3000000);
	assert_true(guard->segment_size == 16 << 20 && guard->wal_limit == 512 &&
	    guard->idle_limit == 60);
	assert_true(now->time >= guard->taken && guard->taken > 0);
	return fake.is_due && error_set(why, ERROR_STATE, 0, "the disk is full") == -1;
}

/* ---- the tests ---- */

#define WITHOUT(why) \
	"warning: WAL is not held back: " why \
	"; the backup fails if the server removes WAL it needs\n"

static struct backup_slot held;

static int
forget(void **state)
{
	(void)state;
	fake.hold = fake.position = ERROR_NONE;
	fake.is_elsewhere = fake.is_lost = fake.is_due = false;
	fake.held = fake.asked = 0;
	held = (struct backup_slot){ 0 };
	return 0;
}

/* ${name} of a lasting one; NULL: it is temporary. */
static int
hold_named(const char *name, struct error *err)
{
	static const struct backup_cluster cluster = {
		.pgdata = "/d", .datadir_fd = 77, .control.wal_segment_size = 16 << 20
	};
	static const struct session_options options = { .port = "5432" };
	static const struct online_server server = { .slot_wal_limit = 512,
		.slot_idle_limit = 60 };
	static int session;
	const struct backup_slot_server of = { &cluster, &options,
		(struct session *)&session, &server, name, name != NULL };

	connected = of.session;
	return backup_slot_hold(&held, &of, err);
}

static int
hold(struct error *err)
{
	return hold_named(NULL, err);
}

static int
watch(struct error *err)
{
	return backup_slot_watch(&held, connected, -1, err);
}

static void
held_and_dropped(void **state)
{
	struct error err = { 0 };

	(void)state;
	assert_int_equal(hold(&err), 0);
	assert_int_equal(watch(&err), 0);
	assert_int_equal(fake.held, 1);
	backup_slot_drop(&held);
	backup_slot_drop(&held);
	assert_int_equal(fake.held, 0);
	assert_int_equal(watch(&err), 0); /* no one is asked any more */
	assert_int_equal(fake.asked, 1);
	message_expect("");
}

/* With a name: it stays when the backup is complete, is dropped if not, and is a need. */
static void
lasting(void **state)
{
	static const struct {
		bool is_complete, is_stuck;
		const char *said;
	} rows[] = {
		{ true, false,
		    "replication slot \"s1\" keeps WAL for a standby until it is dropped\n" },
		{ false, false, "" },
		{ false, true,
		    "mishap: replication slot \"s1\" was not dropped: no connection\n"
		    "hint: Look for it on the server, and drop it: SELECT pg_drop_replication_slot('s1').\n" }
	};
	struct error err = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fake.is_stuck = rows[i].is_stuck;
		fake.kept = fake.dropped = 0;
		assert_int_equal(hold_named("s1", &err), 0);
		backup_slot_release(&held);
		assert_non_null(held.slot);
		backup_slot_end(&held, rows[i].is_complete);
		assert_null(held.slot);
		assert_int_equal(fake.held, 0);
		assert_int_equal(fake.kept, rows[i].is_complete);
		message_expect(rows[i].said);
	}
	fake.hold = ERROR_SERVER;
	assert_int_equal(hold_named("s1", &err), -1);
	assert_string_equal(err.text, "no free slot");
}

static void
done_without(void **state)
{
	struct error err = { 0 };

	(void)state;
	fake.hold = ERROR_SERVER;
	assert_int_equal(hold(&err), 0);
	assert_null(held.slot);
	assert_int_equal(watch(&err), 0);
	message_expect(WITHOUT("no free slot"));
}

static void
interrupted(void **state)
{
	struct error err = { 0 };

	(void)state;
	fake.hold = ERROR_CANCELLED;
	assert_int_equal(hold(&err), -1);
	assert_int_equal(err.kind, ERROR_CANCELLED);
	fake.hold = ERROR_NONE;
	assert_int_equal(hold(&err), 0);
	fake.position = ERROR_CANCELLED;
	assert_int_equal(watch(&err), -1);
	assert_int_equal(err.kind, ERROR_CANCELLED);
	message_expect("");
	backup_slot_drop(&held);
}

/* A slot that is not in the directory is one of another server. */
static void
of_another_cluster(void **state)
{
	struct error err = { 0 };

	(void)state;
	fake.is_elsewhere = true;
	assert_int_equal(hold(&err), -1);
	assert_int_equal(err.kind, ERROR_SERVER);
	assert_string_equal(err.text,
	    "the server at port 5432 does not work on \"/d\": its replication slot \"pg_basetar_1\" is missing from that directory");
	backup_slot_drop(&held);
	assert_int_equal(fake.held, 0);
}

/* Lost, about to do harm, or not to be watched any more: it is given up, and that is said once. */
static void
given_up(void **state)
{
	static const char *const said[] = { WITHOUT("the slot is gone"),
		WITHOUT("the disk is full"), WITHOUT("no answer") };

	for (size_t i = 0; i < 3; i++) {
		struct error err = { 0 };

		forget(state);
		assert_int_equal(hold(&err), 0);
		fake.is_lost = i == 0;
		fake.is_due = i == 1;
		fake.position = i == 2 ? ERROR_SERVER : ERROR_NONE;
		assert_int_equal(watch(&err), 0);
		assert_int_equal(watch(&err), 0);
		assert_null(held.slot);
		assert_int_equal(fake.held, 0);
		message_expect(said[i]);
	}
}

/* A lasting one is there without its connection; one that is given up is missed by name. */
static void
lasting_is_watched(void **state)
{
	struct error err = { 0 };

	(void)state;
	fake.is_stuck = false;
	assert_int_equal(hold_named("s1", &err), 0);
	fake.is_lost = true;
	assert_int_equal(watch(&err), 0);
	assert_non_null(held.slot);
	message_expect("");
	fake.is_due = true;
	assert_int_equal(watch(&err), 0);
	assert_null(held.slot);
	message_expect(
	    "warning: WAL is not held back: the disk is full; the backup fails if the server removes WAL it needs\n"
	    "warning: replication slot \"s1\" is dropped: a standby will not find it\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(held_and_dropped, forget),
		cmocka_unit_test_setup(lasting, forget),
		cmocka_unit_test_setup(done_without, forget),
		cmocka_unit_test_setup(interrupted, forget),
		cmocka_unit_test_setup(of_another_cluster, forget),
		cmocka_unit_test_setup(given_up, forget),
		cmocka_unit_test_setup(lasting_is_watched, forget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
