/* Files written by several threads have the bytes they were given, and failures are told. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "filling/filepool.h"
#include "lib/buf.h"
#include "lib/sys.h"
#include "support/faketree.h"

static const struct fake_file tree[] = { { "dir", DIRECTORY } };
static char *root;

static int
set_up(void **state)
{
	(void)state;
	return faketree_enter(&root, tree, 1);
}

static int
open_file(unsigned number, int flags)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/dir/%u", root, number);
	fd = open(path, flags | O_CLOEXEC, 0600);
	assert_int_not_equal(fd, -1);
	return fd;
}

/* Files of all lengths, the bytes of each by its number. */
enum { FILES = 700 };

static size_t
length_of(unsigned number)
{
	return number % 7 == 0 ? 0 : (size_t)number * 1000 % 300001;
}

static void
many_files(void **state)
{
	static uint8_t bytes[65536];
	struct error err = { 0 };
	struct cancel cancel = { false };
	struct filepool *p;

	(void)state;
	assert_int_equal(filepool_new(&p, 3, 5, &cancel, &err), 0);
	for (unsigned i = 0; i < FILES; i++) {
		memset(bytes, (int)(i % 251), sizeof(bytes));
		assert_int_equal(
		    filepool_begin(p, open_file(i, O_WRONLY | O_CREAT), "x", &err), 0);
		for (size_t left = length_of(i), len; left > 0; left -= len) {
			len = left < 60000 ? left : 60000;
			bytes[0] = (uint8_t)(left % 253);
			assert_int_equal(filepool_write(p, bytes, len, &err), 0);
		}
		assert_int_equal(filepool_end(p, 1000000 + i, &err), 0);
	}
	assert_int_equal(filepool_drain(p, &err), 0);
	filepool_free(p);
	for (unsigned i = 0; i < FILES; i++) {
		struct buf got = { 0 };
		char name[32];
		struct stat st;
		int dir = faketree_open(root);

		snprintf(name, sizeof(name), "dir/%u", i);
		assert_int_equal(sys_read_file(dir, name, 1 << 20, &got, &err), 0);
		assert_int_equal(got.len, length_of(i));
		for (size_t at = 0; at < got.len; at++)
			assert_int_equal(got.data[at],
			    at % 60000 == 0 ? (got.len - at) % 253 : i % 251);
		assert_int_equal(fstatat(dir, name, &st, 0), 0);
		assert_int_equal(st.st_mtime, 1000000 + i);
		buf_free(&got);
		sys_close(dir);
	}
}

/* A descriptor that cannot be written to. */
static void
failing(void **state)
{
	struct error err = { 0 };
	struct cancel cancel = { false };
	struct filepool *p;

	(void)state;
	sys_close(open_file(1, O_WRONLY | O_CREAT));
	assert_int_equal(filepool_new(&p, 2, 0, &cancel, &err), 0);
	assert_int_equal(filepool_begin(p, open_file(1, O_RDONLY), "one", &err), 0);
	(void)!filepool_write(p, (const uint8_t *)"x", 1, &err);
	err = (struct error){ 0 };
	assert_int_equal(filepool_drain(p, &err), -1);
	assert_string_equal(err.text, "\"one\": could not write: Bad file descriptor");
	assert_int_equal(filepool_write(p, (const uint8_t *)"x", 1, &err), -1);
	assert_int_equal(filepool_end(p, 0, &err), -1);
	filepool_free(p);
}

/* One that is given up in the middle leaks nothing, and waits for nobody. */
static void
given_up(void **state)
{
	static const uint8_t bytes[100000];
	struct error err = { 0 };
	struct cancel cancel = { false };
	struct filepool *p;

	(void)state;
	assert_int_equal(filepool_new(&p, 2, 0, &cancel, &err), 0);
	assert_int_equal(
	    filepool_begin(p, open_file(1, O_WRONLY | O_CREAT), "one", &err), 0);
	assert_int_equal(filepool_write(p, bytes, sizeof(bytes), &err), 0);
	cancel_raise(&cancel);
	filepool_free(p);
}

struct counting {
	struct filepool_sync sync;
	atomic_uint calls[100];
	size_t bad; /* the number that fails */
};

