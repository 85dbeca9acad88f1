#include "util/json.h"

#include <stdint.h>
#include <string.h>

/*
 * Bytes of the UTF-8 character at ${s}, 0 when there is none.  The NUL at the end stops
 * every look ahead.
 */
static size_t
utf8_length(const uint8_t *s)
{
	size_t len = s[0] < 0x80 ? 1 : s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : 4;

	if (len == 1)
		return 1;
	if (s[0] < 0xC2 || s[0] > 0xF4)
		return 0;
	if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F) ||
	    (s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] > 0x8F))
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((s[i] & 0xC0) != 0x80)
			return 0;
	return len;
}

bool
json_is_utf8(const char *text)
{
	const uint8_t *s = (const uint8_t *)text;

	for (size_t len; *s != 0; s += len)
		if ((len = utf8_length(s)) == 0)
			return false;
	return true;
}

/* How many bytes of ${text} stand in a JSON string as they are. */
static size_t
plain_length(const char *text)
{
	size_t len = 0;

	while ((uint8_t)text[len] >= 0x20 && text[len] != '"' && text[len] != '\\')
		len++;
	return len;
}

/* One byte that does not, escaped as PostgreSQL does (utils/adt/json.c). */
static int
append_escaped(struct buf *b, char byte, struct error *err)
{
	static const char special[] = "\b\f\n\r\t\"\\", letters[] = "bfnrt\"\\";
	const char *found = strchr(special, byte);

	if (found)
		return buf_printf(b, err, "\\%c", letters[found - special]);
	return buf_printf(b, err, "\\u%04x", (unsigned)byte);
}

int
json_append_text(struct buf *b, const char *text, struct error *err)
{
	for (;;) {
		size_t len = plain_length(text);

		if (buf_append(b, text, len, err))
			return -1;
		text += len;
		if (*text == '\0')
			return 0;
		if (append_escaped(b, *text++, err))
			return -1;
	}
}

int
json_append_hex(struct buf *b, const void *bytes, size_t len, struct error *err)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *from = bytes;
	char *to;

	if (len > SIZE_MAX / 4)
		return error_memory(err);
	if (buf_reserve(b, 2 * len, err))
		return -1;
	to = (char *)b->data + b->len;
	for (size_t i = 0; i < len; i++) {
		*to++ = digits[from[i] >> 4];
		*to++ = digits[from[i] & 15];
	}
	*to = '\0';
	b->len += 2 * len;
	return 0;
}
