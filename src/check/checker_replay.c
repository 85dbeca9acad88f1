/*
 * Databases and tablespaces that replay of the WAL makes or drops.
 *
 * CREATE DATABASE up to 14, and with STRATEGY = FILE_COPY since, and ALTER DATABASE ... SET
 * TABLESPACE copy files: replay copies them again, from what the backup has of the template.
 * If that was dropped, or moved, before it was sent, replay copies nothing, in silence, and
 * nobody can connect to the new database.  If it was changed after the copy, the new
 * database may get parts of the changes (the caveat of PostgreSQL's manual, "Making a Base
 * Backup Using the Low Level API").
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/checker_internal.h"
#include "pg/relfile.h"
#include "util/lsn.h"
#include "util/number.h"

static int
add_row(struct checker *c, const struct checker_replay *row, struct error *err)
{
	struct checker_replay *rows;

	if (c->nreplayed == CHECKER_REPLAYED) {
		c->replayed_left_out++;
		free(row->location);
		return 0;
	}
	rows = realloc(c->replayed, (c->nreplayed + 1) * sizeof(*rows));
	if (rows == NULL) {
		free(row->location);
		return error_memory(err);
	}
	c->replayed = rows;
	rows[c->nreplayed++] = *row;
	return 0;
}

void
checker_replay_free(struct checker *c)
{
	for (size_t i = 0; i < c->nreplayed; i++)
		free(c->replayed[i].location);
	free(c->replayed);
	free(c->replayed_by_space);
}

/* From now on changes of the template count. */
static void
watch(struct checker *c, const struct walrecord_database *made)
{
	for (size_t i = 0; i < c->ntemplates; i++)
		if (c->templates[i].space == made->from_space &&
		    c->templates[i].database == made->from_database)
			return;
	if (c->ntemplates < CHECKER_TEMPLATES)
		c->templates[c->ntemplates++] = (struct checker_template){ made->from_space,
			made->from_database, false };
}

int
checker_replay_take(struct checker *c, unsigned line, const struct walrecord *rec,
    struct error *err)
{
	struct checker_replay row = { .line = line, .lsn = rec->lsn, .end_lsn = rec->end_lsn };
	const char *location;
	struct error ignored;

	if (walrecord_is_tablespace(rec) &&
	    walrecord_tablespace(rec, &row.space, &location, &ignored) == 0) {
		row.kind = REPLAY_TABLESPACE;
		row.location = strdup(location);
		return row.location ? add_row(c, &row, err) : error_memory(err);
	}
	if (walrecord_drops_tablespace(rec, &row.space)) {
		row.kind = REPLAY_DROP;
		return add_row(c, &row, err);
	}
	if (!walrecord_makes_database(rec, &row.database))
		return 0;
	if (row.database.is_copy)
		watch(c, &row.database);
	return add_row(c, &row, err);
}

void
checker_replay_block(struct checker *c, uint32_t space, uint32_t database)
{
	for (size_t i = 0; i < c->ntemplates; i++)
		if (c->templates[i].database == database && c->templates[i].space == space)
			c->templates[i].is_changed = true;
}

/* ---- when all has come ---- */

/* Recovery goes on behind the stop, as far as there is WAL. */
static bool
is_replayed(const struct checker *c, const struct checker_replay *row)
{
	return checker_wal_is_read(c, row->line, row->end_lsn);
}

/* Does an earlier record make what ${row} copies? */
static bool
is_made_before(const struct checker *c, const struct checker_replay *row)
{
	for (size_t i = 0; i < c->nreplayed; i++) {
		const struct checker_replay *one = &c->replayed[i];

		if (one->kind == REPLAY_DATABASE && one->lsn < row->lsn &&
		    one->database.space == row->database.from_space &&
		    one->database.database == row->database.from_database &&
		    is_replayed(c, one))
			return true;
	}
	return false;
}

static bool
is_changed(const struct checker *c, const struct walrecord_database *made)
{
	for (size_t i = 0; i < c->ntemplates; i++)
		if (c->templates[i].space == made->from_space &&
		    c->templates[i].database == made->from_database)
			return c->templates[i].is_changed;
	return true; /* one of too many to be watched */
}

