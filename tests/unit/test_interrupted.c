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
#include "support/faketree.h"
#include "support/smallcluster.h"

/*
 * A signal while a command waits for the rest of a backup that comes through a pipe: it ends at once, says
 * so, and a restore leaves nothing that a server starts on.
 */

static const struct row {
	const char *name, *line, *said;
	int signal;
	size_t fed; /* bytes of the backup that come before */
} rows[] = {
	{ "verify, SIGTERM", "verify -",
	    "interrupted by SIGTERM, the backup was not verified", SIGTERM, 300000 },
	{ "verify, SIGINT, nothing has come", "verify -", "interrupted by SIGINT", SIGINT,
	    0 },
	{ "verify, SIGHUP, in a header", "verify -", "interrupted by SIGHUP", SIGHUP,
	    1000 },
	{ "info", "info -", "interrupted by SIGTERM", SIGTERM, 300000 },
	{ "restore", "restore - -D %/out/copy -T %/spc=%/out/space",
	    "interrupted by SIGTERM, the backup was not restored", SIGTERM, 300000 },
	{ "restore, nothing has come", "restore - -D %/out/copy -T %/spc=%/out/space",
	    "interrupted by SIGTERM, the backup was not restored", SIGTERM, 0 },
};

/* Each command has a process of its own, as a signal asks one to end for good. */
static int
backup_child(const char *root)
{
	struct command c;

	command_run(&c, root, "-D %/data --offline -q -o %/out/a.tar");
	return c.status;
}

static int
child(const struct row *row, const char *root, int from)
{
	struct command c;

	if (dup2(from, 0) == -1)
		return 2;
	command_run(&c, root, row->line);
	if (c.status == REPORT_FAILED && strstr(c.said, row->said))
		return 0;
	fprintf(stderr, "%d:\n%s\n", c.status, c.said);
	return 1;
}

/* The first bytes of the backup, which a pipe may not hold at once: so by a process as well. */
static pid_t
feed(const char *root, int to, int other, size_t most)
{
	char path[4096], bytes[4096];
	pid_t pid = fork();
	FILE *f;

	if (pid != 0)
		return pid;
	close(other);
	snprintf(path, sizeof(path), "%s/out/a.tar", root);
	f = fopen(path, "r");
	while (f && most > 0) {
		size_t len =
		    fread(bytes, 1, most < sizeof(bytes) ? most : sizeof(bytes), f);

		if (len == 0 || write(to, bytes, len) != (ssize_t)len)
			break;
		most -= len;
	}
	for (;;)
		pause();
}

static void
interrupted(void **state)
{
	const struct timespec while_it_reads = { .tv_nsec = 400000000 };
	const struct row *row = *state;
	char *root = smallcluster_new(), control[4096];
	int ends[2], status;
	pid_t feeder, pid;

	pid = fork();
	if (pid == 0)
		_exit(backup_child(root));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(pipe(ends), 0);
	feeder = feed(root, ends[1], ends[0], row->fed);
	pid = fork();
	if (pid == 0)
		_exit(child(row, root, ends[0]));
	nanosleep(&while_it_reads, NULL);
	assert_int_equal(kill(pid, row->signal), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(kill(feeder, SIGKILL), 0);
	assert_int_equal(waitpid(feeder, NULL, 0), feeder);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	snprintf(control, sizeof(control), "%s/out/copy/global/pg_control", root);
	assert_int_equal(access(control, F_OK), -1);
	close(ends[0]);
	close(ends[1]);
	faketree_free(root);
}

int
main(void)
{
	enum { ROWS = sizeof(rows) / sizeof(rows[0]) };
	struct CMUnitTest tests[ROWS];

	for (size_t i = 0; i < ROWS; i++)
		tests[i] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = interrupted,
			.initial_state = (void *)(uintptr_t)&rows[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
