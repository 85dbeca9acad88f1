/*
 * Databases and tablespaces that replay of the WAL makes or drops.
 *
 * Of databases that are copied file by file (wal/waldatabases.c) the archive tells whether it has
 * the directory that one is copied from, but not whether that was whole when it was read: of files
 * that were gone by then nothing is left, and the manifest lists those that were sent.  A backup
 * of pg_basetar was refused if it was not.  pg_basebackup does not look; there the record that the
 * directory was removed says that it may have been read too late.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/lsn.h"
#include "lib/number.h"
#include "pg/relfile.h"
#include "proof/checker_internal.h"

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
	waldatabases_free(c->databases);
}

int
checker_replay_take(
    struct checker *c, unsigned line, const struct walrecord *rec, struct error *err)
{
	struct checker_replay row = {
		.line = line, .lsn = rec->lsn, .end_lsn = rec->end_lsn
	};
	const char *location;
	struct error ignored;

	if ((c->databases == NULL && waldatabases_new(&c->databases, err)) ||
	    waldatabases_record(c->databases, line, rec, err))
		return -1;
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
	return 0;
}

bool
checker_replay_watches(const struct checker *c)
{
	return c->databases && waldatabases_watches(c->databases);
}

void
checker_replay_block(struct checker *c, uint32_t space, uint32_t database, uint64_t lsn)
{
	if (c->databases)
		waldatabases_block(c->databases, space, database, lsn);
}

/* ---- when all has come ---- */

/* Recovery goes on behind the stop, as far as there is WAL. */
static bool
is_replayed(const struct checker *c, const struct checker_replay *row)
{
	return checker_wal_is_read(c, row->line, row->end_lsn);
}

/* What the archive has of databases, for the question which of their copies are sound. */
struct replay_search {
	struct waldatabases_backup backup; /* first */
	const struct checker *checker;
};

static bool
is_record_read(const struct waldatabases_backup *backup, unsigned line, uint64_t end_lsn)
{
	const struct replay_search *s = (const struct replay_search *)backup;

	return checker_wal_is_read(s->checker, line, end_lsn);
}

/* The directories of databases among the members: in the order of names each is together. */
static int
list_have(
    struct checker *c, struct waldatabases_have **have, size_t *count, struct error *err)
{
	struct memberset_row *const *rows;
	size_t n = 0;

	if (memberset_sorted(c->set, &rows, err))
		return -1;
	*have = malloc((memberset_count(c->set) + 1) * sizeof(**have));
	if (*have == NULL)
		return error_memory(err);
	for (size_t i = 0; i < memberset_count(c->set); i++) {
		struct waldatabases_place at;

		if (!relfile_in_database(rows[i]->path, &at.space, &at.database))
			continue;
		if (n == 0 || (*have)[n - 1].place.space != at.space ||
		    (*have)[n - 1].place.database != at.database)
			(*have)[n++] = (struct waldatabases_have){ .place = at };
		if (relfile_is_database(rows[i]->path, &at.space, &at.database))
			(*have)[n - 1].has_version = true;
	}
	waldatabases_sort(*have, n);
	*count = n;
	return 0;
}

static int
is_lost(struct checker *c, const struct waldatabases_copy *copy, const char *file,
    struct error *err)
{
	struct buf path = { 0 };
	char at[LSN_TEXT], why[128];
	int rc;

	snprintf(why, sizeof(why),
	    "the database %" PRIu32
	    " is copied from it by the WAL at %s, and would be lost",
	    copy->to.database, lsn_print(at, copy->lsn));
	rc = relfile_database(
		 &path, copy->from.space, copy->from.database, c->version, err) ||
		buf_printf(&path, err, "%s", file) ?
	    -1 :
	    checker_missing(c, buf_text(&path), why, err);
	buf_free(&path);
	return rc;
}

/* The backup was refused if it was not so: pg_basetar saw when the directory was read. */
static void
warn_of_removal(const struct checker *c, const struct waldatabases_copy *copy)
{
	char text[256], at[LSN_TEXT], removed[LSN_TEXT];

	if (c->has_info)
		return;
	snprintf(text, sizeof(text),
	    "the database %" PRIu32
	    " is copied by the WAL at %s from the database %" PRIu32
	    ", whose directory was removed by the WAL at %s: if that was read late, files may be "
	    "missing in the copy",
	    copy->to.database, lsn_print(at, copy->lsn), copy->from.database,
	    lsn_print(removed, copy->dropped_lsn));
	c->opt.warning(text);
}

/*
 * A directory that is missing as a whole, but was not removed, was made after its parent was
 * read, and replay makes all that is in it; but then the manifest must say that nothing of it
 * got lost later.
 */
static int
judge_copy(struct checker *c, const struct waldatabases_copy *copy, struct error *err)
{
	char text[WALDATABASES_TEXT];

	if (copy->fault == WALDATABASES_UNMARKED)
		return is_lost(c, copy, "/PG_VERSION", err);
	if (copy->fault == WALDATABASES_MISSING &&
	    (!c->has_manifest || (copy->dropped_lsn != 0 && !c->has_info)))
		return is_lost(c, copy, "", err);
	if (copy->dropped_lsn != 0)
		warn_of_removal(c, copy);
	if (copy->is_changed) {
		waldatabases_describe(copy, text);
		c->opt.warning(text);
	}
	return 0;
}

static int
judge_copies(struct checker *c, struct error *err)
{
	struct replay_search s = { .backup.is_read = is_record_read, .checker = c };
	struct waldatabases_have *have;
	struct waldatabases_copy *copies = NULL;
	size_t count;
	int rc;

	if (!checker_replay_watches(c))
		return 0;
	if (list_have(c, &have, &s.backup.nhave, err))
		return -1;
	s.backup.have = have;
	rc = waldatabases_find(c->databases, &s.backup, &copies, &count, err);
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = judge_copy(c, &copies[i], err);
	free(copies);
	free(have);
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
	    "the WAL creates tablespace %" PRIu32
	    ": its replay links the restored copy to "
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
	qsort(c->replayed_by_space, c->nreplayed, sizeof(struct checker_replay *),
	    compare_spaces);
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
	for (; from < count && compare_spaces(&c->replayed_by_space[from], &key) == 0;
	     from++) {
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
	uint64_t left_out = c->replayed_left_out;

	for (size_t i = 0; i < c->nreplayed; i++) {
		const struct checker_replay *row = &c->replayed[i];

		if (!is_replayed(c, row))
			continue;
		if (row->kind == REPLAY_TABLESPACE)
			warn_of_tablespace(c, row);
	}
	if (judge_copies(c, err))
		return -1;
	if (c->databases)
		left_out += waldatabases_left_out(c->databases);
	if (left_out == 0)
		return 0;
	return findings_add(&c->findings, FINDINGS_WAL, NULL, err,
	    "makes and drops %" PRIu64
	    " more databases and tablespaces than can be looked at",
	    left_out);
}

bool
checker_next_location(
    const struct checker *c, size_t *at, uint32_t *oid, const char **location)
{
	while (*at < c->nreplayed) {
		const struct checker_replay *row = &c->replayed[(*at)++];

		if (row->kind != REPLAY_TABLESPACE || row->location[0] == '\0' ||
		    !is_replayed(c, row))
			continue;
		*oid = row->space;
		*location = row->location;
		return true;
	}
	return false;
}
