/* The WAL, from the start of the backup to its stop. */
#include "proof/wal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/layout.h"
#include "lib/lsn.h"
#include "pg/cluster.h"
#include "proof/walgap.h"
#include "wal/walname.h"

/* ---- while it passes ---- */

static int
hear_record(struct lineages_sink *sink, unsigned lineage, const struct walrecord *rec,
    struct error *err)
{
	struct proof_wal *w = (struct proof_wal *)((char *)sink -
	    offsetof(struct proof_wal, lineages_sink));
	uint64_t redo;
	const bool is_begin = rec->lsn == w->checkpoint_lsn &&
	    walrecord_is_checkpoint(rec, &redo) && redo == w->start_lsn;

	if (is_begin) {
		w->checkpoint_lineages |= (uint64_t)1 << lineage;
		w->checkpoint_end = rec->end_lsn;
	}
	return w->sink->record(w->sink, lineage, rec, is_begin, err);
}

/* Where recovery begins: the label says it, or pg_control without a label. */
static void
set_start(struct proof_wal *w)
{
	if (w->facts->label) {
		w->start_lsn = w->facts->label->start_lsn;
		w->start_timeline = w->facts->label->timeline;
		w->checkpoint_lsn = w->facts->label->checkpoint_lsn;
	} else if (w->facts->control) {
		w->start_lsn = w->facts->control->redo_lsn;
		w->start_timeline = w->facts->control->timeline;
		w->checkpoint_lsn = w->facts->control->checkpoint_lsn;
	}
}

static int
open_lineages(struct proof_wal *w, struct error *err)
{
	if (w->lineages || w->facts->control == NULL || w->facts->version == NULL)
		return 0;
	set_start(w);
	w->lineages_sink.record = hear_record;
	w->expect = (struct walpage_expect){
		.version = w->facts->version,
		.system_identifier = w->facts->control->system_identifier,
		.segment_size = w->facts->control->wal_segment_size,
		.block_size = w->facts->control->wal_block_size,
	};
	if (lineages_new(&w->lineages,
		&(struct lineages_options){ .expect = &w->expect,
		    .start_lsn = w->start_lsn,
		    .start_timeline = w->start_timeline,
		    .skips_filler = !facts_are_online(w->facts) ||
			(w->facts->label && w->facts->label->from_standby),
		    .sink = &w->lineages_sink },
		err) == 0)
		return 0;
	return findings_take(w->findings, FINDINGS_WAL, NULL, err);
}

int
proof_wal_begin(
    struct proof_wal *w, struct memberset_row *row, bool *is_read, struct error *err)
{
	const struct findings_location location = {
		.member = row->path, .has_offset = true, .offset = row->offset
	};
	const char *name = strrchr(row->path, '/') + 1;
	uint32_t timeline;
	uint64_t segno;

	*is_read = false;
	w->has_wal = true;
	if (open_lineages(w, err))
		return -1;
	if (w->lineages == NULL) /* pg_control is missing or damaged: that was told */
		return 0;
	row->is_not_read = true;
	if (!walname_parse(name, w->expect.segment_size, &timeline, &segno))
		return findings_add(w->findings, FINDINGS_NAME, &location, err,
		    "a WAL segment of this size cannot have this name");
	if (row->size != w->expect.segment_size) {
		row->is_size_told = true;
		return findings_add_size(
		    w->findings, &location, w->expect.segment_size, row->size, err);
	}
	if (lineages_segment(w->lineages, timeline, segno * w->expect.segment_size, err))
		return findings_take(w->findings, FINDINGS_STREAM, &location, err);
	row->is_not_read = false;
	*is_read = true;
	return 0;
}

int
proof_wal_bytes(struct proof_wal *w, const uint8_t *bytes, size_t len, struct error *err)
{
	return lineages_bytes(w->lineages, bytes, len, err);
}

int
proof_wal_history(struct proof_wal *w, struct memberset_row *row, const struct buf *text,
    struct error *err)
{
	const struct findings_location location = { .member = row->path };
	struct proof_wal_history *rows;
	struct walhistory history;
	uint32_t timeline;

