/*
 * The walk through WAL is a state machine that takes the bytes as they come, a page at most at a
 * time:
 *
 *	state             what comes                              next state
 *	BEFORE            the start position                      BETWEEN
 *	BETWEEN           the start of a record                   INSIDE
 *	BETWEEN           a whole record                          BETWEEN
 *	INSIDE            the end of the record                   BETWEEN
 *	INSIDE            a page that says it was abandoned       BETWEEN
 *	BETWEEN, INSIDE   the end of a switch record              FILLER
 *	FILLER            the next segment                        BETWEEN
 *	BETWEEN, INSIDE   the end of a record at the stop         DONE
 *
 * A record that is whole in one piece is checked where it lies; any other is put together in a
 * buffer, without the page headers in it.
 */
#include "wal/walreader.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bytes.h"
#include "lib/lsn.h"
#include "wal/walreader_check.h"
#include "wal/walreader_internal.h"

static uint64_t
round_up(uint64_t lsn, uint64_t to)
{
	return (lsn + to - 1) / to * to;
}

/* The record at next is whole: its header, what follows that, the LSN of its end. */
static int
deliver(struct walreader *r, struct walrecord *rec, const uint8_t *header, uint64_t end,
    struct error *err)
{
	end = round_up(end, WALRECORD_ALIGN);
	rec->lsn = r->next;
	rec->end_lsn = end;
	if (walrecord_is_switch(rec))
		rec->end_lsn = round_up(end, r->expect->segment_size);
	rec->version = r->expect->version;
	rec->data = header + WALRECORD_HEADER;
	rec->len = rec->total_len - WALRECORD_HEADER;
	if (walreader_check_crc(r, rec, header, err) ||
	    walreader_check_overwrite(r, rec, err) || walreader_check_end(r, end, err))
		return -1;
	if (r->sink && r->sink->record(r->sink, rec, err))
		return -1;
	r->prev = rec->lsn;
	r->next = r->end = rec->end_lsn;
	if (r->next >= r->stop_lsn)
		r->state = STATE_DONE;
	else
		r->state = r->next == end ? STATE_BETWEEN : STATE_FILLER;
	return 0;
}

/* What has come of a record that is not whole in one place: ${end} is where that ends. */
static int
look_inside(struct walreader *r, uint64_t end, struct error *err)
{
	if (r->total_len == 0 && r->buf.len >= sizeof(r->total_len)) {
		r->total_len = get_u32native(r->buf.data);
		if (walreader_check_length(r, r->total_len, err))
			return -1;
	}
	if (r->buf.len == WALRECORD_HEADER) {
		walrecord_decode(r->buf.data, &r->rec, &r->crc);
		if (walreader_check_header(r, &r->rec, err))
			return -1;
	}
	if (r->buf.len < WALRECORD_HEADER || r->buf.len < r->total_len)
		return 0;
	return deliver(r, &r->rec, r->buf.data, end, err);
}

/* The next bytes of the record that has begun; *at moves past what was taken. */
static int
walreader_go_on(
    struct walreader *r, const uint8_t *bytes, size_t len, size_t *at, struct error *err)
{
	size_t want = r->buf.len < WALRECORD_HEADER ? WALRECORD_HEADER : r->total_len;

	want -= r->buf.len;
	if (want > len - *at)
		want = len - *at;
	if (buf_append(&r->buf, bytes + *at, want, err))
		return -1;
	*at += want;
	return look_inside(r, r->lsn + *at, err);
}

/* The record that begins at ${at}: at once if it is whole, and its start if it is not. */
static int
walreader_begin(
    struct walreader *r, const uint8_t *bytes, size_t len, size_t *at, struct error *err)
{
	const uint8_t *header = bytes + *at;
	size_t left = len - *at;
	struct walrecord rec;

	if (left < WALRECORD_HEADER || get_u32native(header) > left) {
		buf_clear(&r->buf);
		r->total_len = 0;
		r->state = STATE_INSIDE;
		return walreader_go_on(r, bytes, len, at, err);
	}
	walrecord_decode(header, &rec, &r->crc);
	if (walreader_check_length(r, rec.total_len, err) ||
	    walreader_check_header(r, &rec, err))
		return -1;
	*at += rec.total_len;
	return deliver(r, &rec, header, r->lsn + *at, err);
}

