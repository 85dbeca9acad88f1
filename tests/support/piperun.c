#include "support/piperun.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/interrupt.h"
#include "stream/outfd.h"
#include "support/faketree.h"
#include "support/openfds.h"

static char *root, *file_path;
static uint8_t *file_bytes;

static void
give_up(const char *what)
{
	fprintf(stderr, "piperun: %s\n", what);
	abort();
}

char *
piperun_put(const char *name, const void *bytes, size_t len)
{
	size_t size = strlen(root) + strlen(name) + 2;
	char *path = malloc(size);
	int fd;

	if (path == NULL)
		give_up("no memory");
	snprintf(path, size, "%s/%s", root, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd == -1 || write(fd, bytes, len) != (ssize_t)len)
		give_up(path);
	close(fd);
	return path;
}

int
piperun_setup(void **state)
{
	struct error err = { 0 };

	(void)state;
	if (interrupt_install(&err))
		give_up(err.text);
	root = faketree_new(NULL, 0);
	file_bytes = malloc(PIPERUN_FILE);
	if (file_bytes == NULL)
		give_up("no memory");
	streamplan_fill(file_bytes, PIPERUN_FILE, 4711);
	file_path = piperun_put("file", file_bytes, PIPERUN_FILE);
	return 0;
}

int
piperun_teardown(void **state)
{
	(void)state;
	free(file_path);
	free(file_bytes);
	faketree_free(root);
	return 0;
}

const char *
piperun_root(void)
{
	return root;
}

/* All but the pipe. */
static struct piperun *
prepare(const char *codec, unsigned jobs, size_t files)
{
	struct piperun *r = calloc(1, sizeof(*r));

	if (r == NULL)
		give_up("no memory");
	r->memory = memstream_sink(MEMSTREAM_NEVER);
	gatesink_init(&r->gate, &r->memory.sink);
	r->opt = (struct blockpipe_options){ &r->gate.sink, codec_by_name(codec), 2, jobs,
		.files = files, .cancel = &r->cancel };
	r->plan.seed = 1;
	r->plan.file.path = file_path;
	r->plan.file.bytes = file_bytes;
	r->plan.file.len = PIPERUN_FILE;
	r->fds = openfds_count();
	return r;
}

static struct piperun *
start(struct piperun *r)
{
	if (blockpipe_open(&r->plan.pipe, &r->opt, &r->err))
		give_up(r->err.text);
	return r;
}

struct piperun *
piperun_new(const char *codec, unsigned jobs, size_t files)
{
	struct piperun *r = prepare(codec, jobs, files);

	gatesink_open(&r->gate);
	return start(r);
}

struct piperun *
piperun_new_failing(const char *codec, unsigned jobs, size_t fail_at)
{
	struct piperun *r = prepare(codec, jobs, 8);

	r->memory.fail_at = fail_at;
	gatesink_open(&r->gate);
	return start(r);
}

struct piperun *
piperun_new_shut(unsigned jobs)
{
	return start(prepare("none", jobs, 8));
}

struct piperun *
piperun_new_stuck(const char *codec, unsigned jobs)
{
	struct piperun *r = prepare(codec, jobs, 8);
	int ends[2];

	if (pipe(ends) == -1 ||
	    outfd_open(&r->stuck, ends[1], "stuck", true, &r->cancel, &r->err))
		give_up("no pipe");
	r->reading_end = ends[0];
	r->opt.sink = r->stuck;
	return start(r);
}

const char *
piperun_end(struct piperun *r, bool is_complete)
{
	blockpipe_free(r->plan.pipe);
	r->plan.pipe = NULL;
	if (r->stuck) {
		sink_free(r->stuck);
		close(r->reading_end);
	}
	if (openfds_count() != r->fds)
		return "descriptors are left open";
	return streamplan_wrong(&r->plan, is_complete);
}

void
piperun_free(struct piperun *r)
{
	streamplan_free(&r->plan);
	buf_free(&r->memory.held);
	r->memory.is_finished = true;
	sink_free(&r->gate.sink);
	free(r);
}
