/*
 * The planner lays out a block's raw bytes, with a gap for each range of a file.  A worker reads
 * each range into its gap, so that the encoder gets one piece of memory and nothing that was read is
 * copied.
 */
#include "stream/block.h"

#include <stdlib.h>
#include <string.h>

#include "lib/crc32c.h"
#include "lib/uncached.h"

/* Room for the padding and the headers that follow the last body of a full block. */
#define RAW_CAP (BLOCKPIPE_BLOCK + (size_t)64 * 1024)

static int
set_raw_cap(struct block *b, size_t cap, struct error *err)
{
	uint8_t *raw = realloc(b->raw, cap);

	if (raw == NULL)
		return error_memory(err);
	b->raw = raw;
	b->raw_cap = cap;
	return 0;
}

int
block_open(struct block *b, struct error *err)
{
	*b = (struct block){ 0 };
	return set_raw_cap(b, RAW_CAP, err);
}

void
block_clear(struct block *b)
{
	for (size_t i = 0; i < b->nparts; i++) {
		struct part *p = &b->parts[i];

		blockfile_release(p->file);
		piece_clear(&p->piece);
		if (i >= b->ntold && p->kind == PART_END)
			p->body->ops->free(p->body);
	}
	if (b->raw_cap > RAW_CAP)
		/* one that stays large is no harm */
		(void)!set_raw_cap(b, RAW_CAP, &b->err);
	b->raw_len = b->nparts = b->nread = b->ntold = 0;
	buf_clear(&b->encoded);
	b->sum = (struct codec_sum){ 0 };
	b->next = NULL;
	b->err.kind = ERROR_NONE;
}

void
block_close(struct block *b)
{
	block_clear(b);
	free(b->raw);
	free(b->parts);
	buf_free(&b->encoded);
}

size_t
block_room(const struct block *b)
{
	return b->raw_len < BLOCKPIPE_BLOCK ? BLOCKPIPE_BLOCK - b->raw_len : 0;
}

int
block_put(struct block *b, const void *bytes, size_t len, struct error *err)
{
	if (len > b->raw_cap - b->raw_len && set_raw_cap(b, b->raw_cap * 2 + len, err))
		return -1;
	memcpy(b->raw + b->raw_len, bytes, len);
	b->raw_len += len;
	return 0;
}

/* A new part of ${body}, ${len} bytes long, where the raw bytes end now. */
static struct part *
add_part(struct block *b, enum part_kind kind, struct body *body, size_t len,
    struct error *err)
{
	struct part *p;

	if (b->nparts == b->parts_cap) {
		size_t cap = b->parts_cap ? b->parts_cap * 2 : 64;

		p = realloc(b->parts, cap * sizeof(*p));
		if (p == NULL) {
			error_memory(err);
			return NULL;
		}
		b->parts = p;
		b->parts_cap = cap;
	}
	p = &b->parts[b->nparts++];
	*p = (struct part){ .kind = kind, .body = body, .at = b->raw_len };
	p->piece.len = len;
	p->piece.offset = body->planned;
	body->planned += len;
	return p;
}

int
block_put_bytes(
    struct block *b, struct body *body, const void *bytes, size_t len, struct error *err)
{
	if (add_part(b, PART_BYTES, body, len, err) == NULL)
		return -1;
	return block_put(b, bytes, len, err);
}

int
block_put_range(struct block *b, struct body *body, struct blockfile *file,
    uint64_t offset, size_t len, struct error *err)
{
	struct part *p = add_part(b, PART_RANGE, body, len, err);

	if (p == NULL)
		return -1;
	p->file = blockfile_hold(file);
	p->file_offset = offset;
	b->raw_len += len;
	return 0;
}

int
block_put_end(struct block *b, struct body *body, struct error *err)
{
	return add_part(b, PART_END, body, 0, err) ? 0 : -1;
}

/*
 * Fill the part's gap from its file; what the file does not have becomes zeros: its header has
 * promised a size, and why that is no harm is said in archive/filebody.c.
 */
static int
fill_part(struct block *b, struct part *p, const struct cancel *cancel)
{
	uint8_t *into = b->raw + p->at;
	size_t got;

	if (uncached_pread(blockfile_fd(p->file), into, p->piece.len, p->file_offset,
		&got, cancel, &b->err))
		return error_wrap(&b->err, "\"%s\"", p->body->name);
	p->piece.missing = p->piece.len - got;
	memset(into + got, 0, p->piece.missing);
	return 0;
}

/* A range that has just been read. */
static int
check_part(struct block *b, struct part *p, const struct cancel *cancel)
{
	const struct piece_source from = {
		.bytes = b->raw + p->at,
		.fd = blockfile_fd(p->file),
		.offset = p->file_offset,
		.cancel = cancel,
	};

	if (p->body->ops->check == NULL)
		return 0;
	p->piece.bytes = from.bytes;
	if (p->body->ops->check(p->body, &p->piece, &from, &b->err))
		return error_wrap(&b->err, "\"%s\"", p->body->name);
	return 0;
}

static int
read_part(struct block *b, struct part *p, const struct cancel *cancel)
{
	if (p->kind == PART_END)
		return 0;
	if (p->kind == PART_RANGE &&
	    (fill_part(b, p, cancel) || check_part(b, p, cancel)))
		return -1;
	if (p->body->wants_crc32c)
		p->piece.crc32c = crc32c(0, b->raw + p->at, p->piece.len);
	return 0;
}

int
block_read(struct block *b, const struct cancel *cancel)
{
	if (b->err.kind != ERROR_NONE)
		return -1;
	for (; b->nread < b->nparts; b->nread++) {
		struct part *p = &b->parts[b->nread];

		if (read_part(b, p, cancel))
			return -1;
		blockfile_release(p->file);
		p->file = NULL;
	}
	return 0;
}

int
block_encode(struct block *b, const struct codec *codec, struct encoder *encoder)
{
	if (codec->methods->encode == NULL || b->raw_len == 0)
		return 0;
	return codec->methods->encode(
	    encoder, b->raw, b->raw_len, &b->encoded, &b->sum, &b->err);
}

static int
tell_part(struct block *b, struct part *p, struct error *err)
{
	const struct body_ops *ops = p->body->ops;
	int rc;

	if (p->kind == PART_END) {
		rc = ops->end ? ops->end(p->body, err) : 0;
		ops->free(p->body);
		return rc;
	}
	p->piece.bytes = b->raw + p->at;
	return ops->piece ? ops->piece(p->body, &p->piece, err) : 0;
}

int
block_tell(struct block *b)
{
	struct error why = { 0 };

	while (b->ntold < b->nread)
		if (tell_part(b, &b->parts[b->ntold++], &why)) {
			/* comes before any error of reading, which is of a later piece */
			b->err = why;
			b->nread = b->ntold;
		}
	return b->err.kind == ERROR_NONE ? 0 : -1;
}
