/* What verify says of a backup when it was read, or could not be: with a reader and judges made up. */
#include <errno.h>
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

#include "proof/checking.h"
#include "support/fake_message.c.inc"
#include "verify/verify.h"

/* ---- the reader, the judges and the report, in place of the program's ---- */

struct checker {
	struct findings findings;
	struct checker_facts facts;
	const char *broken_off; /* by that error; NULL: it was not */
};

static struct {
	const struct reading_ops *ops;
	unsigned freed; /* of report, checker and reader */
	struct checker checker;
	struct control control;
	struct infofile info;
	bool is_made;       /* the checker */
	struct error why;   /* reading fails; kind NONE: it does not */
	const char *fails;  /* which step of the others does */
	const char *report; /* what was written into it; NULL: it was not */
	char steps[256];
} fake;

#include "support/fake_step.c.inc"

void
reading_init(struct reading *r, const struct options *opt, const struct reading_ops *ops,
    const char *outcome)
{
	r->opt = opt;
	fake.ops = ops;
	assert_string_equal(outcome, "the backup was not verified");
}

/* One archive of one member, and a manifest. */
int
reading_run(struct reading *r, const char *phase, struct error *err)
{
	const struct tar_entry entry = { .name = "x" };
	const struct archivepart part = { .kind = ARCHIVEPART_ALONE };
	bool is_wanted = true;

	assert_string_equal(phase, "verifying");
	if (fake.fails && strcmp(fake.fails, "open") == 0)
		return error_set(err, ERROR_IO, ENOENT, "injected into open");
	if (fake.ops->begin(r, 7, err) || fake.ops->archive(r, &part, err) ||
	    fake.ops->member(r, &entry, 512, &is_wanted, err))
		return -1;
	assert_true(is_wanted);
	if (fake.why.kind != ERROR_NONE) {
		*err = fake.why;
		return -1;
	}
	return fake.ops->bytes(r, (const uint8_t *)"ab", 2, err) ||
		fake.ops->member_end(r, err) || fake.ops->archive_end(r, err) ||
		fake.ops->manifest(r, (const uint8_t *)"{", 1, err) ||
		fake.ops->finish(r, err) ?
	    -1 :
	    0;
}

void
reading_free(struct reading *r)
{
	(void)r;
	fake.freed++;
}

int
checking_open(struct reading *r, int dirfd, struct checker **checker, struct error *err)
{
	(void)r;
	assert_int_equal(dirfd, 7);
	if (step("begin", err))
		return -1;
	*checker = &fake.checker;
	fake.is_made = true;
	return 0;
}

int
checking_report_begin(
    struct reading *r, struct report *report, const char *command, struct error *err)
{
	(void)r;
	assert_ptr_equal(report, &fake);
	assert_string_equal(command, "verify");
	return step("report", err);
}

void
checking_report(struct reading *r, const struct checker *checker, struct report *report,
    const char *command, bool is_sound, const struct error *why)
{
	(void)r;
	(void)report;
	(void)command;
	assert_ptr_equal(checker, fake.is_made ? &fake.checker : NULL);
	fake.report = why ? "failed" : is_sound ? "sound" : "findings";
}

int
report_open(struct report **report, const char *path, bool no_sync, struct error *err)
{
	assert_string_equal(path, "report.json");
	assert_false(no_sync);
	*report = (struct report *)(void *)&fake;
	return step("report_open", err);
}

int
report_refuse_output(struct report *report, const char *path, int fd, struct error *err)
{
	(void)report;
	assert_int_equal(fd, path ? -1 : 0);
	return step(path ? "refuse_input" : "refuse_stdin", err);
}

void
report_free(struct report *report)
{
	(void)report;
	fake.freed++;
}

int
checker_archive(struct checker *c, const struct archivepart *part, struct error *err)
{
	(void)c;
	assert_int_equal(part->kind, ARCHIVEPART_ALONE);
	return step("archive", err);
}

int
checker_member(
    struct checker *c, const struct tar_entry *entry, uint64_t offset, struct error *err)
{
	(void)c;
	assert_string_equal(entry->name, "x");
	assert_int_equal(offset, 512);
	return step("member", err);
}

int
checker_bytes(struct checker *c, const uint8_t *bytes, size_t len, struct error *err)
{
	(void)c;
	assert_int_equal(len, 2);
	assert_memory_equal(bytes, "ab", 2);
	return step("bytes", err);
}

int
checker_member_end(struct checker *c, struct error *err)
{
	(void)c;
	return step("member_end", err);
}

int
checker_archive_end(struct checker *c, struct error *err)
{
	(void)c;
	return step("archive_end", err);
}

int
checker_manifest(struct checker *c, const uint8_t *bytes, size_t len, struct error *err)
{
	(void)c;
	assert_int_equal(bytes[0], '{');
	assert_int_equal(len, 1);
	return step("manifest", err);
}

