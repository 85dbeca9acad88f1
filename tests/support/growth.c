#include "support/growth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

double
growth_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double
shortest(double (*work)(size_t), size_t n, int runs)
{
	double best = work(n);

	while (--runs > 0) {
		const double took = work(n);

		if (took < best)
			best = took;
	}
	return best;
}

void
growth_check(double (*work)(size_t), size_t n)
{
	double few = 0, many = 0;

	/*
	 * A neighbour that empties the processor's caches costs the larger one more, now and then;
	 * what grows with the square of n takes a hundred times as long every time.
	 */
	for (int attempt = 0; attempt < 5; attempt++) {
		few = shortest(work, n, 5);
		many = shortest(work, 10 * n, 3);
		if (many <= 30 * few)
			return;
	}
	fail_msg("%zu rows took %.6f s, %zu took %.6f s", n, few, 10 * n, many);
}
