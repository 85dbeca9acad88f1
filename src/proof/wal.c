/* The WAL, from the start of the backup to its stop, and what it says of torn pages. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/layout.h"
#include "lib/lsn.h"
#include "pg/cluster.h"
#include "proof/checker_internal.h"
#include "wal/walname.h"

/* ---- while it passes ---- */

struct blocks {
	struct walrecord_sink sink; /* first */
	struct checker *checker;
	struct pagesuspect_mention mention;
	int rc;
	struct error err;
};

static void
hear_block(struct walrecord_sink *sink, const struct walrecord_block *b)
{
	struct blocks *blocks = (struct blocks *)sink;

	blocks->mention.is_made_anew = b->is_made_anew;
	checker_replay_block(blocks->checker, b->space, b->database, blocks->mention.lsn);
	if (blocks->rc == 0)
		blocks->rc = checker_inplace_block(
		    blocks->checker, b->space, &blocks->mention, &blocks->err);
	if (blocks->rc == 0)
		blocks->rc =
		    pagesuspect_mention(blocks->checker->pages, b->space, b->database,
			b->relnode, b->fork, b->block, &blocks->mention, &blocks->err);
}

/* A record of extensions, or of parts that we do not know, mends no page. */
static int
mention_pages(
    struct checker *c, unsigned line, const struct walrecord *rec, struct error *err)
{
	struct blocks blocks = { .sink = { hear_block },
		.checker = c,
		.mention = { line, rec->lsn, rec->end_lsn, true } };
	struct walrecord_database made;
	struct error ignored;
	uint32_t space;

	if (walrecord_makes_file(rec, &space) &&
	    checker_inplace_block(c, space, &blocks.mention, err))
		return -1;
	if (walrecord_makes_database(rec, &made) && made.is_copy) {
		if (pagesuspect_database(
			c->pages, made.space, made.database, &blocks.mention, err))
			return -1;
		blocks.mention.is_made_anew = false; /* it reads those that it copies */
		return pagesuspect_database(
		    c->pages, made.from_space, made.from_database, &blocks.mention, err);
	}
	(void)!walrecord_blocks(rec, &blocks.sink, &ignored);
	if (blocks.rc == -1)
		*err = blocks.err;
	return blocks.rc;
}

static int
hear_record(struct wallines_sink *sink, unsigned line, const struct walrecord *rec,
    struct error *err)
{
	struct checker *c =
	    (struct checker *)((char *)sink - offsetof(struct checker, wal_sink));
	uint64_t redo;

	if (rec->lsn == c->checkpoint_lsn && walrecord_is_checkpoint(rec, &redo) &&
	    redo == c->start_lsn) {
		c->checkpoint_lines |= (uint64_t)1 << line;
		c->checkpoint_end = rec->end_lsn;
	}
	if (checker_files_record(c, rec, err) || checker_replay_take(c, line, rec, err))
		return -1;
	if (pagesuspect_has_any(c->pages) || checker_replay_watches(c) ||
	    checker_inplace_listens(c))
		return mention_pages(c, line, rec, err);
	return 0;
}

/* Where recovery begins: the label says it, and where there is none pg_control. */
static void
set_start(struct checker *c)
{
	if (c->has_label) {
		c->start_lsn = c->label.start_lsn;
		c->start_timeline = c->label.timeline;
		c->checkpoint_lsn = c->label.checkpoint_lsn;
	} else if (c->has_control) {
		c->start_lsn = c->control.redo_lsn;
		c->start_timeline = c->control.timeline;
		c->checkpoint_lsn = c->control.checkpoint_lsn;
	}
}

static int
open_lines(struct checker *c, struct error *err)
{
	if (c->lines || !c->has_control || c->version == NULL)
		return 0;
	set_start(c);
	c->wal_sink.record = hear_record;
	c->expect = (struct walpage_expect){
		.version = c->version,
		.system_identifier = c->control.system_identifier,
		.segment_size = c->control.wal_segment_size,
		.block_size = c->control.wal_block_size,
	};
	if (wallines_new(&c->lines,
		&(struct wallines_options){ .expect = &c->expect,
		    .start_lsn = c->start_lsn,
		    .start_timeline = c->start_timeline,
		    .skips_filler =
			!checker_is_online(c) || (c->has_label && c->label.from_standby),
		    .sink = &c->wal_sink },
		err) == 0)
		return 0;
	return findings_take(&c->findings, FINDINGS_WAL, NULL, err);
}

