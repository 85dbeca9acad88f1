#ifndef PG_BASETAR_TESTS_GROWTH_H
#define PG_BASETAR_TESTS_GROWTH_H

#include <stddef.h>

/*
 * Does the work grow as its input does?  ${work} does that of ${n} rows and returns the
 * processor time it took of the thread, as growth_clock() tells it.  Ten times the rows must
 * not take more than thirty times as long; what is quadratic takes a hundred.  The shortest
 * of some runs counts, so that a busy machine does no harm.
 */
void growth_check(double (*work)(size_t n), size_t n);

/* Seconds. */
double growth_clock(void);

#endif
