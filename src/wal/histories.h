#ifndef PG_BASETAR_WAL_HISTORIES_H
#define PG_BASETAR_WAL_HISTORIES_H

#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/error.h"
#include "wal/walhistory.h"

/*
 * The timeline history files of a backup, by their timelines.  Two servers that were promoted of the
 * same cluster may give their new timelines the same number; where each branched off is in its file.
 */
struct histories {
	size_t count;
	struct histories_row {
		uint32_t timeline;
		struct walhistory history;
	} * rows;
};

/* More than a server that was promoted so often would have are not added. */
#define HISTORIES_MOST 1000

/* Add the file ${path} with that ${text}.  One that is damaged, or not called as one, is not added. */
MUST_CHECK int histories_add(
    struct histories *, const char *path, const struct buf *text, struct error *err);

/* That of ${timeline}; NULL: it is not there. */
const struct walhistory *histories_find(const struct histories *, uint32_t timeline);

void histories_free(struct histories *);

#endif
