#ifndef PG_BASETAR_LIB_SETTLE_H
#define PG_BASETAR_LIB_SETTLE_H

#include <stdbool.h>

/*
 * How long to wait for a file that is not whole, and that a server may be writing right now.
 * It writes such a file in one or two calls, between which it may be interrupted: so there
 * are three waits, of 10, 90 and 400 milliseconds.  What is not whole after them is damaged.
 * After SETTLE_FILES such files that is damage, and not bad luck, and the first wait is
 * enough for each of the others: a damaged cluster is not to hold a backup up.
 */
#define SETTLE_FILES 20

struct settle {
	unsigned failed; /* files that did not become whole; 0 at first */
};

/*
 * A file is not whole after ${looks} looks, from 1 on.  True: the wait is over, and the caller
 * looks at the file again; a signal may have cut the wait short.  False: the file is damaged,
 * and counted.
 */
bool settle_wait(struct settle *, unsigned looks);

#endif
