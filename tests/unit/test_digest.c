#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/crc32c.h"
#include "lib/digest.h"

/* FIPS 180-4's "abc"; of the CRC-32C the bytes are in little-endian order. */
static struct row {
	enum digest_kind kind;
	const char *name;
	const char *hex;
} rows[] = {
	{ DIGEST_NONE, "NONE", "" },
	{ DIGEST_CRC32C, "CRC32C", "b73f4b36" },
	{ DIGEST_SHA224, "SHA224",
	    "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7" },
	{ DIGEST_SHA256, "SHA256",
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ DIGEST_SHA384, "SHA384",
	    "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
	    "8086072ba1e7cc2358baeca134c825a7" },
	{ DIGEST_SHA512, "SHA512",
	    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
	    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f" },
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static void
to_hex(char *out, const uint8_t *bytes, size_t len)
{
	*out = '\0';
	for (size_t i = 0; i < len; i++)
		sprintf(out + 2 * i, "%02x", bytes[i]);
}

/* The digest of ${text}, a byte at a time. */
static void
digest_of(enum digest_kind kind, const char *text, char hex[2 * DIGEST_MAX + 1])
{
	uint8_t out[DIGEST_MAX];
	struct error err = { 0 };
	struct digest *d;
	size_t len;

	assert_int_equal(digest_new(&d, kind, &err), 0);
	for (; *text != '\0'; text++)
		assert_int_equal(digest_update(d, text, 1, &err), 0);
	assert_int_equal(digest_update(d, NULL, 0, &err), 0);
	assert_int_equal(digest_final(d, out, &len, &err), 0);
	digest_free(d);
	to_hex(hex, out, len);
}

static void
check_row(void **state)
{
	const struct row *row = *state;
	char hex[2 * DIGEST_MAX + 1], lower[16];
	enum digest_kind kind;

	digest_of(row->kind, "abc", hex);
	assert_string_equal(hex, row->hex);
	assert_string_equal(digest_name(row->kind), row->name);
	assert_int_equal(digest_by_name(row->name, &kind), 0);
	assert_int_equal(kind, row->kind);
	for (size_t i = 0; i <= strlen(row->name); i++)
		lower[i] =
		    (char)(row->name[i] >= 'A' ? row->name[i] | 0x20 : row->name[i]);
	assert_int_equal(digest_by_name(lower, &kind), 0);
	assert_int_equal(kind, row->kind);
}

static void
names_unknown(void **state)
{
	static const char *const names[] = { "", "SHA", "SHA2567", "SHA1", "MD5", "CRC32",
		" NONE", "CRC-32C" };
	enum digest_kind kind = DIGEST_SHA384;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(digest_by_name(names[i], &kind), -1);
	assert_int_equal(kind, DIGEST_SHA384);
}

static void
crc_from_elsewhere(void **state)
{
	static const uint8_t expected[] = { 0xd5, 0x48, 0xce, 0xb8 };
	uint8_t out[DIGEST_MAX];
	struct error err = { 0 };
	struct digest *d;
	size_t len;

	(void)state;
	assert_int_equal(digest_new(&d, DIGEST_CRC32C, &err), 0);
	assert_int_equal(digest_update(d, "x", 1, &err), 0);
	digest_set_crc32c(d, 0xB8CE48D5U);
	assert_int_equal(digest_final(d, out, &len, &err), 0);
	assert_int_equal(len, sizeof(expected));
	assert_memory_equal(out, expected, sizeof(expected));
	digest_free(d);
}

static void
free_nothing(void **state)
{
	(void)state;
	digest_free(NULL);
}

int
main(void)
{
	struct CMUnitTest tests[ROWS + 3] = {
		cmocka_unit_test(names_unknown),
		cmocka_unit_test(crc_from_elsewhere),
		cmocka_unit_test(free_nothing),
	};

	for (size_t i = 0; i < ROWS; i++)
		tests[3 + i] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = check_row,
			.initial_state = &rows[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
