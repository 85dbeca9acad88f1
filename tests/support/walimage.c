#include "support/walimage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FLAG_CONTRECORD = 1, FLAG_LONG = 2 };

static void
put16(uint8_t *at, uint16_t value)
{
	memcpy(at, &value, sizeof(value));
}

static void
put32(uint8_t *at, uint32_t value)
{
	memcpy(at, &value, sizeof(value));
}

static void
put64(uint8_t *at, uint64_t value)
{
	memcpy(at, &value, sizeof(value));
}

uint8_t *
walimage_at(struct walimage *w, uint64_t lsn)
{
	if (lsn - WALIMAGE_START >= WALIMAGE_SIZE)
		abort();
	return w->bytes + (lsn - WALIMAGE_START);
}

/* The header of a page, if one begins here, inside a record with ${rest} bytes left. */
static void
begin_page(struct walimage *w, size_t rest)
{
	bool is_first = w->lsn % WALIMAGE_SEGMENT == 0;
	uint8_t *page;

	if (w->lsn % WALIMAGE_PAGE != 0)
		return;
	page = walimage_at(w, w->lsn);
	put16(page, w->version->wal_magic);
	put16(page + 2,
	    (uint16_t)(w->flags | (is_first ? FLAG_LONG : 0) |
		(rest > 0 ? FLAG_CONTRECORD : 0)));
	put32(page + 4, w->timeline);
	put64(page + 8, w->lsn);
	put32(page + 16, (uint32_t)rest);
	if (is_first) {
		put64(page + 24, WALIMAGE_ID);
		put32(page + 32, WALIMAGE_SEGMENT);
		put32(page + 36, WALIMAGE_PAGE);
	}
	w->flags = 0;
	w->lsn += is_first ? WALPAGE_LONG_HEADER : WALPAGE_SHORT_HEADER;
}

static uint64_t
round_up(uint64_t lsn, uint64_t to)
{
	return (lsn + to - 1) / to * to;
}

/* ${len} bytes of a record, of which it has ${rest} more after them. */
static void
put(struct walimage *w, const uint8_t *bytes, size_t len, size_t rest)
{
	for (; len > 0; len--) {
		begin_page(w, len + rest);
		*walimage_at(w, w->lsn++) = *bytes++;
	}
}

static void
make_header(const struct walimage *w, uint8_t header[WALRECORD_HEADER],
    const struct walrecord *rec)
{
	memset(header, 0, WALRECORD_HEADER);
	put32(header, rec->total_len);
	put32(header + 4, rec->xid);
	put64(header + 8, w->prev);
	header[16] = rec->info;
	header[17] = rec->rmid;
	put32(header + 20, walrecord_crc(header, rec->data, rec->len));
}

bool
walimage_start(struct walimage *w)
{
	return walimage_start_of(w, 15);
}

bool
walimage_start_of(struct walimage *w, unsigned major)
{
	struct error err;

	memset(w, 0, sizeof(*w));
	w->version = cluster_version(major);
	w->lsn = WALIMAGE_START;
	w->timeline = 1;
	w->prev = WALIMAGE_START - 4096;
	return walhistory_single(&w->history, 1, &err) == 0;
}

void
walimage_free(struct walimage *w)
{
	walhistory_free(&w->history);
}

void
walimage_promote(struct walimage *w)
{
	struct error err;
	char text[64];

	snprintf(text, sizeof(text), "1\t%X/%X\tno reason\n", (unsigned)(w->lsn >> 32),
	    (unsigned)w->lsn);
	walhistory_free(&w->history);
	if (walhistory_parse(text, strlen(text), 2, &w->history, &err))
		abort();
	w->timeline = 2;
}

void
walimage_record(
    struct walimage *w, uint8_t rmid, uint8_t info, const void *data, size_t len)
{
	struct walrecord *rec = &w->records[w->count];
	uint8_t header[WALRECORD_HEADER];

	if (++w->count > WALIMAGE_RECORDS)
		abort();
	begin_page(w, 0);
	*rec = (struct walrecord){
		.lsn = w->lsn,
		.prev = w->prev,
		.total_len = (uint32_t)(WALRECORD_HEADER + len),
		.xid = (uint32_t)w->count,
		.version = w->version,
		.rmid = rmid,
		.info = info,
		.data = data,
		.len = len,
	};
	make_header(w, header, rec);
	put(w, header, sizeof(header), len);
	put(w, data, len, 0);
	w->lsn = round_up(w->lsn, 8);
	rec->end_lsn = w->lsn;
	rec->data = NULL;
	w->prev = rec->lsn;
}

