#ifndef PG_BASETAR_WAL_WALHISTORY_H
#define PG_BASETAR_WAL_WALHISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

/*
 * The lineage of timelines that leads to one of them: which timeline owns which stretch of
 * WAL.  Read from TIMELINE.history (src/backend/access/transam/timeline.c of PostgreSQL
 * 10 to 19), a text of one line for each ancestor, the oldest first:
 *
 *	1	0/5004E10	no recovery target specified
 *
 * the ancestor in decimal, the LSN at which the lineage left it, a reason in free words.
 * Lines that begin with '#' and empty ones mean nothing; a reason may end with a line
 * break of its own, and then an empty line follows.
 */
struct walhistory_row {
	uint32_t timeline;
	uint64_t end_lsn; /* the first byte that is not its own */
};

/* The oldest first; the last row is the timeline itself, its end_lsn UINT64_MAX. */
struct walhistory {
	size_t count;
	struct walhistory_row *rows;
};

/* A text longer than this is no history: a line for each of 16000 promotions. */
#define WALHISTORY_TEXT_MAX ((size_t)1024 * 1024)

/*
 * Read the history of ${timeline}.  ERROR_FORMAT, naming the line, when one is not of
 * that form, when timelines do not ascend up to ${timeline} or switch positions descend,
 * when the text is too long, has zero bytes or a last line without its end.  On failure
 * *out is empty.
 */
MUST_CHECK int walhistory_parse(const char *text, size_t len, uint32_t timeline,
    struct walhistory *out, struct error *err);

/* The history of a timeline that has no such file, as timeline 1: only itself. */
MUST_CHECK int walhistory_single(
    struct walhistory *out, uint32_t timeline, struct error *err);

MUST_CHECK int walhistory_copy(
    struct walhistory *out, const struct walhistory *from, struct error *err);

/*
 * Is ${h} the lineage of ${other} up to the last timeline of ${h}, with the same switches?  What has no
 * rows is not.
 */
bool walhistory_is_beginning(const struct walhistory *h, const struct walhistory *other);

/* Is this timeline the one in question or one of its ancestors? */
bool walhistory_has(const struct walhistory *h, uint32_t timeline);

/* The timeline that owns the byte at ${lsn}. */
uint32_t walhistory_at(const struct walhistory *h, uint64_t lsn);

/* Make it the lineage of the timeline that owns ${lsn}: what branched off later is forgotten. */
void walhistory_cut(struct walhistory *h, uint64_t lsn);

void walhistory_free(struct walhistory *h);

#endif
