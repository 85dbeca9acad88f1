#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "support/command.h"
#include "support/fakesource.c.inc"
#include "support/faketree.h"
#include "support/smallcluster.h"

/*
 * The road of a backup, backup.c: which steps of its source are called in which order, and what is left
 * when one of them fails.
 */

/* ---- each step ---- */

#define LINE "-D %/data --offline -o %/out/a.tar --report=%/out/report"

struct step {
	const char *name;
	enum kind { STILL_ONE, RUNNING_ONE, STANDBY } kind;
	const char *fails;  /* NULL: none does */
	const char *called; /* all the steps then */
	const char *said;
};

#define STILL "new check begin control recheck free"
#define ON_STANDBY "new check begin accept replayed control stop release_wal end free"
#define RUNNING "new check begin accept control stop release_wal end free"

static const struct step steps[] = {
	{ "still: none fails", STILL_ONE, NULL, STILL, "" },
	{ "still: new", STILL_ONE, "new", "new", "injected into new" },
	{ "still: check", STILL_ONE, "check", "new check free", "injected into check" },
	{ "still: begin", STILL_ONE, "begin", "new check begin explain free",
	    "hint: It was explained." },
	{ "still: control", STILL_ONE, "control", "new check begin control explain free",
	    "injected into control\nhint: It was explained." },
	{ "still: recheck", STILL_ONE, "recheck",
	    "new check begin control recheck explain free", "injected into recheck" },
	{ "running: none fails", RUNNING_ONE, NULL, RUNNING, "" },
	{ "running: check", RUNNING_ONE, "check", "new check end free",
	    "injected into check" },
	{ "running: begin", RUNNING_ONE, "begin", "new check begin explain end free",
	    "injected into begin" },
	{ "running: accept", RUNNING_ONE, "accept", "new check begin accept end free",
	    "injected into accept" },
	{ "running: control", RUNNING_ONE, "control",
	    "new check begin accept control explain end free", "injected into control" },
	/* it is called while files are sent, every five seconds */
	{ "running: watch_tree", RUNNING_ONE, "watch_tree",
	    "new check begin accept control watch_tree explain end free",
	    "injected into watch_tree" },
	{ "running: stop", RUNNING_ONE, "stop",
	    "new check begin accept control stop end free", "injected into stop" },
	{ "standby: none fails", STANDBY, NULL, ON_STANDBY, "" },
	{ "standby: replayed", STANDBY, "replayed",
	    "new check begin accept replayed end free", "injected into replayed" },
};

/* What fails leaves nothing but the report, and says why; what does not is whole. */
static void
step(void **state)
{
	const struct step *step = *state;
	char *root = smallcluster_new(), report[4096], tar[4096];
	struct command c;

	if (step->kind != STILL_ONE)
		smallcluster_at_work(root);
	fake_reset(step->kind != STILL_ONE, step->fails);
	if (step->kind == STANDBY)
		fake_standby(root);
	if (step->fails && strcmp(step->fails, "watch_tree") == 0)
		fake.awaits = step->fails;
	command_expect(&c, root, LINE, step->fails ? REPORT_FAILED : REPORT_SOUND);
	assert_string_equal(fake.called, step->called);
	command_expect_said(&c, step->said);
	snprintf(tar, sizeof(tar), "%s/out/a.tar", root);
	snprintf(report, sizeof(report), "%s/out/report", root);
	assert_int_equal(access(tar, F_OK), step->fails ? -1 : 0);
	/* before there is a source there is nothing to write of */
	if (step->fails == NULL || strcmp(step->fails, "new") != 0)
		assert_int_equal(access(report, F_OK), 0);
	if (step->fails == NULL) {
		command_expect(&c, root, "verify %/out/a.tar", REPORT_SOUND);
		command_expect_said(&c,
		    step->kind != STILL_ONE ? "restorable, consistent from 0/1000C8" :
					      "restorable, consistent from 0/1000A0");
	}
	faketree_free(root);
}

/* ---- a signal ---- */

/* In a process of its own, which is asked to end for good; so this comes before other cases. */
static int
interrupted_child(const char *root)
{
	struct command c;

	fake_reset(true, NULL);
	fake.awaits = "a step that is never called";
	command_run(&c, root, LINE " --force");
	return c.status == REPORT_FAILED &&
		strstr(c.said, "interrupted by SIGTERM, no backup was made") &&
		strstr(fake.called, "end free") ?
	    0 :
	    1;
}

static void
interrupted(void **state)
{
	const struct timespec while_it_sends = { .tv_nsec = 500000000 };
	char *root = smallcluster_new(), archive[4096];
	int status;
	pid_t pid;

	(void)state;
	smallcluster_at_work(root);
	pid = fork();
	if (pid == 0)
		_exit(interrupted_child(root));
	nanosleep(&while_it_sends, NULL);
	assert_int_equal(kill(pid, SIGTERM), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	snprintf(archive, sizeof(archive), "%s/out/a.tar", root);
	assert_int_equal(access(archive, F_OK), -1);
	faketree_free(root);
}

int
main(void)
{
	enum { STEPS = sizeof(steps) / sizeof(steps[0]) };
	struct CMUnitTest tests[1 + STEPS] = { cmocka_unit_test(interrupted) };

	for (size_t i = 0; i < STEPS; i++)
		tests[1 + i] = (struct CMUnitTest){ .name = steps[i].name,
			.test_func = step,
			.initial_state = (void *)(uintptr_t)&steps[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
