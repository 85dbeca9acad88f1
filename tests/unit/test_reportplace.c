/* Where the report of a run may be: no other file is lost to it, and none is backed up with it. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/message.h"
#include "format/report.h"
#include "support/faketree.h"
#include "support/refuse.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define OLD "{\n  \"pg_basetar_report\": 1,\n  \"old\": 1\n}\n"

static char *root;

static const struct progress past = { .npast = 0 };
static const struct report_facts all = { .progress = &past };

static int
setup(void **state)
{
	static const struct fake_file tree[] = { { "data/base", DIRECTORY },
		{ "dir", DIRECTORY }, { "fifo", FIFO }, { "link-to-dir", LINK("dir") } };

	(void)state;
	message_set_level(MESSAGE_QUIET);
	return faketree_enter(&root, tree, COUNT(tree));
}

/* ---- taken ---- */

/* Something else came to its name during the run: it stays, and a fifo stops nobody. */
static void
taken_meanwhile(void **state)
{
	static const char *const others[] = { "backup_label", DIRECTORY, FIFO,
		LINK("precious") };
	struct error err = { 0 };
	struct report *r;

	(void)state;
	faketree_put(root, "precious", "precious");
	for (size_t i = 0; i < COUNT(others); i++) {
		struct stat before, after;

		assert_int_equal(report_open(&r, "late", false, &err), 0);
		faketree_put(root, "late", others[i]);
		assert_int_equal(lstat("late", &before), 0);
		assert_int_equal(report_write(r, REPORT_SOUND, NULL, &all, &err), -1);
		assert_string_equal(err.text,
		    "the report was not written: file \"late\" is not a report of pg_basetar");
		report_free(r);
		assert_int_equal(lstat("late", &after), 0);
		assert_int_equal(before.st_ino, after.st_ino);
		faketree_remove(root, "late");
	}
}

/* ---- refused ---- */

static struct refusal {
	const char *name, *path;
	const char *there; /* a file of that name */
	const char *text;  /* NULL: it is not refused */
	const char *hint;
} refusals[] = {
	{ "no such directory", "none/report", NULL,
	    "report: could not open directory \"none\" of \"none/report\": No such file or directory",
	    "--report names a file" },
	{ "a directory", "dir", NULL, "report: \"dir\": Is a directory",
	    "--report names a file" },
	{ "a link to a directory", "link-to-dir", NULL,
	    "report: \"link-to-dir\": Is a directory", "--report names a file" },
	{ "a fifo", "fifo", NULL, "report: \"fifo\" is not a regular file",
	    "--report names a file" },
	{ "a backup", "base.tar", "backup_label",
	    "file \"base.tar\" is not a report of pg_basetar", "name another file" },
	{ "the beginning of a report", "short", "{\n  \"pg_basetar",
	    "file \"short\" is not a report of pg_basetar", "name another file" },
	{ "other JSON", "other", "{\n  \"pg_basetar_reporT\": 1 }\n",
	    "file \"other\" is not a report of pg_basetar", "name another file" },
	{ "a link to what is no report", "link", LINK("base.tar"),
	    "file \"link\" is not a report of pg_basetar", "name another file" },
	{ "an empty file", "empty", "", NULL, NULL },
	{ "an earlier report", "earlier", OLD, NULL, NULL },
	{ "a link to nothing", "nothing", LINK("nowhere"), NULL, NULL },
};

static void
check_refusal(void **state)
{
	const struct refusal *f = *state;
	struct error err = { 0 };
	struct report *r;
	struct stat st;
	int rc;

	if (f->there)
		faketree_put(root, f->path, f->there);
	rc = report_open(&r, f->path, false, &err);
	if (f->text) {
		assert_int_equal(rc, -1);
		assert_null(r);
		assert_string_equal(err.text, f->text);
		assert_non_null(strstr(err.hint, f->hint));
		return;
	}
	assert_int_equal(rc, 0);
	assert_int_equal(report_write(r, REPORT_FINDINGS, NULL, &all, &err), 0);
	report_free(r);
	assert_int_equal(lstat(f->path, &st), 0);
	assert_true(S_ISREG(st.st_mode) && st.st_size > (off_t)strlen(OLD));
}

