/*
 * Theory of operation
 *
 * The stream is cut into blocks of about 1 MiB, numbered from 0.  They live in a ring
 * of `nslots` slots; block i is in slot i modulo nslots.  Each passes four hands:
 *
 *	planner   puts framing and parts of bodies into it, then hands it over:
 *	          `planned` is the number of blocks it has handed over.
 *	worker    takes the lowest block that no one took (`taken`), reads the ranges
 *	          of files in it, digests and checks them, and encodes the whole.
 *	          Then the slot is marked ready.
 *	writer    takes the ready blocks strictly in order (`written`), tells each
 *	          body what became of its pieces, and hands the bytes to the sink.
 *	no one    until the planner begins block written + nslots in that slot.
 *
 * One mutex guards the four counts and the marks; the blocks themselves are touched
 * only by the hand that has them, with the mutex free.  Three conditions: `work` for
 * workers, `ready` for the writer, `space` for the planner.  With blocks this large
 * the lock is taken a few thousand times a second at most.
 *
 * Several streams.  A stream ends with a block in which the planner has noted the sink of
 * the next one.  That note is all there is to it: to workers every block is alike, so the
 * ring, the counts and the barrier know one sequence of blocks and no one idles between
 * two streams.  The writer alone has a stream of its own at any moment (`outlet`): when it
 * has written such a block it adds the codec's tail, and begins the next with the head.
 *
 * The block that the planner is filling is its own: no one else can see it.  Two of the
 * planner's calls must account for what it holds without closing it, since a block may
 * not end between two members: the barrier reads the open block's ranges right there,
 * after all others have been read; settle tells its bodies, after all others have been
 * written.  A planner that runs out of descriptors while all of them wait in the open
 * block reads it likewise.
 *
 * Errors.  A worker that fails leaves the error in its block; the writer meets it when
 * that block's turn comes, and by then everything before it has been written, and the
 * bodies have heard of what stands before it in the block: so the first error in
 * stream order wins.  A planner that fails puts its error into the open block, after
 * what it holds, which is read first.  The writer's own errors are in order by nature.
 * The first one is kept in `err`, `failed` is set, and everybody leaves.
 *
 * Cancelling.  A thread may be inside write() to a pipe that no one reads, or read() of
 * a file system that hangs.  Whoever cancels raises the flag and sends every thread a
 * signal that interrupts the call, again and again until they have left, since a signal
 * that comes just before the call would be lost.
 */
#include "stream/blockpipe.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "codec/frametable.h"
#include "lib/interrupt.h"
#include "lib/sys.h"
#include "stream/blockpipe_internal.h"
#include "stream/breaks.h"

void
blockpipe_fail_locked(struct blockpipe *p, const struct error *why)
{
	if (!p->failed) {
		p->failed = true;
		p->err = *why;
	}
	pthread_cond_broadcast(&p->work);
	pthread_cond_broadcast(&p->ready);
	pthread_cond_broadcast(&p->space);
}

/* ---- workers ---- */

/* The next block to work on, or NULL when there will be none. */
static struct blockslot *
take_block(struct blockpipe *p)
{
	struct blockslot *slot = NULL;

	pthread_mutex_lock(&p->lock);
	while (!p->failed && p->taken == p->planned && !p->complete)
		pthread_cond_wait(&p->work, &p->lock);
	if (!p->failed && p->taken < p->planned)
		slot = blockpipe_slot(p, p->taken++);
	pthread_mutex_unlock(&p->lock);
	return slot;
}

static void
block_was_read(struct blockpipe *p)
{
	pthread_mutex_lock(&p->lock);
	p->unread--;
	pthread_cond_signal(&p->space);
	pthread_mutex_unlock(&p->lock);
}

static void
block_is_ready(struct blockpipe *p, struct blockslot *slot)
{
	pthread_mutex_lock(&p->lock);
	slot->is_ready = true;
	pthread_cond_signal(&p->ready);
	pthread_mutex_unlock(&p->lock);
}

static void
thread_leaves(struct blockpipe *p)
{
	pthread_mutex_lock(&p->lock);
	p->running--;
	pthread_cond_signal(&p->space);
	pthread_mutex_unlock(&p->lock);
}

static void *
work(void *arg)
{
	struct blockpipe *p = arg;
	const struct codec *codec = p->opt.codec;
	const struct codec_methods *methods = codec->methods;
	struct encoder *encoder = NULL;
	struct blockslot *slot;
	struct error err = { 0 };

	sys_thread_name("basetar-worker");
	sys_thread_background();
	if (methods->encoder_new && methods->encoder_new(&encoder, p->opt.level, &err)) {
		pthread_mutex_lock(&p->lock);
		blockpipe_fail_locked(p, &err);
		pthread_mutex_unlock(&p->lock);
	}
	while ((slot = take_block(p)) != NULL) {
		int rc = block_read(&slot->block, p->opt.cancel);

		block_was_read(p);
		if (rc == 0)
			/* err is kept in it */
			(void)block_encode(&slot->block, codec, encoder);
		block_is_ready(p, slot);
	}
	if (encoder)
		methods->encoder_free(encoder);
	thread_leaves(p);
	return NULL;
}

