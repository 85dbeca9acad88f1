/*
 * Databases that replay copies file by file (wal/waldatabases.c): each directory that one is
 * copied from must have been whole when its walk ended.
 *
 * The files of a directory that is being removed go one after another, and a walk passes over
 * those that are gone; nothing in the directory shows it.  But the server locks a database
 * before it removes a directory of it, until the WAL has a record of that, and on a standby from
 * the replay of the record until the directory is gone.  So from time to time, and after the
 * tree, it is asked in this order which databases are locked, and where the WAL stands
 * (server/databases.h).  Of a directory whose walk has ended, of a database that was not locked:
 *
 *	removal began before the question	it was over: its record is before that position
 *	removal began after the question	the directory was whole when its walk ended
 *
 * On a standby the lock is released a moment before the position moves on; then the directory
 * itself is gone already.
 *
 * pg_database is not asked: the row of a database that is being dropped is there until the
 * end, and that of one that was moved away and back says nothing.
 *
 * The planner's thread adds directories while the main thread asks.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup/cluster.h"
#include "backup/copies.h"
#include "backup/source.h"
#include "backup/tablespaces.h"
#include "cli/message.h"
#include "pg/relfile.h"
#include "server/databases.h"
#include "server/session.h"
#include "wal/walproof.h"

/* A server that is silent for so many seconds is given up, as by the watch. */
#define PATIENCE 600.0

struct backup_copies {
	struct backup_copies_options of;
	pthread_mutex_t lock; /* of all up to rows */
	size_t count, room;
	size_t ended;  /* so many were walked to their end */
	size_t proved; /* so many, and perhaps more, are whole */
	struct directory {
		struct waldatabases_id id;
		bool has_version; /* PG_VERSION was sent */
		bool is_whole;    /* at that position of the WAL or before: */
		uint64_t whole_lsn;
	} * rows;
	/* the last; empty: the server has not answered yet, */
	struct databases_mark mark;
	bool is_pending;
	size_t asked;     /* the last time, of so many */
	struct error why; /* why there was none, the last time that was so */
};

int
backup_copies_new(struct backup_copies **out, const struct backup_copies_options *options,
    struct error *err)
{
	struct backup_copies *c = calloc(1, sizeof(*c));

	*out = c;
	if (c == NULL)
		return error_memory(err);
	c->of = *options;
	pthread_mutex_init(&c->lock, NULL);
	return 0;
}

/* ---- the planner's thread: what the walk meets ---- */

static bool
is_same_id(struct waldatabases_id a, struct waldatabases_id b)
{
	return a.space == b.space && a.database == b.database;
}

static int
add_directory(struct backup_copies *c, struct waldatabases_id id, struct error *err)
{
	struct directory *rows;

	if (c->count == c->room) {
		size_t room = c->room ? 2 * c->room : 16;

		rows = realloc(c->rows, room * sizeof(*rows));
		if (rows == NULL)
			return error_memory(err);
		c->rows = rows;
		c->room = room;
	}
	c->rows[c->count++] = (struct directory){ .id = id };
	return 0;
}

/* A walk goes through one directory after the other: what came before it has ended. */
int
backup_copies_directory(struct backup_copies *c, const char *path, struct error *err)
{
	struct waldatabases_id id;
	bool is_one = relfile_in_database(path, &id.space, &id.database);
	int rc = 0;

	pthread_mutex_lock(&c->lock);
	if (!is_one || c->count == 0 || !is_same_id(c->rows[c->count - 1].id, id)) {
		c->ended = c->count;
		if (is_one)
			rc = add_directory(c, id, err);
	}
	pthread_mutex_unlock(&c->lock);
	return rc;
}

void
backup_copies_file(struct backup_copies *c, const char *path)
{
	struct waldatabases_id id;

	if (!relfile_is_database(path, &id.space, &id.database))
		return;
	pthread_mutex_lock(&c->lock);
	if (c->count > 0 && is_same_id(c->rows[c->count - 1].id, id))
		c->rows[c->count - 1].has_version = true;
	pthread_mutex_unlock(&c->lock);
}

void
backup_copies_tree_end(struct backup_copies *c)
{
	pthread_mutex_lock(&c->lock);
	c->ended = c->count;
	pthread_mutex_unlock(&c->lock);
}

/* ---- the main thread: which of them were whole ---- */

