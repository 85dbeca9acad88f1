/* The block pipeline when all goes well: every byte, every digest, every promise. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <zlib.h>

#include "support/cutsink.h"
#include "support/openfds.h"
#include "support/piperun.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
assert_same(const struct buf *a, const struct buf *b)
{
	assert_int_equal(a->len, b->len);
	assert_true(a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

/* One gzip member and nothing after it. */
static void
inflate_whole(const struct buf *in, struct buf *out)
{
	struct error err = { 0 };
	z_stream z = { .next_in = in->data, .avail_in = (uInt)in->len };
	int status;

	assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
	do {
		assert_int_equal(buf_reserve(out, 1 << 20, &err), 0);
		z.next_out = out->data + out->len;
		z.avail_out = 1 << 20;
		status = inflate(&z, Z_NO_FLUSH);
		out->len += (1 << 20) - z.avail_out;
	} while (status == Z_OK);
	assert_int_equal(status, Z_STREAM_END);
	assert_int_equal(z.avail_in, 0);
	inflateEnd(&z);
}

static void
assert_gzip_accepts(const struct buf *in)
{
	FILE *gzip = popen("gzip -t", "w");

	assert_non_null(gzip);
	assert_int_equal(fwrite(in->data, 1, in->len, gzip), in->len);
	assert_int_equal(pclose(gzip), 0);
}

static void
assert_output(const struct piperun *r)
{
	struct buf raw = { 0 };

	if (r->opt.codec->methods->encode == NULL) {
		assert_same(&r->memory.held, &r->plan.expect);
		return;
	}
	inflate_whole(&r->memory.held, &raw);
	assert_same(&raw, &r->plan.expect);
	buf_free(&raw);
	assert_gzip_accepts(&r->memory.held);
}

/* The stream ends well: all was written as planned, all bodies heard what was theirs. */
static void
close_well(struct piperun *r)
{
	const char *wrong;

	if (blockpipe_close(r->plan.pipe, &r->err))
		fail_msg("blockpipe_close: %s", r->err.text);
	assert_int_equal(blockpipe_planned(r->plan.pipe), r->plan.expect.len);
	assert_int_equal(blockpipe_raw_written(r->plan.pipe), r->plan.expect.len);
	assert_int_equal(blockpipe_written(r->plan.pipe), r->memory.held.len);
	assert_false(blockpipe_has_failed(r->plan.pipe));
	wrong = piperun_end(r, true);
	if (wrong)
		fail_msg("%s", wrong);
	assert_output(r);
	/* a pipe that was closed leaves the cancel and the sink alone */
	assert_false(cancel_is_raised(&r->cancel));
	assert_false(r->memory.is_finished);
	piperun_free(r);
}

struct shape {
	const char *name;
	const char *codec;
	unsigned jobs;
	size_t files;
	uint64_t seed;
	size_t members;
};

static struct shape shapes[] = {
	{ "nothing at all, none", "none", 1, 8, 1, 0 },
	{ "nothing at all, gzip", "gzip", 2, 8, 1, 0 },
	{ "one member", "none", 1, 8, 2, 1 },
	{ "random, none, 1 job", "none", 1, 8, 3, 40 },
	{ "random, none, 2 jobs, 2 files", "none", 2, 2, 12, 20 },
	{ "random, none, 3 jobs, 1 file", "none", 3, 1, 5, 20 },
	{ "random, none, 4 jobs, any files", "none", 4, 0, 18, 16 },
	{ "random, gzip, 1 job", "gzip", 1, 8, 9, 12 },
	{ "random, gzip, 4 jobs", "gzip", 4, 8, 15, 20 },
};

static void
check_shape(void **state)
{
	const struct shape *shape = *state;
	struct piperun *r = piperun_new(shape->codec, shape->jobs, shape->files);

	r->plan.seed = shape->seed;
	assert_int_equal(streamplan_members(&r->plan, shape->members, &r->err), 0);
	if (shape->members > 1) /* the seed is one that fills some blocks */
		assert_true(r->plan.expect.len > 2 * BLOCKPIPE_BLOCK);
	close_well(r);
}

