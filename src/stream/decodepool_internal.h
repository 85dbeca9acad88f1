#ifndef PG_BASETAR_STREAM_DECODEPOOL_INTERNAL_H
#define PG_BASETAR_STREAM_DECODEPOOL_INTERNAL_H

/* What decodepool.c (the reader, the beginning and the end) and decodethreads.c share. */

#include <pthread.h>
#include <stdbool.h>

#include "codec/chunk.h"
#include "lib/cancel.h"
#include "lib/stream.h"

enum slot_state {
	SLOT_EMPTY,
	SLOT_CUT,      /* a chunk is in it */
	SLOT_DECODING, /* it is a worker's */
	SLOT_DECODED,
	SLOT_UNSOUND /* it holds no chunk, or a damaged one; or .err says what else went wrong */
};

struct slot {
	enum slot_state state;
	bool has_content; /* the chunk is to be decoded */
	struct buf in, out;
	struct codec_sum sum; /* of out */
	struct error err;
};

struct decodepool {
	struct source source;
	const struct cancel *cancel;
	const struct codec *codec;
	const struct chunk_methods *chunks; /* NULL: it cannot be cut */
	unsigned jobs;

	pthread_mutex_t lock; /* guards all from here to the states of the slots */
	pthread_cond_t changed;
	uint64_t given;  /* slots that were emptied: the first full one has this number */
	uint64_t taken;  /* slots below it are or were a worker's */
	uint64_t cut;    /* slots filled */
	bool leaves;     /* all threads are to leave */
	bool has_left;   /* the cutter */
	bool has_failed; /* after the slots that are full: */
	struct error why;
	bool is_serial;   /* the cutter decodes all */
	bool has_stopped; /* the cutter: what it filled last is no chunk */
	bool wants_rest; /* the cutter is to wait for is_serial, and no worker to begin */
	bool is_resting; /* the cutter does */

	struct slot *slots;
	size_t nslots;

	struct source *below; /* the cutter's, but while it rests; owned */
	struct buf input;     /* the cutter's, but while it rests: what was read of it, */
	size_t input_at;      /* and cut up to there */
	uint64_t offset;      /* of the stream: there */
	bool is_end;          /* there will be no more; then: */
	struct error end;     /* of a kind: why */

	size_t at;                 /* in the first full slot: the reader's */
	struct chunk_state *state; /* up to that slot: the reader's */
	void **decoders;           /* one for each worker, then the reader's */

	pthread_t cutter, *workers;
	size_t nworkers;
	size_t next_decoder; /* of the worker that starts */
	bool has_cutter;
};

static inline struct slot *
decodepool_slot(const struct decodepool *p, uint64_t number)
{
	return &p->slots[number % p->nslots];
}

/* Decode the chunk in ${slot}, which is the caller's, and say in .state how it went; without the lock. */
enum slot_state decodethreads_decode(
    const struct decodepool *, void *decoder, struct slot *slot);

/* Start them, the lock free.  Those that were started are decodethreads_end()'s, on failure too. */
MUST_CHECK int decodethreads_start(struct decodepool *, struct error *err);

/* Have all leave, and wait for it. */
void decodethreads_end(struct decodepool *);

#endif
