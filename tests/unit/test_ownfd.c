/* Names that are descriptors of ours, by whatever links. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/ownfd.h"
#include "support/faketree.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char *root;

static int
setup(void **state)
{
	static const struct fake_file tree[] = { { "data", DIRECTORY }, { "file", "" },
		{ "to-file", LINK("file") }, { "to-nothing", LINK("nothing") },
		{ "loop", LINK("loop") }, { "fds", LINK("/proc/self/fd") },
		{ "out", LINK("/dev/stdout") }, { "to-out", LINK("./out") },
		{ "link-of-fds", LINK("fds/7") }, { "to-null", LINK("/dev/null") } };

	(void)state;
	return faketree_enter(&root, tree, COUNT(tree));
}

static struct named {
	const char *path;
	int fd;
} named[] = {
	{ "/dev/stdout", 1 },
	{ "/dev/stderr", 2 },
	{ "/dev/stdin", 0 },
	{ "/dev/fd/9", 9 },
	{ "/dev/fd/../fd//63", 63 },
	{ "/proc/self/fd/1", 1 },
	{ "/proc/thread-self/fd/4", 4 },
	{ "out", 1 },
	{ "to-out", 1 },
	{ "fds/3", 3 },
	{ "link-of-fds", 7 },
	{ "data/../fds/12", 12 },
	{ "/dev/fd", -1 },
	{ "/dev/fd/x", -1 },
	{ "/dev/fd/01", -1 },
	{ "/dev/fd/99999999999", -1 },
	{ "/dev/null", -1 },
	{ "to-null", -1 },
	{ "file", -1 },
	{ "to-file", -1 },
	{ "to-nothing", -1 },
	{ "loop", -1 },
	{ "none/file", -1 },
	{ "file/file", -1 },
	{ "1", -1 },
	{ "", -1 },
};

static void
check_named(void **state)
{
	const struct named *n = *state;
	struct error err = { 0 };
	int fd = -7;

	assert_int_equal(ownfd_find(n->path, &fd, &err), 0);
	assert_int_equal(fd, n->fd);
}

static void
by_its_process(void **state)
{
	struct error err = { 0 };
	char path[64];
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "/proc/%ld/fd/5", (long)getpid());
	assert_int_equal(ownfd_find(path, &fd, &err), 0);
	assert_int_equal(fd, 5);
	assert_int_equal(ownfd_find("/proc/1/fd/5", &fd, &err), 0);
	assert_int_equal(fd, -1);
}

int
main(void)
{
	struct CMUnitTest tests[1 + COUNT(named)] = { cmocka_unit_test(by_its_process) };
	struct CMUnitTest *t = tests + 1;

	for (size_t i = 0; i < COUNT(named); i++)
		*t++ = (struct CMUnitTest){ .name = named[i].path,
			.test_func = check_named,
			.initial_state = &named[i] };
	return cmocka_run_group_tests(tests, setup, faketree_leave);
}
