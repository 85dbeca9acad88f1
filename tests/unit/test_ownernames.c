/* Names of owners: those of this host, and none where there is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tar/ownernames.h"

static void
known_and_unknown(void **state)
{
	struct ownernames *o;
	struct error err = { 0 };

	(void)state;
	assert_int_equal(ownernames_new(&o, &err), 0);
	assert_string_equal(ownernames_user(o, 0), "root");
	assert_string_equal(ownernames_group(o, 0), "root");
	assert_string_equal(ownernames_user(o, 4012345678U), "");
	assert_string_equal(ownernames_group(o, 4012345678U), "");
	assert_string_equal(ownernames_user(o, UINT32_MAX), "");
	/* not a valid number of more bits is cut to one that has a name */
	assert_string_equal(ownernames_user(o, (uint64_t)1 << 32), "");
	ownernames_free(o);
	ownernames_free(NULL);
}

/* More owners than are remembered: each keeps its own name. */
static void
many(void **state)
{
	struct ownernames *o;
	struct error err = { 0 };

	(void)state;
	assert_int_equal(ownernames_new(&o, &err), 0);
	for (uint64_t round = 0; round < 3; round++) {
		for (uint64_t id = 4012345678U; id < 4012345778U; id++)
			assert_string_equal(ownernames_user(o, id), "");
		assert_string_equal(ownernames_user(o, 0), "root");
	}
	ownernames_free(o);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_and_unknown),
		cmocka_unit_test(many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
