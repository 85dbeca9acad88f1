/* Transfers that leave the page cache as it was: the bytes are right, and so is what stays cached. */
#define _GNU_SOURCE /* mincore(), SYS_preadv2 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/uncached.h"
#include "support/refuse.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define DONTCACHE 0x80

enum { PAGE = 4096, PAGES = 600, SIZE = PAGES * PAGE + 100 };
enum {
	FLAGS = 5
}; /* the argument of preadv2() that has them, in the kernel's own count */

/* Kernels and file systems, each of which can do less than the one before it. */
static const struct kernel {
	const char *name;
	bool leaves_cache; /* as it was */
	size_t count;
	struct refuse rows[2];
} kernels[] = {
	{ "as it is", true, 0, { { 0 } } },
	{ "without RWF_DONTCACHE", true, 1,
	    { { SYS_preadv2, FLAGS, DONTCACHE, DONTCACHE, EOPNOTSUPP } } },
	{ "without preadv2()", true, 1, { { SYS_preadv2, 0, 0, 0, ENOSYS } } },
	{ "without mincore()", false, 2,
	    { { SYS_preadv2, FLAGS, DONTCACHE, DONTCACHE, EOPNOTSUPP },
		{ SYS_mincore, 0, 0, 0, EPERM } } },
};

struct run {
	int fd;
	uint64_t offset;
	size_t len, got;
	uint8_t *into;
	int rc;
	struct error err;
};

static void
read_there(void *arg)
{
	struct run *r = arg;

	r->rc = uncached_pread(r->fd, r->into, r->len, r->offset, &r->got, NULL, &r->err);
}

static bool
under(const struct kernel *k, void (*run)(void *), void *arg)
{
	if (k->count > 0)
		return refuse_run(k->rows, k->count, run, arg);
	run(arg);
	return true;
}

static uint8_t
byte_at(uint64_t offset)
{
	return (uint8_t)(offset * 2654435761u >> 13);
}

/* On a disk, where there is one: a file system in memory has no pages to drop. */
static int
new_file(void)
{
	char path[] = "/var/tmp/pg_basetar-uncached.XXXXXX";
	const int fd = mkstemp(path);
	uint8_t *bytes = malloc(SIZE);

	assert_int_not_equal(fd, -1);
	unlink(path);
	for (size_t i = 0; i < SIZE; i++)
		bytes[i] = byte_at(i);
	assert_int_equal(write(fd, bytes, SIZE), SIZE);
	free(bytes);
	return fd;
}

static size_t
resident(int fd, uint8_t *pages)
{
	void *map = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, fd, 0);
	size_t count = 0;

	assert_ptr_not_equal(map, MAP_FAILED);
	assert_int_equal(mincore(map, SIZE, pages), 0);
	munmap(map, SIZE);
	for (size_t i = 0; i <= PAGES; i++)
		count += pages[i] & 1;
	return count;
}

/* Only pages 100 to 119 and 300 are in the cache.  False: this file system keeps all. */
static bool
make_cold(int fd, uint8_t *before)
{
	uint8_t bytes[20 * PAGE];

	assert_int_equal(fsync(fd), 0);
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
	if (resident(fd, before) > 0)
		return false;
	assert_int_equal(pread(fd, bytes, 20 * PAGE, 100 * PAGE), 20 * PAGE);
	assert_int_equal(pread(fd, bytes, PAGE, 300 * PAGE), PAGE);
	posix_fadvise(fd, 0, 0, POSIX_FADV_NORMAL);
	return resident(fd, before) == 21;
}

/* All of it in ranges of ${step}, the last one over the end. */
static void
read_all(const struct kernel *k, int fd, size_t step)
{
	struct run r = { .fd = fd, .len = step, .into = malloc(step) };

	for (; r.offset < SIZE; r.offset += step) {
		const size_t wanted =
		    SIZE - r.offset < step ? (size_t)(SIZE - r.offset) : step;

		if (!under(k, read_there, &r))
			break;
		assert_int_equal(r.rc, 0);
		assert_int_equal(r.got, wanted);
		for (size_t i = 0; i < wanted; i++)
			if (r.into[i] != byte_at(r.offset + i))
				fail_msg("wrong byte at %zu", (size_t)r.offset + i);
	}
	free(r.into);
	if (r.offset < SIZE)
		skip();
}

/* The first page that is not as it was; PAGES + 1: all are. */
static size_t
changed(int fd, const uint8_t *before)
{
	uint8_t after[PAGES + 1];
	size_t page = 0;

	resident(fd, after);
	while (page <= PAGES && (before[page] & 1) == (after[page] & 1))
		page++;
	return page;
}

/*
 * The system may take a page back at any time, as it does where it looks for cold ones: so what is wrong
 * is what is wrong each time.
 */
enum { TRIES = 4 };

static void
reads_and_leaves(void **state)
{
	static const size_t steps[] = { 1024 * 1024, 300 * PAGE, 7 * PAGE + 512,
		SIZE + PAGE };
	const struct kernel *k = *state;
	uint8_t before[PAGES + 1];

	for (size_t i = 0; i < COUNT(steps); i++) {
		size_t page = 0;

		for (int try = 0; try < TRIES && page <= PAGES; try++) {
			const int fd = new_file();
			const bool is_disk = make_cold(fd, before);

			read_all(k, fd, steps[i]);
			page =
			    is_disk && k->leaves_cache ? changed(fd, before) : PAGES + 1;
			close(fd);
		}
		if (page <= PAGES)
			fail_msg("step %zu: page %zu was %d", steps[i], page,
			    before[page] & 1);
	}
}

