/* Targets of recovery that a backup cannot reach. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/message.h"
#include "cli/options.h"
#include "pg/label.h"
#include "restore/target.h"
#include "support/fake_checker.c.inc"

static char start_time[] = "2026-12-01 12:00:00 UTC";
static struct options opt;
static struct restore_target target;
static struct label label;

static int
begin(void **state)
{
	(void)state;
	opt = (struct options){ .force = false };
	target = (struct restore_target){ .opt = &opt };
	label = (struct label){
		.start_lsn = 0x2000028, .timeline = 3, .start_time = start_time
	};
	fake = (struct checker){ .findings = heard_begin() };
	message_set_level(MESSAGE_QUIET);
	return 0;
}

/* What the label says, and perhaps where the backup ended, is judged before a byte is written. */
static void
by_label(void **state)
{
	static const struct {
		const char *lsn, *time, *timeline;
		uint64_t stop_lsn;
		const char *error; /* NULL: it can end there */
	} rows[] = {
		{ NULL, NULL, NULL, 0x3000000, NULL },
		{ "0/2000000", NULL, NULL, 0,
		    "before the start of the backup, 0/2000028" },
		{ "0/2000028", NULL, NULL, 0, NULL },
		{ "0/2000028", NULL, NULL, 0x3000000, "before the end of the backup" },
		/* in the last record of a primary */
		{ "0/2FFFFF0", NULL, NULL, 0x3000000, NULL },
		{ "0/3000000", NULL, NULL, 0x3000000, NULL },
		{ NULL, "2026-12-01 11:59:59 UTC", NULL, 0, "before the start" },
		{ NULL, "2026-12-01 12:00:01 UTC", NULL, 0, NULL },
		{ NULL, NULL, "2", 0, "does not come from timeline 3" },
		{ NULL, NULL, "3", 0, NULL },
		{ NULL, NULL, "latest", 0, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = { 0 };

		opt.recovery = (struct recovery){ .target_lsn = rows[i].lsn,
			.target_time = rows[i].time,
			.target_timeline = rows[i].timeline };
		target.is_checked = false;
		assert_int_equal(
		    restore_target_label(&target, &label, rows[i].stop_lsn, &err),
		    rows[i].error ? -1 : 0);
		if (rows[i].error)
			assert_non_null(strstr(err.text, rows[i].error));
	}
}

static void
no_label(void **state)
{
	struct error err = { 0 };

	(void)state;
	opt.recovery.target_lsn = "0/1";
	assert_int_equal(restore_target_label(&target, NULL, 0, &err), 0);
}

/* With --force it is a warning, said once; and then no finding either. */
static void
forced(void **state)
{
	struct error err = { 0 };

	(void)state;
	opt.force = true;
	opt.recovery.target_lsn = "0/1";
	assert_int_equal(restore_target_label(&target, &label, 0, &err), 0);
	assert_int_equal(err.kind, 0);
	fake.known.backup.range.start_lsn = 0x2000028;
	fake.known.backup.range.stop_lsn = 0x3000000;
	assert_int_equal(restore_target_finish(&target, &fake, &err), 0);
	assert_int_equal(fake.findings.count, 0);
}

/* Of a stream the end is known at last. */
static void
known_at_last(void **state)
{
	struct error err = { 0 };

	(void)state;
	opt.recovery.target_lsn = "0/2800000";
	fake.known.backup.range.start_lsn = 0x2000028;
	fake.known.backup.range.stop_lsn = 0x3000000;
	assert_int_equal(restore_target_label(&target, &label, 0, &err), 0);
	assert_int_equal(restore_target_finish(&target, &fake, &err), 0);
	assert_int_equal(fake.findings.count, 1);
	assert_int_equal(fake.findings.of_kind[FINDINGS_TARGET], 1);
	assert_non_null(strstr(heard(), "before the end of the backup, 0/3000000"));
}

/* A cluster that was shut down is consistent from the start on. */
static void
stopped(void **state)
{
	static const struct infofile info = { .mode = INFOFILE_OFFLINE };
	struct error err = { 0 };

	(void)state;
	opt.recovery.target_lsn = "0/2800000";
	fake.backup.info = &info;
	fake.known.backup.range.start_lsn = 0x2000028;
	fake.known.backup.range.stop_lsn = 0x3000000;
	assert_int_equal(restore_target_finish(&target, &fake, &err), 0);
	assert_int_equal(fake.findings.count, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(by_label, begin),
		cmocka_unit_test_setup(no_label, begin),
		cmocka_unit_test_setup(forced, begin),
		cmocka_unit_test_setup(known_at_last, begin),
		cmocka_unit_test_setup(stopped, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
