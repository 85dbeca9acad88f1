/* Notes of a command line: each once, in the order in which they came, and no more than there is room for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "cli/optnote.h"

static void
each_once(void **state)
{
	struct optnotes notes = { 0 };
	char same[] = "first";

	(void)state;
	optnote_add(&notes, "first");
	optnote_add(&notes, "second");
	optnote_add(&notes, same);
	assert_int_equal(notes.count, 2);
	assert_string_equal(notes.rows[0], "first");
	assert_string_equal(notes.rows[1], "second");
}

static void
no_more_than_fit(void **state)
{
	static char texts[OPTNOTE_MOST + 2][16];
	struct {
		struct optnotes notes;
		const char *after;
	} room = { .after = "kept" };

	(void)state;
	for (size_t i = 0; i < OPTNOTE_MOST + 2; i++) {
		snprintf(texts[i], sizeof(texts[i]), "note %zu", i);
		optnote_add(&room.notes, texts[i]);
	}
	assert_int_equal(room.notes.count, OPTNOTE_MOST);
	assert_string_equal(room.notes.rows[OPTNOTE_MOST - 1], texts[OPTNOTE_MOST - 1]);
	assert_string_equal(room.after, "kept");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_once),
		cmocka_unit_test(no_more_than_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
