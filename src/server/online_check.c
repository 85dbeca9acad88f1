/*
 * The label of one server and the files of another make a backup that looks good and does not
 * restore.  A primary and its standbys have one system identifier, so release, port, start time and
 * pg_control are compared as well, all of which a plain role may ask for.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "lib/lsn.h"
#include "lib/number.h"
#include "lib/sys.h"
#include "server/answer.h"
#include "server/online.h"
#include "server/online_check.h"

/*
 * The start time in postmaster.pid is taken before that of pg_postmaster_start_time(): so much
 * is left to clocks that are set meanwhile.
 */
#define START_SECONDS 2

/* How often pg_control may change while we compare it. */
#define CONTROL_TRIES 10

/* The end of every refusal of a server: which is the right one. */
static int
hint_right_server(const struct online_expect *e, struct error *err)
{
	const struct postmaster *p = e->postmaster;

	if (p == NULL)
		return error_hint(err, "Check the options -h and -p.");
	return error_hint(err,
	    "The server of this directory listens on port %u of \"%s\": check the options -p and -h.",
	    p->port, *p->socket_dir ? p->socket_dir : p->listen_addr);
}

/* The same system identifier, yet another server; ${fmt}: how it differs. */
PRINTF_LIKE(4, 5)
static int
is_a_copy(const struct session *s, const struct online_expect *e, struct error *err,
    const char *fmt, ...)
{
	char how[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(how, sizeof(how), fmt, args);
	va_end(args);
	error_set(err, ERROR_SERVER, 0,
	    "the server on %s runs a copy of this cluster, not the one in \"%s\": %s",
	    session_where(s), e->datadir, how);
	return hint_right_server(e, err);
}

/* SQL's bigint in ${column} of the only row. */
static int
read_signed(
    const struct session_rows *rows, size_t column, int64_t *value, struct error *err)
{
	const char *text = session_value(rows, 0, column);
	bool is_negative = *text == '-';
	uint64_t number;

	if (!number_parse(
		text + is_negative, strlen(text + is_negative), INT64_MAX, &number))
		return error_set(err, ERROR_SERVER, 0,
		    "unexpected reply from the server: \"%s\" is not a valid number",
		    text);
	*value = is_negative ? -(int64_t)number : (int64_t)number;
	return 0;
}

static int
check_version(const struct session *s, const struct online_expect *e, struct error *err)
{
	if (session_version_number(s) / 10000 == e->version->major)
		return 0;
	error_set(err, ERROR_SERVER, 0,
	    "the server on %s is PostgreSQL %s, but \"%s\" is a cluster of PostgreSQL %u",
	    session_where(s), session_version_text(s), e->datadir, e->version->major);
	return hint_right_server(e, err);
}

/*
 * Has the server its data in another directory of this host?  ${path} is the server's word, and
 * may be of a container: what has that name here proves something only if it is this cluster,
 * or a copy of it.
 */
static bool
is_elsewhere(const struct online_expect *e, const char *path)
{
	uint8_t bytes[CONTROL_SIZE];
	struct stat theirs, ours;
	struct control control;
	struct error ignored;
	bool found;
	int fd = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	found = fd != -1 && fstat(fd, &theirs) == 0 && fstat(e->datadir_fd, &ours) == 0 &&
	    !sys_is_same_file(&theirs, &ours) &&
	    control_read(fd, bytes, &control, &ignored) == 0 &&
	    control.system_identifier == e->control->system_identifier;
	sys_close(fd);
	return found;
}

static const char *
print_time(char out[32], int64_t seconds)
{
	time_t t = (time_t)seconds;
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL ||
	    strftime(out, 32, "%Y-%m-%d %H:%M:%S UTC", &tm) == 0)
		snprintf(out, 32, "%lld", (long long)seconds);
	return out;
}

/*
 * A server that had many temporary files to remove, or waited for a slow disk, starts long after
 * it wrote postmaster.pid: later proves nothing.  A server on another host, with a copy in the
 * same path, is found out by its pg_control.
 */
static int
check_start_time(const struct session *s, const struct online_expect *e, int64_t started,
    struct error *err)
{
	int64_t expected = e->postmaster->start_time;
	char theirs[32], ours[32];

