/*
 * The output file: it is under its name complete, or not at all; and for each thing that
 * a file system may be unable to do there is another way.
 */
/* O_TMPFILE, RENAME_NOREPLACE: what the file systems of these tests have not */
#define _GNU_SOURCE
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

#include "stream/outfile.h"
#include "support/faketree.h"
#include "support/filesystem.h"
#include "support/openfds.h"
#include "support/refuse.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char *root;

static int
setup(void **state)
{
	static const struct fake_file tree[] = { { "dir", DIRECTORY }, { "fifo", FIFO },
		{ "link-to-dir", LINK("dir") }, { "link-to-device", LINK("/dev/null") },
		{ "file", "" } };

	(void)state;
	return faketree_enter(&root, tree, COUNT(tree));
}

/* ---- one file from open to free ---- */

struct trial {
	const char *path; /* relative to the root, where we are */
	bool force, no_sync;
	bool is_given_up;  /* freed without finish */
	bool is_cancelled; /* before finish */
	bool is_taken;     /* "other" comes to be there while ours is written */
	mode_t mode;

	int opened, wrote, finished; /* what the calls returned */
	struct error err;
	char before[400]; /* the names "out*" in the root before finish, */
	char after[400];  /* and in the end */
};

static void
run_trial(void *arg)
{
	struct trial *t = arg;
	struct cancel cancel = { false };
	const struct outfile_options opt = { .path = t->path,
		.force = t->force,
		.no_sync = t->no_sync,
		.cancel = &cancel,
		.mode = t->mode };
	struct sink *s;

	t->wrote = t->finished = 1;
	t->opened = outfile_open(&s, &opt, &t->err);
	if (t->opened == 0) {
		t->wrote = sink_write(s, "new ", 4, &t->err);
		if (t->wrote == 0)
			t->wrote = sink_write(s, "one", 3, &t->err);
		filesystem_names(".", "out", t->before, sizeof(t->before));
		if (t->is_taken)
			faketree_put(root, t->path, "other");
		if (t->is_cancelled)
			cancel_raise(&cancel);
		if (t->wrote == 0 && !t->is_given_up)
			t->finished = sink_finish(s, &t->err);
		sink_free(s);
	}
	filesystem_names(".", "out", t->after, sizeof(t->after));
}

