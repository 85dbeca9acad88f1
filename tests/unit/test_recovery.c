/* What a server is told of how to recover, in the words of each release. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "recovery/recovery.h"

static void
expect(const struct recovery *r, unsigned major, const char *file, const char *lines)
{
	struct error err = { 0 };
	struct buf text = { 0 };

	assert_true(recovery_is_set(r));
	assert_int_equal(recovery_check(r, &err), 0);
	assert_string_equal(recovery_file(r, cluster_version(major)), file);
	assert_int_equal(recovery_build(&text, r, cluster_version(major), &err), 0);
	assert_string_equal(buf_text(&text), lines);
	buf_free(&text);
}

/* What is not asked for, from 12 on, around recovery_target_name. */
#define UNSET_TARGETS \
	"recovery_target = ''\n" \
	"recovery_target_time = ''\n" \
	"recovery_target_lsn = ''\n" \
	"recovery_target_xid = ''\n"
#define UNSET_REST \
	"recovery_target_inclusive = 'on'\n" \
	"archive_cleanup_command = ''\n" \
	"recovery_end_command = ''\n" \
	"recovery_min_apply_delay = '0'\n" \
	"primary_slot_name = ''\n" \
	"recovery_target_timeline = 'latest'\n"

static void
test_build(void **state)
{
	const struct recovery target = { .restore_command = "cp '/a b/%f' \"%p\" \\x",
		.target_name = "it's",
		.target_action = "promote" };
	const struct recovery standby = { .is_standby = true,
		.primary_conninfo = "host=/tmp" };
	const struct recovery current = { .restore_command = "c",
		.target_timeline = "current" };
	const struct recovery stays = { .is_standby = true,
		.target_timeline = "current" };
	const struct recovery along = { .is_standby = true, .target_timeline = "3" };

	(void)state;
	expect(&target, 15, "recovery.signal",
	    UNSET_TARGETS UNSET_REST "restore_command = 'cp ''/a b/%f'' \"%p\" \\\\x'\n"
				     "recovery_target_name = 'it''s'\n"
				     "recovery_target_action = 'promote'\n");
	expect(&target, 11, "recovery.conf",
	    "restore_command = 'cp ''/a b/%f'' \"%p\" \\\\x'\n"
	    "recovery_target_name = 'it''s'\n"
	    "recovery_target_action = 'promote'\n");
	expect(&standby, 12, "standby.signal",
	    UNSET_TARGETS "recovery_target_name = ''\n" UNSET_REST
			  "recovery_target_action = 'pause'\n"
			  "primary_conninfo = 'host=/tmp'\n");
	expect(&standby, 10, "recovery.conf",
	    "standby_mode = 'on'\n"
	    "primary_conninfo = 'host=/tmp'\n"
	    "recovery_target_timeline = 'latest'\n");
	expect(&along, 11, "recovery.conf",
	    "standby_mode = 'on'\n"
	    "recovery_target_timeline = '3'\n");
	/* what up to 11 is no word is their default */
	expect(&current, 10, "recovery.conf", "restore_command = 'c'\n");
	expect(&current, 11, "recovery.conf", "restore_command = 'c'\n");
	expect(&stays, 11, "recovery.conf", "standby_mode = 'on'\n");
	expect(&stays, 12, "standby.signal",
	    UNSET_TARGETS "recovery_target_name = ''\n"
			  "recovery_target_inclusive = 'on'\n"
			  "archive_cleanup_command = ''\n"
			  "recovery_end_command = ''\n"
			  "recovery_min_apply_delay = '0'\n"
			  "primary_slot_name = ''\n"
			  "recovery_target_action = 'pause'\n"
			  "recovery_target_timeline = 'current'\n");
}

static void
test_check(void **state)
{
	static const struct {
		struct recovery recovery;
		const char *text;
	} rows[] = {
		{ { .restore_command = "c",
		      .target_lsn = "0/1",
		      .target_time = "2026-11-30" },
		    "recovery_target_time and recovery_target_lsn exclude each other" },
		{ { .is_standby = true, .target_xid = "7" },
		    "a standby and recovery_target_xid exclude each other" },
		{ { .primary_conninfo = "x" }, "primary_conninfo is for a standby only" },
		{ { .target_action = "pause" },
		    "recovery to a target needs restore_command" },
		{ { .restore_command = "c", .target_lsn = "nonsense" },
		    "\"nonsense\" is not a valid recovery_target_lsn" },
		{ { .restore_command = "c", .target_time = "yesterday" },
		    "\"yesterday\" is not a valid recovery_target_time" },
		{ { .restore_command = "c", .target_time = "2026-02-29 10:00" },
		    "\"2026-02-29 10:00\" is not a valid recovery_target_time" },
		{ { .restore_command = "c", .target_xid = "7a" },
		    "\"7a\" is not a valid recovery_target_xid" },
		{ { .restore_command = "c", .target_xid = "010" },
		    "\"010\" is not a valid recovery_target_xid" },
		{ { .restore_command = "c", .target_timeline = "0" },
		    "\"0\" is not a valid recovery_target_timeline" },
		{ { .restore_command = "c", .target_timeline = "02" },
		    "\"02\" is not a valid recovery_target_timeline" },
		{ { .restore_command = "c", .target_timeline = "4294967296" },
		    "\"4294967296\" is not a valid recovery_target_timeline" },
		{ { .restore_command = "c", .target_timeline = "last" },
		    "\"last\" is not a valid recovery_target_timeline" },
		{ { .restore_command = "c", .target_action = "stop" },
		    "\"stop\" is not a valid recovery_target_action" },
		{ { .restore_command = "a\nb" }, "restore_command has a line break" },
	};
	const struct recovery none = { 0 };
	struct error err = { 0 };

	(void)state;
	assert_false(recovery_is_set(&none));
	assert_int_equal(recovery_check(&none, &err), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(recovery_check(&rows[i].recovery, &err), -1);
		assert_int_equal(err.kind, ERROR_USAGE);
		assert_string_equal(err.text, rows[i].text);
	}
}

/* A point or a timeline; what recovery does there is none. */
static void
test_target(void **state)
{
	const struct recovery none[] = { { .restore_command = "c" },
		{ .is_standby = true },
		{ .restore_command = "c", .target_action = "promote" } };
	const struct recovery some[] = { { .target_time = "t" }, { .target_lsn = "0/1" },
		{ .target_xid = "7" }, { .target_name = "n" },
		{ .target_timeline = "2" } };

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_false(recovery_has_target(&none[i]));
	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++)
		assert_true(recovery_has_target(&some[i]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_build),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_target),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
