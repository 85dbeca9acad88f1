/* Label, pg_control, manifest and pg_basetar.info tell of one backup: do they agree? */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "format/layout.h"
#include "lib/lsn.h"
#include "pg/cluster.h"
#include "pg/tablespace_map.h"
#include "proof/checker_internal.h"
#include "wal/walname.h"

static const struct findings_place at_label = { .member = LAYOUT_LABEL };
static const struct findings_place at_control = { .member = LAYOUT_CONTROL };
static const struct findings_place at_manifest = { .member = LAYOUT_MANIFEST };
static const struct findings_place at_info = { .member = LAYOUT_INFO };
static const struct findings_place at_map = { .member = LAYOUT_MAP };

/* Where PostgreSQL reaches them. */
#define TABLESPACES "pg_tblspc"

/* A conflict between two texts. */
static int
conflict(struct checker *c, enum findings_kind kind, const struct findings_place *at,
    const char *what, const char *expected, const char *found, struct error *err)
{
	struct findings_place place = *at;

	place.expected = expected;
	place.found = found;
	return findings_add(&c->findings, kind, &place, err, "%s", what);
}

static int
conflict_lsn(struct checker *c, enum findings_kind kind, const struct findings_place *at,
    const char *what, uint64_t expected, uint64_t found, struct error *err)
{
	char one[LSN_TEXT], other[LSN_TEXT];

	return conflict(
	    c, kind, at, what, lsn_print(one, expected), lsn_print(other, found), err);
}

static int
conflict_number(struct checker *c, enum findings_kind kind,
    const struct findings_place *at, const char *what, uint64_t expected, uint64_t found,
    struct error *err)
{
	char one[24], other[24];

	snprintf(one, sizeof(one), "%" PRIu64, expected);
	snprintf(other, sizeof(other), "%" PRIu64, found);
	return conflict(c, kind, at, what, one, other, err);
}

/* ---- backup_label by itself ---- */

static int
check_label_file(struct checker *c, struct error *err)
{
	const uint32_t size = c->control.wal_segment_size;
	char expected[WALNAME_SIZE];

	walname_build(
	    expected, c->label.timeline, walname_segment(c->label.start_lsn, size), size);
	return strcmp(expected, c->label.start_file) == 0 ?
	    0 :
	    conflict(c, FINDINGS_LABEL, &at_label, "the start's WAL file", expected,
		c->label.start_file, err);
}

/* With another method the server does not wait for the end of the backup. */
static int
check_label(struct checker *c, struct error *err)
{
	const struct label *l = &c->label;

	if (c->has_info && c->info.mode != INFOFILE_ONLINE)
		return findings_add(&c->findings, FINDINGS_LABEL, &at_label, err,
		    "is in the backup of no running server: with it the copy does not start, or "
		    "recovers to the wrong place");
	if (strcmp(l->method, "streamed") != 0 &&
	    conflict(c, FINDINGS_LABEL, &at_label, "BACKUP METHOD", "streamed", l->method,
		err))
		return -1;
	if (l->incremental &&
	    findings_add(&c->findings, FINDINGS_LABEL, &at_label, err,
		"it is of an incremental backup, which does not restore by itself"))
		return -1;
	if (c->has_info && strcmp(l->text, c->info.label) != 0 &&
	    conflict(c, FINDINGS_LABEL, &at_label, "LABEL", c->info.label, l->text, err))
		return -1;
	if (l->checkpoint_lsn < l->start_lsn &&
	    conflict_lsn(c, FINDINGS_LABEL, &at_label,
		"CHECKPOINT LOCATION before the start", l->start_lsn, l->checkpoint_lsn,
		err))
		return -1;
	if (c->version && c->version->label_has_timeline != l->has_timeline &&
	    findings_add(&c->findings, FINDINGS_LABEL, &at_label, err,
		"START TIMELINE is %s", l->has_timeline ? "there" : "not there"))
		return -1;
	return c->has_control ? check_label_file(c, err) : 0;
}

/* ---- pg_control ---- */

static const char *
state_name(enum control_state state)
{
	static const char *const names[] = { "starting up", "shut down",
		"shut down in recovery", "shutting down", "in crash recovery",
		"in archive recovery", "in production" };

	return state <= CONTROL_IN_PRODUCTION ? names[state] : "unknown";
}

