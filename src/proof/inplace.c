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
 * that the backup does not have, that no record before makes, and none after drops.  Of one
 * whose pages nothing changed meanwhile nothing tells.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/lsn.h"
#include "lib/number.h"
#include "pg/tablespace_map.h"
#include "proof/checker_internal.h"

/* OIDs below are those of initdb: pg_default and pg_global (transam.h: FirstNormalObjectId). */
#define OIDS_OF_USERS 16384U

/* More tablespaces, on all timelines, than a cluster ever has. */
#define SPACES 10000

/* ---- while it passes ---- */

static bool
is_directory_of(const struct checker *c, const struct tar_entry *entry, uint32_t *oid)
{
	static const char above[] = "pg_tblspc/";
	const char *name = c->now.row->path + sizeof(above) - 1;
	uint64_t number;

	if (entry->type != TAR_DIRECTORY || c->now.row->is_moved ||
	    strncmp(c->now.row->path, above, sizeof(above) - 1) != 0 ||
	    !number_parse(name, strlen(name), UINT32_MAX, &number))
		return false;
	*oid = (uint32_t)number;
	return true;
}

int
checker_inplace_member(
    struct checker *c, const struct tar_entry *entry, struct error *err)
{
	struct checker_inplace *in = &c->in_place;
	uint32_t oid, *oids;

	if (!is_directory_of(c, entry, &oid) || in->noids == SPACES)
		return 0;
	oids = realloc(in->oids, (in->noids + 1) * sizeof(*oids));
	if (oids == NULL)
		return error_memory(err);
	in->oids = oids;
	oids[in->noids++] = oid;
	return 0;
}

/* Ours sends all but what was not wanted; what is gone from such an archive its manifest tells. */
bool
checker_inplace_listens(const struct checker *c)
{
	return !c->has_info || c->info.without.count > 0;
}

static int
compare(const struct checker_space *a, unsigned line, uint32_t space)
{
	if (a->line != line)
		return a->line < line ? -1 : 1;
	return (a->space > space) - (a->space < space);
}

