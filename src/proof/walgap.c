/*
 * WAL segments that the backup needs and does not have.
 *
 * The walk ends at the first of them (wal/lineages.c), and looks at no file after that.  So the
 * names are gone through up to the stop; those of missing files that follow one another are a
 * gap:
 *
 *	segments   7  8  9  10  11  12  13  14  15
 *	files      7  8  -   -   -  12   -  14  15
 *	                 9 to 11        13
 *
 * One gap is one finding, of the first file, since it has one cause and is mended at once.
 */
#include "proof/walgap.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "format/layout.h"
#include "lib/lsn.h"
#include "tar/header.h"
#include "wal/walname.h"

/* More segments are not looked for one by one; a stop may be further, of a damaged archive. */
enum { SEGMENTS_MOST = 1 << 20 };

#define PATH_SIZE (sizeof(LAYOUT_WAL) + WALNAME_SIZE)

/* What all gaps of a backup share. */
struct search {
	const struct walgap *gap;
	const struct walhistory *h;
	uint32_t size;   /* of a segment */
	uint64_t stop;   /* 0: not known */
	uint64_t gaps;   /* that were told */
	bool is_first;   /* the first gap is where the WAL begins */
	const char *why; /* what is said of it */
};

/*
 * The file of segment ${number} that recovery asks for, as find_missing() of lineages.c has it.
 */
static void
name_of(const struct search *s, uint64_t number, char name[WALNAME_SIZE])
{
	walname_build(
	    name, walhistory_at(s->h, number * s->size + s->size - 1), number, s->size);
}

static void
walgap_path(const struct search *s, uint64_t number, char path[PATH_SIZE])
{
	char name[WALNAME_SIZE];

	name_of(s, number, name);
	snprintf(path, PATH_SIZE, LAYOUT_WAL "/%s", name);
}

/* "WAL segment "A" is missing", "WAL segments "A" to "B" (3 of them) are missing". */
static int
gap_print(const struct search *s, uint64_t first, uint64_t last, struct buf *text,
    struct error *err)
{
	char from[WALNAME_SIZE], to[WALNAME_SIZE];

	name_of(s, first, from);
	name_of(s, last, to);
	if (first == last)
		return buf_printf(text, err, "WAL segment \"%s\" is missing", from);
	return buf_printf(text, err,
	    "WAL segments \"%s\" to \"%s\" (%" PRIu64 " of them) are missing", from, to,
	    last - first + 1);
}

/* The later ones are missing as well. */
static int
gap_reason(const struct search *s, bool is_one, struct buf *text, struct error *err)
{
	char to[LSN_TEXT];

	if (s->gaps == 0)
		return buf_printf(text, err, ": %s%s",
		    !s->is_first ? "" :
			is_one   ? "it is the first, " :
				   "they are the first, ",
		    s->why);
	if (s->stop == 0)
		return buf_printf(text, err, " as well: later segments are there");
	return buf_printf(text, err, " as well: the backup needs the WAL up to %s",
	    lsn_print(to, s->stop));
}

static int
gap_tell(struct search *s, uint64_t first, uint64_t last, struct error *err)
{
	struct buf text = { 0 };
	char path[PATH_SIZE];
	int rc;

	walgap_path(s, first, path);
	rc = gap_print(s, first, last, &text, err) ||
	    gap_reason(s, first == last, &text, err) ||
	    proof_missing_tell(s->gap->missing, path, buf_text(&text), err);
	buf_free(&text);
	for (uint64_t n = first + 1; rc == 0 && n <= last && n - first < SEGMENTS_MOST;
	     n++) {
		walgap_path(s, n, path);
		rc = proof_missing_note(s->gap->missing, path, err);
	}
	s->gaps++;
	return rc ? -1 : 0;
}

static int
is_there(const struct search *s, uint64_t number, bool *is, struct error *err)
{
	struct memberset_row *row;
	char path[PATH_SIZE];

	walgap_path(s, number, path);
	if (memberset_find(s->gap->members, path, &row, err))
		return -1;
	*is = row != NULL;
	return 0;
}

/*
 * The segments from ${first}, which is missing, to ${last}.  Where the stop is not known a gap
 * has an end only if a file comes after it; of one that has none the first segment is told.
 */
static int
search(struct search *s, uint64_t first, uint64_t last, struct error *err)
{
	uint64_t from = first, n = first + 1;
	bool is_gap = true, is;

	for (; n <= last && n - first < SEGMENTS_MOST; n++) {
		if (is_there(s, n, &is, err))
			return -1;
		if (is && is_gap && gap_tell(s, from, n - 1, err))
			return -1;
		if (!is && !is_gap)
			from = n;
		is_gap = !is;
	}
	if (!is_gap || (s->stop == 0 && s->gaps > 0))
		return 0;
	return gap_tell(s, from, s->stop == 0 ? from : last > from ? last : from, err);
}

/* What the backup needs of the WAL that follows. */
static void
need_print(const struct lineage *lineage, uint64_t stop, char need[80])
{
	char to[LSN_TEXT];

	if (stop > lineage->position)
		snprintf(need, 80, "the backup needs %sup to %s",
		    lineage->records == 0 ? "the WAL " : "it ", lsn_print(to, stop));
	else
		snprintf(need, 80, "%s",
		    stop ? "later segments are there" : "the backup ends later");
}

/* Where is the last segment that is looked for? */
static uint64_t
last_of(const struct search *s, const struct lineage *lineage)
{
	return s->stop > lineage->missing_lsn ? walname_last_segment(s->stop, s->size) :
						lineage->last_lsn / s->size;
}

int
walgap_judge(const struct walgap *g, const struct walhistory *h,
    const struct lineage *lineage, uint64_t stop, struct error *err)
{
	struct search s = { .gap = g, .h = h, .size = g->segment_size };
	char at[LSN_TEXT], path[PATH_SIZE], why[160], need[80];
	const uint64_t first = lineage->missing_lsn / s.size;
	struct memberset_row *row;

	snprintf(path, sizeof(path), LAYOUT_WAL "/%s", lineage->missing);
	if (memberset_find(g->members, path, &row, err))
		return -1;
	if (row && row->type == TAR_FILE && row->is_not_read)
		return 0; /* it is there, and why it could not be read was told */
	need_print(lineage, stop, need);
	lsn_print(at, lineage->position);
	if (row && row->type == TAR_FILE)
		return findings_add(g->findings, FINDINGS_WAL,
		    &(struct findings_location){ .member = path }, err,
		    "is out of order and could not be read: the WAL is complete up to %s, %s",
		    at, need);
	s.stop = stop > lineage->missing_lsn ? stop : 0;
	snprintf(why, sizeof(why), "the WAL is complete up to %s, but %s", at, need);
	s.is_first = lineage->records == 0;
	s.why = s.is_first ? need : why;
	return search(&s, first, last_of(&s, lineage), err);
}

int
walgap_all(const struct walgap *g, uint64_t start, uint32_t timeline, uint64_t stop,
    struct error *err)
{
	struct search s = { .gap = g, .size = g->segment_size, .stop = stop };
	const uint64_t first = walname_segment(start, s.size);
	struct walhistory single = { 0 };
	char why[96], lsn[LSN_TEXT];
	int rc;

	if (walhistory_single(&single, timeline, err))
		return -1;
	snprintf(why, sizeof(why), "the backup has no WAL, but needs it from %s on",
	    lsn_print(lsn, start));
	s.h = &single;
	s.why = why;
	rc = search(&s, first, stop ? walname_last_segment(stop, s.size) : first, err);
	walhistory_free(&single);
	return rc;
}
