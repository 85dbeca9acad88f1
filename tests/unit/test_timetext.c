/* Moments as texts: what is read, what is left to the server, and what is before what. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "recovery/timetext.h"

#define NONE INT64_MAX /* no offset is known */

static void
test_read(void **state)
{
	static const struct {
		const char *text;
		int64_t local, offset;
		const char *zone;
	} rows[] = {
		/* seconds of date -u -d */
		{ "1970-01-01 00:00:00 UTC", 0, 0, "UTC" },
		{ "2026-11-30 02:30:00+00", 1796005800, 0, "+00" },
		{ "2026-11-30T02:30:00Z", 1796005800, 0, "Z" },
		{ "2026-11-30 02:30:00.123456 gmt", 1796005800, 0, "gmt" },
		{ "  2026-11-30   2:30 ", 1796005800, NONE, "" },
		{ "2026-11-30", 1795996800, NONE, "" },
		{ "2026-11-30+01", 1795996800, 3600, "+01" },
		{ "2026-11-30 02:30:00 +0130 ", 1796005800, 5400, "+0130 " },
		{ "2026-11-30 02:30:00-03:30", 1796005800, -12600, "-03:30" },
		{ "2026-11-30 02:30:00+00:53:28", 1796005800, 3208, "+00:53:28" },
		{ "2026-11-30 02:30:00 CET", 1796005800, NONE, "CET" },
		{ "2026-11-30 02:30:00 Europe/Berlin", 1796005800, NONE,
		    "Europe/Berlin" },
		{ "2026-11-30 02:30:00 UTC+3", 1796005800, NONE, "UTC+3" },
		{ "2024-02-29 24:00:00 UTC", 1709251200, 0, "UTC" },
		{ "2024-12-31 23:59:60 UTC", 1735689600, 0, "UTC" },
		{ "1900-03-01 UTC", -2203891200, 0, "UTC" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct timetext t;

		assert_int_equal(timetext_parse(rows[i].text, &t), TIMETEXT_READ);
		assert_int_equal(t.local, rows[i].local);
		assert_int_equal(t.has_offset, rows[i].offset != NONE);
		if (t.has_offset)
			assert_int_equal(t.offset, rows[i].offset);
		assert_string_equal(t.zone, rows[i].zone);
	}
}

static void
test_not_read(void **state)
{
	/* what servers of 15 take: nothing of it may be called wrong */
	static const char *const unknown[] = { "Nov 30 2026 02:30 PST",
		"30/11/2026 2:30 PM", "2026-11-30 02:30 PM", "20261130T023000",
		"J2451187", "2026-11-30 023000", "44-03-15 BC", "0044-03-15 BC",
		"2026.334", "2026-11-30 02:30:00 CET DST", "2026-Nov-30 02:30",
		"Mon Nov 30 02:30:00 2026 UTC" };
	static const char *const wrong[] = { "", "yesterday", "yesterdayx", "infinity",
		"2026-13-01", "2026-00-10", "2026-11-31", "2026-02-29", "1900-02-29",
		"0000-01-01", "2026-11-30 25:00", "2026-11-30 02:60",
		"2026-11-30 02:30:61", "2026-11-30 24:00:01", "2026-11-30 02:30+16",
		"2026-11-30 02:30+01:60" };
	struct timetext t;

	(void)state;
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		assert_int_equal(timetext_parse(unknown[i], &t), TIMETEXT_UNKNOWN);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(timetext_parse(wrong[i], &t), TIMETEXT_WRONG);
}

static void
test_order(void **state)
{
	static const struct {
		const char *one, *other;
		enum timetext_order order;
	} rows[] = {
		{ "2026-11-30 02:29:59 UTC", "2026-11-30 02:30:00 UTC", TIMETEXT_BEFORE },
		{ "2026-11-30 02:30:00.9 UTC", "2026-11-30 02:30:00 UTC",
		    TIMETEXT_NOT_BEFORE },
		{ "2026-11-30 02:30:01+00", "2026-11-30 02:30:00 UTC",
		    TIMETEXT_NOT_BEFORE },
		{ "2026-11-30 03:30:00+01", "2026-11-30 02:30:00 UTC",
		    TIMETEXT_NOT_BEFORE },
		{ "2026-11-30 03:29:59+01", "2026-11-30 02:30:00 UTC", TIMETEXT_BEFORE },
		{ "2026-11-29 21:30:00-05", "2026-11-30 02:30:00 UTC",
		    TIMETEXT_NOT_BEFORE },
		/* zones that are not known */
		{ "2026-11-30 02:00:00", "2026-11-30 02:30:00 UTC", TIMETEXT_PERHAPS },
		{ "2026-11-29 12:00:00", "2026-11-30 02:30:00 UTC", TIMETEXT_PERHAPS },
		{ "2026-11-29 10:00:00", "2026-11-30 02:30:00 UTC", TIMETEXT_BEFORE },
		{ "2026-11-30 02:30:00", "2026-11-30 02:30:00 UTC", TIMETEXT_NOT_BEFORE },
		{ "2026-11-30 02:29:00 CET", "2026-11-30 02:30:00 cet", TIMETEXT_BEFORE },
		{ "2026-11-30 02:29:00 IST", "2026-11-30 02:30:00 CET",
		    TIMETEXT_PERHAPS },
		{ "2026-11-30 02:29:00", "2026-11-30 02:30:00", TIMETEXT_PERHAPS },
		{ "2026-11-28 18:00:00", "2026-11-30 02:30:00 CST", TIMETEXT_BEFORE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct timetext one, other;

		assert_int_equal(timetext_parse(rows[i].one, &one), TIMETEXT_READ);
		assert_int_equal(timetext_parse(rows[i].other, &other), TIMETEXT_READ);
		assert_int_equal(timetext_before(&one, &other), rows[i].order);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_not_read),
		cmocka_unit_test(test_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
