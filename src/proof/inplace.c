/*
 * Tablespaces that are directories in pg_tblspc ("in place").
 *
 * Recovery from a backup_label stops with a PANIC where the copy becomes consistent, if such a
 * directory is there then and allow_in_place_tablespaces is off (CheckTablespaceDirectory in
 * src/backend/access/transam/xlogrecovery.c of PostgreSQL 15; the minor releases of 10 to 14 that
 * know the setting do the same).  The archive may hold the directory, or replay make it.
 *
 * pg_basebackup -Ft leaves them out up to 15, without a word, and replay makes an empty directory
 * for the first page of one that it meets.  The WAL tells when it changes a page of a tablespace
 * that the backup does not have, that no record before makes, and none after drops.  Of the
 * others the catalog tells (pg/catalogset.h).  So it does when the archive of one was lost.
 *
 * From 16 on each has an archive OID.tar of its own, as others have, but no line in
 * tablespace_map (measured with 16 to 19).  The same is left of a tablespace elsewhere whose line
 * was lost: what rules that out is the manifest, which lists the map, or a configuration that
 * allows such tablespaces, so that the server starts on either and has all rows.
 */
#include "proof/inplace.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/lsn.h"
#include "lib/number.h"
#include "pg/tablespace_map.h"

/* OIDs below are those of initdb: pg_default and pg_global (transam.h: FirstNormalObjectId). */
#define OIDS_OF_USERS 16384U

/* More tablespaces, on all timelines, than a cluster ever has. */
#define SPACES 10000

/* ---- while it passes ---- */

static bool
is_directory_of(const struct memberset_row *row, uint32_t *oid)
{
	static const char above[] = "pg_tblspc/";
	const char *name = row->path + sizeof(above) - 1;
	uint64_t number;

	if (row->type != TAR_DIRECTORY || row->is_moved ||
	    strncmp(row->path, above, sizeof(above) - 1) != 0 ||
	    !number_parse(name, strlen(name), UINT32_MAX, &number))
		return false;
	*oid = (uint32_t)number;
	return true;
}

static int
add_directory(struct proof_inplace *in, uint32_t oid, struct error *err)
{
	uint32_t *oids;

	if (in->noids == SPACES)
		return 0;
	oids = realloc(in->oids, (in->noids + 1) * sizeof(*oids));
	if (oids == NULL)
		return error_memory(err);
	in->oids = oids;
	oids[in->noids++] = oid;
	return 0;
}

int
proof_inplace_member(
    struct proof_inplace *in, const struct memberset_row *row, struct error *err)
{
	uint32_t oid;

	return is_directory_of(row, &oid) ? add_directory(in, oid, err) : 0;
}

/* Where the configuration is in the data directory; the second is read last by the server. */
static struct setting *
setting_in(struct proof_inplace *in, enum memberorder_kind kind, const char *path)
{
	if (kind != MEMBERORDER_TREE)
		return NULL;
	if (strcmp(path, "postgresql.conf") == 0)
		return &in->of_conf;
	return strcmp(path, MEMBERORDER_AUTO_CONF) == 0 ? &in->of_auto_conf : NULL;
}

/* A file longer than that may say anything. */
#define CONFIG_MOST ((uint64_t)4 * 1024 * 1024)

bool
proof_inplace_wants(
    struct proof_inplace *in, enum memberorder_kind kind, const char *path, uint64_t size)
{
	struct setting *setting = setting_in(in, kind, path);

	if (setting == NULL)
		return false;
	/* pg_basebackup -R sends the second one twice, and the last one counts */
	*setting = (struct setting){ .has_include = size > CONFIG_MOST };
	in->has_conf |= setting == &in->of_conf;
	return size <= CONFIG_MOST;
}

int
proof_inplace_config(struct proof_inplace *in, enum memberorder_kind kind,
    const char *path, const struct buf *text, struct error *err)
{
	struct setting *setting = setting_in(in, kind, path);

	return setting ? setting_read(buf_text(text), text->len,
			     "allow_in_place_tablespaces", setting, err) :
			 0;
}

