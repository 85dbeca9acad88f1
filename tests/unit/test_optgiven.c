/* Every row of the table is taken: a kind that is not would be a call of nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/optgiven.h"

/* With a value that most do not take: it is refused, or it is not. */
static void
each_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < opttable_rows; i++) {
		const struct optread_token token = {
			.row = &opttable[i], .value = "", .has_value = true
		};
		struct options o = { .jobs = 0 };
		struct error err = { 0 };
		int verdict;

		if (opttable[i].kind == OPT_HEADING)
			continue;
		verdict = optgiven_take(&o, &token, &err);
		assert_true(verdict >= -1 && verdict <= OPTIONS_VERSION);
		assert_int_equal(verdict == -1, err.kind == ERROR_USAGE);
		options_free(&o);
	}
}

/* What ends the reading, and what does not. */
static void
verdicts(void **state)
{
	static const struct {
		const char *name;
		int verdict;
	} rows[] = { { "help", OPTIONS_HELP }, { "version", OPTIONS_VERSION },
		{ "quiet", OPTIONS_RUN } };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct optread_token token = { .value = "" };
		struct options o = { .jobs = 0 };
		struct error err = { 0 };

		assert_int_equal(opttable_name(COMMAND_BACKUP, rows[i].name,
				     strlen(rows[i].name), &token.row, &err),
		    0);
		assert_int_equal(optgiven_take(&o, &token, &err), rows[i].verdict);
		assert_int_equal(o.quiet, i == 2);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(each_row),
		cmocka_unit_test(verdicts) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