	if (started >= expected - START_SECONDS)
		return 0;
	return is_a_copy(s, e, err, "it was started at %s, but postmaster.pid says %s",
	    print_time(theirs, started), print_time(ours, expected));
}

/* What moves in pg_control while a server runs. */
static bool
is_same_control(const struct control *a, const struct control *b)
{
	return a->time == b->time && a->checkpoint_lsn == b->checkpoint_lsn &&
	    a->redo_lsn == b->redo_lsn && a->timeline == b->timeline &&
	    a->min_recovery_lsn == b->min_recovery_lsn;
}

static const char control_sql[] =
    "SELECT c.checkpoint_lsn, c.redo_lsn, c.timeline_id,"
    " extract(epoch FROM s.pg_control_last_modified)::bigint, r.min_recovery_end_lsn"
    " FROM pg_catalog.pg_control_checkpoint() AS c, pg_catalog.pg_control_system() AS s,"
    " pg_catalog.pg_control_recovery() AS r";

static int
ask_control(struct session *s, struct control *out, struct error *err)
{
	struct session_rows rows;
	uint64_t timeline = 0;
	int rc = -1;

	*out = (struct control){ 0 };
	if (answer_ask(s, control_sql, 0, NULL, 5, &rows, err))
		return -1;
	if (answer_lsn(&rows, 0, &out->checkpoint_lsn, err) == 0 &&
	    answer_lsn(&rows, 1, &out->redo_lsn, err) == 0 &&
	    answer_number(&rows, 2, UINT32_MAX, &timeline, err) == 0 &&
	    read_signed(&rows, 3, &out->time, err) == 0 &&
	    answer_lsn(&rows, 4, &out->min_recovery_lsn, err) == 0)
		rc = 0;
	out->timeline = (uint32_t)timeline;
	session_rows_free(&rows);
	return rc;
}

/*
 * The server reads its pg_control from the disk when asked, as we do.  When ours is the
 * same before and after, the server's must be that one.  A primary and its standby never
 * have equal ones: only the standby's has a minimal recovery position.
 */
static int
check_control(struct session *s, const struct online_expect *e,
    const char *data_directory, struct error *err)
{
	for (int i = 0; i < CONTROL_TRIES; i++) {
		uint8_t bytes[CONTROL_SIZE];
		struct control before, theirs, after;

		if (control_read(e->datadir_fd, bytes, &before, err) ||
		    ask_control(s, &theirs, err) ||
		    control_read(e->datadir_fd, bytes, &after, err))
			return -1;
		if (is_same_control(&theirs, &after))
			return 0;
		if (is_same_control(&before, &after)) {
			char a[LSN_TEXT], b[LSN_TEXT];

			if (is_elsewhere(e, data_directory))
				break;
			if (theirs.checkpoint_lsn == after.checkpoint_lsn)
				return is_a_copy(
				    s, e, err, "its pg_control is another file");
			return is_a_copy(s, e, err,
			    "its last checkpoint is at %s, but that of this directory is at %s",
			    lsn_print(a, theirs.checkpoint_lsn),
			    lsn_print(b, after.checkpoint_lsn));
		}
	}
	/* a standby in full replay writes it all the time; then this proves nothing */
	if (is_elsewhere(e, data_directory))
		return is_a_copy(
		    s, e, err, "its data directory is \"%s\"", data_directory);
	return 0;
}

static const char identity_sql[] =
    "SELECT s.system_identifier, pg_catalog.pg_is_in_recovery(),"
    " pg_catalog.current_setting('port'),"
    " pg_catalog.floor(extract(epoch FROM pg_catalog.pg_postmaster_start_time()))::bigint"
    " FROM pg_catalog.pg_control_system() AS s";

