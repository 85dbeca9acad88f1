/* What whoever starts a server on a restored cluster is told first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "support/restored.c.inc"

#include "restore/notes.h"

static char said[4096];

static void
hear(struct message_listener *listener, const char *text)
{
	const size_t len = strlen(said);

	(void)listener;
	snprintf(said + len, sizeof(said) - len, "%s\n", text);
}

static struct message_listener listener = { hear, NULL };
static struct restore_notes notes;

static int
begin(void **state)
{
	if (restored_begin(state))
		return -1;
	said[0] = '\0';
	message_listen(&listener);
	fake.known.backup.wal = FACTS_THERE;
	notes = (struct restore_notes){ .opt = &restoring_opt,
		.checker = &fake,
		.directories = &directories,
		.settings = &settings,
		.config = &config };
	restoring_opt.config = CONFIG_METHOD_KEEP;
	restoring_open();
	return 0;
}

static int
end(void **state)
{
	message_listen(NULL);
	return restored_end(state);
}

static void
nothing(void **state)
{
	(void)state;
	restore_notes_say(&notes);
	assert_string_equal(said, "");
}

static void
no_wal(void **state)
{
	(void)state;
	fake.known.backup.wal = FACTS_ABSENT;
	fake.known.backup.range.start_lsn = 0x2000028;
	restore_notes_say(&notes);
	assert_non_null(strstr(said, "the WAL is not in the backup: before the start"));
	said[0] = '\0';
	restoring_opt.recovery =
	    (struct recovery){ .is_standby = true, .primary_conninfo = "" };
	restore_notes_say(&notes);
	assert_non_null(strstr(said, "must still have it, from 0/2000028 on"));
	said[0] = '\0';
	restoring_opt.recovery.restore_command = "cp";
	restore_notes_say(&notes);
	assert_string_equal(said, "");
}

static void
recovers(void **state)
{
	(void)state;
	settings.recovers_by = "standby.signal";
	restore_notes_say(&notes);
	assert_non_null(
	    strstr(said, "has a standby.signal, of a standby or of pg_basebackup -R: "));
}

static void
subscriptions(void **state)
{
	(void)state;
	notes.has_origins = true;
	restore_notes_say(&notes);
	assert_non_null(strstr(said, "the backup has replication origins"));
}

/* A server that reads it would run the original in the place of the copy. */
static void
data_directory(void **state)
{
	char line[600];

	(void)state;
	faketree_put(root, "new/postgresql.conf", "data_directory = '/srv/original'\n");
	restore_notes_say(&notes);
	assert_non_null(strstr(
	    said, "/postgresql.conf\" sets data_directory to \"/srv/original\": "));
	said[0] = '\0';
	snprintf(line, sizeof(line), "data_directory = '%s'\n", restoring_path);
	faketree_put(root, "new/postgresql.conf", line);
	restore_notes_say(&notes);
	assert_string_equal(said, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing, begin, end),
		cmocka_unit_test_setup_teardown(no_wal, begin, end),
		cmocka_unit_test_setup_teardown(recovers, begin, end),
		cmocka_unit_test_setup_teardown(subscriptions, begin, end),
		cmocka_unit_test_setup_teardown(data_directory, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