/* The page's bytes from ${at} up to ${len}, the first of all having the LSN r->lsn. */
static int
take_records(
    struct walreader *r, const uint8_t *bytes, size_t len, size_t *at, struct error *err)
{
	while (*at < len) {
		int rc;

		if (r->state == STATE_INSIDE) {
			rc = walreader_go_on(r, bytes, len, at, err);
		} else if (r->state == STATE_BETWEEN && r->next < r->lsn + len) {
			*at = (size_t)(r->next - r->lsn);
			rc = walreader_begin(r, bytes, len, at, err);
		} else {
			break;
		}
		if (rc)
			return -1;
	}
	return 0;
}

static bool
is_empty(const uint8_t *bytes, size_t len)
{
	return len == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, len - 1) == 0);
}

static int
check_filler(
    const struct walreader *r, const uint8_t *bytes, size_t len, struct error *err)
{
	char at[LSN_TEXT], by[LSN_TEXT];

	if (is_empty(bytes, len))
		return 0;
	return error_set(err, ERROR_FORMAT, 0,
	    "WAL at %s: the rest of the segment is not empty, although the record at %s ended it",
	    lsn_print(at, r->lsn), lsn_print(by, r->prev));
}

/* The page is not what comes next: what its header says is left of a record. */
static int
bad_rest(const struct walreader *r, uint32_t found, uint64_t expected, struct error *err)
{
	char page[LSN_TEXT], at[LSN_TEXT];

	if (expected == 0)
		return error_set(err, ERROR_FORMAT, 0,
		    "WAL page at %s: %" PRIu32
		    " bytes are left of a record, expected the start of a record",
		    lsn_print(page, r->lsn), found);
	return error_set(err, ERROR_FORMAT, 0,
	    "WAL page at %s: %" PRIu32 " bytes are left of a record, expected %" PRIu64
	    " of the record at %s",
	    lsn_print(page, r->lsn), found, expected, lsn_print(at, r->next));
}

/* The first record of the page, if the next one may be that: it follows the header. */
static int
first_record(struct walreader *r, size_t header, uint32_t rest, struct error *err)
{
	char at[LSN_TEXT];

	if (r->next > r->lsn + header)
		return 0;
	if (r->next != r->lsn && r->next != r->lsn + header)
		return error_set(err, ERROR_FORMAT, 0,
		    "WAL position %s is within a page header", lsn_print(at, r->next));
	if (rest != 0)
		return bad_rest(r, rest, 0, err);
	r->next = r->lsn + header;
	return 0;
}

/* The page's header is sound; is the page what must come next? */
static int
place_page(struct walreader *r, const uint8_t *page, size_t header, struct error *err)
{
	uint16_t flags = get_u16native(page + 2);
	uint32_t rest = get_u32native(page + 16);

	if (r->state == STATE_INSIDE && flags & r->expect->version->wal_overwrite_flag) {
		r->abandoned = r->next;
		r->next = r->lsn;
		r->state = STATE_BETWEEN;
	}
	if (r->state == STATE_INSIDE) {
		uint64_t left = r->total_len - r->buf.len;

		return rest == left ? 0 : bad_rest(r, rest, left, err);
	}
	if (r->state == STATE_FILLER)
		return rest == 0 ? 0 : bad_rest(r, rest, 0, err);
	return first_record(r, header, rest, err);
}

/* Its timeline is one of the file's history; is it one of this lineage too? */
static int
note_timeline(struct walreader *r, const uint8_t *page, struct error *err)
{
	const uint32_t timeline = get_u32native(page + 4);
	struct walreader_timeline *last =
	    r->ntimelines > 0 ? &r->timelines[r->ntimelines - 1] : NULL;
	char at[LSN_TEXT];

	if (last && timeline == last->timeline) {
		last->last_lsn = r->lsn;
		return 0;
	}
	if (last && timeline < last->timeline)
		return error_set(err, ERROR_FORMAT, 0,
		    "WAL page at %s: timeline %" PRIu32
		    " after a page of timeline %" PRIu32,
		    lsn_print(at, r->lsn), timeline, last->timeline);
	if (r->ntimelines == WALREADER_TIMELINES)
		return error_set(err, ERROR_UNSUPPORTED, 0,
		    "WAL page at %s: the WAL has too many timelines",
		    lsn_print(at, r->lsn));
	r->timelines[r->ntimelines++] =
	    (struct walreader_timeline){ timeline, r->lsn, r->lsn };
	return 0;
}

/* The first bytes of a page; *at becomes the length of its header. */
static int
begin_page(
    struct walreader *r, const uint8_t *page, size_t len, size_t *at, struct error *err)
{
	size_t header = r->lsn % r->expect->segment_size == 0 ? WALPAGE_LONG_HEADER :
								WALPAGE_SHORT_HEADER;

