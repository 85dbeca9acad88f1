/* The threads of a decodepool, without its reader: what is cut, what is decoded, and when they wait. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "lib/interrupt.h"
#include "lib/sys.h"
#include "stream/decodepool_internal.h"
#include "support/memstream.h"

/* ---- a codec of lines: "LINE\n" is a chunk, "#LINE\n" one without content, "!" is in a damaged one ---- */

static enum chunk_found
find_line(const uint8_t *bytes, size_t len, uint64_t offset, size_t *seen, size_t *size,
    bool *has_content)
{
	const uint8_t *end =
	    len > *seen ? memchr(bytes + *seen, '\n', len - *seen) : NULL;

	(void)offset;
	if (len > 0 && bytes[0] == '.')
		return CHUNK_NONE;
	*seen = len;
	if (end == NULL)
		return CHUNK_MORE;
	*size = (size_t)(end - bytes) + 1;
	*has_content = bytes[0] != '#';
	return CHUNK_FOUND;
}

/* "ab\n" becomes "AB". */
static int
decode_line(void *decoder, const uint8_t *bytes, size_t len, struct buf *out,
    struct codec_sum *sum, bool *is_sound, struct error *err)
{
	assert_non_null(decoder);
	assert_int_equal(out->len, 0);
	if (bytes[0] == '?')
		return error_memory(err);
	*is_sound = memchr(bytes, '!', len) == NULL;
	sum->len = len - 1;
	for (size_t i = 0; i + 1 < len; i++) {
		const char letter = (char)(bytes[i] & ~0x20);

		if (buf_append(out, &letter, 1, err))
			return -1;
	}
	return 0;
}

static const struct chunk_methods lines = { .find = find_line, .decode = decode_line };

/* ---- a pool, whose reader is the test ---- */

enum { SLOTS = 4, JOBS = 2 };

static struct slot slots[SLOTS];
static struct decodepool pool;
static struct memsource source;
static bool is_locked; /* by the test, which may end then */
static pthread_t workers[JOBS];
static char decoder;
static void *decoders[JOBS + 1] = { &decoder, &decoder, &decoder };

static int
begin(void **state)
{
	(void)state;
	memset(slots, 0, sizeof(slots));
	pool = (struct decodepool){ .chunks = &lines,
		.jobs = JOBS,
		.slots = slots,
		.nslots = SLOTS,
		.decoders = decoders,
		.workers = workers,
		.below = &source.source };
	return pthread_mutex_init(&pool.lock, NULL) ||
		pthread_cond_init(&pool.changed, NULL) ?
	    -1 :
	    0;
}

static int
end(void **state)
{
	(void)state;
	if (is_locked)
		pthread_mutex_unlock(&pool.lock);
	is_locked = false;
	decodethreads_end(&pool);
	assert_false(pool.has_cutter);
	assert_int_equal(pool.nworkers, 0);
	for (size_t i = 0; i < SLOTS; i++) {
		buf_free(&slots[i].in);
		buf_free(&slots[i].out);
	}
	buf_free(&pool.input);
	pthread_cond_destroy(&pool.changed);
	return pthread_mutex_destroy(&pool.lock);
}

static void
start(const char *text, size_t chunk, size_t fail_at)
{
	struct error err = { 0 };

	source = memstream_source(text, strlen(text), chunk);
	source.fail_at = fail_at;
	assert_int_equal(decodethreads_start(&pool, &err), 0);
}

/* Wait until ${is_so}, 10 s at most; the lock is held from then on. */
static void
await(bool (*is_so)(void))
{
	const struct timespec until = sys_after(CLOCK_REALTIME, 10000);

	pthread_mutex_lock(&pool.lock);
	is_locked = true;
	while (!is_so())
		if (pthread_cond_timedwait(&pool.changed, &pool.lock, &until) != 0)
			fail_msg("it does not come to that: %d cut, %d taken",
			    (int)pool.cut, (int)pool.taken);
}