/* Thousands of small blocks' worth of the planner's calls, none of them large. */
static void
many_small_members(void **state)
{
	struct piperun *r = piperun_new("none", 2, 8);

	(void)state;
	for (size_t i = 0; i < 2000; i++)
		assert_int_equal(streamplan_member(&r->plan, i % 2, i % 700, &r->err), 0);
	close_well(r);
}

/* Framing goes far beyond what a block aims at; those after it are as small as ever. */
static void
long_headers(void **state)
{
	struct piperun *r = piperun_new("gzip", 1, 8);

	(void)state;
	for (size_t i = 0; i < 24; i++) {
		assert_int_equal(streamplan_header(&r->plan, 512 + i * 500, &r->err), 0);
		assert_int_equal(streamplan_header(&r->plan, 128 * 1024 - i, &r->err), 0);
		assert_int_equal(streamplan_padding(&r->plan, i % 512, &r->err), 0);
	}
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(streamplan_member(&r->plan, i % 2, 600000, &r->err), 0);
	close_well(r);
}

/* ---- pages ---- */

struct pages {
	struct body body;
	size_t pieces;
	bool is_cut; /* a piece begins inside a page */
	uint64_t end;
};

static int
pages_piece(struct body *body, const struct piece *piece, struct error *err)
{
	struct pages *p = (struct pages *)body;

	(void)err;
	p->pieces++;
	p->is_cut = p->is_cut || piece->offset % BLOCKPIPE_PAGE != 0;
	p->end = piece->offset + piece->len;
	return 0;
}

static void
pages_free(struct body *body)
{
	(void)body;
}

/* No page of a file lies in two pieces, wherever in a block the file begins. */
static void
pages_are_whole(void **state)
{
	static const struct body_ops ops = { pages_piece, NULL, pages_free, NULL };

	(void)state;
	for (size_t before = 1; before < 12000; before += 1789) {
		struct piperun *r = piperun_new("none", 2, 4);
		struct pages pages = { .body = { .ops = &ops, .name = "pages" } };
		struct blockfile *file;
		int fd = open(r->plan.file.path, O_RDONLY);

		assert_int_equal(streamplan_header(&r->plan, before, &r->err), 0);
		assert_int_equal(blockpipe_file(r->plan.pipe, fd, &file, &r->err), 0);
		blockpipe_body_begin(r->plan.pipe, &pages.body);
		assert_int_equal(
		    blockpipe_body_range(r->plan.pipe, file, 0, PIPERUN_FILE, &r->err),
		    0);
		assert_int_equal(blockpipe_body_end(r->plan.pipe, &r->err), 0);
		blockfile_release(file);
		assert_int_equal(blockpipe_close(r->plan.pipe, &r->err), 0);
		assert_null(piperun_end(r, true));
		assert_true(pages.pieces >= 3);
		assert_int_equal(pages.end, PIPERUN_FILE);
		assert_false(pages.is_cut);
		piperun_free(r);
	}
}

/* What a file does not have when it is read is zeros, and counted. */
static void
cut_files_are_padded(void **state)
{
	static const size_t lengths[] = { 0, 1, 8192, 100000, 800000 };

	(void)state;
	for (size_t i = 0; i < COUNT(lengths); i++) {
		struct piperun *r = piperun_new("none", 2, 4);
		char *path = piperun_put("cut", r->plan.file.bytes, lengths[i]);

		r->plan.file.path = path;
		r->plan.file.len = lengths[i];
		for (size_t n = 0; n < 3; n++)
			assert_int_equal(
			    streamplan_member(&r->plan, true, 700000 * n + 3, &r->err),
			    0);
		close_well(r);
		free(path);
	}
}

/* ---- waiting ---- */

static void
overwrite(const char *path, size_t len)
{
	static const uint8_t other[4096];
	int fd = open(path, O_WRONLY);

	for (size_t at = 0; at < len; at += sizeof(other))
		assert_true(pwrite(fd, other, sizeof(other), (off_t)at) > 0);
	close(fd);
}

