/* Sinks and sources are what their ops say; none is no error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/stream.h"
#include "support/memstream.h"

static void
a_sink_writes_and_finishes(void **state)
{
	struct memsink m = memstream_sink(MEMSTREAM_NEVER);
	struct error err = { 0 };

	(void)state;
	assert_int_equal(sink_write(&m.sink, "one", 3, &err), 0);
	assert_int_equal(sink_write(&m.sink, "two", 3, &err), 0);
	assert_int_equal(sink_finish(&m.sink, &err), 0);
	assert_true(m.is_finished);
	sink_free(&m.sink);
	assert_string_equal(buf_text(&m.held), "onetwo");
	buf_free(&m.held);
	sink_free(NULL);
}

static void
a_sink_that_was_not_finished_never_was(void **state)
{
	struct memsink m = memstream_sink(4);
	struct error err = { 0 };

	(void)state;
	assert_int_equal(sink_write(&m.sink, "one", 3, &err), 0);
	assert_int_equal(sink_write(&m.sink, "two", 3, &err), -1);
	assert_string_equal(err.text, "injected: No space left on device");
	sink_free(&m.sink);
	assert_string_equal(buf_text(&m.held), "");
}

static void
a_source_reads(void **state)
{
	struct memsource m = memstream_source("onetwo", 6, 4);
	struct error err = { 0 };
	char bytes[8];
	size_t got;

	(void)state;
	assert_int_equal(source_read(&m.source, bytes, sizeof(bytes), &got, &err), 0);
	assert_int_equal(got, 4);
	assert_int_equal(source_read(&m.source, bytes + 4, 4, &got, &err), 0);
	assert_int_equal(got, 2);
	assert_memory_equal(bytes, "onetwo", 6);
	assert_int_equal(source_read(&m.source, bytes, sizeof(bytes), &got, &err), 0);
	assert_int_equal(got, 0);
	source_free(&m.source);
	source_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sink_writes_and_finishes),
		cmocka_unit_test(a_sink_that_was_not_finished_never_was),
		cmocka_unit_test(a_source_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
