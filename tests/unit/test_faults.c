/* lstat() and what else the calls that fail are declared by */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>

#include "support/command.h"
#include "support/faketree.h"
#include "support/faults.c.inc"
#include "support/sanitized.h"
#include "support/smallcluster.h"

/*
 * Each command, with each call of the system, and each for memory, failing once: it ends with an
 * error or as if nothing had been, and never says of what is damaged that it is whole.
 */

/* ${line} with the ${n}th call failing.  False: it has not so many. */
static bool
run_with_fault(struct command *c, const char *root, const char *line,
    enum faults_kind kind, unsigned long n)
{
	faults_arm(kind, n);
	command_run(c, root, line);
	return faults_disarm();
}

static bool
exists(const char *root, const char *path)
{
	char full[4096];

	snprintf(full, sizeof(full), "%s/%s", root, path);
	return access(full, F_OK) == 0;
}

struct sweep {
	const char *name;
	const char *line;
	void (*prepare)(const char *root); /* before the first run */
	/* of the run whose ${n}th call failed; what it left is removed */
	void (*judge)(const char *root, const struct command *, unsigned long n);
	int status;          /* of the run in which none fails */
	unsigned long every; /* of the calls one of so many fails */
};

static void
swept(const char *root, const struct sweep *sweep, enum faults_kind kind)
{
	struct command c;
	unsigned long n = 0;

	for (; run_with_fault(&c, root, sweep->line, kind, n);
	     n += sweep->every * SANITIZED_STRIDE)
		sweep->judge(root, &c, n);
	if (c.status != sweep->status || n < 5)
		fail_msg("without a fault, after %lu: %d:\n%s", n, c.status, c.said);
	sweep->judge(root, &c, n);
}

static void
sweep_files(void **state)
{
	const struct sweep *sweep = *state;
	char *root = smallcluster_new();

	if (sweep->prepare)
		sweep->prepare(root);
	swept(root, sweep, FAULTS_FILES);
	faketree_free(root);
}

static void
sweep_memory(void **state)
{
	const struct sweep *sweep = *state;
	char *root = smallcluster_new();

	if (sweep->prepare)
		sweep->prepare(root);
	swept(root, sweep, FAULTS_MEMORY);
	faketree_free(root);
}

/* ---- what a run may leave ---- */

static void
unlike(const struct command *c, unsigned long n, const char *what)
{
	fail_msg("call %lu, %s: %s: %d:\n%s", n, faults.what, what, c->status, c->said);
}

/* An archive is there, and sound, or it is not there. */
static void
judge_output(const char *root, const struct command *c, unsigned long n,
    const char *output, const char *verify)
{
	struct command after;

	if (c->status == REPORT_FAILED && exists(root, output))
		unlike(c, n, "it failed, and the output is there");
	if (c->status == REPORT_FAILED)
		return;
	command_run(&after, root, verify);
	if (after.status != REPORT_SOUND)
		unlike(&after, n, "verify");
	if (c->status != REPORT_SOUND)
		unlike(c, n, "a finding");
	faketree_remove(root, output);
}

static void
judge_backup(const char *root, const struct command *c, unsigned long n)
{
	judge_output(root, c, n, "out/a.tar", "verify %/out/a.tar");
	faketree_remove(root, "out/report");
}

static void
judge_split(const char *root, const struct command *c, unsigned long n)
{
	judge_output(root, c, n, "out/set", "verify %/out/set");
}

/* Of a sound one no more than an error can be said, of another never that it is sound. */
static void
judge_sound(const char *root, const struct command *c, unsigned long n)
{
	(void)root;
	if (c->status == REPORT_FINDINGS)
		unlike(c, n, "a finding");
	if (c->status == REPORT_FAILED && strstr(c->said, "\nrestorable") != NULL)
		unlike(c, n, "it failed, and says so");
}

static void
judge_damaged(const char *root, const struct command *c, unsigned long n)
{
	(void)root;
	if (c->status == REPORT_SOUND || strstr(c->said, "\nrestorable") != NULL)
		unlike(c, n, "what is damaged is sound");
}

