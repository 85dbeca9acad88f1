/*
 * A page is judged by its header, its checksum and the limits of its backup's WAL, and by nothing
 * else: not by the relation that it is of.  Every page of a cluster passes here, so the
 * checksum is written in a form that a compiler puts into the widest registers there are.
 */
#include "pg/page.h"

#include <pthread.h>
#include <stddef.h>
#include <string.h>

#include "lib/bytes.h"

/*
 * The checksum takes a page as 64 rows of 32 words.  Each column is hashed alone, the
 * 32 hashes and the block number are combined: so 32 words can be hashed at once, and are
 * by a compiler that is told how wide the registers are.  One C function, inlined into one
 * function for each kind of processor.
 */
enum {
	LANES = 32,
	ROW = LANES * 4, /* bytes */
	LSN_HIGH_AT = 0, /* two halves, the high one first, whatever the byte order */
	LSN_LOW_AT = 4,
	CHECKSUM_AT = 8,
	FLAGS_AT = 10,
	LOWER_AT = 12,
	UPPER_AT = 14,
	SPECIAL_AT = 16,
	SIZE_AT = 18, /* a multiple of 256, plus the version of the layout */
	PRUNE_XID_AT = 20
};

#define PRIME 16777619U

static const uint32_t seeds[LANES] = { 0x5B1F36E9, 0xB8525960, 0x02AB50AA, 0x1DE66D2A,
	0x79FF467A, 0x9BB9F8A3, 0x217E7CD2, 0x83E13D2C, 0xF8D4474F, 0xE39EB970,
	0x42C6AE16, 0x993216FA, 0x7B093B5D, 0x98DAFF3C, 0xF718902A, 0x0B1C9CDB,
	0xE58F764B, 0x187636BC, 0x5D7B3BB1, 0xE73DE7DE, 0x92BEC979, 0xCCA6C0B2,
	0x304A0979, 0x85AA43D4, 0x783125BB, 0x6CA8EAA2, 0xE407EAC6, 0x4B5CFC3E,
	0x9FBF8C76, 0x15CA20BE, 0xF2CA9FD3, 0x959BD756 };

static const uint8_t zeros[PAGE_BYTES];

#define INLINE static inline __attribute__((always_inline))

/* Unrolled, so that the lanes stay in registers from row to row: twice as fast. */
INLINE void
mix_row(uint32_t lanes[LANES], const uint8_t *row)
{
#pragma GCC unroll 32
	for (size_t i = 0; i < LANES; i++) {
		uint32_t mixed = lanes[i] ^ get_u32native(row + 4 * i);

		lanes[i] = mixed * PRIME ^ mixed >> 17;
	}
}

/* The page's hash, its checksum taken as 0. */
INLINE uint32_t
hash_page(const uint8_t *page)
{
	uint32_t lanes[LANES], hash = 0;
	uint8_t first[ROW];

	memcpy(first, page, ROW);
	memset(first + CHECKSUM_AT, 0, 2);
	memcpy(lanes, seeds, sizeof(lanes));
	mix_row(lanes, first);
	for (size_t at = ROW; at < PAGE_BYTES; at += ROW)
		mix_row(lanes, page + at);
	/* so that the last rows reach every bit, too */
	mix_row(lanes, zeros);
	mix_row(lanes, zeros);
	for (size_t i = 0; i < LANES; i++)
		hash ^= lanes[i];
	return hash;
}

static uint32_t
hash_baseline(const uint8_t *page)
{
	return hash_page(page);
}

#if defined(__x86_64__)

__attribute__((target("avx2"))) static uint32_t
hash_avx2(const uint8_t *page)
{
	return hash_page(page);
}

__attribute__((target("avx512f"))) static uint32_t
hash_avx512(const uint8_t *page)
{
	return hash_page(page);
}

#define HAS(feature) (__builtin_cpu_supports(feature) != 0)
#else
#define hash_avx2 hash_baseline
#define hash_avx512 hash_baseline
#define HAS(feature) false
#endif

static uint32_t (*const hashes[PAGE_LEVELS])(
    const uint8_t *) = { hash_baseline, hash_avx2, hash_avx512 };
