/* Where the chunks of each codec end, which frames are none, and what is made of damaged ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "codec/chunk.h"
#include "support/codecrun.h"
#include "support/rows.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define BYTES(text) text, sizeof(text) - 1

/* ---- where they end ---- */

struct row {
	const char *name, *codec;
	const char *bytes;
	size_t len;
	size_t size;     /* 0: it is no chunk; more than ${len}: its end is not there */
	uint64_t offset; /* in the stream */
};

/* RFC 8878, 3.1.1: the magic number; then how the frame is described. */
#define ZSTD "\x28\xb5\x2f\xfd"
#define ZSTD_ABC \
	"\x19\0\0" \
	"abc" \
	"\x99\x09\x77\xad"
/* The frame format of lz4, 1.6; a byte of checksum follows, at which find() does not look. */
#define LZ4 "\x04\x22\x4d\x18"
#define LZ4_SIZE_3 "\x40\x03\0\0\0\0\0\0\0?"
#define LZ4_ABC \
	"\x03\0\0\x80" \
	"abc"
#define LZ4_END \
	"\0\0\0\0" \
	"\xff\x53\xd1\x32"

static const struct row rows[] = {
	{ "gzip: a header", "gzip", BYTES("\x1f\x8b\x08\0....\4\3"), 10, 0 },
	{ "gzip: a header with a name", "gzip", BYTES("\x1f\x8b\x08\x08....\4\3a\0"), 0,
	    0 },
	{ "gzip: of another method", "gzip", BYTES("\x1f\x8b\x07\0....\4\3"), 0, 0 },
	{ "gzip: an empty block", "gzip", BYTES("\0\0\xff\xff"), 4, 10 },
	{ "gzip: a flush", "gzip", BYTES("abc\0\0\xff\xff"), 7, 10 },
	{ "gzip: the first of two", "gzip", BYTES("a\0\0\xff\xff\0\0\xff\xff"), 5, 10 },
	{ "gzip: what looks like one", "gzip",
	    BYTES("\xff\xff\0\xff\xff\1\0\xff\xff\0\0\xff\1\0\0\xff\xff"), 17, 10 },
	{ "gzip: no flush", "gzip", BYTES("abc\0\0\xff"), 99, 10 },

	{ "zstd: a single segment", "zstd", BYTES(ZSTD "\x24\3" ZSTD_ABC), 16, 0 },
	{ "zstd: in the stream", "zstd", BYTES(ZSTD "\x24\3" ZSTD_ABC), 16, 999 },
	{ "zstd: a bit without a meaning", "zstd", BYTES(ZSTD "\x34\3" ZSTD_ABC), 16, 0 },
	{ "zstd: a length of 2 bytes", "zstd", BYTES(ZSTD "\x64\3\0" ZSTD_ABC), 17, 0 },
	{ "zstd: of 4 bytes", "zstd", BYTES(ZSTD "\xa4\3\0\0\0" ZSTD_ABC), 19, 0 },
	{ "zstd: of 8 bytes", "zstd", BYTES(ZSTD "\xe4\3\0\0\0\0\0\0\0" ZSTD_ABC), 23,
	    0 },
	{ "zstd: a window and a length", "zstd", BYTES(ZSTD "\x44\0\3\0" ZSTD_ABC), 18,
	    0 },
	{ "zstd: the largest window", "zstd", BYTES(ZSTD "\x44\x88\3\0" ZSTD_ABC), 18,
	    0 },
	{ "zstd: a larger window", "zstd", BYTES(ZSTD "\x44\x89\3\0" ZSTD_ABC), 0, 0 },
	{ "zstd: the most content", "zstd", BYTES(ZSTD "\xa4\0\0\x90\0" ZSTD_ABC), 19,
	    0 },
	{ "zstd: more content", "zstd", BYTES(ZSTD "\xa4\1\0\x90\0" ZSTD_ABC), 0, 0 },
	{ "zstd: more yet", "zstd", BYTES(ZSTD "\xe4\0\0\0\0\1\0\0\0" ZSTD_ABC), 0, 0 },
	{ "zstd: without a length", "zstd", BYTES(ZSTD "\x04\0" ZSTD_ABC), 0, 0 },
	{ "zstd: without a checksum", "zstd", BYTES(ZSTD "\x20\3" ZSTD_ABC), 0, 0 },
	{ "zstd: a reserved bit", "zstd", BYTES(ZSTD "\x2c\3" ZSTD_ABC), 0, 0 },
	{ "zstd: a dictionary", "zstd", BYTES(ZSTD "\x25\3" ZSTD_ABC), 0, 0 },
	{ "zstd: a large dictionary", "zstd", BYTES(ZSTD "\x26\3" ZSTD_ABC), 0, 0 },
	{ "zstd: another magic number", "zstd", BYTES("\x27\xb5\x2f\xfd\x24\3" ZSTD_ABC),
	    0, 0 },
	{ "zstd: to be skipped", "zstd", BYTES("\x50\x2a\x4d\x18\x08\0\0\0" ZSTD_ABC), 0,
	    0 },
	{ "zstd: two blocks", "zstd",
	    BYTES(ZSTD "\x24\4"
		       "\x08\0\0"
		       "x" ZSTD_ABC),
	    20, 0 },
	/* one byte stands for 8192 */
	{ "zstd: a repeated byte", "zstd",
	    BYTES(ZSTD "\x64\3\0"
		       "\x02\0\1"
		       "x" ZSTD_ABC),
	    21, 0 },
	{ "zstd: a reserved block", "zstd",
	    BYTES(ZSTD "\x24\3\x1f\0\0"
		       "abc1234"),
	    0, 0 },
	{ "zstd: a reserved block after one", "zstd",
	    BYTES(ZSTD "\x24\4"
		       "\x08\0\0"
		       "x\x1f\0\0"
		       "abc1234"),
	    0, 0 },
	{ "zstd: it goes on", "zstd",
	    BYTES(ZSTD "\x24\3\x19\0\1"
		       "abc1234"),
	    99, 0 },

	{ "lz4: a block", "lz4", BYTES(LZ4 "\x4c" LZ4_SIZE_3 LZ4_ABC LZ4_END), 30, 0 },
	{ "lz4: blocks that stand alone", "lz4",
	    BYTES(LZ4 "\x6c" LZ4_SIZE_3 LZ4_ABC LZ4_END), 30, 0 },
	{ "lz4: no block", "lz4", BYTES(LZ4 "\x4c" LZ4_SIZE_3 LZ4_END), 23, 0 },
	{ "lz4: two blocks", "lz4",
	    BYTES(LZ4 "\x4c" LZ4_SIZE_3 "\x02\0\0\0ab" LZ4_ABC LZ4_END), 36, 0 },
	{ "lz4: blocks with checksums", "lz4",
	    BYTES(LZ4 "\x5c" LZ4_SIZE_3 LZ4_ABC "1234" LZ4_ABC "1234" LZ4_END), 45, 0 },
	{ "lz4: the most content", "lz4",
	    BYTES(LZ4 "\x4c\x40\0\0\x90\0\0\0\0\0?" LZ4_ABC LZ4_END), 30, 0 },
	{ "lz4: more content", "lz4",
	    BYTES(LZ4 "\x4c\x40\1\0\x90\0\0\0\0\0?" LZ4_ABC LZ4_END), 0, 0 },
	{ "lz4: more yet", "lz4", BYTES(LZ4 "\x4c\x40\0\0\0\0\1\0\0\0?" LZ4_ABC LZ4_END),
	    0, 0 },
	{ "lz4: version 0", "lz4", BYTES(LZ4 "\x0c" LZ4_SIZE_3 LZ4_ABC LZ4_END), 0, 0 },
	{ "lz4: version 3", "lz4", BYTES(LZ4 "\xcc" LZ4_SIZE_3 LZ4_ABC LZ4_END), 0, 0 },
	{ "lz4: without a length", "lz4", BYTES(LZ4 "\x44" LZ4_SIZE_3 LZ4_ABC LZ4_END), 0,
	    0 },
	{ "lz4: without a checksum", "lz4", BYTES(LZ4 "\x48" LZ4_SIZE_3 LZ4_ABC LZ4_END),
	    0, 0 },
	{ "lz4: a reserved bit", "lz4", BYTES(LZ4 "\x4e" LZ4_SIZE_3 LZ4_ABC LZ4_END), 0,
	    0 },
	{ "lz4: a dictionary", "lz4", BYTES(LZ4 "\x4d" LZ4_SIZE_3 LZ4_ABC LZ4_END), 0,
	    0 },
	{ "lz4: another magic number", "lz4",
	    BYTES("\x05\x22\x4d\x18\x4c" LZ4_SIZE_3 LZ4_ABC LZ4_END), 0, 0 },
	{ "lz4: a block larger than a chunk", "lz4",
	    BYTES(LZ4 "\x4c" LZ4_SIZE_3 "\0\0\x40\0..." LZ4_END), 0, 0 },
	{ "lz4: it goes on", "lz4", BYTES(LZ4 "\x4c" LZ4_SIZE_3 "\0\0\x01\0..."), 99, 0 },
};

