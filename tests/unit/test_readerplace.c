/* The tar reader: where it is, what it passes over, and where it stops. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/memstream.h"
#include "tar/reader.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TEN(text) text text text text text text text text text text

static const struct tar_entry members[] = {
	{ "backup_label", NULL, TAR_FILE, 0600, 0, 0, 225, 0, "", "" },
	{ "base", NULL, TAR_DIRECTORY, 0700, 0, 0, 0, 0, "", "" },
	{ TEN("a/ten/bytes"), NULL, TAR_FILE, 0600, 0, 0, 100000, 0, "", "" },
	{ TEN("d/ten/bytes"), NULL, TAR_DIRECTORY, 0700, 0, 0, 0, 0, "", "" },
	{ "backup_manifest", NULL, TAR_FILE, 0600, 0, 0, 512, 0, "", "" },
};

/* The members with bodies of zeros, and the end; ${starts} is where each begins. */
static struct buf
make_archive(size_t starts[COUNT(members)])
{
	static const uint8_t zeros[101 * 1024];
	struct error err = { 0 };
	struct buf out = { 0 };

	for (size_t i = 0; i < COUNT(members); i++) {
		size_t body = (size_t)members[i].size;

		starts[i] = out.len;
		assert_int_equal(tar_header_encode(&out, &members[i], &err), 0);
		body += tar_header_padding(body);
		assert_int_equal(buf_append(&out, zeros, body, &err), 0);
	}
	assert_int_equal(buf_append(&out, zeros, 2 * TAR_BLOCK, &err), 0);
	return out;
}

/* A member begins with its pax header, whatever is read of its body. */
static void
members_have_offsets(void **state)
{
	size_t starts[COUNT(members)], got;
	struct buf archive = make_archive(starts);
	uint8_t bytes[600];

	(void)state;
	for (size_t len = 0; len <= sizeof(bytes); len += 100) {
		struct memsource m = memstream_source(archive.data, archive.len, 0);
		struct tar_reader *reader;
		struct tar_entry entry;
		struct error err = { 0 };
		bool end = false;

		assert_int_equal(tar_reader_open(&reader, &m.source, &err), 0);
		for (size_t i = 0; i < COUNT(members); i++) {
			assert_int_equal(tar_reader_next(reader, &entry, &end, &err), 0);
			assert_true(tar_reader_offset(reader) == starts[i]);
			assert_int_equal(
			    tar_reader_read(reader, bytes, len, &got, &err), 0);
			assert_true(tar_reader_offset(reader) == starts[i]);
		}
		assert_int_equal(tar_reader_next(reader, &entry, &end, &err), 0);
		assert_true(end);
		assert_true(tar_reader_offset(reader) == archive.len);
		tar_reader_free(reader);
	}
	buf_free(&archive);
}

/* Go on to the end or an error. */
static int
pass_all(struct source *source, struct error *err)
{
	struct tar_reader *reader;
	struct tar_entry entry;
	bool end = false;
	int rc = 0;

	assert_int_equal(tar_reader_open(&reader, source, err), 0);
	while (rc == 0 && !end)
		rc = tar_reader_next(reader, &entry, &end, err);
	tar_reader_free(reader);
	return rc;
}

/* A tape's record is filled up with zeros; a bomb has no end of them. */
static void
zeros_after_the_end_are_limited(void **state)
{
	static const char refused[] =
	    "archive has more than 64 MiB of zeros after its end, at offset 1024";
	static const struct {
		size_t more;
		int rc;
		const char *text;
	} rows[] = { { 0, 0, "" }, { 1, -1, refused }, { 8 << 20, -1, refused } };
	size_t most = 2 * TAR_BLOCK + 64 * 1024 * 1024;
	uint8_t *bytes = calloc(1, most + (8 << 20));

	(void)state;
	assert_non_null(bytes);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct memsource m = memstream_source(bytes, most + rows[i].more, 0);
		struct error err = { 0 };

		assert_int_equal(pass_all(&m.source, &err), rows[i].rc);
		assert_string_equal(err.text, rows[i].text);
		assert_true(m.at <= most + 64 * 1024);
	}
	free(bytes);
}

/* A block device: after the end there is what was there before. */
static void
a_device_goes_on(void **state)
{
	uint8_t bytes[4 * TAR_BLOCK] = { 0 };

	(void)state;
	for (size_t at = 0; at < sizeof(bytes); at += TAR_BLOCK) {
		struct memsource m = memstream_source(bytes, sizeof(bytes), 0);
		struct error err = { 0 };

		m.source.goes_on = true;
		bytes[at] = 'x';
		/* in the two blocks that are the end it is damage still */
		assert_int_equal(pass_all(&m.source, &err), at < 2 * TAR_BLOCK ? -1 : 0);
		bytes[at] = 0;
	}
}

/* ---- sources that skip ---- */

struct skipping {
	struct source source;
	struct memsource memory;
	size_t most;    /* bytes it skips at once; 0: they must be read */
	size_t skipped; /* in all */
};

static int
skipping_read(struct source *s, void *into, size_t len, size_t *got, struct error *err)
{
	return source_read(&((struct skipping *)s)->memory.source, into, len, got, err);
}

static void
skipping_free(struct source *s)
{
	(void)s;
}

static int
skipping_skip(struct source *s, uint64_t len, uint64_t *got, struct error *err)
{
	struct skipping *k = (struct skipping *)s;
	size_t left = k->memory.len - k->memory.at;

	(void)err;
	*got = len < left ? len : left;
	if (*got > k->most)
		*got = k->most;
	k->memory.at += (size_t)*got;
	k->skipped += (size_t)*got;
	return 0;
}

static const struct source_ops skipping_ops = { skipping_read, skipping_free,
	skipping_skip };

/* Bodies that are passed over: the whole archive is accepted, each cut of it is not. */
static void
a_skip_misses_no_cut(void **state)
{
	static const size_t most[] = { 0, 1000, SIZE_MAX };
	size_t starts[COUNT(members)];
	struct buf archive = make_archive(starts);

	(void)state;
	for (size_t i = 0; i < COUNT(most); i++)
		for (size_t len = archive.len % 64; len <= archive.len; len += 64) {
			struct skipping k = { { &skipping_ops, false },
				memstream_source(archive.data, len, 0), most[i], 0 };
			bool is_whole = len == archive.len;
			struct error err = { 0 };

			assert_int_equal(pass_all(&k.source, &err), is_whole ? 0 : -1);
			assert_int_equal(err.kind, is_whole ? ERROR_NONE : ERROR_FORMAT);
			/* the one body that is worth it */
			assert_int_equal(k.skipped > 0,
			    most[i] > 0 && len > starts[2] + 3 * TAR_BLOCK);
		}
	buf_free(&archive);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_have_offsets),
		cmocka_unit_test(zeros_after_the_end_are_limited),
		cmocka_unit_test(a_device_goes_on),
		cmocka_unit_test(a_skip_misses_no_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
