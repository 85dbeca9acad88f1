/*
 * A list of databases stays the text that the server made of it, ",OID TABLESPACE,", in which
 * strstr() finds a row.  pg_database is shared by all databases of a cluster, so that the session
 * sees every row whatever database it is connected to.
 */
#include "server/databases.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/lsn.h"
#include "lib/number.h"

/*
 * "OID TABLESPACE," for each, so that a row is found by ",OID " in front of it.  Without those
 * that an interrupted DROP DATABASE left unusable (datconnlimit -2: DATCONNLIMIT_INVALID_DB in
 * src/include/catalog/pg_database.h).
 */
static const char databases_sql[] =
    "SELECT ',' || pg_catalog.string_agg(oid::pg_catalog.text || ' ' ||"
    " dattablespace::pg_catalog.text, ',' ORDER BY oid) || ','"
    " FROM pg_catalog.pg_database WHERE datconnlimit <> -2";

int
databases_read(struct session *s, char **text, struct error *err)
{
	struct session_rows rows;
	const char *value;

	*text = NULL;
	if (session_query(s, databases_sql, 0, NULL, &rows, err))
		return -1;
	value = session_value(&rows, 0, 0);
	if (value == NULL)
		error_set(err, ERROR_SERVER, 0, "the server reported no databases");
	else if ((*text = strdup(value)) == NULL)
		error_memory(err);
	session_rows_free(&rows);
	return *text ? 0 : -1;
}

int
databases_list(struct session *s, struct oidset *out, struct error *err)
{
	uint32_t database, space;
	const char *at;
	char *text;
	int rc = 0;

	if (databases_read(s, &text, err))
		return -1;
	at = text;
	while (rc == 0 && databases_next(&at, text, &database, &space))
		rc = oidset_add(out, database, err);
	free(text);
	return rc;
}

static const char oldest_sql[] =
    "SELECT datfrozenxid::pg_catalog.text FROM pg_catalog.pg_database"
    " WHERE datconnlimit <> -2 ORDER BY pg_catalog.age(datfrozenxid) DESC LIMIT 1";

int
databases_oldest_xid(struct session *s, uint32_t *xid, struct error *err)
{
	struct session_rows rows;
	const char *value;
	uint64_t number;
	int rc = 0;

	if (session_query(s, oldest_sql, 0, NULL, &rows, err))
		return -1;
	value = session_value(&rows, 0, 0);
	if (value && number_parse(value, strlen(value), UINT32_MAX, &number))
		*xid = (uint32_t)number;
	else
		rc = error_set(err, ERROR_SERVER, 0,
		    "unexpected reply from the server to: %s", oldest_sql);
	session_rows_free(&rows);
	return rc;
}

/* The tablespace of the database whose row begins with ${row}: ",OID "; NULL: no such. */
static const char *
tablespace_of(const char *text, const char *row, size_t *len)
{
	const char *found = strstr(text, row);

	if (found == NULL)
		return NULL;
	found += strlen(row);
	*len = strcspn(found, ",");
	return found;
}

int
databases_compare(const char *before, const char *after, struct error *err)
{
	for (const char *at = before; at[0] == ',' && at[1] != '\0';) {
		size_t oid_len = strcspn(at + 1, " ") + 2, old_len, new_len;
		char row[16];
		const char *old, *new;

		snprintf(row, sizeof(row), "%.*s", (int)oid_len, at);
		old = tablespace_of(before, row, &old_len);
		new = tablespace_of(after, row, &new_len);
		if (old && new &&
		    (old_len != new_len || memcmp(old, new, old_len) != 0)) {
			error_set(err, ERROR_STATE, 0,
			    "database with OID %.*s was moved to another tablespace during the backup",
			    (int)oid_len - 2, at + 1);
			return error_hint(err,
			    "The copy may have it in neither tablespace; run the backup again.");
		}
		at += strcspn(at + 1, ",") + 1;
	}
	return 0;
}

