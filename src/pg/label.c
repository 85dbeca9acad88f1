/*
 * The lines of a backup_label are a table in the order of the file, and the parser goes through
 * both at once.  The label's text is the one value that may have several lines: it goes on to the
 * last START TIMELINE, or to the end.  What is built here is parsed again: one place has the rules.
 */
#include "pg/label.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/lsn.h"
#include "lib/number.h"

/* A line holds a text of LABEL_TEXT_MOST at most, and a key. */
#define LINE_MOST (LABEL_TEXT_MOST + 64)

/* Hexadecimal digits of a WAL segment's name; the first 8 are its timeline. */
#define FILE_DIGITS 24

static bool
has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7F)
			return true;
	return false;
}

int
label_check_text(const char *text, struct error *err)
{
	size_t len = strlen(text);

	if (len > LABEL_TEXT_MOST)
		return error_set(err, ERROR_USAGE, 0,
		    "backup label is too long: %zu bytes, at most %d are allowed", len,
		    LABEL_TEXT_MOST);
	/* a newline would make the rest of it lines of their own */
	if (has_control(text))
		return error_set(
		    err, ERROR_USAGE, 0, "backup label has a control character");
	return 0;
}

/*
 * Readers of one value each: the rest of a line after its key, a string.  False: it is
 * no such value.  If memory is lacking, the field stays NULL.
 */
static bool
read_start(const char *value, struct label *l)
{
	const char *paren = strstr(value, " (file ");
	char lsn[LSN_TEXT], timeline[9] = "";
	const char *file;

	if (paren == NULL || (size_t)(paren - value) >= sizeof(lsn))
		return false;
	memcpy(lsn, value, (size_t)(paren - value));
	lsn[paren - value] = '\0';
	file = paren + strlen(" (file ");
	if (!lsn_parse(lsn, &l->start_lsn) || l->start_lsn == 0 ||
	    strspn(file, "0123456789ABCDEF") != FILE_DIGITS ||
	    strcmp(file + FILE_DIGITS, ")") != 0)
		return false;
	memcpy(l->start_file, file, FILE_DIGITS);
	memcpy(timeline, file, 8);
	l->timeline = (uint32_t)strtoul(timeline, NULL, 16);
	return l->timeline != 0;
}

/* redo is where the checkpoint began, so its record cannot lie before. */
static bool
read_checkpoint(const char *value, struct label *l)
{
	return lsn_parse(value, &l->checkpoint_lsn) && l->checkpoint_lsn >= l->start_lsn;
}

static bool
read_method(const char *value, struct label *l)
{
	if (strcmp(value, "streamed") != 0 && strcmp(value, "pg_start_backup") != 0)
		return false;
	memcpy(l->method, value, strlen(value) + 1);
	return true;
}

static bool
read_from(const char *value, struct label *l)
{
	l->from_standby = strcmp(value, "standby") == 0;
	return l->from_standby || strcmp(value, "primary") == 0 ||
	    strcmp(value, "master") == 0;
}

static bool
read_time(const char *value, struct label *l)
{
	if (*value == '\0')
		return false;
	l->start_time = strdup(value);
	return true;
}

static bool
read_text(const char *value, struct label *l)
{
	if (strlen(value) > LABEL_TEXT_MOST)
		return false;
	l->text = strdup(value);
	return true;
}

/* The server stops when this is not the timeline in the name of the segment. */
static bool
read_timeline(const char *value, struct label *l)
{
	uint64_t timeline;

	l->has_timeline = true;
	return number_parse(value, strlen(value), UINT32_MAX, &timeline) &&
	    timeline == l->timeline;
}

static bool
read_incremental(const char *value, struct label *l)
{
	uint64_t lsn;

	l->incremental = true;
	return lsn_parse(value, &lsn);
}

static bool
read_incremental_timeline(const char *value, struct label *l)
{
	uint64_t timeline;

	return l->incremental &&
	    number_parse(value, strlen(value), UINT32_MAX, &timeline);
}

struct line {
	const char *key;
	bool is_optional;
	bool (*read)(const char *value, struct label *);
};

