/* Tablespaces: are those that the backup says it has in it, and no others? */
#include "proof/tablespaces.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "format/infofile_parse.h"
#include "format/layout.h"
#include "lib/number.h"
#include "pg/cluster.h"
#include "pg/tablespace_map.h"
#include "tar/header.h"

static const struct findings_location at_info = { .member = LAYOUT_INFO };
static const struct findings_location at_map = { .member = LAYOUT_MAP };

/* Where PostgreSQL reaches them. */
#define TABLESPACES "pg_tblspc"

/* ---- while they pass ---- */

int
proof_tablespaces_archive(
    struct proof_tablespaces *t, const struct archivepart *part, struct error *err)
{
	t->is_alone = part->kind == ARCHIVEPART_ALONE;
	if (part->kind != ARCHIVEPART_TABLESPACE)
		return 0;
	t->narchives++;
	return oidset_add_text(&t->archives, part->oid, err);
}

/* Where they must lead is known for our own archives. */
const char *
proof_tablespaces_link_fault(
    const struct proof_tablespaces *t, const char *name, const char *target)
{
	const char *oid = strrchr(name, '/');
	uint64_t number;

	if (oid == NULL || strncmp(name, "pg_tblspc/", 10) != 0 || oid != name + 9 ||
	    !number_parse(oid + 1, strlen(oid + 1), UINT32_MAX, &number))
		return "the symbolic link is not that of a tablespace";
	if (t->facts->info == NULL)
		return NULL;
	if (infofile_tablespace(t->facts->info, oid + 1) == NULL)
		return "the symbolic link is that of a tablespace that pg_basetar.info does not list";
	return layout_is_link_target(target, oid + 1) ?
	    NULL :
	    "the symbolic link leads out of the backup";
}

/* ---- when all has come ---- */

static int
archive_missing(struct proof_tablespaces *t, const struct findings_location *told_by,
    const char *oid, struct error *err)
{
	return findings_add(t->findings, FINDINGS_TABLESPACE, told_by, err,
	    "the archive \"%s.tar\" of a tablespace is missing", oid);
}

/*
 * The directory of the release in a tablespace that is ${below}: every one has it, and the
 * server does not make it.  It may only be missing from one that was dropped while the backup
 * ran, as the WAL says if it is there.
 */
static int
find_content(struct proof_tablespaces *t, const char *below, const char *oid,
    bool *is_found, struct error *err)
{
	struct memberset_row *content;
	char path[96];

	*is_found = true;
	if (t->facts->version == NULL)
		return 0;
	snprintf(path, sizeof(path), "%s/%s/%s", below, oid,
	    t->facts->version->tablespace_dir);
	if (memberset_find(t->members, path, &content, err))
		return -1;
	*is_found = content && content->type == TAR_DIRECTORY;
	if (*is_found ||
	    (facts_are_online(t->facts) &&
		(!t->wal->has_lineage || proof_replay_drops(t->replay, oid))))
		return 0;
	return findings_add(t->findings, FINDINGS_MISSING,
	    &(struct findings_location){ .member = path }, err,
	    "is missing: it must hold the content of a tablespace");
}

/* The map and pg_basetar.info name the same locations: replay goes by the one, people by both. */
static int
check_place(
    struct proof_tablespaces *t, const char *oid, const char *target, struct error *err)
{
	const char *expected = infofile_tablespace(t->facts->info, oid);

	if (expected && strcmp(expected, target) == 0)
		return 0;
	return findings_add(t->findings, FINDINGS_TABLESPACE,
	    &(struct findings_location){ .member = LAYOUT_MAP,
		.expected = expected ? expected : "none",
		.found = target },
	    err, "location of a tablespace differs from pg_basetar.info");
}

/*
 * The map does not name ${count} of the archives.  pg_basebackup makes such ones of tablespaces
 * in place; or lines of the map are lost.
 */
static int
check_unnamed(struct proof_tablespaces *t, const struct tablespace_map *map, size_t count,
    struct error *err)
{
	char oid[12];
	bool has_content;

	if (!proof_inplace_is_proved(t->inplace))
		return findings_add(t->findings, FINDINGS_TABLESPACE, &at_map, err,
		    "it does not name the tablespaces of %zu archives%s", count,
		    t->facts->info == NULL && t->facts->version->sends_in_place ?
			", and they may not be those of tablespaces in place" :
			"");
	for (size_t i = 0; i < t->archives.count; i++) {
		if (tablespace_map_find(map, t->archives.rows[i]))
			continue;
		snprintf(oid, sizeof(oid), "%" PRIu32, t->archives.rows[i]);
		if (find_content(t, TABLESPACES, oid, &has_content, err))
			return -1;
	}
	return 0;
}

/* Of several archives: those that the map names, and others only in place. */
static int
check_archives(
    struct proof_tablespaces *t, const struct tablespace_map *map, struct error *err)
{
	const char *below;
	size_t came = 0;
	bool has_content;

