/* Pages: the header, the checksum by every kind of instructions, the verdict. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pg/page.h"
#include "support/pages.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static uint8_t page[PAGE_BYTES];

static size_t
random_below(size_t below)
{
	static uint64_t state = 42;

	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (size_t)((state >> 33) % below);
}

/* ---- checksums ---- */

/* What page_checksum() of PostgreSQL 15's pageinspect says of the pages of these seeds. */
struct known {
	const char *name;
	uint64_t lsn, seed;
	uint32_t block;
	uint16_t checksum;
};

static struct known knowns[] = {
	{ "as pageinspect has it: first block", UINT64_C(0x1234567800000001), 1, 0,
	    54366 },
	{ "as pageinspect has it: second block", 0, 2, 1, 44034 },
	{ "as pageinspect has it: second segment", UINT64_C(0x100000000), 3, 131072,
	    40326 },
	{ "as pageinspect has it: last of a segment", UINT64_MAX, 4, 131071, 39137 },
	{ "as pageinspect has it: a far block", UINT64_C(0x16B374D848), 5, 0x7FFFFFFF,
	    52987 },
};

static void
checksum_is_known(void **state)
{
	const struct known *k = *state;

	pages_make(page, k->block, k->lsn, k->seed);
	assert_int_equal(page[8] | page[9] << 8, k->checksum);
	assert_int_equal(page_checksum(page, k->block), k->checksum);
	for (enum page_level level = 0; level < PAGE_LEVELS; level++)
		if (page_has_level(level))
			assert_int_equal(
			    page_checksum_by(level, page, k->block), k->checksum);
}

/* Whatever the bytes, the block and the alignment. */
static void
checksum_is_the_described_one(void **state)
{
	static uint8_t bytes[PAGE_BYTES + 64];

	(void)state;
	assert_true(page_has_level(PAGE_BASELINE));
	for (size_t i = 0; i < 300; i++) {
		uint32_t block = (uint32_t)random_below(UINT32_MAX);
		uint8_t *at = bytes + random_below(64);
		uint16_t expected;

		for (size_t n = 0; n < PAGE_BYTES; n++)
			at[n] = (uint8_t)random_below(i % 3 == 0 ? 2 : 256);
		expected = pages_checksum(at, block);
		assert_int_not_equal(expected, 0);
		assert_int_equal(page_checksum(at, block), expected);
		for (enum page_level level = 0; level < PAGE_LEVELS; level++)
			if (page_has_level(level))
				assert_int_equal(
				    page_checksum_by(level, at, block), expected);
		/* the one that stands there does not matter */
		at[8] ^= 0x55;
		assert_int_equal(page_checksum(at, block), expected);
	}
}

/* ---- header ---- */

static void
header_is_decoded(void **state)
{
	static const uint8_t bytes[24] = { 0x16, 0, 0, 0, 0x48, 0xD8, 0x74, 0xB3, 0x34,
		0x12, 5, 0, 0x40, 0x01, 0x00, 0x1F, 0xF0, 0x1F, 0x04, 0x20, 0x78, 0x56,
		0x34, 0x12 };
	struct page_header h;

	(void)state;
	memcpy(page, bytes, sizeof(bytes));
	page_decode(page, &h);
	assert_true(h.lsn == UINT64_C(0x16B374D848));
	assert_int_equal(h.checksum, 0x1234);
	assert_int_equal(h.flags, 5);
	assert_int_equal(h.lower, 0x140);
	assert_int_equal(h.upper, 0x1F00);
	assert_int_equal(h.special, 0x1FF0);
	assert_int_equal(h.size, PAGE_BYTES);
	assert_int_equal(h.layout, 4);
	assert_int_equal(h.prune_xid, 0x12345678);
	page[19] = 0x80;
	page_decode(page, &h);
	assert_int_equal(h.size, 32768);
}

/* ---- verdicts ---- */

#define START UINT64_C(0x500000028)
#define STOP UINT64_C(0x600000000)

