#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "server/online.h"

#include "support/fake_libpq.c.inc"

#define LSN(low) ((uint64_t)1 << 32 | (low))

#define NUMBER(text) \
	"unexpected reply from the server: \"" text "\" is not a valid number"
#define POSITION(text) \
	"unexpected reply from the server: \"" text "\" is not a WAL position"

static struct session *
open_session(void)
{
	struct session_options options = { .interrupt_fd = -1 };
	struct session *s;
	struct error err = { 0 };

	if (session_open(&s, &options, &err))
		fail_msg("%s", err.text);
	return s;
}

#define START \
	.query = "SELECT pg_catalog.pg_backup_start($1, $2)", .params = "nightly|true"
#define STOP(wait) .query = "SELECT lsn, labelfile, spcmapfile", .params = wait
#define DESCRIBE .query = "SELECT c.checkpoint_lsn, c.redo_lsn, c.timeline_id"
#define DESCRIPTION "1/60|1/28|3|16777216|f|2026-11-22 14:02:26 UTC|1795356146000123"
#define FAILS(state, text) \
	.error = { .severity = "ERROR", .sqlstate = state, .primary = text }

static void
start_is_described(void **state)
{
	struct online_started started;
	struct error err = { 0 };
	struct session *s;

	(void)state;
	FAKE_SCRIPT(
	    FAKE_OPENING, { START, .rows = "1/28" }, { DESCRIBE, .rows = DESCRIPTION });
	s = open_session();
	assert_int_equal(
	    online_start(s, cluster_version(15), "nightly", true, &started, &err), 0);
	assert_int_equal(started.lsn, LSN(0x28));
	assert_int_equal(started.checkpoint_lsn, LSN(0x60));
	assert_int_equal(started.timeline, 3);
	assert_int_equal(started.wal_segment_size, 16777216);
	assert_false(started.in_recovery);
	assert_string_equal(started.instance, "1795356146000123");
	assert_int_equal(started.label.start_lsn, LSN(0x28));
	assert_int_equal(started.label.checkpoint_lsn, LSN(0x60));
	assert_string_equal(started.label.start_file, "000000030000000100000000");
	assert_string_equal(started.label.method, "streamed");
	assert_false(started.label.from_standby);
	assert_string_equal(started.label.start_time, "2026-11-22 14:02:26 UTC");
	assert_string_equal(started.label.text, "nightly");
	assert_int_equal(started.label.timeline, 3);
	assert_true(started.label.has_timeline);
	assert_false(started.label.incremental);
	online_started_free(&started);
	session_free(s);
	fake_done();
}

/* 10 to 14: other functions, and the label of 10 has no timeline. */
static void
start_of_an_older_release(void **state)
{
	struct online_started started;
	struct online_stopped stopped;
	struct error err = { 0 };
	struct session *s;

	(void)state;
	FAKE_SCRIPT(FAKE_OPENING,
	    { .query = "SELECT pg_catalog.pg_start_backup($1, $2, false)",
		.params = "x|false",
		.rows = "1/28" },
	    { DESCRIBE, .rows = DESCRIPTION },
	    { .query = "SELECT lsn, labelfile, spcmapfile FROM "
		       "pg_catalog.pg_stop_backup(false, $1)",
		.params = "false",
		.rows = "1/200|label|map" });
	s = open_session();
	assert_int_equal(
	    online_start(s, cluster_version(10), "x", false, &started, &err), 0);
	assert_false(started.label.has_timeline);
	assert_int_equal(online_stop(s, cluster_version(10), &stopped, &err), 0);
	online_started_free(&started);
	online_stopped_free(&stopped);
	session_free(s);
	fake_done();
}

static void
start_that_was_overtaken(void **state)
{
	struct online_started started;
	struct error err = { 0 };
	struct session *s;

	(void)state;
	FAKE_SCRIPT(FAKE_OPENING, { START, .rows = "1/10" },
	    { DESCRIBE, .rows = DESCRIPTION }, { STOP("false"), .rows = "1/20|l|m" },
	    { START, .rows = "1/28" }, { DESCRIBE, .rows = DESCRIPTION });
	s = open_session();
	assert_int_equal(
	    online_start(s, cluster_version(15), "nightly", true, &started, &err), 0);
	assert_int_equal(started.lsn, LSN(0x28));
	assert_string_equal(started.label.text, "nightly");
	online_started_free(&started);
	session_free(s);
	fake_done();
}

