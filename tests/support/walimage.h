#ifndef PG_BASETAR_SUPPORT_WALIMAGE_H
#define PG_BASETAR_SUPPORT_WALIMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wal/walpage.h"
#include "wal/walrecord.h"

/*
 * WAL for tests, written as a server writes it: records one after the other over pages
 * and segments, far smaller than real ones, so that everything meets a border soon.
 * What does not fit any more is an abort(): a test that asks for it is wrong.
 */
enum { WALIMAGE_PAGE = 128, WALIMAGE_SEGMENT = 8 * WALIMAGE_PAGE };
enum { WALIMAGE_SIZE = 8 * WALIMAGE_SEGMENT, WALIMAGE_RECORDS = 512 };

/* The first byte's LSN: a segment's start. */
#define WALIMAGE_START (UINT64_C(0x200000000) + 4 * WALIMAGE_SEGMENT)
#define WALIMAGE_ID UINT64_C(7710953701937684148)

/* The kinds that the tests write; any other will do as well. */
enum { WALIMAGE_XLOG = 0, WALIMAGE_TABLESPACE = 5, WALIMAGE_HEAP = 10 };
enum { WALIMAGE_SWITCH = 0x40, WALIMAGE_BACKUP_END = 0x50, WALIMAGE_OVERWRITE = 0xD0 };

struct walimage {
	const struct pg_version *version; /* that writes it */
	uint32_t timeline;                /* of the pages that begin from here on */
	uint64_t lsn;                     /* where the next byte goes */
	uint64_t prev;
	uint16_t flags; /* of the next page that begins, besides those it must have */
	struct walhistory history;
	uint8_t bytes[WALIMAGE_SIZE];

	/* the complete records, in their order; data is left out */
	size_t count;
	struct walrecord records[WALIMAGE_RECORDS];
};

/* No record yet, pages are of timeline 1, by PostgreSQL 15 or ${major}.  False: no memory. */
bool walimage_start(struct walimage *);
bool walimage_start_of(struct walimage *, unsigned major);
void walimage_free(struct walimage *);

/* A record with ${len} bytes after its header.  Its LSN is records[count - 1].lsn. */
void walimage_record(
    struct walimage *, uint8_t rmid, uint8_t info, const void *data, size_t len);

/* A record of nothing but main data, at most 255 bytes. */
void walimage_main(
    struct walimage *, uint8_t rmid, uint8_t info, const void *data, size_t len);

/* A record of the heap's, ${len} bytes long with its header, of some content. */
void walimage_heap(struct walimage *, size_t len);

/* ${count} such records, ${len} bytes long and a little more. */
void walimage_heaps(struct walimage *, size_t count, size_t len);

/*
 * Records of the heap's until the last one ends ${left} bytes before a page's end: a
 * multiple of 8 up to 64; or 0, just there.
 */
void walimage_until(struct walimage *, size_t left);

/* A switch, the rest of the segment zeros or pages with a header and no more. */
void walimage_switch(struct walimage *, bool has_headers);

/*
 * A record of ${len} bytes that breaks off with its ${pages}th page, and in the next
 * one the record that says so.
 */
void walimage_abandon(struct walimage *, size_t len, unsigned pages);

/* The end of a backup that began at ${start}. */
void walimage_backup_end(struct walimage *, uint64_t start);

/* The lineage leaves timeline 1 here; pages from here on are of timeline 2. */
void walimage_promote(struct walimage *);

/* The byte at ${lsn}. */
uint8_t *walimage_at(struct walimage *, uint64_t lsn);

/* Make the checksum of the record right again that lies in one page at ${lsn}. */
void walimage_seal(struct walimage *, uint64_t lsn);

/* What the pages have in common; ${w} outlives it. */
struct walpage_expect walimage_expect(const struct walimage *w);

#endif
