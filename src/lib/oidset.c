/*
 * Rows are appended as they come, and sorted at the first question after that: OIDs are added
 * first, and asked for later, so that one qsort() serves all questions.  An OID that is added twice
 * is there twice, which a search does not mind.
 */
#include "lib/oidset.h"

#include <stdlib.h>
#include <string.h>

#include "lib/number.h"

int
oidset_add(struct oidset *s, uint32_t oid, struct error *err)
{
	if (s->count == s->room) {
		const size_t room = s->room ? 2 * s->room : 16;
		uint32_t *rows = realloc(s->rows, room * sizeof(*rows));

		if (rows == NULL)
			return error_memory(err);
		s->rows = rows;
		s->room = room;
	}
	if (s->count > 0 && s->rows[s->count - 1] > oid)
		s->is_unsorted = true;
	s->rows[s->count++] = oid;
	return 0;
}

static int
oidset_compare(const void *a, const void *b)
{
	const uint32_t one = *(const uint32_t *)a, other = *(const uint32_t *)b;

	return (one > other) - (one < other);
}

bool
oidset_has(struct oidset *s, uint32_t oid)
{
	if (s->count == 0)
		return false;
	if (s->is_unsorted)
		qsort(s->rows, s->count, sizeof(*s->rows), oidset_compare);
	s->is_unsorted = false;
	return bsearch(&oid, s->rows, s->count, sizeof(*s->rows), oidset_compare) != NULL;
}

int
oidset_add_text(struct oidset *s, const char *oid, struct error *err)
{
	uint64_t number;

	if (!number_parse(oid, strlen(oid), UINT32_MAX, &number))
		return error_set(err, ERROR_FORMAT, 0, "\"%s\" is not an OID", oid);
	return oidset_add(s, (uint32_t)number, err);
}

bool
oidset_has_text(struct oidset *s, const char *oid)
{
	uint64_t number;

	return number_parse(oid, strlen(oid), UINT32_MAX, &number) &&
	    oidset_has(s, (uint32_t)number);
}

void
oidset_free(struct oidset *s)
{
	free(s->rows);
	*s = (struct oidset){ 0 };
}
