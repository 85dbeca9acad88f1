/* Tables of tests: each row is one, and its name is seen where it fails. */
#include "support/rows.h"

void
rows_name(struct CMUnitTest *tests, const void *rows, size_t size, size_t count,
    CMUnitTestFunction run)
{
	for (size_t i = 0; i < count; i++) {
		const char *const *row = (const void *)((const char *)rows + i * size);

		tests[i] = (struct CMUnitTest){ .name = *row,
			.test_func = run,
			.initial_state = (void *)(uintptr_t)row };
	}
}
