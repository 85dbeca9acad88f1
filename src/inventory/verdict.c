/*
 * A report is found by what it begins with, not by its name, and read as JSON of which a few keys of
 * the outermost object count.  Another program may have written it: it is read within limits, and what
 * is wrong with it makes it a report that says nothing.
 */
#include "inventory/verdict.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "format/report_json.h"
#include "lib/buf.h"
#include "lib/jsonparser.h"
#include "lib/lsn.h"
#include "lib/number.h"
#include "lib/sys.h"

/* Bytes of a report: with all the findings that one can have it is some 10 MB. */
enum { VERDICT_MOST = 64 * 1024 * 1024 };

/* The keys that count, as they come. */
struct verdict_reader {
	struct jsonparser_sink sink; /* first */
	size_t depth;
	char key[32];
	struct verdicts_row row;
};

static const char *const results[] = {
	[VERDICT_SOUND] = "sound",
	[VERDICT_FINDINGS] = "findings",
	[VERDICT_FAILED] = "failed",
	[VERDICT_RUNNING] = "running",
};

const char *
verdict_name(enum verdict_result result)
{
	return results[result];
}

/* ---- one report ---- */

static int
verdict_open(struct jsonparser_sink *sink, char kind, struct error *err)
{
	(void)kind;
	(void)err;
	((struct verdict_reader *)sink)->depth++;
	return 0;
}

static int
verdict_close(struct jsonparser_sink *sink, char kind, struct error *err)
{
	(void)kind;
	(void)err;
	((struct verdict_reader *)sink)->depth--;
	return 0;
}

static int
verdict_key(struct jsonparser_sink *sink, const char *text, size_t len, struct error *err)
{
	struct verdict_reader *r = (struct verdict_reader *)sink;

	(void)err;
	r->key[0] = '\0';
	if (r->depth == 1 && len < sizeof(r->key))
		memcpy(r->key, text, len + 1);
	return 0;
}

static enum verdict_result
result_of(const char *text)
{
	for (size_t i = VERDICT_SOUND; i <= VERDICT_RUNNING; i++)
		if (strcmp(text, results[i]) == 0)
			return (enum verdict_result)i;
	return VERDICT_UNKNOWN;
}

/* The last name of a path. */
static int
take_name(struct verdicts_row *row, const char *path, struct error *err)
{
	size_t len = strlen(path), from;

	while (len > 0 && path[len - 1] == '/')
		len--;
	for (from = len; from > 0 && path[from - 1] != '/';)
		from--;
	free(row->name);
	row->name = strndup(path + from, len - from);
	return row->name ? 0 : error_memory(err);
}

static int
verdict_value(struct jsonparser_sink *sink, char kind, const char *text, size_t len,
    struct error *err)
{
	struct verdict_reader *r = (struct verdict_reader *)sink;
	struct verdict *v = &r->row.verdict;

	if (r->depth != 1 || kind != '"')
		return 0;
	if (strcmp(r->key, "input") == 0 || strcmp(r->key, "output") == 0)
		return take_name(&r->row, text, err);
	if (strcmp(r->key, "result") == 0)
		v->result = result_of(text);
	else if (strcmp(r->key, "command") == 0)
		snprintf(v->command, sizeof(v->command), "%s", text);
	else if (strcmp(r->key, "ended") == 0)
		snprintf(v->ended, sizeof(v->ended), "%s", text);
	else if (strcmp(r->key, "system_identifier") == 0)
		(void)number_parse(text, len, UINT64_MAX, &r->row.system_identifier);
	else if (strcmp(r->key, "start_lsn") == 0)
		(void)lsn_parse(text, &r->row.start_lsn);
	return 0;
}

static const struct jsonparser_sink_ops verdict_ops = { verdict_open, verdict_close,
	verdict_key, verdict_value };

static int
parse_report(struct verdict_reader *r, const struct buf *text, struct error *err)
{
	struct jsonparser *parser;
	int rc;

	if (jsonparser_new(&parser, &r->sink, err))
		return -1;
	rc = jsonparser_bytes(parser, text->data, text->len, err) ||
		jsonparser_finish(parser, err) ?
	    -1 :
	    0;
	jsonparser_free(parser);
	return rc;
}

/* Only a regular file is opened: the writer of a fifo would take us for its reader, and a tape rewinds. */
static bool
begins_as_report(int dirfd, const char *name)
{
	char bytes[sizeof(REPORT_BEGINNING) - 1];
	struct stat st;
	bool is_one;
	int fd;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == -1 || !S_ISREG(st.st_mode))
		return false;
	fd = openat(
	    dirfd, name, O_RDONLY | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1)
		return false;
	is_one = read(fd, bytes, sizeof(bytes)) == (ssize_t)sizeof(bytes) &&
	    memcmp(bytes, REPORT_BEGINNING, sizeof(bytes)) == 0;
	sys_close(fd);
	return is_one;
}