static int
check_identity(struct session *s, const struct online_expect *e,
    const struct session_rows *id, const char *data_directory, struct error *err)
{
	int64_t identifier, started;
	uint64_t port;

	if (read_signed(id, 0, &identifier, err) ||
	    answer_number(id, 2, 65535, &port, err) || read_signed(id, 3, &started, err))
		return -1;
	if ((uint64_t)identifier != e->control->system_identifier) {
		error_set(err, ERROR_SERVER, 0,
		    "the server on %s runs another cluster than the one in \"%s\": its system identifier is %s, but that of the directory is %llu",
		    session_where(s), e->datadir, session_value(id, 0, 0),
		    (unsigned long long)e->control->system_identifier);
		return hint_right_server(e, err);
	}
	if (e->postmaster && port != e->postmaster->port &&
	    is_elsewhere(e, data_directory))
		return is_a_copy(
		    s, e, err, "its data directory is \"%s\"", data_directory);
	if (e->postmaster && port != e->postmaster->port)
		return is_a_copy(s, e, err, "its port is %u, but postmaster.pid says %u",
		    (unsigned)port, e->postmaster->port);
	if (e->postmaster && check_start_time(s, e, started, err))
		return -1;
	return check_control(s, e, data_directory, err);
}

static const char in_place_setting[] = "allow_in_place_tablespaces";

static const char settings_sql[] =
    "SELECT name, setting, source FROM pg_catalog.pg_settings WHERE name IN ('wal_level',"
    " 'archive_mode', 'log_timezone', 'data_directory', 'allow_in_place_tablespaces',"
    " 'max_slot_wal_keep_size', 'idle_replication_slot_timeout', 'config_file',"
    " 'hba_file', 'ident_file', 'hosts_file', 'log_directory', 'ssl', 'ssl_ca_file',"
    " 'ssl_cert_file', 'ssl_crl_dir', 'ssl_crl_file', 'ssl_dh_params_file',"
    " 'ssl_key_file', 'ssl_sni')";

/* ${column} of that one; NULL: the release has no such setting, or does not show it to this role. */
static const char *
setting_column(const struct session_rows *settings, const char *name, size_t column)
{
	for (size_t i = 0; i < settings->count; i++) {
		const char *found = session_value(settings, i, 0);

		if (found && strcmp(found, name) == 0)
			return session_value(settings, i, column);
	}
	return NULL;
}

static const char *
setting(const struct session_rows *settings, const char *name)
{
	return setting_column(settings, name, 1);
}

/*
 * Recovery goes by what the server as a whole was told.  What a role, a database or the
 * client says counts for this session only (GucSource_Names in src/backend/utils/misc/guc*.c of
 * PostgreSQL 10 to 18), and hides what the server was told.
 */
static bool
is_on_for_all(const struct session_rows *settings, const char *name)
{
	static const char *const own[] = { "database", "user", "database user", "client",
		"override", "interactive", "session" };
	const char *value = setting(settings, name);
	const char *source = setting_column(settings, name, 2);

	if (value == NULL || source == NULL || strcmp(value, "on") != 0)
		return false;
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (strcmp(source, own[i]) == 0)
			return false;
	return true;
}

/* A limit that is off where it is ${off}: -1. */
static int64_t
limit(const struct session_rows *settings, const char *name, const char *off)
{
	const char *text = setting(settings, name);
	uint64_t value;

	if (text == NULL || strcmp(text, off) == 0 ||
	    !number_parse(text, strlen(text), INT64_MAX, &value))
		return -1;
	return (int64_t)value;
}

static int
take_settings(const struct session *s, const struct session_rows *settings,
    struct online_server *out, struct error *err)
{
	const struct {
		char **into;
		const char *text;
	} texts[] = {
		{ &out->version, session_version_text(s) },
		{ &out->archive_mode, setting(settings, "archive_mode") },
		{ &out->log_timezone, setting(settings, "log_timezone") },
		{ &out->data_directory, setting(settings, "data_directory") },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (texts[i].text == NULL)
			continue;
		*texts[i].into = strdup(texts[i].text);
		if (*texts[i].into == NULL)
			return error_memory(err);
	}
	out->in_place_allowed = is_on_for_all(settings, in_place_setting);
	out->slot_wal_limit = limit(settings, "max_slot_wal_keep_size", "-1");
	out->slot_idle_limit = limit(settings, "idle_replication_slot_timeout", "0");
	return 0;
}

int
online_check_level(const struct online_server *server, struct error *err)
{
	const char *level = setting(&server->settings, "wal_level");

	/* a standby takes the WAL it is given; its start function looks at that */
	if (!server->in_recovery && level && strcmp(level, "minimal") == 0) {
		error_set(err, ERROR_STATE, 0,
		    "WAL level not sufficient for making an online backup: wal_level is \"minimal\"");
		return error_hint(
		    err, "Set wal_level to \"replica\" and restart the server.");
	}
	return 0;
}

