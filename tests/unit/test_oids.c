#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/oids.h"

static void
added(void **state)
{
	static const char *const bad[] = { "", "0", "01", "-1", "4294967296", "x", "1 ",
		"1.0" };
	struct oids list = { 0 };
	struct error err = { 0 };

	(void)state;
	assert_false(oids_has(&list, 0));
	assert_int_equal(oids_add(&list, "16400", &err), 0);
	assert_int_equal(oids_add(&list, "4294967295", &err), 0);
	assert_int_equal(oids_add(&list, "16400", &err), 0);
	assert_int_equal(list.count, 2);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(oids_add(&list, bad[i], &err), -1);
		assert_int_equal(err.kind, ERROR_USAGE);
	}
	assert_true(oids_has(&list, 16400));
	assert_true(oids_has(&list, UINT32_MAX));
	assert_false(oids_has(&list, 16401));
	oids_free(&list);
	assert_int_equal(list.count, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(added) };

	return cmocka_run_group_tests_name("oids", tests, NULL, NULL);
}