/* Its bytes come one by one, as from a pipe; then all at once, and others after them. */
static void
expect_row(void **state)
{
	const struct row *row = *state;
	const struct chunk_methods *c = codecrun_codec(row->codec)->methods->chunks;
	const uint8_t *bytes = (const uint8_t *)row->bytes;
	const enum chunk_found expected = row->size == 0 ? CHUNK_NONE :
	    row->size > row->len                         ? CHUNK_MORE :
							   CHUNK_FOUND;
	enum chunk_found found = CHUNK_MORE;
	size_t seen = 0, size = 0, len = 0;
	const bool is_head = strcmp(row->codec, "gzip") == 0 && row->offset == 0;
	bool has_content = is_head;

	while (found == CHUNK_MORE && len < row->len)
		found = c->find(bytes, ++len, row->offset, &seen, &size, &has_content);
	assert_int_equal(found, expected);
	if (found == CHUNK_FOUND)
		assert_int_equal(len, row->size);
	seen = size = 0;
	assert_int_equal(
	    c->find(bytes, row->len, row->offset, &seen, &size, &has_content), expected);
	if (found != CHUNK_FOUND)
		return;
	assert_int_equal(size, row->size);
	assert_int_equal(has_content, !is_head);
}

/* ---- what is in them ---- */