int
checker_wal_begin(struct checker *c, const struct tar_entry *entry, struct error *err)
{
	const struct findings_place place = { .member = c->now.row->path,
		.has_offset = true,
		.offset = c->now.row->offset };
	const char *name = strrchr(c->now.row->path, '/') + 1;
	uint32_t timeline;
	uint64_t segno;

	c->has_wal = true;
	if (open_lines(c, err))
		return -1;
	if (c->lines == NULL) /* pg_control is missing or damaged: that was told */
		return 0;
	c->now.row->is_not_read = true;
	if (!walname_parse(name, c->expect.segment_size, &timeline, &segno))
		return findings_add(&c->findings, FINDINGS_NAME, &place, err,
		    "no segment of this size can have this name");
	if (entry->size != c->expect.segment_size) {
		c->now.row->is_size_told = true;
		return findings_add_size(
		    &c->findings, &place, c->expect.segment_size, entry->size, err);
	}
	if (wallines_segment(c->lines, timeline, segno * c->expect.segment_size, err))
		return findings_take(&c->findings, FINDINGS_STREAM, &place, err);
	c->now.row->is_not_read = false;
	c->now.is_segment = true;
	return 0;
}

int
checker_wal_bytes(struct checker *c, const uint8_t *bytes, size_t len, struct error *err)
{
	return wallines_bytes(c->lines, bytes, len, err);
}

int
checker_wal_history(struct checker *c, struct error *err)
{
	const struct findings_place place = { .member = c->now.row->path };
	struct checker_history *rows;
	struct walhistory history;
	uint32_t timeline;

	if (!walname_parse_history(strrchr(c->now.row->path, '/') + 1, &timeline))
		return findings_add(&c->findings, FINDINGS_NAME, &place, err,
		    "no timeline has this history");
	if (walhistory_parse(
		buf_text(&c->now.text), c->now.text.len, timeline, &history, err))
		return checker_content(c, c->now.row, FINDINGS_WAL, err);
	if (c->nhistories == CHECKER_TIMELINES) {
		walhistory_free(&history);
		return findings_add(&c->findings, FINDINGS_WAL, &place, err,
		    "one more timeline than a backup ever has");
	}
	rows = realloc(c->histories, (c->nhistories + 1) * sizeof(*rows));
	if (rows == NULL) {
		walhistory_free(&history);
		return error_memory(err);
	}
	c->histories = rows;
	rows[c->nhistories++] = (struct checker_history){ timeline, history };
	return 0;
}

void
checker_wal_free(struct checker *c)
{
	wallines_free(c->lines);
	for (size_t i = 0; i < c->nhistories; i++)
		walhistory_free(&c->histories[i].history);
	free(c->histories);
	checker_replay_free(c);
}

/* ---- when all has come ---- */

/* The timeline that recovery of the backup ends on. */
static uint32_t
target_timeline(const struct checker *c)
{
	if (c->is_manifest_whole && c->nranges > 0)
		return c->ranges[0].timeline;
	if (c->has_control && c->control.min_recovery_timeline > c->start_timeline)
		return c->control.min_recovery_timeline;
	return c->start_timeline;
}

/* What the manifest, or else pg_control, says of the stop; 0: nothing. */
static uint64_t
told_stop(const struct checker *c)
{
	if (c->is_manifest_whole && c->nranges > 0)
		return c->ranges[0].end;
	return c->has_control ? c->control.min_recovery_lsn : 0;
}

static bool
is_primary(const struct checker *c)
{
	return checker_is_online(c) && c->has_label && !c->label.from_standby;
}

static int
wal_fault(struct checker *c, uint64_t expected, uint64_t found, struct error *err,
    const char *what)
{
	char one[LSN_TEXT], other[LSN_TEXT];

	return findings_add(&c->findings, FINDINGS_WAL,
	    &(struct findings_place){
		.expected = lsn_print(one, expected), .found = lsn_print(other, found) },
	    err, "%s", what);
}

/* On a primary the last record says which backup it ends. */
static int
judge_primary(struct checker *c, const struct walhistory *h,
    const struct wallines_line *line, struct error *err)
{
	const uint64_t told = c->is_manifest_whole ? told_stop(c) : 0;

	if (line->backup_end == 0)
		return checker_wal_ends_early(c, h, line, told, err);
	c->stop_lsn = line->backup_end;
	if (told != 0 && told != line->backup_end)
		return wal_fault(c, line->backup_end, told, err,
		    "the manifest's end of the WAL is not that of the backup");
	return 0;
}

/* Elsewhere the manifest says it, and pg_control what it must not be before. */
static int
judge_other(struct checker *c, const struct walhistory *h,
    const struct wallines_line *line, struct error *err)
{
	const uint64_t least = c->control.min_recovery_lsn;
	uint64_t stop = told_stop(c);

	if (stop == 0) /* all that there is, but for what recovery cannot do without */
		stop = line->position;
	if (stop < least)
		return wal_fault(c, least, stop, err,
		    "the manifest's end of the WAL is before the one in pg_control");
	if (stop < c->checkpoint_end)
		return wal_fault(c, c->checkpoint_end, stop, err,
		    "the manifest's end of the WAL is before that of the checkpoint");
	c->stop_lsn = stop;
	if (line->position < stop ||
	    (line->why && line->has_later && !c->is_manifest_whole) ||
	    (!c->has_label && line->position <= c->control.checkpoint_lsn))
		return checker_wal_ends_early(c, h, line,
		    c->has_label || stop > c->control.checkpoint_lsn ?
			stop :
			c->control.checkpoint_lsn,
		    err);
	return 0;
}