/*
 * After the barrier nothing is read any more, though nothing at all has been written:
 * neither of the blocks handed over nor of the open one.
 */
static void
barrier_means_read(void **state)
{
	(void)state;
	for (size_t blocks = 0; blocks < 3; blocks++) {
		struct piperun *r = piperun_new_shut(1);
		char *path = piperun_put("busy", r->plan.file.bytes, PIPERUN_FILE);

		r->plan.file.path = path;
		for (size_t i = 0; i < 4; i++)
			assert_int_equal(streamplan_member(&r->plan, true,
					     blocks * 300000 + 5000, &r->err),
			    0);
		assert_int_equal(blockpipe_barrier(r->plan.pipe, &r->err), 0);
		assert_int_equal(blockpipe_barrier(r->plan.pipe, &r->err), 0);
		assert_int_equal(openfds_count(), r->fds);
		overwrite(path, PIPERUN_FILE);
		gatesink_open(&r->gate);
		assert_int_equal(streamplan_member(&r->plan, false, 700000, &r->err), 0);
		close_well(r);
		free(path);
	}
}

/* After settle every body that ended was told so, those of the open block too. */
static void
settle_means_told(void **state)
{
	struct piperun *r = piperun_new("gzip", 2, 4);

	(void)state;
	for (size_t i = 0; i < 30; i++) {
		assert_int_equal(
		    streamplan_member(&r->plan, i % 2, i * 9000, &r->err), 0);
		if (i % 7 > 0)
			continue;
		assert_int_equal(blockpipe_settle(r->plan.pipe, &r->err), 0);
		for (size_t n = 0; n <= i; n++) {
			assert_int_equal(r->plan.bodies[n]->ended, 1);
			assert_int_equal(r->plan.bodies[n]->freed, 1);
		}
	}
	close_well(r);
}

/* A body may go on after a barrier and a settle in its middle. */
static void
waiting_inside_a_body(void **state)
{
	struct piperun *r = piperun_new("none", 2, 4);

	(void)state;
	assert_int_equal(streamplan_header(&r->plan, 512, &r->err), 0);
	streamplan_begin(&r->plan, true);
	for (size_t i = 0; i < 40; i++) {
		assert_int_equal(streamplan_range(&r->plan, i * 100, 70000, &r->err), 0);
		assert_int_equal(i % 2 ? blockpipe_barrier(r->plan.pipe, &r->err) :
					 blockpipe_settle(r->plan.pipe, &r->err),
		    0);
		assert_int_equal(r->plan.bodies[0]->ended, 0);
	}
	assert_int_equal(streamplan_end(&r->plan, &r->err), 0);
	close_well(r);
}

/* ---- bounds ---- */

/* One-page files by the thousand; the open block alone would hold a hundred. */
static void
descriptors_are_bounded(void **state)
{
	struct piperun *r = piperun_new("none", 2, 4);

	(void)state;
	for (size_t i = 0; i < 1000; i++) {
		assert_int_equal(streamplan_member(&r->plan, true, 8192, &r->err), 0);
		assert_in_range(openfds_count(), r->fds, r->fds + 4);
	}
	close_well(r);
}

/* Without a number from the caller they are not closed one by one either. */
static void
descriptors_by_the_limit(void **state)
{
	struct piperun *r = piperun_new("none", 1, 0);

	(void)state;
	for (size_t i = 0; i < 50; i++)
		assert_int_equal(streamplan_member(&r->plan, true, 8192, &r->err), 0);
	assert_int_equal(openfds_count(), r->fds + 50);
	close_well(r);
}

struct filling {
	struct piperun *run;
	_Atomic uint64_t planned;
	int rc;
};

static void *
fill_up(void *arg)
{
	struct filling *f = arg;

	for (size_t i = 0; f->rc == 0 && i < 16; i++) {
		f->rc = streamplan_member(&f->run->plan, i % 2, 500000, &f->run->err);
		atomic_store(&f->planned, blockpipe_planned(f->run->plan.pipe));
	}
	return NULL;
}

