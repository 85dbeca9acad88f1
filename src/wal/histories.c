/* Few, so that they are searched one by one. */
#include "wal/histories.h"

#include <stdlib.h>
#include <string.h>

#include "wal/walname.h"

int
histories_add(
    struct histories *h, const char *path, const struct buf *text, struct error *err)
{
	const char *slash = strrchr(path, '/');
	struct histories_row row = { 0 }, *rows;
	struct error why = { 0 };

	if (h->count == HISTORIES_MOST ||
	    !walname_parse_history(slash ? slash + 1 : path, &row.timeline))
		return 0;
	if (walhistory_parse(
		buf_text(text), text->len, row.timeline, &row.history, &why)) {
		if (why.kind != ERROR_MEMORY)
			return 0;
		*err = why;
		return -1;
	}
	rows = realloc(h->rows, (h->count + 1) * sizeof(*rows));
	if (rows == NULL) {
		walhistory_free(&row.history);
		return error_memory(err);
	}
	h->rows = rows;
	rows[h->count++] = row;
	return 0;
}

const struct walhistory *
histories_find(const struct histories *h, uint32_t timeline)
{
	for (size_t i = 0; i < h->count; i++)
		if (h->rows[i].timeline == timeline)
			return &h->rows[i].history;
	return NULL;
}

void
histories_free(struct histories *h)
{
	for (size_t i = 0; i < h->count; i++)
		walhistory_free(&h->rows[i].history);
	free(h->rows);
	*h = (struct histories){ 0 };
}
