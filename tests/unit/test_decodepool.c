/*
 * A plain source read ahead: the same bytes, errors in their place, and it can always be left.  What is
 * compressed: test_decodechunks.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/interrupt.h"
#include "lib/sys.h"
#include "stream/decodepool.h"
#include "stream/infile.h"
#include "support/memstream.h"

enum { MANY = 9 * 1024 * 1024 + 77 }; /* more than the ring holds */

static uint8_t *
pattern(void)
{
	uint8_t *bytes = malloc(MANY);

	for (size_t i = 0; i < MANY; i++)
		bytes[i] = (uint8_t)(i * 7 + i / 251);
	return bytes;
}

static void
same_bytes(void **state)
{
	uint8_t *bytes = pattern(), *into = malloc(MANY);
	struct memsource m = memstream_source(bytes, MANY, 100000);
	struct source *s = &m.source;
	struct error err = { 0 };
	size_t at = 0, got;
	const char *name;

	(void)state;
	assert_int_equal(decodepool_push(&s, 2, NULL, &name, &err), 0);
	do {
		assert_int_equal(source_read(s, into + at,
				     MANY - at < 33333 ? MANY - at : 33333, &got, &err),
		    0);
		at += got;
	} while (got > 0 && at < MANY);
	assert_int_equal(at, MANY);
	assert_memory_equal(bytes, into, MANY);
	assert_int_equal(source_read(s, into, 1, &got, &err), 0);
	assert_int_equal(got, 0);
	source_free(s);
	free(bytes);
	free(into);
}

/* What came before it is read first; and it is told again. */
static void
error_in_its_place(void **state)
{
	uint8_t *bytes = pattern(), byte[4096];
	struct memsource m = memstream_source(bytes, MANY, 4096);
	struct source *s = &m.source;
	struct error err = { 0 };
	size_t at = 0, got;
	const char *name;

	(void)state;
	m.fail_at = 5 * 1024 * 1024;
	assert_int_equal(decodepool_push(&s, 2, NULL, &name, &err), 0);
	while (source_read(s, byte, sizeof(byte), &got, &err) == 0) {
		assert_true(got > 0);
		assert_memory_equal(byte, bytes + at, got);
		at += got;
	}
	assert_int_equal(at, 5 * 1024 * 1024);
	assert_string_equal(err.text, "injected: No space left on device");
	err = (struct error){ 0 };
	assert_int_equal(source_read(s, byte, 1, &got, &err), -1);
	assert_string_equal(err.text, "injected: No space left on device");
	source_free(s);
	free(bytes);
}

static void
left_early(void **state)
{
	uint8_t *bytes = pattern(), byte;

	(void)state;
	for (int reads = 0; reads < 3; reads++) {
		struct memsource m = memstream_source(bytes, MANY, 0);
		struct source *s = &m.source;
		struct error err = { 0 };
		const char *name;
		size_t got;

		assert_int_equal(decodepool_push(&s, 2, NULL, &name, &err), 0);
		for (int i = 0; i < reads; i++)
			assert_int_equal(source_read(s, &byte, 1, &got, &err), 0);
		source_free(s);
	}
	free(bytes);
}

struct waiting {
	struct source *s;
	struct error err;
	int rc;
};

static void *
wait_for_bytes(void *arg)
{
	struct waiting *w = arg;
	uint8_t bytes[6];
	size_t got = 1;

	while (w->rc == 0 && got > 0)
		w->rc = source_read(w->s, bytes, sizeof(bytes), &got, &w->err);
	return NULL;
}

/* Nobody writes to the pipe: neither side may wait for ever once the cancel is raised. */
static void
cancelled(void **state)
{
	struct cancel cancel = { false };
	struct waiting w = { 0 };
	struct error err = { 0 };
	const char *name;
	pthread_t thread;
	char path[32];
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "plain ", 6), 6); /* what tells the compression */
	snprintf(path, sizeof(path), "/dev/fd/%d", ends[0]);
	assert_int_equal(infile_open(&w.s, path, &cancel, &err), 0);
	assert_int_equal(infile_size(w.s), 0);
	assert_int_equal(decodepool_push(&w.s, 2, &cancel, &name, &err), 0);
	assert_int_equal(pthread_create(&thread, NULL, wait_for_bytes, &w), 0);
	cancel_raise(&cancel);
	decodepool_cut(w.s);
	pthread_join(thread, NULL);
	assert_int_equal(w.rc, -1);
	assert_int_equal(w.err.kind, ERROR_CANCELLED);
	source_free(w.s);
	close(ends[0]);
	close(ends[1]);
}

/* The thread is woken with a signal, which must not end the program. */
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
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_bytes),
		cmocka_unit_test(error_in_its_place),
		cmocka_unit_test(left_early),
		cmocka_unit_test(cancelled),
	};

	return cmocka_run_group_tests(tests, install, NULL);
}
