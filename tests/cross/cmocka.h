#ifndef PG_BASETAR_TESTS_CROSS_CMOCKA_H
#define PG_BASETAR_TESTS_CROSS_CMOCKA_H

#include <stdio.h>
#include <stdlib.h>

/*
 * What test_crc32c and test_page use of cmocka, for a machine that they are cross-compiled for and
 * that has no cmocka here (tests/e2e/aarch64.sh).  The first check that fails ends the program with
 * exit status 1.
 */
struct CMUnitTest {
	const char *name;
	void (*test_func)(void **state);
	void *initial_state;
};

#define cmocka_unit_test(function) \
	{ \
		.name = #function, .test_func = (function) \
	}

#define print_message printf

#define fail_msg(...) (printf("# " __VA_ARGS__), printf("\n"), exit(1))

#define assert_true(value) ((value) ? (void)0 : fail_msg("line %d: %s", __LINE__, #value))
#define assert_int_equal(a, b) \
	assert_true((unsigned long long)(a) == (unsigned long long)(b))
#define assert_int_not_equal(a, b) \
	assert_true((unsigned long long)(a) != (unsigned long long)(b))

#define cmocka_run_group_tests(tests, begin, end) \
	cmocka_run(tests, sizeof(tests) / sizeof((tests)[0]), begin, end)

static int
cmocka_run(const struct CMUnitTest *tests, size_t count, int (*begin)(void **),
    int (*end)(void **))
{
	void *state = NULL;

	if (begin && begin(&state))
		fail_msg("the tests cannot begin");
	for (size_t i = 0; i < count; i++) {
		state = tests[i].initial_state;
		tests[i].test_func(&state);
		printf("ok - %s\n", tests[i].name);
	}
	if (end && end(&state))
		fail_msg("the tests cannot end");
	return 0;
}

#endif
