#include "support/pages.h"

#include <string.h>

static uint64_t
next(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *state >> 33;
}

static void
put_u16(uint8_t *at, unsigned value)
{
	const uint16_t v = (uint16_t)value;

	memcpy(at, &v, 2);
}

static void
put_u32(uint8_t *at, uint64_t value)
{
	const uint32_t v = (uint32_t)value;

	memcpy(at, &v, 4);
}

/* One column after the other, where the program takes one row after the other. */
uint16_t
pages_checksum(const uint8_t page[PAGE_BYTES], uint32_t block)
{
	static const char seeds[] =
	    "5B1F36E9 B8525960 02AB50AA 1DE66D2A 79FF467A 9BB9F8A3 217E7CD2 83E13D2C "
	    "F8D4474F E39EB970 42C6AE16 993216FA 7B093B5D 98DAFF3C F718902A 0B1C9CDB "
	    "E58F764B 187636BC 5D7B3BB1 E73DE7DE 92BEC979 CCA6C0B2 304A0979 85AA43D4 "
	    "783125BB 6CA8EAA2 E407EAC6 4B5CFC3E 9FBF8C76 15CA20BE F2CA9FD3 959BD756 ";
	uint64_t sum = 0;

	for (unsigned column = 0; column < 32; column++) {
		uint64_t hash = 0;

		for (unsigned digit = 0; digit < 8; digit++) {
			char c = seeds[column * 9 + digit];

			hash = hash * 16 + (uint64_t)(c <= '9' ? c - '0' : c - 'A' + 10);
		}
		for (unsigned row = 0; row < 66; row++) {
			uint32_t word = 0;

			if (row < 64)
				memcpy(&word, page + row * 128 + column * 4, 4);
			if (row == 0 && column == 2) /* pd_checksum and pd_flags */
				memset(&word, 0, 2);
			hash ^= word;
			hash = (hash * 16777619 % 4294967296) ^ (hash / 131072);
		}
		sum ^= hash;
	}
	return (uint16_t)((sum ^ block) % 65535 + 1);
}

void
pages_seal(uint8_t page[PAGE_BYTES], uint32_t block)
{
	put_u16(page + 8, pages_checksum(page, block));
}

void
pages_make(uint8_t page[PAGE_BYTES], uint32_t block, uint64_t lsn, uint64_t seed)
{
	for (unsigned at = 0; at < PAGE_BYTES; at++)
		page[at] = at < 28 || (at >= 200 && at < 3000) ? 0 : (uint8_t)next(&seed);
	put_u32(page, lsn >> 32);
	put_u32(page + 4, lsn);
	put_u16(page + 10, 4);
	put_u16(page + 12, 200);
	put_u16(page + 14, 3000);
	put_u16(page + 16, PAGE_BYTES);
	put_u16(page + 18, PAGE_BYTES + 4);
	pages_seal(page, block);
}
