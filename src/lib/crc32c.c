/*
 * CRC-32C is the default digest of the manifest, so all files of a backup pass here.  It uses the
 * processor's own instruction, where there is one, as often as that can be started, and tables
 * elsewhere; and the CRCs of pieces that several threads read are combined into that of the file.
 */
#include "lib/crc32c.h"

#include <pthread.h>
#include <string.h>

/* The instructions, for one byte and for eight in little-endian order. */
#if defined(__x86_64__)
#include <nmmintrin.h>
#define WITH_CRC __attribute__((target("sse4.2")))
#define HAS_CRC __builtin_cpu_supports("sse4.2")
#define CRC_1(crc, byte) _mm_crc32_u8((crc), (byte))
#define CRC_8(crc, word) ((uint32_t)_mm_crc32_u64((crc), (word)))
#elif defined(__AARCH64EL__) && (defined(__linux__) || defined(__ARM_FEATURE_CRC32))
/*
 * ARMv8.0 may have them, and 8.1 must.  A compiler that builds for any of these offers its
 * intrinsics only within a target attribute that gcc and clang spell differently, and clang before
 * 16 not at all; the assembler has them everywhere.
 */
#if defined(__ARM_FEATURE_CRC32)
#define HAS_CRC true
#else
#include <sys/auxv.h>
#define HAS_CRC ((getauxval(AT_HWCAP) & HWCAP_CRC32) != 0)
#endif
#define WITH_CRC
#define CRC_1(crc, byte) crc_1((crc), (byte))
#define CRC_8(crc, word) crc_8((crc), (word))

static inline uint32_t
crc_1(uint32_t crc, uint8_t byte)
{
	__asm__(".arch_extension crc\n\tcrc32cb %w0, %w0, %w1" : "+r"(crc) : "r"(byte));
	return crc;
}

static inline uint32_t
crc_8(uint32_t crc, uint64_t word)
{
	__asm__(".arch_extension crc\n\tcrc32cx %w0, %w0, %x1" : "+r"(crc) : "r"(word));
	return crc;
}
#endif

/*
 * A CRC is the remainder of a polynomial over GF(2), divided by
 *
 *	P = x^32 + x^28 + x^27 + ... + 1
 *
 * In the reflected form used here bit 31 of a word is the coefficient of x^0 and bit 0
 * that of x^31, so that multiplying by x is a shift to the right, and a coefficient
 * that falls out, x^32, is replaced by its remainder POLY.
 *
 * Two facts carry this file:
 *
 *  - Zero bytes after a message multiply its remainder by x^8 each.  The inversions at
 *    start and end cancel when two CRCs meet, so crc(A B) is
 *    crc(A) * x^(8 * length of B) + crc(B), where + is exclusive or.
 *
 *  - The instruction for 8 bytes gives its result after three cycles, but a new one can
 *    start in each.  So three neighbouring stretches of equal length are summed at
 *    once, and the first two remainders are then moved over the stretches after them
 *    by the multiplication above.  For a length fixed beforehand that is linear in the
 *    32 bits, so four lookups, a byte each, do it.
 */
#define POLY 0x82F63B78U
#define ONE 0x80000000U /* the polynomial 1 */

static uint32_t
times_x(uint32_t a)
{
	return (a >> 1) ^ (POLY & -(a & 1));
}

static uint32_t
multiply(uint32_t a, uint32_t b)
{
	uint32_t product = 0;

	for (int i = 31; i >= 0; i--) {
		product ^= b & -(a >> i & 1);
		b = times_x(b);
	}
	return product;
}

/*
 * x^(2^k) mod P.  P is x + 1 times a primitive polynomial of degree 31, so the powers
 * of x repeat after 2^31 - 1, and x^(2^31) is x again: the table is a ring of 31.
 */
#define SQUARES 31
static const uint32_t squares[SQUARES] = {
	0x40000000U,
	0x20000000U,
	0x08000000U,
	0x00800000U,
	0x00008000U,
	0x82F63B78U,
	0x6EA2D55CU,
	0x18B8EA18U,
	0x510AC59AU,
	0xB82BE955U,
	0xB8FDB1E7U,
	0x88E56F72U,
	0x74C360A4U,
	0xE4172B16U,
	0x0D65762AU,
	0x35D73A62U,
	0x28461564U,
	0xBF455269U,
	0xE2EA32DCU,
	0xFE7740E6U,
	0xF946610BU,
	0x3C204F8FU,
	0x538586E3U,
	0x59726915U,
	0x734D5309U,
	0xBC1AC763U,
	0x7D0722CCU,
	0xD289CABEU,
	0xE94CA9BCU,
	0x05B74F3FU,
	0xA51E1F42U,
};

/* x^(8 * len): what ${len} zero bytes multiply a remainder by. */
static uint32_t
zeros_factor(uint64_t len)
{
	uint32_t factor = ONE;

	for (unsigned k = 3; len != 0; k++, len >>= 1)
		if (len & 1)
			factor = multiply(squares[k % SQUARES], factor);
	return factor;
}

