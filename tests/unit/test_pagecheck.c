/*
 * The check of pages on the workers: which files, which pages, what is read again; and
 * through a whole pipeline, many pieces at once.
 */
#include <fcntl.h>
#include <pthread.h>
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

#include "archive/filebody.h"
#include "support/pages.h"
#include "support/piperun.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define START UINT64_C(0x500000028)

enum { SEGMENT = 1000, PAGES = 700 };

static struct pagetally *tally;
static struct pagecheck check = { { .start_lsn = START, .stop_lsn = PAGE_NO_LSN },
	SEGMENT, NULL };
static char said[40][256];
static size_t nsaid;
static uint8_t (*pages)[PAGE_BYTES]; /* of the file under test */
static char *path;

static void
hear(const struct finding *f)
{
	if (nsaid < COUNT(said))
		snprintf(said[nsaid], sizeof(said[0]), "%s", f->text);
	nsaid++;
}

/* A file of sound pages, the second segment of its fork. */
static int
setup(void **state)
{
	struct error err = { 0 };

	(void)state;
	nsaid = 0;
	pages = malloc(PAGES * sizeof(*pages));
	if (pages == NULL || pagetally_new(&tally, hear, &err))
		return -1;
	check.tally = tally;
	for (uint32_t i = 0; i < PAGES; i++)
		pages_make(pages[i], SEGMENT + i, START - 100, i);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	pagetally_free(tally);
	free(pages);
	free(path);
	path = NULL;
	return 0;
}

/* ---- which files ---- */

