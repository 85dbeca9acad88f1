/* The body of a listed file: its digest from the pieces, its entry at the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/filebody.h"
#include "lib/crc32c.h"
#include "support/streamplan.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { MOST = 100000 };

static uint8_t bytes[MOST];
static char warned[256];

static void
warn(const char *text)
{
	strncpy(warned, text, sizeof(warned) - 1);
}

/* Tell ${len} bytes in pieces of ${step}, the last ${missing} of them gone. */
static void
tell(struct body *body, size_t len, size_t step, size_t missing)
{
	struct error err = { 0 };

	for (size_t at = 0; at < len; at += step) {
		size_t some = len - at < step ? len - at : step;
		size_t gone = at + some + missing > len ? at + some + missing - len : 0;
		const struct piece piece = {
			.bytes = bytes + at,
			.len = some,
			.offset = at,
			.missing = gone < some ? gone : some,
			.crc32c = body->wants_crc32c ? crc32c(0, bytes + at, some) : 0,
		};

		if (body->ops->piece(body, &piece, &err))
			fail_msg("%s", err.text);
	}
	assert_int_equal(body->ops->end(body, &err), 0);
	body->ops->free(body);
}

/* The manifest's text; released with it. */
static void
finish_manifest(struct manifest *m, struct buf *text)
{
	struct error err = { 0 };
	size_t got, size;

	assert_int_equal(manifest_finish(m, &err), 0);
	size = (size_t)manifest_size(m);
	assert_int_equal(buf_reserve(text, size + 1, &err), 0);
	assert_int_equal(manifest_read(m, text->data, size + 1, &got, &err), 0);
	assert_int_equal(got, size);
	text->len = size;
	text->data[size] = '\0';
	manifest_free(m);
}

/* What the manifest must say of the file: with a digest taken of all bytes at once. */
static void
expected_text(const struct filebody_options *opt, struct buf *text)
{
	struct error err = { 0 };
	uint8_t value[DIGEST_MAX];
	struct manifest *m;
	struct digest *d;
	size_t len;

	assert_int_equal(digest_new(&d, opt->digest, &err), 0);
	assert_int_equal(digest_update(d, bytes, (size_t)opt->size, &err), 0);
	assert_int_equal(digest_final(d, value, &len, &err), 0);
	digest_free(d);
	assert_int_equal(manifest_new(&m, cluster_version(18), 42, &err), 0);
	assert_int_equal(manifest_add_file(m, "base/5/1259", opt->size, opt->mtime,
			     opt->digest, value, len, &err),
	    0);
	finish_manifest(m, text);
}

static void
entries_are_those_of_the_whole_file(void **state)
{
	static const enum digest_kind kinds[] = { DIGEST_NONE, DIGEST_CRC32C,
		DIGEST_SHA224, DIGEST_SHA256, DIGEST_SHA384, DIGEST_SHA512 };
	static const size_t lengths[] = { 0, 1, 8192, MOST };
	static const size_t steps[] = { MOST, 8192, 999 };

	(void)state;
	for (size_t i = 0; i < COUNT(kinds) * COUNT(lengths) * COUNT(steps); i++) {
		struct filebody_options opt = { .digest = kinds[i % COUNT(kinds)],
			.size = lengths[i / COUNT(kinds) % COUNT(lengths)],
			.mtime = 1700000000 };
		struct buf got = { 0 }, want = { 0 };
		struct error err = { 0 };
		struct body *body;

		assert_int_equal(
		    manifest_new(&opt.manifest, cluster_version(18), 42, &err), 0);
		assert_int_equal(filebody_new(&body, "base/5/1259", &opt, &err), 0);
		assert_string_equal(body->name, "base/5/1259");
		assert_int_equal(body->wants_crc32c, opt.digest == DIGEST_CRC32C);
		tell(body, (size_t)opt.size, steps[i / COUNT(kinds) / COUNT(lengths)], 0);
		finish_manifest(opt.manifest, &got);
		expected_text(&opt, &want);
		assert_string_equal(buf_text(&got), buf_text(&want));
		buf_free(&got);
		buf_free(&want);
	}
}

/* Without a manifest there is nothing to be computed. */
static void
no_manifest(void **state)
{
	const struct filebody_options opt = { .digest = DIGEST_CRC32C, .size = 10 };
	struct error err = { 0 };
	struct body *body;

	(void)state;
	assert_int_equal(filebody_new(&body, "file", &opt, &err), 0);
	assert_false(body->wants_crc32c);
	tell(body, 10, 3, 0);
}

/* A body that never came to its end is in no manifest, and frees what it has. */
static void
given_up(void **state)
{
	struct filebody_options opt = { .digest = DIGEST_SHA256 };
	struct buf text = { 0 };
	struct error err = { 0 };
	struct body *body;

	(void)state;
	assert_int_equal(manifest_new(&opt.manifest, cluster_version(18), 42, &err), 0);
	assert_int_equal(filebody_new(&body, "file", &opt, &err), 0);
	body->ops->free(body);
	finish_manifest(opt.manifest, &text);
	assert_null(strstr(buf_text(&text), "file"));
	buf_free(&text);
}

