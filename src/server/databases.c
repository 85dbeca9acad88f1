#include "server/databases.h"

#include <stdio.h>
#include <string.h>

/* "OID TABLESPACE," for each, so that a row is found by ",OID " in front of it. */
static const char databases_sql[] =
    "SELECT ',' || pg_catalog.string_agg(oid::pg_catalog.text || ' ' ||"
    " dattablespace::pg_catalog.text, ',' ORDER BY oid) || ','"
    " FROM pg_catalog.pg_database";

int
databases_read(struct session *s, char **text, struct error *err)
{
	struct session_rows rows;
	const char *value;

	*text = NULL;
	if (session_query(s, databases_sql, 0, NULL, &rows, err))
		return -1;
	value = session_value(&rows, 0, 0);
	if (value == NULL)
		error_set(err, ERROR_SERVER, 0, "the server has no databases to tell of");
	else if ((*text = strdup(value)) == NULL)
		error_memory(err);
	session_rows_free(&rows);
	return *text ? 0 : -1;
}

/* The tablespace of the database whose row begins with ${row}: ",OID "; NULL: no such. */
static const char *
tablespace_of(const char *text, const char *row, size_t *len)
{
	const char *found = strstr(text, row);

	if (found == NULL)
		return NULL;
	found += strlen(row);
	*len = strcspn(found, ",");
	return found;
}

int
databases_compare(const char *before, const char *after, struct error *err)
{
	for (const char *at = before; at[0] == ',' && at[1] != '\0';) {
		size_t oid_len = strcspn(at + 1, " ") + 2, old_len, new_len;
		char row[16];
		const char *old, *new;

		snprintf(row, sizeof(row), "%.*s", (int)oid_len, at);
		old = tablespace_of(before, row, &old_len);
		new = tablespace_of(after, row, &new_len);
		if (old && new && (old_len != new_len || memcmp(old, new, old_len) != 0)) {
			error_set(err, ERROR_STATE, 0,
			    "database with OID %.*s was moved to another tablespace during the "
			    "backup",
			    (int)oid_len - 2, at + 1);
			return error_hint(err, "It may be in neither place of the copy; run the "
					       "backup again.");
		}
		at += strcspn(at + 1, ",") + 1;
	}
	return 0;
}
