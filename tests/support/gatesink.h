#ifndef PG_BASETAR_SUPPORT_GATESINK_H
#define PG_BASETAR_SUPPORT_GATESINK_H

#include <pthread.h>
#include <stdbool.h>

#include "lib/stream.h"

/*
 * A sink whose writes wait until the test lets them through to another: what comes
 * before it in a pipeline piles up meanwhile.  A plain struct of the test's.
 */
struct gatesink {
	struct sink sink;
	struct sink *below; /* borrowed */
	pthread_mutex_t lock;
	pthread_cond_t opened;
	bool is_open;
};

/* Shut at first. */
void gatesink_init(struct gatesink *, struct sink *below);

/* Let all pass from now on. */
void gatesink_open(struct gatesink *);

#endif
