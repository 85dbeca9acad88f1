/*
 * The parser is a state machine, so that a piece may end anywhere, within an escape too: `token` is
 * what has begun, `expects` what may come next, `open` what has to be closed.  Bytes of a string
 * are taken in runs, all others one by one: a manifest is mostly strings.
 */
#include "lib/jsonparser.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/json.h"
#include "lib/number.h"

/* What may come next. */
enum expects {
	EXPECT_VALUE,
	EXPECT_VALUE_OR_END, /* after '[' */
	EXPECT_KEY,
	EXPECT_KEY_OR_END, /* after '{' */
	EXPECT_COLON,
	EXPECT_COMMA, /* or the end of what is open */
	EXPECT_NOTHING
};

/* The token that has begun and not ended. */
enum token {
	TOKEN_NONE,
	TOKEN_STRING,
	TOKEN_ESCAPE,
	TOKEN_HEX,
	TOKEN_NUMBER,
	TOKEN_WORD
};

struct jsonparser {
	struct jsonparser_sink *sink;
	uint64_t offset; /* of the byte being looked at */
	enum expects expects;
	enum token token;
	char open[JSONPARSER_DEEPEST]; /* '{' or '[' */
	size_t depth;
	struct buf text; /* of the token */
	bool is_key;
	bool has_high_bytes;  /* the string has bytes that must be UTF-8 */
	unsigned hex, digits; /* of an escape \uXXXX */
	unsigned surrogate;   /* the first half of a pair, or 0 */
};

int
jsonparser_new(struct jsonparser **out, struct jsonparser_sink *sink, struct error *err)
{
	struct jsonparser *p = calloc(1, sizeof(*p));

	*out = p;
	if (p == NULL)
		return error_memory(err);
	p->sink = sink;
	return 0;
}

void
jsonparser_free(struct jsonparser *p)
{
	if (p == NULL)
		return;
	buf_free(&p->text);
	free(p);
}

static int
bad(const struct jsonparser *p, const char *what, struct error *err)
{
	return error_set(err, ERROR_FORMAT, 0, "invalid JSON at byte %" PRIu64 ": %s",
	    p->offset, what);
}

/* ---- tokens ---- */

static enum expects
what_follows_value(const struct jsonparser *p)
{
	return p->depth > 0 ? EXPECT_COMMA : EXPECT_NOTHING;
}

static int
tell_value(struct jsonparser *p, char kind, struct error *err)
{
	p->token = TOKEN_NONE;
	p->expects = what_follows_value(p);
	return p->sink->ops->value(p->sink, kind, buf_text(&p->text), p->text.len, err);
}

static int
end_string(struct jsonparser *p, struct error *err)
{
	if (p->surrogate)
		return bad(p, "surrogate pair is not complete", err);
	if (p->has_high_bytes && !json_is_utf8(buf_text(&p->text)))
		return bad(p, "string is not UTF-8", err);
	if (!p->is_key)
		return tell_value(p, '"', err);
	p->token = TOKEN_NONE;
	p->expects = EXPECT_COLON;
	return p->sink->ops->key(p->sink, buf_text(&p->text), p->text.len, err);
}

static int
jsonparser_add(struct jsonparser *p, const void *bytes, size_t len, struct error *err)
{
	if (p->text.len + len > JSONPARSER_STRING)
		return bad(p, "string is too long", err);
	return buf_append(&p->text, bytes, len, err);
}

/* A character of an escape, as UTF-8. */
static int
add_character(struct jsonparser *p, unsigned c, struct error *err)
{
	char utf8[4];
	size_t len;

	if (c == 0)
		return bad(p, "string has a NUL", err);
	if (c < 0x80) {
		utf8[0] = (char)c;
		return jsonparser_add(p, utf8, 1, err);
	}
	len = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	for (size_t i = len - 1; i > 0; i--, c >>= 6)
		utf8[i] = (char)(0x80 | (c & 0x3f));
	utf8[0] = (char)((0xf00 >> len & 0xff) | c);
	return jsonparser_add(p, utf8, len, err);
}

