#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>

#include "server/online_check.h"

#include "support/fake_libpq.c.inc"

/* pg_control on the disk: one after the other, the last one for ever. */
static struct control controls[8];
static size_t control_count, control_at;
static bool control_fails, control_never_rests;

int
control_read(
    int datadir_fd, uint8_t bytes[CONTROL_SIZE], struct control *out, struct error *err)
{
	(void)datadir_fd;
	memset(bytes, 0, CONTROL_SIZE);
	if (control_fails)
		return error_set(err, ERROR_FORMAT, 0, "bad pg_control");
	*out = controls[control_at];
	if (control_never_rests)
		controls[control_at].time++;
	if (control_at + 1 < control_count)
		control_at++;
	return 0;
}

#define IDENTIFIER UINT64_C(7710994861269853441)
#define LSN(low) ((uint64_t)1 << 32 | (low))

static const struct control on_disk = {
	.system_identifier = IDENTIFIER,
	.checkpoint_lsn = LSN(0x60),
	.redo_lsn = LSN(0x28),
	.timeline = 3,
	.time = 1795356146,
};

#define CONTROL "1/60|1/28|3|1795356146|0/0"
#define IDENTITY "7710994861269853441|f|5433|1795356146"
#define SETTINGS \
	"wal_level|replica\narchive_mode|on\nlog_timezone|Etc/UTC\nmax_slot_wal_keep_" \
	"size|-1"
#define PRIVILEGE "t|plain|postgres"

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

