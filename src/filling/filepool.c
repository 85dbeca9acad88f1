/*
 * One thread reads the archive and says what is to be written where; it is the only caller.  A
 * pool of threads writes: each takes the oldest block that waits, whatever file it is of, and
 * puts it at its offset, so that a large file is written by all of them and a thousand small ones
 * too.  What waits is bounded by its bytes: the caller is held up when the disk is slower.
 *
 * A file is finished by whoever finds it complete: the thread that wrote its last block, or, when
 * all were written before, the caller who ends it.  Then the system is asked to begin with its
 * writeback, which costs nothing, so that little is left when all of it is synced at the end.
 *
 * Until then a file stays open: the system reports a write that failed later by the descriptors
 * that were open at that time, and may have forgotten it for one that is opened after
 * (fsync(2), NOTES).  When too many are held, one thread of the pool syncs and closes the older half
 * of them: in one go, because the first makes a journal commit all, and the next ones have little
 * to do then.  If files come faster, the caller is held up.  Of very many files the caller has none
 * held (filepool_hold()) and syncs their file systems, which remember failed writes themselves.
 *
 * Everything is under one lock but for the system calls.  The first failure is kept; from
 * then on blocks are dropped, and the caller is told by its next call.  A wait of the caller
 * looks at the cancel ten times a second; the threads never wait for anything but work.
 */
#include "filling/filepool.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "filling/newfile.h"
#include "lib/sys.h"

struct file {
	struct newfile out;
	struct file *next; /* of those that are held */
	uint64_t size;     /* that was handed over */
	size_t waiting;    /* blocks of it that are not written yet */
	bool has_ended;
	time_t mtime;
};

struct block {
	struct block *next;
	struct file *file;
	uint64_t at;
	size_t len;
	uint8_t bytes[];
};

struct filepool {
	pthread_mutex_t lock;
	pthread_cond_t work, progress;
	const struct cancel *cancel;
	pthread_t *threads;
	unsigned nthreads;
	bool is_over;

	struct block *first, **last; /* that wait */
	size_t bytes;                /* of them, and of those that are being written */
	size_t busy;                 /* threads that write or sync */
	size_t open;                 /* files that are not closed yet */
	struct file *now;            /* that the caller is writing */
	bool has_failed;
	struct error err;

	struct file *oldest, **newest; /* that are held */
	size_t nheld, hold;            /* with those that are being synced */
	bool is_easing;                /* a thread makes room */

	struct filepool_sync *sync; /* NULL: nothing is to be synced */
	size_t next, count;         /* the number that comes, of so many */
};

/* With the lock held, or before there are threads. */
static void
fail(struct filepool *p, const struct error *err)
{
	if (!p->has_failed)
		p->err = *err;
	p->has_failed = true;
}

/* ---- in the threads ---- */

/* Files that may be unfinished at once, in addition to those that are held. */
enum { OPEN_MOST = 100 };

/* ${rc}: what came before; its error stays. */
static int
close_file(struct file *file, int rc, struct error *err)
{
	struct error ignored = { 0 };

	if (newfile_close(&file->out, rc == 0 ? err : &ignored))
		rc = -1;
	free(file);
	return rc;
}

static struct file *
take_oldest(struct filepool *p)
{
	struct file *file = p->oldest;

	p->oldest = file->next;
	if (p->oldest == NULL)
		p->newest = &p->oldest;
	return file;
}

/* Called and left with the lock held. */
static int
sync_oldest(struct filepool *p, struct error *err)
{
	struct file *file = take_oldest(p);
	int rc;

	pthread_mutex_unlock(&p->lock);
	rc = close_file(file, newfile_sync(&file->out, err), err);
	pthread_mutex_lock(&p->lock);
	p->nheld--;
	pthread_cond_signal(&p->progress);
	return rc;
}

/* With the lock held: a thread makes room if there are too many.  False: none is to be held. */
static bool
hold(struct filepool *p, struct file *file)
{
	if (p->hold == 0)
		return false;
	file->next = NULL;
	*p->newest = file;
	p->newest = &file->next;
	if (++p->nheld > p->hold)
		pthread_cond_signal(&p->work);
	return true;
}

/* Complete, and all of it written.  Without the lock. */
static int
finish_file(struct filepool *p, struct file *file, struct error *err)
{
	const int rc = newfile_complete(&file->out, file->mtime, err);

	bool is_held = false;

	if (rc == 0) {
		pthread_mutex_lock(&p->lock);
		is_held = hold(p, file);
		pthread_mutex_unlock(&p->lock);
	}
	return is_held ? 0 : close_file(file, rc, err);
}

/* One that is not going to be complete. */
static void
drop_file(struct file *file)
{
	struct error ignored = { 0 };

	(void)!close_file(file, 0, &ignored);
}

