/*
 * A block's parts, which are in the order of its bytes, say where bodies of members are.  Writes are
 * asked for in that order as well, so that one walk through the parts serves all writes of a block.
 */
#include "stream/breaks.h"

/* Is ${at} in a body?  Positions are asked for in their order; *part is where the search goes on. */
static bool
is_in_body(const struct block *b, size_t at, size_t *part)
{
	for (; *part < b->nparts; ++*part) {
		const struct part *p = &b->parts[*part];

		if (at < p->at + p->piece.len)
			return p->at <= at;
	}
	return false;
}

/* Up to a position in a body: the last one within a page, else the first one after it. */
static size_t
up_to_body(const struct breaks *k)
{
	const struct block *b = k->block;
	const size_t page = k->at + BREAKS_PAGE;
	size_t last = k->at;

	for (size_t i = k->part; i < b->nparts; i++) {
		const struct part *p = &b->parts[i];
		const size_t end = p->at + p->piece.len;

		if (p->piece.len == 0 || end - 1 <= k->at)
			continue;
		if (p->at > page)
			return (last > k->at ? last : p->at) - k->at;
		last = end - 1 < page ? end - 1 : page;
	}
	return (last > k->at ? last : b->raw_len) - k->at;
}

size_t
breaks_next(struct breaks *k)
{
	const size_t left = k->block->raw_len - k->at;
	size_t n = 0, part = k->part;

	while (left - n > BREAKS_PAGE &&
	    is_in_body(k->block, k->at + n + BREAKS_PAGE, &part)) {
		n += BREAKS_PAGE;
		k->part = part;
	}
	if (n == 0)
		n = left <= BREAKS_PAGE ? left : up_to_body(k);
	k->at += n;
	return n;
}