/* One server; what is NULL is as it should be. */
static const struct check_row {
	const char *name;
	const char *settings, *identity, *control, *privilege;
	/* of the role that logged in, where that is another */
	const char *login_privilege;
	const char *text, *hint;
	enum error_kind kind;
	unsigned steps;         /* queries until it is refused; 0: all four */
	int64_t pid_start;      /* of postmaster.pid; 0: that of the server */
	bool is_tcp;            /* postmaster.pid names no socket */
	bool has_no_postmaster; /* there is none */
	bool is_standby;        /* it is taken for one */
} check_rows[] = {
	{ "the right server", .steps = 0 },
	{ "started a second after its pid file", .pid_start = 1795356145 },
	{ "started two seconds before it", .pid_start = 1795356148 },
	{ "no postmaster.pid", .has_no_postmaster = true },
	{ "a negative system identifier", .identity = "-1|f|5433|1795356146",
	    .kind = ERROR_SERVER, .steps = 2,
	    .text =
		"the server on port 5432 of \"/run/postgresql\" runs another cluster "
		"than "
		"the one in \"/data\": its system identifier is -1, but that of the directory is 7710994861269853441" },
	{ "another cluster", .identity = "42|f|5433|1795356146", .kind = ERROR_SERVER,
	    .steps = 2,
	    .text =
		"the server on port 5432 of \"/run/postgresql\" runs another cluster "
		"than "
		"the one in \"/data\": its system identifier is 42, but that of the directory is 7710994861269853441",
	    .hint =
		"The server of this directory listens on port 5433 of \"/run/pg\": check the options -p and -h." },
	{ "another cluster, no socket", .identity = "42|f|5433|1795356146",
	    .kind = ERROR_SERVER, .steps = 2, .is_tcp = true,
	    .text =
		"the server on port 5432 of \"/run/postgresql\" runs another cluster "
		"than "
		"the one in \"/data\": its system identifier is 42, but that of the directory is 7710994861269853441",
	    .hint =
		"The server of this directory listens on port 5433 of \"localhost\": check the options -p and -h." },
	{ "another cluster, no postmaster.pid", .identity = "42|f|5433|1795356146",
	    .kind = ERROR_SERVER, .steps = 2, .has_no_postmaster = true,
	    .text =
		"the server on port 5432 of \"/run/postgresql\" runs another cluster "
		"than "
		"the one in \"/data\": its system identifier is 42, but that of the directory is 7710994861269853441",
	    .hint = "Check the options -h and -p." },
#define COPY \
	"the server on port 5432 of \"/run/postgresql\" runs a copy of this cluster, " \
	"not " \
	"the one in \"/data\": "
	{ "another directory", .settings = SETTINGS "\ndata_directory|/usr",
	    .control = "1/90|1/28|3|1795356146|0/0", .kind = ERROR_SERVER, .steps = 3,
	    .text = COPY "its data directory is \"/usr\"" },
	{ "another directory of that name here, as of a container",
	    .settings = SETTINGS "\ndata_directory|/usr" },
	{ "a directory that is not here",
	    .settings = SETTINGS "\ndata_directory|/nosuch" },
	{ "the same directory", .settings = SETTINGS "\ndata_directory|/" },
	{ "the same directory, a slow start", .settings = SETTINGS "\ndata_directory|/",
	    .pid_start = 1795356000 },
	{ "the same directory, started before its pid file",
	    .settings = SETTINGS "\ndata_directory|/", .pid_start = 1795357000,
	    .kind = ERROR_SERVER, .steps = 2,
	    .text = COPY
	    "it was started at 2026-11-22 14:02:26 UTC, but postmaster.pid says 2026-11-22 14:16:40 UTC" },
	{ "another port", .identity = "7710994861269853441|t|5434|1795356146",
	    .kind = ERROR_SERVER, .steps = 2,
	    .text = COPY "its port is 5434, but postmaster.pid says 5433" },
	{ "a slow start", .pid_start = 1795346143 },
	{ "an earlier start", .pid_start = 1795356149, .kind = ERROR_SERVER, .steps = 2,
	    .text = COPY
	    "it was started at 2026-11-22 14:02:26 UTC, but postmaster.pid says 2026-11-22 14:02:29 UTC" },
	{ "a start no calendar has",
	    .identity = "7710994861269853441|f|5433|-9223372036854775807",
	    .kind = ERROR_SERVER, .steps = 2,
	    .text = COPY
	    "it was started at -9223372036854775807, but postmaster.pid says 2026-11-22 14:02:26 UTC" },
	{ "another checkpoint", .control = "1/90|1/28|3|1795356146|0/0",
	    .kind = ERROR_SERVER, .steps = 3,
	    .text = COPY
	    "its last checkpoint is at 1/90, but that of this directory is at 1/60" },
	{ "the same checkpoint, a standby", .control = "1/60|1/28|3|1795356146|1/100",
	    .kind = ERROR_SERVER, .steps = 3,
	    .text = COPY "its pg_control is another file" },
	{ "a standby, whatever it would write itself", .settings = "wal_level|minimal",
	    .identity = "7710994861269853441|t|5433|1795356146", .is_standby = true },
	{ "wal_level minimal", .settings = "wal_level|minimal", .kind = ERROR_STATE,
	    .steps = 3,
	    .text =
		"WAL level not sufficient for making an online backup: wal_level is \"minimal\"",
	    .hint = "Set wal_level to \"replica\" and restart the server." },
	{ "a setting makes it a role without rights", .privilege = "f|nothing|postgres",
	    .login_privilege = PRIVILEGE },
	{ "neither has rights", .privilege = "f|nothing|postgres",
	    .login_privilege = "f|plain|postgres", .kind = ERROR_SERVER,
	    .text = "role plain may not start and stop a backup" },
	{ "no privilege", .privilege = "f|\"no one\"|postgres", .kind = ERROR_SERVER,
	    .text = "role \"no one\" may not start and stop a backup",
	    .hint = "As a superuser, in database postgres: GRANT EXECUTE ON FUNCTION "
		    "pg_backup_start(text, boolean), pg_backup_stop(boolean) TO \"no "
		    "one\";" },
#define NUMBER(text) \
	"unexpected reply from the server: \"" text "\" is not a valid number"
#define POSITION(text) \
	"unexpected reply from the server: \"" text "\" is not a WAL position"
	{ "a system identifier that is none", .identity = "12x|f|5433|1",
	    .kind = ERROR_SERVER, .steps = 2, .text = NUMBER("12x") },
	{ "a port that is none", .identity = "7710994861269853441|f|70000|1",
	    .kind = ERROR_SERVER, .steps = 2, .text = NUMBER("70000") },
	{ "a start that is none", .identity = "7710994861269853441|f|5433|",
	    .kind = ERROR_SERVER, .steps = 2, .text = NUMBER("") },
	{ "a checkpoint that is none", .control = "x|1/28|3|1795356146|0/0",
	    .kind = ERROR_SERVER, .steps = 3, .text = POSITION("x") },
	{ "a timeline that is none", .control = "1/60|1/28|4294967296|1795356146|0/0",
	    .kind = ERROR_SERVER, .steps = 3, .text = NUMBER("4294967296") },
	{ "too few values", .control = "1/60|1/28|3|1795356146", .kind = ERROR_SERVER,
	    .steps = 3, .text = "unexpected reply from the server" },
	{ "a NULL", .control = "1/60|1/28|~|1795356146|0/0", .kind = ERROR_SERVER,
	    .steps = 3, .text = "unexpected reply from the server" },
	{ "two rows", .control = CONTROL "\n" CONTROL, .kind = ERROR_SERVER, .steps = 3,
	    .text = "unexpected reply from the server" },
};