/* The four digits after \u are complete. */
static int
end_hex(struct jsonparser *p, struct error *err)
{
	unsigned c = p->hex;

	p->token = TOKEN_STRING;
	if (p->surrogate) {
		if (c < 0xdc00 || c > 0xdfff)
			return bad(p, "surrogate pair is not complete", err);
		c = 0x10000 + ((p->surrogate - 0xd800) << 10) + (c - 0xdc00);
		p->surrogate = 0;
		return add_character(p, c, err);
	}
	if (c >= 0xdc00 && c <= 0xdfff)
		return bad(p, "surrogate pair is not complete", err);
	if (c >= 0xd800 && c <= 0xdbff) {
		p->surrogate = c;
		return 0;
	}
	return add_character(p, c, err);
}

static int
take_hex(struct jsonparser *p, uint8_t byte, struct error *err)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *digit = byte ? strchr(digits, byte) : NULL;

	if (digit == NULL)
		return bad(p, "\\u must be followed by four hexadecimal digits", err);
	p->hex = p->hex << 4 | ((unsigned)(digit - digits) & 0xf);
	return ++p->digits == 4 ? end_hex(p, err) : 0;
}

static int
take_escape(struct jsonparser *p, uint8_t byte, struct error *err)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *at = byte ? strchr(from, byte) : NULL;

	if (byte == 'u') {
		p->token = TOKEN_HEX;
		p->hex = p->digits = 0;
		return 0;
	}
	if (at == NULL)
		return bad(p, "unknown escape sequence", err);
	if (p->surrogate)
		return bad(p, "surrogate pair is not complete", err);
	p->token = TOKEN_STRING;
	return jsonparser_add(p, &to[at - from], 1, err);
}

/* Bytes of a string up to one that means something; *taken of them. */
static int
take_string(struct jsonparser *p, const uint8_t *bytes, size_t len, size_t *taken,
    struct error *err)
{
	size_t n = 0;

	while (n < len && bytes[n] != '"' && bytes[n] != '\\' && bytes[n] >= 0x20) {
		p->has_high_bytes = p->has_high_bytes || bytes[n] >= 0x80;
		n++;
	}
	*taken = n;
	if (n > 0) {
		if (p->surrogate)
			return bad(p, "surrogate pair is not complete", err);
		return jsonparser_add(p, bytes, n, err);
	}
	*taken = 1;
	if (bytes[0] == '"')
		return end_string(p, err);
	if (bytes[0] != '\\')
		return bad(p, "string has a control character", err);
	p->token = TOKEN_ESCAPE;
	return 0;
}

/* -?(0|[1-9][0-9]*)(.[0-9]+)?([eE][+-]?[0-9]+)? */
static bool
is_number(const char *s)
{
	s += *s == '-';
	if (!number_is_digit(*s))
		return false;
	if (*s == '0' && number_is_digit(s[1]))
		return false;
	while (number_is_digit(*s))
		s++;
	if (*s == '.') {
		if (!number_is_digit(*++s))
			return false;
		while (number_is_digit(*s))
			s++;
	}
	if (*s == 'e' || *s == 'E') {
		s++;
		s += *s == '+' || *s == '-';
		if (!number_is_digit(*s))
			return false;
		while (number_is_digit(*s))
			s++;
	}
	return *s == '\0';
}

static bool
is_word(const char *s)
{
	return strcmp(s, "true") == 0 || strcmp(s, "false") == 0 ||
	    strcmp(s, "null") == 0;
}

/* A number or word is over when something else comes. */
static int
end_bare(struct jsonparser *p, struct error *err)
{
	if (p->token == TOKEN_NUMBER)
		return is_number(buf_text(&p->text)) ? tell_value(p, '0', err) :
						       bad(p, "not a valid number", err);
	return is_word(buf_text(&p->text)) ? tell_value(p, 't', err) :
					     bad(p, "not a valid value", err);
}

static bool
is_bare(uint8_t byte)
{
	return number_is_digit((char)byte) || (byte >= 'a' && byte <= 'z') ||
	    byte == 'E' || byte == '+' || byte == '-' || byte == '.';
}

static int
take_bare(struct jsonparser *p, uint8_t byte, size_t *taken, struct error *err)
{
	*taken = 0;
	if (!is_bare(byte))
		return end_bare(p, err);
	*taken = 1;
	if (p->text.len == JSONPARSER_NUMBER)
		return bad(p, "number is too long", err);
	return buf_append(&p->text, &byte, 1, err);
}

/* ---- structure ---- */

