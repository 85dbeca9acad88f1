#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cli/optvalue.h"

enum what {
	NUMBER,
	RATE,
	COMPRESS,
	SUFFIX,
	CHECKPOINT,
	WAL,
	DIGEST,
	FORMAT,
	ARCHIVE,
	SYNC
};

static const char *const what_names[] = { "number", "rate", "compress", "suffix",
	"checkpoint", "wal", "digest", "format", "archive", "sync-method" };

struct row {
	enum what what;
	const char *text;
	const char *value; /* the value in words; NULL: refused, with */
	const char *error;
	const char *hint;
	const char *codec; /* that it is about, and that may be left out */
	char name[96];
};

#define LONG_NAME "abcdefghijklmnopqrstuvwxyz"
/* METHODS is what codec_print_methods() says. */
#define METHODS "The methods are: "
#define PIPE(program) "Use \"gzip\", or pipe the output through \"" program "\"."

#define RATE_OF(text) "\"" text "\" is not a rate from 32k to 1024G"
#define UNITS "A rate is in kB/s, or has the unit k, M or G: 32M."

static struct row rows[] = {
	{ .what = NUMBER, .text = "3", .value = "3" },
	{ .what = NUMBER, .text = "40", .value = "40" },
	{ .what = NUMBER, .text = "2", .error = "\"2\" is not a number from 3 to 40" },
	{ .what = NUMBER, .text = "41", .error = "\"41\" is not a number from 3 to 40" },
	{ .what = NUMBER, .text = "", .error = "\"\" is not a number from 3 to 40" },
	{ .what = NUMBER, .text = " 7", .error = "\" 7\" is not a number from 3 to 40" },
	{ .what = NUMBER, .text = "-7", .error = "\"-7\" is not a number from 3 to 40" },
	{ .what = NUMBER, .text = "+7", .error = "\"+7\" is not a number from 3 to 40" },
	{ .what = NUMBER, .text = "7k", .error = "\"7k\" is not a number from 3 to 40" },
	{ .what = NUMBER,
	    .text = "18446744073709551623", /* 2^64 + 7 */
	    .error = "\"18446744073709551623\" is not a number from 3 to 40" },

	{ .what = RATE, .text = "32", .value = "32768" },
	{ .what = RATE, .text = "32k", .value = "32768" },
	{ .what = RATE, .text = "1M", .value = "1048576" },
	{ .what = RATE, .text = "1024G", .value = "1099511627776" },
	{ .what = RATE, .text = "31", .error = RATE_OF("31"), .hint = UNITS },
	{ .what = RATE, .text = "31k", .error = RATE_OF("31k"), .hint = UNITS },
	{ .what = RATE, .text = "1025G", .error = RATE_OF("1025G"), .hint = UNITS },
	{ .what = RATE,
	    .text = "9999999999G",
	    .error = RATE_OF("9999999999G"),
	    .hint = UNITS },
	{ .what = RATE, .text = "32m", .error = RATE_OF("32m"), .hint = UNITS },
	{ .what = RATE, .text = "32MB", .error = RATE_OF("32MB"), .hint = UNITS },
	{ .what = RATE, .text = "M", .error = RATE_OF("M"), .hint = UNITS },
	{ .what = RATE, .text = "", .error = RATE_OF(""), .hint = UNITS },
	{ .what = RATE, .text = "-32", .error = RATE_OF("-32"), .hint = UNITS },
	{ .what = RATE, .text = "1.5M", .error = RATE_OF("1.5M"), .hint = UNITS },

