/*
 * Every command that reads a backup runs through here: the patrol, the thread that reads, the end.
 * The reading has a thread of its own because a read() of a pipe may wait without end, and signals
 * and the line of progress must not wait with it.
 */
#include "reading/reading.h"

#include <fcntl.h>

#include "cli/message.h"
#include "lib/interrupt.h"
#include "lib/sys.h"
#include "reading/archive.h"
#include "reading/directory.h"
#include "reading/part.h"
#include "stream/infile.h"

static void
tick(struct patrol *patrol)
{
	struct reading *r = (struct reading *)patrol;

	progress_tick(&r->progress, reading_done(r));
}

/* The thread that reads finds out how much there is. */
static void
reading_tick(struct patrol *patrol)
{
	struct reading *r = (struct reading *)patrol;

	r->progress.total = reading_size(r);
	tick(patrol);
}

static void
cut(struct patrol *patrol)
{
	reading_cut((struct reading *)patrol);
}

static int
reading_read_file(struct reading *r, struct error *err)
{
	const struct archivepart whole = { .kind = ARCHIVEPART_ALONE };
	const char *path = r->opt->input;
	struct source *file;

	if (infile_open(&file, path, &r->cancel, err))
		return error_wrap(err, "%s", path ? path : "standard input");
	reading_add_size(r, infile_size(file));
	return reading_archive(r, file, path ? path : "standard input", &whole, err);
}

/* In a thread: what is read may make it wait. */
static int
read_all(struct patrol *patrol, struct error *err)
{
	struct reading *r = (struct reading *)patrol;
	const char *path = r->opt->input;
	int dirfd = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1, rc = -1;

	/* -1: a file; or what reading_read_file(), which opens it again, meets as well and names */
	if (reading_refuse_part(r, err) == 0 && r->ops->begin(r, dirfd, err) == 0)
		rc = dirfd == -1 ? reading_read_file(r, err) :
				   reading_directory(r, dirfd, err);
	if (dirfd != -1) {
		sys_close(dirfd);
		if (rc == -1)
			error_wrap(err, "%s", path);
	}
	return rc == 0 ? r->ops->finish(r, err) : -1;
}

static int
sync_all(struct patrol *patrol, struct error *err)
{
	struct reading *r = (struct reading *)patrol;

	return r->ops->sync(r, err);
}

static const struct patrol_ops reads = { read_all, NULL, reading_tick, NULL, cut };
static const struct patrol_ops syncs = { sync_all, NULL, tick, NULL, NULL };

void
reading_init(struct reading *r, const struct options *opt, const struct reading_ops *ops,
    const char *outcome)
{
	*r = (struct reading){ .opt = opt, .ops = ops };
	r->patrol.cancel = &r->cancel;
	r->patrol.outcome = outcome;
	pthread_mutex_init(&r->lock, NULL);
	progress_start(&r->progress, opt->progress && !opt->quiet, (int)opt->progress_fd);
}

int
reading_run(struct reading *r, const char *phase, struct error *err)
{
	int rc;

	progress_phase(&r->progress, phase);
	rc = patrol_run(&r->patrol, &reads, err);
	r->progress.total = reading_size(r);
	if (rc == 0 && r->ops->sync) {
		progress_settle(&r->progress, reading_done(r));
		progress_phase(&r->progress, r->opt->no_sync ? "finishing" : "syncing");
		rc = patrol_run(&r->patrol, &syncs, err);
	}
	if (rc == 0)
		progress_end(&r->progress, reading_done(r));
	message_progress_end();
	progress_phase(&r->progress, NULL);
	if (rc == -1 && interrupt_signal() != 0)
		patrol_interrupted(&r->patrol, err);
	return rc;
}

void
reading_free(struct reading *r)
{
	pthread_mutex_destroy(&r->lock);
}