static void
sleep_ms(long ms)
{
	const struct timespec time = { .tv_nsec = ms * 1000 * 1000 };

	nanosleep(&time, NULL);
}

/* While nothing is written, no more is planned than jobs * 2 + 2 blocks take. */
static void
memory_is_bounded(void **state)
{
	const uint64_t block = BLOCKPIPE_BLOCK + 64 * 1024;
	struct filling f = { .run = piperun_new_shut(1) };
	pthread_t planner;

	(void)state;
	assert_int_equal(pthread_create(&planner, NULL, fill_up, &f), 0);
	/* until it is about there, and then for as long as 16 MiB more would take */
	while (atomic_load(&f.planned) < 3 * block)
		sleep_ms(1);
	sleep_ms(50);
	assert_true(atomic_load(&f.planned) <= 4 * block);
	assert_int_equal(blockpipe_raw_written(f.run->plan.pipe), 0);
	gatesink_open(&f.run->gate);
	pthread_join(planner, NULL);
	assert_int_equal(f.rc, 0);
	close_well(f.run);
}

/*
 * A hundred thousand empty files: blocks grow while no body comes, and end where the
 * planner says when they have become too long.
 */
static void
headers_only(void **state)
{
	static const struct body_ops ops = { NULL, NULL, pages_free, NULL };
	static const uint8_t header[512];
	struct body body = { .ops = &ops, .name = "empty" };
	struct cancel cancel = { false };
	struct error err = { 0 };
	struct cutsink sink;
	struct blockpipe_options opt = { &sink.sink, codec_by_name("none"), 0, 2,
		.files = 8, .cancel = &cancel };
	struct blockpipe *pipe;

	(void)state;
	cutsink_init(&sink, true);
	assert_int_equal(blockpipe_open(&pipe, &opt, &err), 0);
	for (size_t i = 0; i < 100000; i++) {
		assert_int_equal(blockpipe_is_overdue(pipe) ?
			blockpipe_bytes_cut(pipe, header, 512, 300, &err) :
			blockpipe_bytes(pipe, header, 512, &err),
		    0);
		blockpipe_body_begin(pipe, &body);
		assert_int_equal(blockpipe_body_end(pipe, &err), 0);
	}
	assert_int_equal(blockpipe_close(pipe, &err), 0);
	blockpipe_free(pipe);
	assert_int_equal(sink.len, 100000 * 512);
	assert_int_equal(sink.ncuts, 25);
	assert_in_range(sink.longest, BLOCKPIPE_LONGEST, BLOCKPIPE_LONGEST + 512);
	for (size_t i = 0; i + 1 < sink.ncuts; i++)
		assert_int_equal(sink.cuts[i] % 512, 300);
}

int
main(void)
{
	const struct CMUnitTest fixed[] = {
		cmocka_unit_test(many_small_members),
		cmocka_unit_test(long_headers),
		cmocka_unit_test(pages_are_whole),
		cmocka_unit_test(cut_files_are_padded),
		cmocka_unit_test(barrier_means_read),
		cmocka_unit_test(settle_means_told),
		cmocka_unit_test(waiting_inside_a_body),
		cmocka_unit_test(descriptors_are_bounded),
		cmocka_unit_test(descriptors_by_the_limit),
		cmocka_unit_test(memory_is_bounded),
		cmocka_unit_test(headers_only),
	};
	struct CMUnitTest tests[COUNT(shapes) + COUNT(fixed)];

	for (size_t i = 0; i < COUNT(shapes); i++)
		tests[i] = (struct CMUnitTest){ .name = shapes[i].name,
			.test_func = check_shape,
			.initial_state = &shapes[i] };
	memcpy(tests + COUNT(shapes), fixed, sizeof(fixed));
	return cmocka_run_group_tests(tests, piperun_setup, piperun_teardown);
}