static const char privilege_sql[] =
    "SELECT pg_catalog.bool_and("
    "pg_catalog.has_function_privilege(f::pg_catalog.regprocedure, 'EXECUTE')),"
    " pg_catalog.quote_ident(current_user),"
    " pg_catalog.quote_ident(pg_catalog.current_database())"
    " FROM pg_catalog.regexp_split_to_table($1, ', (?=pg_)') AS f";

/* A setting of the role may have made another of it (ALTER ROLE ... SET role): go back. */
static int
leave_role(struct session *s, bool *is_left, struct error *err)
{
	struct session_rows rows;

	if (session_query(s,
		"SELECT pg_catalog.set_config('role', 'none', false) WHERE current_user <> session_user",
		0, NULL, &rows, err))
		return -1;
	*is_left = rows.count > 0;
	session_rows_free(&rows);
	return 0;
}

/* May the role that the session has, or else the one that logged in? */
static int
ask_privilege(struct session *s, const struct pg_version *version,
    struct session_rows *rows, struct error *err)
{
	const char *params[1] = { version->functions };
	bool is_left;

	if (answer_ask(s, privilege_sql, 1, params, 3, rows, err))
		return -1;
	if (answer_bool(rows, 0))
		return 0;
	if (leave_role(s, &is_left, err)) {
		session_rows_free(rows);
		return -1;
	}
	if (!is_left)
		return 0;
	session_rows_free(rows);
	return answer_ask(s, privilege_sql, 1, params, 3, rows, err);
}

int
online_check_privilege(
    struct session *s, const struct pg_version *version, struct error *err)
{
	struct session_rows rows;
	int rc = 0;

	if (ask_privilege(s, version, &rows, err))
		return -1;
	if (!answer_bool(&rows, 0)) {
		error_set(err, ERROR_SERVER, 0, "role %s may not start and stop a backup",
		    session_value(&rows, 0, 1));
		rc = error_hint(err,
		    "As a superuser, in database %s: GRANT EXECUTE ON FUNCTION %s TO %s;",
		    session_value(&rows, 0, 2), version->functions,
		    session_value(&rows, 0, 1));
	}
	session_rows_free(&rows);
	return rc;
}

int
online_check_identity(struct session *s, const struct online_expect *expect,
    struct online_server *out, struct error *err)
{
	struct session_rows settings = { 0 }, id = { 0 };
	int rc = -1;

	*out = (struct online_server){ 0 };
	if (check_version(s, expect, err) ||
	    session_query(s, settings_sql, 0, NULL, &settings, err) ||
	    answer_ask(s, identity_sql, 0, NULL, 4, &id, err) ||
	    check_identity(s, expect, &id, setting(&settings, "data_directory"), err) ||
	    take_settings(s, &settings, out, err))
		goto out;
	out->in_recovery = answer_bool(&id, 1);
	out->settings = settings;
	settings = (struct session_rows){ 0 };
	rc = 0;
out:
	session_rows_free(&settings);
	session_rows_free(&id);
	if (rc == -1)
		online_server_free(out);
	return rc;
}

int
online_check(struct session *s, const struct online_expect *expect,
    struct online_server *out, struct error *err)
{
	if (online_check_identity(s, expect, out, err))
		return -1;
	if (online_check_level(out, err) == 0 &&
	    online_check_privilege(s, expect->version, err) == 0)
		return 0;
	online_server_free(out);
	return -1;
}

int
online_allows_in_place(struct session *s, bool *allowed, struct error *err)
{
	const char *params[1] = { in_place_setting };
	struct session_rows rows;

	if (session_query(s,
		"SELECT name, setting, source FROM pg_catalog.pg_settings WHERE name = $1",
		1, params, &rows, err))
		return -1;
	*allowed = is_on_for_all(&rows, in_place_setting);
	session_rows_free(&rows);
	return 0;
}

void
online_server_free(struct online_server *server)
{
	free(server->version);
	free(server->archive_mode);
	free(server->log_timezone);
	free(server->data_directory);
	session_rows_free(&server->settings);
	*server = (struct online_server){ 0 };
}

const char *
online_setting(const struct online_server *server, const char *name)
{
	return setting(&server->settings, name);
}