/* Once refused it is not written, whatever comes. */
static void
assert_refused(struct report *r, int rc, const struct error *err, const char *text)
{
	struct error ignored = { 0 };

	assert_int_equal(rc, -1);
	assert_string_equal(err->text, text);
	assert_int_equal(report_write(r, REPORT_FAILED, err, &all, &ignored), 0);
	report_free(r);
}

static void
inside_what_is_backed_up(void **state)
{
	struct error err = { 0 };
	struct stat data, dir;
	struct report *r;
	int rc;

	(void)state;
	assert_int_equal(stat("data", &data), 0);
	assert_int_equal(stat("dir", &dir), 0);
	assert_int_equal(report_open(&r, "data/base/report", false, &err), 0);
	assert_int_equal(report_refuse_inside(r, &dir, "the directory", &err), 0);
	rc = report_refuse_inside(r, &data, "the data directory", &err);
	assert_refused(
	    r, rc, &err, "the report \"data/base/report\" is inside the data directory");
	assert_int_equal(access("data/base/report", F_OK), -1);
}

struct writing {
	struct report *report;
	struct error err;
	int rc;
};

static void
open_it(void *arg)
{
	struct writing *w = arg;

	w->rc = report_open(&w->report, "data/report", false, &w->err);
}

/*
 * Where no file is without a name: who refuses it may be the owner of the data directory
 * for the time being, and only who opened it can remove that file.
 */
static void
refused_with_a_name(void **state)
{
	static const struct refuse no_nameless = { SYS_openat, 2,
		O_TMPFILE & ~O_DIRECTORY, O_TMPFILE & ~O_DIRECTORY, EOPNOTSUPP };
	struct writing w = { .rc = 1 };
	struct stat data;
	char name[64];

	(void)state;
	if (!refuse_run(&no_nameless, 1, open_it, &w))
		skip();
	assert_int_equal(w.rc, 0);
	snprintf(name, sizeof(name), "data/report.partial.%ld", (long)getpid());
	assert_int_equal(access(name, F_OK), 0);
	assert_int_equal(stat("data", &data), 0);
	assert_int_equal(report_refuse_inside(w.report, &data, "it", &w.err), -1);
	assert_int_equal(access(name, F_OK), 0);
	assert_int_equal(report_write(w.report, REPORT_FAILED, &w.err, &all, &w.err), 0);
	report_free(w.report);
	assert_int_equal(access(name, F_OK), -1);
	assert_int_equal(access("data/report", F_OK), -1);
}

static void
the_output_itself(void **state)
{
	static const char *const same[] = { "dir/out", "./dir/out", "link-to-dir/out",
		"data/../dir/out", "dir/out/" };
	struct error err = { 0 };
	struct report *r;
	int fd;

	(void)state;
	for (size_t i = 0; i < COUNT(same); i++) {
		assert_int_equal(report_open(&r, "dir/out", false, &err), 0);
		assert_int_equal(report_refuse_output(r, "out", -1, &err), 0);
		assert_int_equal(report_refuse_output(r, "none/out", -1, &err), 0);
		assert_refused(r, report_refuse_output(r, same[i], -1, &err), &err,
		    "the report \"dir/out\" is the output");
	}
	fd = open("dir/out", O_WRONLY | O_CREAT, 0600);
	assert_int_equal(report_open(&r, "dir/out", false, &err), 0);
	assert_int_equal(report_refuse_output(r, NULL, STDIN_FILENO, &err), 0);
	assert_refused(r, report_refuse_output(r, NULL, fd, &err), &err,
	    "the report \"dir/out\" is the output");
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest others[] = { cmocka_unit_test(taken_meanwhile),
		cmocka_unit_test(inside_what_is_backed_up),
		cmocka_unit_test(refused_with_a_name),
		cmocka_unit_test(the_output_itself) };
	struct CMUnitTest tests[COUNT(others) + COUNT(refusals)];
	struct CMUnitTest *t = tests + COUNT(others);

	memcpy(tests, others, sizeof(others));
	for (size_t i = 0; i < COUNT(refusals); i++)
		*t++ = (struct CMUnitTest){ .name = refusals[i].name,
			.test_func = check_refusal,
			.initial_state = &refusals[i] };
	return cmocka_run_group_tests(tests, setup, faketree_leave);
}
