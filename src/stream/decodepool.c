/*
 * Theory of operation
 *
 * The decoded stream goes through a ring of slots, numbered from 0: slot i is in place i modulo their
 * number.  A stream that can be cut (codec/chunk.h) passes three hands:
 *
 *	cutter	reads the source below, finds where the next chunk ends, without decoding it, and
 *		puts it into the slot: `cut` is the number of slots that it has filled.
 *	worker	takes the lowest chunk that no one took (`taken`), and decodes it.
 *	reader	whoever calls read(): copies the content out of the slots strictly in order
 *		(`given`), and thereby learns how far the stream is proved (`state`).
 *
 * Any other stream passes two: the cutter decodes all of it, and puts the content into
 * the slots.  This is called serial here.
 *
 * From chunks to serial.  The cutter may find no chunk: a frame that is too large, a stream that was not
 * made of blocks, the end.  A worker may find that what was cut is not sound.  In both cases the slot is
 * marked SLOT_UNSOUND, and nothing happens until the reader comes to it.  By then all before it has been
 * handed out and was sound, so the reader knows the state that the decoder of streams would have
 * there.  It has the cutter rest and the workers finish, takes what all slots from this one on
 * and the cutter hold of the compressed stream, puts it back in front of the source, sets the decoder of
 * streams up in that state, and has the cutter go on with it, to the end.  So whatever is wrong with a
 * stream is found out, and said, by the one decoder of streams, at the place where it would find
 * it alone, and it has handed out the same bytes before.
 *
 * A guess.  What looks like the end of a chunk may be within one (is_guess): then that chunk and the
 * next are not sound, and both together are.  The reader tries that first; otherwise one such place,
 * of which there is one in some gigabytes, would have the rest decoded by one thread.
 *
 * One mutex guards the counts and the states of the slots, with one condition, since there are few
 * threads and the slots are large.  What is in a slot belongs to one hand, and changes hands with its
 * state; the source, and what was read of it, belong to the reader while the cutter rests.
 *
 * The end.  All leave when `leaves` is set, by free(), which joins them.  The cutter may be stuck in a
 * read() of a pipe: free() and decodepool_cut() send it INTERRUPT_KICK, which ends that call; since the
 * signal may come just before the call, free() sends it until the cutter has left, and whoever
 * cuts does it again.
 */
#include "stream/decodepool.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "codec/decoded.h"
#include "codec/putback.h"
#include "lib/interrupt.h"
#include "stream/decodepool_internal.h"

/* ---- the proved part of the stream ---- */

static void
keep_window(struct chunk_state *state, const uint8_t *bytes, size_t len)
{
	size_t keep;

	if (len > CHUNK_WINDOW) {
		bytes += len - CHUNK_WINDOW;
		len = CHUNK_WINDOW;
	}
	keep = state->window_len < CHUNK_WINDOW - len ? state->window_len :
							CHUNK_WINDOW - len;
	memmove(state->window, state->window + state->window_len - keep, keep);
	if (len > 0)
		memcpy(state->window + keep, bytes, len);
	state->window_len = keep + len;
}

/* The slot has been handed out. */
static void
give_back(struct decodepool *p, struct slot *slot)
{
	p->at = 0;
	if (!p->is_serial) {
		p->state->offset += slot->in.len;
		if (slot->has_content && slot->in.len > 0)
			p->chunks->add(p->state, slot->in.len, &slot->sum);
		keep_window(p->state, slot->out.data, slot->out.len);
	}
	pthread_mutex_lock(&p->lock);
	slot->state = SLOT_EMPTY;
	p->given++;
	pthread_cond_broadcast(&p->changed);
	pthread_mutex_unlock(&p->lock);
}

/* ---- a chunk that is not sound ---- */

/*
 * The slot after the first, in the hands of the reader; NULL: none will come.  With the lock held.
 */
static struct slot *
await_second(struct decodepool *p)
{
	struct slot *second = decodepool_slot(p, p->given + 1);

	while (!cancel_is_raised(p->cancel) &&
	    (p->cut - p->given < 2 ? !p->has_stopped : second->state == SLOT_DECODING))
		pthread_cond_wait(&p->changed, &p->lock);
	if (p->cut - p->given < 2 || second->state == SLOT_DECODING)
		return NULL;
	second->state = SLOT_DECODING;
	return second;
}