static void
proceed(void)
{
	pthread_cond_broadcast(&pool.changed);
	is_locked = false;
	pthread_mutex_unlock(&pool.lock);
}

static bool
is_stopped(void)
{
	for (uint64_t i = pool.given; i < pool.cut; i++)
		if (decodepool_slot(&pool, i)->state == SLOT_CUT ||
		    decodepool_slot(&pool, i)->state == SLOT_DECODING)
			return false;
	return pool.has_stopped;
}

static bool
has_left(void)
{
	return pool.has_left;
}

static void
expect_slot(uint64_t number, enum slot_state state, const char *content)
{
	const struct slot *slot = decodepool_slot(&pool, number);

	assert_int_equal(slot->state, state);
	assert_int_equal(slot->out.len, strlen(content));
	if (content[0])
		assert_memory_equal(slot->out.data, content, slot->out.len);
}

/* ---- one chunk ---- */

static void
one_chunk(void **state)
{
	static const struct {
		const char *chunk;
		bool has_content;
		enum slot_state state;
		const char *content;
		size_t len;
	} rows[] = {
		{ "ab\n", true, SLOT_DECODED, "AB", 2 },
		{ "a!\n", true, SLOT_UNSOUND, NULL, 2 },
		{ "?\n", true, SLOT_UNSOUND, NULL, 0 },
		/* a header: it is not looked at */
		{ "a!\n", false, SLOT_DECODED, "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct slot slot = { .has_content = rows[i].has_content,
			.sum = { 7, 7 } };
		struct error err = { 0 };

		/* what the slot was used for before is forgotten */
		assert_int_equal(buf_append(&slot.out, "old", 3, &err), 0);
		assert_int_equal(
		    buf_append(&slot.in, rows[i].chunk, strlen(rows[i].chunk), &err), 0);
		assert_int_equal(
		    decodethreads_decode(&pool, &decoder, &slot), rows[i].state);
		assert_int_equal(
		    slot.err.kind, rows[i].chunk[0] == '?' ? ERROR_MEMORY : ERROR_NONE);
		assert_int_equal(slot.sum.len, rows[i].len);
		assert_int_equal(slot.sum.crc, 0);
		if (rows[i].content) {
			assert_int_equal(slot.out.len, strlen(rows[i].content));
			if (slot.out.len > 0)
				assert_memory_equal(
				    slot.out.data, rows[i].content, slot.out.len);
		}
		buf_free(&slot.in);
		buf_free(&slot.out);
	}
}

/* ---- chunks ---- */

/* Whatever the pieces of the source; what is left at the end is no chunk. */
static void
chunks(void **state)
{
	(void)state;
	for (size_t chunk = 0; chunk < 4; chunk++) {
		start("ab\n#x!\nc\nrest", chunk, MEMSTREAM_NEVER);
		await(is_stopped);
		assert_int_equal(pool.cut, 4);
		expect_slot(0, SLOT_DECODED, "AB");
		expect_slot(1, SLOT_DECODED, "");
		expect_slot(2, SLOT_DECODED, "C");
		expect_slot(3, SLOT_UNSOUND, "");
		assert_int_equal(pool.offset, 9);
		/* the rest is the reader's */
		assert_int_equal(pool.input.len - pool.input_at, 4);
		assert_memory_equal(pool.input.data + pool.input_at, "rest", 4);
		assert_true(pool.is_end);
		assert_int_equal(pool.end.kind, ERROR_NONE);
		proceed();
		end(NULL);
		begin(NULL);
	}
}

/* After what is no chunk none is cut, although more would follow. */
static void
no_chunk(void **state)
{
	(void)state;
	start("ab\n.\ncd\n", 0, MEMSTREAM_NEVER);
	await(is_stopped);
	assert_int_equal(pool.cut, 2);
	expect_slot(1, SLOT_UNSOUND, "");
	assert_int_equal(pool.offset, 3);
	proceed();
}

