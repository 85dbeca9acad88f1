#ifndef PG_BASETAR_STREAM_BLOCKPIPE_INTERNAL_H
#define PG_BASETAR_STREAM_BLOCKPIPE_INTERNAL_H

/* What blockpipe.c (the threads) and blockplan.c (the planner's calls) share. */

#include <pthread.h>

#include "stream/block.h"

struct blockslot {
	struct block block;
	bool is_ready;
};

struct blockpipe {
	struct blockpipe_options opt;
	struct blockfile_count files;

	pthread_mutex_t lock; /* guards all from here to is_ready of the slots */
	pthread_cond_t work, ready, space;
	uint64_t planned, taken, written;
	uint64_t unread; /* blocks planned whose ranges have not all been read */
	bool complete;   /* the planner has no more */
	bool failed;     /* err says why */
	struct error err;
	size_t running; /* threads that have not left */

	struct blockslot *slots;
	size_t nslots;

	struct block *open; /* the planner's own from here */
	struct body *body;
	uint64_t planned_bytes;

	pthread_t *threads; /* the workers, then the writer */
	size_t nthreads;

	_Atomic uint64_t raw_out, out;
};

/* The slot of the block of that number. */
static inline struct blockslot *
blockpipe_slot(const struct blockpipe *p, uint64_t index)
{
	return &p->slots[index % p->nslots];
}

/* Keep the first error; everybody leaves.  With the lock held. */
void blockpipe_fail_locked(struct blockpipe *, const struct error *why);

/* Hand the open block, if there is one, over to the workers.  Planner. */
void blockpipe_submit(struct blockpipe *);

#endif