static void
names(void **state)
{
	static const struct {
		const char *path;
		bool is_one;
		uint32_t first;
	} cases[] = {
		{ "base/5/1259", true, 0 },
		{ "base/5/1259_fsm", true, 0 },
		{ "base/5/1259_vm.2", true, 2 * SEGMENT },
		{ "base/5/1259_init", true, 0 },
		{ "base/5/1259.4294967", true, 4294967000 },
		{ "base/5/1259.4294968", false, 0 },
		{ "global/1262", true, 0 },
		{ "pg_tblspc/16400/PG_15_202209061/5/16401.1", true, SEGMENT },
		{ "base/5/t3_1259", false, 0 },
		{ "base/5/PG_VERSION", false, 0 },
		{ "base/5/pg_filenode.map", false, 0 },
		{ "global/pg_control", false, 0 },
		{ "pg_xact/0000", false, 0 },
		{ "pg_multixact/members/1259", false, 0 },
		{ "base/1259", false, 0 },
		{ "1259", false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint32_t first = 42;

		assert_int_equal(pagecheck_is_relation(&check, cases[i].path, &first),
		    cases[i].is_one);
		assert_int_equal(first, cases[i].is_one ? cases[i].first : 42);
	}
}

/* ---- one piece ---- */

struct run {
	struct piece piece;
	struct piece_source source;
	struct cancel cancel;
	struct error err;
	int rc;
};

/* The pages as they are now are what the file has. */
static void
put_file(void)
{
	path = piperun_put("relation", pages, PAGES * sizeof(*pages));
}

/* Check the pages ${from} to ${to}, as read already; what is read again is the file. */
static void
run_check(struct run *r, size_t from, size_t to)
{
	*r = (struct run){ .piece.offset = from * PAGE_BYTES,
		.piece.len = (to - from) * PAGE_BYTES,
		.source.offset = from * PAGE_BYTES };
	r->source.cancel = &r->cancel;
	r->source.fd = open(path, O_RDONLY);
	r->source.bytes = malloc(r->piece.len);
	r->piece.bytes = r->source.bytes;
	memcpy(r->source.bytes, pages[from], r->piece.len);
	r->rc = pagecheck_piece(&check, SEGMENT, &r->piece, &r->source, &r->err);
	close(r->source.fd);
}

static void
end_check(struct run *r)
{
	piece_clear(&r->piece);
	free(r->source.bytes);
}

static void
sound_pages(void **state)
{
	struct run r;

	(void)state;
	memset(pages[5], 0, PAGE_BYTES);
	put_file();
	run_check(&r, 0, PAGES);
	assert_int_equal(r.rc, 0);
	assert_int_equal(r.piece.nnotes, 0);
	end_check(&r);
}

static void
damaged_pages(void **state)
{
	static const size_t damaged[] = { 3, 127, 128, 500, 699 };
	struct run r;

	(void)state;
	for (size_t i = 0; i < COUNT(damaged); i++)
		pages[damaged[i]][4000] ^= 4;
	memset(pages[600], 0, 100);
	put_file();
	run_check(&r, 1, PAGES);
	assert_int_equal(r.rc, 0);
	assert_int_equal(r.piece.nnotes, COUNT(damaged) + 1);
	for (size_t i = 0, n = 0; n < r.piece.nnotes; n++) {
		const struct piece_note *note = &r.piece.notes[n];

		if (n == 4) {
			assert_int_equal(note->offset, 600 * PAGE_BYTES);
			assert_int_equal(note->kind, PAGE_NEW_NOT_ZERO);
			continue;
		}
		assert_int_equal(note->offset, damaged[i] * PAGE_BYTES);
		assert_int_equal(note->kind, PAGE_BAD_CHECKSUM);
		assert_int_equal(note->expected,
		    pages_checksum(pages[damaged[i]], (uint32_t)(SEGMENT + damaged[i])));
		i++;
	}
	end_check(&r);
}

/* Two pages that lie in each other's place are both sound but there. */
static void
swapped_pages(void **state)
{
	uint8_t other[PAGE_BYTES];
	struct run r;

	(void)state;
	memcpy(other, pages[10], PAGE_BYTES);
	memcpy(pages[10], pages[11], PAGE_BYTES);
	memcpy(pages[11], other, PAGE_BYTES);
	put_file();
	run_check(&r, 0, 20);
	assert_int_equal(r.piece.nnotes, 2);
	end_check(&r);
}

/* What was read in the middle of a write is read again, and that is what is sent. */
static void
torn_pages_are_read_again(void **state)
{
	struct run r;

	(void)state;
	put_file();
	memset(pages[7] + 4096, 0, 4096);
	memset(pages[8], 0, 4096);
	run_check(&r, 0, 20);
	assert_int_equal(r.rc, 0);
	assert_int_equal(r.piece.nnotes, 0);
	for (uint32_t i = 7; i < 9; i++) {
		pages_make(pages[i], SEGMENT + i, START - 100, i);
		assert_memory_equal(r.piece.bytes + i * PAGE_BYTES, pages[i], PAGE_BYTES);
	}
	end_check(&r);
}

/* Meanwhile the page was changed by a record of the backup, or cut off. */
static void
pages_that_moved_on(void **state)
{
	static const uint8_t zeros[PAGE_BYTES];
	struct run r;

	(void)state;
	pages_make(pages[7], 0, START + 500, 3);
	put_file();
	assert_int_equal(truncate(path, 8 * PAGE_BYTES + 100), 0);
	/* but this is what was read first */
	memset(pages[7], 0, 8);
	pages[9][4000] ^= 1;
	run_check(&r, 0, 20);
	assert_int_equal(r.rc, 0);
	assert_int_equal(r.piece.nnotes, 1);
	assert_int_equal(r.piece.notes[0].kind, PAGE_REPLAYED);
	assert_true(r.piece.notes[0].found == START + 500);
	assert_memory_equal(r.piece.bytes + 9 * PAGE_BYTES, zeros, PAGE_BYTES);
	end_check(&r);
}

struct writing {
	uint8_t page[PAGE_BYTES];
	size_t number;
	long ms;
};

/* The server, which was interrupted in the middle of a page. */
static void *
write_late(void *arg)
{
	const struct writing *w = arg;
	const struct timespec wait = { 0, w->ms * 1000000 };
	int fd = open(path, O_WRONLY);
	ssize_t n;

	nanosleep(&wait, NULL);
	n = pwrite(fd, w->page, PAGE_BYTES, (off_t)(w->number * PAGE_BYTES));
	close(fd);
	return n == PAGE_BYTES ? NULL : arg;
}

/*
 * On a machine that is busy the writer may be later than any check would wait: so it has
 * a few tries.
 */
enum { TRIES = 20 };

static void
slow_writes_are_awaited(void **state)
{
	struct writing writing = { .number = 7, .ms = 30 };
	size_t notes = 1;

	(void)state;
	memcpy(writing.page, pages[7], PAGE_BYTES);
	memset(pages[7] + 4096, 0, 4096);
	for (size_t i = 0; i < TRIES && notes > 0; i++) {
		pthread_t writer;
		struct run r;
		void *failed;

		free(path);
		put_file();
		assert_int_equal(pthread_create(&writer, NULL, write_late, &writing), 0);
		run_check(&r, 0, 20);
		pthread_join(writer, &failed);
		assert_null(failed);
		assert_int_equal(r.rc, 0);
		notes = r.piece.nnotes;
		assert_memory_equal(r.piece.bytes + 7 * PAGE_BYTES,
		    notes ? pages[7] : writing.page, PAGE_BYTES);
		end_check(&r);
	}
	assert_int_equal(notes, 0);
}

/* Part of a page at the end, and what the file does not have, are no pages. */
static void
only_whole_pages(void **state)
{
	struct run r = { .piece.len = 3 * PAGE_BYTES + 100 };

	(void)state;
	put_file();
	pages[2][5000] ^= 1;
	r.source.bytes = pages[0];
	r.source.fd = -1; /* nothing is read again */
	r.piece.missing = PAGE_BYTES + 50;
	assert_int_equal(
	    pagecheck_piece(&check, SEGMENT, &r.piece, &r.source, &r.err), 0);
	assert_int_equal(r.piece.nnotes, 0);
	r.piece.missing = r.piece.len;
	assert_int_equal(
	    pagecheck_piece(&check, SEGMENT, &r.piece, &r.source, &r.err), 0);
	r.piece.missing = 100;
	assert_int_equal(
	    pagecheck_piece(&check, SEGMENT, &r.piece, &r.source, &r.err), -1);
	assert_int_equal(r.err.kind, ERROR_IO);
}

static void
a_wait_is_cancelled(void **state)
{
	struct run r = { .piece.len = PAGE_BYTES };

	(void)state;
	pages[0][5000] ^= 1;
	r.source.bytes = pages[0];
	r.source.cancel = &r.cancel;
	cancel_raise(&r.cancel);
	assert_int_equal(
	    pagecheck_piece(&check, SEGMENT, &r.piece, &r.source, &r.err), -1);
	assert_int_equal(r.err.kind, ERROR_CANCELLED);
}

/* ---- a whole pipeline ---- */

static void
send(struct piperun *run, const char *name, size_t header)
{
	const struct filebody_options opt = {
		.pages = &check, .first_block = SEGMENT, .size = PAGES * sizeof(*pages)
	};
	struct blockfile *file;
	struct body *body;

	assert_int_equal(streamplan_header(&run->plan, header, &run->err), 0);
	assert_int_equal(filebody_new(&body, name, &opt, &run->err), 0);
	assert_int_equal(
	    blockpipe_file(run->plan.pipe, open(path, O_RDONLY), &file, &run->err), 0);
	blockpipe_body_begin(run->plan.pipe, body);
	assert_int_equal(blockpipe_body_range(
			     run->plan.pipe, file, 0, PAGES * sizeof(*pages), &run->err),
	    0);
	assert_int_equal(blockpipe_body_end(run->plan.pipe, &run->err), 0);
	blockfile_release(file);
}

/*
 * Three files at once, cut into blocks at different places: findings come in the order of
 * the stream, and pages that look to be of the future when the stop is known.
 */
static void
findings_in_stream_order(void **state)
{
	static const size_t damaged[] = { 0, 300, 301, 699 };
	struct piperun *run = piperun_new("none", 4, 8);
	struct pagetally_sum sum;
	char expected[64], name[32];

	(void)state;
	for (size_t i = 0; i < COUNT(damaged); i++)
		pages[damaged[i]][1000] ^= 1;
	for (uint32_t i = 400; i < 600; i++)
		pages_make(pages[i], 0, START + i, i);
	pages[500][0] ^= 8;
	put_file();
	for (size_t i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "base/5/%zu.1", 100 + i);
		send(run, name, 512 + i * 99999);
	}
	assert_int_equal(blockpipe_close(run->plan.pipe, &run->err), 0);
	assert_int_equal(nsaid, 3 * COUNT(damaged));
	for (size_t i = 0; i < nsaid; i++) {
		snprintf(expected, sizeof(expected),
		    "file \"base/5/%zu.1\", block %zu: checksum",
		    100 + i / COUNT(damaged), damaged[i % COUNT(damaged)]);
		assert_memory_equal(said[i], expected, strlen(expected));
	}
	assert_int_equal(pagetally_stop(tally, START + 599, &run->err), 0);
	assert_int_equal(nsaid, 3 * COUNT(damaged) + 3);
	sum = pagetally_sum(tally);
	assert_int_equal(sum.pages, 3 * PAGES);
	assert_int_equal(sum.files, 3);
	assert_int_equal(sum.damaged_pages, nsaid);
	assert_int_equal(sum.damaged_files, 3);
	assert_null(piperun_end(run, true));
	piperun_free(run);
}

