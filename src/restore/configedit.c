/*
 * Lines of configuration files are kept as they are, to the byte, but for the few that would lead
 * the copy to what is the original's: their values are replaced, and what they said stays as a
 * comment for whoever looks for it.
 */
#include "restore/configedit.h"

#include <string.h>

#include "pg/conftext.h"

static const char mark[] = "#pg_basetar: ";

/* The line from ${at}, without its end; *next is where the one after it begins. */
static size_t
line_length(const char *at, const char *end, const char **next)
{
	const char *feed = memchr(at, '\n', (size_t)(end - at));

	*next = feed ? feed + 1 : end;
	return (size_t)((feed ? feed : end) - at);
}

/* Each of the lines ${at} to ${end} as a comment. */
static int
comment(struct buf *out, const char *at, const char *end, struct error *err)
{
	while (at < end) {
		const char *line = at;
		const size_t len = line_length(line, end, &at);

		if (buf_append(out, mark, sizeof(mark) - 1, err) ||
		    buf_append(out, line, len, err) || buf_append(out, "\n", 1, err))
			return -1;
	}
	return 0;
}

/* "NAME = 'VALUE'": quotes and backslashes are doubled (GUC_scanstr() in guc-file.l). */
static int
put_setting(struct buf *out, const char *name, const char *value, struct error *err)
{
	if (buf_printf(out, err, "%s = '", name))
		return -1;
	for (; *value; value++)
		if (((*value == '\'' || *value == '\\') &&
			buf_append(out, value, 1, err)) ||
		    buf_append(out, value, 1, err))
			return -1;
	return buf_printf(out, err, "'\n");
}

/* ---- postgresql.conf ---- */

/* One line, ${at} to ${next}, its end included. */
static int
edit_line(struct configedit *e, const char *at, const char *next, struct buf *out,
    bool *is_changed, struct error *err)
{
	struct configedit_change change = { .fate = CONFIGEDIT_STAYS };
	const char *name, *value;
	struct conftext c;
	int rc;

	conftext_begin(&c, at, (size_t)(next - at));
	rc = conftext_next(&c, &name, &value, err);
	if (rc == 0 && name)
		rc = e->setting(e, name, value, &change, err);
	if (rc == 0 && change.fate == CONFIGEDIT_STAYS)
		rc = buf_append(out, at, (size_t)(next - at), err);
	else if (rc == 0)
		rc = comment(out, at, next, err);
	if (rc == 0 && change.fate == CONFIGEDIT_VALUE)
		rc = put_setting(out, name, buf_text(&change.value), err);
	*is_changed |= change.fate != CONFIGEDIT_STAYS;
	conftext_end(&c);
	buf_free(&change.value);
	return rc;
}

int
configedit_settings(struct configedit *e, const struct buf *text, struct buf *out,
    bool *is_changed, struct error *err)
{
	const char *at = buf_text(text), *end = at + text->len, *next;

	for (; at < end; at = next) {
		(void)line_length(at, end, &next);
		if (edit_line(e, at, next, out, is_changed, err))
			return -1;
	}
	return 0;
}

/* ---- pg_hba.conf ---- */

/* With the lines that a backslash at the end of each joins to the first ("The pg_hba.conf File"). */
static const char *
joined_end(const char *at, const char *end)
{
	const char *next = at;
	size_t len;

	do {
		const char *line = next;

		len = line_length(line, end, &next);
		if (len == 0 || line[len - 1] != '\\')
			break;
	} while (next < end);
	return next;
}

/* A line that is being copied. */
struct edited_line {
	const char *at; /* what is before it is copied already */
	const char *end;
	struct buf out;
	bool is_changed;
};

/*
 * Where ${name} stands, which ends at ${end}; NULL: it is not there as it is read, since quotes or the
 * end of a line are within, or it is copied already.
 */
static const char *
name_place(const struct edited_line *line, const char *end, const char *name)
{
	const size_t len = strlen(name);

	if (end > line->at && end[-1] == '"')
		end--;
	if (end < line->at || (size_t)(end - line->at) < len ||
	    memcmp(end - len, name, len) != 0)
		return NULL;
	return end - len;
}

/* What becomes of the line by one name in it, which ends at ${end}. */
static int
edit_name(struct configedit *e, enum hbatext_kind kind, const char *name, const char *end,
    struct edited_line *line, struct error *err)
{
	struct configedit_change change = { .fate = CONFIGEDIT_STAYS };
	int rc = e->name(e, kind, name, &change, err);
	const char *place = rc == 0 && change.fate == CONFIGEDIT_VALUE ?
	    name_place(line, end, name) :
	    NULL;

	if (place) {
		rc = buf_append(&line->out, line->at, (size_t)(place - line->at), err) ||
			buf_printf(&line->out, err, "%s", buf_text(&change.value)) ?
		    -1 :
		    0;
		line->at = place + strlen(name);
		line->is_changed = true;
	}
	buf_free(&change.value);
	return rc;
}

static int
edit_joined(struct configedit *e, enum hbatext_form form, struct edited_line *line,
    struct error *err)
{
	enum hbatext_kind kind;
	struct hbatext h;
	const char *name;
	int rc;

	hbatext_begin(&h, line->at, (size_t)(line->end - line->at), form);
	do {
		rc = hbatext_next(&h, &kind, &name, err);
		if (rc == 0 && kind != HBATEXT_NONE)
			rc = edit_name(e, kind, name, h.name_end, line, err);
	} while (rc == 0 && kind != HBATEXT_NONE);
	hbatext_end(&h);
	if (rc)
		return -1;
	return buf_append(&line->out, line->at, (size_t)(line->end - line->at), err);
}

int
configedit_authentication(struct configedit *e, enum hbatext_form form,
    const struct buf *text, struct buf *out, bool *is_changed, struct error *err)
{
	const char *at = buf_text(text), *end = at + text->len, *next;

	for (; at < end; at = next) {
		struct edited_line line = { .at = at };
		int rc;

		next = line.end = joined_end(at, end);
		rc = edit_joined(e, form, &line, err);
		if (rc == 0 && line.is_changed)
			rc = comment(out, at, next, err);
		if (rc == 0)
			rc = buf_append(out, line.out.data, line.out.len, err);
		*is_changed |= line.is_changed;
		buf_free(&line.out);
		if (rc)
			return -1;
	}
	return 0;
}