int
checker_finish(struct checker *c, struct error *err)
{
	(void)c;
	return step("finish", err);
}

void
checker_break_off(struct checker *c, const struct error *why)
{
	c->broken_off = why->text;
}

struct findings *
checker_findings(struct checker *c)
{
	return &c->findings;
}

struct checker_facts
checker_facts(const struct checker *c)
{
	return c->facts;
}

void
checker_free(struct checker *c)
{
	assert_ptr_equal(c, fake.is_made ? &fake.checker : NULL);
	fake.freed++;
}

/* ---- the run, and what it prints ---- */

static char printed[512];

static int
run(const struct options *opt, const char *to, bool *is_sound, struct error *err)
{
	FILE *out = to ? fopen(to, "w") : tmpfile();
	int saved, rc;

	assert_non_null(out);
	fflush(stdout);
	saved = dup(1);
	assert_int_not_equal(dup2(fileno(out), 1), -1);
	rc = verify_run(opt, is_sound, err);
	if (to == NULL)
		fflush(stdout);
	assert_int_not_equal(dup2(saved, 1), -1);
	clearerr(stdout);
	close(saved);
	rewind(out);
	printed[to ? 0 : fread(printed, 1, sizeof(printed) - 1, out)] = '\0';
	fclose(out);
	return rc;
}

/* A sound backup of a cluster with checksums, with its WAL and a manifest. */
static int
begin(void **state)
{
	struct checker_facts *f = &fake.checker.facts;

	(void)state;
	memset(&fake, 0, sizeof(fake));
	message_said[0] = '\0';
	fake.control.data_checksums = 1;
	f->backup.wal = FACTS_THERE;
	f->backup.manifest = FACTS_THERE;
	f->backup.control = &fake.control;
	f->backup.range.start_lsn = 0x2000028;
	f->backup.range.stop_lsn = 0x3000100;
	f->pages = (struct pagesuspect_sum){
		.are_checked = true, .pages = 9, .files = 3, .benign_pages = 2
	};
	return 0;
}

#define PAGES \
	"info: data pages checked: 9 in 3 files, 2 of them torn and mended by the WAL\n"

static void
no_wal(struct checker_facts *f)
{
	f->backup.wal = FACTS_ABSENT;
}

static void
no_wal_no_stop(struct checker_facts *f)
{
	no_wal(f);
	f->backup.range.stop_lsn = 0;
}

static void
ours_without_wal(struct checker_facts *f)
{
	no_wal(f);
	f->backup.info = &fake.info;
	f->pages.left_pages = 1;
}

static void
no_manifest(struct checker_facts *f)
{
	f->backup.manifest = FACTS_ABSENT;
}

static void
no_checksums(struct checker_facts *f)
{
	fake.control.data_checksums = 0;
	f->pages.are_checked = false;
}

static void
odd_pages(struct checker_facts *f)
{
	f->pages.are_checked = false;
}

static void
no_control(struct checker_facts *f)
{
	f->backup.control = NULL;
	f->pages.are_checked = false;
}

static const struct row {
	const char *name;
	void (*change)(struct checker_facts *); /* NULL: sound, with all it can have */
	unsigned findings;
	bool quiet;
	const char *printed, *said;
} rows[] = {
	{ "sound", NULL, 0, false, "restorable, consistent from 0/3000100\n", PAGES },
	{ "sound, -q", NULL, 0, true, "", PAGES },
	{ "one finding", NULL, 1, false, "NOT restorable: 1 finding\n", PAGES },
	{ "findings, -q", NULL, 2, true, "NOT restorable: 2 findings\n", PAGES },
	{ "without WAL", no_wal, 0, false,
	    "restorable with the WAL from 0/2000028 on, consistent from 0/3000100\n",
	    PAGES
	    "warning: the backup has no WAL: either pg_basebackup was run with -X none, or pg_wal.tar was lost; the WAL archive must have the WAL from 0/2000028 on\n" },
	{ "without WAL, a finding", no_wal, 1, false, "NOT restorable: 1 finding\n",
	    PAGES },
	{ "without WAL, the stop is not known", no_wal_no_stop, 0, false,
	    "restorable with the WAL from 0/2000028 on, consistent from its end\n",
	    PAGES
	    "warning: the backup has no WAL: either pg_basebackup was run with -X none, or pg_wal.tar was lost; the WAL archive must have the WAL from 0/2000028 on\n" },
	{ "ours without WAL", ours_without_wal, 0, false,
	    "restorable with the WAL from 0/2000028 on, consistent from 0/3000100\n",
	    PAGES
	    "warning: pages that changed during the backup cannot be checked without the WAL, which is not in the archive\n" },
	{ "without manifest", no_manifest, 0, false,
	    "restorable, consistent from 0/3000100\n",
	    PAGES
	    "warning: the backup has no manifest: missing or changed files cannot be found\n" },
	{ "without checksums", no_checksums, 0, false,
	    "restorable, consistent from 0/3000100\n",
	    "info: data pages were not checked: the cluster has no data checksums\n" },
	{ "pages that are not known", odd_pages, 0, false,
	    "restorable, consistent from 0/3000100\n",
	    "warning: data pages were not checked: their size, the segment size or the version of their checksums is not supported\n" },
	{ "without pg_control", no_control, 1, false, "NOT restorable: 1 finding\n", "" },
};

