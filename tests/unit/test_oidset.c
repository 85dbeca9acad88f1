/* OIDs that are added, and asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/oidset.h"
#include "support/growth.h"

static void
added_and_found(void **state)
{
	struct oidset s = { 0 };
	struct error err = { 0 };

	(void)state;
	assert_false(oidset_has(&s, 1));
	assert_int_equal(oidset_add(&s, 16400, &err), 0);
	assert_int_equal(oidset_add_text(&s, "5", &err), 0);
	assert_int_equal(oidset_add_text(&s, "4294967295", &err), 0);
	assert_true(
	    oidset_has(&s, 5) && oidset_has(&s, 16400) && oidset_has(&s, 4294967295U));
	assert_true(oidset_has_text(&s, "16400"));
	assert_false(oidset_has_text(&s, "1640"));
	assert_false(oidset_has_text(&s, "016400"));
	assert_false(oidset_has_text(&s, "4294983696")); /* 16400 and 2^32 */
	assert_int_equal(oidset_add(&s, 4, &err), 0);
	assert_true(oidset_has(&s, 4));
	assert_int_equal(oidset_add_text(&s, "x", &err), -1);
	assert_string_equal(err.text, "\"x\" is not an OID");
	oidset_free(&s);
	oidset_free(&s);
}

static double
work(size_t n)
{
	struct oidset s = { 0 };
	struct error err = { 0 };
	const double start = growth_clock();
	double took;

	for (size_t i = 0; i < n; i++)
		assert_int_equal(oidset_add(&s, (uint32_t)(n - i), &err), 0);
	for (size_t i = 0; i < n; i++)
		assert_true(oidset_has(&s, (uint32_t)(i + 1)));
	took = growth_clock() - start;
	oidset_free(&s);
	return took;
}

static void
many(void **state)
{
	(void)state;
	growth_check(work, 10000);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(added_and_found),
		cmocka_unit_test(many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