	if (!walname_parse_history(strrchr(row->path, '/') + 1, &timeline))
		return findings_add(w->findings, FINDINGS_NAME, &location, err,
		    "is not the name of a timeline history");
	if (walhistory_parse(buf_text(text), text->len, timeline, &history, err))
		return proof_content_fault(w->content, row, FINDINGS_WAL, err);
	if (w->nhistories == PROOF_WAL_TIMELINES) {
		walhistory_free(&history);
		return findings_add(w->findings, FINDINGS_WAL, &location, err,
		    "the backup has more timelines than can be checked");
	}
	rows = realloc(w->histories, (w->nhistories + 1) * sizeof(*rows));
	if (rows == NULL) {
		walhistory_free(&history);
		return error_memory(err);
	}
	w->histories = rows;
	rows[w->nhistories++] = (struct proof_wal_history){ timeline, history };
	return 0;
}

void
proof_wal_free(struct proof_wal *w)
{
	lineages_free(w->lineages);
	for (size_t i = 0; i < w->nhistories; i++)
		walhistory_free(&w->histories[i].history);
	free(w->histories);
}

/* ---- when all has come ---- */

/* The timeline that recovery of the backup ends on. */
static uint32_t
target_timeline(const struct proof_wal *w)
{
	if (w->manifest->is_whole && w->manifest->nranges > 0)
		return w->manifest->ranges[0].timeline;
	if (w->facts->control &&
	    w->facts->control->min_recovery_timeline > w->start_timeline)
		return w->facts->control->min_recovery_timeline;
	return w->start_timeline;
}

/* What the manifest, or else pg_control, says of the stop; 0: nothing. */
static uint64_t
told_stop(const struct proof_wal *w)
{
	if (w->manifest->is_whole && w->manifest->nranges > 0)
		return w->manifest->ranges[0].end;
	return w->facts->control ? w->facts->control->min_recovery_lsn : 0;
}

static bool
is_primary(const struct proof_wal *w)
{
	return facts_are_online(w->facts) && w->facts->label &&
	    !w->facts->label->from_standby;
}

static int
wal_fault(struct proof_wal *w, uint64_t expected, uint64_t found, struct error *err,
    const char *what)
{
	char one[LSN_TEXT], other[LSN_TEXT];

	return findings_add(w->findings, FINDINGS_WAL,
	    &(struct findings_location){
		.expected = lsn_print(one, expected), .found = lsn_print(other, found) },
	    err, "%s", what);
}

/* What ended the walk before it was where it had to be. */
static int
ends_early(struct proof_wal *w, const struct walhistory *h, const struct lineage *lineage,
    uint64_t stop, struct error *err)
{
	const struct walgap gap = { w->findings, w->members, w->missing,
		w->expect.segment_size };
	char at[LSN_TEXT], to[LSN_TEXT];

	w->is_short = true;
	if (lineage->missing[0] &&
	    (stop == 0 || stop > lineage->missing_lsn ||
		(stop <= lineage->position && lineage->has_later)))
		return walgap_judge(&gap, h, lineage, stop, err);
	lsn_print(at, lineage->position);
	if (lineage->why)
		return findings_add(w->findings, FINDINGS_WAL, NULL, err,
		    "the WAL is complete up to %s, but the backup needs it up to %s: %s",
		    at, stop ? lsn_print(to, stop) : "its end", lineage->why->text);
	return findings_add(w->findings, FINDINGS_WAL, NULL, err,
	    "the WAL ends at %s, before the stop position %s", at,
	    stop ? lsn_print(to, stop) : "of the backup");
}

