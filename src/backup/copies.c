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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup/backup_internal.h"
#include "cli/message.h"
#include "pg/relfile.h"
#include "server/databases.h"

/* A server that is silent for so many seconds is given up, as by the watch. */
#define PATIENCE 600.0

/* ---- the planner's thread: what the walk meets ---- */

static bool
is_same_place(struct waldatabases_place a, struct waldatabases_place b)
{
	return a.space == b.space && a.database == b.database;
}

static int
add_directory(struct backup_copies *c, struct waldatabases_place place, struct error *err)
{
	struct backup_copies_row *rows;

	if (c->count == c->room) {
		size_t room = c->room ? 2 * c->room : 16;

		rows = realloc(c->rows, room * sizeof(*rows));
		if (rows == NULL)
			return error_memory(err);
		c->rows = rows;
		c->room = room;
	}
	c->rows[c->count++] = (struct backup_copies_row){ .place = place };
	return 0;
}

/* A walk goes through one directory after the other: what came before it has ended. */
int
backup_copies_directory(struct backup *b, const char *path, struct error *err)
{
	struct backup_copies *c = &b->copies;
	struct waldatabases_place place;
	bool is_one = relfile_in_database(path, &place.space, &place.database);
	int rc = 0;

	pthread_mutex_lock(&c->lock);
	if (!is_one || c->count == 0 ||
	    !is_same_place(c->rows[c->count - 1].place, place)) {
		c->ended = c->count;
		if (is_one)
			rc = add_directory(c, place, err);
	}
	pthread_mutex_unlock(&c->lock);
	return rc;
}

void
backup_copies_file(struct backup *b, const char *path)
{
	struct backup_copies *c = &b->copies;
	struct waldatabases_place place;

	if (!relfile_is_database(path, &place.space, &place.database))
		return;
	pthread_mutex_lock(&c->lock);
	if (c->count > 0 && is_same_place(c->rows[c->count - 1].place, place))
		c->rows[c->count - 1].has_version = true;
	pthread_mutex_unlock(&c->lock);
}

void
backup_copies_tree_end(struct backup *b)
{
	pthread_mutex_lock(&b->copies.lock);
	b->copies.ended = b->copies.count;
	pthread_mutex_unlock(&b->copies.lock);
}

/* ---- the main thread: which of them were whole ---- */

/* Is the directory there no more?  What cannot be found out is not known to be there. */
static bool
is_gone(const struct backup *b, struct waldatabases_place place)
{
	const struct tablespace *t;
	struct buf path = { 0 };
	struct error ignored;
	char oid[12];
	struct stat st;
	bool is_there;

	snprintf(oid, sizeof(oid), "%" PRIu32, place.space);
	t = tablespaces_find(&b->tablespaces.sent, oid);
	if (t) {
		snprintf(oid, sizeof(oid), "%" PRIu32, place.database);
		return fstatat(t->fd, oid, &st, AT_SYMLINK_NOFOLLOW) == -1;
	}
	is_there = relfile_database(&path, place.space, place.database,
		       b->cluster.version, &ignored) == 0 &&
	    fstatat(b->cluster.datadir_fd, buf_text(&path), &st, AT_SYMLINK_NOFOLLOW) ==
		0;
	buf_free(&path);
	return !is_there;
}

static bool
is_whole(const struct backup *b, const struct databases_mark *mark,
    struct waldatabases_place place)
{
	if (databases_is_locked(mark, place.database))
		return false;
	return !backup_source_in_recovery(&b->source) || !is_gone(b, place);
}

