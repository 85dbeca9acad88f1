/* Records: each write one of them, the last filled up, none for nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stream/record.h"
#include "support/cutsink.h"
#include "support/memstream.h"
#include "support/streamplan.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct shape {
	const char *name;
	size_t size;
	size_t writes[8]; /* of that many bytes, ends with SIZE_MAX */
};

static struct shape shapes[] = {
	{ "nothing at all", 512, { SIZE_MAX } },
	{ "a write of nothing", 512, { 0, SIZE_MAX } },
	{ "one byte", 512, { 1, SIZE_MAX } },
	{ "one record", 512, { 512, SIZE_MAX } },
	{ "one record and a byte", 512, { 513, SIZE_MAX } },
	{ "a record of two writes", 512, { 511, 1, SIZE_MAX } },
	{ "over the edge", 512, { 511, 2, SIZE_MAX } },
	{ "many at once", 512, { 512 * 20, SIZE_MAX } },
	{ "many at once, between", 512, { 7, 512 * 20, 3, SIZE_MAX } },
	{ "filled up by a long one", 1024, { 1000, 24 + 1024 * 3, SIZE_MAX } },
	{ "blocks of the pipeline", 20480, { 10, 1048576, 10, 1048576, 9, SIZE_MAX } },
	{ "records larger than all", 1048576, { 100, 0, 20000, 3, SIZE_MAX } },
};

static size_t
total_of(const struct shape *shape)
{
	size_t total = 0;

	for (size_t i = 0; shape->writes[i] != SIZE_MAX; i++)
		total += shape->writes[i];
	return total;
}

static const uint8_t *
text(void)
{
	static uint8_t bytes[3 * 1048576];

	if (bytes[0] == 0)
		streamplan_fill(bytes, sizeof(bytes), 7);
	return bytes;
}

static int
run(struct sink *s, const struct shape *shape, struct error *err)
{
	const uint8_t *from = text();

	for (size_t i = 0; shape->writes[i] != SIZE_MAX; i++) {
		if (sink_write(s, from, shape->writes[i], err))
			return -1;
		from += shape->writes[i];
	}
	return sink_finish(s, err);
}

static void
check_shape(void **state)
{
	const struct shape *shape = *state;
	size_t total = total_of(shape);
	struct error err = { 0 };
	struct cutsink below;
	struct sink *s = &below.sink;

	cutsink_init(&below, false);
	assert_int_equal(record_push(&s, shape->size, &err), 0);
	assert_int_equal(run(s, shape, &err), 0);
	sink_free(s);
	assert_int_equal(below.ncuts, (total + shape->size - 1) / shape->size);
	for (size_t i = 0; i < below.ncuts; i++)
		assert_int_equal(below.cuts[i], (i + 1) * shape->size);
	if (total > 0)
		assert_memory_equal(below.held.data, text(), total);
	for (size_t i = total; i < below.len; i++)
		assert_int_equal(below.held.data[i], 0);
	buf_free(&below.held);
}

/* Wherever what is below fails, it is told, and what is below is freed. */
static void
fails_anywhere(void **state)
{
	static const struct shape shape = { "", 64, { 10, 200, 54, 64, 1, SIZE_MAX } };

	(void)state;
	for (size_t at = 0; at <= 384; at++) {
		struct memsink below = memstream_sink(at);
		struct sink *s = &below.sink;
		struct error err = { 0 };

		assert_int_equal(record_push(&s, shape.size, &err), 0);
		if (at == 384) {
			assert_int_equal(run(s, &shape, &err), 0);
			assert_true(below.is_finished);
			buf_free(&below.held);
		} else {
			assert_int_equal(run(s, &shape, &err), -1);
			assert_string_equal(
			    err.text, "injected: No space left on device");
			assert_false(below.is_finished);
			assert_int_equal(below.held.len, at);
		}
		sink_free(s);
		assert_int_equal(below.held.len, 0);
	}
}

/* Given up in the middle of a record: it was not whole, and nothing of it is written. */
static void
given_up(void **state)
{
	struct error err = { 0 };
	struct cutsink below;
	struct sink *s = &below.sink;

	(void)state;
	cutsink_init(&below, false);
	assert_int_equal(record_push(&s, 512, &err), 0);
	assert_int_equal(sink_write(s, text(), 700, &err), 0);
	sink_free(s);
	assert_int_equal(below.len, 512);
	buf_free(&below.held);
}

int
main(void)
{
	const struct CMUnitTest fixed[] = {
		cmocka_unit_test(fails_anywhere),
		cmocka_unit_test(given_up),
	};
	struct CMUnitTest tests[COUNT(shapes) + COUNT(fixed)];

	for (size_t i = 0; i < COUNT(shapes); i++)
		tests[i] = (struct CMUnitTest){ .name = shapes[i].name,
			.test_func = check_shape,
			.initial_state = &shapes[i] };
	memcpy(tests + COUNT(shapes), fixed, sizeof(fixed));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
