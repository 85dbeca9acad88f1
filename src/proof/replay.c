/*
 * Databases and tablespaces that replay of the WAL makes or drops.
 *
 * Of databases that are copied file by file (wal/waldatabases.c) the archive tells whether it has
 * the directory that one is copied from, but not whether that was whole when it was read: of
 * files that were gone by then nothing is left, and the manifest lists those that were sent.  A
 * backup of pg_basetar was refused if it was not.  pg_basebackup does not look; there the record
 * that the directory was removed says that it may have been read too late.
 */
#include "proof/replay.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/lsn.h"
#include "lib/number.h"
#include "pg/relfile.h"

static int
replay_add_row(
    struct proof_replay *r, const struct proof_replay_row *row, struct error *err)
{
	struct proof_replay_row *rows;

	if (r->count == PROOF_REPLAY_MOST) {
		r->left_out++;
		free(row->location);
		return 0;
	}
	rows = realloc(r->rows, (r->count + 1) * sizeof(*rows));
	if (rows == NULL) {
		free(row->location);
		return error_memory(err);
	}
	r->rows = rows;
	rows[r->count++] = *row;
	return 0;
}

void
proof_replay_free(struct proof_replay *r)
{
	for (size_t i = 0; i < r->count; i++)
		free(r->rows[i].location);
	free(r->rows);
	free(r->by_space);
	waldatabases_free(r->databases);
}

int
proof_replay_record(struct proof_replay *r, unsigned lineage, const struct walrecord *rec,
    struct error *err)
{
	struct proof_replay_row row = {
		.lineage = lineage, .lsn = rec->lsn, .end_lsn = rec->end_lsn
	};
	const char *location;
	struct error ignored;

	if ((r->databases == NULL && waldatabases_new(&r->databases, err)) ||
	    waldatabases_record(r->databases, lineage, rec, err))
		return -1;
	if (walrecord_is_tablespace(rec) &&
	    walrecord_tablespace(rec, &row.space, &location, &ignored) == 0) {
		row.kind = PROOF_REPLAY_MAKES;
		row.location = strdup(location);
		return row.location ? replay_add_row(r, &row, err) : error_memory(err);
	}
	if (walrecord_drops_tablespace(rec, &row.space)) {
		row.kind = PROOF_REPLAY_DROPS;
		return replay_add_row(r, &row, err);
	}
	return 0;
}

bool
proof_replay_watches(const struct proof_replay *r)
{
	return r->databases && waldatabases_watches(r->databases);
}

void
proof_replay_block(
    struct proof_replay *r, uint32_t space, uint32_t database, uint64_t lsn)
{
	if (r->databases)
		waldatabases_block(r->databases, space, database, lsn);
}

/* ---- when all has come ---- */

/* Recovery goes on after the stop, as far as there is WAL. */
static bool
is_replayed(const struct proof_replay *r, const struct proof_replay_row *row)
{
	return proof_wal_reads(r->wal, row->lineage, row->end_lsn);
}

/* What the archive has of databases, for the question which of their copies are sound. */
struct replay_search {
	struct waldatabases_backup backup; /* first */
	const struct proof_wal *wal;
};

static bool
is_record_read(
    const struct waldatabases_backup *backup, unsigned lineage, uint64_t end_lsn)
{
	const struct replay_search *s = (const struct replay_search *)backup;

	return proof_wal_reads(s->wal, lineage, end_lsn);
}

/* The directories of databases among the members: in the order of names each is together. */
static int
list_have(struct proof_replay *r, struct waldatabases_have **have, size_t *count,
    struct error *err)
{
	struct memberset_row *const *rows;
	size_t n = 0;

	if (memberset_sorted(r->members, &rows, err))
		return -1;
	*have = malloc((memberset_count(r->members) + 1) * sizeof(**have));
	if (*have == NULL)
		return error_memory(err);
	for (size_t i = 0; i < memberset_count(r->members); i++) {
		struct waldatabases_id at;

		if (!relfile_in_database(rows[i]->path, &at.space, &at.database))
			continue;
		if (n == 0 || (*have)[n - 1].id.space != at.space ||
		    (*have)[n - 1].id.database != at.database)
			(*have)[n++] = (struct waldatabases_have){ .id = at };
		if (relfile_is_database(rows[i]->path, &at.space, &at.database))
			(*have)[n - 1].has_version = true;
	}
	waldatabases_sort(*have, n);
	*count = n;
	return 0;
}

static int
replay_lost(struct proof_replay *r, const struct waldatabases_copy *copy,
    const char *file, struct error *err)
{
	struct buf path = { 0 };
	char at[LSN_TEXT], why[128];
	int rc;

	snprintf(why, sizeof(why),
	    "is missing: the WAL at %s copies database %" PRIu32
	    " from it, which would be lost",
	    lsn_print(at, copy->lsn), copy->to.database);
	rc = relfile_database(
		 &path, copy->from.space, copy->from.database, r->facts->version, err) ||
		buf_printf(&path, err, "%s", file) ?
	    -1 :
	    proof_missing_add(r->missing, buf_text(&path), why, err);
	buf_free(&path);
	return rc;
}

/* The backup was refused if it was not so: pg_basetar saw when the directory was read. */
static void
warn_of_removal(const struct proof_replay *r, const struct waldatabases_copy *copy)
{
	char text[256], at[LSN_TEXT], removed[LSN_TEXT];

	if (r->facts->info)
		return;
	snprintf(text, sizeof(text),
	    "the database %" PRIu32
	    " is copied by the WAL at %s from the database %" PRIu32
	    ", whose directory was removed by the WAL at %s: if the backup read it late, files may be missing in the copy",
	    copy->to.database, lsn_print(at, copy->lsn), copy->from.database,
	    lsn_print(removed, copy->dropped_lsn));
	r->findings->warn(text);
}

