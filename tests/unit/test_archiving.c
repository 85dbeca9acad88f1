/* Which servers archive their WAL, what may be asked of them, and the wait until they have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "backup/archiving.h"
#include "backup/cluster.h"
#include "backup/stream.h"
#include "backup/wal.h"
#include "cli/options.h"
#include "datadir/walarchive.h"
#include "lib/cancel.h"
#include "server/online_check.h"
#include "stream/blockpipe.h"
#include "support/fake_message.c.inc"

/* ---- what is seen of the WAL archive, in place of the program's ---- */

enum { SIZE = 1024 * 1024 };

static struct {
	unsigned asked, done_at; /* it is done when it is asked so often; 0: never */
	unsigned waited;
	bool has_failed; /* the pipeline has */
	enum error_kind is_done_fails, wait_fails;
	uint64_t first, last;
	struct cancel *raises; /* is raised during the first wait */
} fake;

int
walarchive_is_done(int wal_fd, const struct walhistory *history, uint64_t first,
    uint64_t last, uint32_t segment_size, bool *is_done, struct error *err)
{
	assert_int_equal(wal_fd, 7);
	assert_non_null(history);
	assert_int_equal(segment_size, SIZE);
	fake.first = first;
	fake.last = last;
	*is_done = ++fake.asked == fake.done_at;
	return fake.is_done_fails ? error_set(err, fake.is_done_fails, 0, "injected") : 0;
}

bool
blockpipe_has_failed(struct blockpipe *pipe)
{
	(void)pipe;
	return fake.has_failed;
}

int
output_wait(const struct output *out, int ms, struct error *err)
{
	(void)out;
	assert_in_range(ms, 1, 1000);
	fake.waited++;
	if (fake.raises)
		cancel_raise(fake.raises);
	return fake.wait_fails ? error_set(err, fake.wait_fails, 0, "injected") : 0;
}

/* ---- what is asked for ---- */

static const char no_archive[] =
    "-X none requires that the server archives its WAL, but archive_mode is off";
static const char not_always[] =
    "-X none requires that the server archives its WAL, but a standby archives WAL only if archive_mode is \"always\"";
static const char for_ever[] =
    "waiting for the WAL archive may never end: a standby archives its last WAL segment only when the primary has switched to the next one";

static const struct row {
	const char *name, *mode; /* archive_mode; NULL: not told */
	bool is_standby, is_awaited;
	/* the errors of -X none, and of -X fetch; and with a limit.  NULL: none */
	const char *none, *fetch, *limited;
} rows[] = {
	{ "primary, off", "off", false, false, no_archive, NULL, no_archive },
	{ "primary, on", "on", false, true, NULL, NULL, NULL },
	{ "primary, always", "always", false, true, NULL, NULL, NULL },
	{ "primary, not told", NULL, false, true, NULL, NULL, NULL },
	{ "standby, off", "off", true, false, no_archive, NULL, no_archive },
	{ "standby, on", "on", true, false, not_always, NULL, not_always },
	{ "standby, always", "always", true, true, for_ever, for_ever, NULL },
	{ "standby, not told", NULL, true, true, for_ever, for_ever, NULL },
};

static void
expect(const struct options *opt, const struct online_server *server, const char *text)
{
	struct error err = { 0 };

	assert_int_equal(backup_archiving_check(opt, server, &err), text ? -1 : 0);
	assert_string_equal(err.text, text ? text : "");
	assert_int_equal(err.kind, text ? ERROR_STATE : ERROR_NONE);
	assert_int_equal(err.hint[0] != '\0', text != NULL);
}

