/* The planner's side of the pipeline, without its threads: where blocks end, and what ends the plan. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "stream/blockpipe_internal.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { SLOTS = 4, MIB = 1024 * 1024, PAGE = 8192 };

/* ---- a pipe that no thread works on: what was planned stays in its slots ---- */

static struct cancel cancel;
static struct blockslot slots[SLOTS];
static struct blockpipe pipe_; /* pipe() is POSIX's */
static unsigned told, freed;

static int
tell_end(struct body *body, struct error *err)
{
	(void)body;
	(void)err;
	told++;
	return 0;
}

static void
free_body(struct body *body)
{
	(void)body;
	freed++;
}

static const struct body_ops ops = { .end = tell_end, .free = free_body };
static struct body body = { .ops = &ops, .name = "base/5/1" };

static int
begin(void **state)
{
	struct error err = { 0 };

	(void)state;
	told = freed = 0;
	pipe_ = (struct blockpipe){
		.opt = { .cancel = &cancel, .files = 2 }, .slots = slots, .nslots = SLOTS
	};
	for (size_t i = 0; i < SLOTS; i++)
		if (block_open(&slots[i].block, &err))
			return -1;
	return pthread_mutex_init(&pipe_.lock, NULL) ||
		pthread_cond_init(&pipe_.work, NULL) ||
		pthread_cond_init(&pipe_.space, NULL) ?
	    -1 :
	    0;
}

static int
end(void **state)
{
	(void)state;
	for (size_t i = 0; i < SLOTS; i++)
		block_close(&slots[i].block);
	pthread_cond_destroy(&pipe_.work);
	pthread_cond_destroy(&pipe_.space);
	return pthread_mutex_destroy(&pipe_.lock);
}

static struct blockfile *
zeros(void)
{
	struct blockfile *file = NULL;
	struct error err = { 0 };

	assert_int_equal(
	    blockpipe_file(&pipe_, open("/dev/zero", O_RDONLY), &file, &err), 0);
	return file;
}

/* ---- where blocks end ---- */

static uint8_t bytes[4 * MIB];

/* Framing before a body, and the body: bytes of ours, or a range of a file. */
struct row {
	size_t framing, body;
	size_t lens[SLOTS]; /* of the blocks, the open one included; 0 if absent */
	bool is_range;
};

static const struct row rows[] = {
	{ 512, 0, { 512 }, false },
	{ 512, 1, { 513 }, false },
	{ 512, MIB - 512, { MIB }, false },
	{ 512, MIB - 511, { MIB, 1 }, false },
	{ 512, 3 * MIB, { MIB, MIB, MIB, 512 }, false },
	{ MIB, 5, { MIB, 5 }, false },
	/* framing is never cut */
	{ MIB + 512, 5, { MIB + 512, 5 }, false },

	{ 512, 0, { 512 }, true },
	{ 512, MIB - 512, { MIB }, true },
	/* of a range a block has whole pages */
	{ 512, MIB - 511, { MIB - PAGE + 512, PAGE - 511 }, true },
	{ 512, MIB, { MIB - PAGE + 512, PAGE }, true },
	{ 0, 2 * MIB + 1, { MIB, MIB, 1 }, true },
	{ MIB - PAGE, 2 * PAGE, { MIB, PAGE }, true },
	{ MIB - PAGE + 1, 2 * PAGE, { MIB - PAGE + 1, 2 * PAGE }, true },
	/* but for its end */
	{ MIB - PAGE + 1, PAGE - 1, { MIB }, true },
	{ MIB, PAGE, { MIB, PAGE }, true },
};

static void
expect_row(const struct row *row)
{
	struct error err = { 0 };

	assert_int_equal(blockpipe_bytes(&pipe_, bytes, row->framing, &err), 0);
	blockpipe_body_begin(&pipe_, &body);
	if (row->is_range) {
		struct blockfile *file = zeros();

		assert_int_equal(
		    blockpipe_body_range(&pipe_, file, 7, row->body, &err), 0);
		blockfile_release(file);
	} else
		assert_int_equal(blockpipe_body_bytes(&pipe_, bytes, row->body, &err), 0);
	assert_int_equal(blockpipe_body_end(&pipe_, &err), 0);
	assert_int_equal(body.planned, row->body);
	assert_int_equal(blockpipe_planned(&pipe_), row->framing + row->body);
	for (size_t i = 0; i < SLOTS; i++)
		assert_int_equal(slots[i].block.raw_len, row->lens[i]);
	/* the last is the open one */
	for (size_t i = pipe_.planned + 1; i < SLOTS; i++)
		assert_int_equal(row->lens[i], 0);
	assert_ptr_equal(pipe_.open, &slots[pipe_.planned].block);
	assert_int_equal(pipe_.unread, pipe_.planned);
}

