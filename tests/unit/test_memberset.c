/* The members of a backup by name: found in the order in which they came, and in any other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "format/memberset.h"

enum {
	MANY = 10000,
	STEP = 7919
}; /* more than a block of rows; a step that meets them all */

static struct memberset *
new_set(void)
{
	struct memberset *s;
	struct error err;

	assert_int_equal(memberset_new(&s, &err), 0);
	return s;
}

static struct memberset_row *
add(struct memberset *s, const char *path)
{
	struct memberset_row *row;
	struct error err;

	assert_int_equal(memberset_add(s, path, &row, &err), 0);
	assert_string_equal(row->path, path);
	return row;
}

static struct memberset_row *
find(struct memberset *s, const char *path)
{
	struct memberset_row *row = NULL;
	struct error err;

	assert_int_equal(memberset_find(s, path, &row, &err), 0);
	return row;
}

static void
empty(void **state)
{
	struct memberset *s = new_set();
	struct memberset_row *const *rows;
	struct error err;

	(void)state;
	assert_null(find(s, "PG_VERSION"));
	assert_int_equal(memberset_count(s), 0);
	assert_int_equal(memberset_sorted(s, &rows, &err), 0);
	memberset_free(s);
	memberset_free(NULL);
}

/* The path is copied, the row new, and stays where it is while others come. */
static void
rows_stay(void **state)
{
	static struct memberset_row *rows[MANY];
	struct memberset *s = new_set();
	char path[32];

	(void)state;
	for (size_t i = 0; i < MANY; i++) {
		snprintf(path, sizeof(path), "base/5/%zu", i * STEP % MANY);
		rows[i] = add(s, path);
		assert_true(rows[i]->size == 0 && rows[i]->digests == NULL);
		assert_int_equal(rows[i]->number, i);
		rows[i]->size = i;
	}
	assert_int_equal(memberset_count(s), MANY);
	for (size_t round = 0; round < 2; round++)
		for (size_t n = 0; n < MANY; n++) {
			/* as they came, then backwards */
			size_t i = round == 0 ? n : MANY - 1 - n;

			snprintf(path, sizeof(path), "base/5/%zu", i * STEP % MANY);
			assert_ptr_equal(find(s, path), rows[i]);
			assert_int_equal(rows[i]->size, i);
		}
	memberset_free(s);
}

/* One that comes after a search is found as well. */
static void
added_after_a_search(void **state)
{
	struct memberset *s = new_set();
	struct memberset_row *late;

	(void)state;
	for (char name[] = "z"; name[0] >= 'a'; name[0]--)
		add(s, name);
	assert_ptr_equal(find(s, "y"), find(s, "y"));
	assert_null(find(s, "late"));
	late = add(s, "late");
	assert_ptr_equal(find(s, "late"), late);
	assert_string_equal(find(s, "a")->path, "a");
	memberset_free(s);
}

/* By name as bytes, then as they came; the first of a name is the one that is found. */
static void
sorted(void **state)
{
	static const char *const came[] = { "b", "a/b", "a", "b", "a-", "B", "b" };
	static const char *const order[] = { "B", "a", "a-", "a/b", "b", "b", "b" };
	enum { N = sizeof(came) / sizeof(came[0]) };
	struct memberset *s = new_set();
	struct memberset_row *const *rows;
	struct error err;

	(void)state;
	for (size_t i = 0; i < N; i++)
		add(s, came[i]);
	assert_int_equal(memberset_sorted(s, &rows, &err), 0);
	for (size_t i = 0; i < N; i++)
		assert_string_equal(rows[i]->path, order[i]);
	assert_true(rows[4]->number == 0 && rows[5]->number == 3 && rows[6]->number == 6);
	for (size_t i = 0; i < MANY / 1000; i++) /* past all that are near */
		add(s, "later");
	assert_int_equal(find(s, "a")->number, 2);
	assert_int_equal(find(s, "b")->number, 3); /* the next one after "a" */
	assert_int_equal(find(s, "B")->number, 5);
	assert_int_equal(find(s, "a-")->number, 4);
	memberset_free(s);
}

/* CRC-32C is a field of the row, the first byte the lowest; the others are a list. */
static void
digests(void **state)
{
	static const uint8_t crc[] = { 0x78, 0x56, 0x34, 0x12 };
	static const uint8_t sha[32] = { 1, 2, 3 }, sha512[64] = { 9 };
	struct memberset *s = new_set();
	struct memberset_row *row;
	struct error err;

	(void)state;
	add(s, "odd"); /* what comes next is not aligned */
	row = add(s, "a");
	assert_int_equal(memberset_add_digest(s, row, DIGEST_NONE, NULL, 0, &err), 0);
	assert_false(row->has_crc32c);
	assert_int_equal(memberset_add_digest(s, row, DIGEST_CRC32C, crc, 4, &err), 0);
	assert_true(row->has_crc32c);
	assert_int_equal(row->crc32c, 0x12345678);
	assert_null(row->digests);
	assert_int_equal(memberset_add_digest(s, row, DIGEST_SHA256, sha, 32, &err), 0);
	assert_int_equal(
	    memberset_add_digest(s, row, DIGEST_SHA512, sha512, 64, &err), 0);
	assert_int_equal(row->digests->kind, DIGEST_SHA512);
	assert_int_equal(row->digests->len, 64);
	assert_memory_equal(row->digests->bytes, sha512, 64);
	assert_int_equal(row->digests->next->kind, DIGEST_SHA256);
	assert_memory_equal(row->digests->next->bytes, sha, 32);
	assert_null(row->digests->next->next);
	memberset_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty),
		cmocka_unit_test(rows_stay),
		cmocka_unit_test(added_after_a_search),
		cmocka_unit_test(sorted),
		cmocka_unit_test(digests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