/* Where it is, or belongs. */
static size_t
find(const struct checker_inplace *in, unsigned line, uint32_t space)
{
	size_t from = 0, to = in->nspaces;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (compare(&in->spaces[middle], line, space) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

static int
insert(struct checker_inplace *in, size_t at, const struct checker_space *row,
    struct error *err)
{
	struct checker_space *rows;

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
checker_inplace_block(struct checker *c, uint32_t space,
    const struct pagesuspect_mention *by, struct error *err)
{
	struct checker_inplace *in = &c->in_place;
	const struct checker_space row = { space, by->line, by->lsn, by->end_lsn };

	if (space < OIDS_OF_USERS || !checker_inplace_listens(c))
		return 0;
	if (in->last < in->nspaces &&
	    compare(&in->spaces[in->last], by->line, space) == 0)
		return 0;
	in->last = find(in, by->line, space);
	if (in->last < in->nspaces &&
	    compare(&in->spaces[in->last], by->line, space) == 0)
		return 0;
	return insert(in, in->last, &row, err);
}

/* ---- when all has come ---- */

/* The last file that the server reads counts; what includes set, or a file elsewhere, is not known. */
static bool
is_surely_off(const struct checker_inplace *in)
{
	if (in->of_auto_conf.is_told)
		return !in->of_auto_conf.is_on;
	return in->has_conf && !in->of_conf.has_include &&
	    !in->of_auto_conf.has_include && !(in->of_conf.is_told && in->of_conf.is_on);
}

static bool
is_surely_on(const struct checker_inplace *in)
{
	if (in->of_auto_conf.is_told)
		return in->of_auto_conf.is_on;
	return in->has_conf && !in->of_conf.has_include && in->of_conf.is_told &&
	    in->of_conf.is_on;
}

/*
 * A finding where it is sure.  Without its WAL it is not known what replay drops; and our own
 * backups are refused where the server does not allow them, but it may be its command line that does.
 */
static int
tell_of_directory(struct checker *c, uint32_t oid, struct error *err)
{
	char text[256];

	if (is_surely_on(&c->in_place))
		return 0;
	if (c->has_line && !c->has_info && is_surely_off(&c->in_place))
		return findings_add(&c->findings, FINDINGS_TABLESPACE, NULL, err,
		    "tablespace %" PRIu32
		    " is a directory in pg_tblspc, and the configuration in "
		    "the backup has allow_in_place_tablespaces off: recovery stops with a PANIC",
		    oid);
	snprintf(text, sizeof(text),
	    "tablespace %" PRIu32
	    " is a directory in pg_tblspc: recovery stops with a PANIC, "
	    "unless allow_in_place_tablespaces is on",
	    oid);
	c->opt.warning(text);
	return 0;
}

static bool
holds(const struct checker_inplace *in, uint32_t oid)
{
	for (size_t i = 0; i < in->noids; i++)
		if (in->oids[i] == oid)
			return true;
	return false;
}

/* Those that are there where the copy becomes consistent. */
static int
judge_directories(struct checker *c, struct error *err)
{
	const struct checker_inplace *in = &c->in_place;

	for (size_t i = 0; i < in->noids; i++)
		if (!checker_replay_has(c, REPLAY_DROP, in->oids[i], 0, c->stop_lsn) &&
		    tell_of_directory(c, in->oids[i], err))
			return -1;
	for (size_t i = 0; i < c->nreplayed; i++) {
		const struct checker_replay *made = &c->replayed[i];

		if (made->kind == REPLAY_TABLESPACE && made->location[0] == '\0' &&
		    made->lsn < c->stop_lsn &&
		    checker_wal_is_read(c, made->line, made->end_lsn) &&
		    !checker_replay_has(
			c, REPLAY_DROP, made->space, made->lsn, c->stop_lsn) &&
		    !holds(in, made->space) && tell_of_directory(c, made->space, err))
			return -1;
	}
	return 0;
}

static int
is_in_backup(struct checker *c, const struct tablespace_map *map, uint32_t space,
    bool *is_there, struct error *err)
{
	struct memberset_row *row;
	char path[32];

	*is_there = tablespace_map_find(map, space) != NULL;
	if (*is_there)
		return 0;
	/* the archive of one of its own has no member of this name */
	*is_there = oidset_has(&c->archives, space);
	snprintf(path, sizeof(path), "pg_tblspc/%" PRIu32, space);
	if (!*is_there) {
		if (memberset_find(c->set, path, &row, err))
			return -1;
		*is_there = row != NULL;
	}
	return 0;
}

static int
judge_space(struct checker *c, const struct tablespace_map *map,
    const struct checker_space *s, struct error *err)
{
	char at[LSN_TEXT];
	bool is_there;

	if (!checker_wal_is_read(c, s->line, s->end_lsn) ||
	    checker_replay_has(c, REPLAY_TABLESPACE, s->space, 0, s->lsn) ||
	    checker_replay_has(c, REPLAY_DROP, s->space, s->lsn, c->stop_lsn))
		return 0;
	if (is_in_backup(c, map, s->space, &is_there, err))
		return -1;
	if (is_there)
		return 0;
	if (c->has_info)
		return findings_add(&c->findings, FINDINGS_TABLESPACE, NULL, err,
		    "tablespace %" PRIu32
		    " was left out of the backup, but the WAL at %s changes "
		    "it: recovery stops with a PANIC",
		    s->space, lsn_print(at, s->lsn));
	return findings_add(&c->findings, FINDINGS_TABLESPACE, NULL, err,
	    "tablespace %" PRIu32
	    " is missing: the WAL at %s changes its pages, and no record "
	    "before creates it (pg_basebackup up to version 15 leaves out tablespaces in place)",
	    s->space, lsn_print(at, s->lsn));
}

static int
judge_spaces(struct checker *c, struct error *err)
{
	struct tablespace_map map = { 0 };
	struct error ignored;
	int rc = 0;

	if (c->has_map && c->version &&
	    tablespace_map_parse(
		buf_text(&c->map), c->map.len, c->version, &map, &ignored))
		return 0; /* a finding of its own */
	for (size_t i = 0; i < c->in_place.nspaces && rc == 0; i++)
		rc = judge_space(c, &map, &c->in_place.spaces[i], err);
	tablespace_map_free(&map);
	return rc;
}

int
checker_inplace_judge(struct checker *c, struct error *err)
{
	/* a copy without a label recovers as after a crash, and does not look */
	if (!c->has_label)
		return 0;
	return judge_directories(c, err) || judge_spaces(c, err) ? -1 : 0;
}

void
checker_inplace_free(struct checker *c)
{
	free(c->in_place.oids);
	free(c->in_place.spaces);
}
