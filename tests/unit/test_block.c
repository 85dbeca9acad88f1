/* One block: what is put into it is read, checked and told in its order, and an error ends that. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/crc32c.h"
#include "stream/block.h"

/* A body that writes down what it is told. */
struct listener {
	struct body body;
	char said[256];
	uint64_t fails_at;  /* a piece from here on is refused, */
	uint64_t rotten_at; /* and this one is when it is checked; 0: none */
	unsigned freed;
};

static void
say(struct listener *l, const char *text)
{
	size_t len = strlen(l->said);

	snprintf(l->said + len, sizeof(l->said) - len, "%s", text);
}

static int
listen_piece(struct body *b, const struct piece *p, struct error *err)
{
	struct listener *l = (struct listener *)b;
	char text[80];

	snprintf(text, sizeof(text), "%d:%.*s-%zu ", (int)p->offset,
	    (int)(p->len - p->missing), (const char *)p->bytes, p->missing);
	say(l, text);
	assert_int_equal(p->crc32c, b->wants_crc32c ? crc32c(0, p->bytes, p->len) : 0);
	return l->fails_at && p->offset >= l->fails_at ?
	    error_set(err, ERROR_STATE, 0, "refused") :
	    0;
}

static int
listen_end(struct body *b, struct error *err)
{
	(void)err;
	say((struct listener *)b, "end");
	return 0;
}

static void
listen_free(struct body *b)
{
	((struct listener *)b)->freed++;
}

static int
listen_check(const struct body *b, struct piece *p, const struct piece_source *from,
    struct error *err)
{
	const struct listener *l = (const struct listener *)b;

	assert_ptr_equal(p->bytes, from->bytes);
	return l->rotten_at && p->offset == l->rotten_at ?
	    error_set(err, ERROR_IO, 0, "rotten at %d", (int)from->offset) :
	    0;
}

static const struct body_ops listening = { listen_piece, listen_end, listen_free,
	listen_check };

static struct listener
listener(void)
{
	return (struct listener){ .body = { .ops = &listening, .name = "base/1" } };
}

/* "0123456789" as a file of one holder. */
static struct blockfile *
digits(struct blockfile_count *count)
{
	char path[] = "/tmp/block.XXXXXX";
	int fd = mkstemp(path);
	struct blockfile *file;
	struct error err;

	assert_int_not_equal(fd, -1);
	unlink(path);
	assert_int_equal(write(fd, "0123456789", 10), 10);
	assert_int_equal(blockfile_new(&file, fd, count, &err), 0);
	return file;
}

/* A header, four bytes, four of a file, four of which the file has two, the end, padding. */
static void
fill(struct block *b, struct listener *l, struct blockfile_count *count)
{
	struct blockfile *file = digits(count);
	struct error err;

	assert_int_equal(block_open(b, &err), 0);
	assert_int_equal(block_put(b, "HEAD", 4, &err), 0);
	assert_int_equal(block_put_bytes(b, &l->body, "abcd", 4, &err), 0);
	assert_int_equal(block_put_range(b, &l->body, file, 2, 4, &err), 0);
	assert_int_equal(block_put_range(b, &l->body, file, 8, 4, &err), 0);
	assert_int_equal(block_put_end(b, &l->body, &err), 0);
	assert_int_equal(block_put(b, "PAD", 3, &err), 0);
	blockfile_release(file);
	assert_int_equal(l->body.planned, 12);
}

static void
read_and_told(void **state)
{
	struct blockfile_count count = { 0 };
	struct listener l = listener();
	struct block b;

	(void)state;
	l.body.wants_crc32c = true;
	fill(&b, &l, &count);
	assert_int_equal(block_room(&b), BLOCKPIPE_BLOCK - 19);
	assert_int_equal(block_tell(&b), 0); /* nothing is read */
	assert_string_equal(l.said, "");
	assert_int_equal(count.open, 1);
	assert_int_equal(block_read(&b, NULL), 0);
	assert_int_equal(count.open, 0);
	assert_int_equal(b.raw_len, 19);
	assert_memory_equal(b.raw, "HEADabcd234589\0\0PAD", 19);
	assert_int_equal(block_tell(&b), 0);
	assert_string_equal(l.said, "0:abcd-0 4:2345-0 8:89-2 end");
	assert_int_equal(l.freed, 1);
	assert_int_equal(block_tell(&b), 0); /* no one is told twice */
	block_clear(&b);
	assert_int_equal(l.freed, 1);
	assert_int_equal(b.raw_len + b.nparts + b.nread + b.ntold, 0);
	assert_int_equal(block_room(&b), BLOCKPIPE_BLOCK);
	block_close(&b);
}