/* Called and left with the lock held. */
static void
write_first(struct filepool *p)
{
	struct block *b = p->first;
	struct file *file = b->file;
	struct error err = { 0 };
	bool is_last;
	int rc = 0;

	p->first = b->next;
	if (p->first == NULL)
		p->last = &p->first;
	if (!p->has_failed) {
		pthread_mutex_unlock(&p->lock);
		rc = newfile_write(&file->out, b->bytes, b->len, b->at, &err);
		pthread_mutex_lock(&p->lock);
	}
	if (rc == -1)
		fail(p, &err);
	p->bytes -= b->len;
	free(b);
	is_last = --file->waiting == 0 && file->has_ended;
	if (!is_last)
		return;
	const bool is_good = !p->has_failed;
	pthread_mutex_unlock(&p->lock);
	if (is_good)
		rc = finish_file(p, file, &err);
	else
		drop_file(file);
	pthread_mutex_lock(&p->lock);
	p->open--;
	if (rc == -1)
		fail(p, &err);
}

static bool
is_crowded(const struct filepool *p)
{
	return p->nheld > p->hold && !p->is_easing && p->oldest && !p->has_failed &&
	    !cancel_is_raised(p->cancel);
}

/* Called and left with the lock held. */
static void
filepool_make_room(struct filepool *p)
{
	struct error err = { 0 };

	p->is_easing = true;
	while (p->oldest && p->nheld > p->hold / 2 && !p->has_failed &&
	    !cancel_is_raised(p->cancel))
		if (sync_oldest(p, &err))
			fail(p, &err);
	p->is_easing = false;
}

static void
sync_next(struct filepool *p)
{
	struct error err = { 0 };
	int rc;

	if (p->oldest) {
		rc = sync_oldest(p, &err);
	} else {
		struct filepool_sync *sync = p->sync;
		const size_t number = p->next++;

		pthread_mutex_unlock(&p->lock);
		rc = sync->one(sync, number, &err);
		pthread_mutex_lock(&p->lock);
	}
	if (rc == 0 && cancel_is_raised(p->cancel))
		rc = error_set(&err, ERROR_CANCELLED, 0, "cancelled");
	if (rc == -1)
		fail(p, &err);
}

static bool
has_to_sync(const struct filepool *p)
{
	return p->sync && (p->oldest || p->next < p->count) && !p->has_failed;
}

static void *
run(void *arg)
{
	struct filepool *p = arg;

	sys_thread_name("basetar-restore");
	pthread_mutex_lock(&p->lock);
	for (;;) {
		while (
		    p->first == NULL && !is_crowded(p) && !has_to_sync(p) && !p->is_over)
			pthread_cond_wait(&p->work, &p->lock);
		if (p->first == NULL && !is_crowded(p) && !has_to_sync(p))
			break;
		p->busy++;
		if (is_crowded(p))
			filepool_make_room(p);
		else if (p->first)
			write_first(p);
		else
			sync_next(p);
		p->busy--;
		pthread_cond_signal(&p->progress);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

/* ---- for the caller ---- */

int
filepool_new(struct filepool **out, unsigned threads, size_t hold,
    const struct cancel *cancel, struct error *err)
{
	struct filepool *p = calloc(1, sizeof(*p));
	pthread_condattr_t clock;
	int rc;

	*out = p;
	if (p == NULL)
		return error_memory(err);
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->work, NULL);
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&p->progress, &clock);
	pthread_condattr_destroy(&clock);
	p->cancel = cancel;
	p->last = &p->first;
	p->newest = &p->oldest;
	p->hold = hold;
	p->threads = calloc(threads, sizeof(*p->threads));
	if (p->threads == NULL) {
		filepool_free(p);
		*out = NULL;
		return error_memory(err);
	}
	for (; p->nthreads < threads; p->nthreads++) {
		rc = pthread_create(&p->threads[p->nthreads], NULL, run, p);
		if (rc == 0)
			continue;
		filepool_free(p);
		*out = NULL;
		return error_set(err, ERROR_IO, rc, "could not create a thread");
	}
	return 0;
}

void
filepool_free(struct filepool *p)
{
	struct error ignored = { ERROR_CANCELLED, 0, "", "" };

	if (p == NULL)
		return;
	pthread_mutex_lock(&p->lock);
	p->is_over = true;
	fail(p, &ignored); /* what waits is dropped */
	pthread_cond_broadcast(&p->work);
	pthread_mutex_unlock(&p->lock);
	for (unsigned i = 0; i < p->nthreads; i++)
		pthread_join(p->threads[i], NULL);
	if (p->now)
		drop_file(p->now);
	while (p->oldest)
		drop_file(take_oldest(p));
	pthread_cond_destroy(&p->progress);
	pthread_cond_destroy(&p->work);
	pthread_mutex_destroy(&p->lock);
	free(p->threads);
	free(p);
}

