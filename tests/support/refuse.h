#ifndef PG_BASETAR_SUPPORT_REFUSE_H
#define PG_BASETAR_SUPPORT_REFUSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A kernel that refuses: what a file system without nameless files, without hard links,
 * or a disk that is full would answer, without one at hand.  The answer comes from the
 * kernel itself (a seccomp filter), so the program under test is the one we ship.
 */
struct refuse {
	long call;      /* SYS_... */
	unsigned arg;   /* refused only if the low half of this argument, from 0 on, */
	uint32_t mask;  /* under this mask (0: always) */
	uint32_t value; /* is that */
	int sys;        /* the errno it gets */
};

/*
 * Run ${run} with ${arg} in a thread for which the ${count} rows hold, and wait for it.
 * The thread may not use cmocka's assertions.  False, and nothing was run, where the
 * kernel has no such filters or does not let us: the test is to be skipped.
 */
bool refuse_run(const struct refuse *rows, size_t count, void (*run)(void *), void *arg);

#endif