static int
count(struct filepool_sync *sync, size_t number, struct error *err)
{
	struct counting *c = (struct counting *)sync;

	atomic_fetch_add(&c->calls[number], 1);
	return number == c->bad ? error_set(err, ERROR_IO, 5, "sync") : 0;
}

static void
each_once(void **state)
{
	struct counting c = { .sync = { count }, .bad = 1000 };
	struct error err = { 0 };
	struct cancel cancel = { false };
	struct filepool *p;

	(void)state;
	assert_int_equal(filepool_new(&p, 4, 0, &cancel, &err), 0);
	assert_int_equal(filepool_sync(p, &c.sync, 0, &err), 0);
	assert_int_equal(filepool_sync(p, &c.sync, 100, &err), 0);
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(c.calls[i], 1);
	c.bad = 50;
	assert_int_equal(filepool_sync(p, &c.sync, 100, &err), -1);
	assert_string_equal(err.text, "sync: Input/output error");
	filepool_free(p);
}

static bool
is_open(int fd)
{
	return fcntl(fd, F_GETFD) != -1;
}

/* Each is synced by the descriptor it was written with, which stays open for that. */
static void
held(void **state)
{
	struct counting c = { .sync = { count }, .bad = 1000 };
	struct error err = { 0 };
	struct cancel cancel = { false };
	struct filepool *p;
	int fd[5], ends[2];

	(void)state;
	assert_int_equal(filepool_new(&p, 2, 3, &cancel, &err), 0);
	for (unsigned i = 0; i < 5; i++)
		fd[i] = open_file(i, O_WRONLY | O_CREAT);
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(filepool_begin(p, fd[i], "file", &err), 0);
		if (i % 2 == 0)
			assert_int_equal(
			    filepool_write(p, (const uint8_t *)"x", 1, &err), 0);
		assert_int_equal(filepool_end(p, 0, &err), 0);
		assert_int_equal(filepool_drain(p, &err), 0);
	}
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(is_open(fd[i]), i >= 3);
	assert_int_equal(filepool_sync(p, &c.sync, 1, &err), 0);
	for (unsigned i = 0; i < 5; i++)
		assert_false(is_open(fd[i]));

	/* a pipe cannot be synced */
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(filepool_begin(p, ends[1], "pipe", &err), 0);
	assert_int_equal(filepool_end(p, 0, &err), 0);
	assert_int_equal(filepool_sync(p, &c.sync, 1, &err), -1);
	assert_string_equal(err.text, "\"pipe\": could not fsync: Invalid argument");
	assert_false(is_open(ends[1]));
	filepool_free(p);
	sys_close(ends[0]);
}

/* What it does not sync is closed at once. */
static void
not_held(void **state)
{
	struct error err = { 0 };
	struct cancel cancel = { false };
	struct filepool *p;
	const int fd = open_file(1, O_WRONLY | O_CREAT);

	(void)state;
	assert_int_equal(filepool_new(&p, 1, 0, &cancel, &err), 0);
	assert_int_equal(filepool_begin(p, fd, "file", &err), 0);
	assert_int_equal(filepool_end(p, 0, &err), 0);
	assert_false(is_open(fd));
	filepool_free(p);
}

/* A cancel while they are synced is no success. */
static void
cancelled(void **state)
{
	struct counting c = { .sync = { count }, .bad = 1000 };
	struct error err = { 0 };
	struct cancel cancel = { false };
	struct filepool *p;

	(void)state;
	assert_int_equal(filepool_new(&p, 1, 9, &cancel, &err), 0);
	assert_int_equal(
	    filepool_begin(p, open_file(1, O_WRONLY | O_CREAT), "file", &err), 0);
	assert_int_equal(filepool_end(p, 0, &err), 0);
	cancel_raise(&cancel);
	assert_int_equal(filepool_sync(p, &c.sync, 1, &err), -1);
	assert_int_equal(err.kind, ERROR_CANCELLED);
	filepool_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(many_files, set_up, faketree_leave),
		cmocka_unit_test_setup_teardown(failing, set_up, faketree_leave),
		cmocka_unit_test_setup_teardown(given_up, set_up, faketree_leave),
		cmocka_unit_test(each_once),
		cmocka_unit_test_setup_teardown(held, set_up, faketree_leave),
		cmocka_unit_test_setup_teardown(not_held, set_up, faketree_leave),
		cmocka_unit_test_setup_teardown(cancelled, set_up, faketree_leave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
