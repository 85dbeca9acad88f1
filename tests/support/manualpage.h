#ifndef PG_BASETAR_SUPPORT_MANUALPAGE_H
#define PG_BASETAR_SUPPORT_MANUALPAGE_H

#include <stddef.h>

#include "lib/buf.h"

/* What a page of the manual says, in its mdoc source, to be compared with what the program does. */

/* Append the page ${name}, from the top of the tree, where tests run. */
void manualpage_read(const char *name, struct buf *page);

/* From the line ${head} on, up to the next text ${next}; cut off in the page itself. */
char *manualpage_section(struct buf *page, const char *head, const char *next);

/* Append "IN.KEY\n", or "KEY\n" if ${in_len} is 0. */
void manualpage_add_key(
    struct buf *keys, const char *in, size_t in_len, const char *key, size_t len);

/* The keys of the JSON ${text}, in their order; an element of an array is a line of its own in it. */
void manualpage_json_keys(struct buf *keys, const char *text);

#endif