	{ .what = COMPRESS, .text = "none", .value = "none 0" },
	{ .what = COMPRESS, .text = "client-none", .value = "none 0" },
	{ .what = COMPRESS, .text = "gzip", .value = "gzip 2" },
	{ .what = COMPRESS, .text = "gzip:6", .value = "gzip 6" },
	{ .what = COMPRESS, .text = "gzip:level=9", .value = "gzip 9" },
	{ .what = COMPRESS, .text = "client-gzip:1", .value = "gzip 1" },
	{ .what = COMPRESS, .text = "0", .value = "none 0" },
	{ .what = COMPRESS, .text = "1", .value = "gzip 1" },
	{ .what = COMPRESS, .text = "9", .value = "gzip 9" },
	{ .what = COMPRESS,
	    .text = "10",
	    .error = "level: \"10\" is not a number from 0 to 9" },
	{ .what = COMPRESS,
	    .text = "gzip:0",
	    .error = "level of \"gzip\": \"0\" is not a number from 1 to 9" },
	{ .what = COMPRESS,
	    .text = "gzip:10",
	    .error = "level of \"gzip\": \"10\" is not a number from 1 to 9" },
	{ .what = COMPRESS,
	    .text = "gzip:",
	    .error = "level of \"gzip\": \"\" is not a number from 1 to 9" },
	{ .what = COMPRESS,
	    .text = "gzip:level=",
	    .error = "level of \"gzip\": \"\" is not a number from 1 to 9" },
	{ .what = COMPRESS,
	    .text = "gzip:workers=2",
	    .error = "compression \"gzip\" has no setting \"workers=2\"",
	    .hint = "It takes a level; --jobs sets the number of threads." },
	{ .what = COMPRESS,
	    .text = "none:1",
	    .error = "compression \"none\" has no levels" },
	{ .what = COMPRESS, .text = "", .error = "the value is empty" },
	{ .what = COMPRESS, .text = "server-gzip:4", .value = "gzip 4 ignored 1" },
	{ .what = COMPRESS, .text = "server-none", .value = "none 0 ignored 1" },
	{ .what = COMPRESS, .text = "zstd", .value = "zstd 3", .codec = "zstd" },
	{ .what = COMPRESS, .text = "zstd:1", .value = "zstd 1", .codec = "zstd" },
	{ .what = COMPRESS,
	    .text = "client-zstd:level=19",
	    .value = "zstd 19",
	    .codec = "zstd" },
	{ .what = COMPRESS,
	    .text = "server-zstd:workers=4",
	    .value = "zstd 3 ignored 3",
	    .codec = "zstd" },
	{ .what = COMPRESS,
	    .text = "zstd:long",
	    .value = "zstd 3 ignored 4",
	    .codec = "zstd" },
	{ .what = COMPRESS,
	    .text = "zstd:level=9,long",
	    .value = "zstd 9 ignored 4",
	    .codec = "zstd" },
	{ .what = COMPRESS,
	    .text = "zstd:long=On,workers=0,level=2",
	    .value = "zstd 2 ignored 6",
	    .codec = "zstd" },
	{ .what = COMPRESS, .text = "zstd:long=off", .value = "zstd 3", .codec = "zstd" },
	{ .what = COMPRESS,
	    .text = "zstd:long=maybe",
	    .error = "long of \"zstd\": \"maybe\" is neither \"on\" nor \"off\"",
	    .codec = "zstd" },
	{ .what = COMPRESS,
	    .text = "zstd:20",
	    .error = "level of \"zstd\": \"20\" is not a number from 1 to 19",
	    .codec = "zstd" },
	{ .what = COMPRESS,
	    .text = "zstd:-1",
	    .error = "level of \"zstd\": \"-1\" is not a number from 1 to 19",
	    .codec = "zstd" },
	{ .what = COMPRESS,
	    .text = "zstd:workers",
	    .error = "workers of \"zstd\": \"\" is not a number from 0 to 256",
	    .codec = "zstd" },
	{ .what = COMPRESS,
	    .text = "zstd:level=3,",
	    .error = "compression \"zstd\" has no setting \"\"",
	    .hint = "It takes a level; --jobs sets the number of threads.",
	    .codec = "zstd" },
	{ .what = COMPRESS,
	    .text = "zstd:level=3,window=27",
	    .error = "compression \"zstd\" has no setting \"window=27\"",
	    .hint = "It takes a level; --jobs sets the number of threads.",
	    .codec = "zstd" },
	{ .what = COMPRESS, .text = "lz4", .value = "lz4 1", .codec = "lz4" },
	{ .what = COMPRESS,
	    .text = "client-lz4:level=12",
	    .value = "lz4 12",
	    .codec = "lz4" },
	{ .what = COMPRESS,
	    .text = "server-lz4:3",
	    .value = "lz4 3 ignored 1",
	    .codec = "lz4" },
	{ .what = COMPRESS,
	    .text = "lz4:13",
	    .error = "level of \"lz4\": \"13\" is not a number from 1 to 12",
	    .codec = "lz4" },
	{ .what = COMPRESS,
	    .text = "lz4:workers=2",
	    .error = "compression \"lz4\" has no setting \"workers=2\"",
	    .hint = "It takes a level; --jobs sets the number of threads.",
	    .codec = "lz4" },
	{ .what = COMPRESS,
	    .text = "gzip:long",
	    .error = "compression \"gzip\" has no setting \"long\"",
	    .hint = "It takes a level; --jobs sets the number of threads." },
	{ .what = COMPRESS,
	    .text = "xz",
	    .error = "compression \"xz\" is not supported",
	    .hint = PIPE("xz") },
	{ .what = COMPRESS,
	    .text = "GZIP",
	    .error = "unknown compression \"GZIP\"",
	    .hint = METHODS },
	{ .what = COMPRESS,
	    .text = "gzi",
	    .error = "unknown compression \"gzi\"",
	    .hint = METHODS },
	{ .what = COMPRESS,
	    .text = ":6",
	    .error = "unknown compression \"\"",
	    .hint = METHODS },
	{ .what = COMPRESS,
	    .text = "client-",
	    .error = "unknown compression \"\"",
	    .hint = METHODS },
	{ .what = COMPRESS,
	    .text = "client-6",
	    .error = "unknown compression \"6\"",
	    .hint = METHODS },
	{ .what = COMPRESS,
	    .text = LONG_NAME ":1",
	    .error = "unknown compression \"" LONG_NAME "\"",
	    .hint = METHODS },

