/*
 * The writer plans and does not copy: it gives headers and padding to the pipeline as bytes, and
 * bodies as files that other threads read later.  So the size of a member is fixed, in its header,
 * before the first byte of it is read, and the plan of the archive does not wait for bodies.
 */
#include "tar/writer.h"

#include <stdlib.h>

#include "lib/buf.h"

/* What tar programs read at once, unless told otherwise: 20 blocks. */
#define TAR_RECORD ((size_t)20 * TAR_BLOCK)

static const uint8_t zeros[TAR_RECORD + 2 * TAR_BLOCK];

struct tar_writer {
	struct blockpipe *pipe; /* borrowed */
	struct buf header;      /* kept for its memory */
	uint64_t start;         /* where in all that is planned the archive begins */
	uint64_t members;
	uint64_t body_start; /* where in the stream the body begins, */
	uint64_t body_size;  /* and how long it is to be */
};

int
tar_writer_open(struct tar_writer **out, struct blockpipe *pipe, struct error *err)
{
	struct tar_writer *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return error_memory(err);
	w->pipe = pipe;
	w->start = blockpipe_planned(pipe);
	*out = w;
	return 0;
}

void
tar_writer_free(struct tar_writer *w)
{
	if (w == NULL)
		return;
	buf_free(&w->header);
	free(w);
}

/*
 * Thousands of members without a body came, and a block may end only where tar programs
 * see a cut.  In a header they do not (GNU tar drops half a block in silence); in the
 * body of a pax header all of them do.
 */
static int
put_header_cut(struct tar_writer *w, const struct tar_entry *entry, struct error *err)
{
	if (tar_header_encode_with_pax(&w->header, entry, err))
		return -1;
	return blockpipe_bytes_cut(
	    w->pipe, w->header.data, w->header.len, TAR_BLOCK + TAR_BLOCK / 2, err);
}

int
tar_writer_bodiless(
    struct tar_writer *w, const struct tar_entry *entry, struct error *err)
{
	buf_clear(&w->header);
	w->members++;
	if (entry->size == 0 && blockpipe_is_overdue(w->pipe))
		return put_header_cut(w, entry, err);
	if (tar_header_encode(&w->header, entry, err))
		return -1;
	return blockpipe_bytes(w->pipe, w->header.data, w->header.len, err);
}

int
tar_writer_begin(struct tar_writer *w, const struct tar_entry *entry, struct body *body,
    struct error *err)
{
	if (tar_writer_bodiless(w, entry, err)) {
		body->ops->free(body);
		return -1;
	}
	w->body_start = blockpipe_planned(w->pipe);
	w->body_size = entry->size;
	blockpipe_body_begin(w->pipe, body);
	return 0;
}

int
tar_writer_end(struct tar_writer *w, struct error *err)
{
	uint64_t size = blockpipe_planned(w->pipe) - w->body_start;

	if (size != w->body_size)
		return error_set(err, ERROR_FORMAT, 0,
		    "a member of %llu bytes got a body of %llu",
		    (unsigned long long)w->body_size, (unsigned long long)size);
	if (blockpipe_body_end(w->pipe, err))
		return -1;
	return blockpipe_bytes(w->pipe, zeros, tar_header_padding(size), err);
}

int
tar_writer_finish(struct tar_writer *w, struct error *err)
{
	uint64_t end = blockpipe_planned(w->pipe) - w->start + 2 * TAR_BLOCK;
	size_t over = (size_t)(end % TAR_RECORD);

	if (blockpipe_bytes(
		w->pipe, zeros, 2 * TAR_BLOCK + (over ? TAR_RECORD - over : 0), err))
		return -1;
	w->start = blockpipe_planned(w->pipe);
	return 0;
}

uint64_t
tar_writer_members(const struct tar_writer *w)
{
	return w->members;
}
