/*
 * A buffer doubles its memory when it is full, so that all copies of a growing one together move
 * less than twice its bytes.  buf_printf() formats twice, the first time into nothing: vsnprintf()
 * returns the length that the text needs (C11, 7.21.6.12).
 */
#include "lib/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
buf_reserve(struct buf *b, size_t len, struct error *err)
{
	size_t need = b->len + len + 1;
	size_t cap = b->cap ? b->cap : 64;
	uint8_t *data;

	if (need < len)
		return error_memory(err);
	if (need <= b->cap)
		return 0;
	while (cap < need) {
		if (cap > SIZE_MAX / 2)
			return error_memory(err);
		cap *= 2;
	}
	data = realloc(b->data, cap);
	if (data == NULL)
		return error_memory(err);
	data[b->len] = '\0';
	b->data = data;
	b->cap = cap;
	return 0;
}

int
buf_append(struct buf *b, const void *bytes, size_t len, struct error *err)
{
	if (buf_reserve(b, len, err))
		return -1;
	if (len > 0)
		memcpy(b->data + b->len, bytes, len);
	b->len += len;
	b->data[b->len] = '\0';
	return 0;
}

int
buf_printf(struct buf *b, struct error *err, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (len < 0)
		return error_set(err, ERROR_FORMAT, 0, "cannot format \"%s\"", fmt);
	if (buf_reserve(b, (size_t)len, err))
		return -1;
	va_start(args, fmt);
	vsnprintf((char *)b->data + b->len, (size_t)len + 1, fmt, args);
	va_end(args);
	b->len += (size_t)len;
	return 0;
}

const char *
buf_text(const struct buf *b)
{
	return b->data ? (const char *)b->data : "";
}

void
buf_clear(struct buf *b)
{
	b->len = 0;
	if (b->data)
		b->data[0] = '\0';
}

void
buf_free(struct buf *b)
{
	free(b->data);
	*b = (struct buf){ 0 };
}