/* What was in the cache when the file was looked at stays, wherever it is; all else goes. */
static void
keeps_what_it_saw(void **state)
{
	static const size_t pages[] = { 0, PAGES / 3, PAGES };
	uint8_t before[PAGES + 1], after[PAGES + 1], *bytes = malloc(SIZE);

	(void)state;
	for (size_t i = 0; i < COUNT(pages); i++) {
		const int fd = new_file();
		struct uncached_pages *seen;

		if (!make_cold(fd, before))
			skip();
		posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
		assert_int_equal(pread(fd, bytes, 1, (off_t)pages[i] * PAGE), 1);
		assert_int_equal(resident(fd, before), 22);
		seen = uncached_look(fd);
		assert_non_null(seen);
		assert_int_equal(pread(fd, bytes, SIZE, 0), SIZE);
		uncached_drop_others(fd, seen);
		assert_int_equal(resident(fd, after), 22);
		for (size_t page = 0; page <= PAGES; page++)
			assert_int_equal(after[page] & 1, before[page] & 1);
		close(fd);
	}
	free(bytes);
}

static void
looks_at_large_files_only(void **state)
{
	const int fd = new_file();

	(void)state;
	assert_int_equal(ftruncate(fd, 1024 * 1024 - 1), 0);
	assert_null(uncached_look(fd));
	close(fd);
	assert_null(uncached_look(-1));
	uncached_drop_others(-1, NULL);
}

static void
fails_of_its_own(void **state)
{
	const struct kernel *k = *state;
	struct run r = { .fd = -1, .len = 10, .into = malloc(10) };

	assert_true(under(k, read_there, &r));
	assert_int_equal(r.rc, -1);
	assert_int_equal(r.err.kind, ERROR_IO);
	assert_int_equal(r.err.sys, EBADF);
	assert_int_equal(r.got, 0);
	free(r.into);
}

/* ---- writing ---- */

struct settling {
	int fd, rc;
	uint64_t offset, len;
	struct error err;
};

static void
settle_there(void *arg)
{
	struct settling *s = arg;

	s->rc = uncached_settle(s->fd, s->offset, s->len, &s->err);
}

enum { WAITS = 5 }; /* SYNC_FILE_RANGE_WAIT_BEFORE and _AFTER: what only waiting has */

static const struct {
	const char *what;
	struct refuse row;
	int sys; /* 0: no error */
} settlings[] = {
	{ "windows that are not known here", { SYS_sync_file_range, 0, 0, 0, EOPNOTSUPP },
	    0 },
	{ "a window that cannot be begun is met by the wait, or by fsync()",
	    { SYS_sync_file_range, 3, WAITS, 0, EIO }, 0 },
	{ "a write that failed is told once, when it is waited for",
	    { SYS_sync_file_range, 3, WAITS, WAITS, EIO }, EIO },
	{ "no room, found out late", { SYS_sync_file_range, 3, WAITS, WAITS, ENOSPC },
	    ENOSPC },
};

static void
settles(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(settlings); i++) {
		struct settling s = { .fd = new_file(), .len = 64 * 1024 * 1024 };

		if (!refuse_run(&settlings[i].row, 1, settle_there, &s))
			skip();
		print_message("# %s\n", settlings[i].what);
		assert_int_equal(s.rc, settlings[i].sys == 0 ? 0 : -1);
		assert_int_equal(s.err.sys, settlings[i].sys);
		close(s.fd);
	}
}

/* What was written window by window is on the disk, and gone from the cache but for the last. */
static void
drops_what_is_written(void **state)
{
	enum { BLOCK = 1024 * 1024, BLOCKS = 80 };
	uint8_t *block = calloc(1, BLOCK), pages[PAGES + 1];
	const int fd = new_file();
	struct error err = { 0 };

	(void)state;
	if (!make_cold(fd, pages))
		skip();
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	for (size_t i = 0; i < BLOCKS; i++) {
		assert_int_equal(write(fd, block, BLOCK), BLOCK);
		assert_int_equal(uncached_settle(fd, i * BLOCK, BLOCK, &err), 0);
	}
	assert_int_equal(resident(fd, pages), 0);
	free(block);
	assert_int_equal(fsync(fd), 0);
	uncached_finish(fd);
	close(fd);
}

int
main(void)
{
	struct CMUnitTest tests[2 * COUNT(kernels) + 4];
	static char names[2 * COUNT(kernels)][80];
	size_t n = 0;

	for (size_t i = 0; i < COUNT(kernels); i++) {
		void *k = (void *)(uintptr_t)&kernels[i];

		snprintf(names[n], sizeof(names[n]), "read: %s", kernels[i].name);
		tests[n] =
		    (struct CMUnitTest){ names[n], reads_and_leaves, NULL, NULL, k };
		n++;
		snprintf(names[n], sizeof(names[n]), "fail: %s", kernels[i].name);
		tests[n] =
		    (struct CMUnitTest){ names[n], fails_of_its_own, NULL, NULL, k };
		n++;
	}
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(keeps_what_it_saw);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(looks_at_large_files_only);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(settles);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(drops_what_is_written);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