	if (r->state == STATE_FILLER && r->lsn == r->next)
		r->state = STATE_BETWEEN;
	if (r->state == STATE_FILLER &&
	    (r->skips_filler ||
		(len >= WALPAGE_SHORT_HEADER && is_empty(page, WALPAGE_SHORT_HEADER))))
		return 0;
	if (walpage_check(r->expect, page, len, r->lsn, r->timeline, err) ||
	    note_timeline(r, page, err))
		return -1;
	*at = header;
	return place_page(r, page, header, err);
}

/* Bytes of one page; if they are its first, the header is among them. */
static int
take_page(struct walreader *r, const uint8_t *bytes, size_t len, struct error *err)
{
	size_t at = 0;

	if (r->lsn % r->expect->block_size == 0 && begin_page(r, bytes, len, &at, err))
		return -1;
	if (r->state == STATE_BEFORE && r->next < r->lsn + len)
		r->state = STATE_BETWEEN;
	if (take_records(r, bytes, len, &at, err))
		return -1;
	if (r->state != STATE_FILLER || r->skips_filler)
		return 0;
	return check_filler(r, bytes + at, len - at, err);
}

int
walreader_bytes(struct walreader *r, const uint8_t *bytes, size_t len, struct error *err)
{
	while (len > 0 && r->state != STATE_DONE) {
		uint32_t page = r->expect->block_size;
		size_t size = page - (size_t)(r->lsn % page);

		if (size > len)
			size = len;
		if (take_page(r, bytes, size, err))
			return -1;
		r->lsn += size;
		bytes += size;
		len -= size;
	}
	r->lsn += len;
	return 0;
}

int
walreader_new(
    struct walreader **out, const struct walreader_options *opt, struct error *err)
{
	struct walreader *r;
	char at[LSN_TEXT], stop[LSN_TEXT];

	*out = NULL;
	if (opt->start_lsn % WALRECORD_ALIGN != 0)
		return error_set(err, ERROR_FORMAT, 0, "no WAL record can begin at %s",
		    lsn_print(at, opt->start_lsn));
	if (opt->start_lsn >= opt->stop_lsn)
		return error_set(err, ERROR_FORMAT, 0,
		    "there is no WAL between the start position %s and the stop position %s",
		    lsn_print(at, opt->start_lsn), lsn_print(stop, opt->stop_lsn));
	r = calloc(1, sizeof(*r));
	if (r == NULL)
		return error_memory(err);
	r->expect = opt->expect;
	r->stop_lsn = opt->stop_lsn;
	r->skips_filler = opt->skips_filler;
	r->is_blind = opt->is_blind;
	r->sink = opt->sink;
	r->next = r->end = opt->start_lsn;
	r->prev = NONE;
	r->abandoned = NONE;
	*out = r;
	return 0;
}

int
walreader_segment(
    struct walreader *r, uint32_t name_timeline, uint64_t segment_lsn, struct error *err)
{
	uint64_t expected = r->lsn;
	char found[LSN_TEXT], at[LSN_TEXT];

	if (!r->has_begun)
		expected = r->next - r->next % r->expect->segment_size;
	if (segment_lsn != expected)
		return error_set(err, ERROR_STATE, 0,
		    "WAL segment begins at %s, expected the one that begins at %s",
		    lsn_print(found, segment_lsn), lsn_print(at, expected));
	r->has_begun = true;
	r->lsn = segment_lsn;
	r->timeline = name_timeline;
	return 0;
}

const struct walreader_timeline *
walreader_timeline(const struct walreader *r, size_t n)
{
	return n < r->ntimelines ? &r->timelines[n] : NULL;
}

int
walreader_clone(const struct walreader *r, struct walreader_sink *sink,
    struct walreader **out, struct error *err)
{
	struct walreader *copy = malloc(sizeof(*copy));

	*out = NULL;
	if (copy == NULL)
		return error_memory(err);
	*copy = *r;
	copy->buf = (struct buf){ 0 };
	copy->sink = sink;
	if (r->buf.len > 0 && buf_append(&copy->buf, r->buf.data, r->buf.len, err)) {
		walreader_free(copy);
		return -1;
	}
	*out = copy;
	return 0;
}

bool
walreader_is_done(const struct walreader *r)
{
	return r->state == STATE_DONE;
}

uint64_t
walreader_position(const struct walreader *r)
{
	return r->end;
}

int
walreader_finish(const struct walreader *r, struct error *err)
{
	return r->state == STATE_DONE ? 0 : walreader_ends_early(r, err);
}

void
walreader_free(struct walreader *r)
{
	if (r == NULL)
		return;
	buf_free(&r->buf);
	free(r);
}