static void
assert_content(const char *name, const char *content)
{
	struct stat st;
	char bytes[64];
	ssize_t len;
	int fd;

	assert_int_equal(lstat(name, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	if (strcmp(content, "new one") == 0)
		assert_int_equal(st.st_mode & 07777, 0600);
	fd = open(name, O_RDONLY);
	len = read(fd, bytes, sizeof(bytes) - 1);
	close(fd);
	assert_true(len >= 0);
	bytes[len] = '\0';
	assert_string_equal(bytes, content);
}

/* ---- what the file system cannot do ---- */

/* Run it there; what is at the path in the end must be ${content}, or nothing (NULL). */
static void
try(const struct filesystem *fs, struct trial *t, int finished, const char *content)
{
	size_t fds = openfds_count();
	char partial[64] = "";

	if (!filesystem_run(fs, run_trial, t))
		skip();
	assert_int_equal(openfds_count(), fds);
	assert_int_equal(t->opened, 0);
	assert_int_equal(t->wrote, 0);
	assert_int_equal(t->finished, finished);
	if (!fs->is_nameless)
		snprintf(partial, sizeof(partial), "out.partial.%ld", (long)getpid());
	if (strncmp(t->before, "out ", 4) == 0) /* what was there before */
		memmove(t->before, t->before + 4, strlen(t->before + 4) + 1);
	else if (strcmp(t->before, "out") == 0)
		t->before[0] = '\0';
	assert_string_equal(t->before, partial);
	assert_string_equal(t->after, content ? "out" : "");
	if (content)
		assert_content("out", content);
	faketree_remove(root, "out");
}

static void
a_new_file(void **state)
{
	try(*state, &(struct trial){ .path = "out" }, 0, "new one");
	try(*state, &(struct trial){ .path = "out", .no_sync = true }, 0, "new one");
	try(*state, &(struct trial){ .path = "./out", .force = true }, 0, "new one");
	try(*state, &(struct trial){ .path = "dir/../out" }, 0, "new one");
}

/* Less what the umask takes. */
static void
of_another_mode(void **state)
{
	const struct filesystem *fs = *state;
	struct trial t = { .path = "out", .mode = 0666 };
	struct stat st;

	if (!refuse_run(fs->rows, fs->count, run_trial, &t))
		skip();
	assert_int_equal(t.finished, 0);
	assert_int_equal(stat("out", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	faketree_remove(root, "out");
}

static void
given_up(void **state)
{
	try(*state, &(struct trial){ .path = "out", .is_given_up = true }, 1, NULL);
	faketree_put(root, "out", "old");
	try(*state, &(struct trial){ .path = "out", .force = true, .is_given_up = true },
	    1, "old");
}

/* The last moment in which a signal can keep the file from its name. */
static void
cancelled(void **state)
{
	struct trial t = { .path = "out", .is_cancelled = true };

	try(*state, &t, -1, NULL);
	assert_int_equal(t.err.kind, ERROR_CANCELLED);
	faketree_put(root, "out", "old");
	t = (struct trial){ .path = "out", .force = true, .is_cancelled = true };
	try(*state, &t, -1, "old");
}

static void
forced(void **state)
{
	faketree_put(root, "out", "old");
	try(*state, &(struct trial){ .path = "out", .force = true }, 0, "new one");
	faketree_put(root, "out", LINK("file"));
	try(*state, &(struct trial){ .path = "out", .force = true }, 0, "new one");
	assert_content("file", "");
	faketree_put(root, "out", LINK("nothing"));
	try(*state, &(struct trial){ .path = "out", .force = true }, 0, "new one");
}

/* The name is taken while ours is written: theirs stays, unless forced. */
static void
taken_meanwhile(void **state)
{
	struct trial t = { .path = "out", .is_taken = true };

	try(*state, &t, -1, "other");
	assert_string_equal(t.err.text, "\"out\" was created during the backup");
	assert_int_equal(t.err.kind, ERROR_STATE);
	t = (struct trial){ .path = "out", .is_taken = true, .force = true };
	try(*state, &t, 0, "new one");
}

/* A killed run left the temporary name; in a container our PID is its PID. */
static void
stale_name(void **state)
{
	const struct filesystem *fs = *state;
	struct trial t = { .path = "out", .force = true };
	char partial[64];

	snprintf(partial, sizeof(partial), "out.partial.%ld", (long)getpid());
	faketree_put(root, partial, "stale");
	if (!refuse_run(fs->rows, fs->count, run_trial, &t))
		skip();
	assert_int_equal(t.finished, 0);
	if (!fs->is_nameless)
		assert_non_null(strstr(t.before, ".1"));
	assert_content("out", "new one");
	assert_content(partial, "stale");
	faketree_remove(root, partial);
	faketree_remove(root, "out");
}

/* A name as long as a name may be leaves no room for more. */
static void
longest_name(void **state)
{
	const struct filesystem *fs = *state;
	char name[256] = "out";
	struct trial t = { .path = name, .force = true };

	memset(name + 3, 'x', sizeof(name) - 4);
	if (!refuse_run(fs->rows, fs->count, run_trial, &t))
		skip();
	assert_int_equal(t.finished, 0);
	assert_string_equal(t.after, name);
	assert_content(name, "new one");
	faketree_remove(root, name);
}

/* ---- refused before anything is written ---- */

struct refusal {
	const char *name, *path;
	bool force;
	enum error_kind kind;
	const char *text, *hint;
};

static struct refusal refusals[] = {
	{ "a file is there", "file", false, ERROR_STATE, "\"file\": File exists",
	    "--force" },
	{ "a link to a file is there", "to-file", false, ERROR_STATE,
	    "\"to-file\": File exists", "--force" },
	{ "a link to nothing is there", "to-nothing", false, ERROR_STATE,
	    "\"to-nothing\": File exists", "--force" },
	{ "a directory", "dir", false, ERROR_STATE, "\"dir\": Is a directory", "itself" },
	{ "a directory, forced", "dir", true, ERROR_STATE, "\"dir\": Is a directory",
	    "itself" },
	{ "a directory with its slash", "dir/", true, ERROR_STATE,
	    "\"dir/\": Is a directory", "itself" },
	{ "a link to a directory, forced", "link-to-dir", true, ERROR_STATE,
	    "\"link-to-dir\": Is a directory", "itself" },
	{ "the root", "/", true, ERROR_STATE, "\"/\": Is a directory", "itself" },
	{ "a fifo, forced", "fifo", true, ERROR_STATE, "\"fifo\" is not a regular file",
	    "" },
	{ "a link to a device, forced", "link-to-device", true, ERROR_STATE,
	    "\"link-to-device\" is not a regular file", "" },
	{ "no such directory", "none/out", false, ERROR_STATE,
	    "could not open directory \"none\" of \"none/out\": No such file or directory",
	    "exists" },
	{ "a file as the directory", "file/out", false, ERROR_STATE,
	    "could not open directory \"file\" of \"file/out\": Not a directory",
	    "exists" },
};

static void
check_refusal(void **state)
{
	const struct refusal *r = *state;
	struct trial t = { .path = r->path, .force = r->force };
	size_t fds = openfds_count();

	faketree_put(root, "to-file", LINK("file"));
	faketree_put(root, "to-nothing", LINK("nothing"));
	run_trial(&t);
	assert_int_equal(t.opened, -1);
	assert_string_equal(t.err.text, r->text);
	assert_int_equal(t.err.kind, r->kind);
	assert_non_null(strstr(t.err.hint, r->hint));
	assert_string_equal(t.after, "");
	assert_int_equal(openfds_count(), fds);
}

/* ---- disks that fail ---- */

/* What the next open() will return. */
static uint32_t
next_fd(void)
{
	int fd = dup(0);

	close(fd);
	return (uint32_t)fd;
}

struct failure {
	const char *name;
	struct refuse rows[2]; /* value 1: of the directory's descriptor, 2: the file's */
	int opened, wrote, finished;
	const char *text, *hint;
	bool stays; /* what failed cannot be undone */
};

static struct failure failures[] = {
	{ "no permission", { { SYS_openat, 2, O_WRONLY, O_WRONLY, EACCES } }, -1, 1, 1,
	    "\"out\": could not create a file in its directory: Permission denied", "",
	    false },
	{ "a disk that is full", { { SYS_write, 0, ~0U, 2, ENOSPC } }, 0, -1, 1,
	    "\"out\": could not write: No space left on device", "Make room", false },
	{ "a quota that is used up", { { SYS_write, 0, ~0U, 2, EDQUOT } }, 0, -1, 1,
	    "\"out\": could not write: Disk quota exceeded", "Make room", false },
	{ "a disk that does not sync", { { SYS_fsync, 0, ~0U, 2, EIO } }, 0, 0, -1,
	    "\"out\": could not fsync: Input/output error", "", false },
	{ "a directory that does not sync", { { SYS_fsync, 0, ~0U, 1, EIO } }, 0, 0, -1,
	    "\"out\": could not fsync directory: Input/output error", "", false },
	{ "a directory that cannot be synced", { { SYS_fsync, 0, ~0U, 1, EINVAL } }, 0, 0,
	    0, "", "", false },
	{ "a close that tells", { { SYS_close, 0, ~0U, 2, EIO }, FILESYSTEM_NO_NAMELESS },
	    0, 0, -1, "\"out\": could not close: Input/output error", "", false },
	{ "a directory that forbids names", { { SYS_linkat, 0, 0, 0, EACCES } }, 0, 0, -1,
	    "\"out\": could not give the file its name: Permission denied",
	    "may create names in", false },
	{ "a directory that does not sync, nor give up a name",
	    { { SYS_fsync, 0, ~0U, 1, EROFS }, { SYS_unlinkat, 0, 0, 0, EROFS } }, 0, 0,
	    -1, "\"out\": could not fsync directory: Read-only file system",
	    "\"out\" exists all the same and is complete", true },
};

static void
check_failure(void **state)
{
	const struct failure *f = *state;
	struct refuse rows[2] = { f->rows[0], f->rows[1] };
	struct trial t = { .path = "out" };
	uint32_t next = next_fd();

	if (rows[0].mask == ~0U) /* the directory is opened first, then the file */
		rows[0].value += next - 1;
	if (!refuse_run(rows, rows[1].call ? 2 : 1, run_trial, &t))
		skip();
	if (rows[0].call == SYS_close)
		close((int)rows[0].value);
	assert_int_equal(next_fd(), next);
	assert_int_equal(t.opened, f->opened);
	assert_int_equal(t.wrote, f->wrote);
	assert_int_equal(t.finished, f->finished);
	assert_string_equal(t.err.text, f->text);
	assert_non_null(strstr(t.err.hint, f->hint));
	assert_string_equal(t.after, f->finished == 0 || f->stays ? "out" : "");
	faketree_remove(root, "out");
}

/* A directory that does not sync shows it before the old file is gone. */
static void
old_file_is_kept(void **state)
{
	const struct refuse row = { SYS_fsync, 0, ~0U, next_fd(), EIO };
	struct trial t = { .path = "out", .force = true };

	(void)state;
	faketree_put(root, "out", "old");
	if (!refuse_run(&row, 1, run_trial, &t))
		skip();
	assert_int_equal(t.finished, -1);
	assert_string_equal(
	    t.err.text, "\"out\": could not fsync directory: Input/output error");
	assert_string_equal(t.after, "out");
	assert_content("out", "old");
	faketree_remove(root, "out");
}

/* ---- what is removed meanwhile ---- */

static void
write_without_directory(void *arg)
{
	struct trial *t = arg;
	const struct outfile_options opt = { .path = t->path, .force = t->force };
	struct error again = { 0 };
	char partial[64];
	struct sink *s;

	t->opened = outfile_open(&s, &opt, &t->err);
	if (t->opened == -1)
		return;
	snprintf(partial, sizeof(partial), "gone/out.partial.%ld", (long)getpid());
	faketree_remove(root, t->force ? partial : "gone");
	t->wrote = sink_write(s, "x", 1, &t->err); /* the first one looks */
	t->finished = sink_finish(s, &again);
	if (strcmp(again.text, t->err.text) != 0)
		t->finished = 7;
	sink_free(s);
}

static void
removed_meanwhile(void **state)
{
	static const struct refuse nameless = FILESYSTEM_NO_NAMELESS;
	struct trial t = { .path = "gone/out" };
	char text[128];

	(void)state;
	faketree_put(root, "gone", DIRECTORY);
	write_without_directory(&t);
	assert_int_equal(t.opened, 0);
	assert_int_equal(t.wrote, -1);
	assert_int_equal(t.finished, -1);
	assert_int_equal(t.err.kind, ERROR_STATE);
	assert_string_equal(
	    t.err.text, "\"gone/out\": its directory was removed during the backup");

	faketree_put(root, "gone", DIRECTORY);
	t = (struct trial){ .path = "gone/out", .force = true };
	if (!refuse_run(&nameless, 1, write_without_directory, &t))
		skip();
	assert_int_equal(t.wrote, -1);
	assert_int_equal(t.finished, -1);
	snprintf(text, sizeof(text),
	    "\"gone/out\": its file \"out.partial.%ld\" was removed during the backup",
	    (long)getpid());
	assert_string_equal(t.err.text, text);
	faketree_remove(root, "gone");
}

int
main(void)
{
	static const CMUnitTestFunction trials[] = { a_new_file, of_another_mode,
		given_up, cancelled, forced, taken_meanwhile, stale_name, longest_name };
	static const char *const what[] = { "a new file", "of another mode", "given up",
		"cancelled", "forced", "taken meanwhile", "a stale name",
		"the longest name" };
	static char names[COUNT(trials) * FILESYSTEMS][80];
	struct CMUnitTest tests[COUNT(names) + COUNT(refusals) + COUNT(failures) + 2];
	struct CMUnitTest *t = tests;

	for (size_t i = 0; i < COUNT(names); i++) {
		struct filesystem *fs = &filesystems[i / COUNT(trials)];

		snprintf(names[i], sizeof(names[i]), "%s: %s", fs->name,
		    what[i % COUNT(trials)]);
		*t++ = (struct CMUnitTest){ .name = names[i],
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
	*t++ = (struct CMUnitTest)cmocka_unit_test(removed_meanwhile);
	*t = (struct CMUnitTest)cmocka_unit_test(old_file_is_kept);
	return cmocka_run_group_tests(tests, setup, faketree_leave);
}