/* Is the directory there no more?  What cannot be found out is not known to be there. */
static bool
is_gone(const struct backup_copies *c, struct waldatabases_id id)
{
	const struct tablespace *t;
	struct buf path = { 0 };
	struct error ignored;
	char oid[12];
	struct stat st;
	bool is_there;

	snprintf(oid, sizeof(oid), "%" PRIu32, id.space);
	t = tablespaces_find(&c->of.tablespaces->sent, oid);
	if (t) {
		snprintf(oid, sizeof(oid), "%" PRIu32, id.database);
		return fstatat(t->fd, oid, &st, AT_SYMLINK_NOFOLLOW) == -1;
	}
	is_there = relfile_database(&path, id.space, id.database, c->of.cluster->version,
		       &ignored) == 0 &&
	    fstatat(c->of.cluster->datadir_fd, buf_text(&path), &st,
		AT_SYMLINK_NOFOLLOW) == 0;
	buf_free(&path);
	return !is_there;
}

static bool
is_whole(const struct backup_copies *c, const struct databases_mark *mark,
    struct waldatabases_id id)
{
	if (databases_is_locked(mark, id.database))
		return false;
	return !backup_source_in_recovery(c->of.source) || !is_gone(c, id);
}

static void
take_mark(struct backup_copies *c, const struct databases_mark *mark, size_t ended)
{
	pthread_mutex_lock(&c->lock);
	for (size_t i = c->proved; i < ended; i++) {
		struct directory *row = &c->rows[i];

		if (!row->is_whole && is_whole(c, mark, row->id)) {
			row->is_whole = true;
			row->whole_lsn = mark->lsn;
		}
		if (row->is_whole && i == c->proved)
			c->proved++;
	}
	pthread_mutex_unlock(&c->lock);
}

/* A server that refuses to tell leaves directories unproved: that may not matter. */
static int
pass_refusal(struct backup_copies *c, struct session *session, const struct error *why,
    struct error *err)
{
	if (why->kind == ERROR_SERVER && session_sqlstate(session)[0] != '\0' &&
	    session_check(session, err) == 0) {
		c->why = *why;
		return 0;
	}
	*err = *why;
	return -1;
}

static int
ask(struct backup_copies *c, struct session *session, double patience, size_t ended,
    struct error *err)
{
	struct databases_mark *mark = &c->mark;
	struct error why = { 0 };

	databases_mark_free(mark);
	if (databases_mark_read(session, patience, mark, &why))
		return pass_refusal(c, session, &why, err);
	if (mark->locked == NULL) /* not now */
		return 0;
	c->why.kind = ERROR_NONE;
	take_mark(c, mark, ended);
	return 0;
}

/*
 * An answer may be to a question that was put at an earlier watch: it says nothing of
 * directories whose walk has ended since.
 */
int
backup_copies_watch(struct backup_copies *c, struct session *session, struct error *err)
{
	size_t ended;

	pthread_mutex_lock(&c->lock);
	ended = c->ended;
	pthread_mutex_unlock(&c->lock);
	if (c->is_pending)
		ended = c->asked;
	if (ended == c->proved)
		return 0;
	c->asked = ended;
	if (ask(c, session, PATIENCE, ended, err))
		return -1;
	c->is_pending = c->mark.locked == NULL;
	return 0;
}

/*
 * A directory whose walk has ended since is asked for soon, as the database may be dropped at any
 * moment.  Between the end of the walk and the answer it may be dropped as well, and nothing tells
 * that from one that was half gone before: that fails the backup.  For the planner to wait for
 * each answer would not help: the walk has ended before the question even so.  And more questions
 * than one for each tick would burden a server with many small databases.
 */
int
backup_copies_hurry(struct backup_copies *c, struct session *session, struct error *err)
{
	bool is_new;

	pthread_mutex_lock(&c->lock);
	is_new = c->ended > c->asked;
	pthread_mutex_unlock(&c->lock);
	if (!is_new || c->is_pending || session_silence(session) > 0)
		return 0; /* a server that is silent is left to the watch */
	return backup_copies_watch(c, session, err);
}

/* What is pending is waited for and dropped. */
int
backup_copies_settle(struct backup_copies *c, struct session *session, struct error *err)
{
	return ask(c, session, 0, c->count, err);
}

/* ---- when the WAL has been read ---- */

static int
copies_compare_rows(const void *left, const void *right)
{
	const struct directory *a = left, *b = right;

	if (a->id.database != b->id.database)
		return a->id.database < b->id.database ? -1 : 1;
	return (a->id.space > b->id.space) - (a->id.space < b->id.space);
}

/* The rows in the order of ${have}, which becomes a list of them. */
static int
list_have(struct backup_copies *c, struct waldatabases_have **have, struct error *err)
{
	*have = malloc((c->count + 1) * sizeof(**have));
	if (*have == NULL)
		return error_memory(err);
	if (c->count > 0)
		qsort(c->rows, c->count, sizeof(*c->rows), copies_compare_rows);
	for (size_t i = 0; i < c->count; i++)
		(*have)[i] =
		    (struct waldatabases_have){ c->rows[i].id, c->rows[i].has_version };
	return 0;
}