static enum page_level best;
static pthread_once_t chosen = PTHREAD_ONCE_INIT;

bool
page_has_level(enum page_level level)
{
	switch (level) {
	case PAGE_BASELINE:
		return true;
	case PAGE_AVX2:
		return HAS("avx2");
	case PAGE_AVX512:
		return HAS("avx512f");
	}
	return false;
}

static void
choose_best(void)
{
	best = page_has_level(PAGE_AVX512) ? PAGE_AVX512 :
	    page_has_level(PAGE_AVX2)      ? PAGE_AVX2 :
					     PAGE_BASELINE;
}

uint16_t
page_checksum_by(enum page_level level, const uint8_t page[PAGE_BYTES], uint32_t block)
{
	return (uint16_t)((hashes[level](page) ^ block) % 65535 + 1);
}

uint16_t
page_checksum(const uint8_t page[PAGE_BYTES], uint32_t block)
{
	pthread_once(&chosen, choose_best);
	return page_checksum_by(best, page, block);
}

void
page_decode(const uint8_t page[PAGE_BYTES], struct page_header *h)
{
	uint16_t size = get_u16native(page + SIZE_AT);

	*h = (struct page_header){
		.lsn = (uint64_t)get_u32native(page + LSN_HIGH_AT) << 32 |
		    get_u32native(page + LSN_LOW_AT),
		.checksum = get_u16native(page + CHECKSUM_AT),
		.flags = get_u16native(page + FLAGS_AT),
		.lower = get_u16native(page + LOWER_AT),
		.upper = get_u16native(page + UPPER_AT),
		.special = get_u16native(page + SPECIAL_AT),
		.size = size & 0xFF00,
		.layout = (uint8_t)size,
		.prune_xid = get_u32native(page + PRUNE_XID_AT),
	};
}

static struct page_verdict
judge_new(const uint8_t page[PAGE_BYTES])
{
	size_t at = 0;

	if (memcmp(page, zeros, PAGE_BYTES) == 0)
		return (struct page_verdict){ PAGE_NEW, 0, 0 };
	while (page[at] == 0)
		at++;
	return (struct page_verdict){ PAGE_NEW_NOT_ZERO, 0, at };
}

static struct page_verdict
judge_checksum(const uint8_t page[PAGE_BYTES], uint32_t block,
    const struct page_header *h, enum page_state if_right)
{
	uint16_t sum = page_checksum(page, block);

	if (sum != h->checksum)
		return (struct page_verdict){ PAGE_BAD_CHECKSUM, sum, h->checksum };
	return (struct page_verdict){ if_right, sum, h->checksum };
}

/* A page of which only garbage says that it is later proves nothing about the WAL. */
static struct page_verdict
judge_later(const uint8_t page[PAGE_BYTES], uint32_t block, const struct page_header *h,
    const struct page_limits *limits)
{
	const struct page_verdict later = { PAGE_LATER, limits->stop_lsn, h->lsn };
	struct page_verdict v;

	if (limits->no_checksums)
		return later;
	v = judge_checksum(page, block, h, PAGE_LATER);
	return v.state == PAGE_LATER ? later : v;
}

struct page_verdict
page_judge(
    const uint8_t page[PAGE_BYTES], uint32_t block, const struct page_limits *limits)
{
	struct page_header h;

	page_decode(page, &h);
	if (h.upper == 0 && !limits->no_checksums)
		return judge_new(page);
	if (h.lsn > limits->stop_lsn && h.lsn - limits->stop_lsn <= limits->later_most)
		return judge_later(page, block, &h, limits);
	if (limits->no_checksums)
		return (struct page_verdict){ PAGE_SOUND, 0, 0 };
	if (h.lsn > limits->stop_lsn)
		return (struct page_verdict){ PAGE_BEYOND_STOP, limits->stop_lsn, h.lsn };
	if (h.lsn > limits->start_lsn)
		return (struct page_verdict){ PAGE_REPLAYED, 0, h.lsn };
	return judge_checksum(page, block, &h, PAGE_SOUND);
}
