#include "support/refuse.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

enum { ROW_CODE = 6, ROWS_MOST = 8 };

struct refused {
	const struct refuse *rows;
	size_t count;
	void (*run)(void *);
	void *arg;
	bool was_run;
};

/* Where the low half of that argument is in what the filter sees. */
static uint32_t
low_half(unsigned arg)
{
	const uint16_t one = 1;
	uint8_t first;

	memcpy(&first, &one, 1);
	return (uint32_t)offsetof(struct seccomp_data, args) + 8 * arg + (first ? 0 : 4);
}

/* This call?  Masked argument equal?  Then its errno; else on to the next row. */
static void
put_row(struct sock_filter code[ROW_CODE], const struct refuse *row)
{
	const struct sock_filter row_code[ROW_CODE] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)row->call, 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, low_half(row->arg)),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, row->mask),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, row->value, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)row->sys),
	};

	memcpy(code, row_code, sizeof(row_code));
}

static void *
run_refused(void *arg)
{
	static const struct sock_filter allow =
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct refused *r = arg;
	struct sock_filter code[ROWS_MOST * ROW_CODE + 1];
	struct sock_fprog program = { (unsigned short)(r->count * ROW_CODE + 1), code };

	for (size_t i = 0; i < r->count; i++)
		put_row(code + i * ROW_CODE, &r->rows[i]);
	code[r->count * ROW_CODE] = allow;
	/* both hold for this thread only */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == -1)
		return NULL;
	r->was_run = true;
	r->run(r->arg);
	return NULL;
}

bool
refuse_run(const struct refuse *rows, size_t count, void (*run)(void *), void *arg)
{
	struct refused r = { rows, count, run, arg, false };
	pthread_t thread;

	if (count > ROWS_MOST || pthread_create(&thread, NULL, run_refused, &r) != 0) {
		fprintf(stderr, "refuse: cannot start a thread for %zu rows\n", count);
		abort();
	}
	pthread_join(thread, NULL);
	return r.was_run;
}