/*
 * Where no server works a directory is whole, if it is there at all.  But in a snapshot of a
 * standby any removal that the WAL has may have been under way.
 *
 * A directory that the walk did not meet was not there yet, if it was not removed: replay makes
 * all that is in it.
 */
static struct directory
proof_of(
    const struct backup_copies *c, const struct directory *row, struct waldatabases_id id)
{
	struct directory proof = { .id = id };

	if (c->of.source->is_frozen) {
		proof.is_whole = row != NULL;
		proof.whole_lsn = c->of.source->is_of_a_moment ? UINT64_MAX : 0;
	} else if (row) {
		proof = *row;
	} else {
		proof.is_whole = c->mark.locked && is_whole(c, &c->mark, id);
		proof.whole_lsn = c->mark.lsn;
	}
	return proof;
}

static int
not_known(const struct backup_copies *c, const struct waldatabases_copy *copy,
    struct error *err)
{
	error_set(err, ERROR_STATE, 0,
	    "database %" PRIu32 " was copied during the backup from database %" PRIu32
	    ", but the server did not report whether database %" PRIu32
	    " was complete when it was read: %.200s",
	    copy->to.database, copy->from.database, copy->from.database, c->why.text);
	return error_hint(err, "Run the backup again as a role that may read pg_locks.");
}

static int
copies_lost(const struct waldatabases_copy *copy, const char *when, struct error *err)
{
	if (copy->to.database == copy->from.database)
		error_set(err, ERROR_STATE, 0,
		    "database %" PRIu32
		    " was moved to another tablespace during the backup, and its old directory was removed before %s sent: a copy would lose the database",
		    copy->to.database, when);
	else
		error_set(err, ERROR_STATE, 0,
		    "database %" PRIu32
		    " was copied during the backup from database %" PRIu32
		    ", whose directory was removed before %s sent: a copy would lose the new database",
		    copy->to.database, copy->from.database, when);
	return error_hint(err, "Run the backup again.");
}

/* With -X none: the records that make the database may be in a segment that is gone. */
static void
warn_of_unseen(const struct waldatabases_copy *copy)
{
	char text[256];

	snprintf(text, sizeof(text),
	    "database %" PRIu32 " was copied during the backup from database %" PRIu32
	    ", which is not in the backup: unless the WAL that was not checked creates that one, a copy would lose the new database",
	    copy->to.database, copy->from.database);
	message_warning(text);
}

static int
judge(const struct backup_copies *c, const struct directory *row,
    const struct waldatabases_copy *copy, bool is_all_seen, struct error *err)
{
	const struct directory proof = proof_of(c, row, copy->from);
	char text[WALDATABASES_TEXT];

	if (row == NULL && !is_all_seen) {
		warn_of_unseen(copy);
		return 0;
	}
	if (copy->fault == WALDATABASES_UNMARKED && is_all_seen)
		return copies_lost(copy, "it was", err);
	if (!proof.is_whole && c->why.kind != ERROR_NONE)
		return not_known(c, copy, err);
	if (!proof.is_whole ||
	    (copy->dropped_lsn != 0 && copy->dropped_lsn < proof.whole_lsn))
		return copies_lost(copy, row ? "all of it was" : "it was", err);
	if (copy->is_changed) {
		waldatabases_describe(copy, text);
		message_warning(text);
	}
	return 0;
}

static int
judge_all(struct backup_copies *c, const struct walproof *proof,
    const struct waldatabases_have *have, struct error *err)
{
	const struct waldatabases_backup backup = { .have = have, .nhave = c->count };
	struct waldatabases_copy *copies;
	size_t count;
	int rc = 0;

	if (waldatabases_find(walproof_databases(proof), &backup, &copies, &count, err))
		return -1;
	for (size_t i = 0; rc == 0 && i < count; i++) {
		const struct waldatabases_have *found =
		    waldatabases_look(have, c->count, copies[i].from);

		rc = judge(c, found ? &c->rows[found - have] : NULL, &copies[i],
		    walproof_is_whole(proof), err);
	}
	free(copies);
	return rc;
}

int
backup_copies_check(
    struct backup_copies *c, const struct walproof *proof, struct error *err)
{
	const uint64_t left_out = waldatabases_left_out(walproof_databases(proof));
	struct waldatabases_have *have;
	int rc;

	if (left_out > 0)
		return error_set(err, ERROR_UNSUPPORTED, 0,
		    "the WAL creates and drops %" PRIu64
		    " more databases than can be checked",
		    left_out);
	if (list_have(c, &have, err))
		return -1;
	rc = judge_all(c, proof, have, err);
	free(have);
	return rc;
}

void
backup_copies_free(struct backup_copies *c)
{
	if (c == NULL)
		return;
	databases_mark_free(&c->mark);
	free(c->rows);
	pthread_mutex_destroy(&c->lock);
	free(c);
}
