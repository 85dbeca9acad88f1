/* Timeline history files as a backup has them: found by their timelines, and damaged ones not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wal/histories.h"

static void
add(struct histories *h, const char *path, const char *content)
{
	struct error err = { 0 };
	struct buf text = { 0 };

	assert_int_equal(buf_append(&text, content, strlen(content), &err), 0);
	assert_int_equal(histories_add(h, path, &text, &err), 0);
	buf_free(&text);
}

static void
test_found(void **state)
{
	struct histories h = { 0 };
	const struct walhistory *two, *three;

	(void)state;
	add(&h, "pg_wal/00000003.history", "1\t0/500\tx\n2\t0/900\ty\n");
	add(&h, "00000002.history", "1\t0/500\tx\n");
	add(&h, "pg_wal/00000004.history", "1\t0/500\tx");
	add(&h, "pg_wal/0000000G.history", "1\t0/500\tx\n");
	add(&h, "pg_wal/000000030000000000000001", "1\t0/500\tx\n");
	assert_int_equal(h.count, 2);
	assert_null(histories_find(&h, 1));
	assert_null(histories_find(&h, 4));
	two = histories_find(&h, 2);
	three = histories_find(&h, 3);
	assert_int_equal(two->count, 2);
	assert_int_equal(three->count, 3);
	assert_true(walhistory_is_beginning(two, three));
	assert_true(walhistory_is_beginning(three, three));
	assert_false(walhistory_is_beginning(three, two));
	histories_free(&h);
}

static void
test_limit(void **state)
{
	struct histories h = { 0 };

	(void)state;
	for (size_t i = 0; i <= HISTORIES_MOST; i++)
		add(&h, "00000002.history", "");
	assert_int_equal(h.count, HISTORIES_MOST);
	histories_free(&h);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