static void
start_that_is_always_overtaken(void **state)
{
	enum { TRIES = 10, OPENING = 5 };
	struct fake_step steps[OPENING + 3 * TRIES] = { FAKE_OPENING };
	struct online_started started;
	struct error err = { 0 };
	struct session *s;

	(void)state;
	for (size_t i = 0; i < TRIES; i++) {
		struct fake_step *at = steps + OPENING + 3 * i;

		at[0] = (struct fake_step){ START, .rows = "1/10" };
		at[1] = (struct fake_step){ DESCRIBE, .rows = DESCRIPTION };
		at[2] = (struct fake_step){ STOP("false"), .rows = "1/20|l|m" };
	}
	fake_script(steps, sizeof(steps) / sizeof(steps[0]));
	s = open_session();
	assert_int_equal(
	    online_start(s, cluster_version(15), "nightly", true, &started, &err), -1);
	assert_int_equal(err.kind, ERROR_STATE);
	assert_string_equal(err.text,
	    "checkpoints follow each other too fast: each of 10 attempts to start the backup met another checkpoint");
	assert_null(started.label.text);
	session_free(s);
	fake_done();
}

/* What comes back of a start that fails. */
static const struct start_row {
	const char *name;
	struct fake_step start, describe, stop;
	const char *text;
} start_rows[] = {
	{ "start is refused", { START, FAILS("42501", "permission denied") },
	    .text = "start of the backup: permission denied" },
	{ "start without a position", { START, .rows = "~" },
	    .text = "start of the backup: unexpected reply from the server to: SELECT "
		    "pg_catalog.pg_backup_start($1, $2) AS lsn" },
	{ "start at no position", { START, .rows = "1/2g" }, .text = POSITION("1/2g") },
	{ "description is refused", { START, .rows = "1/28" },
	    { DESCRIBE, FAILS("42501", "no") }, .text = "no" },
	{ "redo is none", { START, .rows = "1/28" },
	    { DESCRIBE, .rows = "1/60|x|3|16777216|f|now|1" }, .text = POSITION("x") },
	{ "timeline is none", { START, .rows = "1/28" },
	    { DESCRIBE, .rows = "1/60|1/28|0|16777216|f|now|1" },
	    .text =
		"unexpected reply from the server: timeline 0, WAL segments of 16777216 bytes" },
	{ "segment size is none", { START, .rows = "1/28" },
	    { DESCRIBE, .rows = "1/60|1/28|1|16777215|f|now|1" },
	    .text =
		"unexpected reply from the server: timeline 1, WAL segments of 16777215 bytes" },
	{ "segment size is too small", { START, .rows = "1/28" },
	    { DESCRIBE, .rows = "1/60|1/28|1|524288|f|now|1" },
	    .text =
		"unexpected reply from the server: timeline 1, WAL segments of 524288 bytes" },
	{ "segment size is too large", { START, .rows = "1/28" },
	    { DESCRIBE, .rows = "1/60|1/28|1|2147483648|f|now|1" },
	    .text = NUMBER("2147483648") },
	{ "second try fails", { START, .rows = "1/10" },
	    { DESCRIBE, .rows = DESCRIPTION },
	    { STOP("false"), FAILS("55000", "backup is not in progress") },
	    .text = "stop of the backup: backup is not in progress" },
};

static void
check_start(void **state)
{
	const struct start_row *row = *state;
	struct online_started started = { .timeline = 99 };
	struct error err = { 0 };
	struct session *s;

	FAKE_SCRIPT(FAKE_OPENING, row->start, row->describe, row->stop);
	fake_end -= (row->stop.query == NULL) + (row->describe.query == NULL);
	s = open_session();
	assert_int_equal(
	    online_start(s, cluster_version(15), "nightly", true, &started, &err), -1);
	assert_string_equal(err.text, row->text);
	assert_int_equal(started.timeline, 0);
	session_free(s);
	fake_done();
}

#define WATCH .query = "SELECT (extract(epoch FROM pg_catalog.pg_postmaster_start_time())"

static const struct watch_row {
	const char *name;
	struct fake_step step;
	bool in_recovery;
	const char *text;
} watch_rows[] = {
	{ "watch: as it was", { WATCH, .rows = "42|f" }, false, NULL },
	{ "watch: still a standby", { WATCH, .rows = "42|t" }, true, NULL },
	{ "watch: restarted", { WATCH, .rows = "43|f" }, false,
	    "the server was restarted during the backup" },
	{ "watch: promoted", { WATCH, .rows = "42|f" }, true,
	    "the standby was promoted during the backup" },
	{ "watch: demoted", { WATCH, .rows = "42|t" }, false,
	    "the server became a standby during the backup" },
	{ "watch: gone",
	    { WATCH, .error = { "FATAL", "57P01", "terminating connection", NULL, NULL },
		.hangs_up = true },
	    false, "the connection to the server was lost: terminating connection" },
};

