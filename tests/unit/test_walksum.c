/* The sum of a walk: the size of its tar stream, and a trace that any change changes. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sys/stat.h>

#include "datadir/walk.h"
#include "datadir/walksum.h"
#include "lib/sys.h"
#include "support/faketree.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
sizes(void **state)
{
	static const struct {
		size_t name, body, size;
	} rows[] = { { 1, 0, 512 }, { 100, 1, 1024 }, { 100, 512, 1024 },
		{ 101, 513, 2560 } };
	char name[102];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct stat st = { .st_size = (off_t)rows[i].body };
		struct walksum sum = { 0 };

		memset(name, 'n', sizeof(name));
		name[rows[i].name] = '\0';
		walksum_member(&sum, name, rows[i].name);
		walksum_file(&sum, &st);
		assert_int_equal(sum.size, rows[i].size);
	}
}

/* "ab", "c" is another tree than "a", "bc". */
static void
names_have_ends(void **state)
{
	struct walksum one = { 0 }, other = { 0 };

	(void)state;
	walksum_member(&one, "ab", 2);
	walksum_member(&one, "c", 1);
	walksum_member(&other, "a", 1);
	walksum_member(&other, "bc", 2);
	assert_int_not_equal(one.trace, other.trace);
}

/* ---- changes of a tree, seen by two walks ---- */

static struct walksum
sum_of(const char *root)
{
	struct tablespaces none = { 0 };
	const struct walk_options options = {
		.datadir_fd = faketree_open(root),
		.version = cluster_version(15),
		.tablespaces = &none,
		.mode = EXCLUDE_RECOVERS,
	};
	struct walksum sum = { 0 };
	struct error err;

	if (walk_sum(&options, &sum, &err))
		fail_msg("%s", err.text);
	sys_close(options.datadir_fd);
	return sum;
}

static void
set_time(const char *root, const char *path, long nsec)
{
	const struct timespec times[2] = { { 7, nsec }, { 7, nsec } };
	int fd = faketree_open(root);

	assert_int_equal(utimensat(fd, path, times, 0), 0);
	sys_close(fd);
}

static void
touch(const char *root)
{
	set_time(root, "base/5/1", 8);
}

static void
grow(const char *root)
{
	faketree_put(root, "base/5/1", PAGES(2));
	set_time(root, "base/5/1", 7);
}

static void
replace(const char *root)
{
	faketree_put(root, "new", PAGES(1));
	faketree_rename(root, "new", "base/5/1");
	set_time(root, "base/5/1", 7);
}

static void
move(const char *root)
{
	faketree_rename(root, "base/5/1", "base/5/3");
}

static void
take_away(const char *root)
{
	faketree_remove(root, "base/5/2");
}

static void
add(const char *root)
{
	faketree_put(root, "base/5/9", "");
}

static void
add_directory(const char *root)
{
	faketree_put(root, "base/6", DIRECTORY);
}

static void
leave_alone(const char *root)
{
	(void)root;
}

static void
touch_excluded(const char *root)
{
	faketree_put(root, "pg_wal/000000010000000000000002", "x");
	faketree_put(root, "postmaster.pid", "x");
}

static struct row {
	const char *name;
	void (*act)(const char *root);
	bool is_seen;
} rows[] = {
	{ "a file is touched", touch, true },
	{ "a file grows", grow, true },
	{ "a file is replaced by its like", replace, true },
	{ "a file is renamed", move, true },
	{ "a file is removed", take_away, true },
	{ "a file is added", add, true },
	{ "a directory is added", add_directory, true },
	{ "nothing changes", leave_alone, false },
	{ "what is not sent changes", touch_excluded, false },
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static void
check_row(void **state)
{
	static const struct fake_file tree[] = { { "PG_VERSION", "15\n" },
		{ "base/5/1", PAGES(1) }, { "base/5/2", PAGES(1) },
		{ "pg_wal", DIRECTORY } };
	const struct row *row = *state;
	char *root = faketree_new(tree, COUNT(tree));
	struct walksum before, now;

	set_time(root, "base/5/1", 7);
	before = sum_of(root);
	row->act(root);
	now = sum_of(root);
	assert_int_equal(before.trace != now.trace, row->is_seen);
	faketree_free(root);
}

int
main(void)
{
	enum { SINGLE = 2 };
	struct CMUnitTest tests[SINGLE + ROWS] = {
		cmocka_unit_test(sizes),
		cmocka_unit_test(names_have_ends),
	};

	for (size_t i = 0; i < ROWS; i++)
		tests[SINGLE + i] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = check_row,
			.initial_state = &rows[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