static void
begin_token(struct jsonparser *p, enum token token)
{
	p->token = token;
	p->has_high_bytes = false;
	p->surrogate = 0;
	buf_clear(&p->text);
}

static int
open_one(struct jsonparser *p, char kind, struct error *err)
{
	if (p->depth == JSONPARSER_DEEPEST)
		return bad(p, "values are nested too deep", err);
	p->open[p->depth++] = kind;
	p->expects = kind == '{' ? EXPECT_KEY_OR_END : EXPECT_VALUE_OR_END;
	return p->sink->ops->open(p->sink, kind, err);
}

static int
close_one(struct jsonparser *p, char kind, struct error *err)
{
	const bool is_empty =
	    p->expects == (kind == '{' ? EXPECT_KEY_OR_END : EXPECT_VALUE_OR_END);

	if (p->depth == 0 || p->open[p->depth - 1] != kind ||
	    (p->expects != EXPECT_COMMA && !is_empty))
		return bad(p, "unexpected end of an object or array", err);
	p->depth--;
	p->expects = what_follows_value(p);
	return p->sink->ops->close(p->sink, kind, err);
}

static int
begin_value(struct jsonparser *p, uint8_t byte, size_t *taken, struct error *err)
{
	if (byte == '{' || byte == '[')
		return open_one(p, (char)byte, err);
	if (byte == '"') {
		p->is_key = false;
		begin_token(p, TOKEN_STRING);
		return 0;
	}
	*taken = 0; /* it is part of the token */
	if (byte == '-' || number_is_digit((char)byte))
		begin_token(p, TOKEN_NUMBER);
	else if (byte >= 'a' && byte <= 'z')
		begin_token(p, TOKEN_WORD);
	else
		return bad(p, "expected a value", err);
	return 0;
}

static int
take_comma(struct jsonparser *p, uint8_t byte, struct error *err)
{
	if (byte != ',')
		return bad(p, "expected a comma or the end of the object or array", err);
	p->expects = p->open[p->depth - 1] == '{' ? EXPECT_KEY : EXPECT_VALUE;
	return 0;
}

/* A byte between tokens; *taken is 1 and may become 0: it is to be looked at again. */
static int
take_between(struct jsonparser *p, uint8_t byte, size_t *taken, struct error *err)
{
	if (byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r')
		return 0;
	if (byte == '}' || byte == ']')
		return close_one(p, byte == '}' ? '{' : '[', err);
	switch (p->expects) {
	case EXPECT_VALUE:
	case EXPECT_VALUE_OR_END:
		return begin_value(p, byte, taken, err);
	case EXPECT_KEY:
	case EXPECT_KEY_OR_END:
		if (byte != '"')
			return bad(p, "expected a key", err);
		p->is_key = true;
		begin_token(p, TOKEN_STRING);
		return 0;
	case EXPECT_COLON:
		if (byte != ':')
			return bad(p, "expected a colon", err);
		p->expects = EXPECT_VALUE;
		return 0;
	case EXPECT_COMMA:
		return take_comma(p, byte, err);
	default:
		return bad(p, "expected end of input", err);
	}
}

static int
jsonparser_take(struct jsonparser *p, const uint8_t *bytes, size_t len, size_t *taken,
    struct error *err)
{
	*taken = 1;
	switch (p->token) {
	case TOKEN_STRING:
		return take_string(p, bytes, len, taken, err);
	case TOKEN_ESCAPE:
		return take_escape(p, bytes[0], err);
	case TOKEN_HEX:
		return take_hex(p, bytes[0], err);
	case TOKEN_NUMBER:
	case TOKEN_WORD:
		return take_bare(p, bytes[0], taken, err);
	default:
		return take_between(p, bytes[0], taken, err);
	}
}

int
jsonparser_bytes(
    struct jsonparser *p, const uint8_t *bytes, size_t len, struct error *err)
{
	size_t taken;

	for (; len > 0; bytes += taken, len -= taken, p->offset += taken)
		if (jsonparser_take(p, bytes, len, &taken, err))
			return -1;
	return 0;
}

int
jsonparser_finish(struct jsonparser *p, struct error *err)
{
	if ((p->token == TOKEN_NUMBER || p->token == TOKEN_WORD) && end_bare(p, err))
		return -1;
	return p->expects == EXPECT_NOTHING ? 0 : bad(p, "input is cut short", err);
}