static const char *
choose(const char *text, const char *otherwise)
{
	return text ? text : otherwise;
}

/* A plain text here is only the start of what is expected of err.text there. */
static void
assert_begins(const char *text, const char *start)
{
	if (strncmp(text, start, strlen(start)) != 0)
		fail_msg("\"%s\" does not begin with \"%s\"", text, start);
}

static int
check_server(const struct check_row *row, struct online_server *server, struct error *err)
{
	char socket_dir[] = "/run/pg", none[] = "", listen_addr[] = "localhost";
	struct postmaster postmaster = { .port = 5433,
		.socket_dir = row->is_tcp ? none : socket_dir,
		.listen_addr = listen_addr,
		.start_time = row->pid_start ? row->pid_start : 1795356146 };
	struct online_expect expect = { .datadir = "/data",
		.datadir_fd = open("/", O_RDONLY),
		.control = &on_disk,
		.postmaster = row->has_no_postmaster ? NULL : &postmaster,
		.version = cluster_version(15) };
	struct session *s = open_session();
	int rc = online_check(s, &expect, server, err);

	session_free(s);
	close(expect.datadir_fd);
	return rc;
}

static void
check(void **state)
{
	const struct check_row *row = *state;
	struct online_server server = { .in_recovery = true };
	struct error err = { 0 };
	int rc;

	FAKE_SCRIPT(FAKE_OPENING,
	    { .query = "SELECT name, setting, source FROM pg_catalog.pg_settings",
		.rows = choose(row->settings, SETTINGS) },
	    { .query = "SELECT s.system_identifier",
		.rows = choose(row->identity, IDENTITY) },
	    { .query = "SELECT c.checkpoint_lsn", .rows = choose(row->control, CONTROL) },
	    { .query = "SELECT pg_catalog.bool_and(",
		.params = "pg_backup_start(text, boolean), pg_backup_stop(boolean)",
		.rows = choose(row->privilege, PRIVILEGE) },
	    { .query = "SELECT pg_catalog.set_config('role', 'none', false) WHERE",
		.rows = row->login_privilege ? "none" : NULL },
	    { .query = "SELECT pg_catalog.bool_and(", .rows = row->login_privilege });
	if (row->steps)
		fake_end -= 6 - row->steps;
	else if (row->privilege == NULL)
		fake_end -= 2;
	else if (row->login_privilege == NULL)
		fake_end -= 1;
	controls[0] = on_disk;
	control_count = 1;
	control_at = 0;
	rc = check_server(row, &server, &err);
	assert_int_equal(rc, row->kind ? -1 : 0);
	assert_begins(err.text, row->text ? row->text : "");
	if (row->hint)
		assert_string_equal(err.hint, row->hint);
	assert_int_equal(err.kind, row->kind);
	assert_int_equal(server.in_recovery, row->is_standby);
	if (rc == -1)
		assert_null(server.version);
	online_server_free(&server);
	fake_done();
}

