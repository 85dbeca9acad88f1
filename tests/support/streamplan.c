#include "support/streamplan.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/crc32c.h"

/* xorshift64* */
static uint64_t
next(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545F4914F6CDD1DU;
}

size_t
streamplan_random(struct streamplan *plan, size_t below)
{
	return (size_t)(next(&plan->seed) >> 11) % below;
}

/*
 * The text repeats after a prime number of bytes: nothing that is off by a page or a
 * block looks right.  Half of it compresses and half does not, as in relation files.
 */
enum { TEXT = 131101 };
static uint8_t text[TEXT];

static void
make_text(void)
{
	uint64_t state = 1;

	for (size_t at = 0; at + 64 < TEXT; at += 64)
		for (size_t i = 0; i < 32; i++)
			text[at + i] = (uint8_t)(next(&state) >> 32);
}

void
streamplan_fill(uint8_t *into, size_t len, uint64_t start)
{
	if (text[0] == 0)
		make_text();
	for (size_t at = 0; at < len;) {
		size_t from = (size_t)((start + at) % TEXT);
		size_t some = len - at < TEXT - from ? len - at : TEXT - from;

		memcpy(into + at, text + from, some);
		at += some;
	}
}

/* ---- bodies that remember ---- */

static int
heard_piece(struct body *body, const struct piece *piece, struct error *err)
{
	struct heard *h = (struct heard *)body;

	if (piece->offset != h->told || piece->len == 0 || h->ended || h->freed ||
	    (piece->missing > piece->len))
		h->is_wrong = true;
	h->direct = crc32c(h->direct, piece->bytes, piece->len);
	h->combined = crc32c_combine(h->combined, piece->crc32c, piece->len);
	h->told += piece->len;
	h->missing += piece->missing;
	if (h->fail.kind != ERROR_NONE && h->told >= h->fail_at) {
		*err = h->fail;
		return -1;
	}
	return 0;
}

static int
heard_end(struct body *body, struct error *err)
{
	struct heard *h = (struct heard *)body;

	h->ended++;
	if (h->fail.kind == ERROR_NONE)
		return 0;
	*err = h->fail;
	return -1;
}

static void
heard_free(struct body *body)
{
	((struct heard *)body)->freed++;
}

static const struct body_ops heard_ops = { heard_piece, heard_end, heard_free, NULL };

static void *
have_memory(void *p)
{
	if (p == NULL) {
		fputs("streamplan: no memory\n", stderr);
		abort();
	}
	return p;
}

/* ---- the planner's calls ---- */

static uint8_t *
expect_more(struct streamplan *plan, size_t len)
{
	struct error err = { 0 };
	uint8_t *at;

	if (buf_reserve(&plan->expect, len, &err))
		have_memory(NULL);
	at = plan->expect.data + plan->expect.len;
	plan->expect.len += len;
	if (plan->current)
		plan->current->len += len;
	return at;
}

static const uint8_t *
expect_filled(struct streamplan *plan, size_t len)
{
	uint8_t *bytes = expect_more(plan, len);

	streamplan_fill(bytes, len, plan->expect.len);
	return bytes;
}

int
streamplan_header(struct streamplan *plan, size_t len, struct error *err)
{
	return blockpipe_bytes(plan->pipe, expect_filled(plan, len), len, err);
}

int
streamplan_padding(struct streamplan *plan, size_t len, struct error *err)
{
	return blockpipe_bytes(plan->pipe, expect_filled(plan, len), len, err);
}

struct heard *
streamplan_begin(struct streamplan *plan, bool wants_crc32c)
{
	struct heard *h = have_memory(calloc(1, sizeof(*h)));

	if (plan->nbodies == sizeof(plan->bodies) / sizeof(plan->bodies[0])) {
		fputs("streamplan: too many bodies\n", stderr);
		abort();
	}
	snprintf(h->name, sizeof(h->name), "body %zu", plan->nbodies);
	h->body = (struct body){ &heard_ops, h->name, wants_crc32c, 0 };
	h->start = plan->expect.len;
	plan->bodies[plan->nbodies++] = h;
	plan->current = h;
	blockpipe_body_begin(plan->pipe, &h->body);
	return h;
}

int
streamplan_bytes(struct streamplan *plan, size_t len, struct error *err)
{
	return blockpipe_body_bytes(plan->pipe, expect_filled(plan, len), len, err);
}

