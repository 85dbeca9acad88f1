#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "lib/crc32c.h"

enum { THREADS = 8, ALIGNMENTS = 9, BYTES = 3 * 8192 + 3 * 2720 + 3 * 256 + 77 };

static uint8_t bytes[BYTES + ALIGNMENTS];

static int
fill_bytes(void **state)
{
	uint64_t x = 88172645463325252U;

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		bytes[i] = (uint8_t)(x >> 32);
	}
	return 0;
}

static void *
sum_of_digits(void *into)
{
	*(uint32_t *)into = crc32c(0, "123456789", 9);
	return NULL;
}

/* The first call in the process comes from several threads at once. */
static void
first_use_by_threads(void **state)
{
	pthread_t threads[THREADS];
	uint32_t sums[THREADS];

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, sum_of_digits, &sums[i]), 0);
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(sums[i], 0xE3069283U);
	}
}

/* RFC 3720, appendix B.4, and the check value that every catalogue of CRCs has. */
static void
known_vectors(void **state)
{
	static const uint8_t read_10[48] = { 0x01, 0xC0, [16] = 0x14, [22] = 0x04,
		[27] = 0x14, [31] = 0x18, [32] = 0x28, [40] = 0x02 };
	uint8_t zeros[32] = { 0 }, ones[32], up[32], down[32];
	const struct {
		const void *at;
		size_t len;
		uint32_t crc;
	} rows[] = {
		{ "", 0, 0 },
		{ "a", 1, 0xC1D04330U },
		{ "123456789", 9, 0xE3069283U },
		{ zeros, 32, 0x8A9136AAU },
		{ ones, 32, 0x62A8AB43U },
		{ up, 32, 0x46DD794EU },
		{ down, 32, 0x113FDB5CU },
		{ read_10, 48, 0xD9963A56U },
	};

	(void)state;
	memset(ones, 0xff, sizeof(ones));
	for (uint8_t i = 0; i < 32; i++) {
		up[i] = i;
		down[i] = (uint8_t)(31 - i);
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(crc32c(0, rows[i].at, rows[i].len), rows[i].crc);
		assert_int_equal(
		    crc32c_portable(0, rows[i].at, rows[i].len), rows[i].crc);
	}
}

/* The definition, bit by bit. */
static uint32_t
by_bits(const uint8_t *at, size_t len)
{
	uint32_t crc = 0xFFFFFFFFU;

	for (size_t i = 0; i < len; i++) {
		crc ^= at[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0x82F63B78U : crc >> 1;
	}
	return ~crc;
}

/* Every length around each of the steps that the loops take, at every alignment. */
static void
paths_agree(void **state)
{
	static const size_t around[] = { 8, 256, 768, 1536, 2304, 2720, 8160, 8192, 16320,
		BYTES - 8 };

	(void)state;
	for (size_t i = 0; i < sizeof(around) / sizeof(around[0]); i++)
		for (size_t len = around[i] - 8; len <= around[i] + 8; len++) {
			const uint8_t *at = bytes + len % ALIGNMENTS;
			uint32_t crc = by_bits(at, len);

			assert_int_equal(crc32c_portable(0, at, len), crc);
			assert_int_equal(crc32c(0, at, len), crc);
		}
}

/* A message cut in two: chained, and combined of the two sums. */
static void
cut_anywhere(void **state)
{
	uint32_t whole = crc32c(0, bytes, BYTES);

	(void)state;
	for (size_t cut = 0; cut <= BYTES; cut += cut < 300 ? 1 : 97) {
		uint32_t first = crc32c(0, bytes, cut);
		uint32_t second = crc32c(0, bytes + cut, BYTES - cut);

		assert_int_equal(crc32c(first, bytes + cut, BYTES - cut), whole);
		assert_int_equal(crc32c_portable(first, bytes + cut, BYTES - cut), whole);
		assert_int_equal(crc32c_combine(first, second, BYTES - cut), whole);
	}
}

/*
 * Lengths that no memory holds: zeros, doubled from 1 byte to 2^63.  To put N zeros
 * after something twice is to put 2N after it once.
 */
static void
combine_far(void **state)
{
	uint32_t start = crc32c(0, "start", 5);
	uint32_t zeros = crc32c(0, "", 1);

	(void)state;
	for (int k = 0; k < 63; k++) {
		uint64_t len = UINT64_C(1) << k;
		uint32_t twice = crc32c_combine(zeros, zeros, len);
		uint32_t once = crc32c_combine(start, zeros, len);

		assert_int_equal(crc32c_combine(once, zeros, len),
		    crc32c_combine(start, twice, 2 * len));
		if (len == 16)
			assert_int_equal(twice, 0x8A9136AAU);
		zeros = twice;
	}
	assert_int_equal(crc32c_combine(start, 0, 0), start);
	assert_int_equal(crc32c_combine(0, start, 5), start);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_use_by_threads),
		cmocka_unit_test(known_vectors),
		cmocka_unit_test(paths_agree),
		cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(combine_far),
	};

	print_message("crc32c: %s\n",
	    crc32c_is_hardware() ? "the processor's instruction" : "no instruction here");
	return cmocka_run_group_tests(tests, fill_bytes, NULL);
}
