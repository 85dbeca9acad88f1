/* The way past the middle of a compressed archive: to what is its end, or to nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "reading/shortcut.h"
#include "support/codecrun.h"
#include "support/memstream.h"
#include "support/sanitized.h"
#include "tar/reader.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MIB ((size_t)1024 * 1024)

/* A member: its name, and how long it is; one that holds the header of another. */
struct row {
	const char *name;
	size_t size;
	const char *within;
};

struct shape {
	const char *name;
	struct row rows[10];
	bool without_manifest;
	const char *why; /* NULL: it is found */
};

#define TREE \
	{ "PG_VERSION", 3, NULL }, \
	{ \
		"base/5/16384", 7 * MIB, NULL \
	}
#define CONTROL \
	{ \
		"global/pg_control", 8192, NULL \
	}
#define WAL(n, size) \
	{ \
		"pg_wal/00000001000000000000000" #n, size, NULL \
	}
#define MANIFEST(size) \
	{ \
		"backup_manifest", size, NULL \
	}

static struct shape shapes[] = {
	{ "as a backup has it", { TREE, CONTROL, WAL(1, MIB), MANIFEST(3000) }, false,
	    NULL },
	{ "no WAL", { TREE, CONTROL, MANIFEST(3000) }, false, NULL },
	{ "nothing but pg_control", { TREE, CONTROL }, true, NULL },
	{ "a large manifest", { TREE, CONTROL, MANIFEST(3 * MIB) }, false, NULL },
	{ "much WAL",
	    { TREE, CONTROL, WAL(1, MIB), WAL(2, MIB), WAL(3, MIB), MANIFEST(3000) },
	    false, NULL },
	{ "a file with a WAL segment's header",
	    { TREE, { "base/5/16385", MIB, "pg_wal/000000010000000000000001" }, CONTROL,
		MANIFEST(3000) },
	    false, "not found in the second half" },
	{ "a file with a header of pg_control",
	    { TREE, { "base/5/16385", 2 * MIB, "global/pg_control" }, CONTROL,
		MANIFEST(3000) },
	    false, "offset" },
	{ "WAL with a header of pg_control",
	    { TREE, CONTROL,
		{ "pg_wal/000000010000000000000001", 4 * MIB, "global/pg_control" },
		MANIFEST(3000) },
	    false, "offset" },
	{ "no manifest", { TREE, CONTROL, WAL(1, MIB) }, false, "no manifest" },
	{ "a manifest too many", { TREE, CONTROL, MANIFEST(3000) }, true,
	    "not in its place" },
	{ "a file of the tree after it",
	    { TREE, CONTROL, { "base/5/16390", 100, NULL }, MANIFEST(3000) }, false,
	    "\"base/5/16390\" is not in its place" },
	{ "more WAL than half of it",
	    { TREE, CONTROL, WAL(1, 5 * MIB), WAL(2, 5 * MIB), MANIFEST(3000) }, false,
	    "not found in the second half" },
	{ "no pg_control", { TREE, MANIFEST(3000) }, false,
	    "not found in the second half" },
};

static uint8_t noise[7 * MIB];

/* Whatever is in it, a header in the middle: in the second of two parts, so that it comes first. */
static void
add_member(struct buf *raw, const struct row *row)
{
	static const uint8_t zeros[512];
	struct tar_entry entry = {
		.name = row->name, .type = TAR_FILE, .mode = 0600, .size = row->size
	};
	struct tar_entry within = {
		.name = row->within, .type = TAR_FILE, .mode = 0600, .size = 8192
	};
	struct error err = { 0 };
	struct buf header = { 0 };
	size_t at;

	assert_int_equal(tar_header_encode(raw, &entry, &err), 0);
	at = raw->len;
	assert_int_equal(buf_append(raw, noise, row->size, &err), 0);
	if (row->within) {
		assert_int_equal(tar_header_encode(&header, &within, &err), 0);
		memcpy(raw->data + at + row->size - 512 * 1024, header.data, 512);
	}
	buf_free(&header);
	assert_int_equal(buf_append(raw, zeros, tar_header_padding(row->size), &err), 0);
}

