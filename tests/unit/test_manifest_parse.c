/* backup_manifest: what manifest_write writes is read, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/buf.h"
#include "pg/manifest_parse.h"
#include "pg/manifest_write.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct notes {
	struct manifest_sink sink;
	struct buf text;
};

static int
hear_version(struct manifest_sink *s, unsigned version, struct error *err)
{
	return buf_printf(&((struct notes *)s)->text, err, "v%u ", version);
}

static int
hear_identifier(struct manifest_sink *s, uint64_t id, struct error *err)
{
	return buf_printf(
	    &((struct notes *)s)->text, err, "id%llu ", (unsigned long long)id);
}

static int
hear_file(struct manifest_sink *s, const struct manifest_file *f, struct error *err)
{
	return buf_printf(&((struct notes *)s)->text, err, "%s=%llu,%s,%02x ", f->path,
	    (unsigned long long)f->size, digest_name(f->digest_kind),
	    f->digest_kind == DIGEST_NONE ? 0 : f->digest[0]);
}

static int
hear_wal(struct manifest_sink *s, uint32_t timeline, uint64_t start, uint64_t end,
    struct error *err)
{
	return buf_printf(&((struct notes *)s)->text, err, "wal%u:%llx-%llx ", timeline,
	    (unsigned long long)start, (unsigned long long)end);
}

static const struct manifest_sink_ops ops = { hear_version, hear_identifier, hear_file,
	hear_wal };

static int
parse(struct notes *notes, const uint8_t *text, size_t len, size_t step,
    struct manifest_verdict *verdict, struct error *err)
{
	struct manifest_parse *p;
	int rc = 0;

	notes->sink.ops = &ops;
	buf_clear(&notes->text);
	assert_int_equal(manifest_parse_new(&p, &notes->sink, err), 0);
	for (size_t at = 0; at < len && rc == 0; at += step)
		rc = manifest_parse_bytes(
		    p, text + at, len - at < step ? len - at : step, err);
	if (rc == 0)
		rc = manifest_parse_finish(p, verdict, err);
	manifest_parse_free(p);
	return rc;
}

static struct buf
written(unsigned major)
{
	static const uint8_t digest[DIGEST_MAX] = { 0xab, 1, 2 };
	struct error err = { 0 };
	struct manifest *m;
	struct buf text = { 0 };
	uint8_t bytes[64];
	size_t got;

	assert_int_equal(manifest_new(&m, cluster_version(major), 77, &err), 0);
	assert_int_equal(
	    manifest_add_file(m, "base/5/1259", 8192, 0, DIGEST_CRC32C, digest, 4, &err),
	    0);
	assert_int_equal(
	    manifest_add_file(m, "a\xff\n\"", 1, 0, DIGEST_SHA512, digest, 64, &err), 0);
	/* of a time that the C library cannot count */
	assert_int_equal(
	    manifest_add_file(m, "x/y", 0, INT64_MAX, DIGEST_NONE, NULL, 0, &err), 0);
	assert_int_equal(manifest_add_wal(m, 2, 0x3000000, 0x4000100, &err), 0);
	assert_int_equal(manifest_add_wal(m, 1, 0x2000028, 0x3000000, &err), 0);
	assert_int_equal(manifest_finish(m, &err), 0);
	do {
		assert_int_equal(manifest_read(m, bytes, sizeof(bytes), &got, &err), 0);
		assert_int_equal(buf_append(&text, bytes, got, &err), 0);
	} while (got == sizeof(bytes));
	manifest_free(m);
	return text;
}

#define FILES \
	"base/5/1259=8192,CRC32C,ab a\xff\n\"=1,SHA512,ab x/y=0,NONE,00 " \
	"wal2:3000000-4000100 wal1:2000028-3000000 "