static void
blocks_end(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		expect_row(&rows[i]);
		assert_int_equal(freed, 0); /* its end is not told */
		assert_int_equal(end(NULL), 0);
		assert_int_equal(freed, 1);
		assert_int_equal(begin(NULL), 0);
	}
}

/* Where a range goes on, in the file and in the body. */
static void
ranges_go_on(void **state)
{
	struct blockfile *file = zeros();
	struct error err = { 0 };
	uint64_t done = 0;

	(void)state;
	blockpipe_body_begin(&pipe_, &body);
	assert_int_equal(
	    blockpipe_body_range(&pipe_, file, 3 * PAGE, 2 * MIB + 100, &err), 0);
	for (size_t i = 0; i < 3; i++) {
		const struct part *part = &slots[i].block.parts[0];

		assert_int_equal(slots[i].block.nparts, 1);
		assert_int_equal(part->file_offset, 3 * PAGE + done);
		assert_int_equal(part->piece.offset, done);
		done += part->piece.len;
	}
	assert_int_equal(done, 2 * MIB + 100);
	assert_int_equal(atomic_load(&pipe_.files.open), 1);
	blockfile_release(file);
	assert_int_equal(atomic_load(&pipe_.files.open), 1); /* blocks hold it */
	assert_int_equal(blockpipe_body_end(&pipe_, &err), 0);
}

/* A block without a body to end in grows, and ends in framing when it must. */
static void
overdue(void **state)
{
	struct error err = { 0 };

	(void)state;
	assert_false(blockpipe_is_overdue(&pipe_));
	assert_int_equal(blockpipe_bytes(&pipe_, bytes, BLOCKPIPE_LONGEST - 1, &err), 0);
	assert_false(blockpipe_is_overdue(&pipe_));
	assert_int_equal(blockpipe_bytes(&pipe_, bytes, 1, &err), 0);
	assert_true(blockpipe_is_overdue(&pipe_));
	assert_int_equal(pipe_.planned, 0);
	memcpy(bytes, "head and tail", 13);
	assert_int_equal(blockpipe_bytes_cut(&pipe_, bytes, 13, 4, &err), 0);
	assert_int_equal(pipe_.planned, 1);
	assert_false(blockpipe_is_overdue(&pipe_));
	assert_int_equal(slots[0].block.raw_len, BLOCKPIPE_LONGEST + 4);
	assert_memory_equal(slots[0].block.raw + BLOCKPIPE_LONGEST, "head", 4);
	assert_int_equal(slots[1].block.raw_len, 9);
	assert_memory_equal(slots[1].block.raw, " and tail", 9);
	assert_int_equal(blockpipe_planned(&pipe_), BLOCKPIPE_LONGEST + 13);
}

/* A stream ends with its block, and an empty one has a block as well. */
static void
streams_end(void **state)
{
	struct sink sinks[2];
	struct error err = { 0 };

	(void)state;
	blockpipe_submit(&pipe_); /* none is open */
	assert_int_equal(pipe_.planned, 0);
	assert_int_equal(blockpipe_bytes(&pipe_, bytes, 5, &err), 0);
	assert_int_equal(blockpipe_switch(&pipe_, &sinks[0], &err), 0);
	assert_int_equal(blockpipe_switch(&pipe_, &sinks[1], &err), 0);
	assert_int_equal(pipe_.planned, 2);
	assert_ptr_equal(slots[0].block.next, &sinks[0]);
	assert_int_equal(slots[1].block.raw_len, 0);
	assert_ptr_equal(slots[1].block.next, &sinks[1]);
}

/* ---- what the planner waits for is read by itself, if it is in its own block ---- */

static void
barriers(void **state)
{
	struct blockfile *file = zeros();
	struct error err = { 0 };

	(void)state;
	assert_int_equal(blockpipe_barrier(&pipe_, &err), 0);
	assert_int_equal(blockpipe_settle(&pipe_, &err), 0);
	blockpipe_body_begin(&pipe_, &body);
	assert_int_equal(blockpipe_body_range(&pipe_, file, 0, 10, &err), 0);
	blockfile_release(file);
	assert_int_equal(slots[0].block.nread, 0);
	assert_int_equal(blockpipe_barrier(&pipe_, &err), 0);
	assert_int_equal(slots[0].block.nread, 1);
	assert_int_equal(atomic_load(&pipe_.files.open), 0);
	assert_int_equal(blockpipe_body_end(&pipe_, &err), 0);
	assert_int_equal(told, 0);
	assert_int_equal(blockpipe_settle(&pipe_, &err), 0);
	assert_int_equal(told, 1);
	assert_int_equal(freed, 1);
}

