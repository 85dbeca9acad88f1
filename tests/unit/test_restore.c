/*
 * A restore as a whole: each piece is proved before it is written, which step comes after which, and what
 * is left of one that failed.  All parts are made up.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proof/checking.h"
#include "restore/config.h"
#include "restore/directories.h"
#include "restore/finish.h"
#include "restore/links.h"
#include "restore/members.h"
#include "restore/notes.h"
#include "restore/ownership.h"
#include "restore/plan.h"
#include "restore/restore.h"
#include "restore/settings.h"
#include "restore/tree.h"
#include "support/fake_message.c.inc"

/* ---- all parts, in place of the program's: they write down that they are asked ---- */

struct checker {
	struct findings findings;
	const char *broken_off; /* by that error; NULL: it was not */
};

static struct {
	char told[1024];
	const char *fails; /* that step; NULL: none */
	int sys;           /* with this errno */
	struct checker checker;
	const struct reading_ops *ops;
	enum archivepart_kind part;
	struct newdir place; /* the one directory; its path NULL: it is not restored to */
	char report[32];     /* what was written into it: "sound", ...; "": it was not */
	bool forgets;        /* directories that were made go away */
} fake;

static int
step(const char *name, struct error *err)
{
	const size_t len = strlen(fake.told);

	snprintf(fake.told + len, sizeof(fake.told) - len, "%s ", name);
	if (fake.fails == NULL || strcmp(fake.fails, name) != 0)
		return 0;
	return error_set(err, ERROR_IO, fake.sys, "injected");
}

static void
done(const char *name)
{
	struct error ignored;

	(void)!step(name, &ignored);
}

/* A step of one part, with arguments that do not matter here. */
#define STEP(name, arguments, call) \
	int call arguments \
	{ \
		return step(name, err); \
	}
#define DONE(name, arguments, call) \
	void call arguments \
	{ \
		done(name); \
	}

/* Arguments that are not looked at. */
#define UNUSED __attribute__((unused))

STEP("owner", (UNUSED const struct restore_ownership *o, struct error *err),
    restore_ownership_check)
STEP("report_open",
    (UNUSED struct report * *r, UNUSED const char *path, UNUSED bool no_sync,
	struct error *err),
    report_open)
STEP("report_output",
    (UNUSED struct report * r, UNUSED const char *path, UNUSED int fd, struct error *err),
    report_refuse_output)
STEP("report_inside",
    (UNUSED struct report * r, UNUSED const struct stat *st, UNUSED const char *what,
	struct error *err),
    report_refuse_inside)
STEP("report_begin",
    (UNUSED struct reading * r, UNUSED struct report *report, UNUSED const char *command,
	struct error *err),
    checking_report_begin)
STEP("places",
    (UNUSED struct restore_directories * p, UNUSED const struct options *opt,
	struct error *err),
    restore_directories_open)
STEP("look_ahead",
    (UNUSED struct restore_plan * p, UNUSED const char *outcome, struct error *err),
    restore_plan_look_ahead)
STEP("plan_archive",
    (UNUSED struct restore_plan * p, UNUSED const char *oid, struct error *err),
    restore_plan_archive)
STEP("write",
    (UNUSED struct restore_members * m, UNUSED const struct tar_entry *entry,
	struct error *err),
    restore_members_begin)
STEP("write_bytes",
    (UNUSED struct restore_members * m, UNUSED const uint8_t *bytes, UNUSED size_t len,
	struct error *err),
    restore_members_bytes)
STEP("write_end", (UNUSED struct restore_members * m, struct error *err),
    restore_members_end)
STEP("write_manifest",
    (UNUSED struct restore_members * m, UNUSED const uint8_t *bytes, UNUSED size_t len,
	struct error *err),
    restore_members_manifest)
STEP("finish",
    (UNUSED struct restore_finish * f, UNUSED struct checker *c, struct error *err),
    restore_finish_write)
STEP("prove_archive",
    (UNUSED struct checker * c, UNUSED const struct archivepart *part, struct error *err),
    checker_archive)
