/* What a configuration file says of one setting. */
#include "pg/setting.h"

#include <strings.h>
#include <string.h>

/* A value that matters here is not longer. */
#define VALUE_MOST 16

/* What is left of a line. */
struct line {
	const char *at;
	size_t left;
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

static void
skip_blanks(struct line *line)
{
	while (line->left > 0 && is_blank(*line->at)) {
		line->at++;
		line->left--;
	}
}

/* Bytes that names and plain values consist of. */
static bool
is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '.';
}

/* The next word; its length, 0 where there is none. */
static size_t
next_word(struct line *line, const char **word)
{
	size_t len = 0;

	skip_blanks(line);
	*word = line->at;
	while (len < line->left && is_word(line->at[len]))
		len++;
	line->at += len;
	line->left -= len;
	return len;
}

static bool
is_name(const char *word, size_t len, const char *name)
{
	return strlen(name) == len && strncasecmp(word, name, len) == 0;
}

static bool
is_include(const char *word, size_t len)
{
	return is_name(word, len, "include") || is_name(word, len, "include_if_exists") ||
	       is_name(word, len, "include_dir");
}

/* As parse_bool_with_len() of the server has it: a beginning will do, if it is unmistakable. */
static bool
parse_bool(const char *word, size_t len, bool *is_on)
{
	static const struct {
		const char *text;
		size_t least;
		bool is_on;
	} words[] = {
		{ "true", 1, true }, { "false", 1, false }, { "yes", 1, true },
		{ "no", 1, false }, { "on", 2, true }, { "off", 2, false },
		{ "1", 1, true }, { "0", 1, false },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (len >= words[i].least && len <= strlen(words[i].text) &&
		    strncasecmp(word, words[i].text, len) == 0) {
			*is_on = words[i].is_on;
			return true;
		}
	return false;
}

static void
read_line(struct line line, const char *name, struct setting *out)
{
	const char *word;
	size_t len = next_word(&line, &word);

	if (is_include(word, len))
		out->has_include = true;
	if (len == 0 || !is_name(word, len, name))
		return;
	skip_blanks(&line);
	if (line.left > 0 && *line.at == '=') {
		line.at++;
		line.left--;
		skip_blanks(&line);
	}
	if (line.left > 0 && *line.at == '\'') {
		line.at++;
		line.left--;
	}
	len = next_word(&line, &word);
	if (len <= VALUE_MOST && parse_bool(word, len, &out->is_on))
		out->is_told = true;
}

void
setting_read(const char *text, size_t len, const char *name, struct setting *out)
{
	while (len > 0) {
		const char *end = memchr(text, '\n', len);
		const size_t of_line = end ? (size_t)(end - text) : len;

		read_line((struct line){ text, of_line }, name, out);
		text += of_line;
		len -= of_line;
		if (len > 0) {
			text++;
			len--;
		}
	}
}
