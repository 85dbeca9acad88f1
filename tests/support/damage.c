#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/damage.h"

#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ARGUMENTS = 6 };

const char *
damage_program(void)
{
	static char path[PATH_MAX + 16];
	char self[PATH_MAX] = "";

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) == -1)
		abort();
	snprintf(path, sizeof(path), "%s/mutilate", dirname(dirname(dirname(self))));
	return path;
}

static void
run_child(const char *const arguments[])
{
	char *argv[ARGUMENTS + 2] = { NULL };

	argv[0] = strdup("mutilate");
	for (size_t i = 0; i < ARGUMENTS && arguments[i]; i++)
		argv[i + 1] = strdup(arguments[i]);
	if (freopen("/dev/null", "w", stderr))
		execv(damage_program(), argv);
	_exit(127);
}

bool
damage_run(const char *const arguments[])
{
	int status;
	pid_t pid = fork();

	/* what the tool itself leaks is no reason to leave a row out */
	setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
	if (pid == 0)
		run_child(arguments);
	if (pid == -1 || waitpid(pid, &status, 0) == -1 || !WIFEXITED(status) ||
	    WEXITSTATUS(status) > 125)
		fail_msg("cannot run %s %s", damage_program(), arguments[0]);
	return WEXITSTATUS(status) == 0;
}