STEP("prove",
    (UNUSED struct checker * c, UNUSED const struct tar_entry *entry,
	UNUSED uint64_t offset, struct error *err),
    checker_member)
STEP("prove_bytes",
    (UNUSED struct checker * c, UNUSED const uint8_t *bytes, UNUSED size_t len,
	struct error *err),
    checker_bytes)
STEP("prove_end", (UNUSED struct checker * c, struct error *err), checker_member_end)
STEP("prove_archive_end", (UNUSED struct checker * c, struct error *err),
    checker_archive_end)
STEP("prove_manifest",
    (UNUSED struct checker * c, UNUSED const uint8_t *bytes, UNUSED size_t len,
	struct error *err),
    checker_manifest)
STEP("judge", (UNUSED struct checker * c, struct error *err), checker_finish)
DONE("notes", (UNUSED const struct restore_notes *n), restore_notes_say)
DONE("free_tree", (UNUSED struct restore_tree * t), restore_tree_free)
DONE("free_report", (UNUSED struct report * r), report_free)
DONE("free_members", (UNUSED struct restore_members * m), restore_members_free)
DONE("free_finish", (UNUSED struct restore_finish * f), restore_finish_free)
DONE("free_links", (UNUSED struct restore_links * l), restore_links_free)
DONE("free_settings", (UNUSED struct restore_settings * s), restore_settings_free)
DONE("free_config", (UNUSED struct restore_config * c), restore_config_free)
DONE("free_plan", (UNUSED struct restore_plan * p), restore_plan_free)
DONE("free_reading", (UNUSED struct reading * r), reading_free)

/* What it says is for test_restore_settings.c. */
int
restore_settings_check(const struct options *opt, struct error *err)
{
	(void)opt;
	(void)err;
	return 0;
}

struct owner
restore_ownership_server(const struct restore_ownership *o)
{
	(void)o;
	return (struct owner){ .uid = 26 };
}

void
restore_directories_free(struct restore_directories *p, bool forget)
{
	(void)p;
	fake.forgets = forget;
	done("free_places");
}

size_t
restore_directories_count(const struct restore_directories *p)
{
	(void)p;
	return 1;
}

const struct newdir *
restore_directories_at(const struct restore_directories *p, size_t i)
{
	(void)p;
	assert_int_equal(i, 0);
	return &fake.place;
}

int
checking_open(struct reading *r, int dirfd, struct checker **checker, struct error *err)
{
	(void)r;
	(void)dirfd;
	if (step("checker", err))
		return -1;
	*checker = &fake.checker;
	return 0;
}

void
checker_free(struct checker *c)
{
	(void)c;
	done("free_checker");
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
	(void)c;
	return (struct checker_facts){ .backup.archive = { .members = 3, .bytes = 77 } };
}

void
checking_report(struct reading *r, const struct checker *checker, struct report *report,
    const char *command, bool is_sound, const struct error *why)
{
	(void)r;
	(void)checker;
	(void)report;
	assert_string_equal(command, "restore");
	snprintf(fake.report, sizeof(fake.report), "%s",
	    why          ? "failed" :
		is_sound ? "sound" :
			   "findings");
}

void
reading_init(struct reading *r, const struct options *opt, const struct reading_ops *ops,
    const char *outcome)
{
	r->opt = opt;
	fake.ops = ops;
	assert_string_equal(outcome, "the backup was not restored");
}

/* One archive of one member, and a manifest. */
int
reading_run(struct reading *r, const char *phase, struct error *err)
{
	const struct archivepart part = { .kind = fake.part, .oid = "16400" };
	const struct tar_entry entry = { .name = "x" };
	const struct reading_ops *ops = fake.ops;
	bool is_wanted = true;

	assert_string_equal(phase, "restoring");
	assert_false(ops->is_sparse);
	return ops->begin(r, -1, err) || ops->archive(r, &part, err) ||
		ops->member(r, &entry, 0, &is_wanted, err) ||
		ops->bytes(r, (const uint8_t *)"x", 1, err) || ops->member_end(r, err) ||
		ops->archive_end(r, err) ||
		ops->manifest(r, (const uint8_t *)"x", 1, err) || ops->finish(r, err) ||
		ops->sync(r, err) ?
	    -1 :
	    0;
}