static void
what_a_superuser_learns(void **state)
{
	struct online_server server;
	struct error err = { 0 };

	(void)state;
	FAKE_SCRIPT(FAKE_OPENING,
	    { .query = "SELECT name, setting",
		.rows = "archive_mode|always\nconfig_file|/etc/p.conf\ndata_directory|/\n"
			"hba_file|/etc/h.conf\nident_file|/etc/i.conf\nlog_timezone|GMT\n"
			"max_slot_wal_keep_size|64\nidle_replication_slot_timeout|30\n"
			"wal_level|logical" },
	    { .query = "SELECT s.system_identifier", .rows = IDENTITY },
	    { .query = "SELECT c.checkpoint_lsn", .rows = CONTROL },
	    { .query = "SELECT pg_catalog.bool_and(", .rows = PRIVILEGE });
	controls[0] = on_disk;
	assert_int_equal(check_server(&check_rows[0], &server, &err), 0);
	assert_string_equal(server.version, "15.20 (fake)");
	assert_string_equal(server.archive_mode, "always");
	assert_string_equal(server.log_timezone, "GMT");
	assert_string_equal(server.data_directory, "/");
	assert_string_equal(online_setting(&server, "config_file"), "/etc/p.conf");
	assert_string_equal(online_setting(&server, "hba_file"), "/etc/h.conf");
	assert_string_equal(online_setting(&server, "ident_file"), "/etc/i.conf");
	assert_int_equal(server.slot_wal_limit, 64);
	assert_int_equal(server.slot_idle_limit, 30);
	assert_false(server.in_recovery);
	online_server_free(&server);
	fake_done();
}

static void
what_a_plain_role_learns(void **state)
{
	struct online_server server;
	struct error err = { 0 };

	(void)state;
	FAKE_SCRIPT(FAKE_OPENING,
	    { .query = "SELECT name, setting",
		.rows = "archive_mode|off\nidle_replication_slot_timeout|0\n"
			"max_slot_wal_keep_size|lots" },
	    { .query = "SELECT s.system_identifier", .rows = IDENTITY },
	    { .query = "SELECT c.checkpoint_lsn", .rows = CONTROL },
	    { .query = "SELECT pg_catalog.bool_and(", .rows = PRIVILEGE });
	controls[0] = on_disk;
	assert_int_equal(check_server(&check_rows[0], &server, &err), 0);
	assert_null(server.data_directory);
	assert_null(online_setting(&server, "config_file"));
	assert_int_equal(server.slot_wal_limit, -1);
	assert_int_equal(server.slot_idle_limit, -1);
	online_server_free(&server);
	fake_done();
}