	for (size_t i = 0; i < map->count; i++) {
		char oid[12];

		snprintf(oid, sizeof(oid), "%" PRIu32, map->rows[i].oid);
		if (t->facts->info && check_place(t, oid, map->rows[i].target, err))
			return -1;
		if (!oidset_has_text(&t->archives, oid)) {
			/* else pg_basetar.info names it */
			if (t->facts->info == NULL &&
			    archive_missing(t, &at_map, oid, err))
				return -1;
			continue;
		}
		came++;
		/* pg_basebackup sends the content of one that leads there with the tree */
		below = layout_is_link_target(map->rows[i].target, oid) ?
		    LAYOUT_TABLESPACES :
		    TABLESPACES;
		if (t->facts->info == NULL &&
		    find_content(t, below, oid, &has_content, err))
			return -1;
	}
	return came == t->narchives ? 0 : check_unnamed(t, map, t->narchives - came, err);
}

static int
piece_of_several(struct proof_tablespaces *t, const struct findings_location *told_by,
    size_t count, struct error *err)
{
	return findings_add(t->findings, FINDINGS_TABLESPACE, told_by, err,
	    "the backup has more archives than this one: %zu tablespaces are in the others",
	    count);
}

static int
check_map(struct proof_tablespaces *t, struct error *err)
{
	struct tablespace_map map = { 0 };
	int rc = 0;

	if (t->facts->version == NULL)
		return 0;
	if (tablespace_map_parse(buf_text(t->facts->map), t->facts->map->len,
		t->facts->version, &map, err))
		return findings_take(t->findings, FINDINGS_TABLESPACE, &at_map, err);
	if (!t->is_alone)
		rc = check_archives(t, &map, err);
	else if (map.count > 0)
		rc = piece_of_several(t, &at_map, map.count, err);
	tablespace_map_free(&map);
	return rc;
}

static int
link_missing(
    struct proof_tablespaces *t, const char *link, bool has_content, struct error *err)
{
	return findings_add(t->findings, FINDINGS_MISSING,
	    &(struct findings_location){ .member = link }, err,
	    has_content ?
		"is missing: the backup has the content of this tablespace, but not the link to it" :
		"is missing: pg_basetar.info lists this tablespace");
}

/* One that is in the archive must be reached through its link. */
static int
check_in_archive(struct proof_tablespaces *t, const char *oid, const char *link,
    bool has_link, struct error *err)
{
	bool has_content;

	if (find_content(t, TABLESPACES, oid, &has_content, err))
		return -1;
	if (has_link || (!has_content && facts_are_online(t->facts)))
		return 0;
	return link_missing(t, link, has_content, err);
}

/* One with an archive of its own.  With a label the server makes the link, by tablespace_map. */
static int
check_apart(struct proof_tablespaces *t, const char *oid, const char *link, bool has_link,
    struct error *err)
{
	bool has_content;

	if (!oidset_has_text(&t->archives, oid))
		return archive_missing(t, &at_info, oid, err);
	if (find_content(t, TABLESPACES, oid, &has_content, err))
		return -1;
	if (has_link || facts_are_online(t->facts) || t->facts->version == NULL)
		return 0;
	return link_missing(t, link, has_content, err);
}

/* A tablespace that pg_basetar.info names. */
static int
check_tablespace(struct proof_tablespaces *t, const char *oid, struct error *err)
{
	struct memberset_row *row;
	bool has_link;
	char link[64];

	snprintf(link, sizeof(link), "pg_tblspc/%s", oid);
	if (memberset_find(t->members, link, &row, err))
		return -1;
	has_link = row && row->type == TAR_SYMLINK;
	return t->facts->info->is_split ? check_apart(t, oid, link, has_link, err) :
					  check_in_archive(t, oid, link, has_link, err);
}

int
proof_tablespaces_judge(struct proof_tablespaces *t, struct error *err)
{
	if (t->facts->map && check_map(t, err))
		return -1;
	if (t->narchives > 0 && t->facts->map == NULL && t->facts->label &&
	    proof_missing_add(t->missing, LAYOUT_MAP, NULL, err))
		return -1;
	if (t->facts->info == NULL)
		return 0;
	if (t->facts->info->is_split && t->facts->info->tablespaces.count > 0 &&
	    t->is_alone)
		return t->facts->map ?
		    0 :
		    piece_of_several(t, &at_info, t->facts->info->tablespaces.count, err);
	for (size_t i = 0; i < t->facts->info->tablespaces.count; i++)
		if (check_tablespace(t, t->facts->info->tablespaces.rows[i].name, err))
			return -1;
	return 0;
}

void
proof_tablespaces_free(struct proof_tablespaces *t)
{
	oidset_free(&t->archives);
}
