#include "support/walwalk.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE = WALIMAGE_PAGE, SEGMENT = WALIMAGE_SEGMENT };

struct listener {
	struct walreader_sink sink; /* first */
	struct walwalk *walk;
};

/* As walimage_heap() wrote it? */
static bool
has_content(const struct walrecord *rec)
{
	for (size_t i = 0; i < rec->len; i++)
		if (rec->data[i] != (uint8_t)(i * 37 + rec->len + 1))
			return false;
	return true;
}

static bool
is_same(const struct walrecord *a, const struct walrecord *b)
{
	return a->lsn == b->lsn && a->end_lsn == b->end_lsn && a->prev == b->prev &&
	    a->total_len == b->total_len && a->xid == b->xid &&
	    a->version == b->version && a->rmid == b->rmid && a->info == b->info &&
	    a->len == b->len;
}

static int
listen(struct walreader_sink *sink, const struct walrecord *rec, struct error *err)
{
	struct walwalk *k = ((struct listener *)sink)->walk;
	size_t n = k->first + k->count;

	if (++k->count == k->fail_at)
		return error_set(err, ERROR_STATE, 0, "refused");
	if (n >= k->image->count || !is_same(&k->image->records[n], rec))
		k->differs = true;
	else if (rec->rmid == WALIMAGE_HEAP && !has_content(rec))
		k->differs = true;
	return 0;
}

struct walwalk
walwalk_whole(const struct walimage *image, size_t piece)
{
	return (struct walwalk){
		.image = image,
		.start = image->records[0].lsn,
		.stop = image->records[image->count - 1].end_lsn,
		.piece = piece,
		.end = WALIMAGE_START + WALIMAGE_SIZE,
	};
}

static uint32_t
owner(const struct walwalk *k, uint64_t segment)
{
	uint64_t end = segment + SEGMENT < k->stop ? segment + SEGMENT : k->stop;

	return walhistory_at(&k->image->history, end - 1);
}

static size_t
piece_at(const struct walwalk *k, uint64_t lsn, uint64_t end)
{
	uint64_t page_end = lsn - lsn % PAGE + PAGE;

	if (k->piece < PAGE && end > page_end)
		end = page_end;
	return end - lsn < k->piece ? (size_t)(end - lsn) : k->piece;
}

static int
tell_segment(
    struct walreader *r, const struct walwalk *k, uint64_t lsn, struct error *err)
{
	uint64_t end = lsn + SEGMENT < k->end ? lsn + SEGMENT : k->end;
	int rc = walreader_segment(r, owner(k, lsn), lsn, err);

	while (rc == 0 && lsn < end) {
		size_t len = piece_at(k, lsn, end);
		uint8_t *copy = malloc(len);

		if (copy == NULL)
			return error_memory(err);
		memcpy(copy, k->image->bytes + (lsn - WALIMAGE_START), len);
		rc = walreader_bytes(r, copy, len, err);
		free(copy);
		lsn += len;
	}
	return rc;
}

int
walwalk_run(struct walwalk *k, struct error *err)
{
	const struct walpage_expect expect = walimage_expect(k->image);
	struct listener listener = { { listen }, k };
	const struct walreader_options opt = { &expect, k->start, k->stop,
		k->skips_filler, &listener.sink, false };
	uint64_t lsn = k->start - k->start % SEGMENT;
	struct walreader *r;
	int rc = 0;

	if (walreader_new(&r, &opt, err))
		return -1;
	for (; rc == 0 && lsn < k->end; lsn += SEGMENT)
		rc = tell_segment(r, k, lsn, err);
	if (rc == 0)
		rc = walreader_finish(r, err);
	if (walreader_is_done(r) != (rc == 0))
		abort();
	k->position = walreader_position(r);
	walreader_free(r);
	return rc;
}
