/*
 * A body's check runs in the thread that read the piece, before it is encoded: it may read a page
 * again into the very bytes that will be sent, and its notes travel with the piece, since the body
 * hears of its pieces later, in the order of the stream.
 */
#include "stream/piece.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/sys.h"

int
piece_note(struct piece *p, const struct piece_note *note, struct error *err)
{
	/* room for a power of two */
	if ((p->nnotes & (p->nnotes - 1)) == 0) {
		size_t cap = p->nnotes ? p->nnotes * 2 : 1;
		struct piece_note *notes = realloc(p->notes, cap * sizeof(*notes));

		if (notes == NULL)
			return error_memory(err);
		p->notes = notes;
	}
	p->notes[p->nnotes++] = *note;
	return 0;
}

int
piece_reread(const struct piece_source *from, size_t at, size_t len, struct error *err)
{
	size_t got;

	if (sys_pread(from->fd, from->bytes + at, len, from->offset + at, &got,
		from->cancel, err))
		return -1;
	memset(from->bytes + at + got, 0, len - got);
	return 0;
}

int
piece_wait(const struct piece_source *from, unsigned ms, struct error *err)
{
	struct timespec left = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };
	int rc;

	do {
		if (cancel_is_raised(from->cancel))
			return error_set(err, ERROR_CANCELLED, 0, "interrupted");
		rc = nanosleep(&left, &left);
	} while (rc == -1 && errno == EINTR);
	return 0;
}

void
piece_clear(struct piece *p)
{
	free(p->notes);
	p->notes = NULL;
	p->nnotes = 0;
}