static const char content[] = "abcabcabcabcabcabcabcabcabcabcabc, and not abc";
enum { CONTENT = sizeof(content) - 1 };

static bool
decode(const struct chunk_methods *c, void *decoder, const struct buf *in, size_t len)
{
	struct codec_sum sum = { 0 };
	struct error err = { 0 };
	struct buf out = { 0 };
	bool is_sound = false;

	assert_int_equal(
	    c->decode(decoder, in->data, len, &out, &sum, &is_sound, &err), 0);
	if (is_sound) {
		assert_int_equal(out.len, CONTENT);
		assert_int_equal(sum.len, CONTENT);
		assert_memory_equal(out.data, content, CONTENT);
	}
	buf_free(&out);
	return is_sound;
}

/* Frames have a checksum; the one of gzip is at the end of its member. */
static void
damaged(void **state)
{
	const struct codec *codec = codecrun_codec(*state);
	const struct chunk_methods *c = codec->methods->chunks;
	const size_t lens[] = { CONTENT };
	struct error err = { 0 };
	struct buf in = { 0 };
	void *decoder;

	codecrun_encode(
	    codec, codec->level_default, (const uint8_t *)content, lens, 1, &in, NULL);
	assert_int_equal(c->open(&decoder, &err), 0);
	assert_true(decode(c, decoder, &in, in.len));
	for (size_t len = 15; len < in.len; len++)
		assert_false(decode(c, decoder, &in, len));
	for (size_t at = in.len - 12; at < in.len; at++) {
		in.data[at] ^= 0x41;
		assert_false(decode(c, decoder, &in, in.len));
		in.data[at] ^= 0x41;
	}
	assert_true(decode(c, decoder, &in, in.len)); /* damage has left nothing */
	assert_int_equal(buf_append(&in, "x", 1, &err), 0);
	assert_false(decode(c, decoder, &in, in.len));
	c->close(decoder);
	buf_free(&in);
}

/* The content of a frame is not what its header says: lz4 and zstd differ in how they notice. */
static void
another_length(void **state)
{
	const struct codec *codec = codecrun_codec(*state);
	const struct chunk_methods *c = codec->methods->chunks;
	const size_t at = strcmp(codec->name, "zstd") == 0 ? 5 : 6;
	const size_t lens[] = { CONTENT };
	struct error err = { 0 };
	struct buf in = { 0 };
	void *decoder;

	codecrun_encode(
	    codec, codec->level_default, (const uint8_t *)content, lens, 1, &in, NULL);
	assert_int_equal(c->open(&decoder, &err), 0);
	assert_int_equal(in.data[at], CONTENT);
	for (int change = -1; change <= 1; change += 2) {
		in.data[at] = (uint8_t)(CONTENT + change);
		assert_false(decode(c, decoder, &in, in.len));
	}
	c->close(decoder);
	buf_free(&in);
}

/* ---- what is known after them ---- */

/* The check value of the CRC catalogue, of "123456789", by halves. */
static void
gzip_adds_up(void **state)
{
	const struct chunk_methods *c = codecrun_codec("gzip")->methods->chunks;
	const struct codec_sum halves[] = { { 0x9be3e0a3, 4 }, { 0x131da070, 5 } };
	struct chunk_state whole = { 0 };

	(void)state;
	c->add(&whole, 4, &halves[0]);
	assert_int_equal(whole.sum.crc, 0x9be3e0a3);
	c->add(&whole, 5, &halves[1]);
	assert_int_equal(whole.sum.crc, 0xcbf43926);
	assert_int_equal(whole.sum.len, 9);
	assert_int_equal(whole.offset, 0); /* is the caller's */
}

static char zstd[] = "zstd", lz4[] = "lz4";

int
main(void)
{
	const struct CMUnitTest fixed[] = {
		cmocka_unit_test_prestate(damaged, zstd),
		cmocka_unit_test_prestate(damaged, lz4),
		cmocka_unit_test_prestate(another_length, zstd),
		cmocka_unit_test_prestate(another_length, lz4),
		cmocka_unit_test(gzip_adds_up),
	};
	struct CMUnitTest tests[COUNT(rows) + COUNT(fixed)];

	rows_name(tests, rows, sizeof(rows[0]), COUNT(rows), expect_row);
	memcpy(tests + COUNT(rows), fixed, sizeof(fixed));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
