/*
 * The words of an authentication file, for the names of other files among them.  A directive is
 * a line of two fields, the first of which is its name, be that quoted or not; a word that
 * begins with @ outside of quotes names a file in any field (src/backend/libpq/hba.c of
 * PostgreSQL; the three directives from 16 on).  pg_hosts.conf of 19 is read by the same rules
 * (seen on 19rc1: lists, quotes and directives).
 */
#include "pg/hbatext.h"

#include <string.h>

void
hbatext_begin(struct hbatext *h, const char *text, size_t len, enum hbatext_form form)
{
	*h = (struct hbatext){ .at = text, .end = text + len, .form = form };
}

static enum hbatext_kind
directive_of(const char *word)
{
	static const struct {
		const char *word;
		enum hbatext_kind kind;
	} directives[] = {
		{ "include", HBATEXT_INCLUDE },
		{ "include_if_exists", HBATEXT_INCLUDE_IF_EXISTS },
		{ "include_dir", HBATEXT_INCLUDE_DIR },
	};

	for (size_t i = 0; i < sizeof(directives) / sizeof(directives[0]); i++)
		if (strcmp(directives[i].word, word) == 0)
			return directives[i].kind;
	return HBATEXT_NONE;
}

/* A backslash, perhaps with a carriage return, that is the last of its line: its length. */
static size_t
continuation(const char *at, const char *end)
{
	if (end - at >= 2 && at[0] == '\\' && at[1] == '\n')
		return 2;
	if (end - at >= 3 && at[0] == '\\' && at[1] == '\r' && at[2] == '\n')
		return 3;
	return 0;
}

static void
skip_comment(struct hbatext *h)
{
	while (h->at < h->end && *h->at != '\n') {
		size_t join = continuation(h->at, h->end);

		h->at += join > 0 ? join : 1;
	}
}

static bool
is_one_of(char c, const char *characters)
{
	return c != '\0' && strchr(characters, c) != NULL;
}

/* To the next word of this line.  False: the line is over, ${at} is at its end. */
static bool
find_word(struct hbatext *h)
{
	while (h->at < h->end && *h->at != '\n') {
		size_t join = continuation(h->at, h->end);

		if (join > 0)
			h->at += join;
		else if (is_one_of(*h->at, " \t\r,"))
			h->at++;
		else if (*h->at == '#')
			skip_comment(h);
		else
			return true;
	}
	return false;
}

/*
 * The word that begins here.  Two double quotes within quotes are one.  *is_quoted: it begins
 * with one, and so is a name whatever it looks like.
 */
static int
take_word(struct hbatext *h, bool *is_quoted, struct error *err)
{
	bool is_inside = false;

	buf_clear(&h->word);
	h->is_continued = false;
	*is_quoted = *h->at == '"';
	for (; h->at < h->end && *h->at != '\n'; h->at++) {
		size_t join = continuation(h->at, h->end);

		if (join > 0) {
			h->at += join - 1;
			continue;
		}
		if (!is_inside && is_one_of(*h->at, " \t\r#"))
			return 0;
		if (!is_inside && *h->at == ',') {
			h->is_continued = true;
			return 0;
		}
		if (*h->at == '"') {
			const bool is_double =
			    is_inside && h->end - h->at >= 2 && h->at[1] == '"';

			if (!is_double) {
				is_inside = !is_inside;
				continue;
			}
			h->at++;
		}
		if (buf_append(&h->word, h->at, 1, err))
			return -1;
	}
	return 0;
}

/* What of a word the line's meaning depends on. */
static int
note_word(struct hbatext *h, bool begins_field, struct error *err)
{
	const char *word = buf_text(&h->word);

	if (!begins_field)
		return 0;
	if (h->fields++ == 0)
		h->directive = h->form == HBATEXT_WITHOUT_INCLUDES ? HBATEXT_NONE :
								     directive_of(word);
	else if (h->fields == 2) {
		buf_clear(&h->argument);
		h->argument_end = h->at;
		return buf_append(&h->argument, word, strlen(word), err);
	}
	return 0;
}

/* The line is over: was it a directive? */
static enum hbatext_kind
end_line(struct hbatext *h)
{
	const enum hbatext_kind kind = h->fields == 2 ? h->directive : HBATEXT_NONE;

	if (h->at < h->end)
		h->at++;
	h->fields = 0;
	h->is_continued = false;
	h->directive = HBATEXT_NONE;
	return kind;
}

/*
 * What this word of pg_hosts.conf is.  The second field is a certificate when there is a third:
 * a line of two is a directive.
 */
static enum hbatext_kind
host_file(struct hbatext *h, bool begins_field)
{
	if (h->form != HBATEXT_HOSTS || !begins_field || h->fields < 3)
		return HBATEXT_NONE;
	h->has_key = h->fields == 3;
	return h->fields == 3 ? HBATEXT_CERTIFICATE :
	    h->fields == 4    ? HBATEXT_AUTHORITY :
				HBATEXT_NONE;
}

int
hbatext_next(
    struct hbatext *h, enum hbatext_kind *kind, const char **name, struct error *err)
{
	*name = buf_text(&h->word);
	h->name_end = h->word_end;
	*kind = HBATEXT_KEY;
	if (h->has_key) {
		h->has_key = false;
		return 0;
	}
	for (;;) {
		bool begins_field = !h->is_continued, is_quoted;

		if (!find_word(h)) {
			const bool is_last = h->at == h->end;

			*kind = end_line(h);
			*name = buf_text(&h->argument);
			h->name_end = h->argument_end;
			if (*kind != HBATEXT_NONE || is_last)
				return 0;
			continue;
		}
		if (take_word(h, &is_quoted, err) || note_word(h, begins_field, err))
			return -1;
		h->word_end = h->at;
		*kind = host_file(h, begins_field);
		h->name_end = *kind == HBATEXT_CERTIFICATE ? h->argument_end : h->at;
		*name = buf_text(*kind == HBATEXT_CERTIFICATE ? &h->argument : &h->word);
		if (*kind != HBATEXT_NONE)
			return 0;
		if (!is_quoted && h->word.len > 1 && h->word.data[0] == '@') {
			*kind = HBATEXT_LIST;
			*name = buf_text(&h->word) + 1;
			return 0;
		}
	}
}

void
hbatext_end(struct hbatext *h)
{
	buf_free(&h->word);
	buf_free(&h->argument);
}
