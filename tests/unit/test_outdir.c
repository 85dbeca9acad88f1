/* A directory of files that appear together: all of them, or nothing. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "stream/outdir.h"
#include "support/faketree.h"
#include "support/filesystem.h"
#include "support/openfds.h"
#include "support/refuse.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { FILES = 3 };
static const char *const names[FILES] = { "16400.tar", "base.tar", "backup_manifest" };
#define ALL "16400.tar backup_manifest base.tar"

static char *root;

static int
setup(void **state)
{
	static const struct fake_file tree[] = { { "file", "" }, { "fifo", FIFO },
		{ "full/x", "" }, { "hidden/.x", "" }, { "to-nothing", LINK("nothing") },
		{ "to-file", LINK("file") }, { "to-full", LINK("full") } };

	(void)state;
	return faketree_enter(&root, tree, COUNT(tree));
}

/* ---- one directory from open to free ---- */

struct trial {
	const char *path; /* relative to the root, where we are */
	bool no_sync;
	bool is_given_up;  /* freed without outdir_finish() */
	bool is_cancelled; /* before the files are finished */
	const char *taken; /* "other" comes to be there while ours are written */

	bool is_unsynced;
	int opened, wrote, finished; /* what the calls returned */
	struct error err;
	/* the names in it before it is finished, "-": it is not there */
	char before[400];
	char after[400]; /* and in the end */
};

/* Write and finish the files, which are opened first, all of them. */
static int
write_files(struct trial *t, struct outdir *d, struct sink **files, struct cancel *cancel)
{
	for (size_t i = 0; i < FILES; i++)
		if (outdir_file(d, names[i], &files[i], &t->err) ||
		    sink_write(files[i], names[i], strlen(names[i]), &t->err))
			return -1;
	filesystem_names(t->path, "", t->before, sizeof(t->before));
	if (t->taken)
		faketree_put(root, t->taken, "other");
	if (t->is_cancelled)
		cancel_raise(cancel);
	for (size_t i = 0; i < FILES; i++)
		if (sink_finish(files[i], &t->err))
			return -1;
	return 0;
}

static void
run_trial(void *arg)
{
	struct trial *t = arg;
	struct cancel cancel = { false };
	const struct outdir_options opt = { t->path, t->no_sync, &cancel };
	struct sink *files[FILES] = { NULL };
	struct outdir *d;

	t->wrote = t->finished = 1;
	t->opened = outdir_open(&d, &opt, &t->err);
	if (t->opened == 0)
		t->wrote = write_files(t, d, files, &cancel);
	if (t->wrote == 0 && !t->is_given_up)
		t->finished = outdir_finish(d, &t->is_unsynced, &t->err);
	for (size_t i = 0; i < FILES; i++)
		sink_free(files[i]);
	outdir_free(d);
	filesystem_names(t->path, "", t->after, sizeof(t->after));
}

static void
assert_whole(const char *path)
{
	for (size_t i = 0; i < FILES; i++) {
		char name[64], bytes[64];
		struct stat st;
		ssize_t len;
		int fd;

		snprintf(name, sizeof(name), "%s/%s", path, names[i]);
		assert_int_equal(lstat(name, &st), 0);
		assert_int_equal(st.st_mode, S_IFREG | 0600);
		fd = open(name, O_RDONLY);
		len = read(fd, bytes, sizeof(bytes) - 1);
		close(fd);
		assert_int_equal(len, strlen(names[i]));
		bytes[len] = '\0';
		assert_string_equal(bytes, names[i]);
	}
}

/* ---- what the file system cannot do ---- */

/* Run it there.  What is in the directory in the end must be ${after}. */
static void
try(const struct filesystem *fs, struct trial *t, int finished, const char *after)
{
	size_t fds = openfds_count();

	if (!filesystem_run(fs, run_trial, t))
		skip();
	assert_int_equal(openfds_count(), fds);
	assert_int_equal(t->opened, 0);
	assert_int_equal(t->finished, finished);
	if (fs->is_nameless)
		assert_string_equal(t->before, "");
	else
		assert_null(strstr(t->before, "tar "));
	assert_string_equal(t->after, after);
	if (finished == 0)
		assert_whole(t->path);
	faketree_remove(root, "out");
}