static void
round_trip(void **state)
{
	struct notes notes = { 0 };
	struct manifest_verdict verdict;

	(void)state;
	for (unsigned major = 16; major <= 19; major++)
		for (size_t step = 1; step < 2000; step += 333) {
			struct buf text = written(major);
			struct error err = { 0 };

			if (parse(&notes, text.data, text.len, step, &verdict, &err))
				fail_msg("%s", err.text);
			assert_true(verdict.is_sound);
			assert_string_equal(buf_text(&notes.text),
			    major == 16 ? "v1 " FILES : "v2 id77 " FILES);
			buf_free(&text);
		}
	buf_free(&notes.text);
}

static void
every_cut(void **state)
{
	struct buf text = written(18);
	struct notes notes = { 0 };
	struct manifest_verdict verdict;

	(void)state;
	for (size_t len = 0; len < text.len; len++) {
		struct error err = { 0 };

		assert_int_equal(parse(&notes, text.data, len, 4096, &verdict, &err), -1);
		assert_int_equal(err.kind, ERROR_FORMAT);
	}
	buf_free(&text);
	buf_free(&notes.text);
}

/* One bit anywhere: refused, or seen by the checksum. */
static void
every_bit(void **state)
{
	struct buf text = written(18);
	struct notes notes = { 0 };
	struct manifest_verdict verdict;

	(void)state;
	for (size_t bit = 0; bit < text.len * 8; bit++) {
		struct error err = { 0 };

		text.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
		/* in the borne checksum, a letter's case is none */
		if (parse(&notes, text.data, text.len, 4096, &verdict, &err) == 0 &&
		    verdict.is_sound && bit / 8 < text.len - 70)
			fail_msg("bit %zu was not noticed", bit);
		text.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	buf_free(&text);
	buf_free(&notes.text);
}

#define BEGIN "{ \"PostgreSQL-Backup-Manifest-Version\": 1,\n\"Files\": [\n"
#define FILE_(path, more) \
	"{ \"Path\": \"" path "\", \"Size\": 1, \"Last-Modified\": \"x\"" more " }"
#define RANGES "],\n\"WAL-Ranges\": [\n"
#define END "],\n\"Manifest-Checksum\": \"" ZEROS "\"}\n"
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

static void
bad(void **state)
{
	static const struct {
		const char *text, *error; /* NULL: taken, with a wrong checksum */
	} rows[] = {
		{ BEGIN RANGES END, NULL },
		{ BEGIN FILE_("a", "") RANGES END, NULL },
		{ BEGIN FILE_("/a", "") RANGES END, "\"/a\" is not a path below" },
		{ BEGIN FILE_("", "") RANGES END, "\"\" is not a path below" },
		{ BEGIN FILE_("a/../b", "") RANGES END,
		    "\"a/../b\" is not a path below" },
		{ BEGIN FILE_("a//b", "") RANGES END, "\"a//b\" is not a path below" },
		{ BEGIN FILE_("./b", "") RANGES END, "\"./b\" is not a path below" },
		{ BEGIN FILE_("b/", "") RANGES END, "\"b/\" is not a path below" },
		{ BEGIN FILE_("a", ", \"Size\": 1") RANGES END,
		    "duplicate key \"Size\"" },
		{ BEGIN FILE_("a", ", \"Mode\": 1") RANGES END, "unknown key \"Mode\"" },
		{ BEGIN FILE_("a", ", \"Encoded-Path\": \"61\"") RANGES END,
		    "no path, or more than one" },
		{ BEGIN FILE_("a", ", \"Checksum\": \"00\"") RANGES END,
		    "an algorithm without a checksum" },
		{ BEGIN FILE_(
		      "a", ", \"Checksum-Algorithm\": \"CRC32C\", \"Checksum\": \"00\"")
			RANGES END,
		    "an algorithm without a checksum" },
		{ BEGIN FILE_(
		      "a", ", \"Checksum-Algorithm\": \"MD5\", \"Checksum\": \"00\"")
			RANGES END,
		    "unexpected value of \"Checksum-Algorithm\": \"MD5\"" },
		{ BEGIN "{ \"Path\": \"a\" }" RANGES END, "\"a\" has no size" },
		{ BEGIN "{ \"Path\": \"a\", \"Last-Modified\": \"x\" }" RANGES END,
		    "\"a\" has no size" },
		{ BEGIN "{ \"Encoded-Path\": \"6100\", \"Size\": 1 }" RANGES END,
		    "unexpected value" },
		{ BEGIN "{ \"Encoded-Path\": \"6\", \"Size\": 1 }" RANGES END,
		    "unexpected value" },
		{ BEGIN "{ \"Path\": \"a\", \"Size\": -1 }" RANGES END,
		    "unexpected value of \"Size\"" },
		{ BEGIN "{ \"Path\": \"a\", \"Size\": 1e3 }" RANGES END,
		    "unexpected value of \"Size\"" },
		{ BEGIN "{ \"Path\": \"a\", \"Size\": \"1\" }" RANGES END,
		    "unexpected value of \"Size\"" },
		{ BEGIN "{ \"Path\": {} }" RANGES END, "unexpected '{'" },
		{ BEGIN "1" RANGES END, "unexpected value" },
		{ BEGIN RANGES "{ \"Timeline\": 0 }" END,
		    "unexpected value of \"Timeline\"" },
		{ BEGIN RANGES
		    "{ \"Timeline\": 1, \"Start-LSN\": \"0/2\", \"End-LSN\": \"0/1\" }" END,
		    "ends before its start" },
		{ BEGIN RANGES "{ \"Timeline\": 1, \"Start-LSN\": \"0/2\" }" END,
		    "ends before its start" },
		{ BEGIN RANGES "],\n\"WAL-Ranges\": [" END, "duplicate key" },
		{ BEGIN RANGES "],\n\"Manifest-Checksum\": \"00\"}\n",
		    "unexpected value" },
		{ BEGIN RANGES END "x", "expected end of input" },
		{ "{ \"Files\": []}\n", "the version must come first" },
		{ "{ \"PostgreSQL-Backup-Manifest-Version\": 3 }\n",
		    "version 3 of the manifest" },
		{ "[]\n", "unexpected '['" },
		{ "1\n", "unexpected value" },
		{ "{ \"PostgreSQL-Backup-Manifest-Version\": 1,\n\"System-Identifier\": 1 }\n",
		    "a manifest of version 1 has a system identifier" },
		{ "{ \"PostgreSQL-Backup-Manifest-Version\": 1,\n\"Manifest-Checksum\": \"" ZEROS
		  "\",\n\"Files\": [] }\n",
		    "the checksum must come last" },
	};
	struct notes notes = { 0 };
	struct manifest_verdict verdict;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct error err = { 0 };
		int rc = parse(&notes, (const uint8_t *)rows[i].text,
		    strlen(rows[i].text), 1000, &verdict, &err);

		if (rows[i].error == NULL) {
			assert_int_equal(rc, 0);
			assert_false(verdict.is_sound);
			continue;
		}
		assert_int_equal(rc, -1);
		if (strstr(err.text, rows[i].error) == NULL)
			fail_msg("%s: %s", rows[i].error, err.text);
	}
	buf_free(&notes.text);
}

static void
long_line(void **state)
{
	static uint8_t spaces[10 * 1024 * 1024];
	struct notes notes = { 0 };
	struct manifest_verdict verdict;
	struct error err = { 0 };

	(void)state;
	memset(spaces, ' ', sizeof(spaces));
	assert_int_equal(
	    parse(&notes, spaces, sizeof(spaces), 65536, &verdict, &err), -1);
	assert_string_equal(err.text, "a line is too long");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(every_cut),
		cmocka_unit_test(every_bit),
		cmocka_unit_test(bad),
		cmocka_unit_test(long_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
