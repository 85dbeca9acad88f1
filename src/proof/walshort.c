/* What is wrong where the WAL does not go on to the position that recovery must reach. */
#include "format/layout.h"
#include "lib/lsn.h"
#include "proof/checker_internal.h"

/* What ended the walk before it was where it had to be. */
int
checker_wal_ends_early(struct checker *c, const struct walhistory *h,
    const struct wallines_line *line, uint64_t stop, struct error *err)
{
	char at[LSN_TEXT], to[LSN_TEXT];

	c->is_wal_short = true;
	if (line->missing[0] &&
	    (stop == 0 || stop > line->missing_lsn ||
		(stop <= line->position && line->has_later)))
		return checker_walgap_judge(c, h, line, stop, err);
	lsn_print(at, line->position);
	if (line->why)
		return findings_add(&c->findings, FINDINGS_WAL, NULL, err,
		    "the WAL is complete up to %s, the backup needs it up to %s: %s", at,
		    stop ? lsn_print(to, stop) : "its end", line->why->text);
	return findings_add(&c->findings, FINDINGS_WAL, NULL, err,
	    "ends at %s, before the stop position %s", at,
	    stop ? lsn_print(to, stop) : "of the backup");
}

int
checker_wal_is_absent(struct checker *c, struct error *err)
{
	char lsn[LSN_TEXT];

	if (c->has_wal)
		return 0;
	if (c->has_info && c->info.has_wal)
		return checker_walgap_all(c, err);
	/* that pg_wal.tar is empty is a finding of its own */
	if (!c->opt.need_wal || c->has_wal_archive || !c->has_control)
		return 0;
	return findings_add(&c->findings, FINDINGS_MISSING,
	    &(struct findings_place){ .member = LAYOUT_WAL }, err,
	    "the WAL from %s on is not in the backup", lsn_print(lsn, c->start_lsn));
}
