/*
 * Passwords in text that others wrote.
 *
 * A server names a database as it was asked for, and at most 63 bytes of it: of a URI in that
 * place the "@" may be lost.  So what looks like a URI or a connection string is hidden to the
 * last quote, as a password may have quotes and blanks.  That hides too much at times, and never
 * too little.
 */
#include "lib/secret.h"

#include <string.h>
#include <strings.h>

struct passage {
	const char *text, *end;
};

static const char *const keywords[] = { "password", "passwd", "pwd", "secret" };

static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Letters of other alphabets are more than one byte. */
static bool
is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z') || c == '_' || (unsigned char)c >= 0x80;
}

static const char *
last_of(const char *from, const char *to, char c)
{
	while (to > from)
		if (*--to == c)
			return to;
	return NULL;
}

/* The bytes from ${at} to the last quote, or to the end of the text. */
static size_t
rest_of(const struct passage *p, const char *at)
{
	const char *quote = last_of(at, p->end, '"');

	return (size_t)((quote ? quote : p->end) - at);
}

/* Does "password =" or the like end at ${at}? */
static bool
is_after_keyword(const struct passage *p, const char *at)
{
	if (at == p->text || *--at != '=')
		return false;
	while (at > p->text && is_blank(at[-1]))
		at--;
	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
		const size_t len = strlen(keywords[i]);

		if ((size_t)(at - p->text) >= len &&
		    strncasecmp(at - len, keywords[i], len) == 0)
			return true;
	}
	return false;
}

static bool
is_within_quotes(const struct passage *p, const char *at)
{
	bool is_within = false;

	for (const char *c = p->text; c < at; c++)
		is_within ^= *c == '"';
	return is_within;
}

/* A scheme's, that a password with an "@" and a quote may follow. */
static bool
is_before_slashes(const struct passage *p, const char *at)
{
	return p->end - at >= 2 && at[0] == '/' && at[1] == '/';
}

/* USER:PASSWORD@HOST: the bytes of the password at ${at}; 0: the ":" before is another. */
static size_t
password_at(const struct passage *p, const char *at)
{
	const bool is_quoted = is_within_quotes(p, at);
	const char *end = at;

	if (at == p->text || at[-1] != ':' || is_before_slashes(p, at))
		return 0;
	while (end < p->end && *end != '"' && (is_quoted || !is_blank(*end)))
		end++;
	end = last_of(at, end, '@');
	return end ? (size_t)(end - at) : 0;
}

/* The bytes at ${at} of a connection string that has a password, or 0. */
static size_t
form_at(const struct passage *p, const char *at)
{
	if (at - p->text >= 3 && memcmp(at - 3, "://", 3) == 0)
		return rest_of(p, at);
	return is_after_keyword(p, at) ? rest_of(p, at) : password_at(p, at);
}

/* The bytes at ${at} that are the word, or 0. */
static size_t
known_at(const struct passage *p, const char *at, const char *word)
{
	const size_t len = strlen(word);

	if (len == 0 || (size_t)(p->end - at) < len || memcmp(at, word, len) != 0)
		return 0;
	if (at > p->text && is_word(at[-1]) && is_word(word[0]))
		return 0;
	if (at + len < p->end && is_word(at[len]) && is_word(word[len - 1]))
		return 0;
	return len;
}

bool
secret_mask(char *out, size_t size, const char *text, size_t len,
    const char *const *known, size_t count)
{
	const struct passage p = { text, text + len };
	bool has_form = false;
	size_t used = 0;

	for (size_t at = 0; at < len && used + 1 < size;) {
		size_t hidden = form_at(&p, text + at);

		has_form |= hidden > 0;
		for (size_t i = 0; i < count && hidden == 0; i++)
			hidden = known_at(&p, text + at, known[i]);
		if (hidden == 0)
			out[used++] = text[at++];
		else
			for (const char *c = SECRET_MASK; *c && used + 1 < size; c++)
				out[used++] = *c;
		at += hidden;
	}
	out[used] = '\0';
	return has_form;
}

bool
secret_is_connection(const char *text)
{
	const struct passage p = { text, text + strlen(text) };

	for (const char *at = text; at < p.end; at++)
		if (is_after_keyword(&p, at))
			return true;
	return strncmp(text, "postgresql://", 13) == 0 ||
	    strncmp(text, "postgres://", 11) == 0;
}
