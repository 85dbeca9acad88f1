#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "server/slot.h"

#include "support/fake_libpq.c.inc"
#include "support/faketree.h"

#define ROLE \
	{ \
		.query = "SELECT pg_catalog.set_config('role', 'none', false)" \
	}
#define CREATE \
	.query = \
	    "SELECT * FROM pg_catalog.pg_create_physical_replication_slot($1, true, " \
	    "$2)"
#define DROP .query = "SELECT pg_catalog.pg_drop_replication_slot($1)"
#define FAILS(state, text) \
	.error = { .severity = "ERROR", .sqlstate = state, .primary = text }

static struct slot *
hold(void)
{
	const struct session_options options = { .interrupt_fd = -1 };
	struct error why = { 0 };
	struct slot *slot;

	if (slot_hold(&slot, &options, NULL, &why))
		fail_msg("%s", why.text);
	return slot;
}

static void
hold_and_free(void **state)
{
	struct error why = { 0 };
	struct slot *slot;

	(void)state;
	FAKE_SCRIPT(
	    FAKE_OPENING, ROLE, { CREATE, .rows = "pg_basetar_1_2|0/3000028" }, { DROP });
	slot = hold();
	assert_true(slot_is_held(slot, &why));
	assert_int_equal(slot_start_lsn(slot), 0x3000028);
	slot_free(slot);
	slot_free(NULL);
	fake_done();
}

static struct slot *
hold_named(bool is_lasting)
{
	const struct session_options options = { .interrupt_fd = -1 };
	const struct slot_wish wish = { "s1", is_lasting };
	struct error why = { 0 };
	struct slot *slot;

	assert_int_equal(slot_hold(&slot, &options, &wish, &why), 0);
	assert_string_equal(slot_name(slot), "s1");
	return slot;
}

/* One with a name is temporary or lasting; it is dropped, unless it is lasting and kept. */
static void
by_name(void **state)
{
	struct slot *slot;

	(void)state;
	FAKE_SCRIPT(FAKE_OPENING, ROLE,
	    { CREATE, .params = "s1|true", .rows = "s1|0/3000028" },
	    { DROP, .params = "s1" });
	slot = hold_named(false);
	slot_keep(slot);
	slot_free(slot);
	fake_done();
}

static void
kept(void **state)
{
	struct error why = { 0 };
	struct slot *slot;

	(void)state;
	FAKE_SCRIPT(
	    FAKE_OPENING, ROLE, { CREATE, .params = "s1|false", .rows = "s1|0/3000028" });
	slot = hold_named(true);
	slot_keep(slot);
	assert_int_equal(slot_drop(slot, &why), 0);
	slot_free(slot);
	fake_done();
}

static int interrupt[2];

static void
raise_interrupt(void)
{
	assert_int_equal(write(interrupt[1], "", 1), 1);
}

/* A signal comes with the next question. */
static void
arm_interrupt(const char *text)
{
	assert_non_null(text);
	fake_interrupt = raise_interrupt;
}

/* A signal that comes while a lasting one is made would leave it: it is made, and then dropped. */
static void
interrupted_while_made(void **state)
{
	const struct slot_wish wish = { "s1", true };
	struct session_options options = { .notice = arm_interrupt };
	struct error why = { 0 };
	struct slot *slot;

	(void)state;
	assert_int_equal(pipe(interrupt), 0);
	options.interrupt_fd = interrupt[0];
	FAKE_SCRIPT(FAKE_OPENING,
	    { .query = "SELECT pg_catalog.set_config('role', 'none', false)",
		.notice = { "NOTICE", "00000", "now", NULL, NULL } },
	    { CREATE, .params = "s1|false", .rows = "s1|0/3000028" },
	    { DROP, .params = "s1" });
	assert_int_equal(slot_hold(&slot, &options, &wish, &why), 0);
	slot_free(slot);
	close(interrupt[0]);
	close(interrupt[1]);
	fake_done();
}

/* The server's rule: lower case, digits, underscores, 63 bytes. */
static void
name_is_legal(void **state)
{
	char first[64];
	struct slot *slot;

	(void)state;
	for (int i = 0; i < 2; i++) {
		FAKE_SCRIPT(
		    FAKE_OPENING, ROLE, { CREATE, .rows = "x|0/3000028" }, { DROP });
		slot = hold();
		assert_memory_equal(slot_name(slot), "pg_basetar_", 11);
		assert_int_equal(
		    strspn(slot_name(slot), "abcdefghijklmnopqrstuvwxyz0123456789_"),
		    strlen(slot_name(slot)));
		assert_true(strlen(slot_name(slot)) < sizeof(first));
		if (i == 0)
			snprintf(first, sizeof(first), "%s", slot_name(slot));
		else
			assert_string_not_equal(slot_name(slot), first);
		slot_free(slot);
		fake_done();
	}
}

static void
lost(void **state)
{
	static const struct fake_message farewell = { "FATAL", "57P01", "see you", NULL,
		NULL };
	char expected[256];
	struct error why = { 0 };
	struct slot *slot;

	(void)state;
	FAKE_SCRIPT(FAKE_OPENING, ROLE, { CREATE, .rows = "x|0/3000028" });
	slot = hold();
	fake_hang_up(&farewell);
	assert_false(slot_is_held(slot, &why));
	assert_int_equal(why.kind, ERROR_SERVER);
	snprintf(expected, sizeof(expected),
	    "replication slot \"%s\": the connection to the server was lost: see you",
	    slot_name(slot));
	assert_string_equal(why.text, expected);
	slot_free(slot);
	fake_done();
}