/* ---- writer ---- */

/* The next block in order, once it is ready; NULL at the end and after a failure. */
static struct blockslot *
next_in_order(struct blockpipe *p)
{
	struct blockslot *slot = NULL;

	pthread_mutex_lock(&p->lock);
	while (!p->failed && !(p->complete && p->written == p->planned)) {
		if (p->written < p->planned && blockpipe_slot(p, p->written)->is_ready) {
			slot = blockpipe_slot(p, p->written);
			break;
		}
		pthread_cond_wait(&p->ready, &p->lock);
	}
	pthread_mutex_unlock(&p->lock);
	return slot;
}

/* The stream that is being written. */
struct outlet {
	struct sink *sink;
	struct codec_sum sum;
	struct frametable table; /* of its blocks, if the codec has one */
};

static int
put_out(struct blockpipe *p, const struct outlet *o, const void *bytes, size_t len,
    struct error *err)
{
	if (len > 0 && sink_write(o->sink, bytes, len, err))
		return -1;
	atomic_fetch_add(&p->out, len);
	return 0;
}

/* Raw bytes leave in the writes that breaks.h has a reason for. */
static int
put_raw(
    struct blockpipe *p, const struct outlet *o, const struct block *b, struct error *err)
{
	struct breaks k = { .block = b };
	size_t at = 0, len;

	while ((len = breaks_next(&k)) > 0) {
		if (cancel_is_raised(p->opt.cancel))
			return error_set(err, ERROR_CANCELLED, 0, "interrupted");
		if (put_out(p, o, b->raw + at, len, err))
			return -1;
		at = k.at;
	}
	return 0;
}

static int
write_block(struct blockpipe *p, struct block *b, struct outlet *o, struct error *err)
{
	const struct codec_methods *methods = p->opt.codec->methods;
	int rc;

	if (cancel_is_raised(p->opt.cancel))
		return error_set(err, ERROR_CANCELLED, 0, "interrupted");
	if (block_tell(b)) {
		*err = b->err;
		return -1;
	}
	rc = methods->encode == NULL ?
	    put_raw(p, o, b, err) :
	    put_out(p, o, b->encoded.data, b->encoded.len, err);
	if (rc == -1)
		return -1;
	if (methods->add)
		methods->add(&o->sum, &b->sum);
	if (methods->table && b->encoded.len > 0)
		frametable_add(&o->table, b->encoded.len, b->raw_len);
	atomic_fetch_add(&p->raw_out, b->raw_len);
	return 0;
}

static int
begin_stream(struct blockpipe *p, struct outlet *o, struct sink *sink, struct error *err)
{
	uint8_t edge[CODEC_EDGE];
	size_t len;

	o->sink = sink;
	o->sum = (struct codec_sum){ 0 };
	frametable_clear(&o->table);
	if (p->opt.codec->methods->head == NULL)
		return 0;
	len = p->opt.codec->methods->head(p->opt.level, edge);
	return put_out(p, o, edge, len, err);
}

static int
put_table(struct blockpipe *p, struct outlet *o, struct error *err)
{
	uint64_t len;

	if (p->opt.codec->methods->table(&o->table, p->opt.record, o->sink, &len, err))
		return -1;
	atomic_fetch_add(&p->out, len);
	return 0;
}

/* Only a stream that is complete gets the codec's tail, and the table. */
static int
end_stream(struct blockpipe *p, struct outlet *o, struct error *err)
{
	const struct codec_methods *methods = p->opt.codec->methods;
	uint8_t edge[CODEC_EDGE];
	bool failed;

	pthread_mutex_lock(&p->lock);
	failed = p->failed;
	pthread_mutex_unlock(&p->lock);
	if (failed)
		return 0;
	if (methods->tail && put_out(p, o, edge, methods->tail(&o->sum, edge), err))
		return -1;
	return methods->table ? put_table(p, o, err) : 0;
}

/* The block has been written: does another stream begin after it? */
static int
follow_switch(
    struct blockpipe *p, const struct block *b, struct outlet *o, struct error *err)
{
	if (b->next == NULL)
		return 0;
	return end_stream(p, o, err) || begin_stream(p, o, b->next, err) ? -1 : 0;
}

/* The slot goes back to the planner. */
static void
block_is_written(struct blockpipe *p, struct blockslot *slot)
{
	block_clear(&slot->block);
	pthread_mutex_lock(&p->lock);
	slot->is_ready = false;
	p->written++;
	pthread_cond_signal(&p->space);
	pthread_mutex_unlock(&p->lock);
}

