/* What is written into a restored cluster: directories, links and files, and that it is synced. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/syscall.h>

#include "support/refuse.h"
#include "support/restoring.c.inc"

static struct owner
us(void)
{
	return (struct owner){ geteuid(), getegid() };
}

static void
all_kinds(void **state)
{
	static const uint8_t bytes[] = "abcdef";
	struct buf text = { 0 };
	struct error err = { 0 };
	char target[16] = { 0 };

	(void)state;
	restoring_open();
	assert_int_equal(restore_tree_begin(&tree, &err), 0);
	/* a server could not work in one without its owner's rights, and needs no sticky bit */
	assert_int_equal(restore_tree_directory(&tree, "base", 01050, us(), &err), 0);
	assert_int_equal(restoring_mode("base"), S_IFDIR | 0750);
	assert_int_equal(restore_tree_file(&tree, "base/1", 04640, us(), &err), 0);
	assert_int_equal(restore_tree_bytes(&tree, bytes, 3, &err), 0);
	assert_int_equal(restore_tree_bytes(&tree, bytes + 3, 3, &err), 0);
	assert_int_equal(restore_tree_file_end(&tree, 1000, &err), 0);
	assert_int_equal(buf_printf(&text, &err, "a text\n"), 0);
	assert_int_equal(restore_tree_text(&tree, "text", &text, 0, &err), 0);
	assert_int_equal(restore_tree_link(&tree, "link", "/target", &err), 0);
	assert_int_equal(restore_tree_sync(&tree, &err), 0);
	restoring_expect("base/1", "abcdef");
	restoring_expect("text", "a text\n");
	assert_int_equal(restoring_mode("base/1"), S_IFREG | 0640);
	assert_int_equal(restoring_mode("text"), S_IFREG | 0600);
	assert_int_equal(
	    readlinkat(directories.datadir.fd, "link", target, sizeof(target) - 1), 7);
	assert_string_equal(target, "/target");
	buf_free(&text);
}

/* Twice is an error, unless a directory was needed before the backup brings it. */
static void
twice(void **state)
{
	struct error err = { 0 };
	char text[600];

	(void)state;
	restoring_open();
	assert_int_equal(restore_tree_directory(&tree, "one", 0700, us(), &err), 0);
	assert_int_equal(restore_tree_directory(&tree, "one", 0700, us(), &err), -1);
	assert_int_equal(err.sys, EEXIST);
	snprintf(text, sizeof(text), "\"%s/one\": ", restoring_path);
	assert_int_equal(strncmp(err.text, text, strlen(text)), 0);
	assert_non_null(strstr(err.hint, "The backup has it twice"));

	err = (struct error){ 0 };
	assert_int_equal(restore_tree_directory_ahead(&tree, "two", &err), 0);
	assert_int_equal(restoring_mode("two"), S_IFDIR | 0700);
	assert_int_equal(restore_tree_directory(&tree, "two", 0750, us(), &err), 0);
	assert_int_equal(restoring_mode("two"), S_IFDIR | 0750);
	assert_int_equal(err.kind, 0);
}

static void
no_way_out(void **state)
{
	static const char *const paths[] = { "../x", "/x", "link/x" };

	(void)state;
	restoring_open();
	faketree_put(root, "new/link", LINK_BELOW("elsewhere"));
	for (size_t i = 0; i < 3; i++) {
		struct error err = { 0 };

		assert_int_equal(
		    restore_tree_directory(&tree, paths[i], 0700, us(), &err), -1);
		assert_int_equal(
		    restore_tree_file(&tree, paths[i], 0600, us(), &err), -1);
	}
	assert_int_equal(restoring_mode("../elsewhere/x"), 0);
}

/* ---- how it comes to the disk ---- */

enum { MANY = 4097 };

#define NO_SYNCFS \
	{ \
		SYS_syncfs, 0, 0, 0, EIO \
	}
#define NO_FSYNC \
	{ \
		SYS_fsync, 0, 0, 0, EIO \
	}
