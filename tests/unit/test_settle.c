/* How often, and how long, a file that is not whole is waited for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "lib/settle.h"

static double
seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Looks at a file until it is whole, which it is at the ${wanted}th look; 0: never. */
static unsigned
looks_at(struct settle *s, unsigned wanted)
{
	unsigned looks = 1;

	while (looks != wanted && settle_wait(s, looks))
		looks++;
	return looks;
}

static void
three_waits(void **state)
{
	static const struct {
		unsigned wanted, looks, failed;
		double least; /* seconds */
	} rows[] = {
		{ 1, 1, 0, 0 },
		{ 2, 2, 0, 0.01 },
		{ 4, 4, 0, 0.5 },
		{ 0, 4, 1, 0.5 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct settle s = { 0 };
		const double start = seconds();

		assert_int_equal(looks_at(&s, rows[i].wanted), rows[i].looks);
		assert_int_equal(s.failed, rows[i].failed);
		assert_true(seconds() - start >= rows[i].least);
	}
}

/* One that is whole again after others were damaged does not shorten the waits; many do. */
static void
many_files(void **state)
{
	static const struct {
		unsigned failed, looks;
	} rows[] = { { SETTLE_FILES - 1, 4 }, { SETTLE_FILES, 2 }, { 1000000, 2 } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct settle s = { .failed = rows[i].failed };

		assert_int_equal(looks_at(&s, 0), rows[i].looks);
		assert_int_equal(s.failed, rows[i].failed + 1);
		assert_int_equal(looks_at(&s, 2), 2);
		assert_int_equal(s.failed, rows[i].failed + 1);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_waits),
		cmocka_unit_test(many_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
