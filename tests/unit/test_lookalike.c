/* What is given instead of a tar archive, by the bytes that it begins with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tar/lookalike.h"

#define BYTES(text) text, sizeof(text) - 1

static const struct row {
	const char *bytes;
	size_t len;
	const char *name, *filter;
} rows[] = {
	/* written by gpg 2.2.40: -c; -r with keys of RSA, of ECC; -a */
	{ BYTES("\x8c\x0d\x04\x09\x03"), "data encrypted by gpg", "gpg -d" },
	{ BYTES("\x85\x01\x0c\x03\x11"), "data encrypted by gpg", "gpg -d" },
	{ BYTES("\x84\x5e\x03\x11"), "data encrypted by gpg", "gpg -d" },
	{ BYTES("-----BEGIN PGP MESSAGE-----\n"), "data encrypted by gpg", "gpg -d" },
	{ BYTES("age-encryption.org/v1\n-> X"), "data encrypted by age", "age -d" },
	{ BYTES("-----BEGIN AGE ENCRYPTED"), "data encrypted by age", "age -d" },
	{ BYTES("Salted__12345678"), "data encrypted by openssl", "openssl enc -d" },
	{ BYTES("PGDMP\x01\x0e"), "a dump of pg_dump", NULL },
	{ BYTES("--\n-- PostgreSQL database dump\n"), "a dump of pg_dump", NULL },
	{ BYTES("{ \"PostgreSQL-Backup-Manifest-Version\": 1,"), "a backup_manifest",
	    NULL },
	/* cut short, or not quite */
	{ BYTES("Salted_"), NULL, NULL },
	{ BYTES("\x8c\x0d\x05"), NULL, NULL },
	{ BYTES("\x85\xf1\x0c\x03"), NULL, NULL },
	{ BYTES(""), NULL, NULL },
	{ BYTES("backup_label\0\0\0"), NULL, NULL },
};

static void
each_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const uint8_t *bytes = (const uint8_t *)rows[i].bytes;
		const char *name = lookalike_name(bytes, rows[i].len);
		const char *filter = lookalike_filter(bytes, rows[i].len);

		assert_string_equal(name ? name : "", rows[i].name ? rows[i].name : "");
		assert_string_equal(
		    filter ? filter : "", rows[i].filter ? rows[i].filter : "");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(each_row) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