static void
drop_fails(void **state)
{
	(void)state;
	FAKE_SCRIPT(FAKE_OPENING, ROLE, { CREATE, .rows = "x|0/3000028" },
	    { DROP, FAILS("42704", "replication slot does not exist") });
	slot_free(hold());
	fake_done();
}

static void
proves_the_directory(void **state)
{
	static const struct fake_file tree[] = { { "pg_replslot", DIRECTORY } };
	char *root = faketree_new(tree, 1), path[128];
	int fd = faketree_open(root);
	struct slot *slot;

	(void)state;
	FAKE_SCRIPT(FAKE_OPENING, ROLE, { CREATE, .rows = "x|0/3000028" }, { DROP });
	slot = hold();
	snprintf(path, sizeof(path), "pg_replslot/%s", slot_name(slot));
	assert_false(slot_in_datadir(slot, fd));
	faketree_put(root, path, "a file");
	assert_false(slot_in_datadir(slot, fd));
	faketree_put(root, path, LINK("."));
	assert_false(slot_in_datadir(slot, fd));
	faketree_remove(root, path);
	faketree_put(root, path, DIRECTORY);
	assert_true(slot_in_datadir(slot, fd));
	slot_free(slot);
	close(fd);
	faketree_free(root);
	fake_done();
}

/* Why there is none. */
static const struct row {
	const char *name;
	struct fake_step step;
	const char *text, *hint;
} rows[] = {
	{ "no privilege", { CREATE, FAILS("42501", "permission denied") },
	    "temporary replication slot: permission denied",
	    "The role requires the REPLICATION attribute: ALTER ROLE ... REPLICATION." },
	{ "none is free",
	    { CREATE,
		.error = { "ERROR", "53400", "all slots are in use", NULL,
		    "Free one." } },
	    "temporary replication slot: all slots are in use", "Free one." },
	{ "no slots at all", { CREATE, FAILS("55000", "can only be used if") },
	    "temporary replication slot: can only be used if",
	    "Raise max_replication_slots, or drop a slot." },
	{ "another reason", { CREATE, FAILS("XX000", "whatever") },
	    "temporary replication slot: whatever", "" },
	{ "connection is lost", { CREATE, .hangs_up = true },
	    "temporary replication slot: the connection to the server was lost: server "
	    "closed the connection unexpectedly",
	    "The server's log may say more." },
};

static void
refuse(const char *text, const char *hint)
{
	const struct session_options options = { .interrupt_fd = -1 };
	struct error why = { 0 };
	struct slot *slot = (struct slot *)&why;

	assert_int_equal(slot_hold(&slot, &options, NULL, &why), -1);
	assert_null(slot);
	assert_int_equal(why.kind, ERROR_SERVER);
	assert_string_equal(why.text, text);
	assert_string_equal(why.hint, hint);
	fake_done();
}

/* What was not made is not dropped. */
static void
check_refused(void **state)
{
	const struct row *row = *state;

	FAKE_SCRIPT(FAKE_OPENING, ROLE, row->step);
	refuse(row->text, row->hint);
}

static void
through_a_pooler(void **state)
{
	(void)state;
	FAKE_SCRIPT({ .connect = "dbname=postgres" FAKE_ALWAYS },
	    { .query = "SELECT pg_catalog.pg_backend_pid()", .rows = "99" });
	refuse(
	    "connection for the replication slot: a connection pooler is between pg_basetar and "
	    "the server on port 5432 of \"/run/postgresql\": the session runs in process 99, but the connection named process 4242",
	    "Connect to the server itself with -h and -p: a backup lasts as long as its session, and a pooler (pgbouncer) gives the session to other clients.");
}

static void
no_connection(void **state)
{
	(void)state;
	FAKE_SCRIPT(
	    { .connect = "dbname=postgres" FAKE_ALWAYS, .fails = "too many clients\n" });
	refuse("connection for the replication slot: too many clients", "");
}

/* It was made, yet is of no use. */
static void
reserves_nothing(void **state)
{
	static const char *const answers[] = { "x|~", "x|nowhere" };

	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		FAKE_SCRIPT(FAKE_OPENING, ROLE, { CREATE, .rows = answers[i] }, { DROP });
		refuse("the replication slot reserves no WAL", "");
	}
}

static const struct CMUnitTest plain[] = {
	cmocka_unit_test(hold_and_free),
	cmocka_unit_test(by_name),
	cmocka_unit_test(kept),
	cmocka_unit_test(interrupted_while_made),
	cmocka_unit_test(name_is_legal),
	cmocka_unit_test(lost),
	cmocka_unit_test(drop_fails),
	cmocka_unit_test(proves_the_directory),
	cmocka_unit_test(no_connection),
	cmocka_unit_test(through_a_pooler),
	cmocka_unit_test(reserves_nothing),
};

enum { PLAIN = sizeof(plain) / sizeof(plain[0]), ROWS = sizeof(rows) / sizeof(rows[0]) };

int
main(void)
{
	struct CMUnitTest tests[PLAIN + ROWS];

	memcpy(tests, plain, sizeof(plain));
	for (size_t i = 0; i < ROWS; i++)
		tests[PLAIN + i] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = check_refused,
			.initial_state = (void *)(uintptr_t)&rows[i] };
	return cmocka_run_group_tests_name("slot", tests, NULL, NULL);
}