/* The state that the cluster must have been in, being backed up like this. */
static int
check_state(struct checker *c, struct error *err)
{
	const enum control_state state = c->control.state;
	const char *expected = NULL;

	if (checker_is_online(c) && c->has_label) {
		if (c->label.from_standby && state != CONTROL_IN_ARCHIVE_RECOVERY)
			expected = state_name(CONTROL_IN_ARCHIVE_RECOVERY);
		if (!c->label.from_standby && state != CONTROL_IN_PRODUCTION)
			expected = state_name(CONTROL_IN_PRODUCTION);
	} else if (c->has_info && c->info.mode == INFOFILE_OFFLINE &&
	    state != CONTROL_SHUTDOWN && state != CONTROL_SHUTDOWN_IN_RECOVERY) {
		expected = state_name(CONTROL_SHUTDOWN);
	}
	return expected ? conflict(c, FINDINGS_CONTROL, &at_control,
			      "state of the cluster", expected, state_name(state), err) :
			  0;
}

static int
check_control_age(struct checker *c, struct error *err)
{
	if (!c->has_label)
		return 0;
	if (c->control.redo_lsn < c->label.start_lsn &&
	    conflict_lsn(c, FINDINGS_CONTROL, &at_control,
		"is older than backup_label: its redo location", c->label.start_lsn,
		c->control.redo_lsn, err))
		return -1;
	if (c->control.timeline < c->label.timeline)
		return conflict_number(c, FINDINGS_CONTROL, &at_control,
		    "is older than backup_label: its timeline", c->label.timeline,
		    c->control.timeline, err);
	return 0;
}

static int
check_control(struct checker *c, struct error *err)
{
	const bool is_forgotten = c->control.checkpoint_lsn == CONTROL_NO_CHECKPOINT;
	bool is_told;

	if (checker_content_is_told(c, LAYOUT_INFO, &is_told, err))
		return -1;
	/* that it could not be read was told, but not that it is sound, and another's */
	if (!c->has_info && is_forgotten && c->has_label &&
	    (c->has_earlier_info || !is_told) &&
	    findings_add(&c->findings, FINDINGS_INFO, &at_info, err,
		c->has_earlier_info ?
		    "is of another backup than backup_label, although pg_control was written "
		    "by pg_basetar" :
		    "is missing or misplaced, although pg_control was written by pg_basetar"))
		return -1;
	if (c->version && control_check_version(&c->control, c->version, err) &&
	    findings_take(&c->findings, FINDINGS_CONTROL, &at_control, err))
		return -1;
	if (c->has_info && is_forgotten != (c->info.mode == INFOFILE_ONLINE) &&
	    findings_add(&c->findings, FINDINGS_CONTROL, &at_control, err,
		is_forgotten ?
		    "names no checkpoint, so that the copy cannot start" :
		    "names a checkpoint, so that a copy that lost its backup_label "
		    "would start"))
		return -1;
	return check_state(c, err) || check_control_age(c, err) ? -1 : 0;
}

/* ---- the manifest ---- */

/* The stretches of WAL are in the order of the timelines, the newest first. */
static int
check_manifest_start(struct checker *c, struct error *err)
{
	const struct checker_range *first;

	if (c->nranges == 0)
		return findings_add(&c->findings, FINDINGS_MANIFEST, &at_manifest, err,
		    "has no WAL-Ranges");
	first = &c->ranges[c->nranges - 1];
	/* without the label that it should have, its start is not known */
	if (c->start_lsn == 0 || (checker_is_online(c) && !c->has_label))
		return 0;
	if (first->start != c->start_lsn &&
	    conflict_lsn(c, FINDINGS_MANIFEST, &at_manifest,
		"is of another backup: the start of its WAL", c->start_lsn, first->start,
		err))
		return -1;
	if (first->timeline != c->start_timeline)
		return conflict_number(c, FINDINGS_MANIFEST, &at_manifest,
		    "is of another backup: the timeline of its start", c->start_timeline,
		    first->timeline, err);
	return 0;
}

static int
check_manifest(struct checker *c, struct error *err)
{
	if (c->version && c->manifest_version != c->version->manifest_version &&
	    conflict_number(c, FINDINGS_MANIFEST, &at_manifest, "version",
		c->version->manifest_version, c->manifest_version, err))
		return -1;
	if (c->manifest_identifier && c->has_control &&
	    c->manifest_identifier != c->control.system_identifier &&
	    conflict_number(c, FINDINGS_MANIFEST, &at_manifest,
		"is of another cluster: system identifier", c->control.system_identifier,
		c->manifest_identifier, err))
		return -1;
	return check_manifest_start(c, err);
}

