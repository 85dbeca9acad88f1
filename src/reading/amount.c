/*
 * How much there is to read, and how much of it was read: written by the thread that reads, and
 * asked for by the one that prints the progress.
 */
#include "reading/reading.h"

#include "stream/infile.h"

uint64_t
reading_done(struct reading *r)
{
	uint64_t done;

	pthread_mutex_lock(&r->lock);
	done = r->past + (r->file ? infile_done(r->file) : 0);
	pthread_mutex_unlock(&r->lock);
	return done;
}

void
reading_add_size(struct reading *r, uint64_t size)
{
	pthread_mutex_lock(&r->lock);
	r->size += size;
	pthread_mutex_unlock(&r->lock);
}

uint64_t
reading_size(struct reading *r)
{
	uint64_t size;

	pthread_mutex_lock(&r->lock);
	size = r->size;
	pthread_mutex_unlock(&r->lock);
	return size;
}
