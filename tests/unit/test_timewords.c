/* Moments as people say them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "recovery/timewords.h"

/* 2026-11-30 09:30:00 UTC, a Monday; in New York it is 04:30. */
static const time_t now = 1796031000;

static void
rows(void **state)
{
	static const struct {
		const char *text, *utc, *new_york; /* NULL: kept */
	} cases[] = {
		{ "now", "2026-11-30 09:30:00+00:00", "2026-11-30 04:30:00-05:00" },
		{ "10 minutes ago", "2026-11-30 09:20:00+00:00",
		    "2026-11-30 04:20:00-05:00" },
		{ "1 hour 30 min AGO", "2026-11-30 08:00:00+00:00",
		    "2026-11-30 03:00:00-05:00" },
		{ "2h ago", "2026-11-30 07:30:00+00:00", "2026-11-30 02:30:00-05:00" },
		/* before the clocks were turned back, on November 1st */
		{ "5 weeks ago", "2026-10-26 09:30:00+00:00",
		    "2026-10-26 05:30:00-04:00" },
		{ "yesterday 14:00", "2026-11-29 14:00:00+00:00",
		    "2026-11-29 14:00:00-05:00" },
		{ "yesterday", "2026-11-29 00:00:00+00:00", "2026-11-29 00:00:00-05:00" },
		{ "today 1:02:03.5", "2026-11-30 01:02:03.5+00:00",
		    "2026-11-30 01:02:03.5-05:00" },
		{ "04:14", "2026-11-30 04:14:00+00:00", "2026-11-30 04:14:00-05:00" },
		{ "09:14 UTC", "2026-11-30 09:14 UTC", "2026-11-30 09:14 UTC" },
		/* there it is tomorrow already */
		{ "today 00:10 +15", "2026-12-01 00:10 +15", "2026-12-01 00:10 +15" },
		{ "2026-07-01 12:00", "2026-07-01 12:00:00+00:00",
		    "2026-07-01 12:00:00-04:00" },
		{ "2001-01-01", "2001-01-01 00:00:00+00:00",
		    "2001-01-01 00:00:00-05:00" },
		{ "2026-07-01 12:00+02", NULL, NULL },
		{ "2026-07-01 12:00 Asia/Tokyo", NULL, NULL },
		{ "Nov 30 2099 PST", NULL, NULL },
		{ "11/30/26 2:30 PM", NULL, NULL },
	};
	char out[TIMEWORDS_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (int zone = 0; zone < 2; zone++) {
			const char *wanted = zone ? cases[i].new_york : cases[i].utc;

			setenv("TZ", zone ? "EST5EDT,M3.2.0,M11.1.0" : "UTC0", 1);
			tzset();
			out[0] = '\0';
			assert_int_equal(timewords_resolve(cases[i].text, now, out),
			    wanted ? TIMEWORDS_RESOLVED : TIMEWORDS_KEPT);
			assert_string_equal(out, wanted ? wanted : "");
		}
	}
}

static void
nonsense(void **state)
{
	static const char *const texts[] = { "", "yesterdayx", "yesterday 25:00",
		"today noon", "10 minutes", "10 minutes agoo", "ten minutes ago",
		"0 minutes ago", "10 fortnights ago", "99999999999 seconds ago",
		"999999999 weeks ago", "3000 weeks ago", "14:61", "2026-13-01", "soon",
		"5 years ago", "7",
		/* with its zone it would be too long to be written out */
		"2026-07-01 12:00:00."
		"00000000000000000000000000000000000000000000000000000000" };
	char out[TIMEWORDS_TEXT];

	(void)state;
	setenv("TZ", "UTC0", 1);
	tzset();
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(timewords_resolve(texts[i], now, out), TIMEWORDS_WRONG);
	assert_int_equal(timewords_resolve("14:14", now, out), TIMEWORDS_FUTURE);
	assert_int_equal(timewords_resolve("today 09:31", now, out), TIMEWORDS_FUTURE);
	assert_int_equal(timewords_resolve("14:14 -05", now, out), TIMEWORDS_FUTURE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows),
		cmocka_unit_test(nonsense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