static void
a_new_directory(void **state)
{
	struct stat st;
	struct trial t = { .path = "out" };

	run_trial(&t);
	assert_int_equal(t.finished, 0);
	assert_int_equal(stat("out", &st), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0700);
	faketree_remove(root, "out");
	try(*state, &(struct trial){ .path = "out" }, 0, ALL);
	try(*state, &(struct trial){ .path = "out/" }, 0, ALL);
	try(*state, &(struct trial){ .path = "./out", .no_sync = true }, 0, ALL);
	try(*state, &(struct trial){ .path = "out", .is_given_up = true }, 1, "-");
}

static void
an_empty_directory(void **state)
{
	faketree_put(root, "out", DIRECTORY);
	try(*state, &(struct trial){ .path = "out" }, 0, ALL);
	faketree_put(root, "out", DIRECTORY);
	try(*state, &(struct trial){ .path = "out", .is_given_up = true }, 1, "");
}

static void
cancelled(void **state)
{
	struct trial t = { .path = "out", .is_cancelled = true };

	try(*state, &t, 1, "-");
	assert_int_equal(t.err.kind, ERROR_CANCELLED);
	faketree_put(root, "out", DIRECTORY);
	t = (struct trial){ .path = "out", .is_cancelled = true };
	try(*state, &t, 1, "");
}

/* One of the names is taken while ours are written: theirs stays, and is alone. */
static void
taken_meanwhile(void **state)
{
	for (size_t i = 0; i < FILES; i++) {
		struct trial t = { .path = "out" };
		char taken[64], text[128];

		snprintf(taken, sizeof(taken), "out/%s", names[i]);
		snprintf(
		    text, sizeof(text), "\"%s\" was created during the backup", taken);
		t.taken = taken;
		try(*state, &t, -1, names[i]);
		assert_string_equal(t.err.text, text);
		assert_int_equal(t.err.kind, ERROR_STATE);
		assert_non_null(strstr(t.err.hint, "directory of its own"));
	}
}

/* Whoever owns its parent puts another in its place: ours is still the one we opened. */
static void
moved_meanwhile(void **state)
{
	static const struct outdir_options opt = { .path = "out" };
	struct sink *files[FILES] = { NULL };
	struct error err = { 0 };
	struct outdir *d;
	char names_now[400];
	bool is_unsynced;

	(void)state;
	assert_int_equal(outdir_open(&d, &opt, &err), 0);
	assert_int_equal(rename("out", "moved"), 0);
	faketree_put(root, "secret", DIRECTORY);
	faketree_put(root, "out", LINK("secret"));
	for (size_t i = 0; i < FILES; i++) {
		assert_int_equal(outdir_file(d, names[i], &files[i], &err), 0);
		assert_int_equal(
		    sink_write(files[i], names[i], strlen(names[i]), &err), 0);
		assert_int_equal(sink_finish(files[i], &err), 0);
	}
	assert_int_equal(outdir_finish(d, &is_unsynced, &err), 0);
	for (size_t i = 0; i < FILES; i++)
		sink_free(files[i]);
	outdir_free(d);
	assert_whole("moved");
	filesystem_names("secret", "", names_now, sizeof(names_now));
	assert_string_equal(names_now, "");
	faketree_remove(root, "moved");
	faketree_remove(root, "secret");
	faketree_remove(root, "out");
}

static void
another_is_not_removed(void **state)
{
	static const struct outdir_options opt = { .path = "out" };
	struct error err = { 0 };
	struct outdir *d;

	(void)state;
	assert_int_equal(outdir_open(&d, &opt, &err), 0);
	assert_int_equal(rename("out", "moved"), 0);
	faketree_put(root, "out", DIRECTORY);
	outdir_free(d);
	assert_int_equal(rmdir("out"), 0);
	assert_int_equal(rmdir("moved"), 0);
}

/* Nothing of it is to be replaced, and there is no way to say so. */
static void
a_name_that_is_there(void **state)
{
	static const struct outdir_options opt = { .path = "out" };
	struct error err = { 0 };
	struct outdir *d;
	struct sink *file;

	(void)state;
	assert_int_equal(outdir_open(&d, &opt, &err), 0);
	faketree_put(root, "out/base.tar", "other");
	assert_int_equal(outdir_file(d, "base.tar", &file, &err), -1);
	assert_string_equal(err.text, "\"out/base.tar\": File exists");
	assert_string_equal(err.hint, "Use a directory of its own for each backup.");
	outdir_free(d);
	faketree_remove(root, "out");
}

