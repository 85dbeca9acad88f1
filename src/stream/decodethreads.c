/* The threads of a decodepool: the cutter and the workers.  The essay is in decodepool.c. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/interrupt.h"
#include "lib/sys.h"
#include "stream/decodepool_internal.h"

enum {
	READ = 256 * 1024,   /* of the source below at once */
	SERIAL = 512 * 1024, /* in a slot that is filled with what is decoded already */
	KICK_MS = 20
};

/* ---- workers ---- */

enum slot_state
decodethreads_decode(const struct decodepool *p, void *decoder, struct slot *slot)
{
	bool is_sound = true;

	buf_clear(&slot->out);
	slot->sum = (struct codec_sum){ 0 };
	if (slot->has_content &&
	    p->chunks->decode(decoder, slot->in.data, slot->in.len, &slot->out,
		&slot->sum, &is_sound, &slot->err))
		is_sound = false;
	return is_sound ? SLOT_DECODED : SLOT_UNSOUND;
}

/* The next chunk to decode, or NULL: leave. */
static struct slot *
take_chunk(struct decodepool *p)
{
	struct slot *slot = NULL;

	pthread_mutex_lock(&p->lock);
	while (!p->leaves && slot == NULL)
		if (p->taken == p->cut || p->wants_rest)
			pthread_cond_wait(&p->changed, &p->lock);
		else if ((slot = decodepool_slot(p, p->taken++))->state != SLOT_CUT)
			slot = NULL; /* the reader has it */
	if (slot)
		slot->state = SLOT_DECODING;
	pthread_mutex_unlock(&p->lock);
	return slot;
}

static void *
run_worker(void *arg)
{
	struct decodepool *p = arg;
	struct slot *slot;
	void *decoder;

	sys_thread_name("basetar-decoder");
	pthread_mutex_lock(&p->lock);
	decoder = p->decoders[p->next_decoder++];
	pthread_mutex_unlock(&p->lock);
	while ((slot = take_chunk(p)) != NULL) {
		enum slot_state state = decodethreads_decode(p, decoder, slot);

		pthread_mutex_lock(&p->lock);
		slot->state = state;
		pthread_cond_broadcast(&p->changed);
		pthread_mutex_unlock(&p->lock);
	}
	return NULL;
}

/* ---- the cutter ---- */

static int
read_on(struct decodepool *p, struct error *err)
{
	struct buf *in = &p->input;
	size_t got;

	if (p->input_at > 0) {
		memmove(in->data, in->data + p->input_at, in->len - p->input_at);
		in->len -= p->input_at;
		p->input_at = 0;
	}
	if (buf_reserve(in, READ, err) ||
	    source_read(p->below, in->data + in->len, READ, &got, err))
		return -1;
	in->len += got;
	p->is_end = got == 0;
	return 0;
}

/* Put the next chunk into ${slot}; false: it found no chunk, whatever the reason. */
static bool
cut_chunk(struct decodepool *p, struct slot *slot)
{
	struct error err = { 0 };
	size_t seen = 0, size = 0;
	enum chunk_found found;

	buf_clear(&slot->in);
	for (;;) {
		found = p->chunks->find(p->input.data + p->input_at,
		    p->input.len - p->input_at, p->offset, &seen, &size,
		    &slot->has_content);
		if (found != CHUNK_MORE || p->is_end ||
		    p->input.len - p->input_at >= CHUNK_MOST)
			break;
		if (read_on(p, &err)) {
			p->is_end = true;
			p->end = err;
		}
	}
	if (found != CHUNK_FOUND)
		return false;
	if (buf_append(&slot->in, p->input.data + p->input_at, size, &slot->err))
		return false;
	p->input_at += size;
	p->offset += size;
	return true;
}

/* What is decoded already, of a source that failed too: what came before. */
static int
fill(struct decodepool *p, struct slot *slot, bool *is_end, struct error *err)
{
	size_t got;

	buf_clear(&slot->out);
	if (buf_reserve(&slot->out, SERIAL, err))
		return -1;
	for (; slot->out.len < SERIAL; slot->out.len += got) {
		if (source_read(p->below, slot->out.data + slot->out.len,
			SERIAL - slot->out.len, &got, err))
			return -1;
		if (got == 0) {
			*is_end = true;
			break;
		}
	}
	return 0;
}

/* An empty slot, in one way of working or the other; NULL: leave.  With the lock held. */
static struct slot *
await_empty(struct decodepool *p)
{
	while (!p->leaves &&
	    (p->wants_rest || p->has_stopped || p->cut - p->given == p->nslots)) {
		p->is_resting = p->wants_rest;
		pthread_cond_broadcast(&p->changed);
		pthread_cond_wait(&p->changed, &p->lock);
	}
	p->is_resting = false;
	return p->leaves ? NULL : decodepool_slot(p, p->cut);
}

/* With the lock held, but while it works. */
static int
cutter_fills(struct decodepool *p, struct slot *slot, bool *is_end, struct error *err)
{
	const bool is_serial = p->is_serial;
	bool is_cut = false;
	int rc = 0;

	pthread_mutex_unlock(&p->lock);
	if (is_serial)
		rc = fill(p, slot, is_end, err);
	else
		is_cut = cut_chunk(p, slot);
	pthread_mutex_lock(&p->lock);
	if (is_serial && slot->out.len > 0) {
		slot->state = SLOT_DECODED;
		p->cut++;
	} else if (!is_serial) {
		/* unsound: the reader comes to it last, and knows what is to be done */
		slot->state = is_cut ? SLOT_CUT : SLOT_UNSOUND;
		p->has_stopped = !is_cut;
		p->cut++;
	}
	pthread_cond_broadcast(&p->changed);
	return rc;
}

static void *
run_cutter(void *arg)
{
	struct decodepool *p = arg;
	struct error err = { 0 };
	bool is_end = false;
	struct slot *slot;
	int rc = 0;

	sys_thread_name("basetar-reader");
	pthread_mutex_lock(&p->lock);
	while (rc == 0 && !is_end && (slot = await_empty(p)) != NULL)
		rc = cutter_fills(p, slot, &is_end, &err);
	p->has_left = true;
	if (rc == -1) {
		p->has_failed = true;
		p->why = err;
	}
	pthread_cond_broadcast(&p->changed);
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

/* ---- beginning and end ---- */

int
decodethreads_start(struct decodepool *p, struct error *err)
{
	int rc = pthread_create(&p->cutter, NULL, run_cutter, p);

	p->has_cutter = rc == 0;
	for (; rc == 0 && p->workers && p->nworkers < p->jobs; p->nworkers += rc == 0)
		rc = pthread_create(&p->workers[p->nworkers], NULL, run_worker, p);
	return rc == 0 ? 0 : error_set(err, ERROR_IO, rc, "could not create a thread");
}

void
decodethreads_end(struct decodepool *p)
{
	struct timespec until;

	pthread_mutex_lock(&p->lock);
	p->leaves = true;
	pthread_cond_broadcast(&p->changed);
	while (p->has_cutter && !p->has_left) {
		pthread_kill(p->cutter, INTERRUPT_KICK);
		pthread_cond_broadcast(&p->changed);
		until = sys_after(CLOCK_REALTIME, KICK_MS);
		pthread_cond_timedwait(&p->changed, &p->lock, &until);
	}
	pthread_mutex_unlock(&p->lock);
	if (p->has_cutter)
		pthread_join(p->cutter, NULL);
	p->has_cutter = false;
	while (p->nworkers > 0)
		pthread_join(p->workers[--p->nworkers], NULL);
}