/* Recovery of a copy knows nothing of what a role or a session was told. */
static void
who_allows_in_place(void **state)
{
	static const struct {
		const char *rows;
		bool allowed;
	} rows[] = {
		{ "allow_in_place_tablespaces|on|configuration file", true },
		{ "allow_in_place_tablespaces|on|command line", true },
		{ "allow_in_place_tablespaces|off|configuration file", false },
		{ "allow_in_place_tablespaces|on|user", false },
		{ "allow_in_place_tablespaces|on|database", false },
		{ "allow_in_place_tablespaces|on|database user", false },
		{ "allow_in_place_tablespaces|on|client", false },
		{ "allow_in_place_tablespaces|on|session", false },
		{ NULL, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool allowed = !rows[i].allowed;
		struct error err = { 0 };
		struct session *s;

		FAKE_SCRIPT(FAKE_OPENING,
		    { .query = "SELECT name, setting, source",
			.params = "allow_in_place_tablespaces",
			.rows = rows[i].rows });
		s = open_session();
		assert_int_equal(online_allows_in_place(s, &allowed, &err), 0);
		assert_int_equal(allowed, rows[i].allowed);
		session_free(s);
		fake_done();
	}
}

static void
another_release(void **state)
{
	struct online_server server;
	struct error err = { 0 };

	(void)state;
	FAKE_SCRIPT({ .connect = "dbname=postgres" FAKE_ALWAYS, .version = 140009 },
	    FAKE_SETTINGS);
	assert_int_equal(check_server(&check_rows[0], &server, &err), -1);
	assert_int_equal(err.kind, ERROR_SERVER);
	assert_string_equal(err.text,
	    "the server on port 5432 of \"/run/postgresql\" is "
	    "PostgreSQL 15.20 (fake), but "
	    "\"/data\" is a cluster of PostgreSQL 15");
	fake_done();
}

/* A checkpoint while we look: the server's is the newer one, then ours is as well. */
static void
control_that_moves(void **state)
{
	struct online_server server;
	struct error err = { 0 };

	(void)state;
	FAKE_SCRIPT(FAKE_OPENING, { .query = "SELECT name, setting", .rows = SETTINGS },
	    { .query = "SELECT s.system_identifier", .rows = IDENTITY },
	    { .query = "SELECT c.checkpoint_lsn", .rows = "1/70|1/38|3|1795356147|0/0" },
	    { .query = "SELECT c.checkpoint_lsn", .rows = "1/80|1/48|3|1795356148|0/0" },
	    { .query = "SELECT pg_catalog.bool_and(", .rows = PRIVILEGE });
	for (size_t i = 0; i < 4; i++)
		controls[i] = on_disk;
	controls[1].time = 1795356149;
	controls[3].checkpoint_lsn = LSN(0x80);
	controls[3].redo_lsn = LSN(0x48);
	controls[3].time = 1795356148;
	control_count = 4;
	control_at = 0;
	assert_int_equal(check_server(&check_rows[0], &server, &err), 0);
	online_server_free(&server);
	fake_done();
	control_count = 1;
	control_at = 0;
}

/* It never stands still: no proof, and no reproach. */
static void
control_that_never_rests(void **state)
{
	enum { TRIES = 10, OPENING = 7 };
	struct fake_step steps[OPENING + TRIES + 1] = { FAKE_OPENING,
		{ .query = "SELECT name, setting", .rows = SETTINGS },
		{ .query = "SELECT s.system_identifier", .rows = IDENTITY } };
	struct online_server server;
	struct error err = { 0 };

	(void)state;
	for (size_t i = 0; i < TRIES; i++)
		steps[OPENING + i] =
		    (struct fake_step){ .query = "SELECT c.checkpoint_lsn",
			    .rows = "1/70|1/38|3|1795356147|0/0" };
	steps[OPENING + TRIES] =
	    (struct fake_step){ .query = "SELECT pg_catalog.bool_and(",
		    .rows = PRIVILEGE };
	fake_script(steps, sizeof(steps) / sizeof(steps[0]));
	control_never_rests = true;
	assert_int_equal(check_server(&check_rows[0], &server, &err), 0);
	control_never_rests = false;
	online_server_free(&server);
	fake_done();
}

static void
control_that_is_damaged(void **state)
{
	struct online_server server;
	struct error err = { 0 };

	(void)state;
	FAKE_SCRIPT(FAKE_OPENING, { .query = "SELECT name, setting", .rows = SETTINGS },
	    { .query = "SELECT s.system_identifier", .rows = IDENTITY });
	control_fails = true;
	assert_int_equal(check_server(&check_rows[0], &server, &err), -1);
	control_fails = false;
	assert_int_equal(err.kind, ERROR_FORMAT);
	fake_done();
}

static const struct CMUnitTest plain[] = {
	cmocka_unit_test(what_a_superuser_learns),
	cmocka_unit_test(what_a_plain_role_learns),
	cmocka_unit_test(who_allows_in_place),
	cmocka_unit_test(another_release),
	cmocka_unit_test(control_that_moves),
	cmocka_unit_test(control_that_never_rests),
	cmocka_unit_test(control_that_is_damaged),
};

enum { ROWS = sizeof(check_rows) / sizeof(check_rows[0]) };
enum { PLAIN = sizeof(plain) / sizeof(plain[0]) };

int
main(void)
{
	struct CMUnitTest tests[ROWS + PLAIN];

	for (size_t i = 0; i < ROWS; i++)
		tests[i] = (struct CMUnitTest){ .name = check_rows[i].name,
			.test_func = check,
			.initial_state = (void *)(uintptr_t)&check_rows[i] };
	memcpy(tests + ROWS, plain, sizeof(plain));
	return cmocka_run_group_tests_name("online_check", tests, NULL, NULL);
}
