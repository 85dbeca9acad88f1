/*
 * Pages are judged as they pass, while the server may be writing them.
 *
 * A page is not written in one act: a read that meets the write has the beginning of the new page
 * and the end of the old one, whose checksum is wrong although nothing is damaged.  So a page that
 * is bad is only under suspicion: it is read again, and damaged is what stays bad.  A page that
 * replay puts whole, because its LSN is after the start of the backup, is not suspected, torn or
 * not (pg/page.h).
 *
 *	judge 128 pages: the bad ones --> wait 10 ms, read those again: still bad -->
 *	    wait 90 ms, read those again: still bad --> a note of the piece
 *
 * The pages of a group wait together.  So a file full of damage takes a tenth of a second for each
 * megabyte; with a wait for each page it would take 128 times as long.
 */
#include "archive/pagecheck.h"

#include "pg/relfile.h"

/* Pages judged before a wait for those of them that are bad. */
enum { GROUP = 128 };

/*
 * Milliseconds before a bad page is read again.  The server needs microseconds for a page,
 * or a turn of the scheduler when it is interrupted in the middle of one; and a file full
 * of damage is read at some 10 MB/s still.
 */
static const unsigned waits[] = { 10, 90 };

/* What does not change while a piece is checked. */
struct checking {
	const struct pagecheck *check;
	struct piece *piece;
	const struct piece_source *from;
	uint32_t first_block;
};

/* A page that was bad when it was read last, at ${at} of the piece. */
struct suspect {
	size_t at;
	struct page_verdict verdict;
};

bool
pagecheck_is_relation(
    const struct pagecheck *check, const char *path, uint32_t *first_block)
{
	struct relfile_location at;
	uint64_t first;

	if (!relfile_locate(path, &at) || at.file.is_temporary)
		return false;
	first = (uint64_t)at.file.segment * check->segment_blocks;
	if (first > UINT32_MAX)
		return false;
	*first_block = (uint32_t)first;
	return true;
}

static int
add_note(
    const struct checking *c, size_t at, const struct page_verdict *v, struct error *err)
{
	const struct piece_note note = {
		.offset = c->piece->offset + at,
		.kind = v->state,
		.expected = v->expected,
		.found = v->found,
	};

	return piece_note(c->piece, &note, err);
}

/* The page at ${at} of the piece.  If it is bad nothing is noted: it may be read again. */
static int
judge(const struct checking *c, size_t at, struct page_verdict *v, struct error *err)
{
	uint32_t block =
	    c->first_block + (uint32_t)((c->piece->offset + at) / PAGE_BYTES);

	*v = page_judge(c->from->bytes + at, block, &c->check->limits);
	if (v->state == PAGE_LATER ||
	    (v->state == PAGE_REPLAYED && v->found > pagetally_horizon(c->check->tally)))
		return add_note(c, at, v, err);
	return 0;
}

/* Read the ${count} bad pages again, and keep those that still are. */
static int
judge_again(const struct checking *c, struct suspect *bad, size_t *count, unsigned wait,
    struct error *err)
{
	size_t kept = 0;

	if (*count == 0)
		return 0;
	if (piece_wait(c->from, wait, err))
		return -1;
	for (size_t i = 0; i < *count; i++) {
		struct suspect *s = &bad[i];

		if (piece_reread(c->from, s->at, PAGE_BYTES, err) ||
		    judge(c, s->at, &s->verdict, err))
			return -1;
		if (page_is_bad(s->verdict.state))
			bad[kept++] = *s;
	}
	*count = kept;
	return 0;
}

/* The pages from ${at} to ${end} of the piece, at most GROUP. */
static int
check_group(const struct checking *c, size_t at, size_t end, struct error *err)
{
	struct suspect bad[GROUP];
	size_t count = 0;

	for (; at < end; at += PAGE_BYTES) {
		bad[count].at = at;
		if (judge(c, at, &bad[count].verdict, err))
			return -1;
		if (page_is_bad(bad[count].verdict.state))
			count++;
	}
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++)
		if (judge_again(c, bad, &count, waits[i], err))
			return -1;
	for (size_t i = 0; i < count; i++)
		if (add_note(c, bad[i].at, &bad[i].verdict, err))
			return -1;
	return 0;
}

int
pagecheck_piece(const struct pagecheck *check, uint32_t first_block, struct piece *piece,
    const struct piece_source *from, struct error *err)
{
	const struct checking c = { check, piece, from, first_block };
	/* part of a page at the end: the server is about to extend the file */
	size_t len = piece->len - piece->missing, end = len - len % PAGE_BYTES;

	for (size_t at = 0; at < end; at += GROUP * (size_t)PAGE_BYTES) {
		size_t some = end - at;

		if (some > GROUP * (size_t)PAGE_BYTES)
			some = GROUP * (size_t)PAGE_BYTES;
		if (check_group(&c, at, at + some, err))
			return -1;
	}
	return 0;
}