static void
check_row(void **state)
{
	const struct row *row = *state;
	const struct options opt = { .input = "in.tar", .quiet = row->quiet };
	struct error err = { 0 };
	bool is_sound;

	assert_int_equal(begin(NULL), 0);
	fake.checker.facts.findings = row->findings;
	fake.checker.findings.count = row->findings;
	if (row->change)
		row->change(&fake.checker.facts);
	assert_int_equal(run(&opt, NULL, &is_sound, &err), 0);
	assert_int_equal(is_sound, row->findings == 0);
	assert_string_equal(printed, row->printed);
	message_expect(row->said);
	assert_string_equal(fake.report, row->findings == 0 ? "sound" : "findings");
	assert_string_equal(fake.steps,
	    "begin archive member bytes member_end archive_end manifest finish ");
	assert_int_equal(fake.freed, 3);
	assert_null(fake.checker.broken_off);
}

/* Bytes that are wrong are the backup's fault; what else ends a run says nothing of it. */
static void
broken_off(void **state)
{
	static const struct {
		enum error_kind kind;
		unsigned findings;
		const char *text;
	} cases[] = {
		{ ERROR_FORMAT, 0,
		    "NOT restorable: it could not be read to its end: cut short" },
		{ ERROR_FORMAT, 1,
		    "NOT restorable: 1 finding, and it could not be read to its end: cut short" },
		{ ERROR_FORMAT, 2,
		    "NOT restorable: 2 findings, and it could not be read to its end: cut short" },
		{ ERROR_IO, 2, "cut short" },
		{ ERROR_CANCELLED, 0, "cut short" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = { 0 };
		bool is_sound = true;

		assert_int_equal(begin(state), 0);
		error_set(&fake.why, cases[i].kind, 0, "cut short");
		fake.checker.findings.count = cases[i].findings;
		assert_int_equal(
		    run(&(struct options){ .input = "x" }, NULL, &is_sound, &err), -1);
		assert_int_equal(err.kind, cases[i].kind);
		assert_string_equal(err.text, cases[i].text);
		assert_false(is_sound);
		assert_string_equal(printed, "");
		assert_string_equal(fake.report, "failed");
		assert_non_null(fake.checker.broken_off);
	}
}

/* Each step fails once; then nothing is said of the backup, and the report says that it failed. */
static void
step_fails(void **state)
{
	static const char *const steps[] = { "open", "begin", "archive", "member",
		"bytes", "member_end", "archive_end", "manifest", "finish", "report_open",
		"refuse_input", "report" };

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		const struct options opt = { .input = "x", .report = "report.json" };
		struct error err = { 0 };
		bool is_sound = true;

		assert_int_equal(begin(state), 0);
		fake.fails = steps[i];
		assert_int_equal(run(&opt, NULL, &is_sound, &err), -1);
		assert_non_null(strstr(err.text, steps[i]));
		assert_false(is_sound);
		assert_string_equal(printed, "");
		assert_string_equal(fake.report, "failed");
		assert_int_equal(fake.freed, 3);
	}
}

/* The report is opened, and seen not to be the input, before anything is read. */
static void
report(void **state)
{
	struct error err = { 0 };
	bool is_sound;

	(void)state;
	assert_int_equal(
	    run(&(struct options){ .report = "report.json" }, NULL, &is_sound, &err), 0);
	assert_string_equal(fake.steps,
	    "report_open refuse_stdin report begin archive member bytes member_end archive_end manifest finish ");
}

/* A verdict that no one gets is no success. */
static void
full(void **state)
{
	struct error err = { 0 };
	bool is_sound = true;

	(void)state;
	assert_int_equal(
	    run(&(struct options){ .input = "x" }, "/dev/full", &is_sound, &err), -1);
	assert_int_equal(err.kind, ERROR_IO);
	assert_int_equal(err.sys, ENOSPC);
	assert_false(is_sound);
	assert_string_equal(fake.report, "failed");
}

int
main(void)
{
	enum { ROWS = sizeof(rows) / sizeof(rows[0]), OTHERS = 4 };
	struct CMUnitTest tests[OTHERS + ROWS] = {
		cmocka_unit_test_setup(broken_off, begin),
		cmocka_unit_test_setup(step_fails, begin),
		cmocka_unit_test_setup(report, begin),
		cmocka_unit_test_setup(full, begin),
	};

	for (size_t i = 0; i < ROWS; i++)
		tests[OTHERS + i] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = check_row,
			.initial_state = (void *)(uintptr_t)&rows[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
