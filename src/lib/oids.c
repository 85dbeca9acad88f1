/*
 * The list is walked from its start at each question, and grows by one row at a time: it has what a
 * user wrote on the command line.  The OIDs of a whole cluster belong in oidset.c.
 */
#include "lib/oids.h"

#include <stdlib.h>
#include <string.h>

#include "lib/number.h"

int
oids_add(struct oids *list, const char *text, struct error *err)
{
	uint32_t *rows;
	uint64_t oid;

	if (!number_parse(text, strlen(text), UINT32_MAX, &oid) || oid == 0)
		return error_set(err, ERROR_USAGE, 0, "\"%s\" is not an OID", text);
	if (oids_has(list, (uint32_t)oid))
		return 0;
	rows = realloc(list->rows, (list->count + 1) * sizeof(*rows));
	if (rows == NULL)
		return error_memory(err);
	list->rows = rows;
	rows[list->count++] = (uint32_t)oid;
	return 0;
}

bool
oids_has(const struct oids *list, uint32_t oid)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->rows[i] == oid)
			return true;
	return false;
}

void
oids_free(struct oids *list)
{
	free(list->rows);
	*list = (struct oids){ 0 };
}
