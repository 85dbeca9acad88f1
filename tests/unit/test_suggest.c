/* What somebody meant who made a slip, and what is no slip any more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/suggest.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const names[] = { "no-slot", "no-sync", "label", "target-xid",
	"target-lsn", "checkpoint", "xy" };

static const struct row {
	const char *word, *hint; /* "": none */
} rows[] = {
	{ "labl", "Did you mean \"--label\"?" },
	{ "labels", "Did you mean \"--label\"?" },
	{ "lable", "Did you mean \"--label\"?" }, /* exchanged: one slip */
	{ "no-sxxt", "Did you mean \"--no-slot\"?" },
	{ "no-sy0t", "Did you mean \"--no-slot\" or \"--no-sync\"?" },
	{ "target-xsn", "Did you mean \"--target-lsn\"?" },
	{ "chckpnt", "" }, /* three letters of seven */
	{ "checkpnt", "Did you mean \"--checkpoint\"?" },
	{ "slot", "" },
	{ "ab", "" }, /* all of it is another */
	{ "", "" },
	{ "a-name-that-is-longer-than-any-option-of-ours-will-ever-be", "" },
};

static void
hints(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct error err = { 0 };
		struct suggest s;

		suggest_start(&s, rows[i].word, strlen(rows[i].word));
		for (size_t k = 0; k < COUNT(names); k++)
			suggest_offer(&s, names[k]);
		assert_int_equal(suggest_hint(&s, "--", &err), -1);
		assert_string_equal(err.hint, rows[i].hint);
	}
}

/* Only so many, and the word need not end where it is said to. */
static void
limits(void **state)
{
	struct error err = { 0 };
	struct suggest s;

	(void)state;
	suggest_start(&s, "aaaa=5", 4);
	for (int i = 0; i < 2 * SUGGEST_MOST; i++)
		suggest_offer(&s, "aaab");
	assert_int_equal(s.count, SUGGEST_MOST);
	assert_int_equal(suggest_hint(&s, "", &err), -1);
	assert_string_equal(
	    err.hint, "Did you mean \"aaab\", \"aaab\", \"aaab\" or \"aaab\"?");
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(hints),
		cmocka_unit_test(limits) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
