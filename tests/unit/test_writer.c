/* The tar writer: what it writes is what a reader gets, and where a stream may be cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/interrupt.h"
#include "support/cutsink.h"
#include "support/memstream.h"
#include "tar/reader.h"
#include "tar/writer.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TEN(text) text text text text text text text text text text

/* ---- a body that counts how often it is freed ---- */

static unsigned bodies_freed;

static void
body_free(struct body *b)
{
	(void)b;
	bodies_freed++;
}

static const struct body_ops body_ops = { NULL, NULL, body_free, NULL };
static struct body body = { .ops = &body_ops, .name = "body" };

/* ---- streams of members ---- */

struct shape {
	const char *name;
	void (*entry)(size_t i, struct tar_entry *entry);
	size_t members;
	bool has_runs; /* of members without a body, longer than a page */
};

static void
file(struct tar_entry *entry, size_t size)
{
	*entry = (struct tar_entry){ "base/5/1259", NULL, TAR_FILE, 0600, 107, 112, size,
		1700000000, "", "" };
}

static void
directory(struct tar_entry *entry)
{
	*entry = (struct tar_entry){ "base/5", NULL, TAR_DIRECTORY, 0700, 107, 112, 0,
		1700000000, "", "" };
}

static void
one_page(size_t i, struct tar_entry *entry)
{
	(void)i;
	file(entry, 8192);
}

static void
any_size(size_t i, struct tar_entry *entry)
{
	file(entry, i * i * 37 % 60000);
}

static void
large(size_t i, struct tar_entry *entry)
{
	file(entry, 1048576 + 100000 * i);
}

static void
mostly_empty(size_t i, struct tar_entry *entry)
{
	if (i % 3 == 0)
		directory(entry);
	else
		file(entry, i % 50 == 0 ? 100 : 0);
}

static void
long_names(size_t i, struct tar_entry *entry)
{
	static char name[1500];

	file(entry, i % 2 ? 512 : 0);
	memset(name, 'n', sizeof(name));
	name[101 + i % 1300] = '\0';
	entry->name = name;
	if (i % 3)
		return;
	entry->type = TAR_SYMLINK;
	entry->size = 0;
	entry->link = name + i % 90;
}

static void
empty(size_t i, struct tar_entry *entry)
{
	if (i % 2)
		directory(entry);
	else
		file(entry, 0);
}

static void
empty_long_names(size_t i, struct tar_entry *entry)
{
	long_names(i, entry);
	entry->size = 0;
}

static struct shape shapes[] = {
	{ "files of a page", one_page, 400, false },
	{ "files of any size", any_size, 150, false },
	{ "files larger than a block", large, 4, false },
	{ "mostly empty files and directories", mostly_empty, 4500, true },
	{ "long names", long_names, 1000, true },
	{ "nothing but empty files and directories", empty, 18000, true },
	{ "nothing but empty files of long names", empty_long_names, 5000, true },
};

static struct blockpipe *
open_pipe(struct sink *sink, struct cancel *cancel)
{
	const struct blockpipe_options opt = { sink, codec_by_name("none"), 0, 2,
		.files = 8, .cancel = cancel };
	struct error err = { 0 };
	struct blockpipe *pipe;

	assert_int_equal(interrupt_install(&err), 0);
	assert_int_equal(blockpipe_open(&pipe, &opt, &err), 0);
	return pipe;
}

static const uint8_t *
body_bytes(void)
{
	static uint8_t bytes[2 * 1048576];

	if (bytes[0] == 0)
		memset(bytes, 'b', sizeof(bytes));
	return bytes;
}

static void
write_members(struct tar_writer *w, struct blockpipe *pipe, const struct shape *shape)
{
	const uint64_t before = tar_writer_members(w);
	struct error err = { 0 };

	for (size_t i = 0; i < shape->members; i++) {
		struct tar_entry entry;

		shape->entry(i, &entry);
		if (entry.type != TAR_FILE) {
			assert_int_equal(tar_writer_bodiless(w, &entry, &err), 0);
			continue;
		}
		assert_int_equal(tar_writer_begin(w, &entry, &body, &err), 0);
		assert_int_equal(
		    blockpipe_body_bytes(pipe, body_bytes(), (size_t)entry.size, &err),
		    0);
		assert_int_equal(tar_writer_end(w, &err), 0);
	}
	assert_int_equal(tar_writer_finish(w, &err), 0);
	assert_int_equal(tar_writer_members(w) - before, shape->members);
}