bool
checker_wal_is_read(const struct checker *c, unsigned line, uint64_t end_lsn)
{
	return c->has_line && wallines_has(c->lines, c->line, line, end_lsn);
}

/* Recovery reads the checkpoint first.  Where WAL or label are damaged that was told. */
static int
judge_checkpoint(struct checker *c, struct error *err)
{
	char at[LSN_TEXT], redo[LSN_TEXT];

	for (unsigned line = 0; line < WALLINES_MOST; line++)
		if ((c->checkpoint_lines & (uint64_t)1 << line) != 0 &&
		    checker_wal_is_read(c, line, c->checkpoint_end))
			return 0;
	if (c->checkpoint_lsn == CONTROL_NO_CHECKPOINT)
		return 0;
	return findings_add(&c->findings, FINDINGS_WAL, NULL, err,
	    "no checkpoint whose redo location is %s is at %s, where %s has it",
	    lsn_print(redo, c->start_lsn), lsn_print(at, c->checkpoint_lsn),
	    c->has_label ? LAYOUT_LABEL : LAYOUT_CONTROL);
}

/*
 * The history of the target, or of one that needs none.  NULL: it is missing or damaged, which was
 * told; which WAL recovery takes is not known without it.
 */
static int
find_history(struct checker *c, uint32_t timeline, const struct walhistory **history,
    struct walhistory *single, struct error *err)
{
	char name[WALNAME_HISTORY_SIZE], path[sizeof(LAYOUT_WAL) + sizeof(name)], why[96];
	struct memberset_row *row;

	*history = single;
	for (size_t i = 0; i < c->nhistories; i++)
		if (c->histories[i].timeline == timeline)
			*history = &c->histories[i].history;
	if (*history != single)
		return 0;
	if (walhistory_single(single, timeline, err))
		return -1;
	if (timeline == c->start_timeline)
		return 0;
	walname_build_history(name, timeline);
	*history = NULL;
	snprintf(path, sizeof(path), LAYOUT_WAL "/%s", name);
	if (memberset_find(c->set, path, &row, err))
		return -1;
	if (row && row->type == TAR_FILE)
		return 0; /* what is wrong with it was told */
	snprintf(why, sizeof(why), "the WAL goes from timeline %" PRIu32 " to %" PRIu32,
	    c->start_timeline, timeline);
	return checker_missing(c, path, why, err);
}

/* The stretches in the manifest are those of the history. */
static int
judge_ranges(struct checker *c, const struct walhistory *h, struct error *err)
{
	if (!c->is_manifest_whole)
		return 0;
	for (size_t i = 0; i < c->nranges; i++) {
		const struct checker_range *r = &c->ranges[i];

		if (i + 1 < c->nranges && c->ranges[i + 1].end != r->start)
			return wal_fault(c, r->start, c->ranges[i + 1].end, err,
			    "the manifest's stretches of WAL do not meet");
		if (r->start < r->end &&
		    (walhistory_at(h, r->start) != r->timeline ||
			walhistory_at(h, r->end - 1) != r->timeline))
			return findings_add(&c->findings, FINDINGS_WAL, NULL, err,
			    "the manifest has timeline %" PRIu32
			    " where the history has another",
			    r->timeline);
	}
	return 0;
}

static int
judge_line(struct checker *c, const struct walhistory *h, struct error *err)
{
	const uint64_t before = c->findings.count;
	struct wallines_line line;
	struct error why;

	if (judge_ranges(c, h, err))
		return -1;
	if (!wallines_find(c->lines, h, &line, &why)) {
		if (line.missing[0])
			return checker_wal_ends_early(c, h, &line, told_stop(c), err);
		*err = why; /* what cannot be judged is no finding */
		return why.kind == ERROR_UNSUPPORTED ?
		    -1 :
		    findings_take(&c->findings, FINDINGS_WAL, NULL, err);
	}
	c->has_line = true;
	c->line = line.number;
	c->wal_records = line.records;
	c->stop_timeline = line.timeline;
	if (is_primary(c) ? judge_primary(c, h, &line, err) :
			    judge_other(c, h, &line, err))
		return -1;
	if (checker_replay_judge(c, err))
		return -1;
	return c->findings.count == before && !c->is_wal_short ?
	    judge_checkpoint(c, err) :
	    0;
}

int
checker_wal_judge(struct checker *c, struct error *err)
{
	const struct walhistory *history;
	struct walhistory single = { 0 };
	uint32_t timeline;
	int rc;

	if (c->lines == NULL) {
		set_start(c);
		c->stop_lsn = told_stop(c);
		c->stop_timeline = target_timeline(c);
		return checker_wal_is_absent(c, err);
	}
	timeline = target_timeline(c);
	rc = find_history(c, timeline, &history, &single, err);
	if (rc == 0 && history)
		rc = judge_line(c, history, err);
	walhistory_free(&single);
	return rc;
}