/* ---- all of them ---- */

/* Takes what the row has. */
static int
keep_verdict(struct verdicts *v, const struct verdicts_row *row, struct error *err)
{
	struct verdicts_row *rows = realloc(v->rows, (v->count + 1) * sizeof(*rows));

	if (rows == NULL) {
		free(row->name);
		return error_memory(err);
	}
	v->rows = rows;
	rows[v->count++] = *row;
	return 0;
}

int
verdicts_add(
    struct verdicts *v, int dirfd, const char *name, bool *is_report, struct error *err)
{
	struct verdict_reader r = { .sink = { &verdict_ops } };
	struct buf text = { 0 };
	int rc;

	*is_report = begins_as_report(dirfd, name);
	if (!*is_report)
		return 0;
	rc = sys_read_file(dirfd, name, VERDICT_MOST, &text, err) ||
		parse_report(&r, &text, err) ?
	    -1 :
	    0;
	buf_free(&text);
	if (rc == 0 && r.row.verdict.result != VERDICT_UNKNOWN && r.row.name)
		return keep_verdict(v, &r.row, err);
	free(r.row.name);
	return rc == -1 && err->kind == ERROR_MEMORY ? -1 : 0;
}

/* Is it about that backup, by all that tells one from another? */
static bool
is_about(const struct verdicts_row *row, const char *name, uint64_t system_identifier,
    uint64_t start_lsn)
{
	return strcmp(row->name, name) == 0 &&
	    row->system_identifier == system_identifier && row->start_lsn == start_lsn;
}

/* The same, or it may be: of a run that did not come to know more than the name. */
static bool
may_be_about(const struct verdicts_row *row, const char *name, uint64_t system_identifier,
    uint64_t start_lsn)
{
	return strcmp(row->name, name) == 0 &&
	    (row->system_identifier == 0 ||
		row->system_identifier == system_identifier) &&
	    (row->start_lsn == 0 || row->start_lsn == start_lsn);
}

/* It was read under another name, as that of a link: what was wrong with it, is. */
static bool
is_wrong_with(
    const struct verdicts_row *row, uint64_t system_identifier, uint64_t start_lsn)
{
	return (row->verdict.result == VERDICT_FINDINGS ||
		   row->verdict.result == VERDICT_FAILED) &&
	    strcmp(row->verdict.command, "backup") != 0 && start_lsn != 0 &&
	    row->system_identifier == system_identifier && row->start_lsn == start_lsn;
}

/* Of rows that ended after the backup began: is it the last of them up to now? */
static bool
is_later(const struct verdicts_row *row, const struct verdict *last, const char *began)
{
	return row->verdict.result != VERDICT_RUNNING &&
	    strcmp(row->verdict.ended, began) >= 0 &&
	    strcmp(row->verdict.ended, last->ended) >= 0;
}

struct verdict
verdicts_find(const struct verdicts *v, const char *name, uint64_t system_identifier,
    uint64_t start_lsn, const char *began)
{
	struct verdict last = { 0 };

	for (size_t i = 0; i < v->count; i++)
		if (is_about(&v->rows[i], name, system_identifier, start_lsn) &&
		    is_later(&v->rows[i], &last, began))
			last = v->rows[i].verdict;
	return last;
}

/* A backup that fails before it has begun, as that name exists, is not about what has the name. */
enum verdict_result
verdicts_against(const struct verdicts *v, const char *name, uint64_t system_identifier,
    uint64_t start_lsn, const char *began)
{
	struct verdict last = { 0 };

	for (size_t i = 0; i < v->count; i++) {
		const struct verdicts_row *row = &v->rows[i];
		const bool is_exact = row->verdict.result != VERDICT_RUNNING &&
		    strcmp(row->verdict.command, "backup") == 0;

		if (!(is_exact ? is_about : may_be_about)(
			row, name, system_identifier, start_lsn) &&
		    !is_wrong_with(row, system_identifier, start_lsn))
			continue;
		if (row->verdict.result == VERDICT_RUNNING)
			return VERDICT_RUNNING;
		if (is_later(row, &last, began))
			last = row->verdict;
	}
	return last.result;
}

void
verdicts_free(struct verdicts *v)
{
	for (size_t i = 0; i < v->count; i++)
		free(v->rows[i].name);
	free(v->rows);
	*v = (struct verdicts){ 0 };
}
