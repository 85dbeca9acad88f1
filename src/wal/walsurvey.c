/* Truncations, and databases that come and go. */
#include "wal/walsurvey.h"

#include <stdlib.h>

static void
take_truncation(struct walsurvey *s, const struct walrecord_truncation *t)
{
	if (t->kind == WALRECORD_XACT) {
		s->oldest_xid = t->oldest;
	} else if (t->kind == WALRECORD_COMMIT_TS) {
		s->oldest_commit_ts = t->oldest;
	} else {
		s->oldest_multi = t->oldest;
		s->oldest_member = t->member;
	}
}

static bool
has(const struct walsurvey *s, uint32_t database)
{
	for (size_t i = 0; i < s->ndatabases; i++)
		if (s->databases[i] == database)
			return true;
	return false;
}

static int
add_database(struct walsurvey *s, uint32_t database, struct error *err)
{
	uint32_t *rows;

	if (s->are_too_many || has(s, database))
		return 0;
	if (s->ndatabases == WALSURVEY_MOST) {
		s->are_too_many = true;
		return 0;
	}
	rows = realloc(s->databases, (s->ndatabases + 1) * sizeof(*rows));
	if (rows == NULL)
		return error_memory(err);
	s->databases = rows;
	rows[s->ndatabases++] = database;
	return 0;
}

int
walsurvey_record(struct walsurvey *s, const struct walrecord *rec, struct error *err)
{
	struct walrecord_truncation t;
	uint32_t database;

	if (walrecord_truncates(rec, &t))
		take_truncation(s, &t);
	else if (walrecord_of_database(rec, &database))
		return add_database(s, database, err);
	return 0;
}

bool
walsurvey_has_database(const struct walsurvey *s, uint32_t database)
{
	return s->are_too_many || has(s, database);
}

void
walsurvey_free(struct walsurvey *s)
{
	free(s->databases);
	*s = (struct walsurvey){ 0 };
}
