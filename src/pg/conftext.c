/* Lines of postgresql.conf taken apart, by the rules of the server's own scanner. */
#include "pg/conftext.h"

#include <string.h>
#include <strings.h>

#include "lib/number.h"

void
conftext_begin(struct conftext *c, const char *text, size_t len)
{
	*c = (struct conftext){ .at = text, .end = text + len };
}

static bool
is_letter(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	    byte == '_' || (unsigned char)byte >= 0x80;
}

static const char *
skip_blanks(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t' || *at == '\r'))
		at++;
	return at;
}

/* A dot stands before the second part of an extension's setting. */
static const char *
take_name(struct conftext *c, const char *at, const char *end, struct error *err)
{
	const char *from = at;

	if (at == end || !is_letter(*at))
		return NULL;
	while (at < end && (is_letter(*at) || number_is_digit(*at) || *at == '.'))
		at++;
	if (at - from > CONFTEXT_NAME_MOST ||
	    buf_append(&c->name, from, (size_t)(at - from), err))
		return NULL;
	for (size_t i = 0; i < c->name.len; i++)
		if (c->name.data[i] >= 'A' && c->name.data[i] <= 'Z')
			c->name.data[i] = (unsigned char)(c->name.data[i] - 'A' + 'a');
	return at;
}

/* What a backslash and what follows it stand for; *at is moved past both. */
static char
escaped(const char **at, const char *end)
{
	static const char letters[] = "bfnrt", bytes[] = "\b\f\n\r\t";
	char first = *(*at)++;
	const char *letter = memchr(letters, first, sizeof(letters) - 1);
	unsigned octal;

	if (letter)
		return bytes[letter - letters];
	if (first < '0' || first > '7')
		return first;
	octal = (unsigned)(first - '0');
	for (int i = 0; i < 2 && *at < end && **at >= '0' && **at <= '7'; i++)
		octal = octal * 8 + (unsigned)(*(*at)++ - '0');
	return (char)octal;
}

/* From after the opening quote on.  NULL: the line has no closing one. */
static const char *
take_quoted(struct conftext *c, const char *at, const char *end, struct error *err)
{
	while (at < end) {
		char byte = *at++;

		if (byte == '\'' && (at == end || *at != '\''))
			return at;
		if (byte == '\'')
			at++;
		else if (byte == '\\' && at == end)
			return NULL;
		else if (byte == '\\')
			byte = escaped(&at, end);
		if (buf_append(&c->value, &byte, 1, err))
			return NULL;
	}
	return NULL;
}

static bool
is_plain_mark(char c)
{
	return c != '\0' && strchr("-+._:/", c) != NULL;
}

/* Words, numbers with their units, and what of a path needs no quotes. */
static const char *
take_plain(struct conftext *c, const char *at, const char *end, struct error *err)
{
	const char *from = at;

	while (at < end && (is_letter(*at) || number_is_digit(*at) || is_plain_mark(*at)))
		at++;
	if (at == from || buf_append(&c->value, from, (size_t)(at - from), err))
		return NULL;
	return at;
}

/* Is ${at} to ${end}, a line without its end, a setting?  Memory is told by ${err}. */
static bool
take_line(struct conftext *c, const char *at, const char *end, struct error *err)
{
	buf_clear(&c->name);
	buf_clear(&c->value);
	at = take_name(c, skip_blanks(at, end), end, err);
	if (at == NULL)
		return false;
	at = skip_blanks(at, end);
	if (at < end && *at == '=')
		at = skip_blanks(at + 1, end);
	if (at < end && *at == '\'')
		at = take_quoted(c, at + 1, end, err);
	else
		at = take_plain(c, at, end, err);
	if (at == NULL)
		return false;
	at = skip_blanks(at, end);
	return at == end || *at == '#';
}

int
conftext_next(
    struct conftext *c, const char **name, const char **value, struct error *err)
{
	struct error why = { 0 };

	while (c->at < c->end) {
		const char *line = c->at;
		const char *end = memchr(line, '\n', (size_t)(c->end - line));

		if (end == NULL)
			end = c->end;
		c->at = end < c->end ? end + 1 : end;
		if (take_line(c, line, end, &why)) {
			*name = buf_text(&c->name);
			*value = buf_text(&c->value);
			return 0;
		}
		if (why.kind != ERROR_NONE) {
			*err = why;
			return -1;
		}
	}
	*name = *value = NULL;
	return 0;
}

void
conftext_end(struct conftext *c)
{
	buf_free(&c->name);
	buf_free(&c->value);
}

bool
conftext_bool(const char *value, bool *is_on)
{
	/* parse_bool_with_len() in src/backend/utils/adt/bool.c of PostgreSQL */
	static const struct {
		const char *text;
		size_t least;
		bool is_on;
	} words[] = {
		{ "true", 1, true },
		{ "false", 1, false },
		{ "yes", 1, true },
		{ "no", 1, false },
		{ "on", 2, true },
		{ "off", 2, false },
		{ "1", 1, true },
		{ "0", 1, false },
	};
	const size_t len = value ? strlen(value) : 0;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (len >= words[i].least &&
		    strncasecmp(value, words[i].text, len) == 0) {
			*is_on = words[i].is_on;
			return true;
		}
	return false;
}

bool
conftext_is_on(const char *value)
{
	bool is_on;

	return conftext_bool(value, &is_on) && is_on;
}
