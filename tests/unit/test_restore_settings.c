/* What the server is told: how to recover, and whether it archives its WAL. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "support/restoring.c.inc"

#include "cli/message.h"
#include "pg/cluster.h"
#include "restore/settings.h"

static struct restore_settings settings;

static int
begin(void **state)
{
	settings = (struct restore_settings){ .opt = &restoring_opt };
	message_set_level(MESSAGE_QUIET);
	return restoring_begin(state);
}

static int
end(void **state)
{
	restore_settings_free(&settings);
	return restoring_end(state);
}

static void
fates(void **state)
{
	static const struct {
		const char *path;
		/* with nothing asked for, with archive_mode kept, with a command to restore */
		enum restore_settings_fate plain, keep, recover;
	} rows[] = {
		{ "postgresql.auto.conf", RESTORE_SETTINGS_KEPT, RESTORE_SETTINGS_WRITTEN,
		    RESTORE_SETTINGS_KEPT },
		{ "recovery.conf", RESTORE_SETTINGS_KEPT, RESTORE_SETTINGS_KEPT,
		    RESTORE_SETTINGS_LEFT },
		{ "recovery.signal", RESTORE_SETTINGS_WRITTEN, RESTORE_SETTINGS_WRITTEN,
		    RESTORE_SETTINGS_LEFT },
		{ "standby.signal", RESTORE_SETTINGS_WRITTEN, RESTORE_SETTINGS_WRITTEN,
		    RESTORE_SETTINGS_LEFT },
		{ "postgresql.conf", RESTORE_SETTINGS_WRITTEN, RESTORE_SETTINGS_WRITTEN,
		    RESTORE_SETTINGS_WRITTEN },
		{ "base/recovery.signal", RESTORE_SETTINGS_WRITTEN,
		    RESTORE_SETTINGS_WRITTEN, RESTORE_SETTINGS_WRITTEN },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		restoring_opt.archive_mode = ARCHIVE_MODE_DEFAULT;
		restoring_opt.recovery = (struct recovery){ 0 };
		assert_int_equal(
		    restore_settings_fate(&settings, rows[i].path), rows[i].plain);
		restoring_opt.archive_mode = ARCHIVE_MODE_KEEP;
		assert_int_equal(
		    restore_settings_fate(&settings, rows[i].path), rows[i].keep);
		restoring_opt.recovery.restore_command = "cp";
		assert_int_equal(
		    restore_settings_fate(&settings, rows[i].path), rows[i].recover);
	}
}

/* A copy that stays on the timeline of the original does not archive under its names. */
static void
archiving(void **state)
{
	(void)state;
	assert_true(restore_settings_archive_off(&restoring_opt));
	restoring_opt.recovery.target_name = "x";
	assert_false(restore_settings_archive_off(&restoring_opt));
	restoring_opt.archive_mode = ARCHIVE_MODE_OFF;
	assert_true(restore_settings_archive_off(&restoring_opt));
	restoring_opt.archive_mode = ARCHIVE_MODE_DEFAULT;
	restoring_opt.recovery = (struct recovery){ .is_standby = true };
	assert_false(restore_settings_archive_off(&restoring_opt));
}

static void
keep(const char *path, const char *text)
{
	struct buf kept = { 0 };
	struct error err = { 0 };

	assert_int_equal(buf_append(&kept, text, strlen(text), &err), 0);
	assert_int_equal(restore_settings_keep(&settings, path, &kept, 1000, &err), 0);
	buf_free(&kept);
}

static void
write_for(unsigned major)
{
	struct error err = { 0 };

	restoring_open();
	assert_int_equal(restore_tree_begin(&tree, &err), 0);
	assert_int_equal(
	    restore_settings_write(&settings, &tree, cluster_version(major), &err), 0);
	assert_int_equal(restore_tree_sync(&tree, &err), 0);
}

/* Ours come after those of the backup, whose last line may have no end. */
static void
extended(void **state)
{
	(void)state;
	keep("postgresql.auto.conf", "work_mem = '1MB'");
	write_for(15);
	restoring_expect(
	    "postgresql.auto.conf", "work_mem = '1MB'\narchive_mode = 'off'\n");
	assert_int_equal(restoring_mode("recovery.signal"), 0);
}

static void
recovering(void **state)
{
	static const unsigned majors[] = { 11, 15 };

	for (size_t i = 0; i < 2; i++) {
		const bool is_old = majors[i] == 11;

		restoring_opt.recovery.restore_command = "cp";
		write_for(majors[i]);
		assert_int_equal(restoring_mode("recovery.conf") != 0, is_old);
		assert_int_equal(restoring_mode("recovery.signal") != 0, !is_old);
		end(state);
		assert_int_equal(begin(state), 0);
	}
}

/* recovery.conf of the backup: to a server that does not know it, it is not given. */
static void
recovery_conf(void **state)
{
	static const unsigned majors[] = { 11, 15 };

	for (size_t i = 0; i < 2; i++) {
		const bool is_old = majors[i] == 11;

		keep("recovery.conf", "restore_command = 'cp'\n");
		write_for(majors[i]);
		assert_int_equal(restoring_mode("recovery.conf") != 0, is_old);
		assert_int_equal(settings.recovers_by != NULL, is_old);
		end(state);
		assert_int_equal(begin(state), 0);
	}
}

static void
unknown_release(void **state)
{
	struct error err = { 0 };

	(void)state;
	restoring_opt.recovery.restore_command = "cp";
	assert_int_equal(restore_settings_write(&settings, &tree, NULL, &err), -1);
	assert_int_equal(err.kind, ERROR_FORMAT);
}

static void
noted(void **state)
{
	(void)state;
	restore_settings_note(&settings, "base/1");
	assert_null(settings.recovers_by);
	restore_settings_note(&settings, "standby.signal");
	assert_string_equal(settings.recovers_by, "standby.signal");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(fates, begin, end),
		cmocka_unit_test_setup_teardown(archiving, begin, end),
		cmocka_unit_test_setup_teardown(extended, begin, end),
		cmocka_unit_test_setup_teardown(recovering, begin, end),
		cmocka_unit_test_setup_teardown(recovery_conf, begin, end),
		cmocka_unit_test_setup_teardown(unknown_release, begin, end),
		cmocka_unit_test_setup_teardown(noted, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
