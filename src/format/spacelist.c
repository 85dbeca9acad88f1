/* The tablespaces of a backup: where they were, and how many bytes each has. */
#include "format/spacelist.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/number.h"

void
spacelist_free(struct spacelist *list)
{
	free(list->rows);
	*list = (struct spacelist){ 0 };
}

int
spacelist_add(
    struct spacelist *list, uint32_t oid, const char *location, struct error *err)
{
	const size_t n = list->count;

	/* room for a power of two, as long as they come one at a time */
	if ((n & (n - 1)) == 0) {
		void *rows = realloc(list->rows, (n ? 2 * n : 1) * sizeof(*list->rows));

		if (rows == NULL)
			return error_memory(err);
		list->rows = rows;
	}
	list->rows[list->count++] =
	    (struct summary_tablespace){ .oid = oid, .location = location };
	return 0;
}

bool
spacelist_oid(const char *path, uint32_t *oid)
{
	static const char below[] = "pg_tblspc/";
	const char *text = path + sizeof(below) - 1;
	uint64_t number;

	if (strncmp(path, below, sizeof(below) - 1) != 0 ||
	    !number_parse(text, strcspn(text, "/"), UINT32_MAX, &number))
		return false;
	*oid = (uint32_t)number;
	return true;
}

int
spacelist_count(
    struct spacelist *list, const char *path, uint64_t bytes, struct error *err)
{
	uint32_t oid;

	if (!spacelist_oid(path, &oid))
		return 0;
	/* the files of one come one after the other */
	if ((list->count == 0 || list->rows[list->count - 1].oid != oid) &&
	    spacelist_add(list, oid, NULL, err))
		return -1;
	list->rows[list->count - 1].bytes += bytes;
	return 0;
}

static int
spacelist_compare(const void *a, const void *b)
{
	const struct summary_tablespace *one = a, *other = b;

	return (one->oid > other->oid) - (one->oid < other->oid);
}

void
spacelist_merge(struct spacelist *list)
{
	size_t count = 0;

	if (list->count > 0)
		qsort(list->rows, list->count, sizeof(*list->rows), spacelist_compare);
	for (size_t i = 0; i < list->count; i++) {
		const struct summary_tablespace row = list->rows[i];
		struct summary_tablespace *last = &list->rows[count > 0 ? count - 1 : 0];

		if (count == 0 || last->oid != row.oid) {
			list->rows[count++] = row;
			continue;
		}
		last->bytes += row.bytes;
		last->location = last->location ? last->location : row.location;
	}
	list->count = count;
}

void
spacelist_rest_in_place(struct spacelist *list)
{
	for (size_t i = 0; i < list->count; i++)
		list->rows[i].is_in_place = list->rows[i].location == NULL;
}

const char *
spacelist_location(const struct summary_tablespace *t, char out[SPACELIST_IN_PLACE])
{
	if (!t->is_in_place)
		return t->location;
	snprintf(out, SPACELIST_IN_PLACE, "pg_tblspc/%" PRIu32, t->oid);
	return out;
}
