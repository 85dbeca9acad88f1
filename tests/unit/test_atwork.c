/* Which process is a server of a data directory, and which only has its number. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "datadir/atwork.h"
#include "support/faketree.h"

static char *root;
static struct stat datadir;

static int
set_up(void **state)
{
	(void)state;
	root = faketree_new(NULL, 0);
	return stat(root, &datadir);
}

static int
tear_down(void **state)
{
	(void)state;
	faketree_free(root);
	return 0;
}

/* A process that works in ${directory} until it is ended. */
static pid_t
worker(const char *directory)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		if (chdir(directory) == 0 && write(ready[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void
end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void
named(void **state)
{
	struct postmaster p = { 0 };
	int64_t pid;

	(void)state;
	p.pid = worker(root);
	assert_int_equal(atwork_find(&p, &datadir, &pid), ATWORK_IS);
	assert_int_equal(pid, p.pid);
	kill((pid_t)p.pid, SIGKILL);
	/* not waited for yet: it is there, and is nothing any more */
	while (atwork_find(&p, &datadir, &pid) == ATWORK_IS)
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	assert_int_equal(atwork_find(&p, &datadir, &pid), ATWORK_NOT);
	waitpid((pid_t)p.pid, NULL, 0);
	assert_int_equal(atwork_find(&p, &datadir, &pid), ATWORK_NOT);
	p.pid = worker("/");
	assert_int_equal(atwork_find(&p, &datadir, &pid), ATWORK_NOT);
	end((pid_t)p.pid);
}

/* Who only has been to the directory, as a shell, is no server; one with the segment is. */
static void
of_another_number(void **state)
{
	const int id = shmget(IPC_PRIVATE, 4096, 0600 | IPC_CREAT);
	struct postmaster p = { .pid = INT32_MAX, .has_segment = true, .segment_key = 0 };
	void *at;
	pid_t child;
	int64_t pid;

	(void)state;
	if (id == -1)
		skip();
	child = worker(root);
	assert_int_equal(atwork_find(&p, &datadir, &pid), ATWORK_NOT);
	end(child);
	at = shmat(id, NULL, 0); /* and so the child has it */
	assert_true(at != (void *)-1);
	child = worker(root);
	assert_int_equal(atwork_find(&p, &datadir, &pid), ATWORK_IS);
	assert_int_equal(pid, child);
	p.has_segment = false;
	assert_int_equal(atwork_find(&p, &datadir, &pid), ATWORK_NOT);
	end(child);
	shmdt(at);
	shmctl(id, IPC_RMID, NULL);
}

static void
segment(void **state)
{
	const key_t key = (key_t)(0x70670000 + getpid() % 65536);
	const int id = shmget(key, 4096, 0600 | IPC_CREAT | IPC_EXCL);
	struct postmaster p = { .pid = 4711, .has_segment = true };
	int32_t *at;

	(void)state;
	if (id == -1)
		skip();
	p.segment_key = (uint32_t)key;
	p.segment_id = (uint64_t)id;
	assert_false(atwork_has_segment(&p));
	at = shmat(id, NULL, 0);
	assert_true(at != (void *)-1);
	assert_false(atwork_has_segment(&p)); /* made by another */
	at[1] = 4711;
	assert_true(atwork_has_segment(&p));
	p.segment_id++;
	assert_false(atwork_has_segment(&p));
	p.segment_id--;
	p.has_segment = false;
	assert_false(atwork_has_segment(&p));
	shmdt(at);
	p.has_segment = true;
	assert_false(atwork_has_segment(&p));
	shmctl(id, IPC_RMID, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(named, set_up, tear_down),
		cmocka_unit_test_setup_teardown(of_another_number, set_up, tear_down),
		cmocka_unit_test(segment),
	};

	return cmocka_run_group_tests_name("atwork", tests, NULL, NULL);
}