static void
make(const struct codec *codec, const struct row *rows, struct buf *raw, struct buf *in)
{
	static const uint8_t zeros[10240];
	const struct codec_methods *m = codec->methods;
	struct codec_sum sum = { 0 };
	struct error err = { 0 };
	uint8_t edge[CODEC_EDGE];
	size_t lens[32], edges[32], n = 0;

	for (; rows->name; rows++)
		add_member(raw, rows);
	assert_int_equal(buf_append(raw, zeros, 1024, &err), 0);
	assert_int_equal(
	    buf_append(raw, zeros, (10240 - raw->len % 10240) % 10240, &err), 0);
	for (size_t left = raw->len; left > 0; left -= lens[n++])
		lens[n] = left < MIB ? left : MIB;
	if (m->head)
		assert_int_equal(buf_append(in, edge, m->head(1, edge), &err), 0);
	codecrun_encode(codec, 1, raw->data, lens, n, in, edges);
	if (m->tail)
		assert_int_equal(buf_append(in, edge, m->tail(&sum, edge), &err), 0);
	if (m->table)
		codecrun_table(codec, lens, edges, n, 0, in);
}

/* What ${source} gives is the end of ${raw}, from pg_control on. */
static void
assert_control(struct source *source, const struct buf *raw)
{
	static uint8_t bytes[64 * 1024];
	struct error err = { 0 };
	struct buf rest = { 0 };
	size_t got = 1;

	while (got > 0) {
		assert_int_equal(
		    source_read(source, bytes, sizeof(bytes), &got, &err), 0);
		assert_int_equal(buf_append(&rest, bytes, got, &err), 0);
	}
	assert_string_equal((char *)rest.data, "global/pg_control");
	assert_memory_equal(rest.data, raw->data + raw->len - rest.len, rest.len);
	buf_free(&rest);
}

static const char *const names[] = { "gzip", "zstd", "lz4" };

/* With a sanitizer, one codec for each shape. */
static bool
is_spared(size_t number)
{
	return SANITIZED_STRIDE > 1 && number % COUNT(names) != 0;
}

static void
check_shape(void **state)
{
	const struct shape *shape = *state;
	const size_t number = (size_t)(shape - shapes);

	for (size_t i = 0; i < COUNT(names); i++) {
		const struct codec *codec = codec_by_name(names[i]);
		struct buf raw = { 0 }, in = { 0 };
		struct error err = { 0 }, why = { 0 };
		struct source *source = NULL;

		if (codec_is_left_out(codec) || is_spared(number + i))
			continue;
		make(codec, shape->rows, &raw, &in);
		struct memstore m = memstream_store(in.data, in.len);
		struct shortcut way = { &m.store, codec, 0 };
		assert_int_equal(shortcut_to_control(
				     &way, !shape->without_manifest, &source, &why, &err),
		    0);
		assert_int_equal(source != NULL, shape->why == NULL);
		if (source == NULL)
			assert_non_null(strstr(why.text, shape->why));
		else {
			assert_true(
			    way.raw == (codec->methods->table ? raw.len : UINT64_MAX));
			assert_control(source, &raw);
		}
		source_free(source);
		buf_free(&raw);
		buf_free(&in);
	}
}

/* The end alone: it must be that of an archive. */
static void
to_the_end(void **state)
{
	static const struct row rows[] = { TREE, { NULL, 0, NULL } };
	static const long cuts[] = { 0, 1, 5, 30, 200000 };

	(void)state;
	for (size_t i = 0; i < COUNT(names) * COUNT(cuts); i++) {
		const struct codec *codec = codec_by_name(names[i / COUNT(cuts)]);
		struct buf raw = { 0 }, in = { 0 };
		struct error err = { 0 }, why = { 0 };
		bool is_found = false;

		if (codec_is_left_out(codec) || is_spared(i))
			continue;
		make(codec, rows, &raw, &in);
		struct memstore m =
		    memstream_store(in.data, in.len - (size_t)cuts[i % COUNT(cuts)]);
		struct shortcut way = { &m.store, codec, 0 };
		assert_int_equal(shortcut_to_end(&way, &is_found, &why, &err), 0);
		assert_int_equal(is_found, cuts[i % COUNT(cuts)] == 0);
		assert_true(is_found || why.text[0] != '\0');
		m.fail_at = 0;
		m.fail_with = ERROR_CANCELLED;
		assert_int_equal(shortcut_to_end(&way, &is_found, &why, &err), -1);
		assert_int_equal(err.kind, ERROR_CANCELLED);
		buf_free(&raw);
		buf_free(&in);
	}
}

static int
make_noise(void **state)
{
	(void)state;
	codecrun_noise(noise, sizeof(noise));
	return 0;
}

int
main(void)
{
	struct CMUnitTest tests[COUNT(shapes) + 1] = { cmocka_unit_test(to_the_end) };

	for (size_t i = 0; i < COUNT(shapes); i++)
		tests[1 + i] = (struct CMUnitTest){ .name = shapes[i].name,
			.test_func = check_shape,
			.initial_state = &shapes[i] };
	return cmocka_run_group_tests(tests, make_noise, NULL);
}
