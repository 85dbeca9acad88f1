/* The planner's side of the block pipeline; the essay is in blockpipe.c. */
#include "lib/sys.h"
#include "stream/blockpipe_internal.h"

static int
planner_is_out(struct error *err)
{
	return error_set(err, ERROR_CANCELLED, 0, "the stream ended early");
}

/* The block to put into: the open one, or the next, once its slot is free. */
static struct block *
open_block(struct blockpipe *p, struct error *err)
{
	bool failed;

	if (p->open)
		return p->open;
	pthread_mutex_lock(&p->lock);
	while (!p->failed && p->planned - p->written == p->nslots)
		pthread_cond_wait(&p->space, &p->lock);
	failed = p->failed;
	if (!failed)
		p->open = &blockpipe_slot(p, p->planned)->block;
	pthread_mutex_unlock(&p->lock);
	if (failed)
		planner_is_out(err);
	return p->open;
}

void
blockpipe_submit(struct blockpipe *p)
{
	if (p->open == NULL)
		return;
	pthread_mutex_lock(&p->lock);
	p->planned++;
	p->unread++;
	pthread_cond_signal(&p->work);
	pthread_mutex_unlock(&p->lock);
	p->open = NULL;
}

int
blockpipe_bytes(struct blockpipe *p, const void *bytes, size_t len, struct error *err)
{
	struct block *b = open_block(p, err);

	if (b == NULL || block_put(b, bytes, len, err))
		return -1;
	p->planned_bytes += len;
	return 0;
}

bool
blockpipe_is_overdue(const struct blockpipe *p)
{
	return p->open && p->open->raw_len >= BLOCKPIPE_LONGEST;
}

int
blockpipe_bytes_cut(
    struct blockpipe *p, const void *bytes, size_t len, size_t at, struct error *err)
{
	if (blockpipe_bytes(p, bytes, at, err))
		return -1;
	blockpipe_submit(p);
	return blockpipe_bytes(p, (const uint8_t *)bytes + at, len - at, err);
}

void
blockpipe_body_begin(struct blockpipe *p, struct body *body)
{
	body->planned = 0;
	p->body = body;
}

int
blockpipe_body_bytes(
    struct blockpipe *p, const void *bytes, size_t len, struct error *err)
{
	const uint8_t *from = bytes;

	while (len > 0) {
		struct block *b = open_block(p, err);
		size_t n = len;

		if (b == NULL)
			return -1;
		if (n > block_room(b))
			n = block_room(b);
		if (n > 0 && block_put_bytes(b, p->body, from, n, err))
			return -1;
		p->planned_bytes += n;
		from += n;
		len -= n;
		if (len > 0)
			blockpipe_submit(p);
	}
	return 0;
}

int
blockpipe_body_range(struct blockpipe *p, struct blockfile *file, uint64_t offset,
    uint64_t len, struct error *err)
{
	if (len >= BLOCKPIPE_BLOCK)
		blockfile_share(file);
	while (len > 0) {
		struct block *b = open_block(p, err);
		size_t room, n;

		if (b == NULL)
			return -1;
		room = block_room(b);
		n = len <= room ? (size_t)len : room - room % BLOCKPIPE_PAGE;
		if (n > 0 && block_put_range(b, p->body, file, offset, n, err))
			return -1;
		p->planned_bytes += n;
		offset += n;
		len -= n;
		if (len > 0)
			blockpipe_submit(p);
	}
	return 0;
}

int
blockpipe_body_end(struct blockpipe *p, struct error *err)
{
	struct block *b = open_block(p, err);

	if (b == NULL || block_put_end(b, p->body, err))
		return -1;
	p->body = NULL; /* the block has it now */
	return 0;
}

/* An empty stream has an empty block, since somebody must tell the writer. */
int
blockpipe_switch(struct blockpipe *p, struct sink *sink, struct error *err)
{
	struct block *b = open_block(p, err);

	if (b == NULL)
		return -1;
	b->next = sink;
	blockpipe_submit(p);
	return 0;
}

/* Read the open block's ranges here and now. */
static int
read_open(struct blockpipe *p, struct error *err)
{
	if (p->open == NULL || block_read(p->open, p->opt.cancel) == 0)
		return 0;
	*err = p->open->err;
	return -1;
}

int
blockpipe_file(struct blockpipe *p, int fd, struct blockfile **file, struct error *err)
{
	bool failed, mine;

	pthread_mutex_lock(&p->lock);
	while (!p->failed && p->unread > 0 && atomic_load(&p->files.open) >= p->opt.files)
		pthread_cond_wait(&p->space, &p->lock);
	failed = p->failed;
	mine = atomic_load(&p->files.open) >= p->opt.files;
	pthread_mutex_unlock(&p->lock);
	if (failed || (mine && read_open(p, err))) {
		sys_close(fd);
		return failed ? planner_is_out(err) : -1;
	}
	return blockfile_new(file, fd, &p->files, err);
}

int
blockpipe_barrier(struct blockpipe *p, struct error *err)
{
	bool failed;

	pthread_mutex_lock(&p->lock);
	while (!p->failed && p->unread > 0)
		pthread_cond_wait(&p->space, &p->lock);
	failed = p->failed;
	pthread_mutex_unlock(&p->lock);
	return failed ? planner_is_out(err) : read_open(p, err);
}

int
blockpipe_settle(struct blockpipe *p, struct error *err)
{
	bool failed;

	pthread_mutex_lock(&p->lock);
	while (!p->failed && p->written < p->planned)
		pthread_cond_wait(&p->space, &p->lock);
	failed = p->failed;
	pthread_mutex_unlock(&p->lock);
	if (failed)
		return planner_is_out(err);
	if (read_open(p, err))
		return -1;
	if (p->open == NULL || block_tell(p->open) == 0)
		return 0;
	*err = p->open->err;
	return -1;
}

uint64_t
blockpipe_planned(const struct blockpipe *p)
{
	return p->planned_bytes;
}

uint64_t
blockpipe_raw_written(const struct blockpipe *p)
{
	return atomic_load(&p->raw_out);
}

uint64_t
blockpipe_written(const struct blockpipe *p)
{
	return atomic_load(&p->out);
}

bool
blockpipe_has_failed(struct blockpipe *p)
{
	bool failed;

	pthread_mutex_lock(&p->lock);
	failed = p->failed;
	pthread_mutex_unlock(&p->lock);
	return failed;
}

void
blockpipe_fail(struct blockpipe *p, const struct error *why)
{
	struct error out = { 0 };
	struct block *b;
	bool closed;

	pthread_mutex_lock(&p->lock);
	closed = p->complete;
	pthread_mutex_unlock(&p->lock);
	if (closed)
		return;
	b = open_block(p, &out);
	if (b == NULL)
		return; /* the pipe failed before the planner did */
	if (block_read(b, p->opt.cancel) == 0)
		b->err = *why;
	if (b->err.kind ==
	    ERROR_NONE) /* a failure that does not say so is one all the same */
		error_set(
		    &b->err, ERROR_FORMAT, 0, "the planner failed without an error");
	blockpipe_submit(p);
}
