/* A descriptor with several holders: it is open as long as there is one, and counted as long. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "stream/blockfile.h"
#include "support/openfds.h"

static bool
is_open(int fd)
{
	return fcntl(fd, F_GETFD) != -1;
}

static int
open_file(void)
{
	char path[] = "/tmp/blockfile.XXXXXX";
	int fd = mkstemp(path);

	assert_int_not_equal(fd, -1);
	unlink(path);
	return fd;
}

static struct blockfile *
new_file(int fd, struct blockfile_count *count)
{
	struct blockfile *file;
	struct error err;

	assert_int_equal(blockfile_new(&file, fd, count, &err), 0);
	assert_int_equal(blockfile_fd(file), fd);
	return file;
}

static void
the_last_holder_closes(void **state)
{
	struct blockfile_count count = { 0 };
	int fds[2] = { open_file(), open_file() };
	struct blockfile *a = new_file(fds[0], &count), *b = new_file(fds[1], &count);

	(void)state;
	assert_int_equal(count.open, 2);
	assert_ptr_equal(blockfile_hold(a), a);
	blockfile_share(b);
	blockfile_release(a);
	blockfile_release(b);
	assert_int_equal(count.open, 1);
	assert_true(is_open(fds[0]));
	assert_false(is_open(fds[1]));
	blockfile_release(a);
	assert_int_equal(count.open, 0);
	assert_false(is_open(fds[0]));
	blockfile_release(NULL);
}

enum { THREADS = 4, HOLDS = 2000 };

static void *
hold_and_release(void *file)
{
	for (size_t i = 0; i < HOLDS; i++)
		blockfile_release(blockfile_hold(file));
	blockfile_release(file);
	return NULL;
}

/* Each thread has a hold of its own, and takes more. */
static void
threads_hold(void **state)
{
	struct blockfile_count count = { 0 };
	size_t before = openfds_count();
	struct blockfile *file = new_file(open_file(), &count);
	pthread_t threads[THREADS];

	(void)state;
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, hold_and_release,
				     blockfile_hold(file)),
		    0);
	blockfile_release(file);
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(count.open, 0);
	assert_int_equal(openfds_count(), before);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_holder_closes),
		cmocka_unit_test(threads_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