/*
 * Ours sends all but what was not wanted; what is gone from such an archive its manifest tells.
 */
bool
proof_inplace_listens(const struct proof_inplace *in)
{
	return in->facts->info == NULL || in->facts->info->without.count > 0;
}

static int
inplace_compare(const struct proof_inplace_space *a, unsigned lineage, uint32_t space)
{
	if (a->lineage != lineage)
		return a->lineage < lineage ? -1 : 1;
	return (a->space > space) - (a->space < space);
}

/* Where it is, or belongs. */
static size_t
inplace_find(const struct proof_inplace *in, unsigned lineage, uint32_t space)
{
	size_t from = 0, to = in->nspaces;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (inplace_compare(&in->spaces[middle], lineage, space) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

static int
insert(struct proof_inplace *in, size_t at, const struct proof_inplace_space *row,
    struct error *err)
{
	struct proof_inplace_space *rows;

	if (in->nspaces == SPACES)
		return 0;
	rows = realloc(in->spaces, (in->nspaces + 1) * sizeof(*rows));
	if (rows == NULL)
		return error_memory(err);
	in->spaces = rows;
	memmove(rows + at + 1, rows + at, (in->nspaces - at) * sizeof(*rows));
	rows[at] = *row;
	in->nspaces++;
	return 0;
}

int
proof_inplace_block(struct proof_inplace *in, uint32_t space,
    const struct pagesuspect_mention *by, struct error *err)
{
	const struct proof_inplace_space row = { space, by->lineage, by->lsn,
		by->end_lsn };

	if (space < OIDS_OF_USERS || !proof_inplace_listens(in))
		return 0;
	if (in->last < in->nspaces &&
	    inplace_compare(&in->spaces[in->last], by->lineage, space) == 0)
		return 0;
	in->last = inplace_find(in, by->lineage, space);
	if (in->last < in->nspaces &&
	    inplace_compare(&in->spaces[in->last], by->lineage, space) == 0)
		return 0;
	return insert(in, in->last, &row, err);
}

/* ---- when all has come ---- */

/*
 * The last file that the server reads counts; what includes set, or a file elsewhere, is not
 * known.
 */
static bool
is_surely_off(const struct proof_inplace *in)
{
	if (in->of_auto_conf.is_told)
		return !in->of_auto_conf.is_on;
	return in->has_conf && !in->of_conf.has_include &&
	    !in->of_auto_conf.has_include && !(in->of_conf.is_told && in->of_conf.is_on);
}

static bool
is_surely_on(const struct proof_inplace *in)
{
	if (in->of_auto_conf.is_told)
		return in->of_auto_conf.is_on;
	return in->has_conf && !in->of_conf.has_include && in->of_conf.is_told &&
	    in->of_conf.is_on;
}

static bool
holds(const struct proof_inplace *in, uint32_t oid)
{
	for (size_t i = 0; i < in->noids; i++)
		if (in->oids[i] == oid)
			return true;
	return false;
}

bool
proof_inplace_is_proved(const struct proof_inplace *in)
{
	const struct facts *f = in->facts;

	return f->info == NULL && f->label && f->version && f->version->sends_in_place &&
	    (in->manifest->is_whole || is_surely_on(in));
}

/* Those with an archive of their own are directories in the copy. */
static int
add_archives(
    struct proof_inplace *in, const struct tablespace_map *map, struct error *err)
{
	if (in->facts->map == NULL || !proof_inplace_is_proved(in))
		return 0;
	for (size_t i = 0; i < in->archives->count; i++) {
		const uint32_t oid = in->archives->rows[i];

		if (tablespace_map_find(map, oid) == NULL && !holds(in, oid) &&
		    add_directory(in, oid, err))
			return -1;
	}
	return 0;
}

/*
 * A finding where it is sure.  Without its WAL it is not known what replay drops; and our own
 * backups are refused where the server does not allow them, but it may be its command line that
 * does.
 */
static int
tell_of_directory(struct proof_inplace *in, uint32_t oid, struct error *err)
{
	char text[256];

	if (is_surely_on(in))
		return 0;
	if (in->wal->has_lineage && in->facts->info == NULL && is_surely_off(in))
		return findings_add(in->findings, FINDINGS_TABLESPACE, NULL, err,
		    "tablespace %" PRIu32
		    " is a directory in pg_tblspc, but the configuration in the backup sets allow_in_place_tablespaces to off: recovery stops with a PANIC",
		    oid);
	snprintf(text, sizeof(text),
	    "tablespace %" PRIu32
	    " is a directory in pg_tblspc: recovery stops with a PANIC, unless allow_in_place_tablespaces is on",
	    oid);
	in->findings->warn(text);
	return 0;
}

/* Those that are there where the copy becomes consistent. */
static int
judge_directories(struct proof_inplace *in, struct error *err)
{
	const uint64_t stop_lsn = in->wal->stop_lsn;
	const struct proof_replay_row *made;
	size_t at = 0;

	for (size_t i = 0; i < in->noids; i++)
		if (!proof_replay_has(in->replay, PROOF_REPLAY_DROPS, in->oids[i], 0,
			in->wal->stop_lsn) &&
		    tell_of_directory(in, in->oids[i], err))
			return -1;
	while ((made = proof_replay_next(in->replay, &at)) != NULL)
		if (made->location[0] == '\0' && made->lsn < stop_lsn &&
		    !proof_replay_has(in->replay, PROOF_REPLAY_DROPS, made->space,
			made->lsn, stop_lsn) &&
		    !holds(in, made->space) && tell_of_directory(in, made->space, err))
			return -1;
	return 0;
}

static int
is_in_backup(struct proof_inplace *in, const struct tablespace_map *map, uint32_t space,
    bool *is_there, struct error *err)
{
	struct memberset_row *row;
	char path[32];

	*is_there = tablespace_map_find(map, space) != NULL;
	if (*is_there)
		return 0;
	/* the archive of one of its own has no member of this name */
	*is_there = oidset_has(in->archives, space);
	snprintf(path, sizeof(path), "pg_tblspc/%" PRIu32, space);
	if (!*is_there) {
		if (memberset_find(in->members, path, &row, err))
			return -1;
		*is_there = row != NULL;
	}
	return 0;
}

static int
judge_space(struct proof_inplace *in, const struct tablespace_map *map,
    const struct proof_inplace_space *s, struct error *err)
{
	char at[LSN_TEXT];
	bool is_there;

	if (!proof_wal_reads(in->wal, s->lineage, s->end_lsn) ||
	    proof_replay_has(in->replay, PROOF_REPLAY_MAKES, s->space, 0, s->lsn) ||
	    proof_replay_has(
		in->replay, PROOF_REPLAY_DROPS, s->space, s->lsn, in->wal->stop_lsn))
		return 0;
	if (is_in_backup(in, map, s->space, &is_there, err))
		return -1;
	if (is_there)
		return 0;
	if (oidset_add(&in->told, s->space, err))
		return -1;
	if (in->facts->info)
		return findings_add(in->findings, FINDINGS_TABLESPACE, NULL, err,
		    "tablespace %" PRIu32
		    " was left out of the backup, but the WAL at %s changes it: recovery stops with a PANIC",
		    s->space, lsn_print(at, s->lsn));
	return findings_add(in->findings, FINDINGS_TABLESPACE, NULL, err,
	    "tablespace %" PRIu32
	    " is missing: the WAL at %s changes its pages, but no earlier record creates it (pg_basebackup up to version 15 leaves out tablespaces in place)",
	    s->space, lsn_print(at, s->lsn));
}

static int
judge_spaces(
    struct proof_inplace *in, const struct tablespace_map *map, struct error *err)
{
	for (size_t i = 0; i < in->nspaces; i++)
		if (judge_space(in, map, &in->spaces[i], err))
			return -1;
	return 0;
}

/*
 * More than a checkpoint writes of its own where little goes on, and less than it takes to drop a
 * row.
 */
enum { LITTLE_WAL = 256 };

/*
 * Without its WAL it is not known what replay drops.  A page that did not change since the backup
 * began still has the row of what was there at that time, and the server makes its list of
 * tablespaces later: a primary after its checkpoint, which may take minutes, a standby after all
 * it has replayed since its last restartpoint.  Only if there was hardly any WAL in between none
 * can have been dropped.
 */
static bool
is_surely_there(const struct proof_inplace *in, const struct catalogset_row *row)
{
	const struct label *label = in->facts->label;
	const uint64_t listed_lsn =
	    label->from_standby ? in->wal->stop_lsn : label->checkpoint_lsn;

	if (row->state != CATALOGSET_THERE)
		return false;
	return in->wal->has_lineage ||
	    (row->lsn <= label->start_lsn && listed_lsn >= label->start_lsn &&
		listed_lsn - label->start_lsn <= LITTLE_WAL);
}

static int
inplace_judge_row(struct proof_inplace *in, const struct tablespace_map *map,
    const struct catalogset_row *row, struct error *err)
{
	char text[256];
	bool is_there;

	if (row->oid < OIDS_OF_USERS || oidset_has(&in->told, row->oid) ||
	    proof_replay_has(in->replay, PROOF_REPLAY_MAKES, row->oid, 0, UINT64_MAX) ||
	    proof_replay_has(in->replay, PROOF_REPLAY_DROPS, row->oid, 0, UINT64_MAX))
		return 0;
	if (is_in_backup(in, map, row->oid, &is_there, err))
		return -1;
	if (is_there)
		return 0;
	if (is_surely_there(in, row))
		return findings_add(in->findings, FINDINGS_TABLESPACE, NULL, err,
		    "tablespace %" PRIu32
		    " is missing, although pg_tablespace lists it%s",
		    row->oid,
		    in->facts->version && in->facts->version->sends_in_place ?
			" (pg_basebackup puts each into an archive of its own)" :
			" (pg_basebackup up to version 15 leaves out tablespaces in place)");
	snprintf(text, sizeof(text),
	    "tablespace %" PRIu32
	    " is not in the backup, and pg_tablespace does not show for certain whether it was dropped",
	    row->oid);
	in->findings->warn(text);
	return 0;
}

/* Ours says in pg_basetar.info which there are. */
static int
judge_catalog(
    struct proof_inplace *in, const struct tablespace_map *map, struct error *err)
{
	const struct catalogset_row *rows;
	size_t count;

	/* an incremental backup has blocks of the catalog at most */
	if (in->facts->info || in->facts->label->incremental)
		return 0;
	if (catalogset_find(in->catalogs, CATALOGROW_TABLESPACE, &rows, &count, err))
		return -1;
	if (count == 0)
		in->findings->warn(
		    "pg_tablespace could not be read: whether tablespaces are missing is not known");
	for (size_t i = 0; i < count; i++)
		if (inplace_judge_row(in, map, &rows[i], err))
			return -1;
	return 0;
}

int
proof_inplace_judge(struct proof_inplace *in, struct error *err)
{
	struct tablespace_map map = { 0 };
	struct error ignored;
	int rc;

	/* a copy without a label recovers as after a crash, and does not look */
	if (in->facts->label == NULL)
		return 0;
	if (in->facts->map && in->facts->version &&
	    tablespace_map_parse(buf_text(in->facts->map), in->facts->map->len,
		in->facts->version, &map, &ignored))
		return judge_directories(in, err); /* the map is a finding of its own */
	rc = add_archives(in, &map, err) || judge_directories(in, err) ||
		judge_spaces(in, &map, err) || judge_catalog(in, &map, err) ?
	    -1 :
	    0;
	tablespace_map_free(&map);
	return rc;
}

void
proof_inplace_free(struct proof_inplace *in)
{
	free(in->oids);
	free(in->spaces);
	oidset_free(&in->told);
}