	{ .what = SUFFIX, .text = "base.tar", .value = "none 0" },
	{ .what = SUFFIX, .text = "base.tar.gz", .value = "gzip 2" },
	{ .what = SUFFIX, .text = "/b/base.tgz", .value = "gzip 2" },
	{ .what = SUFFIX, .text = "", .value = "none 0" },
	{ .what = SUFFIX, .text = "/dir.zst/base", .value = "none 0" },
	{ .what = SUFFIX, .text = "base.tar.zst", .value = "zstd 3", .codec = "zstd" },
	{ .what = SUFFIX, .text = "base.tar.lz4", .value = "lz4 1", .codec = "lz4" },
	{ .what = SUFFIX, .text = "base.tzst", .value = "zstd 3", .codec = "zstd" },
	{ .what = SUFFIX,
	    .text = "base.tar.xz",
	    .error = "output \"base.tar.xz\": compression \"xz\" is not supported",
	    .hint = PIPE("xz") },
	{ .what = SUFFIX,
	    .text = "base.tbz",
	    .error = "output \"base.tbz\": compression \"bzip2\" is not supported",
	    .hint = PIPE("bzip2") },

	{ .what = CHECKPOINT, .text = "fast", .value = "fast" },
	{ .what = CHECKPOINT, .text = "Spread", .value = "spread" },
	{ .what = CHECKPOINT,
	    .text = "quick",
	    .error = "\"quick\" is neither \"fast\" nor \"spread\"" },
	{ .what = CHECKPOINT,
	    .text = "",
	    .error = "\"\" is neither \"fast\" nor \"spread\"" },

	{ .what = WAL, .text = "fetch", .value = "fetch" },
	{ .what = WAL, .text = "f", .value = "fetch" },
	{ .what = WAL, .text = "none", .value = "none" },
	{ .what = WAL, .text = "n", .value = "none" },
	{ .what = WAL,
	    .text = "stream",
	    .error = "\"stream\" is neither \"fetch\" nor \"none\"" },
	{ .what = WAL, .text = "", .error = "\"\" is neither \"fetch\" nor \"none\"" },

	{ .what = DIGEST, .text = "CRC32C", .value = "CRC32C" },
	{ .what = DIGEST, .text = "sha512", .value = "SHA512" },
	{ .what = DIGEST, .text = "none", .value = "NONE" },
	{ .what = DIGEST,
	    .text = "MD5",
	    .error = "unknown digest \"MD5\"",
	    .hint = "The digests are CRC32C, SHA224, SHA256, SHA384, SHA512 and NONE." },

	{ .what = FORMAT, .text = "tar", .value = "tar" },
	{ .what = FORMAT, .text = "t", .value = "tar" },
	{ .what = FORMAT,
	    .text = "plain",
	    .error = "unknown format \"plain\"",
	    .hint =
		"Tar is the only format; pg_basetar restore makes a directory of it." },