struct row {
	const char *name;
	uint64_t lsn, start, stop;
	int zero_from, zero_to; /* bytes made zero; the checksum is made right before */
	int flip;               /* byte of which a bit is flipped then; -1: none */
	enum page_state state;
	uint64_t expected, found; /* of a bad checksum the test knows them itself */
};

static struct row rows[] = {
	{ "sound", START - 8, START, STOP, 0, 0, -1, PAGE_SOUND, 0, 0 },
	{ "sound, LSN 0", 0, START, STOP, 0, 0, -1, PAGE_SOUND, 0, 0 },
	{ "last record ends at the start", START, START, STOP, 0, 0, -1, PAGE_SOUND, 0,
	    0 },
	{ "that one, damaged", START, START, STOP, 0, 0, 500, PAGE_BAD_CHECKSUM, 0, 0 },
	{ "changed since", START + 8, START, STOP, 0, 0, -1, PAGE_REPLAYED, 0,
	    START + 8 },
	{ "changed since, torn", START + 8, START, STOP, 4096, 8192, -1, PAGE_REPLAYED, 0,
	    START + 8 },
	{ "changed at the very end", STOP, START, STOP, 0, 0, 9, PAGE_REPLAYED, 0, STOP },
	{ "beyond the stop", STOP + 1, START, STOP, 0, 0, -1, PAGE_BEYOND_STOP, STOP,
	    STOP + 1 },
	{ "damaged high half of the LSN", START - 8, START, STOP, 0, 0, 3,
	    PAGE_BEYOND_STOP, STOP, START - 8 + (UINT64_C(1) << 56) },
	{ "the stop is not known yet", STOP + 1, START, PAGE_NO_LSN, 0, 0, -1,
	    PAGE_REPLAYED, 0, STOP + 1 },
	{ "nothing is replayed", STOP, PAGE_NO_LSN, STOP, 0, 0, -1, PAGE_SOUND, 0, 0 },
	{ "nothing is replayed, torn", STOP, PAGE_NO_LSN, STOP, 4096, 8192, -1,
	    PAGE_BAD_CHECKSUM, 0, 0 },
	{ "nothing is replayed, beyond", STOP + 1, PAGE_NO_LSN, STOP, 0, 0, -1,
	    PAGE_BEYOND_STOP, STOP, STOP + 1 },
	{ "new", START - 8, START, STOP, 0, 8192, -1, PAGE_NEW, 0, 0 },
	{ "new but for the first byte", 0, START, STOP, 0, 8192, 0, PAGE_NEW_NOT_ZERO, 0,
	    0 },
	{ "new but for the last byte", 0, START, STOP, 0, 8192, 8191, PAGE_NEW_NOT_ZERO,
	    0, 8191 },
	{ "header gone", START - 8, START, STOP, 0, 512, -1, PAGE_NEW_NOT_ZERO, 0, 3000 },
	{ "upper gone, changed since", START + 8, START, STOP, 14, 16, -1,
	    PAGE_NEW_NOT_ZERO, 0, 0 },
	{ "second half lost", START - 8, START, STOP, 4096, 8192, -1, PAGE_BAD_CHECKSUM,
	    0, 0 },
	{ "no checksum", START - 8, START, STOP, 8, 10, -1, PAGE_BAD_CHECKSUM, 0, 0 },
};

static void
verdict_is(void **state)
{
	const struct row *r = *state;
	const struct page_limits limits = { .start_lsn = r->start, .stop_lsn = r->stop };
	struct page_verdict v;
	struct page_header h;

	pages_make(page, 77, r->lsn, 3);
	memset(page + r->zero_from, 0, (size_t)(r->zero_to - r->zero_from));
	if (r->flip >= 0)
		page[r->flip] ^= 1;
	v = page_judge(page, 77, &limits);
	assert_int_equal(v.state, r->state);
	assert_int_equal(page_is_bad(v.state), r->state > PAGE_REPLAYED);
	if (r->state == PAGE_BAD_CHECKSUM) {
		page_decode(page, &h);
		assert_int_equal(v.expected, pages_checksum(page, 77));
		assert_int_equal(v.found, h.checksum);
	} else if (r->state != PAGE_SOUND) {
		assert_true(v.expected == r->expected);
		assert_true(v.found == r->found);
	}
}

