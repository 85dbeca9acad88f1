/* pg_basetar.info: one line a value, whatever is in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "format/infofile.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
lines(void **state)
{
	static const struct {
		const char *key, *value, *line;
	} rows[] = {
		{ "LABEL", "nightly", "LABEL: nightly\n" },
		{ "LABEL", "", "LABEL: \n" },
		{ "TABLESPACE", "16400 /mnt/a\nb", "TABLESPACE: 16400 /mnt/a\\nb\n" },
		{ "TABLESPACE", "\\n\r\\", "TABLESPACE: \\\\n\\r\\\\\n" },
		{ "TABLESPACE", "\xff %s: \t", "TABLESPACE: \xff %s: \t\n" },
	};
	struct error err = { 0 };
	struct buf text = { 0 }, all = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		buf_clear(&text);
		assert_int_equal(
		    infofile_add(&text, rows[i].key, rows[i].value, &err), 0);
		assert_string_equal(buf_text(&text), rows[i].line);
		assert_int_equal(infofile_add(&all, rows[i].key, rows[i].value, &err), 0);
	}
	/* each after the others */
	assert_memory_equal(all.data, "LABEL: nightly\nLABEL: \nTABLESPACE: ", 35);
	buf_free(&text);
	buf_free(&all);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
