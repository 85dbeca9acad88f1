#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pg/setting.h"

static const struct row {
	const char *text;
	bool is_told, is_on, has_include;
} rows[] = {
	{ .text = "" },
	{ .text = "\n\n" },
	{ .text = "it = on\n", .is_told = true, .is_on = true },
	{ .text = "it on", .is_told = true, .is_on = true },
	{ .text = "it=on # so\n", .is_told = true, .is_on = true },
	{ .text = "  IT\t=\t'On'\r\n", .is_told = true, .is_on = true },
	{ .text = "it = 'true'\n", .is_told = true, .is_on = true },
	{ .text = "it = t\n", .is_told = true, .is_on = true },
	{ .text = "it = 1\n", .is_told = true, .is_on = true },
	{ .text = "it = yes\nit = off\n", .is_told = true },
	{ .text = "it = of\n", .is_told = true },
	{ .text = "it = false\nit = on\n", .is_told = true, .is_on = true },
	{ .text = "it = o\n" },
	{ .text = "it = onn\n" },
	{ .text = "it = ''\n" },
	{ .text = "it\n" },
	{ .text = "it =" },
	{ .text = "# it = on\n" },
	{ .text = "other = 'it = on'\n" },
	{ .text = "item = on\n" },
	{ .text = "my.it = on\n" },
	{ .text = "include 'more.conf'\n", .has_include = true },
	{ .text = "include_dir = 'conf.d'\nit = on\n",
	    .is_told = true,
	    .is_on = true,
	    .has_include = true },
	{ .text = "Include_If_Exists 'x'\n", .has_include = true },
	{ .text = "# include 'x'\n" },
	{ .text = "includes = on\n" },
};

static void
texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct setting s = { 0 };
		struct error err = { 0 };

		assert_int_equal(
		    setting_read(rows[i].text, strlen(rows[i].text), "it", &s, &err), 0);
		if (s.is_told != rows[i].is_told || s.is_on != rows[i].is_on ||
		    s.has_include != rows[i].has_include)
			fail_msg("\"%s\"", rows[i].text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(texts) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
