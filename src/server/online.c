/*
 * A backup is started and stopped by the server's own SQL functions, whose calls differ between the
 * releases and stand in the row of each (pg/cluster.h).  The start returns a redo position only; the
 * rest of the label is asked of pg_control right after it, where the redo position shows whether
 * another checkpoint came between.
 */
#include "server/online.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/lsn.h"
#include "server/answer.h"
#include "wal/walname.h"

/* In a storm of CHECKPOINT commands one start of six was hit by one. */
#define START_TRIES 10

#define SEGMENT_LEAST ((uint64_t)1 << 20)
#define SEGMENT_MOST ((uint64_t)1 << 30)

/*
 * The label as far as the control file and the clock tell it.  The server takes START
 * TIME at the end of the start, in log_timezone, which is the session's TimeZone.
 */
static const char describe_sql[] =
    "SELECT c.checkpoint_lsn, c.redo_lsn, c.timeline_id, i.bytes_per_wal_segment,"
    " pg_catalog.pg_is_in_recovery(),"
    " pg_catalog.to_char(pg_catalog.clock_timestamp(), 'YYYY-MM-DD HH24:MI:SS TZ'),"
    " " ONLINE_INSTANCE
    " FROM pg_catalog.pg_control_checkpoint() AS c, pg_catalog.pg_control_init() AS i";

static int
read_numbers(const struct session_rows *rows, struct online_started *out, uint64_t *redo,
    struct error *err)
{
	uint64_t timeline, size;

	if (answer_lsn(rows, 0, &out->checkpoint_lsn, err) ||
	    answer_lsn(rows, 1, redo, err) ||
	    answer_number(rows, 2, UINT32_MAX, &timeline, err) ||
	    answer_number(rows, 3, SEGMENT_MOST, &size, err))
		return -1;
	if (timeline == 0 || size < SEGMENT_LEAST || (size & (size - 1)) != 0)
		return error_set(err, ERROR_SERVER, 0,
		    "unexpected reply from the server: timeline %u, WAL segments of %llu bytes",
		    (unsigned)timeline, (unsigned long long)size);
	out->timeline = (uint32_t)timeline;
	out->wal_segment_size = (uint32_t)size;
	out->in_recovery = answer_bool(rows, 4);
	snprintf(out->instance, sizeof(out->instance), "%s", session_value(rows, 0, 6));
	return 0;
}

static int
make_label(struct online_started *out, const struct pg_version *version, const char *text,
    const char *start_time, struct error *err)
{
	struct label *label = &out->label;

	label->start_lsn = out->lsn;
	label->checkpoint_lsn = out->checkpoint_lsn;
	label->timeline = out->timeline;
	label->has_timeline = version->label_has_timeline;
	label->from_standby = out->in_recovery;
	snprintf(label->method, sizeof(label->method), "streamed");
	walname_build(label->start_file, out->timeline,
	    walname_segment(out->lsn, out->wal_segment_size), out->wal_segment_size);
	label->start_time = strdup(start_time);
	label->text = strdup(text);
	return label->start_time && label->text ? 0 : error_memory(err);
}

/*
 * What the backup that just started at out->lsn starts from.  *is_known is false, and
 * nothing else told, if a later checkpoint has already taken its place in the control
 * file: no two checkpoints share a redo position.
 */
static int
describe_start(struct session *s, const struct pg_version *version, const char *text,
    struct online_started *out, bool *is_known, struct error *err)
{
	struct session_rows rows;
	uint64_t redo;
	int rc = -1;

	if (answer_ask(s, describe_sql, 0, NULL, 7, &rows, err))
		return -1;
	if (read_numbers(&rows, out, &redo, err))
		goto out;
	*is_known = redo == out->lsn;
	if (*is_known && make_label(out, version, text, session_value(&rows, 0, 5), err))
		goto out;
	rc = 0;
out:
	session_rows_free(&rows);
	return rc;
}

static int
call_start(struct session *s, const struct pg_version *version, const char *label,
    bool fast, uint64_t *lsn, struct error *err)
{
	const char *params[2] = { label, fast ? "true" : "false" };
	struct session_rows rows;
	int rc;

	if (answer_ask(s, version->start_sql, 2, params, 1, &rows, err))
		return error_wrap(err, "start of the backup");
	rc = answer_lsn(&rows, 0, lsn, err);
	session_rows_free(&rows);
	return rc;
}

/*
 * CHECKPOINT is one of the commands that run without a snapshot (PlannedStmtRequiresSnapshot()
 * in src/backend/tcop/pquery.c).  The start is a function, and has one for as long as its
 * restartpoint takes: replay waits for it, and cancels it after max_standby_streaming_delay.
 */
