/* Which codec a name and a suffix mean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "codec/codec.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
by_name(void **state)
{
	static const char *const unknown[] = { "", "GZIP", "gzi", "gzipp", "gz", "zip" };

	(void)state;
	for (const struct codec *c = codecs; c->name; c++)
		assert_ptr_equal(codec_by_name(c->name), c);
	assert_string_equal(codecs[0].name, "none");
	assert_non_null(codec_by_name("gzip"));
	for (size_t i = 0; i < COUNT(unknown); i++)
		assert_null(codec_by_name(unknown[i]));
}

static void
by_suffix(void **state)
{
	static const struct {
		const char *path, *name;
	} rows[] = {
		{ "base.tar.gz", "gzip" },
		{ "/backup/base.tgz", "gzip" },
		{ "base.gz", "gzip" },
		{ "base.tar", "none" },
		{ "base", "none" },
		{ "", "none" },
		{ "gz", "none" },
		{ ".gz", "none" },
		{ "base.gz.tar", "none" },
		{ "base.gz/tar", "none" },
		{ "base.tarGZ", "none" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_string_equal(codec_by_suffix(rows[i].path)->name, rows[i].name);
}

/* Every row can do what the pipeline asks of it. */
static void
rows_are_complete(void **state)
{
	(void)state;
	for (const struct codec *c = codecs; c->name; c++) {
		bool is_plain = strcmp(c->name, "none") == 0;

		assert_int_equal(c->encode == NULL, is_plain);
		assert_int_equal(c->encoder_new == NULL, is_plain);
		assert_int_equal(c->encoder_free == NULL, is_plain);
		assert_int_equal(c->suffixes[0] == NULL, is_plain);
		assert_true(c->level_min <= c->level_default);
		assert_true(c->level_default <= c->level_max);
		/* a tail that needs a sum must be able to make it */
		assert_true(c->tail == NULL || c->add != NULL);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_name),
		cmocka_unit_test(by_suffix),
		cmocka_unit_test(rows_are_complete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
