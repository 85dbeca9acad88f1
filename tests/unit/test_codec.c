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
	static const char *const unknown[] = { "", "GZIP", "gzi", "gzipp", "gz", "rar" };

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
		{ "base.tar.zst", "zstd" },
		{ "base.tar.lz4", "lz4" },
		{ "base.tar.xz", "xz" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_string_equal(codec_by_suffix(rows[i].path)->name, rows[i].name);
}

static void
by_magic(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *name;
	} rows[] = {
		{ "", 0, "none" },
		{ "\x1f", 1, "none" },
		{ "\x1f\x8b", 2, "gzip" },
		{ "\x1f\x8b\x08\x00\x00\x00", 6, "gzip" },
		{ "\x28\xb5\x2f\xfd\x04\x00", 6, "zstd" },
		/* skippable frames */
		{ "\x50\x2a\x4d\x18\x00\x00", 6, "zstd" },
		{ "\x5f\x2a\x4d\x18\x00\x00", 6, "zstd" },
		{ "\x60\x2a\x4d\x18\x00\x00", 6, "none" },
		{ "\x04\x22\x4d\x18\x40\x40", 6, "lz4" },
		/* of old releases */
		{ "\x27\xb5\x2f\xfd\x40\x40", 6, "zstd" },
		{ "\x02\x21\x4c\x18\x40\x40", 6, "lz4" },
		{ "\xfd"
		  "7zXZ",
		    6, "xz" },
		{ "\xfd"
		  "7zXZ\x01",
		    6, "none" },
		{ "BZh91A", 6, "bzip2" },
		{ "base/1", 6, "none" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_string_equal(
		    codec_by_magic((const uint8_t *)rows[i].bytes, rows[i].len)->name,
		    rows[i].name);
}

/* Every row can do what the pipeline and the reader ask of it. */
static void
rows_are_complete(void **state)
{
	(void)state;
	for (const struct codec *c = codecs; c->name; c++) {
		const struct codec_methods *m = c->methods;
		const bool is_plain = c == &codecs[0];

		assert_int_equal(c->suffixes[0] == NULL, is_plain);
		/* what is written can be read by a program in a pipe */
		assert_true(c->program != NULL || is_plain || m->encode == NULL);
		assert_int_equal(c->magics[0].len == 0, is_plain);
		assert_int_equal(m->encoder_new == NULL, m->encode == NULL);
		assert_int_equal(m->encoder_free == NULL, m->encode == NULL);
		/* what is left out could be written */
		assert_true(c->library == NULL || c->level_max > 0);
		assert_int_equal(
		    codec_is_left_out(c), c->level_max > 0 && !codec_is_written(c));
		/* what is written is read as well */
		assert_true(is_plain || !codec_is_written(c) || m->decode != NULL);
		assert_true(c->level_min <= c->level_default);
		assert_true(c->level_default <= c->level_max);
		/* a tail that needs a sum must be able to make it */
		assert_true(m->tail == NULL || m->add != NULL);
	}
}

static void
methods(void **state)
{
	char text[CODEC_METHODS], expected[CODEC_METHODS] = "none, gzip";

	(void)state;
	if (!codec_is_left_out(codec_by_name("zstd")))
		strcat(expected, ", zstd");
	if (!codec_is_left_out(codec_by_name("lz4")))
		strcat(expected, ", lz4");
	assert_string_equal(codec_print_methods(text), expected);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_name),
		cmocka_unit_test(by_suffix),
		cmocka_unit_test(by_magic),
		cmocka_unit_test(rows_are_complete),
		cmocka_unit_test(methods),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