int
online_restartpoint(struct session *s, struct error *err)
{
	struct session_rows rows;

	if (session_query(s, "CHECKPOINT", 0, NULL, &rows, err))
		return session_sqlstate(s)[0] == '\0' ? -1 : session_check(s, err);
	session_rows_free(&rows);
	return 0;
}

int
online_start(struct session *s, const struct pg_version *version, const char *label,
    bool fast, struct online_started *out, struct error *err)
{
	bool is_known = false;

	*out = (struct online_started){ 0 };
	for (int i = 0; i < START_TRIES; i++) {
		struct online_stopped stopped;

		if (call_start(s, version, label, fast, &out->lsn, err) ||
		    describe_start(s, version, label, out, &is_known, err))
			goto fail;
		if (is_known)
			return 0;
		if (online_stop(s, version, &stopped, err))
			goto fail;
		online_stopped_free(&stopped);
	}
	error_set(err, ERROR_STATE, 0,
	    "checkpoints follow each other too fast: each of %d attempts to start the backup met another checkpoint",
	    START_TRIES);
	error_hint(
	    err, "Run the backup when no session issues CHECKPOINT again and again.");
fail:
	online_started_free(out);
	return -1;
}

void
online_started_free(struct online_started *started)
{
	label_free(&started->label);
	*started = (struct online_started){ 0 };
}

/*
 * A server too busy to answer is no other server: the question stays pending.  Its process may
 * not get to run for a minute (swapping, limits of a cgroup, a frozen disk) and is sound after.
 */
#define WATCH_SECONDS 1.0
#define WATCH_PATIENCE 600.0

static const char watch_sql[] =
    "SELECT " ONLINE_INSTANCE ", pg_catalog.pg_is_in_recovery()";

int
online_watch(struct session *s, const struct online_started *started, struct error *err)
{
	struct session_rows rows;
	bool is_answered;
	int rc = 0;

	if (session_question(
		s, watch_sql, WATCH_SECONDS, WATCH_PATIENCE, &rows, &is_answered, err))
		return -1;
	if (!is_answered)
		return 0;
	if (session_value(&rows, 0, 0) == NULL || session_value(&rows, 0, 1) == NULL)
		rc = error_set(err, ERROR_SERVER, 0,
		    "unexpected reply from the server: a value is missing");
	else if (strcmp(session_value(&rows, 0, 0), started->instance) != 0)
		rc = error_set(
		    err, ERROR_SERVER, 0, "the server was restarted during the backup");
	else if (answer_bool(&rows, 1) != started->in_recovery)
		rc = error_set(err, ERROR_SERVER, 0, "%s during the backup",
		    started->in_recovery ? "the standby was promoted" :
					   "the server became a standby");
	session_rows_free(&rows);
	return rc;
}

/* A standby that restores from an archive receives nothing, but knows what it replayed. */
static const char position_sql[] =
    "SELECT CASE WHEN pg_catalog.pg_is_in_recovery()"
    " THEN greatest(pg_catalog.pg_last_wal_receive_lsn(), pg_catalog.pg_last_wal_replay_lsn())"
    " ELSE pg_catalog.pg_current_wal_lsn() END";

int
online_wal_position(struct session *s, uint64_t *lsn, struct error *err)
{
	struct session_rows rows;
	const char *text;
	bool is_answered;

	*lsn = 0;
	if (session_question(
		s, position_sql, WATCH_SECONDS, WATCH_PATIENCE, &rows, &is_answered, err))
		return -1;
	text = session_value(&rows, 0, 0);
	if (text && !lsn_parse(text, lsn))
		*lsn = 0;
	session_rows_free(&rows);
	return 0;
}

int
online_stop(struct session *s, const struct pg_version *version,
    struct online_stopped *out, struct error *err)
{
	/* a wait that is cancelled takes the label with it, so the server never waits */
	const char *params[1] = { "false" };
	struct session_rows rows;

	*out = (struct online_stopped){ 0 };
	if (session_query(s, version->stop_sql, 1, params, &rows, err))
		return error_wrap(err, "stop of the backup");
	if (session_value(&rows, 0, 0) == NULL || session_value(&rows, 0, 1) == NULL ||
	    session_value(&rows, 0, 2) == NULL)
		error_set(err, ERROR_SERVER, 0,
		    "unexpected reply from the server: it ended the backup without a backup_label");
	else if (answer_lsn(&rows, 0, &out->lsn, err) == 0) {
		out->label = strdup(session_value(&rows, 0, 1));
		out->map = strdup(session_value(&rows, 0, 2));
		if (out->label == NULL || out->map == NULL) {
			error_memory(err);
			online_stopped_free(out);
		}
	}
	session_rows_free(&rows);
	return out->label ? 0 : -1;
}

void
online_stopped_free(struct online_stopped *stopped)
{
	free(stopped->label);
	free(stopped->map);
	*stopped = (struct online_stopped){ 0 };
}
