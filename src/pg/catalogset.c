/*
 * The rows of pg_tablespace and pg_database in the files of a cluster.  Which file is which only the
 * map tells, which may come later, so rows are taken from each file in global that has such ones.
 */
#include "pg/catalogset.h"

#include <stdlib.h>
#include <string.h>

#include "pg/catalogrow.h"
#include "pg/page.h"
#include "pg/relfile.h"
#include "pg/slru.h"
#include "pg/statefile.h"

/* Catalogs that the WAL changes, and that are remembered; there are fewer in global. */
enum { CHANGED_MOST = 256 };

struct found {
	struct catalogrow row;
	uint32_t relnode;
	bool is_whole; /* the page has a checksum, and that is right */
	uint64_t lsn;
};

/* Of pg_xact. */
struct segment {
	uint64_t number;
	uint8_t *bytes; /* room for all of it; NULL: none came */
	size_t len;
};

enum passing { OTHER, CATALOG, MAP, XACT };

struct catalogset {
	enum passing now;        /* what passes: */
	uint32_t relnode;        /* a catalog, */
	struct segment *segment; /* or one of pg_xact */

	struct found *found;
	size_t count, room;
	bool are_too_many;

	uint8_t map[STATEFILE_RELMAP_MOST];
	size_t map_len;
	struct segment segments[CATALOGSET_SEGMENTS];
	size_t nsegments;
	bool is_asked[SLRU_XACT_SEGMENTS]; /* by a row */
	uint32_t changed[CHANGED_MOST];
	size_t nchanged;

	struct catalogset_row *rows; /* of the last catalogset_find() */
};

int
catalogset_new(struct catalogset **out, struct error *err)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : error_memory(err);
}

void
catalogset_free(struct catalogset *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->nsegments; i++)
		free(s->segments[i].bytes);
	free(s->found);
	free(s->rows);
	free(s);
}

/* ---- which files ---- */

static bool
is_catalog(const char *path, uint32_t *relnode)
{
	static const char above[] = "global/";
	struct relfile file;

	if (strncmp(path, above, sizeof(above) - 1) != 0 ||
	    !relfile_parse(path + sizeof(above) - 1, &file) || file.is_temporary ||
	    file.fork != RELFILE_MAIN || file.segment != 0)
		return false;
	*relnode = file.relnode;
	return true;
}

/* As long as no row has come any may be. */
static bool
is_needed(const struct catalogset *s, uint64_t segment)
{
	return s->count == 0 || s->is_asked[segment];
}

/* Numbers of transactions begin again after the last: half of them are older than any one. */
static bool
is_older(uint64_t segment, uint64_t than)
{
	const uint64_t half = SLRU_XACT_SEGMENTS / 2;

	return (segment - than) % SLRU_XACT_SEGMENTS >= half;
}

/* Where one is kept; NULL: there are enough, and it is older than all of them. */
static struct segment *
place_for(struct catalogset *s, uint64_t number)
{
	struct segment *oldest = &s->segments[0];

	if (s->nsegments < CATALOGSET_SEGMENTS)
		return &s->segments[s->nsegments++];
	for (size_t i = 1; i < s->nsegments; i++)
		if (is_older(s->segments[i].number, oldest->number))
			oldest = &s->segments[i];
	return is_older(number, oldest->number) ? NULL : oldest;
}

static bool
begin_segment(struct catalogset *s, uint64_t number)
{
	s->segment = number < SLRU_XACT_SEGMENTS && is_needed(s, number) ?
	    place_for(s, number) :
	    NULL;
	if (s->segment == NULL)
		return false;
	s->segment->number = number;
	s->segment->len = 0;
	s->now = XACT;
	return true;
}

bool
catalogset_begin(struct catalogset *s, const char *path)
{
	enum slru_kind kind;
	uint64_t number;

	s->now = OTHER;
	if (is_catalog(path, &s->relnode))
		s->now = CATALOG;
	else if (strcmp(path, "global/pg_filenode.map") == 0) {
		s->now = MAP;
		s->map_len = 0;
	} else if (slru_locate(path, &kind, &number) && kind == SLRU_XACT)
		return begin_segment(s, number);
	return s->now != OTHER;
}

