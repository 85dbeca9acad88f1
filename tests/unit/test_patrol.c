/* Work in a thread of its own, and who looks after it: what ends it, and whose error counts. */
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/patrol.h"
#include "lib/interrupt.h"

static struct cancel cancel;
static atomic_uint ticks, cuts;
static int gate[2]; /* work that waits reads from it */

static struct patrol
new_patrol(void)
{
	atomic_store(&cancel.raised, false);
	atomic_store(&ticks, 0);
	atomic_store(&cuts, 0);
	return (struct patrol){ .cancel = &cancel, .outcome = "no backup was made" };
}

static int
succeed(struct patrol *p, struct error *err)
{
	(void)p;
	(void)err;
	return 0;
}

static int
fail_at_once(struct patrol *p, struct error *err)
{
	(void)p;
	return error_set(err, ERROR_STATE, 0, "the work failed");
}

/* Until it was cut twice: one kick may come too early. */
static int
wait_for_cut(struct patrol *p, struct error *err)
{
	char byte;

	while (atomic_load(&cuts) < 2)
		if (read(gate[0], &byte, 1) == 1)
			break;
	assert_true(cancel_is_raised(p->cancel));
	return error_set(err, ERROR_CANCELLED, 0, "called off");
}

static int
wait_for_tick(struct patrol *p, struct error *err)
{
	char byte;

	(void)p;
	(void)err;
	return read(gate[0], &byte, 1) == 1 ? 0 : -1;
}

static void
tick(struct patrol *p)
{
	(void)p;
	if (atomic_fetch_add(&ticks, 1) == 1)
		assert_int_equal(write(gate[1], "", 1), 1);
}

static void
cut(struct patrol *p)
{
	assert_true(cancel_is_raised(p->cancel));
	if (atomic_fetch_add(&cuts, 1) == 1)
		assert_int_equal(write(gate[1], "", 1), 1);
}

static int
hurry_fails(struct patrol *p, struct error *err)
{
	(void)p;
	return error_set(err, ERROR_SERVER, 0, "the server is gone");
}

static int
open_gate(void **state)
{
	(void)state;
	return pipe(gate);
}

static int
close_gate(void **state)
{
	(void)state;
	return close(gate[0]) || close(gate[1]);
}

static void
done_and_failed(void **state)
{
	static const struct patrol_ops works = { .work = succeed };
	static const struct patrol_ops fails = { .work = fail_at_once };
	struct patrol p = new_patrol();
	struct error err = { 0 };

	(void)state;
	assert_int_equal(patrol_run(&p, &works, &err), 0);
	assert_int_equal(patrol_run(&p, &fails, &err), -1);
	assert_string_equal(err.text, "the work failed");
	assert_false(cancel_is_raised(&cancel));
}

/* While it works it is looked after. */
static void
ticking(void **state)
{
	static const struct patrol_ops ops = { .work = wait_for_tick, .tick = tick };
	struct patrol p = new_patrol();
	struct error err = { 0 };

	(void)state;
	assert_int_equal(patrol_run(&p, &ops, &err), 0);
	assert_true(atomic_load(&ticks) >= 2);
}

/* What the patrol found counts, not what the work says of being called off. */
static void
called_off(void **state)
{
	static const struct patrol_ops ops = {
		.work = wait_for_cut, .hurry = hurry_fails, .cut = cut
	};
	struct patrol p = new_patrol();
	struct error err = { 0 };

	(void)state;
	assert_int_equal(patrol_run(&p, &ops, &err), -1);
	assert_int_equal(err.kind, ERROR_SERVER);
	assert_string_equal(err.text, "the server is gone");
	assert_true(cancel_is_raised(&cancel));
	assert_true(atomic_load(&cuts) >= 2);
}

/* A signal, in a process of its own, as it is remembered. */
static int
interrupted_child(int signal, const char *name)
{
	static const struct patrol_ops waits = { .work = wait_for_cut, .cut = cut };
	static const struct patrol_ops works = { .work = succeed };
	struct patrol p = new_patrol();
	struct error err = { 0 };
	char text[128];

	if (raise(signal))
		return 2;
	snprintf(text, sizeof(text), "interrupted by %s, no backup was made", name);
	if (patrol_run(&p, &waits, &err) != -1 || err.kind != ERROR_CANCELLED ||
	    strcmp(err.text, text) != 0)
		return 3;
	/* it is seen by whoever looks next; work that was done all the same is done */
	err = (struct error){ 0 };
	return patrol_run(&p, &works, &err) == 0 || err.kind == ERROR_CANCELLED ? 0 : 4;
}

static void
interrupted(void **state)
{
	static const struct {
		int signal;
		const char *name;
	} signals[] = { { SIGINT, "SIGINT" }, { SIGTERM, "SIGTERM" },
		{ SIGHUP, "SIGHUP" } };

	(void)state;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		pid_t pid = fork();
		int status;

		if (pid == 0)
			_exit(interrupted_child(signals[i].signal, signals[i].name));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
}

/* Once: the children have it too. */
static int
install(void **state)
{
	struct error err;

	(void)state;
	return interrupt_install(&err);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_gate, close_gate)
	const struct CMUnitTest tests[] = {
		CASE(done_and_failed),
		CASE(ticking),
		CASE(called_off),
		CASE(interrupted),
	};

	return cmocka_run_group_tests(tests, install, NULL);
}
