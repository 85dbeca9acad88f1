#ifndef PG_BASETAR_SUPPORT_WALSAMPLE_H
#define PG_BASETAR_SUPPORT_WALSAMPLE_H

#include "support/walimage.h"

/*
 * WAL for tests that has every border a record can meet.
 */
struct walsample {
	const char *name;
	void (*make)(struct walimage *); /* in a started image */
};

enum { WALSAMPLE_COUNT = 16 };
extern struct walsample walsamples[WALSAMPLE_COUNT];

/* Those of them that tests damage. */
void walsample_small(struct walimage *);
void walsample_long_ones(struct walimage *);
void walsample_switch_zeros(struct walimage *);
void walsample_switch_headers(struct walimage *);
void walsample_abandoned(struct walimage *);
void walsample_promoted(struct walimage *);

#endif