static void
check_watch(void **state)
{
	const struct watch_row *row = *state;
	const struct online_started started = { .instance = "42",
		.in_recovery = row->in_recovery };
	struct error err = { 0 };
	struct session *s;

	FAKE_SCRIPT(FAKE_OPENING, row->step);
	s = open_session();
	assert_int_equal(online_watch(s, &started, &err), row->text ? -1 : 0);
	assert_string_equal(err.text, row->text ? row->text : "");
	assert_int_equal(err.kind, row->text ? ERROR_SERVER : ERROR_NONE);
	session_free(s);
	fake_done();
}

#define POSITION_NOW .query = "SELECT CASE WHEN pg_catalog.pg_is_in_recovery()"

static const struct position_row {
	const char *name;
	struct fake_step step;
	int rc;
	uint64_t lsn;
	const char *text;
} position_rows[] = {
	{ "position", { POSITION_NOW, .rows = "1/28" }, 0, LSN(0x28), "" },
	{ "position: a standby that has none yet", { POSITION_NOW, .rows = "~" }, 0, 0,
	    "" },
	{ "position: none", { POSITION_NOW, .rows = "here" }, 0, 0, "" },
	{ "position: gone",
	    { POSITION_NOW,
		.error = { "FATAL", "57P01", "terminating connection", NULL, NULL },
		.hangs_up = true },
	    -1, 0, "the connection to the server was lost: terminating connection" },
};

static void
check_position(void **state)
{
	const struct position_row *row = *state;
	struct error err = { 0 };
	struct session *s;
	uint64_t lsn = 99;

	FAKE_SCRIPT(FAKE_OPENING, row->step);
	s = open_session();
	assert_int_equal(online_wal_position(s, &lsn, &err), row->rc);
	assert_int_equal(lsn, row->lsn);
	assert_string_equal(err.text, row->text);
	session_free(s);
	fake_done();
}

static const struct stop_row {
	const char *name;
	struct fake_step step;
	enum error_kind kind;
	const char *text;
} stop_rows[] = {
	{ "stop", .step = { STOP("false"), .rows = "1/200|the label|the map" } },
	{ "stop: no backup",
	    { STOP("false"), FAILS("55000", "backup is not in progress") },
	    .kind = ERROR_SERVER,
	    .text = "stop of the backup: backup is not in progress" },
	{ "stop: no position", { STOP("false"), .rows = "x|l|m" }, .kind = ERROR_SERVER,
	    .text = POSITION("x") },
	{ "stop: no label", { STOP("false"), .rows = "1/200|~|~" }, .kind = ERROR_SERVER,
	    .text =
		"unexpected reply from the server: it ended the backup without a backup_label" },
	{ "stop: nothing", { STOP("false") }, .kind = ERROR_SERVER,
	    .text =
		"unexpected reply from the server: it ended the backup without a backup_label" },
};

static void
check_stop(void **state)
{
	const struct stop_row *row = *state;
	struct online_stopped stopped = { .lsn = 99 };
	struct error err = { 0 };
	struct session *s;
	int rc;

	FAKE_SCRIPT(FAKE_OPENING, row->step);
	s = open_session();
	rc = online_stop(s, cluster_version(15), &stopped, &err);
	assert_int_equal(rc, row->kind ? -1 : 0);
	assert_int_equal(err.kind, row->kind);
	assert_string_equal(err.text, row->text ? row->text : "");
	if (rc == 0) {
		assert_int_equal(stopped.lsn, LSN(0x200));
		assert_string_equal(stopped.label, "the label");
		assert_string_equal(stopped.map, "the map");
	} else
		assert_null(stopped.label);
	online_stopped_free(&stopped);
	session_free(s);
	fake_done();
}

static const struct CMUnitTest plain[] = {
	cmocka_unit_test(start_is_described),
	cmocka_unit_test(start_of_an_older_release),
	cmocka_unit_test(start_that_was_overtaken),
	cmocka_unit_test(start_that_is_always_overtaken),
};

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

#define ADD(rows, function) \
	for (size_t i = 0; i < COUNT(rows); i++) \
		tests[n++] = (struct CMUnitTest) \
		{ \
			.name = (rows)[i].name, .test_func = function, \
			.initial_state = (void *)(uintptr_t) & (rows)[i] \
		}

int
main(void)
{
	struct CMUnitTest tests[COUNT(start_rows) + COUNT(watch_rows) +
	    COUNT(position_rows) + COUNT(stop_rows) + COUNT(plain)];
	size_t n = 0;

	ADD(start_rows, check_start);
	ADD(watch_rows, check_watch);
	ADD(position_rows, check_position);
	ADD(stop_rows, check_stop);
	for (size_t i = 0; i < COUNT(plain); i++)
		tests[n++] = plain[i];
	return cmocka_run_group_tests_name("online", tests, NULL, NULL);
}