/* A new descriptor each time: it is the pipe's to close. */
static int
range_of(struct streamplan *plan, const char *path, size_t offset, size_t len,
    struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct blockfile *file = NULL;
	int rc;

	if (fd == -1)
		return error_set(err, ERROR_IO, 0, "streamplan: no file \"%s\"", path);
	if (blockpipe_file(plan->pipe, fd, &file, err))
		return -1;
	rc = blockpipe_body_range(plan->pipe, file, offset, len, err);
	blockfile_release(file);
	return rc;
}

int
streamplan_range(struct streamplan *plan, size_t offset, size_t len, struct error *err)
{
	uint8_t *bytes = expect_more(plan, len);
	size_t have = offset < plan->file.len ? plan->file.len - offset : 0;

	if (have > len)
		have = len;
	if (have > 0)
		memcpy(bytes, plan->file.bytes + offset, have);
	memset(bytes + have, 0, len - have);
	plan->current->missing_expected += len - have;
	return range_of(plan, plan->file.path, offset, len, err);
}

int
streamplan_bad_range(struct streamplan *plan, size_t len, struct error *err)
{
	memset(expect_more(plan, len), 0, len);
	return range_of(plan, "/", 0, len, err);
}

int
streamplan_end(struct streamplan *plan, struct error *err)
{
	plan->current = NULL;
	return blockpipe_body_end(plan->pipe, err);
}

int
streamplan_member(struct streamplan *plan, bool is_range, size_t len, struct error *err)
{
	if (streamplan_header(plan, 512, err))
		return -1;
	streamplan_begin(plan, true);
	if (is_range ? streamplan_range(plan, 0, len, err) :
		       streamplan_bytes(plan, len, err))
		return -1;
	return streamplan_end(plan, err) ||
		(len % 512 > 0 && streamplan_padding(plan, 512 - len % 512, err)) ?
	    -1 :
	    0;
}

/* A length: often none, often small, sometimes several blocks. */
static size_t
random_length(struct streamplan *plan)
{
	switch (streamplan_random(plan, 8)) {
	case 0:
		return 0;
	case 1:
		return streamplan_random(plan, streamplan_random(plan, 3) * 1200000 + 1);
	case 2:
		return 8192 * (1 + streamplan_random(plan, 40));
	default:
		return 1 + streamplan_random(plan, 20000);
	}
}

static int
random_body(struct streamplan *plan, struct error *err)
{
	size_t pieces = streamplan_random(plan, 4);

	streamplan_begin(plan, streamplan_random(plan, 2));
	for (size_t i = 0; i < pieces; i++) {
		size_t len = random_length(plan);
		bool is_range = streamplan_random(plan, 2) == 0;
		size_t offset =
		    is_range ? streamplan_random(plan, plan->file.len + 9999) : 0;

		if (is_range ? streamplan_range(plan, offset, len, err) :
			       streamplan_bytes(plan, len, err))
			return -1;
	}
	return streamplan_end(plan, err);
}

int
streamplan_members(struct streamplan *plan, size_t members, struct error *err)
{
	for (size_t i = 0; i < members; i++) {
		if (streamplan_header(plan, 1 + streamplan_random(plan, 2000), err))
			return -1;
		if (streamplan_random(plan, 4) == 0)
			continue;
		if (random_body(plan, err) ||
		    streamplan_padding(plan, streamplan_random(plan, 512), err))
			return -1;
	}
	return 0;
}

/* ---- what was heard ---- */

static const char *
wrong_with(const struct streamplan *plan, const struct heard *h, bool is_complete)
{
	if (h->freed != 1)
		return "a body was not freed once";
	if (h->is_wrong || h->told > h->len || h->ended > 1)
		return "a body was told out of order";
	if (h->direct != crc32c(0, plan->expect.data + h->start, h->told))
		return "a body was told other bytes than planned";
	if (h->body.wants_crc32c && h->combined != h->direct)
		return "the CRC-32C of a piece is wrong";
	if (!is_complete)
		return NULL;
	if (h->ended != 1 || h->told != h->len)
		return "a body was not told all";
	return h->missing == h->missing_expected ? NULL : "a wrong number is missing";
}

const char *
streamplan_wrong(const struct streamplan *plan, bool is_complete)
{
	for (size_t i = 0; i < plan->nbodies; i++) {
		const char *wrong = wrong_with(plan, plan->bodies[i], is_complete);

		if (wrong)
			return wrong;
	}
	return NULL;
}

void
streamplan_free(struct streamplan *plan)
{
	for (size_t i = 0; i < plan->nbodies; i++)
		free(plan->bodies[i]);
	buf_free(&plan->expect);
	plan->nbodies = 0;
}
