/*
 * One wrong page differs in several fields at once, so these are checked in the order in which a
 * difference explains most: never written, another release, another cluster, a recycled segment,
 * another timeline.
 */
#include "wal/walpage.h"

#include <inttypes.h>

#include "lib/bytes.h"
#include "lib/lsn.h"

enum { FLAG_CONTRECORD = 1, FLAG_LONG_HEADER = 2 };

struct page_header {
	uint16_t magic, flags;
	uint32_t timeline;
	uint64_t address;
	uint32_t record_rest;
};

static struct page_header
decode(const uint8_t *page)
{
	return (struct page_header){
		.magic = get_u16native(page),
		.flags = get_u16native(page + 2),
		.timeline = get_u32native(page + 4),
		.address = get_u64native(page + 8),
		.record_rest = get_u32native(page + 16),
	};
}

static bool
is_first_of_segment(const struct walpage_expect *e, uint64_t lsn)
{
	return lsn % e->segment_size == 0;
}

static bool
is_empty(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i] != 0)
			return false;
	return true;
}

/* The parts of a first page that say which cluster it is of. */
static int
check_long_header(const struct walpage_expect *e, const uint8_t *page, struct error *err)
{
	uint64_t id = get_u64native(page + 24);
	uint32_t segment_size = get_u32native(page + 32);
	uint32_t block_size = get_u32native(page + 36);

	if (id != e->system_identifier)
		return error_set(err, ERROR_FORMAT, 0,
		    "page is of another cluster: system identifier %" PRIu64
		    ", expected %" PRIu64,
		    id, e->system_identifier);
	if (segment_size != e->segment_size)
		return error_set(err, ERROR_FORMAT, 0,
		    "segment size %" PRIu32 ", expected %" PRIu32, segment_size,
		    e->segment_size);
	if (block_size != e->block_size)
		return error_set(err, ERROR_FORMAT, 0,
		    "page size %" PRIu32 ", expected %" PRIu32, block_size,
		    e->block_size);
	return 0;
}

static int
check_address(const struct walpage_expect *e, const struct page_header *h, uint64_t lsn,
    struct error *err)
{
	char found[LSN_TEXT];

	if (h->address == lsn)
		return 0;
	return error_set(err, ERROR_FORMAT, 0, "unexpected page address %s: %s",
	    lsn_print(found, h->address),
	    is_first_of_segment(e, lsn) ?
		"the segment was recycled, and its content is older" :
		"the page was not written since the segment was recycled");
}

/*
 * Who owns ${lsn} in the history of ${name_timeline}, which ends where that timeline
 * stands: what was written to it after the lineage had left it is its own as well.
 */
static int
check_timeline(const struct walpage_expect *e, uint32_t timeline, uint64_t lsn,
    uint32_t name_timeline, struct error *err)
{
	uint32_t owner;

	if (e->history == NULL) {
		if (timeline > 0 && timeline <= name_timeline)
			return 0;
		return error_set(err, ERROR_FORMAT, 0,
		    "timeline %" PRIu32 ", expected %" PRIu32 " at most", timeline,
		    name_timeline);
	}
	owner = walhistory_at(e->history, lsn);
	if (!walhistory_has(e->history, name_timeline))
		return error_set(err, ERROR_STATE, 0,
		    "timeline %" PRIu32
		    " of the file is not in the history of timeline %" PRIu32,
		    name_timeline, e->history->rows[e->history->count - 1].timeline);
	if (owner > name_timeline)
		owner = name_timeline;
	if (timeline != owner)
		return error_set(err, ERROR_FORMAT, 0,
		    "timeline %" PRIu32 ", expected %" PRIu32, timeline, owner);
	return 0;
}

static int
check_flags(const struct walpage_expect *e, const struct page_header *h, uint64_t lsn,
    struct error *err)
{
	bool is_long = h->flags & FLAG_LONG_HEADER;
	bool is_inside = h->flags & FLAG_CONTRECORD;

	if (h->flags & ~e->version->wal_page_flags)
		return error_set(err, ERROR_FORMAT, 0, "invalid flags %04X", h->flags);
	if (is_long != is_first_of_segment(e, lsn))
		return error_set(err, ERROR_FORMAT, 0, "invalid flags %04X: %s", h->flags,
		    is_long ? "they are those of the first page of a segment" :
			      "they are not those of the first page of a segment");
	if (is_inside != (h->record_rest != 0))
		return error_set(err, ERROR_FORMAT, 0,
		    "flags %04X do not match the %" PRIu32
		    " bytes that are left of a record",
		    h->flags, h->record_rest);
	return 0;
}

static int
check_header(const struct walpage_expect *e, const uint8_t *page, size_t len,
    uint64_t lsn, uint32_t name_timeline, struct error *err)
{
	bool is_first = is_first_of_segment(e, lsn);
	struct page_header h;

	if (len < (is_first ? WALPAGE_LONG_HEADER : WALPAGE_SHORT_HEADER))
		return error_set(
		    err, ERROR_FORMAT, 0, "header is cut short after %zu bytes", len);
	if (is_empty(page, len))
		return error_set(
		    err, ERROR_FORMAT, 0, "page is empty: it was never written");
	h = decode(page);
	if (h.magic != e->version->wal_magic)
		return error_set(err, ERROR_FORMAT, 0, "magic number %04X, expected %04X",
		    h.magic, e->version->wal_magic);
	if (check_flags(e, &h, lsn, err))
		return -1;
	if (is_first && check_long_header(e, page, err))
		return -1;
	if (check_address(e, &h, lsn, err))
		return -1;
	return check_timeline(e, h.timeline, lsn, name_timeline, err);
}

int
walpage_check(const struct walpage_expect *e, const uint8_t *page, size_t len,
    uint64_t lsn, uint32_t name_timeline, struct error *err)
{
	char at[LSN_TEXT];

	if (check_header(e, page, len, lsn, name_timeline, err))
		return error_wrap(err, "WAL page at %s", lsn_print(at, lsn));
	return 0;
}

static size_t
header_size(const struct walpage_expect *e, uint64_t lsn)
{
	return is_first_of_segment(e, lsn) ? WALPAGE_LONG_HEADER : WALPAGE_SHORT_HEADER;
}

uint64_t
walpage_first_record(const struct walpage_expect *e, const uint8_t *page, uint64_t lsn)
{
	uint64_t rest = decode(page).record_rest;

	for (;; lsn += e->block_size) {
		const size_t header = header_size(e, lsn), room = e->block_size - header;

		if (rest < room)
			/* records are aligned */
			return (lsn + header + rest + 7) / 8 * 8;
		rest -= room;
		if (rest == 0)
			return lsn + e->block_size;
	}
}