/* A copy is whole, or no server starts on it. */
static void
judge_copy(const char *root, const struct command *c, unsigned long n)
{
	if (c->status == REPORT_FINDINGS)
		unlike(c, n, "a finding");
	if (c->status == REPORT_SOUND)
		smallcluster_expect_copy(root, "out/copy", "out/space");
	else if (exists(root, "out/copy/global/pg_control"))
		unlike(c, n, "it failed, and pg_control is there");
	faketree_remove(root, "out/copy");
	faketree_remove(root, "out/space");
	faketree_remove(root, "out/wal");
}

/* ---- what is read ---- */

static void
made(const char *root, const char *line)
{
	struct command c;

	command_expect(&c, root, line, REPORT_SOUND);
}

static void
one_archive(const char *root)
{
	made(root, "-D %/data --offline -o %/out/a.tar");
}

static void
gzipped(const char *root)
{
	made(root, "-D %/data --offline -z -o %/out/a.tar");
}

static void
one_set(const char *root)
{
	made(root, "-D %/data --offline --split -o %/out/set");
}

/* A page of a relation has a bit that is another. */
static void
damaged(const char *root)
{
	struct command c;

	smallcluster_flip(root, "data/base/5/16384", 5000);
	command_expect(
	    &c, root, "-D %/data --offline -q -o %/out/a.tar", REPORT_FINDINGS);
}

#define BACKUP "-D %/data -q -j 1 "
#define RESTORE " -q -j 1 -D %/out/copy -T %/spc=%/out/space --archive-mode=keep"

static const struct sweep sweeps[] = {
	{ "backup", BACKUP "--offline -o %/out/a.tar --report=%/out/report", NULL,
	    judge_backup, REPORT_SOUND, 1 },
	{ "backup, gzip", BACKUP "--offline -z -o %/out/a.tar", NULL, judge_backup,
	    REPORT_SOUND, 7 },
	{ "backup of a snapshot", BACKUP "--snapshot -T %/spc=%/spc -o %/out/a.tar", NULL,
	    judge_backup, REPORT_SOUND, 5 },
	{ "backup --split", BACKUP "--offline --split -o %/out/set", NULL, judge_split,
	    REPORT_SOUND, 3 },
	{ "verify", "verify %/out/a.tar", one_archive, judge_sound, REPORT_SOUND, 1 },
	{ "verify of gzip", "verify %/out/a.tar", gzipped, judge_sound, REPORT_SOUND, 1 },
	{ "verify of a set", "verify %/out/set", one_set, judge_sound, REPORT_SOUND, 1 },
	{ "verify of what is damaged", "verify %/out/a.tar", damaged, judge_damaged,
	    REPORT_FINDINGS, 1 },
	{ "info", "info %/out/a.tar", one_archive, judge_sound, REPORT_SOUND, 1 },
	{ "info of a set", "info --json %/out/set", one_set, judge_sound, REPORT_SOUND,
	    1 },
	{ "restore", "restore %/out/a.tar" RESTORE, one_archive, judge_copy, REPORT_SOUND,
	    1 },
	{ "restore of gzip, the WAL elsewhere",
	    "restore %/out/a.tar --waldir=%/out/wal" RESTORE, gzipped, judge_copy,
	    REPORT_SOUND, 5 },
	{ "restore of a set", "restore %/out/set" RESTORE, one_set, judge_copy,
	    REPORT_SOUND, 3 },
};

int
main(void)
{
	enum { SWEEPS = sizeof(sweeps) / sizeof(sweeps[0]) };
	struct CMUnitTest tests[2 * SWEEPS];

	for (size_t i = 0; i < SWEEPS; i++) {
		void *of = (void *)(uintptr_t)&sweeps[i];

		tests[2 * i] = (struct CMUnitTest){ .name = sweeps[i].name,
			.test_func = sweep_files,
			.initial_state = of };
		tests[2 * i + 1] = (struct CMUnitTest){ .name = sweeps[i].name,
			.test_func = sweep_memory,
			.initial_state = of };
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
