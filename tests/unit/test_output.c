#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/command.h"
#include "support/faketree.h"
#include "support/smallcluster.h"

/* Where a backup goes: what is refused, what is taken, and what is left in each place. */

struct row {
	const char *name;
	const char *options;
	int status;
	const char *said;            /* NULL: nothing */
	const char *path, *content;  /* below the root, before; NULL */
	const char *there, *missing; /* below the root, after; NULL */
};

#define FAILS REPORT_FAILED
#define SOUND REPORT_SOUND

static const struct row rows[] = {
	{ "a file", "-o %/out/a.tar", SOUND, NULL, NULL, NULL, "out/a.tar", NULL },
	{ "a file that is not synced", "-N -o %/out/a.tar", SOUND, NULL, NULL, NULL,
	    "out/a.tar", NULL },
	{ "a name with dots", "-o %/out/../out/./a.tar", SOUND, NULL, NULL, NULL,
	    "out/a.tar", NULL },
	{ "a limited rate", "-r 100M -o %/out/a.tar", SOUND, NULL, NULL, NULL,
	    "out/a.tar", NULL },
	{ "records of a tape, a limited rate", "-b 7 -r 100M -z -o %/out/a.tar.gz", SOUND,
	    NULL, NULL, NULL, "out/a.tar.gz", NULL },
	{ "a directory", "-o %/out", FAILS, "Is a directory", NULL, NULL, NULL, NULL },
	{ "a directory, by force", "-o %/out --force", FAILS, "Is a directory", NULL,
	    NULL, "out", NULL },
	{ "below a file", "-o %/data/PG_VERSION/a.tar", FAILS, "Not a directory", NULL,
	    NULL, NULL, NULL },
	{ "a link to nothing", "-o %/out/link", FAILS, "File exists", "out/link",
	    LINK_BELOW("out/a.tar"), NULL, "out/a.tar" },
	{ "a socket", "-o %/out/socket", FAILS, "is not a regular file", "out/socket",
	    SOCKET, "out/socket", NULL },
	{ "the device that takes all", "-o /dev/null", SOUND, NULL, NULL, NULL, NULL,
	    NULL },
	{ "the device that is full", "-o /dev/full", FAILS, "No space left on device",
	    NULL, NULL, NULL, NULL },
	{ "a descriptor that is closed", "-o /dev/fd/77", FAILS, "/dev/fd/77", NULL, NULL,
	    NULL, NULL },
	{ "a descriptor without a number", "-o /dev/fd/x", FAILS, "/dev/fd/x", NULL, NULL,
	    NULL, NULL },

	{ "split", "--split -o %/out/set", SOUND, NULL, NULL, NULL, "out/set/base.tar",
	    NULL },
	{ "split, a limited rate", "--split -z -r 100M -o %/out/set/", SOUND, NULL, NULL,
	    NULL, "out/set/16400.tar.gz", NULL },
	{ "split, a directory that is empty", "--split -o %/out/set", SOUND, NULL,
	    "out/set", DIRECTORY, "out/set/backup_manifest", NULL },
	{ "split, a directory that is not", "--split -o %/out/set", FAILS,
	    "Directory not empty", "out/set/.hidden", "x", "out/set/.hidden",
	    "out/set/base.tar" },
	{ "split, a file", "--split -o %/out/set", FAILS, "Not a directory", "out/set",
	    "x", "out/set", NULL },
	{ "split, in the data directory", "--split -o %/data/set", FAILS,
	    "inside the data directory", NULL, NULL, NULL, "data/set" },
	{ "split, in a tablespace", "--split -o %/spc/set", FAILS, "inside tablespace",
	    NULL, NULL, NULL, "spc/set" },
	{ "split, no parent", "--split -o %/none/set", FAILS, "No such file", NULL, NULL,
	    NULL, "none" },
	{ "split, to standard output", "--split", FAILS, "needs a directory", NULL, NULL,
	    NULL, NULL },

	{ "a report", "-o %/out/a.tar --report=%/out/r", SOUND, NULL, NULL, NULL, "out/r",
	    NULL },
	{ "a file that is no report", "-o %/out/a.tar --report=%/out/r", FAILS,
	    "is not a report of pg_basetar", "out/r", "precious", "out/r", "out/a.tar" },
	{ "a report in the directory of the output",
	    "--split -o %/out/set "
	    "--report=%/out/set/r",
	    FAILS, "is inside the output", "out/set", DIRECTORY, "out/set",
	    "out/set/base.tar" },
	{ "a report without a directory", "-o %/out/a.tar --report=%/none/r", FAILS,
	    "No such file", NULL, NULL, NULL, "out/a.tar" },
	{ "a report that is a directory", "-o %/out/a.tar --report=%/out", FAILS,
	    "Is a directory", NULL, NULL, NULL, "out/a.tar" },
};