static void
write_archive(struct cutsink *sink, const struct shape *shape)
{
	struct cancel cancel = { false };
	struct error err = { 0 };
	struct blockpipe *pipe;
	struct tar_writer *w;

	pipe = open_pipe(&sink->sink, &cancel);
	assert_int_equal(tar_writer_open(&w, pipe, &err), 0);
	write_members(w, pipe, shape);
	assert_int_equal(blockpipe_close(pipe, &err), 0);
	tar_writer_free(w);
	blockpipe_free(pipe);
}

/* ---- what was written ---- */

static uint64_t
octal(const uint8_t *p, size_t len)
{
	uint64_t value = 0;

	for (size_t i = 0; i < len && p[i] >= '0' && p[i] <= '7'; i++)
		value = value * 8 + (uint64_t)(p[i] - '0');
	return value;
}

/*
 * A cut must be inside a body (that of a pax header is one), or before its first byte:
 * GNU tar passes over half a header in silence, and between members nothing is amiss.
 */
static void
assert_cut_is_seen(const struct buf *tar, uint64_t cut)
{
	uint64_t at = 0, body_at = 0;

	while (at < cut) {
		body_at = at + 512;
		at = body_at + (octal(tar->data + at + 124, 11) + 511) / 512 * 512;
	}
	assert_true(body_at <= cut);
	assert_true(cut < at);
}

/* A pipe may take any number of pages of a write: a cut after each of them is seen as well. */
static void
assert_pages_are_seen(const struct cutsink *sink, size_t write)
{
	uint64_t at = write == 0 ? 0 : sink->cuts[write - 1];

	for (at += 4096; at < sink->cuts[write]; at += 4096)
		assert_cut_is_seen(&sink->held, at);
}

/* The strict reader must not take the first ${len} bytes for an archive. */
static void
assert_not_whole(const struct buf *tar, uint64_t len)
{
	struct memsource source = memstream_source(tar->data, (size_t)len, 0);
	struct error err = { 0 };
	struct tar_reader *reader;
	struct tar_entry entry;
	bool end = false;
	int rc;

	assert_int_equal(tar_reader_open(&reader, &source.source, &err), 0);
	do
		rc = tar_reader_next(reader, &entry, &end, &err);
	while (rc == 0 && !end);
	assert_int_equal(rc, -1);
	assert_int_equal(err.kind, ERROR_FORMAT);
	tar_reader_free(reader);
}

/* Nor must the tar program of this machine. */
static void
assert_tar_refuses(const struct buf *tar, uint64_t len)
{
	FILE *program = popen("tar tf - >/dev/null 2>&1", "w");

	assert_non_null(program);
	(void)fwrite(tar->data, 1, (size_t)len, program);
	assert_int_not_equal(pclose(program), 0);
}

static void
assert_whole(const struct buf *tar, const struct shape *shape)
{
	struct memsource source = memstream_source(tar->data, tar->len, 0);
	struct error err = { 0 };
	struct tar_reader *reader;
	bool end = false;

	assert_int_equal(tar_reader_open(&reader, &source.source, &err), 0);
	for (size_t i = 0; i <= shape->members; i++) {
		struct tar_entry want, got;

		shape->entry(i, &want);
		assert_int_equal(tar_reader_next(reader, &got, &end, &err), 0);
		assert_int_equal(end, i == shape->members);
		if (end)
			break;
		assert_string_equal(got.name, want.name);
		assert_int_equal(got.type, want.type);
		assert_int_equal(got.size, want.size);
	}
	tar_reader_free(reader);
}

static void
check_shape(void **state)
{
	const struct shape *shape = *state;
	struct cutsink sink;

	cutsink_init(&sink, false);
	write_archive(&sink, shape);
	assert_int_equal(sink.held.len % 10240, 0);
	assert_whole(&sink.held, shape);
	assert_true(sink.ncuts > 1);
	for (size_t i = 0; i + 1 < sink.ncuts; i++) {
		if (!shape->has_runs)
			assert_pages_are_seen(&sink, i);
		assert_cut_is_seen(&sink.held, sink.cuts[i]);
		assert_not_whole(&sink.held, sink.cuts[i]);
	}
	for (size_t i = 0; i + 1 < sink.ncuts; i += 1 + sink.ncuts / 20)
		assert_tar_refuses(&sink.held, sink.cuts[i]);
	buf_free(&sink.held);
}

