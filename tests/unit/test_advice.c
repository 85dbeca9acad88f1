/* What can be done about an error of the system. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "cli/advice.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct row {
	const char *name;
	struct error err;
	const char *word; /* that the advice has; NULL: there is none */
} rows[] = {
	{ "device", { .kind = ERROR_IO, .sys = EIO }, "kernel log" },
	{ "disk", { .kind = ERROR_IO, .sys = ENOSPC }, "room" },
	{ "quota", { .kind = ERROR_IO, .sys = EDQUOT }, "room" },
	{ "size of a file", { .kind = ERROR_IO, .sys = EFBIG }, "ulimit -f" },
	{ "our files", { .kind = ERROR_IO, .sys = EMFILE }, "ulimit -n" },
	{ "threads", { .kind = ERROR_IO, .sys = EAGAIN }, "ulimit -u" },
	{ "permission", { .kind = ERROR_IO, .sys = EACCES },
	    "owner of the data directory" },
	{ "memory of the kernel", { .kind = ERROR_IO, .sys = ENOMEM }, "--jobs" },
	{ "memory", { .kind = ERROR_MEMORY }, "--jobs" },
	{ "of another kind", { .kind = ERROR_STATE, .sys = ENOSPC }, "room" },
	{ "without a cause", { .kind = ERROR_STATE }, NULL },
	{ "of another cause", { .kind = ERROR_IO, .sys = ESPIPE }, NULL },
	{ "no error", { .kind = ERROR_NONE }, NULL },
};

static void
check_row(void **state)
{
	const struct row *row = *state;
	const char *advice = advice_for(&row->err);

	if (row->word == NULL) {
		assert_null(advice);
		return;
	}
	assert_non_null(advice);
	assert_non_null(strstr(advice, row->word));
	assert_int_equal(advice[strlen(advice) - 1], '.'); /* a hint is a sentence */
}

int
main(void)
{
	struct CMUnitTest tests[COUNT(rows)];

	for (size_t i = 0; i < COUNT(rows); i++)
		tests[i] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = check_row,
			.initial_state = &rows[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