/* pg_basetar.info says that the archive holds it: recovery asks for the first. */
static int
judge_loss(struct proof_wal *w, struct error *err)
{
	struct walgap gap = { w->findings, w->members, w->missing, 0 };
	/* names of other timelines are in a history that may be missing, too */
	const bool is_stop_named =
	    w->stop_timeline == w->start_timeline && w->stop_lsn > w->start_lsn;

	if (w->facts->control == NULL)
		return findings_add(w->findings, FINDINGS_WAL, NULL, err,
		    "the WAL is missing, although pg_basetar.info says that the archive holds it");
	gap.segment_size = w->facts->control->wal_segment_size;
	return walgap_all(
	    &gap, w->start_lsn, w->start_timeline, is_stop_named ? w->stop_lsn : 0, err);
}

/* Where no segment came: one should have, if the backup says so, or the caller needs WAL. */
static int
judge_absence(struct proof_wal *w, struct error *err)
{
	char lsn[LSN_TEXT];

	if (w->has_wal)
		return 0;
	if (w->facts->info && w->facts->info->has_wal)
		return judge_loss(w, err);
	/* that pg_wal.tar is empty is a finding of its own */
	if (!w->need_wal || w->has_wal_archive || w->facts->control == NULL)
		return 0;
	return findings_add(w->findings, FINDINGS_MISSING,
	    &(struct findings_location){ .member = LAYOUT_WAL }, err,
	    "the WAL from %s on is not in the backup", lsn_print(lsn, w->start_lsn));
}

/* On a primary the last record says which backup it ends. */
static int
judge_primary(struct proof_wal *w, const struct walhistory *h,
    const struct lineage *lineage, struct error *err)
{
	const uint64_t told = w->manifest->is_whole ? told_stop(w) : 0;

	if (lineage->backup_end == 0)
		return ends_early(w, h, lineage, told, err);
	w->stop_lsn = lineage->backup_end;
	if (told != 0 && told != lineage->backup_end)
		return wal_fault(w, lineage->backup_end, told, err,
		    "end of the WAL in the manifest is not that of the backup");
	return 0;
}

/* Elsewhere the manifest says it, and pg_control what it must not be before. */
static int
judge_other(struct proof_wal *w, const struct walhistory *h,
    const struct lineage *lineage, struct error *err)
{
	const uint64_t least = w->facts->control->min_recovery_lsn;
	uint64_t stop = told_stop(w);

	if (stop == 0) /* all that there is, but for what recovery cannot do without */
		stop = lineage->position;
	if (stop < least)
		return wal_fault(w, least, stop, err,
		    "end of the WAL in the manifest is before the one in pg_control");
	if (stop < w->checkpoint_end)
		return wal_fault(w, w->checkpoint_end, stop, err,
		    "end of the WAL in the manifest is before that of the checkpoint");
	w->stop_lsn = stop;
	if (lineage->position < stop ||
	    (lineage->why && lineage->has_later && !w->manifest->is_whole) ||
	    (w->facts->label == NULL &&
		lineage->position <= w->facts->control->checkpoint_lsn))
		return ends_early(w, h, lineage,
		    w->facts->label || stop > w->facts->control->checkpoint_lsn ?
			stop :
			w->facts->control->checkpoint_lsn,
		    err);
	return 0;
}

bool
proof_wal_reads(const struct proof_wal *w, unsigned lineage, uint64_t end_lsn)
{
	return w->has_lineage && lineages_has(w->lineages, w->lineage, lineage, end_lsn);
}

int
proof_wal_judge_checkpoint(struct proof_wal *w, struct error *err)
{
	char at[LSN_TEXT], redo[LSN_TEXT];

	/* where WAL or label are damaged that was told */
	if (!w->has_lineage || w->is_short || w->findings->count != w->found_before)
		return 0;
	for (unsigned lineage = 0; lineage < LINEAGES_MOST; lineage++)
		if ((w->checkpoint_lineages & (uint64_t)1 << lineage) != 0 &&
		    proof_wal_reads(w, lineage, w->checkpoint_end))
			return 0;
	if (w->checkpoint_lsn == CONTROL_NO_CHECKPOINT)
		return 0;
	return findings_add(w->findings, FINDINGS_WAL, NULL, err,
	    "the WAL has no checkpoint with the redo location %s at %s, although %s names it",
	    lsn_print(redo, w->start_lsn), lsn_print(at, w->checkpoint_lsn),
	    w->facts->label ? LAYOUT_LABEL : LAYOUT_CONTROL);
}