/* Where all WAL is known, with and without checksums: damage or a later moment? */
static void
later_than_the_wal(void **state)
{
	static const struct {
		uint64_t lsn;
		enum page_state sound, torn, unchecked;
	} cases[] = {
		{ START, PAGE_SOUND, PAGE_BAD_CHECKSUM, PAGE_SOUND },
		{ STOP, PAGE_REPLAYED, PAGE_REPLAYED, PAGE_SOUND },
		{ STOP + 1, PAGE_LATER, PAGE_BAD_CHECKSUM, PAGE_LATER },
		{ STOP + 4096, PAGE_LATER, PAGE_BAD_CHECKSUM, PAGE_LATER },
		{ STOP + 4097, PAGE_BEYOND_STOP, PAGE_BEYOND_STOP, PAGE_SOUND },
	};
	struct page_limits limits = {
		.start_lsn = START, .stop_lsn = STOP, .later_most = 4096
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		limits.no_checksums = false;
		pages_make(page, 77, cases[i].lsn, 3);
		assert_int_equal(page_judge(page, 77, &limits).state, cases[i].sound);
		page[5000] ^= 1;
		assert_int_equal(page_judge(page, 77, &limits).state, cases[i].torn);
		limits.no_checksums = true;
		assert_int_equal(page_judge(page, 77, &limits).state, cases[i].unchecked);
	}
	memset(page, 0, sizeof(page));
	page[100] = 1; /* of no server with checksums, which says what pages are */
	assert_int_equal(page_judge(page, 77, &limits).state, PAGE_SOUND);
}

/* Of 200 pages with one bit flipped, anywhere, none passes; nor does a page elsewhere. */
static void
flipped_bits_are_found(void **state)
{
	const struct page_limits limits = { .start_lsn = START, .stop_lsn = STOP };

	(void)state;
	for (size_t i = 0; i < 200; i++) {
		uint32_t block = (uint32_t)random_below(1 << 24);
		size_t bit = random_below(PAGE_BYTES * 8);
		/* a bit of the LSN that puts it between start and stop does pass */
		uint64_t lsn = bit < 64 ? 0 : START - random_below(100000);
		struct page_verdict v;

		pages_make(page, block, lsn, i);
		assert_int_equal(page_judge(page, block, &limits).state, PAGE_SOUND);
		assert_int_equal(
		    page_judge(page, block + 1, &limits).state, PAGE_BAD_CHECKSUM);
		page[bit / 8] ^= (uint8_t)(1 << bit % 8);
		v = page_judge(page, block, &limits);
		if (!page_is_bad(v.state))
			fail_msg("bit %zu of block %lu", bit, (unsigned long)block);
	}
}

int
main(void)
{
	const struct CMUnitTest fixed[] = {
		cmocka_unit_test(checksum_is_the_described_one),
		cmocka_unit_test(header_is_decoded),
		cmocka_unit_test(later_than_the_wal),
		cmocka_unit_test(flipped_bits_are_found),
	};
	struct CMUnitTest tests[COUNT(knowns) + COUNT(rows) + COUNT(fixed)];
	size_t n = 0;

	for (size_t i = 0; i < COUNT(knowns); i++)
		tests[n++] = (struct CMUnitTest){ .name = knowns[i].name,
			.test_func = checksum_is_known,
			.initial_state = &knowns[i] };
	for (size_t i = 0; i < COUNT(rows); i++)
		tests[n++] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = verdict_is,
			.initial_state = &rows[i] };
	memcpy(tests + n, fixed, sizeof(fixed));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
