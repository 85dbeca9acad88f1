/* Blocks that become frames of zstd or lz4, whatever is in them and however long they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/codecrun.h"
#include "support/memstream.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
	MOST = (1024 + 64) * 1024
}; /* the largest block that the pipeline makes, but for few */

static uint8_t raw[4 * MOST];

/* Of the format's own program. */
static void
assert_program_decodes(const struct codec *codec, const struct buf *in, size_t len)
{
	char command[128], path[] = "/tmp/test_frames.XXXXXX";
	int fd = mkstemp(path);
	FILE *file = fdopen(fd, "w"), *program;
	static uint8_t again[4 * MOST + 1];

	assert_int_equal(fwrite(in->data, 1, in->len, file), in->len);
	assert_int_equal(fclose(file), 0);
	snprintf(command, sizeof(command), "%s -dc <%s", codec->program, path);
	program = popen(command, "r");
	assert_int_equal(fread(again, 1, sizeof(again), program), len);
	assert_int_equal(pclose(program), 0);
	assert_memory_equal(again, raw, len);
	remove(path);
}

static void
contents(void **state)
{
	static const size_t lens[][4] = { { 0, 0, 0, 0 }, { 1, 0, 0, 0 }, { 0, 1, 2, 3 },
		{ 65535, 65536, 65537, 32768 }, { 131072, 131073, 4194304 - 262145, 1 },
		{ MOST, 1, MOST, 5 } };
	static void (*const fills[])(
	    uint8_t *, size_t) = { codecrun_zeros, codecrun_pages, codecrun_noise };
	const struct codec *codec = codecrun_codec(*state);

	for (size_t i = 0; i < COUNT(fills) * COUNT(lens); i++) {
		const size_t *l = lens[i / COUNT(fills)];
		size_t total = l[0] + l[1] + l[2] + l[3];

		fills[i % COUNT(fills)](raw, total);
		for (int level = 1; level <= codec->level_max; level += 4) {
			struct buf in = { 0 }, out = { 0 };
			struct error err = { 0 };

			if (level > 10 && total > MOST)
				continue; /* takes long, and is no other code */
			codecrun_encode(codec, level, raw, l, 4, &in, NULL);
			assert_int_equal(
			    codecrun_decode(&in, 0, 65537, MEMSTREAM_NEVER, &out, &err),
			    0);
			assert_int_equal(out.len, total);
			if (total > 0)
				assert_memory_equal(out.data, raw, total);
			if (level == 1)
				assert_program_decodes(codec, &in, total);
			buf_free(&in);
			buf_free(&out);
		}
	}
}

static void
blocks_stand_alone(void **state)
{
	static const size_t lens[] = { 100000, 100000 };
	const struct codec *codec = codecrun_codec(*state);
	struct buf in = { 0 };
	size_t edges[2];

	codecrun_pages(raw, 100000);
	memcpy(raw + 100000, raw, 100000);
	codecrun_encode(codec, codec->level_default, raw, lens, 2, &in, edges);
	assert_int_equal(edges[1], 2 * edges[0]);
	assert_memory_equal(in.data, in.data + edges[0], edges[0]);
	buf_free(&in);
}

/* A table, and what a record is filled up with, are passed over by the format's own program. */
static void
filled_up(void **state)
{
	static const size_t lens[] = { 1000 },
			    records[] = { 0, 1, 7, 512, 5000, 1048576 };
	const struct codec *codec = codecrun_codec(*state);
	struct buf in = { 0 };
	size_t edge;

	codecrun_pages(raw, 1000);
	for (size_t i = 0; i < COUNT(records); i++) {
		buf_clear(&in);
		codecrun_encode(codec, 1, raw, lens, 1, &in, &edge);
		codecrun_table(codec, lens, &edge, 1, records[i], &in);
		assert_true(records[i] == 0 || in.len % records[i] == 0);
		assert_program_decodes(codec, &in, 1000);
	}
	buf_free(&in);
}

static char zstd[] = "zstd", lz4[] = "lz4";

#define OF_EACH(function) \
	cmocka_unit_test_prestate(function, zstd), \
	    cmocka_unit_test_prestate(function, lz4)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		OF_EACH(contents),
		OF_EACH(blocks_stand_alone),
		OF_EACH(filled_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
