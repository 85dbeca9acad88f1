#ifndef PG_BASETAR_SUPPORT_TARPARTS_H
#define PG_BASETAR_SUPPORT_TARPARTS_H

#include "lib/buf.h"
#include "lib/stream.h"

/* Tar members that no writer of ours makes, for tests of the reader; and a reader of all. */

/* Put the checksum of a header block right. */
void tarparts_seal(uint8_t *block);

/* A header of any type, with a right checksum, and ${size} zeros of body, padded. */
MUST_CHECK int tarparts_header(
    struct buf *out, char type, const char *name, size_t size, struct error *err);

/* The same with a body; its name is "odd". */
MUST_CHECK int tarparts_member(
    struct buf *out, char type, const void *body, size_t len, struct error *err);

/* Read members and their bodies until the end or an error; counts the members. */
MUST_CHECK int tarparts_read(struct source *source, size_t *count, struct error *err);

#endif