/* ---- their bytes ---- */

/* What became of that transaction is to be looked up, if the row names one. */
static void
ask_for(struct catalogset *s, uint32_t xid)
{
	if (xid != 0)
		s->is_asked[slru_xact_segment(xid)] = true;
}

static int
catalogset_add_row(struct catalogset *s, const struct found *row, struct error *err)
{
	const size_t room = s->room ? s->room * 2 : 64;
	struct found *found;

	if (s->count == CATALOGSET_MOST) {
		s->are_too_many = true;
		return 0;
	}
	if (s->count == s->room) {
		found = realloc(s->found, room * sizeof(*found));
		if (found == NULL)
			return error_memory(err);
		s->found = found;
		s->room = room;
	}
	s->found[s->count++] = *row;
	ask_for(s, row->row.made_by);
	ask_for(s, row->row.removed_by);
	return 0;
}

static int
take_page(struct catalogset *s, const uint8_t *page, uint64_t block, struct error *err)
{
	struct catalogrow rows[CATALOGROW_MOST];
	const size_t count = catalogrow_page(page, rows);
	struct page_header header;

	page_decode(page, &header);
	for (size_t i = 0; i < count; i++) {
		const struct found found = { .row = rows[i],
			.relnode = s->relnode,
			.is_whole = header.checksum != 0 && block <= UINT32_MAX &&
			    page_checksum(page, (uint32_t)block) == header.checksum,
			.lsn = header.lsn };

		if (catalogset_add_row(s, &found, err))
			return -1;
	}
	return 0;
}

static int
take_segment(struct catalogset *s, uint64_t at, const uint8_t *bytes, size_t len,
    struct error *err)
{
	struct segment *segment = s->segment;

	if (segment->bytes == NULL &&
	    (segment->bytes = malloc(SLRU_XACT_SEGMENT_BYTES)) == NULL)
		return error_memory(err);
	if (at >= SLRU_XACT_SEGMENT_BYTES)
		return 0;
	if (len > SLRU_XACT_SEGMENT_BYTES - at)
		len = SLRU_XACT_SEGMENT_BYTES - (size_t)at;
	memcpy(segment->bytes + at, bytes, len);
	segment->len = (size_t)at + len;
	return 0;
}

int
catalogset_bytes(struct catalogset *s, uint64_t at, const uint8_t *bytes, size_t len,
    struct error *err)
{
	switch (s->now) {
	case CATALOG:
		for (size_t i = 0; i + PAGE_BYTES <= len; i += PAGE_BYTES)
			if (take_page(s, bytes + i, (at + i) / PAGE_BYTES, err))
				return -1;
		return 0;
	case MAP:
		/* one that is longer is a finding of its own */
		if (at == 0 && len <= sizeof(s->map)) {
			memcpy(s->map, bytes, len);
			s->map_len = len;
		}
		return 0;
	case XACT:
		return take_segment(s, at, bytes, len, err);
	default:
		return 0;
	}
}

void
catalogset_changed(struct catalogset *s, uint32_t relnode)
{
	for (size_t i = 0; i < s->nchanged; i++)
		if (s->changed[i] == relnode)
			return;
	if (s->nchanged < CHANGED_MOST)
		s->changed[s->nchanged++] = relnode;
}

/* ---- which rows count ---- */

static bool
is_changed(const struct catalogset *s, uint32_t relnode)
{
	for (size_t i = 0; i < s->nchanged; i++)
		if (s->changed[i] == relnode)
			return true;
	return s->nchanged == CHANGED_MOST;
}

static enum slru_xact_status
status_of(const struct catalogset *s, uint32_t xid)
{
	for (size_t i = 0; i < s->nsegments; i++)
		if (s->segments[i].number == slru_xact_segment(xid))
			return slru_xact_status(
			    s->segments[i].bytes, s->segments[i].len, xid);
	return SLRU_XACT_UNKNOWN;
}