#define OTHER_FILE_SYSTEM \
	{ \
		SYS_fstatfs, 0, 0, 0, ENOSYS \
	} /* as good as */
#define OLD_KERNEL \
	{ \
		SYS_uname, 0, 0, 0, EPERM \
	} /* as good as: it is not known to be a newer one */

static const struct way {
	const char *name;
	enum sync_method method;
	size_t files;
	struct refuse rows[2];
	const char *failure; /* what the error ends with; NULL: it works */
} ways[] = {
	{ "a few files are synced one by one", SYNC_METHOD_DEFAULT, 3,
	    { NO_FSYNC, NO_FSYNC }, "could not fsync: Input/output error" },
	{ "a few files, and no file system", SYNC_METHOD_DEFAULT, 3,
	    { NO_SYNCFS, NO_SYNCFS }, NULL },
	{ "many files are synced as a whole", SYNC_METHOD_DEFAULT, MANY,
	    { NO_SYNCFS, NO_SYNCFS },
	    "new\": could not sync the file system: Input/output error" },
	{ "many files, one by one where that is asked for", SYNC_METHOD_FSYNC, MANY,
	    { NO_SYNCFS, NO_SYNCFS }, NULL },
	{ "a few files, as a whole where that is asked for", SYNC_METHOD_SYNCFS, 3,
	    { NO_SYNCFS, NO_SYNCFS },
	    "new\": could not sync the file system: Input/output error" },
	{ "one by one where a whole file system hides failures", SYNC_METHOD_SYNCFS, MANY,
	    { NO_SYNCFS, OLD_KERNEL }, NULL },
	{ "one by one where it is not known what the file system does",
	    SYNC_METHOD_SYNCFS, MANY, { NO_SYNCFS, OTHER_FILE_SYSTEM }, NULL },
};

struct written {
	size_t files;
	int rc;
	struct error err;
};

/* In a thread of its own, where cmocka may not be used. */
static void
write_and_sync(void *arg)
{
	struct written *w = arg;
	char path[32];

	w->rc = restore_tree_begin(&tree, &w->err);
	for (size_t i = 0; w->rc == 0 && i < w->files; i++) {
		snprintf(path, sizeof(path), "%zu", i);
		w->rc = restore_tree_file(&tree, path, 0600, us(), &w->err);
		if (w->rc == 0)
			w->rc = restore_tree_bytes(
			    &tree, (const uint8_t *)path, strlen(path), &w->err);
		if (w->rc == 0)
			w->rc = restore_tree_file_end(&tree, 1000, &w->err);
	}
	if (w->rc == 0)
		w->rc = restore_tree_sync(&tree, &w->err);
	/* what is written after it, as pg_control is, is synced as well */
	if (w->rc == 0)
		w->rc = restore_tree_file(&tree, "last", 0600, us(), &w->err);
	if (w->rc == 0)
		w->rc = restore_tree_file_end(&tree, 1000, &w->err);
	if (w->rc == 0)
		w->rc = restore_tree_sync_files(&tree, &w->err);
}

static void
comes_to_the_disk(void **state)
{
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		const struct way *way = &ways[i];
		struct written w = { .files = way->files };

		print_message("# %s\n", way->name);
		restoring_begin(state);
		restoring_opt.sync_method = way->method;
		restoring_open();
		if (!refuse_run(way->rows, 2, write_and_sync, &w))
			skip();
		assert_int_equal(w.rc, way->failure ? -1 : 0);
		if (way->failure && strstr(w.err.text, way->failure) == NULL)
			fail_msg("%s", w.err.text);
		restoring_end(state);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    all_kinds, restoring_begin, restoring_end),
		cmocka_unit_test_setup_teardown(twice, restoring_begin, restoring_end),
		cmocka_unit_test_setup_teardown(
		    no_way_out, restoring_begin, restoring_end),
		cmocka_unit_test(comes_to_the_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