/* In the order of the file. */
static const struct line lines[] = {
	{ "START WAL LOCATION", false, read_start },
	{ "CHECKPOINT LOCATION", false, read_checkpoint },
	{ "BACKUP METHOD", false, read_method },
	{ "BACKUP FROM", false, read_from },
	{ "START TIME", false, read_time },
	{ "LABEL", false, read_text },
	{ "START TIMELINE", true, read_timeline },
	{ "INCREMENTAL FROM LSN", true, read_incremental },
	{ "INCREMENTAL FROM TLI", true, read_incremental_timeline },
};

#define LINES (sizeof(lines) / sizeof(lines[0]))

/* If the line at *at has this key, copy its value and move *at past it. */
static bool
take_line(const char **at, const char *end, const char *key, char value[LINE_MOST])
{
	size_t key_len = strlen(key), left = (size_t)(end - *at), len;
	const char *newline;

	if (left < key_len + 2 || memcmp(*at, key, key_len) != 0 ||
	    memcmp(*at + key_len, ": ", 2) != 0)
		return false;
	newline = memchr(*at, '\n', left);
	if (newline == NULL)
		return false;
	len = (size_t)(newline - *at) - key_len - 2;
	if (len >= LINE_MOST)
		return false;
	memcpy(value, *at + key_len + 2, len);
	value[len] = '\0';
	*at = newline + 1;
	return true;
}

static bool
is_at(const char *at, const char *end, const char *key)
{
	const size_t len = strlen(key);

	return (size_t)(end - at) >= len + 2 && memcmp(at, key, len) == 0 &&
	    memcmp(at + len, ": ", 2) == 0;
}

static bool
is_of_label_end(const char *at, const char *end)
{
	return is_at(at, end, "START TIMELINE") ||
	    is_at(at, end, "INCREMENTAL FROM LSN") ||
	    is_at(at, end, "INCREMENTAL FROM TLI");
}

/* Where the lines of a label's text end that begin at ${at}: at the last START TIMELINE. */
static const char *
end_of_text(const char *at, const char *end)
{
	const char *found = end;

	for (const char *line = at; line < end;) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));

		if (is_at(line, end, "START TIMELINE"))
			found = line;
		line = newline ? newline + 1 : end;
	}
	return found;
}

/* After the line LABEL: the other lines of its text, if it has any. */
static int
take_more_text(const char **at, const char *end, struct label *l, struct error *err)
{
	const char *to = end_of_text(*at, end);
	const size_t more = (size_t)(to - *at), len = l->text ? strlen(l->text) : 0;
	char *text;

	if (l->text == NULL)
		return error_memory(err);
	if (more == 0 || is_of_label_end(*at, end))
		return 0;
	if (to[-1] != '\n')
		return error_set(err, ERROR_FORMAT, 0, "the label does not end");
	if (len + more > LABEL_TEXT_MOST)
		return error_set(err, ERROR_FORMAT, 0, "the label has more than %d bytes",
		    LABEL_TEXT_MOST);
	text = realloc(l->text, len + more + 1);
	if (text == NULL)
		return error_memory(err);
	text[len] = '\n';
	memcpy(text + len + 1, *at, more - 1);
	text[len + more] = '\0';
	l->text = text;
	*at = to;
	return 0;
}

static int
label_parse_lines(const char *text, size_t len, struct label *l, struct error *err)
{
	const char *at = text, *end = text + len;
	char value[LINE_MOST];

	if (memchr(text, '\0', len))
		return error_set(err, ERROR_FORMAT, 0, "has a zero byte");
	for (size_t i = 0; i < LINES; i++) {
		if (!take_line(&at, end, lines[i].key, value)) {
			if (lines[i].is_optional)
				continue;
			return error_set(err, ERROR_FORMAT, 0,
			    "line \"%s: \" is missing or misplaced", lines[i].key);
		}
		if (!lines[i].read(value, l))
			return error_set(err, ERROR_FORMAT, 0,
			    "line \"%s: %s\" is not valid", lines[i].key,
			    has_control(value) ? "?" : value);
		if (lines[i].read == read_text && take_more_text(&at, end, l, err))
			return -1;
	}
	if (at != end)
		return error_set(
		    err, ERROR_FORMAT, 0, "there is text after the last line");
	if (l->text == NULL || l->start_time == NULL)
		return error_memory(err);
	return 0;
}