/* ---- pg_basetar.info, and the tablespaces ---- */

/* Whether anything in it matters is the word of whoever left it out. */
static void
tell_of_absent(struct checker *c)
{
	const struct infofile_pairs *without = &c->info.without;
	char text[512];

	for (size_t i = 0; i < without->count; i++) {
		snprintf(text, sizeof(text),
		    "tablespace %s at \"%.400s\" was left out of the backup, with all that was in "
		    "it: in the copy drop it, and create it anew",
		    without->rows[i].name, without->rows[i].path);
		c->opt.warning(text);
	}
}

static int
check_info(struct checker *c, struct error *err)
{
	const struct infofile *i = &c->info;

	tell_of_absent(c);
	if (c->version && i->server_version != c->version->major &&
	    conflict_number(c, FINDINGS_INFO, &at_info, "server_version",
		c->version->major, i->server_version, err))
		return -1;
	/* without the label that it should have, its start is not known */
	if (i->start_lsn != 0 && c->start_lsn != 0 && i->start_lsn != c->start_lsn &&
	    (c->has_label || i->mode != INFOFILE_ONLINE) &&
	    conflict_lsn(
		c, FINDINGS_INFO, &at_info, "start", c->start_lsn, i->start_lsn, err))
		return -1;
	if (i->has_manifest != c->has_manifest &&
	    findings_add(&c->findings,
		i->has_manifest ? FINDINGS_MISSING : FINDINGS_MANIFEST, &at_manifest, err,
		i->has_manifest ? "without it nothing tells whether the files are whole" :
				  "pg_basetar.info says that there is none"))
		return -1;
	if (!i->has_wal && c->has_wal)
		return findings_add(&c->findings, FINDINGS_INFO, &at_info, err,
		    "says that the archive does not hold the WAL");
	return 0;
}

static int
archive_missing(struct checker *c, const struct findings_place *told_by, const char *oid,
    struct error *err)
{
	return findings_add(&c->findings, FINDINGS_TABLESPACE, told_by, err,
	    "the archive \"%s.tar\" of a tablespace is missing", oid);
}

/*
 * The directory of the release in a tablespace that is ${below}: every one has it, and the
 * server does not make it.  It may only be missing from one that was dropped while the backup
 * ran, as the WAL says if it is there.
 */
static int
find_content(struct checker *c, const char *below, const char *oid, bool *is_found,
    struct error *err)
{
	struct memberset_row *content;
	char path[96];

	*is_found = true;
	if (c->version == NULL)
		return 0;
	snprintf(path, sizeof(path), "%s/%s/%s", below, oid, c->version->tablespace_dir);
	if (memberset_find(c->set, path, &content, err))
		return -1;
	*is_found = content && content->type == TAR_DIRECTORY;
	if (*is_found ||
	    (checker_is_online(c) && (!c->has_line || checker_replay_drops(c, oid))))
		return 0;
	return findings_add(&c->findings, FINDINGS_MISSING,
	    &(struct findings_place){ .member = path }, err,
	    "the content of a tablespace");
}

/* The map and pg_basetar.info tell of the same places: replay goes by the one, people by both. */
static int
check_place(struct checker *c, const char *oid, const char *target, struct error *err)
{
	const char *expected = infofile_tablespace(&c->info, oid);

	if (expected && strcmp(expected, target) == 0)
		return 0;
	return conflict(c, FINDINGS_TABLESPACE, &at_map,
	    "where pg_basetar.info has a tablespace", expected ? expected : "none",
	    target, err);
}

/* Of several archives: those that the map names, and no others. */
static int
check_archives(struct checker *c, const struct tablespace_map *map, struct error *err)
{
	const char *below;
	size_t came = 0;
	bool has_content;

	for (size_t i = 0; i < map->count; i++) {
		char oid[12];

		snprintf(oid, sizeof(oid), "%" PRIu32, map->rows[i].oid);
		if (c->has_info && check_place(c, oid, map->rows[i].target, err))
			return -1;
		if (!oidset_has_text(&c->archives, oid)) {
			/* else pg_basetar.info tells of it */
			if (!c->has_info && archive_missing(c, &at_map, oid, err))
				return -1;
			continue;
		}
		came++;
		/* pg_basebackup sends the content of one that leads there with the tree */
		below = layout_is_link_target(map->rows[i].target, oid) ?
		    LAYOUT_TABLESPACES :
		    TABLESPACES;
		if (!c->has_info && find_content(c, below, oid, &has_content, err))
			return -1;
	}
	return came == c->narchives ?
	    0 :
	    findings_add(&c->findings, FINDINGS_TABLESPACE, &at_map, err,
		"%zu of the tablespaces' archives are of none that it names",
		c->narchives - came);
}