void
walimage_main(
    struct walimage *w, uint8_t rmid, uint8_t info, const void *data, size_t len)
{
	uint8_t bytes[2 + 255] = { 255, (uint8_t)len };

	if (len > 255)
		abort();
	memcpy(bytes + 2, data, len);
	walimage_record(w, rmid, info, bytes, 2 + len);
}

void
walimage_heap(struct walimage *w, size_t len)
{
	uint8_t bytes[WALIMAGE_SIZE];

	len -= WALRECORD_HEADER;
	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(i * 37 + len + 1);
	walimage_record(w, WALIMAGE_HEAP, 0x20, bytes, len);
}

void
walimage_heaps(struct walimage *w, size_t count, size_t len)
{
	for (size_t i = 0; i < count; i++)
		walimage_heap(w, len + i % 7);
}

/* Where the next record begins: after a page's header, if one has to come first. */
static uint64_t
next_record(const struct walimage *w)
{
	if (w->lsn % WALIMAGE_PAGE != 0)
		return w->lsn;
	if (w->lsn % WALIMAGE_SEGMENT != 0)
		return w->lsn + WALPAGE_SHORT_HEADER;
	return w->lsn + WALPAGE_LONG_HEADER;
}

void
walimage_until(struct walimage *w, size_t left)
{
	while ((w->lsn + left) % WALIMAGE_PAGE != 0) {
		uint64_t from = next_record(w);
		uint64_t end = from - from % WALIMAGE_PAGE + WALIMAGE_PAGE;
		uint64_t at = end - left % WALIMAGE_PAGE;

		walimage_heap(w,
		    at < from + WALRECORD_HEADER ? WALRECORD_HEADER :
						   (size_t)(at - from));
	}
}

void
walimage_switch(struct walimage *w, bool has_headers)
{
	uint64_t end;

	walimage_record(w, WALIMAGE_XLOG, WALIMAGE_SWITCH, NULL, 0);
	end = round_up(w->lsn, WALIMAGE_SEGMENT);
	w->records[w->count - 1].end_lsn = end;
	while (has_headers && round_up(w->lsn, WALIMAGE_PAGE) < end) {
		w->lsn = round_up(w->lsn, WALIMAGE_PAGE);
		begin_page(w, 0);
	}
	w->lsn = end;
}

void
walimage_abandon(struct walimage *w, size_t len, unsigned pages)
{
	struct walimage before = *w;
	uint64_t lsn, end, prev = w->prev;
	uint8_t data[16] = { 0 };

	walimage_heap(w, len);
	lsn = w->records[--w->count].lsn;
	end = lsn / WALIMAGE_PAGE * WALIMAGE_PAGE + (uint64_t)pages * WALIMAGE_PAGE;
	if (w->lsn <= end)
		abort();
	/* what came after its pages never came */
	memcpy(walimage_at(w, end), before.bytes + (end - WALIMAGE_START),
	    (size_t)(w->lsn - end));
	w->lsn = end;
	w->prev = prev;
	w->flags = w->version->wal_overwrite_flag;
	put64(data, lsn);
	walimage_main(w, WALIMAGE_XLOG, WALIMAGE_OVERWRITE, data, sizeof(data));
}

void
walimage_backup_end(struct walimage *w, uint64_t start)
{
	uint8_t data[8];

	put64(data, start);
	walimage_main(w, WALIMAGE_XLOG, WALIMAGE_BACKUP_END, data, sizeof(data));
}

void
walimage_seal(struct walimage *w, uint64_t lsn)
{
	uint8_t *header = walimage_at(w, lsn);
	struct walrecord rec;
	uint32_t crc;

	walrecord_decode(header, &rec, &crc);
	crc = walrecord_crc(
	    header, header + WALRECORD_HEADER, rec.total_len - WALRECORD_HEADER);
	put32(header + 20, crc);
}

struct walpage_expect
walimage_expect(const struct walimage *w)
{
	return (struct walpage_expect){
		.version = w->version,
		.system_identifier = WALIMAGE_ID,
		.segment_size = WALIMAGE_SEGMENT,
		.block_size = WALIMAGE_PAGE,
		.history = &w->history,
	};
}