/* What leaves the pipe is the page as it was read again. */
static void
what_is_read_again_is_sent(void **state)
{
	struct writing writing = { .number = 650, .ms = 30 };
	const uint8_t *sent;

	(void)state;
	memcpy(writing.page, pages[650], PAGE_BYTES);
	pages[650][8000] ^= 1;
	nsaid = 1;
	for (size_t i = 0; i < TRIES && nsaid > 0; i++) {
		struct piperun *run = piperun_new("none", 2, 8);
		pthread_t writer;

		free(path);
		put_file();
		nsaid = 0;
		assert_int_equal(pthread_create(&writer, NULL, write_late, &writing), 0);
		send(run, "base/5/100.1", 512);
		assert_int_equal(blockpipe_close(run->plan.pipe, &run->err), 0);
		pthread_join(writer, NULL);
		assert_int_equal(run->memory.held.len, 512 + PAGES * sizeof(*pages));
		sent = run->memory.held.data + 512;
		assert_memory_equal(sent, pages, 650 * sizeof(*pages));
		assert_memory_equal(sent + 650 * sizeof(*pages),
		    nsaid ? pages[650] : writing.page, sizeof(*pages));
		assert_null(piperun_end(run, true));
		piperun_free(run);
	}
	assert_int_equal(nsaid, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		TEST(sound_pages),
		TEST(damaged_pages),
		TEST(swapped_pages),
		TEST(torn_pages_are_read_again),
		TEST(pages_that_moved_on),
		TEST(slow_writes_are_awaited),
		TEST(only_whole_pages),
		TEST(a_wait_is_cancelled),
		TEST(findings_in_stream_order),
		TEST(what_is_read_again_is_sent),
	};

	return cmocka_run_group_tests(tests, piperun_setup, piperun_teardown);
}