static void
check_row(void **state)
{
	const struct row *row = *state;
	const struct online_server server = { .archive_mode =
						  (char *)(uintptr_t)row->mode,
		.in_recovery = row->is_standby };
	struct options opt = { .wait_archive = true, .wal_method = WAL_NONE };

	message_said[0] = '\0';
	expect(&opt, &server, row->none);
	opt.wait_archive_limit = 1;
	expect(&opt, &server, row->limited);
	opt.wait_archive_limit = 0;
	opt.wal_method = WAL_FETCH;
	expect(&opt, &server, row->fetch);
	assert_int_equal(backup_archiving_is_awaited(&opt, &server), row->is_awaited);
	assert_int_equal(message_said[0] == '\0', row->is_awaited);
	assert_false(backup_archiving_is_awaited(&opt, NULL));
	opt.wait_archive = false;
	expect(&opt, &server, NULL);
	assert_false(backup_archiving_is_awaited(&opt, &server));
}

/* ---- the wait ---- */

static struct cancel cancel;

static int
begin(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	cancel = (struct cancel){ 0 };
	return 0;
}

/* From segment 2 to the one that ends where the WAL does. */
static int
await(unsigned limit, bool is_standby, struct error *err)
{
	const struct options opt = { .wait_archive = true, .wait_archive_limit = limit };
	const struct online_server server = { .in_recovery = is_standby };
	const struct backup_cluster cluster = { .wal_fd = 7,
		.control = { .wal_segment_size = SIZE } };
	const struct backup_wal wal = { .cluster = &cluster,
		.range = { 2 * SIZE + 40, 4 * SIZE, 1 } };
	const struct backup_stream stream = { .cancel = &cancel };

	return backup_archiving_await(&opt, &server, &wal, &stream, err);
}

static void
done(void **state)
{
	struct error err = { 0 };

	(void)state;
	fake.done_at = 1;
	assert_int_equal(await(0, false, &err), 0);
	assert_int_equal(fake.waited, 0);
	assert_int_equal(fake.first, 2);
	assert_int_equal(fake.last, 3);
	fake.asked = 0;
	fake.done_at = 3;
	assert_int_equal(await(600, false, &err), 0);
	assert_int_equal(fake.waited, 2);
}

static void
too_slow(void **state)
{
	struct error err = { 0 };

	(void)state;
	assert_int_equal(await(1, false, &err), -1);
	assert_int_equal(err.kind, ERROR_STATE);
	assert_string_equal(
	    err.text, "the WAL of the backup was not archived within 1 s");
	assert_non_null(strstr(err.hint, "pg_stat_archiver"));
	err = (struct error){ 0 };
	assert_int_equal(await(1, true, &err), -1);
	assert_non_null(strstr(err.hint, "pg_switch_wal()"));
}

/* No one waits for a run that is over. */
static void
cancelled(void **state)
{
	struct error err = { 0 };

	(void)state;
	fake.raises = &cancel;
	assert_int_equal(await(0, false, &err), -1);
	assert_int_equal(err.kind, ERROR_CANCELLED);
	assert_int_equal(fake.waited, 1);
	begin(NULL);
	fake.has_failed = true;
	assert_int_equal(await(0, false, &err), -1);
	assert_int_equal(err.kind, ERROR_CANCELLED);
	assert_int_equal(fake.waited, 0);
}

static void
fails(void **state)
{
	struct error err = { 0 };

	(void)state;
	fake.wait_fails = ERROR_IO;
	assert_int_equal(await(0, false, &err), -1);
	assert_int_equal(err.kind, ERROR_IO);
	fake.is_done_fails = ERROR_FORMAT;
	assert_int_equal(await(0, false, &err), -1);
	assert_int_equal(err.kind, ERROR_FORMAT);
	assert_int_equal(fake.waited, 1);
}

int
main(void)
{
	enum { ROWS = sizeof(rows) / sizeof(rows[0]), OTHERS = 4 };
	struct CMUnitTest tests[OTHERS + ROWS] = {
		cmocka_unit_test_setup(done, begin),
		cmocka_unit_test_setup(too_slow, begin),
		cmocka_unit_test_setup(cancelled, begin),
		cmocka_unit_test_setup(fails, begin),
	};

	for (size_t i = 0; i < ROWS; i++)
		tests[OTHERS + i] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = check_row,
			.initial_state = (void *)(uintptr_t)&rows[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