/* ---- a restore ---- */

static char pgdata[] = "/srv/new", here[] = ".";

static int
begin(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	message_said[0] = '\0';
	fake.place = (struct newdir){ .path = here, .fd = 0 };
	return 0;
}

#define OPENED \
	"owner report_open report_output places report_inside report_begin look_ahead "
#define READ \
	"checker prove_archive prove write prove_bytes write_bytes write_end prove_end prove_archive_end prove_manifest write_manifest judge finish "
#define FREED \
	"free_tree free_report free_checker free_members free_finish free_links free_config free_settings free_plan free_places free_reading "

static const struct options with_report = { .pgdata = pgdata, .report = "r.json" };

static void
whole(void **state)
{
	struct error err = { 0 };
	bool is_sound = false;

	(void)state;
	assert_int_equal(restore_run(&with_report, &is_sound, &err), 0);
	assert_true(is_sound);
	assert_string_equal(fake.told, OPENED READ "notes " FREED);
	assert_string_equal(fake.report, "sound");
	assert_false(fake.forgets);
	assert_null(fake.checker.broken_off);
}

/* What was restored stays, whatever was found in it; but it is said that it is not sound. */
static void
findings(void **state)
{
	const struct options opt = { .pgdata = pgdata };
	struct error err = { 0 };
	bool is_sound = true;

	(void)state;
	fake.checker.findings.count = 1;
	fake.part = ARCHIVEPART_TABLESPACE;
	fake.place.path = NULL;
	assert_int_equal(restore_run(&opt, &is_sound, &err), 0);
	assert_false(is_sound);
	assert_string_equal(fake.report, "findings");
	assert_false(fake.forgets);
	/* no report is to be refused anywhere; where a tablespace goes is planned first */
	assert_ptr_equal(
	    strstr(fake.told,
		"owner places report_begin look_ahead checker plan_archive prove_archive "),
	    fake.told);
}

/* Each step fails once: none follows but those that free, and directories that were made go. */
static void
step_fails(void **state)
{
	static const char steps[] = OPENED "checker plan_archive " READ;
	char name[32];

	for (const char *at = steps; *at; at += strcspn(at, " ") + 1) {
		struct error err = { 0 };
		char expected[512];
		bool is_sound = true;

		begin(state);
		fake.part = ARCHIVEPART_TABLESPACE;
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(at, " "), at);
		fake.fails = name;
		assert_int_equal(restore_run(&with_report, &is_sound, &err), -1);
		assert_false(is_sound);
		snprintf(expected, sizeof(expected), "%s " FREED, name);
		assert_string_equal(
		    fake.told + strlen(fake.told) - strlen(expected), expected);
		assert_string_equal(fake.report, "failed");
		assert_true(fake.forgets);
		message_expect("");
		assert_string_equal(err.text, "injected");
		assert_string_equal(err.hint, "");
		assert_int_equal(fake.checker.broken_off != NULL,
		    strstr(fake.told, "prove_archive") ||
			strstr(fake.told, "plan_archive"));
	}
}

static void
full(void **state)
{
	struct error err = { 0 };
	bool is_sound;

	(void)state;
	fake.fails = "write_bytes";
	fake.sys = ENOSPC;
	assert_int_equal(restore_run(&with_report, &is_sound, &err), -1);
	assert_non_null(strstr(err.hint, "Remove what is in \"/srv/new\""));
}

/* A directory that cannot be looked at may have the report in it. */
static void
not_seen(void **state)
{
	struct error err = { 0 };
	bool is_sound;

	(void)state;
	fake.place.fd = -1;
	assert_int_equal(restore_run(&with_report, &is_sound, &err), -1);
	assert_int_equal(err.sys, EBADF);
	assert_string_equal(err.text, "\".\": could not stat: Bad file descriptor");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(whole, begin),
		cmocka_unit_test_setup(findings, begin),
		cmocka_unit_test_setup(step_fails, begin),
		cmocka_unit_test_setup(full, begin),
		cmocka_unit_test_setup(not_seen, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
