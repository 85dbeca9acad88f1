#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "datadir/member.h"
#include "lib/sys.h"
#include "support/faketree.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
every_kind(void **state)
{
	static const struct fake_file files[] = { { "file", "text" },
		{ "dir", DIRECTORY }, { "fifo", FIFO }, { "socket", SOCKET },
		{ "link", LINK("file") }, { "dirlink", LINK("dir") },
		{ "dangling", LINK("nowhere") } };
	static const struct {
		const char *name;
		enum member_found as_file, as_directory, as_any;
	} rows[] = { { "file", MEMBER_THERE, MEMBER_OTHER, MEMBER_THERE },
		{ "dir", MEMBER_OTHER, MEMBER_THERE, MEMBER_THERE },
		{ "fifo", MEMBER_OTHER, MEMBER_OTHER, MEMBER_THERE },
		{ "socket", MEMBER_OTHER, MEMBER_OTHER, MEMBER_THERE },
		{ "link", MEMBER_OTHER, MEMBER_OTHER, MEMBER_THERE },
		{ "dirlink", MEMBER_OTHER, MEMBER_OTHER, MEMBER_THERE },
		{ "dangling", MEMBER_OTHER, MEMBER_OTHER, MEMBER_THERE },
		{ "gone", MEMBER_GONE, MEMBER_GONE, MEMBER_GONE } };
	char *root = faketree_new(files, COUNT(files));
	int dir = faketree_open(root);

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		enum member_found found;
		struct error err;
		struct stat st;
		int fd = -1;

		assert_int_equal(
		    member_open_file(dir, rows[i].name, &found, &fd, &st, &err), 0);
		assert_int_equal(found, rows[i].as_file);
		assert_int_equal(fd != -1, found == MEMBER_THERE);
		sys_close(fd);
		fd = -1;
		assert_int_equal(
		    member_open_directory(dir, rows[i].name, &found, &fd, &st, &err), 0);
		assert_int_equal(found, rows[i].as_directory);
		assert_int_equal(fd != -1, found == MEMBER_THERE);
		sys_close(fd);
		assert_int_equal(member_stat(dir, rows[i].name, &found, &st, &err), 0);
		assert_int_equal(found, rows[i].as_any);
	}
	sys_close(dir);
	faketree_free(root);
}

static void
errors(void **state)
{
	enum member_found found;
	struct cancel cancel = { true };
	struct error err;
	struct stat st;
	uint8_t byte;
	size_t len;
	int fd;

	(void)state;
	assert_int_equal(member_open_file(-1, "x", &found, &fd, &st, &err), -1);
	assert_string_equal(err.text, "could not open: Bad file descriptor");
	assert_int_equal(member_stat(-1, "x", &found, &st, &err), -1);
	assert_string_equal(err.text, "could not stat: Bad file descriptor");
	assert_int_equal(
	    member_read(-1, &st, "file", &byte, 1, &len, NULL, &cancel, &err), -1);
	assert_string_equal(err.text, "could not read: Bad file descriptor");
}

static void
read_whole(void **state)
{
	static const struct fake_file files[] = { { "none", "" },
		{ "some", "0123456789" } };
	char *root = faketree_new(files, COUNT(files));
	int dir = faketree_open(root), fd;
	enum member_found found;
	uint8_t bytes[16];
	struct error err;
	struct stat st;
	size_t len;

	(void)state;
	assert_int_equal(member_open_file(dir, "none", &found, &fd, &st, &err), 0);
	assert_int_equal(
	    member_read(fd, &st, "file", bytes, sizeof(bytes), &len, NULL, NULL, &err),
	    0);
	assert_int_equal(len, 0);
	sys_close(fd);

	assert_int_equal(member_open_file(dir, "some", &found, &fd, &st, &err), 0);
	assert_int_equal(
	    member_read(fd, &st, "file", bytes, sizeof(bytes), &len, NULL, NULL, &err),
	    0);
	assert_int_equal(len, 10);
	assert_memory_equal(bytes, "0123456789", 10);
	/* no more than there is room for */
	assert_int_equal(
	    member_read(fd, &st, "file", bytes, 7, &len, NULL, NULL, &err), 0);
	assert_int_equal(len, 7);
	/* of another size since its stat was taken: the stat is that of the bytes */
	st.st_size = 3;
	assert_int_equal(
	    member_read(fd, &st, "file", bytes, sizeof(bytes), &len, NULL, NULL, &err),
	    0);
	assert_int_equal(len, 10);
	assert_int_equal(st.st_size, 10);
	sys_close(fd);
	sys_close(dir);
	faketree_free(root);
}

/* A file that is rewritten in place: all its bytes are the same at any moment of rest. */
struct rewriter {
	int fd;
	atomic_bool stop;
};

