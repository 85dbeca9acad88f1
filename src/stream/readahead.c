/*
 * A ring of blocks between a thread that fills them and one that empties them.
 *
 * The filler, which is started by readahead_push(), reads the source below into the block
 * after the last full one, and waits when none is empty.  The reader, whoever calls read(),
 * copies out of the first full one and waits until one is full.  The lock guards the count
 * of full blocks and the filler's end; what is in a block belongs to one side, and changes
 * hands with the count.  An error of the source below waits until the bytes before it were read.
 *
 * The filler leaves when the source has ended or failed, or when `leaves` is set: by free(),
 * which then joins it.  It may be stuck in a read() of a pipe: free() and readahead_cut()
 * send it INTERRUPT_KICK, which ends that call; since the signal may come just before the
 * call, free() sends it until the filler has left, and whoever cuts does it again.
 */
#include "stream/readahead.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/interrupt.h"
#include "lib/sys.h"

enum { BLOCKS = 8, BLOCK = 512 * 1024, KICK_MS = 20 };

struct block {
	size_t len;
	uint8_t bytes[BLOCK];
};

struct readahead {
	struct source source;
	struct source *below; /* owned; the filler's */
	const struct cancel *cancel;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	size_t first, full; /* full blocks: which, how many */
	bool has_left;      /* the filler; then: */
	bool has_failed;
	struct error why;
	bool leaves; /* it is to leave */
	size_t at;   /* in the first full block: the reader's */
	struct block *blocks;
};

/* ---- the filler ---- */

static int
fill(struct readahead *r, struct block *b, bool *is_end, struct error *err)
{
	size_t got;

	for (b->len = 0; b->len < BLOCK; b->len += got) {
		if (source_read(r->below, b->bytes + b->len, BLOCK - b->len, &got, err))
			return -1;
		if (got == 0) {
			*is_end = true;
			break;
		}
	}
	return 0;
}

/* The block to be filled next; NULL: leave. */
static struct block *
await_empty(struct readahead *r)
{
	struct block *b = NULL;

	pthread_mutex_lock(&r->lock);
	while (r->full == BLOCKS && !r->leaves)
		pthread_cond_wait(&r->changed, &r->lock);
	if (!r->leaves)
		b = &r->blocks[(r->first + r->full) % BLOCKS];
	pthread_mutex_unlock(&r->lock);
	return b;
}

static void *
run_filler(void *arg)
{
	struct readahead *r = arg;
	struct error err = { 0 };
	bool is_end = false;
	struct block *b;
	int rc = 0;

	sys_thread_name("basetar-reader");
	while (rc == 0 && !is_end && (b = await_empty(r)) != NULL) {
		rc = fill(r, b, &is_end, &err);
		pthread_mutex_lock(&r->lock);
		if (b->len > 0) /* of a source that failed too: what came before */
			r->full++;
		pthread_cond_broadcast(&r->changed);
		pthread_mutex_unlock(&r->lock);
	}
	pthread_mutex_lock(&r->lock);
	r->has_left = true;
	r->has_failed = rc == -1;
	r->why = err;
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

/* ---- the reader ---- */

/* Wait for a full block; false: there will be none. */
static bool
await_full(struct readahead *r)
{
	bool has_one;

	pthread_mutex_lock(&r->lock);
	while (r->full == 0 && !r->has_left && !cancel_is_raised(r->cancel))
		pthread_cond_wait(&r->changed, &r->lock);
	has_one = r->full > 0;
	pthread_mutex_unlock(&r->lock);
	return has_one;
}

static void
give_back(struct readahead *r)
{
	r->at = 0;
	pthread_mutex_lock(&r->lock);
	r->first = (r->first + 1) % BLOCKS;
	r->full--;
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
}

/* There is no block, and none will come. */
static int
end_of_it(struct readahead *r, struct error *err)
{
	int rc = 0;

	if (cancel_is_raised(r->cancel))
		return error_set(err, ERROR_CANCELLED, 0, "interrupted");
	pthread_mutex_lock(&r->lock);
	if (r->has_failed) {
		*err = r->why;
		rc = -1;
	}
	pthread_mutex_unlock(&r->lock);
	return rc;
}

static int
readahead_read(struct source *s, void *into, size_t len, size_t *got, struct error *err)
{
	struct readahead *r = (struct readahead *)s;
	const struct block *b;

	*got = 0;
	if (len == 0)
		return 0;
	if (!await_full(r))
		return end_of_it(r, err);
	b = &r->blocks[r->first];
	*got = len < b->len - r->at ? len : b->len - r->at;
	memcpy(into, b->bytes + r->at, *got);
	r->at += *got;
	if (r->at == b->len)
		give_back(r);
	return 0;
}

void
readahead_cut(struct source *s)
{
	struct readahead *r = (struct readahead *)s;

	pthread_mutex_lock(&r->lock);
	if (!r->has_left)
		pthread_kill(r->thread, INTERRUPT_KICK);
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
}

/* ---- the end ---- */

/* Until the filler has left, and let it have no doubt that it is to. */
static void
send_away(struct readahead *r)
{
	struct timespec until;

	pthread_mutex_lock(&r->lock);
	r->leaves = true;
	while (!r->has_left) {
		pthread_kill(r->thread, INTERRUPT_KICK);
		pthread_cond_broadcast(&r->changed);
		until = sys_after(CLOCK_REALTIME, KICK_MS);
		pthread_cond_timedwait(&r->changed, &r->lock, &until);
	}
	pthread_mutex_unlock(&r->lock);
	pthread_join(r->thread, NULL);
}

static void
release(struct readahead *r)
{
	pthread_cond_destroy(&r->changed);
	pthread_mutex_destroy(&r->lock);
	free(r->blocks);
	free(r);
}

static void
readahead_free(struct source *s)
{
	struct readahead *r = (struct readahead *)s;

	send_away(r);
	source_free(r->below);
	release(r);
}

static const struct source_ops readahead_ops = { readahead_read, readahead_free, NULL };

int
readahead_push(struct source **s, const struct cancel *cancel, struct error *err)
{
	struct readahead *r = calloc(1, sizeof(*r));
	int rc;

	if (r == NULL)
		return error_memory(err);
	r->source.ops = &readahead_ops;
	r->source.goes_on = (*s)->goes_on;
	r->below = *s;
	r->cancel = cancel;
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->changed, NULL);
	r->blocks = malloc(BLOCKS * sizeof(*r->blocks));
	rc = r->blocks ? pthread_create(&r->thread, NULL, run_filler, r) : 0;
	if (r->blocks == NULL || rc != 0) {
		const bool has_memory = r->blocks != NULL;

		release(r);
		return has_memory ?
		    error_set(err, ERROR_IO, rc, "could not create a thread") :
		    error_memory(err);
	}
	*s = &r->source;
	return 0;
}
