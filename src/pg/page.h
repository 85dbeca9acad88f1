#ifndef PG_BASETAR_PG_PAGE_H
#define PG_BASETAR_PG_PAGE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Pages of relation files: their header, their checksum, and what a copy of one is worth.
 * The layout and the algorithm are the same in every release (src/include/storage/bufpage.h,
 * checksum_impl.h; measured on 10 to 19).  Fields are in native byte order.
 */

/* What nearly every server has; other sizes, from 1024 to 32768, are known to exist. */
#define PAGE_BYTES 8192

struct page_header {
	uint64_t lsn; /* end of the last WAL record that changed the page */
	uint16_t checksum, flags;
	/* offsets; upper is 0 in a new page, never else */
	uint16_t lower, upper, special;
	uint16_t size;
	uint8_t layout; /* 4 since 8.3 */
	uint32_t prune_xid;
};

void page_decode(const uint8_t page[PAGE_BYTES], struct page_header *header);

/*
 * The checksum that this page must bear as block ${block} of its fork, counted through all
 * segments.  Never 0.  The one that it does bear is not looked at.
 */
uint16_t page_checksum(const uint8_t page[PAGE_BYTES], uint32_t block);

/* The same by one kind of instructions; only with those that page_has_level(). */
enum page_level { PAGE_BASELINE, PAGE_AVX2, PAGE_AVX512 };
#define PAGE_LEVELS 3
bool page_has_level(enum page_level level);
uint16_t page_checksum_by(
    enum page_level level, const uint8_t page[PAGE_BYTES], uint32_t block);

/* Which WAL belongs to the copy. */
struct page_limits {
	uint64_t start_lsn; /* replay begins here; PAGE_NO_LSN: nothing is replayed */
	/* and ends here, or earlier; PAGE_NO_LSN: nothing is known of it */
	uint64_t stop_lsn;
	/*
	 * Where it is known that there is no more WAL: an LSN no farther beyond the stop than
	 * this is that of a page of a later moment, and not garbage.  0: not known.
	 */
	uint64_t later_most;
	bool no_checksums; /* an LSN that is later is all that is looked for */
};
#define PAGE_NO_LSN UINT64_MAX

enum page_state {
	PAGE_SOUND, /* its checksum holds */
	/* all zeros: a relation was extended, and not yet written to */
	PAGE_NEW,
	/* changed since the start: may be torn, replay puts it whole */
	PAGE_REPLAYED,
	PAGE_LATER,        /* changed after the stop, where the WAL ends */
	PAGE_BAD_CHECKSUM, /* from here on: damaged */
	PAGE_NEW_NOT_ZERO, /* no checksum as in a new page, but not all zeros */
	PAGE_BEYOND_STOP,  /* changed by WAL that there is not: replay does not mend it */
	PAGE_CUT /* of a file that ends in the middle of it; page_judge() never says so */
};

/* Is the page damaged?  If the file is in use: or being written right now. */
static inline bool
page_is_bad(enum page_state state)
{
	return state >= PAGE_BAD_CHECKSUM;
}

/*
 * What is in conflict.  For PAGE_BAD_CHECKSUM the checksums, computed and borne; for
 * PAGE_NEW_NOT_ZERO 0 and the offset of the first byte that is not zero; for
 * PAGE_BEYOND_STOP and PAGE_LATER the stop and the page's LSN.  For PAGE_REPLAYED expected is 0, found
 * the page's LSN: to be compared with the stop once that is known.
 */
struct page_verdict {
	enum page_state state;
	uint64_t expected, found;
};

/*
 * Judge a copy of block ${block} (counted as above).
 *
 * A page carries the end of its last record as its LSN; so from a record at the start or
 * later it is greater than the start, and the first such record of a page has all of it.
 */
struct page_verdict page_judge(
    const uint8_t page[PAGE_BYTES], uint32_t block, const struct page_limits *limits);

#endif