static int
judge_copy(struct checker *c, const struct checker_replay *row, struct error *err)
{
	const struct walrecord_database *d = &row->database;
	struct memberset_row *found;
	struct buf path = { 0 };
	char text[256], at[LSN_TEXT];
	int rc;

	rc = relfile_database(&path, d->from_space, d->from_database, c->version, err) ||
		buf_printf(&path, err, "/PG_VERSION") ||
		memberset_find(c->set, buf_text(&path), &found, err) ?
	    -1 :
	    0;
	if (rc == 0 && found == NULL && !is_made_before(c, row))
		rc = findings_add(&c->findings, FINDINGS_MISSING,
		    &(struct findings_place){ .member = buf_text(&path) }, err,
		    "the database %" PRIu32 " is copied from it by the WAL at %s, and would be lost",
		    d->database, lsn_print(at, row->lsn));
	else if (rc == 0 && is_changed(c, d)) {
		snprintf(text, sizeof(text),
		    "the database %" PRIu32 " is copied by the WAL at %s, file by file, from the "
		    "database %" PRIu32 ", which was changed before the backup ended: parts of the "
		    "changes may get into it",
		    d->database, lsn_print(at, row->lsn), d->from_database);
		c->opt.warning(text);
	}
	buf_free(&path);
	return rc;
}

/* Those in place, whose location is "", are made in the copy itself. */
static void
warn_of_tablespace(struct checker *c, const struct checker_replay *row)
{
	char text[768];

	if (row->location[0] == '\0')
		return;
	snprintf(text, sizeof(text),
	    "the WAL creates tablespace %" PRIu32 ": its replay links the restored copy to "
	    "\"%.400s\", which must be there, and be no other cluster's",
	    row->space, row->location);
	c->opt.warning(text);
}

static int
compare_spaces(const void *a, const void *b)
{
	const struct checker_replay *const *one = a, *const *other = b;

	if ((*one)->kind != (*other)->kind)
		return (*one)->kind < (*other)->kind ? -1 : 1;
	return ((*one)->space > (*other)->space) - ((*one)->space < (*other)->space);
}

/* It is asked of each tablespace that pg_basetar.info lists: of as many as fit in there. */
int
checker_replay_sort(struct checker *c, struct error *err)
{
	if (c->nreplayed == 0)
		return 0;
	free(c->replayed_by_space);
	c->replayed_by_space = calloc(c->nreplayed, sizeof(struct checker_replay *));
	if (c->replayed_by_space == NULL)
		return error_memory(err);
	for (size_t i = 0; i < c->nreplayed; i++)
		c->replayed_by_space[i] = &c->replayed[i];
	qsort(c->replayed_by_space, c->nreplayed, sizeof(struct checker_replay *), compare_spaces);
	return 0;
}

bool
checker_replay_has(const struct checker *c, enum checker_replay_kind kind, uint32_t space,
    uint64_t after, uint64_t before)
{
	const struct checker_replay wanted = { .kind = kind, .space = space };
	const struct checker_replay *key = &wanted;
	const size_t count = c->replayed_by_space ? c->nreplayed : 0;
	size_t from = 0, to = count;

	/* the first that is no less */
	while (from < to) {
		const size_t middle = from + (to - from) / 2;

		if (compare_spaces(&c->replayed_by_space[middle], &key) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	for (; from < count && compare_spaces(&c->replayed_by_space[from], &key) == 0; from++) {
		const struct checker_replay *row = c->replayed_by_space[from];

		if (row->lsn >= after && row->lsn < before && is_replayed(c, row))
			return true;
	}
	return false;
}

bool
checker_replay_drops(const struct checker *c, const char *oid)
{
	uint64_t number;

	return number_parse(oid, strlen(oid), UINT32_MAX, &number) &&
	       checker_replay_has(c, REPLAY_DROP, (uint32_t)number, 0, UINT64_MAX);
}

int
checker_replay_judge(struct checker *c, struct error *err)
{
	for (size_t i = 0; i < c->nreplayed; i++) {
		const struct checker_replay *row = &c->replayed[i];

		if (!is_replayed(c, row))
			continue;
		if (row->kind == REPLAY_TABLESPACE)
			warn_of_tablespace(c, row);
		else if (row->kind == REPLAY_DATABASE && row->database.is_copy && judge_copy(c, row, err))
			return -1;
	}
	if (c->replayed_left_out == 0)
		return 0;
	return findings_add(&c->findings, FINDINGS_WAL, NULL, err,
	    "makes and drops %" PRIu64 " more databases and tablespaces than can be looked at",
	    c->replayed_left_out);
}

bool
checker_next_location(const struct checker *c, size_t *at, uint32_t *oid, const char **location)
{
	while (*at < c->nreplayed) {
		const struct checker_replay *row = &c->replayed[(*at)++];

		if (row->kind != REPLAY_TABLESPACE || row->location[0] == '\0' || !is_replayed(c, row))
			continue;
		*oid = row->space;
		*location = row->location;
		return true;
	}
	return false;
}