/* Is the first slot sound together with the next? */
static int
join_two(struct decodepool *p, struct slot *first, bool *is_sound, struct error *err)
{
	enum slot_state state = SLOT_UNSOUND;
	struct slot *second;
	int rc;

	pthread_mutex_lock(&p->lock);
	second = await_second(p);
	pthread_mutex_unlock(&p->lock);
	if (second == NULL)
		return 0;
	rc = buf_append(&first->in, second->in.data, second->in.len, err);
	if (rc == 0) {
		buf_clear(&second->in);
		buf_clear(&second->out);
		second->sum = (struct codec_sum){ 0 };
		second->err = (struct error){ 0 };
		state = decodethreads_decode(p, p->decoders[p->jobs], first);
	}
	*is_sound = state == SLOT_DECODED;
	pthread_mutex_lock(&p->lock);
	first->state = state;
	second->state = *is_sound ? SLOT_DECODED : SLOT_UNSOUND;
	pthread_mutex_unlock(&p->lock);
	return rc;
}

/* Until the cutter rests and no worker has a slot.  With the lock held. */
static void
await_rest(struct decodepool *p)
{
	bool is_busy = true;

	p->wants_rest = true;
	pthread_cond_broadcast(&p->changed);
	while (is_busy && !cancel_is_raised(p->cancel)) {
		is_busy = !p->is_resting;
		for (size_t i = 0; i < p->nslots; i++)
			is_busy = is_busy || p->slots[i].state == SLOT_DECODING;
		if (is_busy)
			pthread_cond_wait(&p->changed, &p->lock);
	}
}

/* What was read of the stream from the first slot on. */
static int
take_back(struct decodepool *p, struct buf *bytes, struct error *err)
{
	for (; p->given < p->cut; p->given++) {
		struct slot *slot = decodepool_slot(p, p->given);

		if (buf_append(bytes, slot->in.data, slot->in.len, err))
			return -1;
		buf_free(&slot->in);
		slot->state = SLOT_EMPTY;
		slot->err = (struct error){ 0 };
	}
	p->taken = p->cut;
	if (buf_append(
		bytes, p->input.data + p->input_at, p->input.len - p->input_at, err))
		return -1;
	buf_free(&p->input);
	return 0;
}

/* With the lock held. */
static int
resume(struct decodepool *p, struct error *err)
{
	struct buf bytes = { 0 };

	await_rest(p);
	if (cancel_is_raised(p->cancel))
		return error_set(err, ERROR_CANCELLED, 0, "interrupted");
	if (take_back(p, &bytes, err) ||
	    putback_push(&p->below, &bytes, p->end.kind ? &p->end : NULL, err)) {
		buf_free(&bytes);
		return -1;
	}
	return p->chunks->resume(&p->below, p->state, err);
}

/* From the first slot on the decoder of streams has it. */
static int
go_serial(struct decodepool *p, struct error *err)
{
	int rc;

	pthread_mutex_lock(&p->lock);
	rc = resume(p, err);
	if (rc == 0) {
		p->is_serial = true;
		p->wants_rest = p->has_stopped = false;
	} else {
		p->given = p->cut;
		p->leaves = p->has_failed = true;
		p->why = *err;
	}
	pthread_cond_broadcast(&p->changed);
	pthread_mutex_unlock(&p->lock);
	return rc;
}

/* The first slot is not sound. */
static int
mend(struct decodepool *p, struct slot *slot, struct error *err)
{
	bool is_sound = false;

	if (p->chunks->is_guess && slot->err.kind == ERROR_NONE &&
	    join_two(p, slot, &is_sound, &slot->err) == 0 && is_sound)
		return 0;
	if (slot->err.kind != ERROR_NONE) {
		*err = slot->err;
		return -1;
	}
	return go_serial(p, err);
}

/* ---- reading ---- */

/* The first slot, once its content is known; NULL: there will be none. */
static struct slot *
await_first(struct decodepool *p, bool *is_sound)
{
	struct slot *slot;

	pthread_mutex_lock(&p->lock);
	slot = decodepool_slot(p, p->given);
	while (!cancel_is_raised(p->cancel) &&
	    (p->given == p->cut ? !p->has_left : slot->state < SLOT_DECODED))
		pthread_cond_wait(&p->changed, &p->lock);
	if (cancel_is_raised(p->cancel) || p->given == p->cut)
		slot = NULL;
	*is_sound = slot && slot->state == SLOT_DECODED;
	pthread_mutex_unlock(&p->lock);
	return slot;
}