/* What was not told is freed with the block, and its file closed. */
static void
closed_unread(void **state)
{
	struct blockfile_count count = { 0 };
	struct listener l = listener();
	struct block b;

	(void)state;
	fill(&b, &l, &count);
	block_close(&b);
	assert_int_equal(count.open, 0);
	assert_int_equal(l.freed, 1);
	assert_string_equal(l.said, "");
}

/* The pieces before it are told; the block stays in error. */
static void
a_check_fails(void **state)
{
	struct blockfile_count count = { 0 };
	struct listener l = listener();
	struct block b;

	(void)state;
	l.rotten_at = 8;
	fill(&b, &l, &count);
	for (size_t again = 0; again < 2; again++) {
		assert_int_equal(block_read(&b, NULL), -1);
		assert_string_equal(b.err.text, "\"base/1\": rotten at 8");
	}
	assert_int_equal(block_tell(&b), -1);
	assert_string_equal(l.said, "0:abcd-0 4:2345-0 ");
	assert_int_equal(b.err.kind, ERROR_IO);
	block_close(&b);
	assert_int_equal(count.open, 0);
	assert_int_equal(l.freed, 1);
}

/* Its error comes first in the stream: it takes the place of that of a later piece. */
static void
a_listener_fails_before_a_check(void **state)
{
	struct blockfile_count count = { 0 };
	struct listener l = listener();
	struct block b;

	(void)state;
	l.rotten_at = 8;
	l.fails_at = 4;
	fill(&b, &l, &count);
	assert_int_equal(block_read(&b, NULL), -1);
	assert_int_equal(block_tell(&b), -1);
	assert_string_equal(b.err.text, "refused");
	assert_int_equal(block_tell(&b), -1);
	assert_string_equal(l.said, "0:abcd-0 4:2345-0 ");
	block_close(&b);
	assert_int_equal(l.freed, 1);
}

/* Framing is never cut: the block grows for it, and is as small as before afterwards. */
static void
framing_beyond_the_block(void **state)
{
	static uint8_t header[2 * BLOCKPIPE_BLOCK];
	struct error err;
	struct block b;
	size_t cap;

	(void)state;
	memset(header, 'h', sizeof(header));
	assert_int_equal(block_open(&b, &err), 0);
	cap = b.raw_cap;
	assert_int_equal(block_put(&b, header, BLOCKPIPE_BLOCK, &err), 0);
	assert_int_equal(block_room(&b), 0);
	assert_int_equal(block_put(&b, header, sizeof(header), &err), 0);
	assert_int_equal(block_room(&b), 0);
	assert_memory_equal(b.raw + BLOCKPIPE_BLOCK, header, sizeof(header));
	block_clear(&b);
	assert_int_equal(b.raw_cap, cap);
	block_close(&b);
}

/* Nothing more is told, and its body freed with the block. */
static void
a_listener_fails(void **state)
{
	struct blockfile_count count = { 0 };
	struct listener l = listener();
	struct block b;

	(void)state;
	l.fails_at = 8;
	fill(&b, &l, &count);
	assert_int_equal(block_read(&b, NULL), 0);
	assert_int_equal(block_tell(&b), -1);
	assert_string_equal(l.said, "0:abcd-0 4:2345-0 8:89-2 ");
	assert_int_equal(l.freed, 0);
	block_close(&b);
	assert_int_equal(l.freed, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(read_and_told),
		cmocka_unit_test(closed_unread),
		cmocka_unit_test(a_check_fails),
		cmocka_unit_test(a_listener_fails),
		cmocka_unit_test(a_listener_fails_before_a_check),
		cmocka_unit_test(framing_beyond_the_block),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
