/* The words of the verdicts are values of JSON as well: programs look for them. */
#include "format/checklist.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/utf8.h"

/* Of the keys. */
enum { CHECKLIST_VERSION = 1 };

static const char *const verdicts[CHECKLIST_VERDICTS] = {
	[CHECKLIST_OK] = "ok",
	[CHECKLIST_WARNING] = "warning",
	[CHECKLIST_FAILED] = "failed",
	[CHECKLIST_SKIPPED] = "skipped",
};

int
checklist_add(struct checklist *list, const char *name, enum checklist_verdict verdict,
    const char *text, const char *hint, struct error *err)
{
	struct checklist_row row = { .name = name, .verdict = verdict };
	struct checklist_row *rows =
	    realloc(list->rows, (list->count + 1) * sizeof(*rows));

	if (rows)
		list->rows = rows;
	row.text = strdup(text);
	row.hint = hint && *hint != '\0' ? strdup(hint) : NULL;
	if (rows == NULL || row.text == NULL || (hint && *hint != '\0' && !row.hint)) {
		free(row.text);
		free(row.hint);
		return error_memory(err);
	}
	list->rows[list->count++] = row;
	list->counts[verdict]++;
	return 0;
}

/* File names are in it, and what a server said. */
static int
append_line(struct buf *text, const char *before, const char *line, struct error *err)
{
	char clean[2048];

	utf8_defuse(clean, sizeof(clean), line);
	return buf_printf(text, err, "%s%s\n", before, clean);
}

/* One line for all of them: they have one reason. */
static int
append_skipped(const struct checklist *list, struct buf *text, struct error *err)
{
	const char *before = "skipped  ";

	for (size_t i = 0; i < list->count; i++) {
		if (list->rows[i].verdict != CHECKLIST_SKIPPED)
			continue;
		if (buf_printf(text, err, "%s%s", before, list->rows[i].name))
			return -1;
		before = ", ";
	}
	return buf_printf(text, err, "\n");
}

int
checklist_text(
    const struct checklist *list, bool only_failed, struct buf *text, struct error *err)
{
	char before[64];

	for (size_t i = 0; i < list->count; i++) {
		const struct checklist_row *row = &list->rows[i];

		if (row->verdict == CHECKLIST_SKIPPED ||
		    (only_failed && row->verdict != CHECKLIST_FAILED))
			continue;
		snprintf(before, sizeof(before), "%-9s%s: ", verdicts[row->verdict],
		    row->name);
		if (append_line(text, before, row->text, err) ||
		    (row->hint && append_line(text, "         hint: ", row->hint, err)))
			return -1;
	}
	if (only_failed || list->counts[CHECKLIST_SKIPPED] == 0)
		return 0;
	return append_skipped(list, text, err);
}

int
checklist_json(const struct checklist *list, struct buf *text, struct error *err)
{
	struct json j = { 0 };
	int rc;

	json_object(&j, NULL);
	json_number(&j, "version", CHECKLIST_VERSION);
	json_text(&j, "result", list->counts[CHECKLIST_FAILED] > 0 ? "failed" : "ok");
	json_array(&j, "checks");
	for (size_t i = 0; i < list->count; i++) {
		json_object(&j, NULL);
		json_text(&j, "check", list->rows[i].name);
		json_text(&j, "result", verdicts[list->rows[i].verdict]);
		json_text(&j, "text", list->rows[i].text);
		json_text(&j, "hint", list->rows[i].hint);
		json_end(&j);
	}
	json_end(&j);
	json_number_if(&j, "bytes_estimated", list->bytes > 0, list->bytes);
	json_number_if(&j, "bytes_available", list->has_room, list->room);
	json_end(&j);
	rc =
	    json_finish(&j, err) || buf_append(text, buf_text(&j.text), j.text.len, err) ?
	    -1 :
	    0;
	json_free(&j);
	return rc;
}

void
checklist_free(struct checklist *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->rows[i].text);
		free(list->rows[i].hint);
	}
	free(list->rows);
	*list = (struct checklist){ 0 };
}