static bool
exists(const char *root, const char *path)
{
	char full[4096];

	snprintf(full, sizeof(full), "%s/%s", root, path);
	return access(full, F_OK) == 0;
}

static void
expect_row(void **state)
{
	const struct row *row = *state;
	char *root = smallcluster_new(), line[1024];
	struct command c;

	if (row->path)
		faketree_put(root, row->path, row->content);
	smallcluster_give(root);
	snprintf(line, sizeof(line), "-D %%/data --offline %s", row->options);
	command_expect(&c, root, line, row->status);
	command_expect_said(&c, row->said ? row->said : "");
	if (row->there && !exists(root, row->there))
		fail_msg("%s is not there", row->there);
	if (row->missing && exists(root, row->missing))
		fail_msg("%s is there", row->missing);
	faketree_free(root);
}

/* ---- what somebody else reads ---- */

/* A child that reads a descriptor, all of it or ${most} bytes, into the file ${path}. */
static pid_t
reader(int from, int not, const char *root, const char *path, size_t most)
{
	char full[4096], bytes[4096];
	pid_t pid = fork();
	ssize_t len;
	int to;

	if (pid != 0)
		return pid;
	close(not );
	snprintf(full, sizeof(full), "%s/%s", root, path);
	to = open(full, O_WRONLY | O_CREAT, 0644);
	while (most > 0 && (len = read(from, bytes, sizeof(bytes))) > 0) {
		most -= (size_t)len < most ? (size_t)len : most;
		if (write(to, bytes, (size_t)len) != len)
			_exit(1);
	}
	_exit(0);
}

static void
into_a_pipe(void **state)
{
	char *root = smallcluster_new(), line[256];
	struct command c;
	int ends[2];
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	pid = reader(ends[0], ends[1], root, "out/piped.tar", SIZE_MAX);
	close(ends[0]);
	snprintf(line, sizeof(line), "-D %%/data --offline -o /dev/fd/%d", ends[1]);
	command_expect(&c, root, line, REPORT_SOUND);
	close(ends[1]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	command_expect(&c, root, "verify %/out/piped.tar", REPORT_SOUND);
	faketree_free(root);
}

/* Nobody reads the rest. */
static void
into_a_broken_pipe(void **state)
{
	char *root = smallcluster_new(), line[256];
	struct command c;
	int ends[2];
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	pid = reader(ends[0], ends[1], root, "out/cut.tar", 100000);
	close(ends[0]);
	snprintf(line, sizeof(line), "-D %%/data --offline -o /dev/fd/%d", ends[1]);
	command_expect(&c, root, line, REPORT_FAILED);
	command_expect_said(&c, "Broken pipe");
	close(ends[1]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	command_expect(&c, root, "verify %/out/cut.tar", REPORT_FAILED);
	faketree_free(root);
}

int
main(void)
{
	enum { ROWS = sizeof(rows) / sizeof(rows[0]), OTHERS = 2 };
	struct CMUnitTest tests[OTHERS + ROWS] = {
		cmocka_unit_test(into_a_pipe),
		cmocka_unit_test(into_a_broken_pipe),
	};

	for (size_t i = 0; i < ROWS; i++)
		tests[OTHERS + i] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = expect_row,
			.initial_state = (void *)(uintptr_t)&rows[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
