#ifndef PG_BASETAR_LIB_BUF_H
#define PG_BASETAR_LIB_BUF_H

#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

/*
 * Bytes that grow.  Amortised O(1) per byte appended; on failure (ERROR_MEMORY) the
 * content is what it was before the call.  data[len] is always a NUL, so a buffer
 * of text is a C string; before the first append data is NULL and buf_text() "".
 */
struct buf {
	uint8_t *data;
	size_t len;
	size_t cap;
};

MUST_CHECK int buf_append(
    struct buf *b, const void *bytes, size_t len, struct error *err);
MUST_CHECK int buf_printf(struct buf *b, struct error *err, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

/* Room for ${len} more bytes at data + len, which the caller fills and counts. */
MUST_CHECK int buf_reserve(struct buf *b, size_t len, struct error *err);

/* The content as a string; "" when nothing was appended. */
const char *buf_text(const struct buf *b);

/* Forget the content, keep the memory. */
void buf_clear(struct buf *b);

/* Release the memory; the buffer is empty and usable again. */
void buf_free(struct buf *b);

#endif
