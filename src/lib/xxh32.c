/*
 * Four lanes take 4 bytes of 16 each; what is left over is mixed in after them.  Each lane has an
 * addition, a rotation and a multiplication at a time.  gcc makes vectors of the lanes, and as SSE2
 * cannot multiply them, some twenty instructions of each multiplication: that is three times as slow.
 * An empty instruction that may change a lane keeps it from doing so.
 */
#include "lib/xxh32.h"

#include "lib/bytes.h"

static const uint32_t prime[] = { 0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x27D4EB2F,
	0x165667B1 };

enum { STRIPE = 16 };

static inline uint32_t
rotated(uint32_t value, unsigned bits)
{
	return value << bits | value >> (32 - bits);
}

static inline uint32_t
lane_next(uint32_t lane, const uint8_t *word)
{
	lane = rotated(lane + get_u32le(word) * prime[1], 13) * prime[0];
#ifdef __GNUC__
	__asm__("" : "+r"(lane));
#endif
	return lane;
}

/* The stripes at ${at}; *len becomes what is less than one. */
static uint32_t
stripes(const uint8_t **at, size_t *len)
{
	uint32_t a = prime[0] + prime[1], b = prime[1], c = 0, d = 0 - prime[0];

	for (; *len >= STRIPE; *at += STRIPE, *len -= STRIPE) {
		a = lane_next(a, *at);
		b = lane_next(b, *at + 4);
		c = lane_next(c, *at + 8);
		d = lane_next(d, *at + 12);
	}
	return rotated(a, 1) + rotated(b, 7) + rotated(c, 12) + rotated(d, 18);
}

uint32_t
xxh32(const void *bytes, size_t len)
{
	const uint8_t *at = bytes;
	size_t left = len;
	uint32_t sum = (len < STRIPE ? prime[4] : stripes(&at, &left)) + (uint32_t)len;

	for (; left >= 4; at += 4, left -= 4)
		sum = rotated(sum + get_u32le(at) * prime[2], 17) * prime[3];
	for (; left > 0; at++, left--)
		sum = rotated(sum + *at * prime[4], 11) * prime[0];
	sum = (sum ^ sum >> 15) * prime[1];
	sum = (sum ^ sum >> 13) * prime[2];
	return sum ^ sum >> 16;
}