/* ---- refused before anything is written ---- */

struct refusal {
	const char *name, *path, *text, *hint;
};

static struct refusal refusals[] = {
	{ "not empty", "full", "\"full\": Directory not empty", "its own" },
	{ "a hidden file in it", "hidden", "\"hidden\": Directory not empty", "its own" },
	{ "a link to one not empty", "to-full", "\"to-full\": Directory not empty",
	    "its own" },
	{ "a file", "file", "could not open directory \"file\": Not a directory",
	    "exists" },
	{ "a link to a file", "to-file",
	    "could not open directory \"to-file\": Not a directory", "exists" },
	{ "a fifo", "fifo", "could not open directory \"fifo\": Not a directory",
	    "exists" },
	{ "a link to nothing", "to-nothing",
	    "could not open directory \"to-nothing\": No such file or directory",
	    "exists" },
	{ "no parent", "none/out",
	    "could not create directory \"none/out\": No such file or directory",
	    "exists" },
	{ "a file as the parent", "file/out",
	    "could not create directory \"file/out\": Not a directory", "exists" },
	{ "the root", "/", "\"/\": Directory not empty", "its own" },
};

static void
check_refusal(void **state)
{
	const struct refusal *r = *state;
	struct trial t = { .path = r->path };
	char before[400];
	size_t fds = openfds_count();

	filesystem_names(r->path, "", before, sizeof(before));
	run_trial(&t);
	assert_int_equal(t.opened, -1);
	assert_string_equal(t.err.text, r->text);
	assert_int_equal(t.err.kind, ERROR_STATE);
	assert_non_null(strstr(t.err.hint, r->hint));
	assert_string_equal(t.after, before);
	assert_int_equal(openfds_count(), fds);
}

/* ---- disks that fail ---- */

struct failure {
	const char *name;
	bool is_there;
	struct refuse row; /* of fsync: value is how many descriptors before */
	int opened, wrote, finished;
	const char *text;
};

/* The directory takes one descriptor, and each file two, of which the second is its own. */
static struct failure failures[] = {
	{ "no permission to make it", false, { SYS_mkdir, 0, 0, 0, EACCES }, -1, 1, 1,
	    "could not create directory \"out\": Permission denied" },
	{ "no permission to write", true, { SYS_openat, 2, O_WRONLY, O_WRONLY, EACCES },
	    0, -1, 1,
	    "\"out/16400.tar\": could not create a file in its directory: Permission denied" },
	{ "the second is on a full disk", false, { SYS_write, 0, ~0U, 4, ENOSPC }, 0, -1,
	    1, "\"out/base.tar\": could not write: No space left on device" },
	{ "the first does not sync", false, { SYS_fsync, 0, ~0U, 2, EIO }, 0, -1, 1,
	    "\"out/16400.tar\": could not fsync: Input/output error" },
	{ "the last does not sync", false, { SYS_fsync, 0, ~0U, 6, EIO }, 0, -1, 1,
	    "\"out/backup_manifest\": could not fsync: Input/output error" },
	{ "no names", false, { SYS_linkat, 0, 0, 0, EACCES }, 0, 0, -1,
	    "\"out/16400.tar\": could not give the file its name: Permission denied" },
	{ "the parent of a new one does not sync", false, { SYS_fsync, 0, ~0U, 7, EIO },
	    0, 0, -1, "\"out\": could not fsync directory: Input/output error" },
	{ "it does not sync", true, { SYS_fsync, 0, ~0U, 0, EIO }, 0, 0, -1,
	    "\"out\": could not fsync directory: Input/output error" },
	{ "it cannot be synced", true, { SYS_fsync, 0, ~0U, 0, EINVAL }, 0, 0, 0, "" },
};

/* The descriptor that an open() returns when ${before} others have been opened. */
static uint32_t
free_fd(size_t before)
{
	int fds[16];

	for (size_t i = 0; i <= before; i++)
		fds[i] = dup(0);
	for (size_t i = 0; i <= before; i++)
		close(fds[i]);
	return (uint32_t)fds[before];
}

