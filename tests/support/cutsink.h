#ifndef PG_BASETAR_SUPPORT_CUTSINK_H
#define PG_BASETAR_SUPPORT_CUTSINK_H

#include <stdbool.h>

#include "lib/buf.h"
#include "lib/stream.h"

/*
 * A sink that keeps where each write ended, which is where a stream may come to be cut.
 * A plain struct of the test's; its bytes are the test's to buf_free().
 */
struct cutsink {
	struct sink sink;
	bool is_deaf; /* keeps no bytes */
	struct buf held;
	uint64_t len;
	uint64_t cuts[4096]; /* more writes than that are an error */
	size_t ncuts;
	size_t longest; /* of the writes */
};

void cutsink_init(struct cutsink *, bool is_deaf);

#endif
