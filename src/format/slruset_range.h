#ifndef PG_BASETAR_FORMAT_SLRUSET_RANGE_H
#define PG_BASETAR_FORMAT_SLRUSET_RANGE_H

#include "format/slruset.h"

struct slruset_range {
	/* it was given out before the checkpoint: so its page is there, */
	bool has_last;
	bool has_first; /* and all from the first on */
	uint64_t first, last;
	uint64_t ended; /* the last that must have left a trace */
};

/* Of that kind; ${per_page}: slru_page_numbers(). */
struct slruset_range slruset_range_of(
    const struct slruset_cluster *cluster, enum slru_kind kind, uint64_t per_page);

#endif