/* Does the row count, and as what? */
static bool
catalogset_judge_row(
    const struct catalogset *s, const struct found *f, enum catalogset_state *state)
{
	const enum slru_xact_status made = f->row.made_by ? status_of(s, f->row.made_by) :
							    SLRU_XACT_COMMITTED,
				    removed = f->row.removed_by ?
	    status_of(s, f->row.removed_by) :
	    SLRU_XACT_ABORTED;

	if (made == SLRU_XACT_ABORTED || removed == SLRU_XACT_COMMITTED)
		return false;
	*state = made == SLRU_XACT_COMMITTED && removed == SLRU_XACT_ABORTED &&
		!f->row.is_unclear && (f->is_whole || !is_changed(s, f->relnode)) ?
	    CATALOGSET_THERE :
	    CATALOGSET_UNCLEAR;
	return true;
}

static bool
precedes(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

static int
catalogset_compare(const void *a, const void *b)
{
	const struct catalogset_row *one = a, *other = b;

	if (one->oid != other->oid)
		return one->oid < other->oid ? -1 : 1;
	return (one->state > other->state) - (one->state < other->state);
}

/*
 * A row that was changed is there in several states: the surest counts.  Of transactions the oldest
 * that any of them has does, and DROP DATABASE was interrupted only if all of them say so.
 */
static size_t
merge(struct catalogset_row *rows, size_t count)
{
	size_t kept = 0;

	if (count > 0)
		qsort(rows, count, sizeof(*rows), catalogset_compare);
	for (size_t i = 0; i < count; i++) {
		struct catalogset_row *last = kept > 0 ? &rows[kept - 1] : NULL;

		if (last == NULL || last->oid != rows[i].oid) {
			rows[kept++] = rows[i];
			continue;
		}
		if (precedes(rows[i].frozen_xid, last->frozen_xid))
			last->frozen_xid = rows[i].frozen_xid;
		last->is_invalid = last->is_invalid && rows[i].is_invalid;
	}
	return kept;
}

bool
catalogset_file(const struct catalogset *s, enum catalogrow_kind kind, uint32_t *relnode)
{
	return statefile_mapped(s->map, s->map_len, (uint32_t)kind, relnode);
}

int
catalogset_find(struct catalogset *s, enum catalogrow_kind kind,
    const struct catalogset_row **rows, size_t *count, struct error *err)
{
	uint32_t relnode;
	size_t n = 0;

	*count = 0;
	free(s->rows);
	*rows = s->rows = calloc(s->count + 1, sizeof(*s->rows));
	if (s->rows == NULL)
		return error_memory(err);
	if (s->are_too_many || !catalogset_file(s, kind, &relnode))
		return 0;
	for (size_t i = 0; i < s->count; i++) {
		const struct found *f = &s->found[i];
		enum catalogset_state state;

		if (f->relnode == relnode && f->row.kind == kind &&
		    catalogset_judge_row(s, f, &state))
			s->rows[n++] = (struct catalogset_row){ f->row.oid, state, f->lsn,
				f->row.frozen_xid, f->row.is_invalid };
	}
	*count = merge(s->rows, n);
	return 0;
}

static bool
is_database(const struct catalogset_row *row)
{
	return !row->is_invalid || row->state == CATALOGSET_UNCLEAR;
}

int
catalogset_oldest_xid(struct catalogset *s, uint32_t *xid, struct error *err)
{
	const struct catalogset_row *rows;
	size_t count;

	*xid = 0;
	if (catalogset_find(s, CATALOGROW_DATABASE, &rows, &count, err))
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (is_database(&rows[i]) &&
		    (*xid == 0 || precedes(rows[i].frozen_xid, *xid)))
			*xid = rows[i].frozen_xid;
	}
	return 0;
}

int
catalogset_databases(struct catalogset *s, struct oidset *oids, struct error *err)
{
	const struct catalogset_row *rows;
	size_t count;

	if (catalogset_find(s, CATALOGROW_DATABASE, &rows, &count, err))
		return -1;
	for (size_t i = 0; i < count; i++)
		if (is_database(&rows[i]) && oidset_add(oids, rows[i].oid, err))
			return -1;
	return 0;
}
