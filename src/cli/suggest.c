/*
 * The distance of two words is the optimal string alignment: the least number of letters put in, left
 * out or replaced, and of neighbours exchanged, none of them edited twice.
 *
 *	         "" c h e k        row i: what of the word was read
 *	    ""    0 1 2 3 4        column k: what of the name was
 *	    c     1 0 1 2 3        three rows are enough: an exchange looks two back
 */
#include "cli/suggest.h"

#include <stdio.h>
#include <string.h>

enum { LETTERS = 48 }; /* of a word or a name; a longer one is not looked at */

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t
distance(const char *a, size_t alen, const char *b, size_t blen)
{
	size_t rows[3][LETTERS + 1];

	for (size_t k = 0; k <= blen; k++)
		rows[0][k] = k;
	for (size_t i = 1; i <= alen; i++) {
		size_t *now = rows[i % 3];
		const size_t *before = rows[(i - 1) % 3], *earlier = rows[(i + 1) % 3];

		now[0] = i;
		for (size_t k = 1; k <= blen; k++) {
			now[k] = least(before[k - 1] + (a[i - 1] != b[k - 1]),
			    least(before[k], now[k - 1]) + 1);
			if (i > 1 && k > 1 && a[i - 1] == b[k - 2] &&
			    a[i - 2] == b[k - 1])
				now[k] = least(now[k], earlier[k - 2] + 1);
		}
	}
	return rows[alen % 3][blen];
}

/* One slip in a short word, a few in a long one: a third of it would be another word. */
static size_t
most(size_t len)
{
	return len < 4 ? 1 : len < 9 ? 2 : 3;
}

void
suggest_start(struct suggest *s, const char *word, size_t len)
{
	*s = (struct suggest){ .word = word, .len = len, .least = most(len) };
}

void
suggest_offer(struct suggest *s, const char *name)
{
	const size_t len = strlen(name);
	size_t differs;

	if (s->len > LETTERS || len > LETTERS || s->len == 0)
		return;
	differs = distance(s->word, s->len, name, len);
	if (differs > s->least || differs >= len)
		return;
	if (differs < s->least)
		s->count = 0;
	s->least = differs;
	if (s->count < SUGGEST_MOST)
		s->names[s->count++] = name;
}

int
suggest_hint(const struct suggest *s, const char *dashes, struct error *err)
{
	char text[SUGGEST_MOST * (LETTERS + 16)] = "";
	size_t used = 0;

	for (size_t i = 0; i < s->count; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s\"%s%s\"",
		    i == 0                ? "" :
			i + 1 == s->count ? " or " :
					    ", ",
		    dashes, s->names[i]);
	return s->count > 0 ? error_hint(err, "Did you mean %s?", text) : -1;
}
