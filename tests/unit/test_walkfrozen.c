/* The walk of a tree in which nothing may change: whatever does is an error. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sys/stat.h>

#include "datadir/walk.h"
#include "lib/buf.h"
#include "lib/sys.h"
#include "support/faketree.h"
#include "support/treerecord.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define VERSION_DIR "PG_15_202209061"

static const struct fake_file tree[] = { { "PG_VERSION", "15\n" },
	{ "base/5/1", PAGES(1) }, { "base/5/2", PAGES(1) }, { "base/5/3/x", "x" },
	{ "base/5/4", "small" }, { "base/5/7_init", BYTES(0) }, { "base/5/7", PAGES(1) },
	{ "pg_tblspc/16400", LINK_BELOW("spc") }, { "spc/" VERSION_DIR "/5/6", PAGES(1) },
	{ "z", "z" } };

/* As of long ago: a clock of the file system may not tell this moment from the next. */
static char *
old_tree(void)
{
	static const char *const directories[] = { ".", "base", "base/5", "base/5/3",
		"pg_tblspc" };
	static const struct timespec then[2] = { { 7, 7 }, { 7, 7 } };
	char *root = faketree_new(tree, COUNT(tree));
	int fd = faketree_open(root);

	for (size_t i = 0; i < COUNT(directories); i++)
		assert_int_equal(utimensat(fd, directories[i], then, 0), 0);
	sys_close(fd);
	return root;
}

static int
walk(const char *root, const struct walk_options *common, const char *at,
    void (*act)(const char *), struct buf *text, struct error *err)
{
	struct walk_options options = *common;
	struct tablespaces tablespaces;
	struct treerecord record = { { &treerecord_ops }, .root = root, .act_at = at,
		.act = act };
	int rc;

	options.datadir_fd = faketree_open(root);
	options.version = cluster_version(15);
	options.tablespaces = &tablespaces;
	options.tablespaces_at = "pg_basetar_tblspc";
	if (tablespaces_read(options.datadir_fd, options.version,
		&(struct tablespaces_choice){ NULL, NULL }, &tablespaces, err))
		fail_msg("%s", err->text);
	rc = walk_tree(&options, &record.visitor, err);
	if (text)
		*text = record.text;
	else
		buf_free(&record.text);
	tablespaces_free(&tablespaces);
	sys_close(options.datadir_fd);
	return rc;
}

/* What is done, when ${at} is told. */

static void
remove_file(const char *root)
{
	faketree_remove(root, "base/5/2");
}

static void
add_file(const char *root)
{
	faketree_put(root, "base/5/99", PAGES(1));
}

static void
add_postmaster_pid(const char *root)
{
	faketree_put(root, "postmaster.pid", "1\n");
}

static void
make_directory(const char *root)
{
	faketree_remove(root, "base/5/2");
	faketree_put(root, "base/5/2", DIRECTORY);
}

static void
remove_directory(const char *root)
{
	faketree_remove(root, "base/5/3");
}

static void
remove_all(const char *root)
{
	faketree_remove(root, "base/5");
}

static void
drop_tablespace(const char *root)
{
	faketree_remove(root, "spc/" VERSION_DIR);
	faketree_remove(root, "pg_tblspc/16400");
}

static void
add_tablespace(const char *root)
{
	faketree_put(root, "pg_tblspc/16401", LINK("/"));
}

static void
drop_link(const char *root)
{
	faketree_remove(root, "pg_tblspc/16400");
}

static struct row {
	const char *name, *at;
	void (*act)(const char *root);
	const char *changed; /* what the error names */
} rows[] = {
	{ "a file vanished", "base/5/1", remove_file, "base/5/2" },
	{ "a file came", "base/5/4", add_file, "base/5" },
	{ "a server came", "base/5/4", add_postmaster_pid, "." },
	{ "a file became a directory", "base/5/1", make_directory, "base/5/2" },
	{ "a directory vanished", "base/5/1", remove_directory, "base/5/3" },
	{ "a directory vanished before it was read", "base/5", remove_all, "base/5" },
	{ "a tablespace vanished", "base/5", drop_tablespace,
	    "pg_tblspc/16400/" VERSION_DIR },
	{ "a tablespace came", "base/5", add_tablespace, "pg_tblspc/16401" },
	{ "a link vanished", "pg_tblspc", drop_link, "pg_tblspc" },
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static void
check_row(void **state)
{
	const struct row *row = *state;
	struct walk_options options = { .mode = EXCLUDE_STARTS_CLEAN, .is_frozen = true };
	struct error err = { 0 };
	char *root = old_tree();
	char expected[128] = "\"";

	assert_int_equal(walk(root, &options, row->at, row->act, NULL, &err), -1);
	assert_int_equal(err.kind, ERROR_STATE);
	strcat(strcat(expected, row->changed), "\" changed while it was read");
	assert_string_equal(err.text, expected);
	faketree_free(root);

	/* what a running server may do as it likes */
	options.is_frozen = false;
	root = old_tree();
	if (walk(root, &options, row->at, row->act, NULL, &err))
		fail_msg("%s", err.text);
	faketree_free(root);
}

/* Unlogged relations stay where the copy starts clean. */
static void
nothing_changes(void **state)
{
	static const enum exclude_mode modes[] = { EXCLUDE_RECOVERS,
		EXCLUDE_STARTS_CLEAN };
	char *root = old_tree();

	(void)state;
	for (size_t i = 0; i < COUNT(modes); i++) {
		const struct walk_options options = { .mode = modes[i],
			.is_frozen = true };
		struct buf text = { 0 };
		struct error err = { 0 };

		if (walk(root, &options, NULL, NULL, &text, &err))
			fail_msg("%s", err.text);
		assert_non_null(strstr(buf_text(&text), "r base/5/7_init 0\n"));
		assert_int_equal(strstr(buf_text(&text), "r base/5/7 8192\n") != NULL,
		    modes[i] == EXCLUDE_STARTS_CLEAN);
		buf_free(&text);
	}
	faketree_free(root);
}

int
main(void)
{
	struct CMUnitTest tests[1 + ROWS] = { cmocka_unit_test(nothing_changes) };

	for (size_t i = 0; i < ROWS; i++)
		tests[1 + i] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = check_row,
			.initial_state = &rows[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
