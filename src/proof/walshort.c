/* What is wrong where the WAL does not go on to the position that recovery must reach. */
#include <stdio.h>

#include "format/layout.h"
#include "lib/lsn.h"
#include "proof/checker_internal.h"
#include "wal/walname.h"

/* That WAL is in the backup, but not the segment of that name. */
static int
segment_missing(
    struct checker *c, const struct wallines_line *line, uint64_t stop, struct error *err)
{
	char at[LSN_TEXT], to[LSN_TEXT], path[sizeof(LAYOUT_WAL) + WALNAME_SIZE],
	    why[256], need[80];
	struct memberset_row *row;

	snprintf(path, sizeof(path), LAYOUT_WAL "/%s", line->missing);
	if (memberset_find(c->set, path, &row, err))
		return -1;
	if (row && row->type == TAR_FILE && row->is_not_read)
		return 0; /* it is there, and why it could not be read was told */
	if (stop > line->position)
		snprintf(need, sizeof(need), "the backup needs %sup to %s",
		    line->records == 0 ? "the WAL " : "it ", lsn_print(to, stop));
	else
		snprintf(need, sizeof(need), "%s",
		    stop ? "later segments are there" : "the backup ends later");
	lsn_print(at, line->position);
	if (line->records == 0)
		snprintf(why, sizeof(why),
		    "WAL segment \"%s\" is missing: it is the first, %s", line->missing,
		    need);
	else
		snprintf(why, sizeof(why),
		    "WAL segment \"%s\" is missing: the WAL is complete up to %s, %s",
		    line->missing, at, need);
	if (row == NULL || row->type != TAR_FILE)
		return checker_missing(c, path, why, err);
	return findings_add(&c->findings, FINDINGS_WAL,
	    &(struct findings_place){ .member = path }, err,
	    "is not where it could be read: the WAL is complete up to %s, %s", at, need);
}

/* What ended the walk before it was where it had to be. */
int
checker_wal_ends_early(
    struct checker *c, const struct wallines_line *line, uint64_t stop, struct error *err)
{
	char at[LSN_TEXT], to[LSN_TEXT];

	c->is_wal_short = true;
	if (line->missing[0] &&
	    (stop == 0 || stop > line->missing_lsn ||
		(stop <= line->position && line->has_later)))
		return segment_missing(c, line, stop, err);
	lsn_print(at, line->position);
	if (line->why)
		return findings_add(&c->findings, FINDINGS_WAL, NULL, err,
		    "the WAL is complete up to %s, the backup needs it up to %s: %s", at,
		    stop ? lsn_print(to, stop) : "its end", line->why->text);
	return findings_add(&c->findings, FINDINGS_WAL, NULL, err,
	    "ends at %s, before the stop position %s", at,
	    stop ? lsn_print(to, stop) : "of the backup");
}

/* All of it, and pg_basetar.info says that the archive holds it: recovery asks for the first. */
static int
all_missing(struct checker *c, struct error *err)
{
	char name[WALNAME_SIZE], path[sizeof(LAYOUT_WAL) + WALNAME_SIZE], why[160],
	    lsn[LSN_TEXT];

	if (!c->has_control)
		return findings_add(&c->findings, FINDINGS_WAL, NULL, err,
		    "there is none, and pg_basetar.info says that the archive holds it");
	walname_build(name, c->start_timeline,
	    walname_segment(c->start_lsn, c->control.wal_segment_size),
	    c->control.wal_segment_size);
	snprintf(path, sizeof(path), LAYOUT_WAL "/%s", name);
	snprintf(why, sizeof(why),
	    "WAL segment \"%s\" is missing: there is no WAL, the backup needs "
	    "it from %s on",
	    name, lsn_print(lsn, c->start_lsn));
	return checker_missing(c, path, why, err);
}

int
checker_wal_is_absent(struct checker *c, struct error *err)
{
	char lsn[LSN_TEXT];

	if (c->has_wal)
		return 0;
	if (c->has_info && c->info.has_wal)
		return all_missing(c, err);
	/* that pg_wal.tar is empty is a finding of its own */
	if (!c->opt.need_wal || c->has_wal_archive || !c->has_control)
		return 0;
	return findings_add(&c->findings, FINDINGS_MISSING,
	    &(struct findings_place){ .member = LAYOUT_WAL }, err,
	    "the WAL from %s on is not in the backup", lsn_print(lsn, c->start_lsn));
}