static void *
rewrite(void *argument)
{
	struct rewriter *r = argument;
	const struct timespec rest = { .tv_nsec = 20000000L };
	uint8_t bytes[65536];

	for (int n = 0; !atomic_load(&r->stop); n++) {
		memset(bytes, 'a' + n % 26, sizeof(bytes));
		for (size_t at = 0; at < sizeof(bytes); at += 4096)
			if (pwrite(r->fd, bytes + at, 4096, (off_t)at) != 4096)
				return NULL;
		nanosleep(&rest, NULL);
	}
	return NULL;
}

static void
read_in_motion(void **state)
{
	static const struct fake_file files[] = { { "moving", BYTES(65536) } };
	char *root = faketree_new(files, COUNT(files));
	int dir = faketree_open(root);
	struct rewriter r = { .fd = openat(dir, "moving", O_WRONLY) };
	static uint8_t bytes[65537];
	enum member_found found;
	struct error err;
	pthread_t thread;
	struct stat st;
	int fd;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, rewrite, &r), 0);
	for (int times = 0; times < 2000; times++) {
		size_t len;

		assert_int_equal(
		    member_open_file(dir, "moving", &found, &fd, &st, &err), 0);
		assert_int_equal(member_read(fd, &st, "file", bytes, sizeof(bytes), &len,
				     NULL, NULL, &err),
		    0);
		assert_int_equal(len, 65536);
		assert_int_equal(st.st_size, 65536);
		sys_close(fd);
	}
	atomic_store(&r.stop, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	sys_close(r.fd);
	sys_close(dir);
	faketree_free(root);
}

/* A log that never rests is given as it was read last. */
static void *
append(void *argument)
{
	struct rewriter *r = argument;
	off_t size = 0;

	while (!atomic_load(&r->stop)) {
		if (write(r->fd, "line\n", 5) != 5)
			return NULL;
		size += 5;
		if (size > 32768) {
			if (ftruncate(r->fd, 0) == -1)
				return NULL;
			size = 0;
		}
	}
	return NULL;
}

static void
read_without_rest(void **state)
{
	static const struct fake_file files[] = { { "log", "" } };
	char *root = faketree_new(files, COUNT(files));
	int dir = faketree_open(root);
	struct rewriter r = { .fd = openat(dir, "log", O_WRONLY | O_APPEND) };
	static uint8_t bytes[65537];
	enum member_found found;
	struct error err;
	pthread_t thread;
	struct stat st;
	int fd;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, append, &r), 0);
	for (int times = 0; times < 500; times++) {
		size_t len;

		assert_int_equal(member_open_file(dir, "log", &found, &fd, &st, &err), 0);
		assert_int_equal(member_read(fd, &st, "file", bytes, sizeof(bytes), &len,
				     NULL, NULL, &err),
		    0);
		assert_in_range(len, 0, 32773);
		for (size_t i = 0; i + 5 <= len; i += 5)
			assert_memory_equal(bytes + i, "line\n", 5);
		sys_close(fd);
	}
	atomic_store(&r.stop, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	sys_close(r.fd);
	sys_close(dir);
	faketree_free(root);
}

/* Takes a file only when it has been asked so often. */
struct patient {
	struct member_judge judge;
	unsigned asked, wanted;
};

static bool
is_whole(struct member_judge *judge, const char *path, const uint8_t *bytes, size_t len)
{
	struct patient *p = (struct patient *)judge;

	assert_string_equal(path, "some");
	assert_int_equal(len, 4);
	assert_memory_equal(bytes, "half", 4);
	return ++p->asked >= p->wanted;
}

static void
read_again(void **state)
{
	static const struct fake_file files[] = { { "some", "half" } };
	static const struct {
		unsigned wanted, asked, failed;
	} all[] = { { 1, 1, 0 }, { 3, 3, 0 }, { 99, 4, 1 } };
	char *root = faketree_new(files, COUNT(files));
	int dir = faketree_open(root), fd;
	enum member_found found;
	uint8_t bytes[16];
	struct error err;
	struct stat st;
	size_t len;

	(void)state;
	assert_int_equal(member_open_file(dir, "some", &found, &fd, &st, &err), 0);
	for (size_t i = 0; i < COUNT(all); i++) {
		struct patient p = { .judge = { is_whole, { 0 } },
			.wanted = all[i].wanted };

		assert_int_equal(member_read(fd, &st, "some", bytes, sizeof(bytes), &len,
				     &p.judge, NULL, &err),
		    0);
		assert_int_equal(len, 4);
		assert_int_equal(p.asked, all[i].asked);
		assert_int_equal(p.judge.settle.failed, all[i].failed);
	}
	sys_close(fd);
	sys_close(dir);
	faketree_free(root);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind),
		cmocka_unit_test(errors),
		cmocka_unit_test(read_whole),
		cmocka_unit_test(read_again),
		cmocka_unit_test(read_in_motion),
		cmocka_unit_test(read_without_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