int
label_parse(const char *text, size_t len, struct label *out, struct error *err)
{
	struct label l = { 0 };

	if (label_parse_lines(text, len, &l, err)) {
		label_free(&l);
		return -1;
	}
	*out = l;
	return 0;
}

static int
append_label(struct buf *b, const struct label *l, const struct pg_version *version,
    struct error *err)
{
	char start[LSN_TEXT], checkpoint[LSN_TEXT], timeline[40] = "";

	if (version->label_has_timeline)
		snprintf(timeline, sizeof(timeline), "START TIMELINE: %" PRIu32 "\n",
		    l->timeline);
	return buf_printf(b, err,
	    "START WAL LOCATION: %s (file %s)\n"
	    "CHECKPOINT LOCATION: %s\n"
	    "BACKUP METHOD: %s\n"
	    "BACKUP FROM: %s\n"
	    "START TIME: %s\n"
	    "LABEL: %s\n"
	    "%s",
	    cluster_lsn(version, start, l->start_lsn), l->start_file,
	    cluster_lsn(version, checkpoint, l->checkpoint_lsn), l->method,
	    l->from_standby ? "standby" : version->primary_word, l->start_time, l->text,
	    timeline);
}

/* What we write we must be able to read: one place knows the rules. */
static int
check_built(const struct buf *text, const struct label *label, struct error *err)
{
	struct label again;
	uint32_t timeline;

	if (label_parse(buf_text(text), text->len, &again, err))
		return -1;
	timeline = again.timeline;
	label_free(&again);
	if (timeline == label->timeline)
		return 0;
	return error_set(err, ERROR_FORMAT, 0,
	    "WAL file %s does not belong to timeline %" PRIu32, label->start_file,
	    label->timeline);
}

int
label_build(struct buf *b, const struct label *label, const struct pg_version *version,
    struct error *err)
{
	struct buf text = { 0 };
	int rc = -1;

	if (label->incremental)
		error_set(
		    err, ERROR_FORMAT, 0, "pg_basetar does not make incremental backups");
	else if (has_control(label->text) || has_control(label->start_time))
		error_set(err, ERROR_FORMAT, 0, "a value has a control character");
	else if (append_label(&text, label, version, err) == 0 &&
	    check_built(&text, label, err) == 0)
		rc = buf_append(b, text.data, text.len, err);
	if (rc)
		error_wrap(err, "backup_label");
	buf_free(&text);
	return rc;
}

/* What is compared and is no text yet. */
struct printed {
	char start[LSN_TEXT], checkpoint[LSN_TEXT], timeline[16];
};

static void
print_label(struct printed *p, const struct label *l)
{
	lsn_print(p->start, l->start_lsn);
	lsn_print(p->checkpoint, l->checkpoint_lsn);
	p->timeline[0] = '\0';
	if (l->has_timeline)
		snprintf(p->timeline, sizeof(p->timeline), "%" PRIu32, l->timeline);
}

int
label_compare(const struct label *sent, const struct label *server, struct error *err)
{
	struct printed a, b;
	const struct {
		const char *key, *sent, *server;
	} rows[] = {
		{ "START WAL LOCATION", a.start, b.start },
		{ "START WAL LOCATION", sent->start_file, server->start_file },
		{ "CHECKPOINT LOCATION", a.checkpoint, b.checkpoint },
		{ "BACKUP METHOD", sent->method, server->method },
		{ "BACKUP FROM", sent->from_standby ? "standby" : "primary",
		    server->from_standby ? "standby" : "primary" },
		{ "LABEL", sent->text, server->text },
		{ "START TIMELINE", a.timeline, b.timeline },
		{ "INCREMENTAL", sent->incremental ? "yes" : "no",
		    server->incremental ? "yes" : "no" },
	};

	print_label(&a, sent);
	print_label(&b, server);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].sent, rows[i].server) != 0)
			return error_set(err, ERROR_SERVER, 0,
			    "\"%s\" in the backup_label of the server is \"%s\", but the backup has \"%s\"",
			    rows[i].key, rows[i].server, rows[i].sent);
	return 0;
}

void
label_free(struct label *label)
{
	if (label == NULL)
		return;
	free(label->start_time);
	free(label->text);
	*label = (struct label){ 0 };
}