/* There is no slot, and none will come. */
static int
end_of_it(struct decodepool *p, struct error *err)
{
	int rc = 0;

	if (cancel_is_raised(p->cancel))
		return error_set(err, ERROR_CANCELLED, 0, "interrupted");
	pthread_mutex_lock(&p->lock);
	if (p->has_failed) {
		*err = p->why;
		rc = -1;
	}
	pthread_mutex_unlock(&p->lock);
	return rc;
}

static int
decodepool_read(struct source *s, void *into, size_t len, size_t *got, struct error *err)
{
	struct decodepool *p = (struct decodepool *)s;
	struct slot *slot;
	bool is_sound;

	*got = 0;
	while (*got == 0 && len > 0) {
		slot = await_first(p, &is_sound);
		if (slot == NULL)
			return end_of_it(p, err);
		if (!is_sound && mend(p, slot, err))
			return -1;
		if (!is_sound)
			continue;
		*got = len < slot->out.len - p->at ? len : slot->out.len - p->at;
		if (*got > 0)
			memcpy(into, slot->out.data + p->at, *got);
		p->at += *got;
		if (p->at == slot->out.len)
			give_back(p, slot);
	}
	return 0;
}

void
decodepool_cut(struct source *s)
{
	struct decodepool *p = (struct decodepool *)s;

	pthread_mutex_lock(&p->lock);
	if (!p->has_left)
		pthread_kill(p->cutter, INTERRUPT_KICK);
	pthread_cond_broadcast(&p->changed);
	pthread_mutex_unlock(&p->lock);
}

/* ---- beginning and end ---- */

/* All but the source below. */
static void
release(struct decodepool *p)
{
	decodethreads_end(p);
	for (size_t i = 0; p->decoders && i <= p->jobs; i++)
		if (p->decoders[i])
			p->chunks->close(p->decoders[i]);
	for (size_t i = 0; p->slots && i < p->nslots; i++) {
		buf_free(&p->slots[i].in);
		buf_free(&p->slots[i].out);
	}
	pthread_cond_destroy(&p->changed);
	pthread_mutex_destroy(&p->lock);
	buf_free(&p->input);
	free(p->decoders);
	free(p->workers);
	free(p->slots);
	free(p->state);
	free(p);
}

static void
decodepool_free(struct source *s)
{
	struct decodepool *p = (struct decodepool *)s;
	struct source *below;

	decodethreads_end(p);
	below = p->below;
	release(p);
	source_free(below);
}

static const struct source_ops decodepool_ops = { decodepool_read, decodepool_free,
	NULL };

static int
open_decoders(struct decodepool *p, struct error *err)
{
	p->state = calloc(1, sizeof(*p->state));
	p->workers = calloc(p->jobs, sizeof(*p->workers));
	p->decoders = calloc((size_t)p->jobs + 1, sizeof(*p->decoders));
	if (p->state == NULL || p->workers == NULL || p->decoders == NULL)
		return error_memory(err);
	for (size_t i = 0; i <= p->jobs; i++)
		if (p->chunks->open(&p->decoders[i], err))
			return -1;
	return 0;
}

/* Below it is a source that hands out its beginning once more, which tells ${codec}. */
static int
set_up(struct decodepool *p, struct source **s, struct error *err)
{
	p->chunks = p->codec->methods->chunks;
	p->is_serial = p->chunks == NULL;
	p->nslots = p->jobs > 2 ? (size_t)p->jobs + 4 : 6;
	p->slots = calloc(p->nslots, sizeof(*p->slots));
	if (p->slots == NULL)
		return error_memory(err);
	if (p->is_serial ? decoded_by(s, p->codec, err) : open_decoders(p, err))
		return -1;
	p->source.goes_on = p->is_serial && (*s)->goes_on;
	p->below = *s;
	return decodethreads_start(p, err);
}

int
decodepool_push(struct source **s, unsigned jobs, const struct cancel *cancel,
    const char **name, struct error *err)
{
	const struct codec *codec;
	struct decodepool *p;

	if (decoded_look(s, &codec, err))
		return -1;
	*name = codec->name;
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return error_memory(err);
	p->source.ops = &decodepool_ops;
	p->codec = codec;
	p->cancel = cancel;
	p->jobs = jobs;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->changed, NULL);
	if (set_up(p, s, err)) {
		release(p);
		return -1;
	}
	*s = &p->source;
	return 0;
}