static const char locked_sql[] =
    "SELECT ',' || pg_catalog.string_agg(objid::pg_catalog.text, ',') || ','"
    " FROM pg_catalog.pg_locks WHERE locktype = 'object' AND granted"
    " AND classid = 'pg_catalog.pg_database'::pg_catalog.regclass AND objsubid = 0"
    " AND mode = 'AccessExclusiveLock'";

static const char position_sql[] =
    "SELECT CASE WHEN pg_catalog.pg_is_in_recovery()"
    " THEN pg_catalog.pg_last_wal_replay_lsn() ELSE pg_catalog.pg_current_wal_insert_lsn() END";

#define ANSWER_SECONDS 1.0

static int
ask(struct session *s, const char *sql, double patience, struct session_rows *rows,
    bool *is_answered, struct error *err)
{
	if (patience > 0)
		return session_question(
		    s, sql, ANSWER_SECONDS, patience, rows, is_answered, err);
	*is_answered = true;
	return session_query(s, sql, 0, NULL, rows, err);
}

static int
read_locked(struct session *s, double patience, char **locked, struct error *err)
{
	struct session_rows rows;
	bool is_answered;
	const char *text;

	if (ask(s, locked_sql, patience, &rows, &is_answered, err))
		return -1;
	if (!is_answered)
		return 0;
	text = session_value(&rows, 0, 0); /* NULL: none is */
	*locked = strdup(text ? text : "");
	session_rows_free(&rows);
	return *locked ? 0 : error_memory(err);
}

static int
read_position(
    struct session *s, double patience, struct databases_mark *mark, struct error *err)
{
	struct session_rows rows;
	bool is_answered;
	const char *text;
	int rc = 0;

	if (ask(s, position_sql, patience, &rows, &is_answered, err))
		return -1;
	if (!is_answered) {
		databases_mark_free(mark);
		return 0;
	}
	text = session_value(&rows, 0, 0);
	if (text == NULL || !lsn_parse(text, &mark->lsn))
		rc = error_set(err, ERROR_SERVER, 0,
		    "unexpected reply from the server to: %s", position_sql);
	session_rows_free(&rows);
	return rc;
}

/* Two statements: one could take its snapshot, or the position, before it sees the locks. */
int
databases_mark_read(
    struct session *s, double patience, struct databases_mark *mark, struct error *err)
{
	*mark = (struct databases_mark){ 0 };
	if (read_locked(s, patience, &mark->locked, err) ||
	    (mark->locked && read_position(s, patience, mark, err))) {
		databases_mark_free(mark);
		return -1;
	}
	return 0;
}

bool
databases_is_locked(const struct databases_mark *mark, uint32_t database)
{
	char oid[16];

	snprintf(oid, sizeof(oid), ",%" PRIu32 ",", database);
	return strstr(mark->locked, oid) != NULL;
}

void
databases_mark_free(struct databases_mark *mark)
{
	free(mark->locked);
	*mark = (struct databases_mark){ 0 };
}

/* ",OID TABLESPACE,": *at is at the comma after it then. */
static bool
next_row(const char **at, uint64_t *database, uint64_t *space)
{
	const char *from = *at;

	if (*from++ != ',' || !number_next(&from, UINT32_MAX, database) ||
	    *from++ != ' ' || !number_next(&from, UINT32_MAX, space) || *from != ',')
		return false;
	*at = from;
	return true;
}

bool
databases_next(const char **at, const char *other, uint32_t *database, uint32_t *space)
{
	uint64_t d, p;
	char row[40];

	while (next_row(at, &d, &p)) {
		snprintf(row, sizeof(row), ",%" PRIu64 " %" PRIu64 ",", d, p);
		if (strstr(other, row) == NULL)
			continue;
		*database = (uint32_t)d;
		*space = (uint32_t)p;
		return true;
	}
	return false;
}