/* The end is two blocks of zeros at least, and fills a record. */
static void
archives_end_with_a_record(void **state)
{
	(void)state;
	for (size_t members = 0; members <= 40; members++) {
		const struct shape shape = { "", empty, members, true };
		struct cutsink sink;
		size_t from = members * TAR_BLOCK;

		cutsink_init(&sink, false);
		write_archive(&sink, &shape);
		assert_int_equal(sink.len % 10240, 0);
		assert_in_range(sink.len - from, 1024, 1024 + 10240 - 512);
		for (; from < sink.len; from++)
			assert_int_equal(sink.held.data[from], 0);
		buf_free(&sink.held);
	}
}

/* After bytes that are no members, and after another archive, it is the same. */
static void
archives_are_alike(void **state)
{
	const struct shape shape = { "", any_size, 3, false };
	struct memsink sinks[3];
	struct cancel cancel = { false };
	struct blockpipe *pipe;
	struct tar_writer *w;
	struct error err = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(sinks); i++)
		sinks[i] = memstream_sink(MEMSTREAM_NEVER);
	pipe = open_pipe(&sinks[0].sink, &cancel);
	assert_int_equal(blockpipe_bytes(pipe, "no member", 9, &err), 0);
	assert_int_equal(tar_writer_open(&w, pipe, &err), 0);
	for (size_t i = 1; i < COUNT(sinks); i++) {
		assert_int_equal(blockpipe_switch(pipe, &sinks[i].sink, &err), 0);
		write_members(w, pipe, &shape);
	}
	assert_int_equal(blockpipe_close(pipe, &err), 0);
	tar_writer_free(w);
	blockpipe_free(pipe);
	assert_int_equal(sinks[1].held.len % 10240, 0);
	assert_int_equal(sinks[2].held.len, sinks[1].held.len);
	assert_memory_equal(sinks[2].held.data, sinks[1].held.data, sinks[1].held.len);
	for (size_t i = 0; i < COUNT(sinks); i++)
		buf_free(&sinks[i].held);
}

static void
refusals(void **state)
{
	struct memsink sink = memstream_sink(MEMSTREAM_NEVER);
	struct cancel cancel = { false };
	struct blockpipe *pipe = open_pipe(&sink.sink, &cancel);
	struct tar_entry entry;
	struct tar_writer *w;
	struct error err = { 0 };

	(void)state;
	assert_int_equal(tar_writer_open(&w, pipe, &err), 0);
	/* what has no place in a header: the body goes the way of all bodies */
	bodies_freed = 0;
	file(&entry, 3);
	entry.uid = UINT64_MAX;
	assert_int_equal(tar_writer_begin(w, &entry, &body, &err), -1);
	assert_int_equal(err.kind, ERROR_UNSUPPORTED);
	assert_int_equal(bodies_freed, 1);
	for (size_t bytes = 2; bytes <= 4; bytes += 2) {
		file(&entry, 3);
		assert_int_equal(tar_writer_begin(w, &entry, &body, &err), 0);
		assert_int_equal(blockpipe_body_bytes(pipe, "body", bytes, &err), 0);
		assert_int_equal(tar_writer_end(w, &err), -1);
		assert_int_equal(err.kind, ERROR_FORMAT);
		assert_string_equal(err.text,
		    bytes == 2 ? "a member of 3 bytes got a body of 2" :
				 "a member of 3 bytes got a body of 4");
	}
	tar_writer_free(w);
	tar_writer_free(NULL);
	blockpipe_free(pipe);
	buf_free(&sink.held);
}

int
main(void)
{
	const struct CMUnitTest fixed[] = {
		cmocka_unit_test(archives_end_with_a_record),
		cmocka_unit_test(archives_are_alike),
		cmocka_unit_test(refusals),
	};
	struct CMUnitTest tests[COUNT(shapes) + COUNT(fixed)];

	for (size_t i = 0; i < COUNT(shapes); i++)
		tests[i] = (struct CMUnitTest){ .name = shapes[i].name,
			.test_func = check_shape,
			.initial_state = &shapes[i] };
	memcpy(tests + COUNT(shapes), fixed, sizeof(fixed));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
