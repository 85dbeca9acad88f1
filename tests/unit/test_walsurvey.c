#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/bytes.h"
#include "wal/walsurvey.h"

static uint8_t data[32];

/* A record with ${len} bytes of main data, which begins with ${first}. */
static struct walrecord
record(uint8_t rmid, uint8_t info, size_t len, uint32_t first)
{
	data[0] = 0xFF;
	data[1] = (uint8_t)len;
	put_u32native(data + 2, first);
	return (struct walrecord){ .rmid = rmid,
		.info = info,
		.version = cluster_version(15),
		.data = data,
		.len = len + 2 };
}

static void
survey(void **state)
{
	struct walsurvey s = { 0 };
	struct error err = { 0 };
	struct walrecord rec;

	(void)state;
	put_u32native(data + 6, 700);
	rec = record(3, 0x10, 12, 0);
	assert_int_equal(walsurvey_record(&s, &rec, &err), 0);
	assert_int_equal(s.oldest_xid, 700);
	rec = record(18, 0x10, 8, 0);
	assert_int_equal(walsurvey_record(&s, &rec, &err), 0);
	assert_int_equal(s.oldest_commit_ts, 700);
	put_u32native(data + 10, 30);
	put_u32native(data + 18, 99);
	rec = record(6, 0x30, 20, 1);
	assert_int_equal(walsurvey_record(&s, &rec, &err), 0);
	assert_int_equal(s.oldest_multi, 30);
	assert_int_equal(s.oldest_member, 99);
	/* the last counts */
	put_u32native(data + 6, 800);
	rec = record(3, 0x10, 12, 0);
	assert_int_equal(walsurvey_record(&s, &rec, &err), 0);
	assert_int_equal(s.oldest_xid, 800);
	assert_int_equal(s.ndatabases, 0);
	walsurvey_free(&s);
}

static void
databases(void **state)
{
	struct walsurvey s = { 0 };
	struct error err = { 0 };
	struct walrecord rec;

	(void)state;
	for (uint32_t n = 1; n <= WALSURVEY_MOST; n++) {
		rec = record(4, 0x20, 8, n);
		assert_int_equal(walsurvey_record(&s, &rec, &err), 0);
		assert_int_equal(walsurvey_record(&s, &rec, &err), 0);
	}
	assert_int_equal(s.ndatabases, WALSURVEY_MOST);
	assert_true(walsurvey_has_database(&s, 77));
	assert_false(walsurvey_has_database(&s, WALSURVEY_MOST + 1));
	rec = record(4, 0x20, 8, WALSURVEY_MOST + 1);
	assert_int_equal(walsurvey_record(&s, &rec, &err), 0);
	assert_true(walsurvey_has_database(&s, WALSURVEY_MOST + 2)); /* who knows */
	walsurvey_free(&s);
	assert_false(walsurvey_has_database(&s, 77));
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(survey),
		cmocka_unit_test(databases) };

	return cmocka_run_group_tests_name("walsurvey", tests, NULL, NULL);
}