/* With the lock held: for some progress, a tenth of a second at most. */
static int
wait_for_progress(struct filepool *p, struct error *err)
{
	struct timespec until;

	if (cancel_is_raised(p->cancel))
		return error_set(err, ERROR_CANCELLED, 0, "cancelled");
	until = sys_after(CLOCK_MONOTONIC, 100);
	pthread_cond_timedwait(&p->progress, &p->lock, &until);
	return 0;
}

/* The first failure of any thread. */
static int
told(const struct filepool *p, struct error *err)
{
	if (!p->has_failed)
		return 0;
	*err = p->err;
	return -1;
}

int
filepool_hold(struct filepool *p, size_t files, struct error *err)
{
	int rc = 0;

	pthread_mutex_lock(&p->lock);
	p->hold = files;
	for (; files == 0 && p->oldest && rc == 0; p->nheld--)
		rc = close_file(take_oldest(p), 0, err);
	pthread_cond_signal(&p->progress);
	pthread_mutex_unlock(&p->lock);
	return rc;
}

int
filepool_begin(struct filepool *p, int fd, const char *name, struct error *err)
{
	struct newfile out;
	struct file *file;
	int rc = 0;

	if (newfile_take(&out, fd, name, err))
		return -1;
	file = calloc(1, sizeof(*file));
	if (file == NULL) {
		(void)!newfile_close(&out, err);
		return error_memory(err);
	}
	file->out = out;
	p->now = file;
	pthread_mutex_lock(&p->lock);
	while (rc == 0 && !p->has_failed &&
	    (p->open >= OPEN_MOST || p->nheld > p->hold + p->hold / 2))
		rc = wait_for_progress(p, err);
	p->open++;
	pthread_mutex_unlock(&p->lock);
	return rc;
}

int
filepool_write(struct filepool *p, const uint8_t *bytes, size_t len, struct error *err)
{
	struct block *b = malloc(sizeof(*b) + len);
	int rc = 0;

	if (b == NULL)
		return error_memory(err);
	*b = (struct block){ .file = p->now, .at = p->now->size, .len = len };
	memcpy(b->bytes, bytes, len);
	pthread_mutex_lock(&p->lock);
	while (
	    rc == 0 && !p->has_failed && p->bytes > 0 && p->bytes + len > FILEPOOL_BYTES)
		rc = wait_for_progress(p, err);
	if (rc == 0)
		rc = told(p, err);
	if (rc == 0) {
		p->now->size += len;
		p->now->waiting++;
		p->bytes += len;
		*p->last = b;
		p->last = &b->next;
		pthread_cond_signal(&p->work);
		b = NULL;
	}
	pthread_mutex_unlock(&p->lock);
	free(b);
	return rc;
}

int
filepool_end(struct filepool *p, time_t mtime, struct error *err)
{
	struct file *file = p->now;
	bool is_written;
	int rc;

	p->now = NULL;
	pthread_mutex_lock(&p->lock);
	file->has_ended = true;
	file->mtime = mtime;
	is_written = file->waiting == 0;
	p->open -= is_written;
	rc = told(p, err);
	pthread_mutex_unlock(&p->lock);
	if (!is_written)
		return rc; /* whoever writes its last block closes it */
	if (rc == 0)
		return finish_file(p, file, err);
	drop_file(file);
	return -1;
}

/* With the lock held: until the threads have nothing to do. */
static int
settle(struct filepool *p, struct error *err)
{
	int rc = 0;

	while (rc == 0 && (p->busy > 0 || p->first || is_crowded(p) || has_to_sync(p)))
		rc = wait_for_progress(p, err);
	return rc == 0 ? told(p, err) : -1;
}

int
filepool_drain(struct filepool *p, struct error *err)
{
	int rc;

	pthread_mutex_lock(&p->lock);
	rc = settle(p, err);
	pthread_mutex_unlock(&p->lock);
	return rc;
}

int
filepool_sync(
    struct filepool *p, struct filepool_sync *sync, size_t count, struct error *err)
{
	int rc;

	pthread_mutex_lock(&p->lock);
	p->sync = sync;
	p->next = 0;
	p->count = count;
	pthread_cond_broadcast(&p->work);
	rc = settle(p, err);
	p->sync = NULL; /* no thread takes another one */
	while (p->busy > 0)
		pthread_cond_wait(&p->progress, &p->lock);
	if (rc == 0)
		rc = told(p, err);
	pthread_mutex_unlock(&p->lock);
	return rc;
}