uint32_t
crc32c_combine(uint32_t first, uint32_t second, uint64_t second_len)
{
	return multiply(zeros_factor(second_len), first) ^ second;
}

/*
 * The tables, made at first use.
 *
 * slices[n][b]: the remainder of byte b followed by n zero bytes.  Eight bytes at once
 * are eight lookups, the first byte's in slices[7].
 *
 * struct move, of[n][b]: byte n of a remainder, of value b, moved over a stretch.  Three
 * long stretches and 32 bytes are one page of PostgreSQL.
 */
#define LONG ((size_t)2720)
#define SHORT ((size_t)256)

struct move {
	uint32_t of[4][256];
};

static uint32_t slices[8][256];
static struct move over_long, over_short;
static bool has_instruction;
static pthread_once_t made = PTHREAD_ONCE_INIT;

static void
make_move(struct move *over, size_t len)
{
	uint32_t factor = zeros_factor(len);

	for (unsigned n = 0; n < 4; n++)
		for (uint32_t b = 0; b < 256; b++)
			over->of[n][b] = multiply(factor, b << (8 * n));
}

static void
make_slices(void)
{
	for (uint32_t b = 0; b < 256; b++) {
		uint32_t crc = b;

		for (int bit = 0; bit < 8; bit++)
			crc = times_x(crc);
		slices[0][b] = crc;
	}
	for (unsigned n = 1; n < 8; n++)
		for (unsigned b = 0; b < 256; b++) {
			uint32_t before = slices[n - 1][b];

			slices[n][b] = (before >> 8) ^ slices[0][before & 0xff];
		}
}

static void
make_tables(void)
{
	make_slices();
	make_move(&over_long, LONG);
	make_move(&over_short, SHORT);
#ifdef WITH_CRC
	has_instruction = HAS_CRC;
#endif
}

static uint32_t
get_u32le(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	    (uint32_t)p[3] << 24;
}

/* Slicing by 8; ${crc} is the bare remainder, not inverted. */
static uint32_t
sum_portable(uint32_t crc, const uint8_t *p, size_t len)
{
	for (; len >= 8; p += 8, len -= 8) {
		uint32_t a = get_u32le(p) ^ crc;
		uint32_t b = get_u32le(p + 4);

		crc = slices[7][a & 0xff] ^ slices[6][a >> 8 & 0xff] ^
		    slices[5][a >> 16 & 0xff] ^ slices[4][a >> 24] ^ slices[3][b & 0xff] ^
		    slices[2][b >> 8 & 0xff] ^ slices[1][b >> 16 & 0xff] ^
		    slices[0][b >> 24];
	}
	for (; len > 0; p++, len--)
		crc = (crc >> 8) ^ slices[0][(crc ^ *p) & 0xff];
	return crc;
}

uint32_t
crc32c_portable(uint32_t crc, const void *bytes, size_t len)
{
	pthread_once(&made, make_tables);
	return ~sum_portable(~crc, bytes, len);
}

#ifdef WITH_CRC

static inline uint64_t
word_at(const uint8_t *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

static inline uint32_t
moved(uint32_t crc, const struct move *over)
{
	return over->of[0][crc & 0xff] ^ over->of[1][crc >> 8 & 0xff] ^
	    over->of[2][crc >> 16 & 0xff] ^ over->of[3][crc >> 24];
}

/* Three stretches of ${stretch} bytes, which ${over} moves a remainder over. */
WITH_CRC static inline uint32_t
sum_three(uint32_t crc, const uint8_t *p, size_t stretch, const struct move *over)
{
	uint32_t second = 0, third = 0;

	for (size_t i = 0; i < stretch; i += 8) {
		crc = CRC_8(crc, word_at(p + i));
		second = CRC_8(second, word_at(p + stretch + i));
		third = CRC_8(third, word_at(p + 2 * stretch + i));
	}
	return moved(moved(crc, over) ^ second, over) ^ third;
}

WITH_CRC static uint32_t
sum_hardware(uint32_t crc, const uint8_t *p, size_t len)
{
	for (; len >= 3 * LONG; p += 3 * LONG, len -= 3 * LONG)
		crc = sum_three(crc, p, LONG, &over_long);
	for (; len >= 3 * SHORT; p += 3 * SHORT, len -= 3 * SHORT)
		crc = sum_three(crc, p, SHORT, &over_short);
	for (; len >= 8; p += 8, len -= 8)
		crc = CRC_8(crc, word_at(p));
	for (; len > 0; p++, len--)
		crc = CRC_1(crc, *p);
	return crc;
}

#else

static uint32_t
sum_hardware(uint32_t crc, const uint8_t *p, size_t len)
{
	return sum_portable(crc, p, len);
}

#endif

uint32_t
crc32c(uint32_t crc, const void *bytes, size_t len)
{
	pthread_once(&made, make_tables);
	if (has_instruction)
		return ~sum_hardware(~crc, bytes, len);
	return ~sum_portable(~crc, bytes, len);
}

bool
crc32c_is_hardware(void)
{
	pthread_once(&made, make_tables);
	return has_instruction;
}