static void *
write_out(void *arg)
{
	struct blockpipe *p = arg;
	struct outlet outlet = { 0 };
	struct error err = { 0 };
	struct blockslot *slot;
	int rc;

	sys_thread_name("basetar-writer");
	rc = begin_stream(p, &outlet, p->opt.sink, &err);
	while (rc == 0 && (slot = next_in_order(p)) != NULL) {
		rc = write_block(p, &slot->block, &outlet, &err);
		if (rc == 0)
			rc = follow_switch(p, &slot->block, &outlet, &err);
		if (rc == 0)
			block_is_written(p, slot);
	}
	if (rc == 0)
		rc = end_stream(p, &outlet, &err);
	if (rc == -1) {
		pthread_mutex_lock(&p->lock);
		blockpipe_fail_locked(p, &err);
		pthread_mutex_unlock(&p->lock);
	}
	frametable_free(&outlet.table);
	thread_leaves(p);
	return NULL;
}

/* ---- beginning and end ---- */

static int
start_threads(struct blockpipe *p, struct error *err)
{
	p->threads = calloc(p->opt.jobs + 1, sizeof(*p->threads));
	if (p->threads == NULL)
		return error_memory(err);
	for (; p->nthreads <= p->opt.jobs; p->nthreads++) {
		void *(*run)(void *) = p->nthreads < p->opt.jobs ? work : write_out;
		int rc;

		pthread_mutex_lock(&p->lock);
		p->running++;
		pthread_mutex_unlock(&p->lock);
		rc = pthread_create(&p->threads[p->nthreads], NULL, run, p);
		if (rc != 0) {
			thread_leaves(p);
			return error_set(err, ERROR_IO, rc, "could not create a thread");
		}
	}
	return 0;
}

int
blockpipe_open(
    struct blockpipe **out, const struct blockpipe_options *opt, struct error *err)
{
	struct blockpipe *p = calloc(1, sizeof(*p));

	*out = NULL;
	if (p == NULL)
		return error_memory(err);
	p->opt = *opt;
	if (opt->files == 0) /* the rest is for directories, the server, the output */
		p->opt.files = sys_raise_file_limit() / 2;
	p->nslots = (size_t)opt->jobs * 2 + 2;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->work, NULL);
	pthread_cond_init(&p->ready, NULL);
	pthread_cond_init(&p->space, NULL);
	p->slots = calloc(p->nslots, sizeof(*p->slots));
	if (p->slots == NULL) {
		error_memory(err);
		goto fail;
	}
	for (size_t i = 0; i < p->nslots; i++)
		if (block_open(&p->slots[i].block, err))
			goto fail;
	if (start_threads(p, err))
		goto fail;
	*out = p;
	return 0;
fail:
	blockpipe_free(p);
	return -1;
}

void
blockpipe_cut(struct blockpipe *p)
{
	const struct error cut = { .kind = ERROR_CANCELLED, .text = "interrupted" };

	cancel_raise(p->opt.cancel);
	pthread_mutex_lock(&p->lock);
	blockpipe_fail_locked(p, &cut);
	for (size_t i = 0; i < p->nthreads; i++)
		pthread_kill(p->threads[i], INTERRUPT_KICK);
	pthread_mutex_unlock(&p->lock);
}

/* Wait until all have left, and may still be kicked; a joined thread no longer may. */
static void
join_threads(struct blockpipe *p)
{
	size_t n;

	pthread_mutex_lock(&p->lock);
	while (p->running > 0)
		pthread_cond_wait(&p->space, &p->lock);
	n = p->nthreads;
	p->nthreads = 0;
	pthread_mutex_unlock(&p->lock);
	while (n > 0)
		pthread_join(p->threads[--n], NULL);
}

/* Cut the stream until every thread has left. */
static void
cut_until_left(struct blockpipe *p)
{
	struct timespec soon;
	size_t running;

	do {
		blockpipe_cut(p);
		soon = sys_after(CLOCK_REALTIME, 20);
		pthread_mutex_lock(&p->lock);
		if (p->running > 0)
			pthread_cond_timedwait(&p->space, &p->lock, &soon);
		running = p->running;
		pthread_mutex_unlock(&p->lock);
	} while (running > 0);
}

int
blockpipe_close(struct blockpipe *p, struct error *err)
{
	bool failed;

	blockpipe_submit(p);
	pthread_mutex_lock(&p->lock);
	p->complete = true;
	pthread_cond_broadcast(&p->work);
	pthread_cond_broadcast(&p->ready);
	pthread_mutex_unlock(&p->lock);
	join_threads(p);
	pthread_mutex_lock(&p->lock);
	failed = p->failed;
	if (failed)
		*err = p->err;
	pthread_mutex_unlock(&p->lock);
	return failed ? -1 : 0;
}

void
blockpipe_free(struct blockpipe *p)
{
	if (p == NULL)
		return;
	if (p->nthreads > 0) {
		cut_until_left(p);
		join_threads(p);
	}
	for (size_t i = 0; p->slots && i < p->nslots; i++)
		block_close(&p->slots[i].block);
	if (p->body)
		p->body->ops->free(p->body);
	free(p->threads);
	free(p->slots);
	pthread_cond_destroy(&p->space);
	pthread_cond_destroy(&p->ready);
	pthread_cond_destroy(&p->work);
	pthread_mutex_destroy(&p->lock);
	free(p);
}
