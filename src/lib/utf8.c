/*
 * Names of files are any bytes, and an archive may come from a stranger.  So what RFC 3629 forbids
 * (overlong forms, surrogates, numbers over U+10FFFF) is no character here, and a character that
 * would steer the terminal of an administrator is shown as its bytes.
 */
#include "lib/utf8.h"

#include <stdbool.h>

size_t
utf8_length(const char *text)
{
	const uint8_t *s = (const uint8_t *)text;
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

uint32_t
utf8_steering(const char *text)
{
	static const struct {
		uint32_t from, to;
	} rows[] = {
		{ 0x80, 0x9F },     /* C1 */
		{ 0x61C, 0x61C },   /* Arabic letter mark */
		{ 0x200E, 0x200F }, /* left-to-right and right-to-left mark */
		/* line and paragraph separator; embeddings and overrides */
		{ 0x2028, 0x202E }, { 0x2066, 0x2069 }, /* isolates */
	};
	const uint8_t *s = (const uint8_t *)text;
	const size_t len = utf8_length(text);
	uint32_t c;

	if (len != 2 && len != 3)
		return 0;
	c = len == 2 ? (s[0] & 0x1FU) << 6 | (s[1] & 0x3FU) :
		       (s[0] & 0xFU) << 12 | (s[1] & 0x3FU) << 6 | (s[2] & 0x3FU);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (c >= rows[i].from && c <= rows[i].to)
			return c;
	return 0;
}

/* One byte as "\xNN". */
static void
put_hex(char *out, uint8_t byte)
{
	static const char digits[] = "0123456789ABCDEF";

	out[0] = '\\';
	out[1] = 'x';
	out[2] = digits[byte >> 4];
	out[3] = digits[byte & 15];
}

void
utf8_defuse(char *out, size_t size, const char *text)
{
	size_t used = 0, len;

	for (; *text; text += len) {
		bool is_seen;

		len = utf8_length(text);
		is_seen = len > 0 && utf8_steering(text) == 0;
		len = len > 0 ? len : 1;
		if (used + (is_seen ? 1 : 4) * len >= size)
			break;
		for (size_t i = 0; i < len; i++) {
			const uint8_t byte = (uint8_t)text[i];

			if (!is_seen)
				put_hex(out + used, byte);
			else
				out[used] =
				    (char)(byte < ' ' || byte == 0x7F ? '?' : text[i]);
			used += is_seen ? 1 : 4;
		}
	}
	out[used] = '\0';
}
