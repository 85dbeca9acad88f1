/* What is hidden of text that may repeat a password. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/secret.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
masked(void **state)
{
	static const struct {
		const char *text, *said;
		bool has_form;
	} rows[] = {
		{ "", "", false },
		{ "database \"a\" does not exist", "database \"a\" does not exist",
		    false },
		/* URIs, whole and cut at 63 bytes */
		{ "database \"postgresql://u:SECRET@h/db\" does not exist",
		    "database \"postgresql://***\" does not exist", true },
		{ "database \"postgresql://u:SECR\" does not exist",
		    "database \"postgresql://***\" does not exist", true },
		{ "database \"postgresql://u:SE\"CRET\" does not exist",
		    "database \"postgresql://***\" does not exist", true },
		{ "database \"postgresql://u:S@E\"CRET@h\" does not exist",
		    "database \"postgresql://***\" does not exist", true },
		{ "could not translate host name \"postgresql://SECRET\" to address: unknown",
		    "could not translate host name \"postgresql://***\" to address: unknown",
		    true },
		{ "argument: postgresql://u:SEC RET@h", "argument: postgresql://***",
		    true },
		{ "a \"postgresql://\" b", "a \"postgresql://\" b", false },
		{ "postgresql://", "postgresql://", false },
		/* connection strings */
		{ "role \"host=h password=SEC RET\" does",
		    "role \"host=h password=***\" does", true },
		{ "role \"sslPassword = 'SE\"CRET'\" x", "role \"sslPassword =***\" x",
		    true },
		{ "oauth_client_secret=SECRET", "oauth_client_secret=***", true },
		{ "password authentication failed", "password authentication failed",
		    false },
		{ "password_encryption=md5", "password_encryption=md5", false },
		{ "a = b", "a = b", false },
		{ "=", "=", false },
		/* a URI without its scheme */
		{ "host \"u:SECRET@h\" x", "host \"u:***@h\" x", true },
		{ "host \"u:SEC @RET@h\" x", "host \"u:***@h\" x", true },
		{ "host \"postgres:/u:SECRET@h\" x", "host \"postgres:***@h\" x", true },
		{ "at: u:SECRET@h b@c", "at: u:***@h b@c", true },
		{ "FATAL: role \"a@b\"", "FATAL: role \"a@b\"", false },
		{ "\"::1\", \"a@b\": c", "\"::1\", \"a@b\": c", false },
		{ ":", ":", false },
		/* words that are known */
		{ "user \"hunter2\": hunter2, hunter2", "user \"***\": ***, ***", false },
		{ "hunter22 xhunter2 hunter2_ \303\251hunter2",
		    "hunter22 xhunter2 hunter2_ \303\251hunter2", false },
		{ "x!a b!x", "x***x", false },
		{ "hunter", "hunter", false },
	};
	static const char *const known[] = { "hunter2", "", "!a b!" };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char out[128];
		bool has_form = secret_mask(out, sizeof(out), rows[i].text,
		    strlen(rows[i].text), known, COUNT(known));

		assert_string_equal(out, rows[i].said);
		assert_int_equal(has_form, rows[i].has_form);
		/* once more: nothing is left to hide */
		secret_mask(
		    out, sizeof(out), rows[i].said, strlen(rows[i].said), known, 1);
		assert_string_equal(out, rows[i].said);
	}
}

/* What does not fit is cut, a mask as well; only ${len} bytes are looked at. */
static void
cut(void **state)
{
	static const char text[] = "a password=SECRET";
	static const char said[] = "a password=***";

	(void)state;
	for (size_t size = 1; size <= sizeof(said); size++) {
		char out[sizeof(said) + 1];

		memset(out, 'x', sizeof(out));
		secret_mask(out, size, text, sizeof(text) - 1, NULL, 0);
		assert_memory_equal(out, said, size - 1);
		assert_int_equal(out[size - 1], '\0');
		assert_int_equal(out[size], 'x');
	}
	for (size_t len = 0; len < sizeof(text); len++) {
		char out[32], part[sizeof(text)];

		memcpy(part, text, len);
		secret_mask(out, sizeof(out), part, len, NULL, 0);
		assert_null(strchr(out, 'S'));
	}
}

static void
connections(void **state)
{
	static const struct {
		const char *text;
		bool is_one;
	} rows[] = {
		{ "postgresql://u@h", true },
		{ "postgres://", true },
		{ "host=h password=x", true },
		{ "password=", false },
		{ "", false },
		{ "/data/postgresql://", false },
		{ "/data/password", false },
		{ "backup@host:/a", false },
		{ "a:b@c", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(secret_is_connection(rows[i].text), rows[i].is_one);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(masked),
		cmocka_unit_test(cut),
		cmocka_unit_test(connections),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