static void
check_failure(void **state)
{
	const struct failure *f = *state;
	struct trial t = { .path = "out" };
	struct refuse row = f->row;
	size_t fds = openfds_count();

	if (row.mask == ~0U)
		row.value = free_fd(row.value);
	if (f->is_there)
		faketree_put(root, "out", DIRECTORY);
	if (!refuse_run(&row, 1, run_trial, &t))
		skip();
	assert_int_equal(openfds_count(), fds);
	assert_int_equal(t.opened, f->opened);
	assert_int_equal(t.wrote, f->wrote);
	assert_int_equal(t.finished, f->finished);
	assert_string_equal(t.err.text, f->text);
	assert_string_equal(t.after, f->finished == 0 ? ALL : f->is_there ? "" : "-");
	faketree_remove(root, "out");
}

struct undoing {
	struct outdir *d;
	struct error err;
	int rc;
};

static void
finish_it(void *arg)
{
	struct undoing *u = arg;
	bool is_unsynced;

	u->rc = outdir_finish(u->d, &is_unsynced, &u->err);
}

/* What cannot be undone is said, whatever the names failed with. */
static void
names_that_stay(void **state)
{
	static const struct refuse rows[] = { { SYS_fsync, 0, 0, 0, EROFS },
		{ SYS_unlinkat, 0, 0, 0, EROFS } };
	static const struct outdir_options opt = { .path = "stays" };
	struct sink *files[FILES] = { NULL };
	struct undoing u = { .rc = 1 };
	char names_now[400];

	(void)state;
	faketree_put(root, "stays", DIRECTORY);
	assert_int_equal(outdir_open(&u.d, &opt, &u.err), 0);
	for (size_t i = 0; i < FILES; i++) {
		assert_int_equal(outdir_file(u.d, names[i], &files[i], &u.err), 0);
		assert_int_equal(sink_finish(files[i], &u.err), 0);
	}
	const bool was_run = refuse_run(rows, COUNT(rows), finish_it, &u);
	for (size_t i = 0; i < FILES; i++)
		sink_free(files[i]);
	outdir_free(u.d);
	filesystem_names("stays", "", names_now, sizeof(names_now));
	faketree_remove(root, "stays");
	if (!was_run)
		skip();
	assert_int_equal(u.rc, -1);
	assert_string_equal(
	    u.err.text, "\"stays\": could not fsync directory: Read-only file system");
	assert_string_equal(u.err.hint,
	    "3 files of the backup could not be removed from \"stays\" "
	    "again: remove what is in it.");
	assert_string_equal(names_now, ALL);
}

int
main(void)
{
	static const CMUnitTestFunction trials[] = { a_new_directory, an_empty_directory,
		cancelled, taken_meanwhile };
	static const char *const what[] = { "a new one", "an empty one", "cancelled",
		"taken meanwhile" };
	static char labels[COUNT(trials) * FILESYSTEMS_NOREPLACE][80];
	const struct CMUnitTest others[] = { cmocka_unit_test(moved_meanwhile),
		cmocka_unit_test(another_is_not_removed),
		cmocka_unit_test(names_that_stay),
		cmocka_unit_test(a_name_that_is_there) };
	enum {
		TESTS = COUNT(labels) + COUNT(others) + COUNT(refusals) + COUNT(failures)
	};
	struct CMUnitTest tests[TESTS];
	struct CMUnitTest *t = tests + COUNT(others);

	memcpy(tests, others, sizeof(others));
	for (size_t i = 0; i < COUNT(labels); i++) {
		struct filesystem *fs = &filesystems[i / COUNT(trials)];

		snprintf(labels[i], sizeof(labels[i]), "%s: %s", fs->name,
		    what[i % COUNT(trials)]);
		*t++ = (struct CMUnitTest){ .name = labels[i],
			.test_func = trials[i % COUNT(trials)],
			.initial_state = fs };
	}
	for (size_t i = 0; i < COUNT(refusals); i++)
		*t++ = (struct CMUnitTest){ .name = refusals[i].name,
			.test_func = check_refusal,
			.initial_state = &refusals[i] };
	for (size_t i = 0; i < COUNT(failures); i++)
		*t++ = (struct CMUnitTest){ .name = failures[i].name,
			.test_func = check_failure,
			.initial_state = &failures[i] };
	return cmocka_run_group_tests(tests, setup, faketree_leave);
}