/* A chunk that is damaged is the reader's matter, and those after it are decoded meanwhile. */
static void
damaged(void **state)
{
	(void)state;
	start("a!\ncd\n", 0, MEMSTREAM_NEVER);
	await(is_stopped);
	assert_int_equal(slots[0].state, SLOT_UNSOUND);
	expect_slot(1, SLOT_DECODED, "CD");
	proceed();
}

static void
source_fails(void **state)
{
	(void)state;
	start("ab\ncd\nef\n", 1, 5);
	await(is_stopped);
	assert_int_equal(pool.cut, 2);
	expect_slot(0, SLOT_DECODED, "AB");
	assert_int_equal(pool.end.kind, ERROR_IO);
	assert_int_equal(pool.input.len - pool.input_at, 2);
	proceed();
}

static bool
is_full(void)
{
	for (size_t i = 0; i < SLOTS; i++)
		if (slots[i].state != SLOT_DECODED)
			return false;
	return pool.cut - pool.given == SLOTS;
}

static bool
is_second_round(void)
{
	return pool.cut == SLOTS + 1 && slots[0].state == SLOT_DECODED;
}

/* No more is cut than there are slots, until the reader has emptied one. */
static void
ring(void **state)
{
	(void)state;
	start("a\nb\nc\nd\nefg\nh\n", 0, MEMSTREAM_NEVER);
	await(is_full);
	assert_int_equal(pool.taken, SLOTS);
	expect_slot(3, SLOT_DECODED, "D");
	slots[0].state = SLOT_EMPTY;
	pool.given = 1;
	proceed();
	await(is_second_round);
	expect_slot(SLOTS, SLOT_DECODED, "EFG");
	expect_slot(1, SLOT_DECODED, "B");
	proceed();
}

/* ---- the reader takes over ---- */

static bool
is_resting(void)
{
	return pool.is_resting;
}

/* While it wants the rest nothing is cut or taken; then the cutter goes on with what is decoded. */
static void
rest(void **state)
{
	(void)state;
	pool.wants_rest = true;
	start("whole stream\n", 0, MEMSTREAM_NEVER);
	await(is_resting);
	assert_int_equal(pool.cut + pool.taken, 0);
	pool.is_serial = true;
	pool.wants_rest = false;
	proceed();
	await(has_left);
	assert_int_equal(pool.cut, 1);
	/* no worker decodes that, though one may have looked at it */
	expect_slot(0, SLOT_DECODED, "whole stream\n");
	assert_false(pool.has_failed);
	proceed();
}

/* What came before the error is in a slot. */
static void
serial_fails(void **state)
{
	(void)state;
	pool.is_serial = true;
	start("whole stream\n", 3, 5);
	await(has_left);
	assert_int_equal(pool.cut, 1);
	expect_slot(0, SLOT_DECODED, "whole");
	assert_true(pool.has_failed);
	assert_int_equal(pool.why.kind, ERROR_IO);
	proceed();
}

/* Of nothing no slot is filled. */
static void
serial_of_nothing(void **state)
{
	(void)state;
	pool.is_serial = true;
	start("", 0, MEMSTREAM_NEVER);
	await(has_left);
	assert_int_equal(pool.cut, 0);
	assert_false(pool.has_failed);
	proceed();
}

/* They leave at any moment, and those that were never started have left. */
static void
left_at_once(void **state)
{
	(void)state;
	decodethreads_end(&pool);
	for (size_t i = 0; i < 20; i++) {
		end(NULL);
		begin(NULL);
		start("a\nb\nc\nd\ne\nf\n", 1, MEMSTREAM_NEVER);
	}
}

/* A thread is woken with a signal, which must not end the program. */
static int
install(void **state)
{
	struct error err = { 0 };

	(void)state;
	return interrupt_install(&err);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		CASE(one_chunk),
		CASE(chunks),
		CASE(no_chunk),
		CASE(damaged),
		CASE(source_fails),
		CASE(ring),
		CASE(rest),
		CASE(serial_fails),
		CASE(serial_of_nothing),
		CASE(left_at_once),
	};

	return cmocka_run_group_tests(tests, install, NULL);
}