	{ .what = ARCHIVE, .text = "keep", .value = "keep" },
	{ .what = ARCHIVE, .text = "off", .value = "off" },
	{ .what = ARCHIVE,
	    .text = "on",
	    .error = "\"on\" is neither \"keep\" nor \"off\"" },
	{ .what = SYNC, .text = "fsync", .value = "fsync" },
	{ .what = SYNC, .text = "syncfs", .value = "syncfs" },
	{ .what = SYNC,
	    .text = "sync",
	    .error = "\"sync\" is neither \"fsync\" nor \"syncfs\"" },
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

/* The parsers of enumerated words; their outputs start as what no row expects. */
static int
parse_word(const struct row *row, const char **value, struct error *err)
{
	enum wal_method method = WAL_FETCH;
	enum digest_kind kind = DIGEST_NONE;
	enum archive_mode mode = ARCHIVE_MODE_DEFAULT;
	enum sync_method sync = SYNC_METHOD_DEFAULT;
	bool fast = false;
	int rc;

	switch (row->what) {
	case CHECKPOINT:
		rc = optvalue_checkpoint(row->text, &fast, err);
		*value = fast ? "fast" : "spread";
		return rc;
	case WAL:
		rc = optvalue_wal_method(row->text, &method, err);
		*value = method == WAL_FETCH ? "fetch" : "none";
		return rc;
	case DIGEST:
		rc = optvalue_digest(row->text, &kind, err);
		*value = digest_name(kind);
		return rc;
	case ARCHIVE:
		rc = optvalue_archive_mode(row->text, &mode, err);
		*value = mode == ARCHIVE_MODE_KEEP ? "keep" : "off";
		return rc;
	case SYNC:
		rc = optvalue_sync_method(row->text, &sync, err);
		*value = sync == SYNC_METHOD_SYNCFS ? "syncfs" : "fsync";
		return rc;
	default:
		*value = "tar";
		return optvalue_format(row->text, err);
	}
}

/* Parse the row's text and put the value into words. */
static int
parse(const struct row *row, char *value, size_t size, struct error *err)
{
	struct compression compression = { NULL, -1, 0 };
	const char *word;
	unsigned number = 77;
	int rc;

	if (row->what == NUMBER) {
		rc = optvalue_number(row->text, 3, 40, &number, err);
		if (rc)
			assert_int_equal(number, 77);
		snprintf(value, size, "%u", number);
	} else if (row->what == RATE) {
		uint64_t rate = 77;

		rc = optvalue_rate(row->text, &rate, err);
		if (rc)
			assert_int_equal(rate, 77);
		snprintf(value, size, "%llu", (unsigned long long)rate);
	} else if (row->what == COMPRESS || row->what == SUFFIX) {
		rc = row->what == COMPRESS ?
		    optvalue_compression(row->text, &compression, err) :
		    optvalue_suffix(row->text, &compression, err);
		if (rc) {
			assert_null(compression.codec);
			assert_int_equal(compression.level, -1);
		}
		snprintf(value, size, compression.ignored ? "%s %d ignored %u" : "%s %d",
		    compression.codec ? compression.codec->name : "", compression.level,
		    compression.ignored);
	} else {
		rc = parse_word(row, &word, err);
		snprintf(value, size, "%s", word);
	}
	return rc;
}

static void
check_row(void **state)
{
	const struct row *row = *state;
	struct error err = { .kind = ERROR_NONE };
	char value[64], methods[CODEC_METHODS], hint[sizeof(err.hint)];
	int rc = parse(row, value, sizeof(value), &err);

	if (row->codec && codec_is_left_out(codec_by_name(row->codec))) {
		assert_int_equal(rc, -1);
		assert_non_null(strstr(err.text, "this pg_basetar was built without "));
		return;
	}
	if (row->value) {
		assert_int_equal(rc, 0);
		assert_string_equal(value, row->value);
		return;
	}
	assert_int_equal(rc, -1);
	assert_int_equal(err.kind, ERROR_USAGE);
	assert_string_equal(err.text, row->error);
	snprintf(hint, sizeof(hint), "%s", row->hint ? row->hint : "");
	if (strcmp(hint, METHODS) == 0)
		snprintf(hint, sizeof(hint), METHODS "%s.", codec_print_methods(methods));
	assert_string_equal(err.hint, hint);
}

int
main(void)
{
	static struct CMUnitTest tests[ROWS];

	for (size_t i = 0; i < ROWS; i++) {
		snprintf(rows[i].name, sizeof(rows[i].name), "%s \"%s\"",
		    what_names[rows[i].what], rows[i].text);
		tests[i] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = check_row,
			.initial_state = &rows[i] };
	}
	return cmocka_run_group_tests_name("optvalue", tests, NULL, NULL);
}