/*
 * A directory that is missing as a whole, but was not removed, was made after its parent was
 * read, and replay makes all that is in it; but then the manifest must say that nothing of it
 * got lost later.
 */
static int
judge_copy(struct proof_replay *r, const struct waldatabases_copy *copy,
    bool has_manifest, struct error *err)
{
	char text[WALDATABASES_TEXT];

	if (copy->fault == WALDATABASES_UNMARKED)
		return replay_lost(r, copy, "/PG_VERSION", err);
	if (copy->fault == WALDATABASES_MISSING &&
	    (!has_manifest || (copy->dropped_lsn != 0 && r->facts->info == NULL)))
		return replay_lost(r, copy, "", err);
	if (copy->dropped_lsn != 0)
		warn_of_removal(r, copy);
	if (copy->is_changed) {
		waldatabases_describe(copy, text);
		r->findings->warn(text);
	}
	return 0;
}

static int
judge_copies(struct proof_replay *r, bool has_manifest, struct error *err)
{
	struct replay_search s = { .backup.is_read = is_record_read, .wal = r->wal };
	struct waldatabases_have *have;
	struct waldatabases_copy *copies = NULL;
	size_t count;
	int rc;

	if (!proof_replay_watches(r))
		return 0;
	if (list_have(r, &have, &s.backup.nhave, err))
		return -1;
	s.backup.have = have;
	rc = waldatabases_find(r->databases, &s.backup, &copies, &count, err);
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = judge_copy(r, &copies[i], has_manifest, err);
	free(copies);
	free(have);
	return rc;
}

/* Those in place, whose location is "", are made in the copy itself. */
static void
warn_of_tablespace(struct proof_replay *r, const struct proof_replay_row *row)
{
	char text[768];

	if (row->location[0] == '\0')
		return;
	snprintf(text, sizeof(text),
	    "the WAL creates tablespace %" PRIu32
	    ": recovery links the restored copy to \"%.400s\", which must exist, and must not belong to another cluster",
	    row->space, row->location);
	r->findings->warn(text);
}

static int
compare_spaces(const void *a, const void *b)
{
	const struct proof_replay_row *const *one = a, *const *other = b;

	if ((*one)->kind != (*other)->kind)
		return (*one)->kind < (*other)->kind ? -1 : 1;
	return ((*one)->space > (*other)->space) - ((*one)->space < (*other)->space);
}

/* It is asked of each tablespace that pg_basetar.info lists: of as many as fit in there. */
int
proof_replay_sort(struct proof_replay *r, struct error *err)
{
	if (r->count == 0)
		return 0;
	free(r->by_space);
	r->by_space = calloc(r->count, sizeof(struct proof_replay_row *));
	if (r->by_space == NULL)
		return error_memory(err);
	for (size_t i = 0; i < r->count; i++)
		r->by_space[i] = &r->rows[i];
	qsort(r->by_space, r->count, sizeof(struct proof_replay_row *), compare_spaces);
	return 0;
}

bool
proof_replay_has(const struct proof_replay *r, enum proof_replay_kind kind,
    uint32_t space, uint64_t after, uint64_t before)
{
	const struct proof_replay_row wanted = { .kind = kind, .space = space };
	const struct proof_replay_row *key = &wanted;
	const size_t count = r->by_space ? r->count : 0;
	size_t from = 0, to = count;

	/* the first that is no less */
	while (from < to) {
		const size_t middle = from + (to - from) / 2;

		if (compare_spaces(&r->by_space[middle], &key) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	for (; from < count && compare_spaces(&r->by_space[from], &key) == 0; from++) {
		const struct proof_replay_row *row = r->by_space[from];

		if (row->lsn >= after && row->lsn < before && is_replayed(r, row))
			return true;
	}
	return false;
}

bool
proof_replay_drops(const struct proof_replay *r, const char *oid)
{
	uint64_t number;

	return number_parse(oid, strlen(oid), UINT32_MAX, &number) &&
	    proof_replay_has(r, PROOF_REPLAY_DROPS, (uint32_t)number, 0, UINT64_MAX);
}

int
proof_replay_judge(struct proof_replay *r, bool has_manifest, struct error *err)
{
	uint64_t left_out = r->left_out;

	for (size_t i = 0; i < r->count; i++) {
		const struct proof_replay_row *row = &r->rows[i];

		if (!is_replayed(r, row))
			continue;
		if (row->kind == PROOF_REPLAY_MAKES)
			warn_of_tablespace(r, row);
	}
	if (judge_copies(r, has_manifest, err))
		return -1;
	if (r->databases)
		left_out += waldatabases_left_out(r->databases);
	if (left_out == 0)
		return 0;
	return findings_add(r->findings, FINDINGS_WAL, NULL, err,
	    "the WAL creates and drops %" PRIu64
	    " more databases and tablespaces than can be checked",
	    left_out);
}

const struct proof_replay_row *
proof_replay_next(const struct proof_replay *r, size_t *at)
{
	while (*at < r->count) {
		const struct proof_replay_row *row = &r->rows[(*at)++];

		if (row->kind == PROOF_REPLAY_MAKES && is_replayed(r, row))
			return row;
	}
	return NULL;
}