/* As many descriptors as there may be are in the open block: it is read, or no one would. */
static void
descriptors(void **state)
{
	struct error err = { 0 };

	(void)state;
	blockpipe_body_begin(&pipe_, &body);
	for (size_t i = 0; i < 5; i++) {
		struct blockfile *file = zeros();

		assert_in_range(atomic_load(&pipe_.files.open), 1, 2);
		assert_int_equal(blockpipe_body_range(&pipe_, file, 0, 10, &err), 0);
		blockfile_release(file);
		assert_int_equal(slots[0].block.nread, i / 2 * 2);
	}
	assert_int_equal(blockpipe_body_end(&pipe_, &err), 0);
}

/* An error of what is read is that of the stream, wherever it is found. */
static void
bad_ranges(void **state)
{
	struct blockfile *file = NULL;
	struct error err = { 0 };

	(void)state;
	assert_int_equal(
	    blockpipe_file(&pipe_, open("/", O_RDONLY), &file, &err), 0); /* EISDIR */
	blockpipe_body_begin(&pipe_, &body);
	assert_int_equal(blockpipe_body_range(&pipe_, file, 0, 10, &err), 0);
	blockfile_release(file);
	assert_int_equal(blockpipe_barrier(&pipe_, &err), -1);
	assert_int_equal(err.sys, EISDIR);
	err = (struct error){ 0 };
	assert_int_equal(blockpipe_settle(&pipe_, &err), -1);
	assert_int_equal(err.sys, EISDIR);
	/* what the planner fails with later comes after it */
	err = (struct error){ .kind = ERROR_STATE };
	blockpipe_fail(&pipe_, &err);
	assert_int_equal(slots[0].block.err.sys, EISDIR);
	assert_int_equal(pipe_.planned, 1);
}

/* ---- the end ---- */

static void
planner_fails(void **state)
{
	struct error why = { 0 }, err = { 0 };

	(void)state;
	blockpipe_fail(&pipe_, &why);
	assert_string_equal(
	    slots[0].block.err.text, "the planner failed without an error");
	error_set(&why, ERROR_STATE, 0, "injected");
	assert_int_equal(blockpipe_bytes(&pipe_, bytes, 5, &err), 0);
	blockpipe_fail(&pipe_, &why);
	assert_string_equal(slots[1].block.err.text, "injected");
	assert_int_equal(slots[1].block.raw_len, 5);
	assert_int_equal(pipe_.planned, 2);
	pipe_.complete = true;
	blockpipe_fail(&pipe_, &why);
	assert_int_equal(pipe_.planned, 2);
}

/* Of a pipe that has failed each call says so, and none waits. */
static void
pipe_has_failed(void **state)
{
	struct blockfile *file = zeros(), *other;
	const struct error why = { .kind = ERROR_STATE };
	const int fd = open("/dev/zero", O_RDONLY);
	struct error err = { 0 };

	(void)state;
	assert_false(blockpipe_has_failed(&pipe_));
	pipe_.failed = true;
	pipe_.planned = SLOTS; /* and no slot is free */
	assert_true(blockpipe_has_failed(&pipe_));
	blockpipe_body_begin(&pipe_, &body);
	assert_int_equal(blockpipe_bytes(&pipe_, bytes, 5, &err), -1);
	assert_int_equal(err.kind, ERROR_CANCELLED);
	assert_string_equal(err.text, "the stream ended early");
	assert_int_equal(blockpipe_bytes_cut(&pipe_, bytes, 5, 2, &err), -1);
	assert_int_equal(blockpipe_body_bytes(&pipe_, bytes, 5, &err), -1);
	assert_int_equal(blockpipe_body_range(&pipe_, file, 0, 5, &err), -1);
	assert_int_equal(blockpipe_body_end(&pipe_, &err), -1);
	assert_int_equal(blockpipe_switch(&pipe_, NULL, &err), -1);
	assert_int_equal(blockpipe_barrier(&pipe_, &err), -1);
	assert_int_equal(blockpipe_settle(&pipe_, &err), -1);
	assert_int_equal(blockpipe_file(&pipe_, fd, &other, &err), -1);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	blockpipe_fail(&pipe_, &why);
	assert_int_equal(pipe_.planned, SLOTS);
	assert_int_equal(blockpipe_planned(&pipe_), 0);
	blockfile_release(file);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		CASE(blocks_end),
		CASE(ranges_go_on),
		CASE(overdue),
		CASE(streams_end),
		CASE(barriers),
		CASE(descriptors),
		CASE(bad_ranges),
		CASE(planner_fails),
		CASE(pipe_has_failed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