static int
piece_of_several(struct checker *c, const struct findings_place *told_by, size_t count,
    struct error *err)
{
	return findings_add(&c->findings, FINDINGS_TABLESPACE, told_by, err,
	    "this is one archive of several: the %zu tablespaces are in others", count);
}

static int
check_map(struct checker *c, struct error *err)
{
	struct tablespace_map map = { 0 };
	int rc = 0;

	if (c->version == NULL)
		return 0;
	if (tablespace_map_parse(buf_text(&c->map), c->map.len, c->version, &map, err))
		return findings_take(&c->findings, FINDINGS_TABLESPACE, &at_map, err);
	if (c->part.kind != ARCHIVEPART_ALONE)
		rc = check_archives(c, &map, err);
	else if (map.count > 0)
		rc = piece_of_several(c, &at_map, map.count, err);
	tablespace_map_free(&map);
	return rc;
}

static int
link_missing(struct checker *c, const char *link, bool has_content, struct error *err)
{
	return findings_add(&c->findings, FINDINGS_MISSING,
	    &(struct findings_place){ .member = link }, err,
	    has_content ? "the link to the tablespace, whose content is there" :
			  "the link to a tablespace that pg_basetar.info tells of");
}

/* One that is in the archive must be reached through its link. */
static int
check_in_archive(struct checker *c, const char *oid, const char *link, bool has_link,
    struct error *err)
{
	bool has_content;

	if (find_content(c, TABLESPACES, oid, &has_content, err))
		return -1;
	if (has_link || (!has_content && checker_is_online(c)))
		return 0;
	return link_missing(c, link, has_content, err);
}

/* One with an archive of its own.  With a label the server makes the link, by tablespace_map. */
static int
check_apart(struct checker *c, const char *oid, const char *link, bool has_link,
    struct error *err)
{
	bool has_content;

	if (!oidset_has_text(&c->archives, oid))
		return archive_missing(c, &at_info, oid, err);
	if (find_content(c, TABLESPACES, oid, &has_content, err))
		return -1;
	if (has_link || checker_is_online(c) || c->version == NULL)
		return 0;
	return link_missing(c, link, has_content, err);
}

/* A tablespace that pg_basetar.info tells of. */
static int
check_tablespace(struct checker *c, const char *oid, struct error *err)
{
	struct memberset_row *row;
	bool has_link;
	char link[64];

	snprintf(link, sizeof(link), "pg_tblspc/%s", oid);
	if (memberset_find(c->set, link, &row, err))
		return -1;
	has_link = row && row->type == TAR_SYMLINK;
	return c->info.is_split ? check_apart(c, oid, link, has_link, err) :
				  check_in_archive(c, oid, link, has_link, err);
}

static int
check_tablespaces(struct checker *c, struct error *err)
{
	if (c->has_map && check_map(c, err))
		return -1;
	if (c->narchives > 0 && !c->has_map && c->has_label &&
	    checker_missing(c, LAYOUT_MAP, NULL, err))
		return -1;
	if (!c->has_info)
		return 0;
	if (c->info.is_split && c->info.tablespaces.count > 0 &&
	    c->part.kind == ARCHIVEPART_ALONE)
		return c->has_map ?
		    0 :
		    piece_of_several(c, &at_info, c->info.tablespaces.count, err);
	for (size_t i = 0; i < c->info.tablespaces.count; i++)
		if (check_tablespace(c, c->info.tablespaces.rows[i].name, err))
			return -1;
	return 0;
}

int
checker_agree(struct checker *c, struct error *err)
{
	return (c->has_label && check_label(c, err)) ||
		(c->has_control && check_control(c, err)) ||
		(c->is_manifest_whole && check_manifest(c, err)) ||
		(c->has_info && check_info(c, err)) || check_tablespaces(c, err) ?
	    -1 :
	    0;
}