static void
take_mark(struct backup *b, const struct databases_mark *mark, size_t ended)
{
	struct backup_copies *c = &b->copies;

	pthread_mutex_lock(&c->lock);
	for (size_t i = c->proved; i < ended; i++) {
		struct backup_copies_row *row = &c->rows[i];

		if (!row->is_whole && is_whole(b, mark, row->place)) {
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
pass_refusal(struct backup *b, const struct error *why, struct error *err)
{
	if (why->kind == ERROR_SERVER && session_sqlstate(b->session)[0] != '\0' &&
	    session_check(b->session, err) == 0) {
		b->copies.why = *why;
		return 0;
	}
	*err = *why;
	return -1;
}

static int
ask(struct backup *b, double patience, size_t ended, struct error *err)
{
	struct databases_mark *mark = &b->copies.mark;
	struct error why = { 0 };

	databases_mark_free(mark);
	if (databases_mark_read(b->session, patience, mark, &why))
		return pass_refusal(b, &why, err);
	if (mark->locked == NULL) /* not now */
		return 0;
	b->copies.why.kind = ERROR_NONE;
	take_mark(b, mark, ended);
	return 0;
}

/*
 * An answer may be to a question that was put at an earlier watch: it says nothing of
 * directories whose walk has ended since.
 */
int
backup_copies_watch(struct backup *b, struct error *err)
{
	struct backup_copies *c = &b->copies;
	size_t ended;

	pthread_mutex_lock(&c->lock);
	ended = c->ended;
	pthread_mutex_unlock(&c->lock);
	if (c->is_pending)
		ended = c->asked;
	if (ended == c->proved)
		return 0;
	c->asked = ended;
	if (ask(b, PATIENCE, ended, err))
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
backup_copies_hurry(struct patrol *patrol, struct error *err)
{
	struct backup *b = (struct backup *)patrol;
	bool is_new;

	pthread_mutex_lock(&b->copies.lock);
	is_new = b->copies.ended > b->copies.asked;
	pthread_mutex_unlock(&b->copies.lock);
	if (!is_new || b->copies.is_pending || session_silence(b->session) > 0)
		return 0; /* a server that is silent is left to the watch */
	return backup_copies_watch(b, err);
}

/* What is pending is waited for and dropped. */
int
backup_copies_settle(struct backup *b, struct error *err)
{
	return ask(b, 0, b->copies.count, err);
}

/* ---- when the WAL has been read ---- */

static int
compare_rows(const void *left, const void *right)
{
	const struct backup_copies_row *a = left, *b = right;

	if (a->place.database != b->place.database)
		return a->place.database < b->place.database ? -1 : 1;
	return (a->place.space > b->place.space) - (a->place.space < b->place.space);
}

/* The rows in the order of ${have}, which becomes a list of them. */
static int
list_have(struct backup_copies *c, struct waldatabases_have **have, struct error *err)
{
	*have = malloc((c->count + 1) * sizeof(**have));
	if (*have == NULL)
		return error_memory(err);
	if (c->count > 0)
		qsort(c->rows, c->count, sizeof(*c->rows), compare_rows);
	for (size_t i = 0; i < c->count; i++)
		(*have)[i] = (struct waldatabases_have){ c->rows[i].place,
			c->rows[i].has_version };
	return 0;
}

/*
 * Where no server works a directory is whole, if it is there at all.  But in a snapshot of a
 * standby any removal that the WAL has may have been under way.
 *
 * A directory that the walk did not meet was not there yet, if it was not removed: replay makes
 * all that is in it.
 */
static struct backup_copies_row
proof_of(const struct backup *b, const struct backup_copies_row *row,
    struct waldatabases_place place)
{
	struct backup_copies_row proof = { .place = place };

	if (b->source.is_frozen) {
		proof.is_whole = row != NULL;
		proof.whole_lsn = b->source.is_of_a_moment ? UINT64_MAX : 0;
	} else if (row) {
		proof = *row;
	} else {
		proof.is_whole =
		    b->copies.mark.locked && is_whole(b, &b->copies.mark, place);
		proof.whole_lsn = b->copies.mark.lsn;
	}
	return proof;
}

static int
not_known(const struct backup *b, const struct waldatabases_copy *copy, struct error *err)
{
	error_set(err, ERROR_STATE, 0,
	    "database %" PRIu32 " was copied while the backup ran from database %" PRIu32
	    ", but the server did not say whether that was whole: %.200s",
	    copy->to.database, copy->from.database, b->copies.why.text);
	return error_hint(err, "Run the backup again as a role that may read pg_locks.");
}

static int
is_lost(const struct waldatabases_copy *copy, const char *when, struct error *err)
{
	if (copy->to.database == copy->from.database)
		error_set(err, ERROR_STATE, 0,
		    "database %" PRIu32
		    " was moved to another tablespace while the backup ran, and "
		    "its old directory was gone before %s sent: it would be lost in a copy",
		    copy->to.database, when);
	else
		error_set(err, ERROR_STATE, 0,
		    "database %" PRIu32
		    " was copied while the backup ran from database %" PRIu32
		    ", which was gone before %s sent: it would be lost in a copy",
		    copy->to.database, copy->from.database, when);
	return error_hint(err, "Run the backup again.");
}

/* With -X none: the records that make the database may be in a segment that is gone. */
static void
warn_of_unseen(const struct waldatabases_copy *copy)
{
	char text[256];

	snprintf(text, sizeof(text),
	    "database %" PRIu32 " was copied while the backup ran from database %" PRIu32
	    ", which was not sent: unless the WAL that was not checked makes it, it would be lost "
	    "in a copy",
	    copy->to.database, copy->from.database);
	message_warning(text);
}

static int
judge(const struct backup *b, const struct backup_copies_row *row,
    const struct waldatabases_copy *copy, struct error *err)
{
	const struct backup_copies_row proof = proof_of(b, row, copy->from);
	const bool is_all_seen = walproof_is_whole(b->proof);
	char text[WALDATABASES_TEXT];

	if (row == NULL && !is_all_seen) {
		warn_of_unseen(copy);
		return 0;
	}
	if (copy->fault == WALDATABASES_UNMARKED && is_all_seen)
		return is_lost(copy, "it was", err);
	if (!proof.is_whole && b->copies.why.kind != ERROR_NONE)
		return not_known(b, copy, err);
	if (!proof.is_whole ||
	    (copy->dropped_lsn != 0 && copy->dropped_lsn < proof.whole_lsn))
		return is_lost(copy, row ? "all of it was" : "it was", err);
	if (copy->is_changed) {
		waldatabases_describe(copy, text);
		message_warning(text);
	}
	return 0;
}

static int
judge_all(struct backup *b, const struct waldatabases_have *have, struct error *err)
{
	const struct waldatabases_backup backup = { .have = have,
		.nhave = b->copies.count };
	struct waldatabases_copy *copies;
	size_t count;
	int rc = 0;

	if (waldatabases_find(
		walproof_databases(b->proof), &backup, &copies, &count, err))
		return -1;
	for (size_t i = 0; rc == 0 && i < count; i++) {
		const struct waldatabases_have *found =
		    waldatabases_look(have, b->copies.count, copies[i].from);

		rc = judge(
		    b, found ? &b->copies.rows[found - have] : NULL, &copies[i], err);
	}
	free(copies);
	return rc;
}

int
backup_copies_check(struct backup *b, struct error *err)
{
	const uint64_t left_out = waldatabases_left_out(walproof_databases(b->proof));
	struct waldatabases_have *have;
	int rc;

	if (left_out > 0)
		return error_set(err, ERROR_UNSUPPORTED, 0,
		    "the WAL makes and drops %" PRIu64
		    " more databases than can be looked at",
		    left_out);
	if (list_have(&b->copies, &have, err))
		return -1;
	rc = judge_all(b, have, err);
	free(have);
	return rc;
}

void
backup_copies_free(struct backup *b)
{
	databases_mark_free(&b->copies.mark);
	free(b->copies.rows);
	pthread_mutex_destroy(&b->copies.lock);
}
