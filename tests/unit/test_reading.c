/* The run of a command that reads a backup: its steps in their order, and which error ends it where. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/interrupt.h"
#include "reading/archive.h"
#include "reading/directory.h"
#include "reading/part.h"
#include "reading/reading.h"
#include "support/faketree.h"
#include "support/openfds.h"
#include "support/rows.h"

/* ---- a command, and what reads for it, in place of the program's: a step each ---- */

static struct {
	char steps[256];
	const char *fails; /* a step; NULL: none */
	uint64_t size;     /* that was known when the archive was read */
	int dirfd;
} fake;

#include "support/fake_step.c.inc"

int
reading_refuse_part(struct reading *r, struct error *err)
{
	(void)r;
	return step("part", err);
}

int
reading_archive(struct reading *r, struct source *file, const char *name,
    const struct archivepart *part, struct error *err)
{
	char text[64];

	assert_int_equal(part->kind, ARCHIVEPART_ALONE);
	fake.size = reading_size(r);
	source_free(file);
	r->past += fake.size; /* all was read */
	snprintf(text, sizeof(text), "archive=%s", name);
	return step(text, err);
}

int
reading_directory(struct reading *r, int dirfd, struct error *err)
{
	(void)r;
	assert_int_equal(dirfd, fake.dirfd);
	assert_int_equal(faccessat(dirfd, "base.tar", F_OK, 0), 0);
	return step("directory", err);
}

void
reading_cut(struct reading *r)
{
	(void)r;
}

static int
begin(struct reading *r, int dirfd, struct error *err)
{
	(void)r;
	fake.dirfd = dirfd;
	return step(dirfd == -1 ? "begin=file" : "begin=directory", err);
}

static int
finish(struct reading *r, struct error *err)
{
	(void)r;
	return step("finish", err);
}

static int
sync_it(struct reading *r, struct error *err)
{
	(void)r;
	return step("sync", err);
}

static const struct reading_ops plain = { .begin = begin, .finish = finish };
static const struct reading_ops synced = {
	.begin = begin, .finish = finish, .sync = sync_it
};

/* ---- rows ---- */

struct row {
	const char *name;
	const struct reading_ops *ops;
	const char *input; /* NULL: standard input */
	const char *fails;
	const char *steps;
	const char *error;  /* NULL: none */
	const char *phases; /* that are over then, after "starting" */
	bool no_sync;
};

static const struct row rows[] = {
	{ "a file", &plain, "base.tar", NULL, "part begin=file archive=base.tar finish ",
	    NULL, "reading ", false },
	{ "a file, synced", &synced, "base.tar", NULL,
	    "part begin=file archive=base.tar finish sync ", NULL, "reading syncing ",
	    false },
	{ "and not synced", &synced, "base.tar", NULL,
	    "part begin=file archive=base.tar finish sync ", NULL, "reading finishing ",
	    true },
	{ "a directory", &synced, "dir", NULL,
	    "part begin=directory directory finish sync ", NULL, "reading syncing ",
	    false },
	{ "standard input", &plain, NULL, NULL,
	    "part begin=file archive=standard input finish ", NULL, "reading ", false },
	{ "a file that is missing", &synced, "none.tar", NULL, "part begin=file ",
	    "none.tar: could not open: No such file or directory", "reading ", false },
	{ "one of several", &synced, "base.tar", "part", "part ", "injected into part",
	    "reading ", false },
	{ "one in a directory", &synced, "dir", "part", "part ",
	    "dir: injected into part", "reading ", false },
	{ "the command does not begin", &synced, "base.tar", "begin=file",
	    "part begin=file ", "injected into begin=file", "reading ", false },
	{ "it cannot be read", &synced, "base.tar", "archive=base.tar",
	    "part begin=file archive=base.tar ", "injected into archive=base.tar",
	    "reading ", false },
	{ "nor a directory", &synced, "dir", "directory",
	    "part begin=directory directory ", "dir: injected into directory", "reading ",
	    false },
	{ "it does not finish", &synced, "dir", "finish",
	    "part begin=directory directory finish ", "injected into finish", "reading ",
	    false },
	{ "it is not synced", &synced, "dir", "sync",
	    "part begin=directory directory finish sync ", "injected into sync",
	    "reading syncing ", false },
};

static void
expect_phases(const struct progress *p, const char *expected)
{
	char phases[128] = "";

	assert_string_equal(p->past[0].phase, "starting");
	for (size_t i = 1; i < p->npast; i++) {
		strcat(phases, p->past[i].phase);
		strcat(phases, " ");
	}
	assert_string_equal(phases, expected);
	assert_null(p->phase);
}

static void
expect_row(void **state)
{
	const struct row *row = *state;
	struct options opt = { .input = row->input, .no_sync = row->no_sync };
	const size_t fds = openfds_count();
	struct error err = { 0 };
	struct reading r;

	fake.steps[0] = '\0';
	fake.size = 0;
	fake.fails = row->fails;
	reading_init(&r, &opt, row->ops, "nothing was done");
	assert_int_equal(reading_run(&r, "reading", &err), row->error ? -1 : 0);
	assert_string_equal(fake.steps, row->steps);
	if (row->error)
		assert_string_equal(err.text, row->error);
	expect_phases(&r.progress, row->phases);
	if (strstr(row->steps, "archive=base.tar"))
		assert_int_equal(fake.size, 7);
	assert_int_equal(r.progress.total, fake.size);
	reading_free(&r);
	assert_int_equal(openfds_count(), fds);
}

/* A signal says what was not done; a run that was done nevertheless is one. */
static void
interrupted(void **state)
{
	static const struct options opt = { .input = "base.tar" };
	static const struct {
		const char *fails;
		const char *error;
	} ends[] = {
		{ "begin=file", "interrupted by SIGTERM, the backup was not verified" },
		{ "sync", "interrupted by SIGTERM, the backup was not verified" },
	};

	(void)state;
	assert_int_equal(raise(SIGTERM), 0);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct error err = { 0 };
		struct reading r;

		fake.steps[0] = '\0';
		fake.fails = ends[i].fails;
		reading_init(&r, &opt, &synced, "the backup was not verified");
		assert_int_equal(reading_run(&r, "reading", &err), -1);
		assert_int_equal(err.kind, ERROR_CANCELLED);
		assert_string_equal(err.text, ends[i].error);
		reading_free(&r);
	}
}

/* ---- the tree ---- */

static char *root;

static int
begin_all(void **state)
{
	static const struct fake_file files[] = { { "base.tar", "0123456" },
		{ "dir/base.tar", "0" }, { "stdin", "" } };
	struct error err = { 0 };
	int fd;

	(void)state;
	if (faketree_enter(&root, files, 3) || interrupt_install(&err))
		return -1;
	fd = open("stdin", O_RDONLY);
	return fd == -1 || dup2(fd, STDIN_FILENO) == -1 || close(fd) ? -1 : 0;
}

int
main(void)
{
	enum { ROWS = sizeof(rows) / sizeof(rows[0]) };
	/* the last, for signals stay */
	struct CMUnitTest tests[ROWS + 1] = { [ROWS] = cmocka_unit_test(interrupted) };

	rows_name(tests, rows, sizeof(rows[0]), ROWS, expect_row);
	return cmocka_run_group_tests(tests, begin_all, faketree_leave);
}
