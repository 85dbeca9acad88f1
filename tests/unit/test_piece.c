/* A piece that is checked: notes, reading again, waiting. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/sys.h"
#include "stream/piece.h"

static void
notes_are_kept_in_order(void **state)
{
	struct piece piece = { 0 };
	struct error err = { 0 };

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		const struct piece_note note = { i, i % 3, i + 1, i + 2 };

		assert_int_equal(piece_note(&piece, &note, &err), 0);
	}
	assert_int_equal(piece.nnotes, 100);
	for (unsigned i = 0; i < 100; i++) {
		assert_int_equal(piece.notes[i].offset, i);
		assert_int_equal(piece.notes[i].kind, i % 3);
		assert_int_equal(piece.notes[i].expected, i + 1);
		assert_int_equal(piece.notes[i].found, i + 2);
	}
	piece_clear(&piece);
	assert_null(piece.notes);
	assert_int_equal(piece.nnotes, 0);
	piece_clear(&piece);
}

/* Only what is asked for is read; beyond the end of the file are zeros. */
static void
bytes_are_read_again(void **state)
{
	char name[] = "/tmp/test_piece.XXXXXX";
	uint8_t bytes[8];
	struct piece_source from = { .bytes = bytes, .fd = mkstemp(name), .offset = 3 };
	struct error err = { 0 };

	(void)state;
	assert_true(from.fd >= 0);
	unlink(name);
	assert_int_equal(write(from.fd, "0123456789", 10), 10);
	memset(bytes, 'x', sizeof(bytes));
	assert_int_equal(piece_reread(&from, 1, 2, &err), 0);
	assert_memory_equal(bytes, "x45xxxxx", 8);
	assert_int_equal(piece_reread(&from, 5, 3, &err), 0);
	assert_memory_equal(bytes, "x45xx89\0", 8);
	assert_int_equal(ftruncate(from.fd, 2), 0);
	assert_int_equal(piece_reread(&from, 0, 8, &err), 0);
	assert_memory_equal(bytes, "\0\0\0\0\0\0\0", 8);
	close(from.fd);
	from.fd = -1;
	assert_int_equal(piece_reread(&from, 0, 8, &err), -1);
	assert_int_equal(err.kind, ERROR_IO);
}

static void
waiting_ends(void **state)
{
	struct cancel cancel = { false };
	const struct piece_source from = { .cancel = &cancel };
	struct error err = { 0 };
	double start = sys_monotonic();

	(void)state;
	assert_int_equal(piece_wait(&from, 30, &err), 0);
	assert_true(sys_monotonic() - start >= 0.029);
	cancel_raise(&cancel);
	start = sys_monotonic();
	assert_int_equal(piece_wait(&from, 60000, &err), -1);
	assert_int_equal(err.kind, ERROR_CANCELLED);
	assert_true(sys_monotonic() - start < 30);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(notes_are_kept_in_order),
		cmocka_unit_test(bytes_are_read_again),
		cmocka_unit_test(waiting_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