static void
a_file_that_shrank(void **state)
{
	struct filebody_options opt = { .size = MOST, .warn = warn };
	struct error err = { 0 };
	struct body *body;

	(void)state;
	warned[0] = '\0';
	assert_int_equal(filebody_new(&body, "log/today", &opt, &err), 0);
	tell(body, MOST, 8192, 0);
	assert_string_equal(warned, "");
	assert_int_equal(filebody_new(&body, "log/today", &opt, &err), 0);
	tell(body, MOST, 8192, 30000);
	assert_string_equal(warned,
	    "file \"log/today\" shrank while it was sent: "
	    "its last 30000 bytes are zeros");
	/* of a relation nobody wants to know */
	warned[0] = '\0';
	opt.warn = NULL;
	assert_int_equal(filebody_new(&body, "base/5/1259", &opt, &err), 0);
	tell(body, MOST, 8192, 30000);
	assert_string_equal(warned, "");
}

/* A frozen file, and what happened to it before a piece of it was read. */
static void
frozen(void **state)
{
	static const struct {
		off_t size;
		long nsec;
		size_t missing;
		bool is_fine;
	} rows[] = { { 100, 500, 0, true }, { 101, 500, 0, false }, { 99, 500, 0, false },
		{ 100, 501, 0, false }, { 100, 500, 1, false } };
	char path[] = "/tmp/filebody.XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_int_not_equal(fd, -1);
	unlink(path);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct timespec times[2] = { { 7, 0 }, { 7, 500 } };
		const struct timespec now[2] = { { 8, 0 }, { 7, rows[i].nsec } };
		const struct piece_source from = { .fd = fd };
		struct piece piece = { .len = 50, .missing = rows[i].missing };
		struct filebody_options opt = { .size = 100 };
		struct error err = { 0 };
		struct stat st;
		struct body *body;

		assert_int_equal(ftruncate(fd, 100) | futimens(fd, times), 0);
		assert_int_equal(fstat(fd, &st), 0);
		opt.frozen = &st;
		assert_int_equal(filebody_new(&body, "base/5/1259", &opt, &err), 0);
		memset(&st, 0, sizeof(st)); /* it has its own */
		assert_int_equal(ftruncate(fd, rows[i].size) | futimens(fd, now), 0);
		assert_int_equal(body->ops->check(body, &piece, &from, &err),
		    rows[i].is_fine ? 0 : -1);
		assert_string_equal(err.text,
		    rows[i].is_fine ? "" : "\"base/5/1259\" changed while it was read");
		body->ops->free(body);
	}
	close(fd);
}

/* A relation that shrank: no part of a page is sent. */
static void
half_a_page(void **state)
{
	static const struct {
		uint32_t page_bytes;
		size_t missing, zeros; /* of 24576 bytes, at the end */
	} rows[] = { { 8192, 0, 0 }, { 8192, 8192, 8192 }, { 8192, 4096, 8192 },
		{ 8192, 12288, 16384 }, { 8192, 24576, 24576 }, { 8192, 20480, 24576 },
		{ 4096, 4096, 4096 }, { 0, 4096, 4096 } };
	static uint8_t sent[24576];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct filebody_options opt = { .size = 40960,
			.page_bytes = rows[i].page_bytes };
		struct piece piece = { .bytes = sent,
			.len = sizeof(sent),
			.offset = 16384,
			.missing = rows[i].missing };
		const struct piece_source from = { .bytes = sent, .fd = -1 };
		struct error err = { 0 };
		struct body *body;

		memset(sent, 7, sizeof(sent) - rows[i].missing);
		memset(sent + sizeof(sent) - rows[i].missing, 0, rows[i].missing);
		assert_int_equal(filebody_new(&body, "base/5/1259", &opt, &err), 0);
		assert_int_equal(body->ops->check(body, &piece, &from, &err), 0);
		assert_int_equal(piece.missing, rows[i].zeros);
		for (size_t at = 0; at < sizeof(sent); at++)
			if (sent[at] != (at < sizeof(sent) - rows[i].zeros ? 7 : 0))
				fail_msg("row %zu, byte %zu", i, at);
		body->ops->free(body);
	}
}

static int
setup(void **state)
{
	(void)state;
	streamplan_fill(bytes, sizeof(bytes), 5);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_are_those_of_the_whole_file),
		cmocka_unit_test(no_manifest),
		cmocka_unit_test(half_a_page),
		cmocka_unit_test(given_up),
		cmocka_unit_test(a_file_that_shrank),
		cmocka_unit_test(frozen),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