/*
 * The history of the target, or of one that needs none.  NULL: it is missing or damaged, which
 * was told; which WAL recovery takes is not known without it.
 */
static int
find_history(struct proof_wal *w, uint32_t timeline, const struct walhistory **history,
    struct walhistory *single, struct error *err)
{
	char name[WALNAME_HISTORY_SIZE], path[sizeof(LAYOUT_WAL) + sizeof(name)], why[96];
	struct memberset_row *row;

	*history = single;
	for (size_t i = 0; i < w->nhistories; i++)
		if (w->histories[i].timeline == timeline)
			*history = &w->histories[i].history;
	if (*history != single)
		return 0;
	if (walhistory_single(single, timeline, err))
		return -1;
	if (timeline == w->start_timeline)
		return 0;
	walname_build_history(name, timeline);
	*history = NULL;
	snprintf(path, sizeof(path), LAYOUT_WAL "/%s", name);
	if (memberset_find(w->members, path, &row, err))
		return -1;
	if (row && row->type == TAR_FILE)
		return 0; /* what is wrong with it was told */
	snprintf(why, sizeof(why),
	    "is missing: the WAL goes from timeline %" PRIu32 " to %" PRIu32,
	    w->start_timeline, timeline);
	return proof_missing_add(w->missing, path, why, err);
}

/* The stretches in the manifest are those of the history. */
static int
judge_ranges(struct proof_wal *w, const struct walhistory *h, struct error *err)
{
	if (!w->manifest->is_whole)
		return 0;
	for (size_t i = 0; i < w->manifest->nranges; i++) {
		const struct proof_manifest_range *r = &w->manifest->ranges[i];

		if (i + 1 < w->manifest->nranges &&
		    w->manifest->ranges[i + 1].end != r->start)
			return wal_fault(w, r->start, w->manifest->ranges[i + 1].end, err,
			    "WAL ranges in the manifest do not follow each other");
		if (r->start < r->end &&
		    (walhistory_at(h, r->start) != r->timeline ||
			walhistory_at(h, r->end - 1) != r->timeline))
			return findings_add(w->findings, FINDINGS_WAL, NULL, err,
			    "the manifest names timeline %" PRIu32
			    " where the timeline history names another",
			    r->timeline);
	}
	return 0;
}

static int
judge_lineage(struct proof_wal *w, const struct walhistory *h, struct error *err)
{
	struct lineage lineage;
	struct error why;

	if (judge_ranges(w, h, err))
		return -1;
	if (!lineages_find(w->lineages, h, &lineage, &why)) {
		if (lineage.missing[0])
			return ends_early(w, h, &lineage, told_stop(w), err);
		*err = why; /* what cannot be judged is no finding */
		return why.kind == ERROR_UNSUPPORTED ?
		    -1 :
		    findings_take(w->findings, FINDINGS_WAL, NULL, err);
	}
	w->has_lineage = true;
	w->lineage = lineage.number;
	w->records = lineage.records;
	w->stop_timeline = lineage.timeline;
	return is_primary(w) ? judge_primary(w, h, &lineage, err) :
			       judge_other(w, h, &lineage, err);
}

int
proof_wal_judge(struct proof_wal *w, struct error *err)
{
	const struct walhistory *history;
	struct walhistory single = { 0 };
	uint32_t timeline;
	int rc;

	if (w->lineages == NULL) {
		set_start(w);
		w->stop_lsn = told_stop(w);
		w->stop_timeline = target_timeline(w);
		return judge_absence(w, err);
	}
	w->found_before = w->findings->count;
	timeline = target_timeline(w);
	rc = find_history(w, timeline, &history, &single, err);
	if (rc == 0 && history)
		rc = judge_lineage(w, history, err);
	walhistory_free(&single);
	return rc;
}
