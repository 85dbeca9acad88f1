/*
 * A history decides which timeline's WAL is good, so a damaged one must not pass: numbers have
 * digits only, and a last line without its end counts as cut short.  PostgreSQL itself takes what
 * sscanf() finds in each line (readTimeLineHistory() in src/backend/access/transam/timeline.c).
 */
#include "wal/walhistory.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/lsn.h"

static const char blanks[] = " \t\r\v\f";

/* A stretch of the text. */
struct span {
	const char *at;
	size_t len;
};

static bool
is_blank(char c)
{
	return strchr(blanks, c) != NULL;
}

static void
skip_blanks(struct span *s)
{
	for (; s->len > 0 && is_blank(*s->at); s->at++)
		s->len--;
}

/* Take what stands before the next blank, and the blanks after it. */
static struct span
take_word(struct span *s)
{
	struct span word = { s->at, 0 };

	for (; s->len > 0 && !is_blank(*s->at); s->at++) {
		s->len--;
		word.len++;
	}
	skip_blanks(s);
	return word;
}

/* A decimal from 1 to UINT32_MAX, digits only. */
static bool
parse_timeline(struct span word, uint32_t *timeline)
{
	uint64_t value = 0;

	if (word.len == 0 || word.len > 10)
		return false;
	for (size_t i = 0; i < word.len; i++) {
		if (word.at[i] < '0' || word.at[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(word.at[i] - '0');
	}
	*timeline = (uint32_t)value;
	return value >= 1 && value <= UINT32_MAX;
}

static bool
parse_lsn(struct span word, uint64_t *lsn)
{
	char text[LSN_TEXT];

	if (word.len >= sizeof(text))
		return false;
	memcpy(text, word.at, word.len);
	text[word.len] = '\0';
	return lsn_parse(text, lsn);
}

/* One line that is not empty and no comment; ${h} has room for a row. */
static int
add_line(struct walhistory *h, struct span line, uint32_t timeline, struct error *err)
{
	struct walhistory_row *row = &h->rows[h->count];
	struct walhistory_row before = { 0, 0 };

	if (h->count > 0)
		before = row[-1];
	if (!parse_timeline(take_word(&line), &row->timeline))
		return error_set(
		    err, ERROR_FORMAT, 0, "expected a timeline ID in decimal");
	if (!parse_lsn(take_word(&line), &row->end_lsn))
		return error_set(
		    err, ERROR_FORMAT, 0, "expected a switch position such as 0/5004E10");
	if (row->timeline <= before.timeline)
		return error_set(err, ERROR_FORMAT, 0,
		    "timeline %" PRIu32 " must not follow timeline %" PRIu32,
		    row->timeline, before.timeline);
	if (row->timeline >= timeline)
		return error_set(err, ERROR_FORMAT, 0,
		    "timeline %" PRIu32 " is not an ancestor of timeline %" PRIu32,
		    row->timeline, timeline);
	if (row->end_lsn < before.end_lsn)
		return error_set(err, ERROR_FORMAT, 0,
		    "switch position is before that of timeline %" PRIu32,
		    before.timeline);
	h->count++;
	return 0;
}

/* Room for a row a line, and for the timeline itself. */
static int
walhistory_make_room(struct walhistory *h, struct span text, struct error *err)
{
	size_t lines = 1;

	for (size_t i = 0; i < text.len; i++)
		lines += text.at[i] == '\n';
	h->rows = calloc(lines, sizeof(*h->rows));
	return h->rows ? 0 : error_memory(err);
}

static int
walhistory_parse_lines(
    struct walhistory *h, struct span text, uint32_t timeline, struct error *err)
{
	for (unsigned number = 1; text.len > 0; number++) {
		const char *end = memchr(text.at, '\n', text.len);
		struct span line = { text.at, end ? (size_t)(end - text.at) : text.len };

		if (end == NULL)
			return error_set(
			    err, ERROR_FORMAT, 0, "line %u is cut short", number);
		text.len -= line.len + 1;
		text.at = end + 1;
		skip_blanks(&line);
		if (line.len == 0 || *line.at == '#')
			continue;
		if (add_line(h, line, timeline, err))
			return error_wrap(err, "line %u", number);
	}
	return 0;
}

int
walhistory_parse(const char *text, size_t len, uint32_t timeline, struct walhistory *out,
    struct error *err)
{
	struct walhistory h = { 0 };
	int rc = -1;

	*out = (struct walhistory){ 0 };
	if (len > WALHISTORY_TEXT_MAX)
		return error_set(err, ERROR_FORMAT, 0,
		    "timeline history has %zu bytes, but at most %zu are possible", len,
		    WALHISTORY_TEXT_MAX);
	if (len > 0 && memchr(text, '\0', len))
		return error_set(err, ERROR_FORMAT, 0, "has a zero byte");
	if (walhistory_make_room(&h, (struct span){ text, len }, err) ||
	    walhistory_parse_lines(&h, (struct span){ text, len }, timeline, err))
		goto out;
	h.rows[h.count++] = (struct walhistory_row){ timeline, UINT64_MAX };
	*out = h;
	h = (struct walhistory){ 0 };
	rc = 0;
out:
	walhistory_free(&h);
	return rc;
}

int
walhistory_single(struct walhistory *out, uint32_t timeline, struct error *err)
{
	return walhistory_parse("", 0, timeline, out, err);
}

int
walhistory_copy(struct walhistory *out, const struct walhistory *from, struct error *err)
{
	*out = (struct walhistory){ .rows = calloc(from->count + 1, sizeof(*out->rows)) };
	if (out->rows == NULL)
		return error_memory(err);
	memcpy(out->rows, from->rows, from->count * sizeof(*out->rows));
	out->count = from->count;
	return 0;
}

/* Its last row has no end. */
bool
walhistory_is_beginning(const struct walhistory *h, const struct walhistory *other)
{
	if (h->count == 0 || h->count > other->count)
		return false;
	for (size_t i = 0; i < h->count; i++)
		if (h->rows[i].timeline != other->rows[i].timeline ||
		    (i + 1 < h->count && h->rows[i].end_lsn != other->rows[i].end_lsn))
			return false;
	return true;
}

bool
walhistory_has(const struct walhistory *h, uint32_t timeline)
{
	for (size_t i = 0; i < h->count; i++)
		if (h->rows[i].timeline == timeline)
			return true;
	return false;
}

uint32_t
walhistory_at(const struct walhistory *h, uint64_t lsn)
{
	size_t i = 0;

	while (i + 1 < h->count && lsn >= h->rows[i].end_lsn)
		i++;
	return h->rows[i].timeline;
}

void
walhistory_cut(struct walhistory *h, uint64_t lsn)
{
	while (h->count > 1 && h->rows[h->count - 2].end_lsn > lsn)
		h->count--;
	h->rows[h->count - 1].end_lsn = UINT64_MAX;
}

void
walhistory_free(struct walhistory *h)
{
	free(h->rows);
	*h = (struct walhistory){ 0 };
}
